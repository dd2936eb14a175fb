"""What `mita verify` does: chains, identities and checkpoints of the ledger."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn

from mita.charging import queries as charging_queries
from mita.entrypoints.checkpoints import checkpoint_directory, known_keys
from mita.entrypoints.cli.plainly import BAD_INPUT, plainly
from mita.entrypoints.opened import database_url
from mita.estates import queries as estate_queries
from mita.identity import queries as identity_queries
from mita.identity.operations import PLATFORM
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.settings import Settings
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import Break
from mita.ledger.operations import NotPublished
from mita.ledger.queries import Outside

if TYPE_CHECKING:
    from mita.identity.queries import AuditCheck

BROKEN = 1
_NOTHING = {"accounts": 0, "entries": 0, "checkpoints": {"checked": 0}, "audit": {"sealed": 0}}
_NO_CHECKPOINT = "there is no signed checkpoint to compare it with; `mita ledger checkpoint` makes one"


def run(estate: str | None, *, as_json: bool) -> None:
    """Carry out `mita verify`."""
    errors = Console(stderr=True)
    settings = Settings()
    with plainly(), database_url(settings) as url:
        try:
            report = asyncio.run(_verify(url, estate, settings, errors))
        except NotPublished as error:
            errors.print(f"[red]error:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
            raise typer.Exit(BAD_INPUT) from error
    if report is None:
        errors.print(f"[red]error:[/red] there is no estate called {escape(repr(estate))}", highlight=False)
        raise typer.Exit(BAD_INPUT)
    if as_json:
        typer.echo(json.dumps(report))
    else:
        _print_report(Console(), report)
    if not report["verified"]:
        raise typer.Exit(BROKEN)


async def _verify(url: str, name: str | None, settings: Settings, errors: Console) -> dict[str, Any] | None:
    keys, now = known_keys(settings), now_utc()
    directory = checkpoint_directory(settings)
    database = Database(url)
    try:
        async with database.unit_of_work(estates=[]) as session:
            ids = await estate_queries.platform_estate_ids(session)
            unguarded = await identity_queries.unguarded(session)
        async with database.unit_of_work(estates=[PLATFORM]) as session:
            of_platform = await identity_queries.check_audit(session, estate_id=PLATFORM)
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
                published = directory.worth_checking(estate_id=estate.estate_id, keys=keys, now=now)
                outside = Outside(published, keys, now)
                estates.append(
                    await _verify_estate(database, estate.estate_id, estate.name, outside, progress, task)
                )
        if name is None:
            estates += [_gone(each) for each in sorted(directory.estate_ids(keys=keys) - set(ids))]
        if unguarded or of_platform.breaks:
            estates.append(_of_platform(unguarded, of_platform))
        broken = [place for one in estates for place in one["broken"]]
        return {"verified": not broken, "first_broken": broken[0] if broken else None, "estates": estates}
    finally:
        await database.close()


async def _verify_estate(
    database: Database, estate_id: int, name: str, outside: Outside, progress: Progress, task: Any
) -> dict[str, Any]:
    # one snapshot for all verifiers: somebody may be charging meanwhile
    async with (
        database.snapshot(estates=[estate_id]) as session,
        database.snapshot(estates=[estate_id], beside=session) as beside,
    ):
        checked = await ledger_queries.verify(
            session,
            estate_id=estate_id,
            outside=outside,
            beside=beside,
            progress=lambda done: progress.update(
                task, description=f"Verifying {escape(name)}: {done:,} entries"
            ),
        )
        # what has accrued belongs to charging, in the same snapshot
        checked.breaks += await charging_queries.accrual_breaks(session, estate_id=estate_id)
        audit = await identity_queries.check_audit(session, estate_id=estate_id)
        checked.breaks += [Break("audit", found.place, found.detail) for found in audit.breaks]
    return {
        "estate": name,
        "accounts": checked.accounts,
        "entries": checked.entries,
        "checkpoints": {"checked": checked.checkpoints},
        "audit": {"sealed": audit.links},
        "verified": checked.is_verified,
        "broken": [{"verifier": b.verifier, "place": b.place, "detail": b.detail} for b in checked.breaks],
    }


def _gone(estate_id: int) -> dict[str, Any]:
    """Return what is said of an estate that has checkpoints and is not in the database."""
    place = f"estate {estate_id}"
    broken = {"verifier": "checkpoints", "place": place, "detail": "it has checkpoints, and it is gone"}
    return {"estate": place, **_NOTHING, "verified": False, "broken": [broken]}


def _of_platform(triggers: list[str], audit: AuditCheck) -> dict[str, Any]:
    """Return what is said of the audit log of no estate, and where nothing guards the log of any."""
    detail = "the trigger is gone or switched off"
    broken = [{"verifier": "guards", "place": each, "detail": detail} for each in triggers]
    broken += [{"verifier": "audit", "place": each.place, "detail": each.detail} for each in audit.breaks]
    return {"estate": "the audit log", **_NOTHING, "verified": False, "broken": broken}


def _print_report(console: Console, report: dict[str, Any]) -> None:
    for one in report["estates"]:
        mark = "[green]verified[/green]" if one["verified"] else "[red]BROKEN[/red]"
        console.print(
            f"{escape(one['estate'])}: {one['entries']:,} entries on {one['accounts']:,} accounts: {mark}"
        )
        checked = one["checkpoints"]["checked"]
        told = f"against {checked:,} signed checkpoints" if checked else _NO_CHECKPOINT
        console.print(f"  {told}", highlight=False)
        console.print(f"  {one['audit']['sealed']:,} links over the audit log", highlight=False)
        for place in one["broken"]:
            console.print(
                f"  [red]{place['verifier']}[/red]: {escape(place['place'])}: {place['detail']}",
                highlight=False,
            )
    if not report["estates"]:
        console.print("There is no estate yet, so nothing to verify.")
