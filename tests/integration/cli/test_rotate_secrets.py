"""Rotation of the keys of secrets, over real values in the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mita.entrypoints.cli.rotate_secrets import drop_old_keys, rotate
from mita.identity.operations import create_person, enrol_factor, signing_key
from mita.kit.db import Database
from mita.kit.seal import SEALED_COLUMNS, KeyGone, Seals, key_name, read_keys, sealed_with, write_keys

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def names(admin: psycopg.Connection) -> set[bytes]:
    """Return the keys that the second factors and signing keys are sealed with."""
    rows = admin.execute(
        "SELECT secret_sealed FROM second_factor UNION ALL SELECT secret_sealed FROM signing_key"
    ).fetchall()
    assert len(rows) == 302
    return {sealed_with(bytes(value)) for (value,) in rows}


async def test_rotation_seals_everything_again_and_old_keys_go(
    postgres: EmbeddedPostgres, database_name: str, admin: psycopg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "secret.keys"
    running = Seals.load(path)
    (old,) = read_keys(path)
    database = Database(postgres.app_url(database_name), seals=running)
    secrets = {}
    async with database.unit_of_work(estates=[]) as session:
        for number in range(301):
            person = await create_person(session, name=f"P{number}", email=None, phone=None, now=NOW)
            secrets[person.person_id] = await enrol_factor(session, person_id=person.person_id, now=NOW)
        await signing_key(session, now=NOW)
    assert names(admin) == {key_name(old)}
    done = rotate(path, postgres.admin_url(database_name), quiet=True)
    new = read_keys(path)[0]
    assert (done["resealed"], done["keys"]) == (302, 2)
    assert names(admin) == {key_name(new)}
    rows = admin.execute("SELECT person_id, secret_sealed FROM second_factor").fetchall()
    # by the process that ran all the while
    assert {
        person_id: running.open(bytes(value), about="second_factor.secret_sealed").decode()
        for person_id, value in rows
    } == secrets
    assert drop_old_keys(path, postgres.admin_url(database_name))["keys"] == 1
    assert read_keys(path) == [new]
    await database.close()


async def test_a_key_that_is_gone_is_told(
    postgres: EmbeddedPostgres, database_name: str, tmp_path: Path
) -> None:
    path = tmp_path / "secret.keys"
    database = Database(postgres.app_url(database_name), seals=Seals.load(path))
    async with database.unit_of_work(estates=[]) as session:
        await signing_key(session, now=NOW)
    write_keys(path, [bytes(32)])
    with pytest.raises(KeyGone, match="put the old key back into their file"):
        rotate(path, postgres.admin_url(database_name), quiet=True)
    await database.close()


def test_every_sealed_column_is_known(admin: psycopg.Connection) -> None:
    rows = admin.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name LIKE '%\\_sealed'"
    ).fetchall()
    assert {f"{table}.{column}" for table, column in rows} <= set(SEALED_COLUMNS)
    for column in SEALED_COLUMNS.values():
        assert (column.table, column.column) in rows, column.about
