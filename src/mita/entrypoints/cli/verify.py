"""What `mita verify` does: chains and identities of the ledger, re-derived from its rows."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn

from mita.entrypoints.cli.plainly import BAD_INPUT, plainly
from mita.entrypoints.opened import database_url
from mita.estates import queries as estate_queries
from mita.kit.db import Database
from mita.kit.settings import Settings
from mita.ledger import queries as ledger_queries

BROKEN = 1


def run(estate: str | None, *, as_json: bool) -> None:
    """Carry out `mita verify`."""
    errors = Console(stderr=True)
    with plainly(), database_url(Settings()) as url:
        report = asyncio.run(_verify(url, estate, errors))
    if report is None:
        errors.print(f"[red]error:[/red] there is no estate called {escape(repr(estate))}", highlight=False)
        raise typer.Exit(BAD_INPUT)
    if as_json:
        typer.echo(json.dumps(report))
    else:
        _print_report(Console(), report)
    if not report["verified"]:
        raise typer.Exit(BROKEN)


async def _verify(url: str, name: str | None, errors: Console) -> dict[str, Any] | None:
    database = Database(url)
    try:
        async with database.unit_of_work(estates=[]) as session:
            ids = await estate_queries.platform_estate_ids(session)
        async with database.unit_of_work(estates=ids) as session:
            found = await estate_queries.estates(session, limit=len(ids) + 1)
        chosen = [e for e in found if name is None or e.name == name]
        if name is not None and not chosen:
            return None
        estates = []
        with Progress(
            SpinnerColumn(), TextColumn("{task.description}"), console=errors, transient=True
        ) as progress:
            for estate in chosen:
                task = progress.add_task(f"Verifying {escape(estate.name)}")
                estates.append(await _verify_estate(database, estate.estate_id, estate.name, progress, task))
        broken = [place for one in estates for place in one["broken"]]
        return {"verified": not broken, "first_broken": broken[0] if broken else None, "estates": estates}
    finally:
        await database.close()


async def _verify_estate(
    database: Database, estate_id: int, name: str, progress: Progress, task: Any
) -> dict[str, Any]:
    # one snapshot for all verifiers: somebody may be charging meanwhile
    async with database.snapshot(estates=[estate_id]) as session:
        checked = await ledger_queries.verify(
            session,
            estate_id=estate_id,
            progress=lambda done: progress.update(
                task, description=f"Verifying {escape(name)}: {done:,} entries"
            ),
        )
    return {
        "estate": name,
        "accounts": checked.accounts,
        "entries": checked.entries,
        "verified": checked.is_verified,
        "broken": [{"verifier": b.verifier, "place": b.place, "detail": b.detail} for b in checked.breaks],
    }


def _print_report(console: Console, report: dict[str, Any]) -> None:
    for one in report["estates"]:
        mark = "[green]verified[/green]" if one["verified"] else "[red]BROKEN[/red]"
        console.print(
            f"{escape(one['estate'])}: {one['entries']:,} entries on {one['accounts']:,} accounts: {mark}"
        )
        for place in one["broken"]:
            console.print(
                f"  [red]{place['verifier']}[/red]: {escape(place['place'])}: {place['detail']}",
                highlight=False,
            )
    if not report["estates"]:
        console.print("There is no estate yet, so nothing to verify.")
