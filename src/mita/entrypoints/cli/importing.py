"""What `mita import` does: a file's rows are carried into an estate, in this process, with a bar."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mita.entrypoints.cli.plainly import BAD_INPUT, plainly
from mita.entrypoints.opened import database_url
from mita.estates import queries as estates
from mita.imports import operations, queries
from mita.imports.domain import FileRefused, Mode, RowState, State, error_file
from mita.imports.jobs import carry_out
from mita.imports.operations import NewFile
from mita.imports.schemas import import_out
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.ids import new_id
from mita.kit.settings import Settings
from mita.wiring import wire

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from mita.imports.models import ImportFile, ImportRow

ACTOR = "staff:console"
FAILED = 1
_LOOKS_S = 0.2
_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command."""

    kind: str
    estate: str
    mode: str
    errors: Path | None
    is_dry_run: bool


def run(file: Path, asked: Asked, *, as_json: bool) -> None:
    """Carry out `mita import`."""
    wire()
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        _stop(f"{file} cannot be read: {error.strerror}")
    new = NewFile(
        asked.kind, file.name[:200], content, Mode(asked.mode), asked.is_dry_run, f"command:{new_id()}"
    )
    with plainly(), database_url(Settings()) as url:
        try:
            found, failed = asyncio.run(_import(url, new, asked))
        except FileRefused as refusal:
            for problem in refusal.problems:
                typer.echo(f"error: {problem['message']}", err=True)
            raise typer.Exit(BAD_INPUT) from refusal
    if asked.errors is not None:
        rows = [(row.row_number, row.cells, [_reason(each) for each in row.faults]) for row in failed]
        asked.errors.write_text(error_file(found.columns, rows), encoding="utf-8", newline="")
    _tell(found, failed, as_json=as_json)
    if found.failed or found.state != State.DONE:
        raise typer.Exit(FAILED)


def _stop(sentence: str) -> None:
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(BAD_INPUT)


async def _import(url: str, new: NewFile, asked: Asked) -> tuple[ImportFile, list[ImportRow]]:
    database = Database(url)
    try:
        estate_id = await _estate_id(database, asked.estate)
        async with database.unit_of_work(estates=[estate_id]) as session:
            file, _ = await operations.receive_file(
                session, estate_id=estate_id, new=new, actor=ACTOR, now=now_utc(), with_job=False
            )
        carrying = asyncio.create_task(carry_out(database, estate_id=estate_id, import_id=file.import_id))
        await _show(database, file, carrying)
        await carrying
        async with database.unit_of_work(estates=[estate_id]) as session:
            found = await queries.import_file(session, estate_id=estate_id, import_id=file.import_id)
            return found, await _failed(database, estate_id=estate_id, import_id=file.import_id)
    finally:
        await database.close()


async def _estate_id(database: Database, name: str) -> int:
    async with database.unit_of_work(estates=[]) as session:
        ids = await estates.platform_estate_ids(session)
    async with database.unit_of_work(estates=ids) as session:
        found = [each for each in await estates.estates(session, limit=len(ids) + 1) if each.name == name]
    if not found:
        _stop(f"there is no estate called {name!r}")
    return found[0].estate_id


async def _show(database: Database, file: ImportFile, carrying: asyncio.Task[None]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"Importing {file.kind}", total=file.total)
        while not carrying.done():
            await asyncio.wait({carrying}, timeout=_LOOKS_S)
            async with database.unit_of_work(estates=[file.estate_id]) as session:
                now = await queries.import_file(session, estate_id=file.estate_id, import_id=file.import_id)
            progress.update(task, completed=import_out(now).rows.done)


async def _failed(database: Database, *, estate_id: int, import_id: UUID) -> list[ImportRow]:
    async with database.unit_of_work(estates=[estate_id]) as session:
        rows = await queries.import_rows(
            session,
            estate_id=estate_id,
            import_id=import_id,
            state=RowState.FAILED,
            after_line=0,
            limit=20_000,
        )
        return list(rows)


def _reason(fault: dict[str, Any]) -> str:
    return ": ".join(filter(None, (fault["column"], fault["message"])))


def _tell(found: ImportFile, failed: list[ImportRow], *, as_json: bool) -> None:
    shown = import_out(found).model_dump(mode="json")
    if as_json:
        typer.echo(json.dumps(shown))
        return
    for row in failed[:_SHOWN_MAX]:
        typer.echo(f"row {row.row_number}: {'; '.join(map(_reason, row.faults))}", err=True)
    if len(failed) > _SHOWN_MAX:
        typer.echo(f"and {len(failed) - _SHOWN_MAX} more: --errors FILE writes them down", err=True)
    counts = ", ".join(f"{count} {name}" for name, count in shown["rows"].items() if name != "done")
    would = "; a dry run: nothing was kept" if found.is_dry_run else ""
    typer.echo(f"{found.state}: {counts}{would}")
