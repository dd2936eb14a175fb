"""What `mita ledger export` does."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn

from mita.entrypoints.checkpoints import SettingsNotary
from mita.entrypoints.cli.ledger import Format
from mita.entrypoints.cli.plainly import BAD_INPUT, plainly
from mita.entrypoints.exports.whole import FileIsThere
from mita.entrypoints.exports.write import Written, whole_ledger, write_beancount, write_csv
from mita.entrypoints.opened import database_url
from mita.estates import queries as estate_queries
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.settings import Settings
from mita.ledger.operations import NotPublished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mita.estates.models import Estate


class NoSuchEstate(LookupError):
    """No estate has that name."""


def run(name: str, layout: Format, path: Path, *, is_forced: bool) -> None:
    """Carry out `mita ledger export`."""
    errors = Console(stderr=True)
    settings = Settings()
    with plainly(), database_url(settings) as url, _plainly(errors, path):
        written = asyncio.run(_export(url, name, layout, path, settings, errors, is_forced=is_forced))
    typer.echo(f"{written.entries} entries on {written.accounts} accounts in {path}")


@contextmanager
def _plainly(errors: Console, path: Path) -> Iterator[None]:
    """Turn what can be wrong with names, keys and files into a sentence."""
    try:
        yield
    except NoSuchEstate as error:
        sentence = f"there is no estate called {error.args[0]!r}"
    except FileIsThere as error:
        sentence = f"{error}: --force replaces it"
    except NotPublished as error:
        sentence = str(error)
    except OSError as error:
        sentence = f"{path} cannot be written: {error.strerror or error}"
    else:
        return
    errors.print(f"[red]error:[/red] {escape(sentence)}", highlight=False, soft_wrap=True)
    raise typer.Exit(BAD_INPUT)


async def _export(
    url: str,
    name: str,
    layout: Format,
    path: Path,
    settings: Settings,
    errors: Console,
    *,
    is_forced: bool,
) -> Written:
    database = Database(url)
    try:
        estate = await estate_named(database, name)
        shown = Progress(SpinnerColumn(), TextColumn("{task.description}"), console=errors, transient=True)
        async with database.snapshot(estates=[estate.estate_id]) as session:
            with shown:
                task = shown.add_task(f"Exporting {escape(name)}")

                def progress(done: int) -> None:
                    shown.update(task, description=f"Exporting {escape(name)}: {done:,} entries")

                span = await whole_ledger(session, estate_id=estate.estate_id)
                if layout is Format.BEANCOUNT:
                    return await write_beancount(
                        session, estate=estate, span=span, path=path, is_forced=is_forced, progress=progress
                    )
                return await write_csv(
                    session,
                    estate=estate,
                    span=span,
                    path=path,
                    signer=SettingsNotary(settings).signer,
                    is_forced=is_forced,
                    progress=progress,
                    now=now_utc(),
                )
    finally:
        await database.close()


async def estate_named(database: Database, name: str) -> Estate:
    """Return the estate of a name.

    :raises NoSuchEstate: if there is none
    """
    async with database.unit_of_work(estates=[]) as session:
        ids = await estate_queries.platform_estate_ids(session)
    async with database.unit_of_work(estates=ids) as session:
        found = await estate_queries.estate_by_name(session, name=name)
    if found is None:
        raise NoSuchEstate(name)
    return found
