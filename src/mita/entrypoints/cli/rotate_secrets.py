"""What `mita rotate-secrets` does: a new key, and everything sealed with it; then old keys can go."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import psycopg
import typer
from psycopg import sql
from rich.console import Console
from rich.progress import Progress

from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.cli.plainly import plainly
from mita.entrypoints.opened import MissingOwner, database_urls
from mita.entrypoints.process import secret_keys_path
from mita.kit.seal import (
    KEY_BYTES,
    SEALED_COLUMNS,
    KeyGone,
    NotSealable,
    SealedColumn,
    Seals,
    key_name,
    read_keys,
    sealed_with,
    write_keys,
)
from mita.kit.settings import Settings
from mita.wiring import wire

if TYPE_CHECKING:
    from pathlib import Path

_BATCH = 200


def run(*, drop_old: bool, as_json: bool) -> None:
    """Carry out `mita rotate-secrets`."""
    wire()
    settings = Settings()
    path = secret_keys_path(settings)
    try:
        with plainly(), database_urls(settings) as (_, owner_url):
            done = drop_old_keys(path, owner_url) if drop_old else rotate(path, owner_url, quiet=as_json)
    except (MissingOwner, NotSealable, KeyGone) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    if as_json:
        typer.echo(json.dumps(done))
        return
    typer.echo(f"{done['resealed']} values sealed again, {done['keys']} keys, the newest {done['newest']}")


def rotate(path: Path, owner_url: str, *, quiet: bool) -> dict[str, Any]:
    """Put a new key before the others and seal every value again; processes that run follow the file.

    :raises KeyGone: if a value does not open; those before it are sealed again already
    """
    Seals.load(path)
    write_keys(path, [secrets.token_bytes(KEY_BYTES), *read_keys(path)])
    seals = Seals.load(path)
    resealed = 0
    console = Console(stderr=True, quiet=quiet)
    with (
        psycopg.connect(owner_url, autocommit=True) as connection,
        Progress(console=console, transient=True) as progress,
    ):
        for column in SEALED_COLUMNS.values():
            resealed += _reseal(connection, column, seals=seals, progress=progress)
    return {"resealed": resealed, "keys": len(read_keys(path)), "newest": seals.newest.hex()}


def _reseal(connection: psycopg.Connection, column: SealedColumn, *, seals: Seals, progress: Progress) -> int:
    names = _Names.of(column)
    (total,) = connection.execute(names.count).fetchone() or (0,)
    task = progress.add_task(column.about, total=total)
    done, newest = 0, seals.newest
    rows: list[tuple[Any, ...]] = [()]
    while rows:
        # a batch at a time, so that nobody waits for the whole table
        with connection.transaction():
            rows = connection.execute(names.select, (newest, _BATCH)).fetchall()
            for value, *key in rows:
                secret = seals.open(bytes(value), about=column.about)
                connection.execute(names.update, (seals.seal(secret, about=column.about), *key))
        done += len(rows)
        progress.advance(task, len(rows))
    return done


class _Names:
    """The statements for one column of sealed values."""

    def __init__(self, column: SealedColumn) -> None:
        table, name = sql.Identifier(column.table), sql.Identifier(column.column)
        keys = [sql.Identifier(each) for each in column.key]
        self.count = sql.SQL("SELECT count(*) FROM {} WHERE {} IS NOT NULL").format(table, name)
        # the name of the key stands behind one byte of version
        self.select = sql.SQL(
            "SELECT {}, {} FROM {} WHERE {} IS NOT NULL AND substring({} FROM 2 FOR 8) <> %s"
            " LIMIT %s FOR UPDATE"
        ).format(name, sql.SQL(", ").join(keys), table, name, name)
        self.update = sql.SQL("UPDATE {} SET {} = %s WHERE {}").format(
            table, name, sql.SQL(" AND ").join(sql.SQL("{} = %s").format(key) for key in keys)
        )
        self.values = sql.SQL(
            "SELECT DISTINCT substring({} FROM 1 FOR 22) FROM {} WHERE {} IS NOT NULL"
        ).format(name, table, name)

    @classmethod
    def of(cls, column: SealedColumn) -> _Names:
        return cls(column)


def drop_old_keys(path: Path, owner_url: str) -> dict[str, Any]:
    """Take the keys out of the file that nothing is sealed with any more; the newest stays."""
    Seals.load(path)
    keys = read_keys(path)
    used = {key_name(keys[0])}
    with psycopg.connect(owner_url) as connection:
        for column in SEALED_COLUMNS.values():
            rows = connection.execute(_Names.of(column).values).fetchall()
            used |= {sealed_with(bytes(value) + b"\0") for (value,) in rows}
    write_keys(path, [key for key in keys if key_name(key) in used])
    return {"resealed": 0, "keys": len(read_keys(path)), "newest": key_name(keys[0]).hex()}
