"""What `mita ledger archive` does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from mita.entrypoints.checkpoints import SettingsNotary
from mita.entrypoints.cli.plainly import BAD_INPUT, plainly
from mita.entrypoints.exports.archive import archive_month
from mita.entrypoints.exports.whole import FileIsThere
from mita.entrypoints.opened import MissingOwner, database_urls
from mita.kit.clock import month_named, now_utc
from mita.kit.db import Database
from mita.kit.settings import Settings
from mita.ledger.operations import MonthNotArchivable, NotPublished

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

NOT_DONE = 1


def run(month: str, directory: Path, *, is_forced: bool) -> None:
    """Carry out `mita ledger archive`."""
    errors = Console(stderr=True)
    settings = Settings()
    try:
        named = month_named(month)
    except ValueError:
        _stop(errors, f"{month!r} is no month such as 2026-10", status=BAD_INPUT)
    try:
        with plainly(), database_urls(settings) as (url, owner_url):
            files = _archive(url, owner_url, named, directory, settings, errors, is_forced=is_forced)
    except MonthNotArchivable as error:
        _stop(errors, str(error), status=NOT_DONE)
    except (MissingOwner, NotPublished) as error:
        _stop(errors, str(error), status=BAD_INPUT)
    for path in files:
        typer.echo(str(path))


def _archive(
    url: str,
    owner_url: str,
    month: date,
    directory: Path,
    settings: Settings,
    errors: Console,
    *,
    is_forced: bool,
) -> list[Path]:
    async def work(tell: Callable[[str], None]) -> list[Path]:
        database, owner = Database(url), Database(owner_url)
        try:
            return await archive_month(
                database,
                owner=owner,
                month=month,
                directory=directory,
                signer=SettingsNotary(settings).signer,
                is_forced=is_forced,
                tell=tell,
                now=now_utc(),
            )
        finally:
            await database.close()
            await owner.close()

    with errors.status("Archiving…") as status:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            return asyncio.run(work(status.update))
        except FileIsThere as error:
            raise NotPublished(f"{error}: --force replaces it") from error
        except OSError as error:
            raise NotPublished(f"{directory} cannot be written: {error.strerror or error}") from error


def _stop(errors: Console, sentence: str, *, status: int) -> NoReturn:
    errors.print(f"[red]error:[/red] {escape(sentence)}", highlight=False, soft_wrap=True)
    raise typer.Exit(status)
