"""What `mita ledger checkpoint` does."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape

from mita.entrypoints.checkpoints import SettingsNotary, checkpoint_directory
from mita.entrypoints.cli.plainly import BAD_INPUT, plainly
from mita.entrypoints.opened import database_url
from mita.estates import queries as estate_queries
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.settings import Settings
from mita.ledger.domain import CheckpointKind
from mita.ledger.operations import NotPublished, take_checkpoint

if TYPE_CHECKING:
    from mita.ledger.domain import SignedCheckpoint


def run(estate: str | None, *, as_json: bool) -> None:
    """Carry out `mita ledger checkpoint`."""
    errors = Console(stderr=True)
    settings = Settings()
    notary = SettingsNotary(settings)
    with plainly(), database_url(settings) as url:
        try:
            key = notary.signer.key
            taken = asyncio.run(_take(url, estate, notary))
        except NotPublished as error:
            errors.print(f"[red]error:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from error
    if taken is None:
        errors.print(f"[red]error:[/red] there is no estate called {escape(repr(estate))}", highlight=False)
        raise typer.Exit(BAD_INPUT)
    directory = str(checkpoint_directory(settings).path)
    if as_json:
        shown = [_shown(name, signed) for name, signed in taken]
        typer.echo(json.dumps({"key": str(key), "directory": directory, "checkpoints": shown}))
        return
    for name, signed in taken:
        typer.echo(
            f"{name}: {signed.summary.size} accounts signed in {directory}/{signed.summary.place}.note"
        )
    if not taken:
        typer.echo("There is no estate yet, so nothing to sign.")
    typer.echo(f"Public key: {key}")


async def _take(
    url: str, name: str | None, notary: SettingsNotary
) -> list[tuple[str, SignedCheckpoint]] | None:
    database = Database(url)
    try:
        async with database.unit_of_work(estates=[]) as session:
            ids = await estate_queries.platform_estate_ids(session)
        async with database.unit_of_work(estates=ids) as session:
            estates = await estate_queries.estates(session, limit=len(ids) + 1)
        chosen = [each for each in estates if name is None or each.name == name]
        if name is not None and not chosen:
            return None
        taken = []
        for each in chosen:
            signed = await take_checkpoint(
                database,
                estate_id=each.estate_id,
                kind=CheckpointKind.MANUAL,
                period=None,
                notary=notary,
                now=now_utc(),
            )
            taken.append((each.name, signed))
        return taken
    finally:
        await database.close()


def _shown(name: str, signed: SignedCheckpoint) -> dict[str, Any]:
    summary = signed.summary
    return {
        "estate": name,
        "place": summary.place,
        "size": summary.size,
        "root": summary.root.hex(),
        "taken_at": summary.taken_at.isoformat().replace("+00:00", "Z"),
        "note": signed.note,
    }
