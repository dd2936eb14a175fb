"""What `mita rate-table compare` does: units' own consumption under two prices, some units at a time."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from typing import IO, TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from mita.charging import operations
from mita.charging.domain.comparison import ComparedTotals
from mita.charging.domain.comparison_csv import comparison_lines, header_line
from mita.charging.operations import Comparison
from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.cli.plainly import plainly
from mita.entrypoints.exports.whole import FileIsThere, whole_file
from mita.entrypoints.opened import database_url
from mita.estates import queries as estate_queries
from mita.kit.db import Database
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import format_cents, format_micro, parse_micro
from mita.kit.settings import Settings
from mita.tariffs.domain import ROLES, SUPPLY, BadSpan, ChargeTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.comparison import UnitComparison
    from mita.estates.models import Estate

_YEAR_MIN, _YEAR_END = 1970, 2200


class UsedWrongly(ValueError):
    """An option whose value means nothing here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were written."""

    rate_table_id: int
    estate: str
    first: str
    until: str
    other_id: int | None
    unit: str | None
    csv: Path | None
    is_forced: bool
    role: str = SUPPLY


def run(asked: Asked, *, as_json: bool) -> None:
    """Carry out `mita rate-table compare`."""
    errors = Console(stderr=True)
    with _plainly(errors):
        _check_role(asked.role)
        days = _days(asked)
    # what is said of the file is said before the database is blamed for it
    with plainly(), database_url(Settings()) as url, _plainly(errors):
        report = asyncio.run(_compared(url, asked, days=days, errors=errors))
    if as_json:
        typer.echo(json.dumps(report))
    else:
        _print(Console(), report)


@contextmanager
def _plainly(errors: Console) -> Iterator[None]:
    """Turn what can be wrong with names, dates and files into a sentence."""
    try:
        yield
    except FileIsThere as error:
        sentence = f"{error}: --force replaces it"
    except (UsedWrongly, NotFound, Invalid, BadSpan, ChargeTooLarge) as error:
        sentence = str(error)
    except OSError as error:
        sentence = f"the file cannot be written: {error.strerror or error}"
    else:
        return
    errors.print(f"[red]error:[/red] {escape(sentence)}", highlight=False, soft_wrap=True)
    raise typer.Exit(BAD_INPUT)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UsedWrongly(f"--role: {role[:40]!r} is none of {', '.join(ROLES)}")


def _days(asked: Asked) -> tuple[date, date]:
    days = []
    for name, text in (("--from", asked.first), ("--to", asked.until)):
        try:
            day = date.fromisoformat(text.strip())
        except ValueError as error:
            raise UsedWrongly(f"{name}: {text[:40]!r} is not a date such as 2025-07-01") from error
        if not _YEAR_MIN < day.year < _YEAR_END:
            raise UsedWrongly(f"{name}: {day} does not lie between {_YEAR_MIN} and {_YEAR_END}")
        days.append(day)
    first, until = days
    if first >= until:
        raise UsedWrongly(f"--from {first} must be before --to {until}, the date after the last one")
    return first, until


async def _compared(url: str, asked: Asked, *, days: tuple[date, date], errors: Console) -> dict[str, Any]:
    database = Database(url)
    try:
        async with database.unit_of_work(estates=[]) as session:
            ids = await estate_queries.platform_estate_ids(session)
        async with database.unit_of_work(estates=ids) as session:
            estate = await estate_queries.estate_by_name(session, name=asked.estate)
        if estate is None:
            raise UsedWrongly(f"there is no estate called {asked.estate!r}")
        # one snapshot: somebody may be charging, or putting a table in force, meanwhile
        async with database.snapshot(estates=[estate.estate_id]) as session:
            unit_id = await _unit(session, estate=estate, name=asked.unit)
            comparison = Comparison(asked.rate_table_id, asked.other_id, *days, unit_id, asked.role)
            totals = await _all(session, estate=estate, asked=asked, comparison=comparison, errors=errors)
    finally:
        await database.close()
    return _report(totals, asked=asked, days=days, currency=estate.currency)


async def _unit(session: AsyncSession, *, estate: Estate, name: str | None) -> int | None:
    if name is None:
        return None
    after_id = 0
    while units := await estate_queries.units(session, estate_id=estate.estate_id, after_id=after_id):
        after_id = units[-1].unit_id
        for unit in units:
            if unit.name == name:
                return unit.unit_id
    raise UsedWrongly(f"{estate.name} has no unit called {name!r}")


async def _all(
    session: AsyncSession, *, estate: Estate, asked: Asked, comparison: Comparison, errors: Console
) -> ComparedTotals:
    totals = ComparedTotals()
    count = await operations.compared_units(session, estate_id=estate.estate_id, unit_id=comparison.unit_id)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    opened = nullcontext(None) if asked.csv is None else whole_file(asked.csv, is_forced=asked.is_forced)
    with opened as file, Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(f"Comparing {escape(estate.name)}", total=count)
        _write(file, header_line())
        async for rows in operations.compare(session, estate_id=estate.estate_id, asked=comparison):
            for row in rows:
                totals.add(row)
            _write(file, comparison_lines(rows, currency=estate.currency))
            progress.update(task, advance=len(rows))
    return totals


def _write(file: IO[bytes] | None, text: str) -> None:
    if file is not None:
        file.write(text.encode("utf-8"))


def _report(
    totals: ComparedTotals, *, asked: Asked, days: tuple[date, date], currency: str
) -> dict[str, Any]:
    return {
        "estate": asked.estate,
        "rate_table_id": asked.rate_table_id,
        "with": asked.other_id,
        "role": asked.role,
        "from": days[0].isoformat(),
        "to": days[1].isoformat(),
        "currency": currency,
        "old": format_micro(totals.old_gross_micro),
        "new": format_micro(totals.new_gross_micro),
        "difference": format_micro(totals.new_gross_micro - totals.old_gross_micro),
        "unchanged": format_micro(totals.unchanged_gross_micro),
        "old_total": format_micro(totals.old_gross_micro + totals.unchanged_gross_micro),
        "new_total": format_micro(totals.new_gross_micro + totals.unchanged_gross_micro),
        "gains": totals.gains,
        "loses": totals.loses,
        "same": totals.same,
        "not_compared": totals.not_compared,
        "best": [_row(row) for row in totals.best],
        "worst": [_row(row) for row in totals.worst],
        "csv": None if asked.csv is None else str(asked.csv),
    }


def _row(row: UnitComparison) -> dict[str, Any]:
    return {
        "unit_id": row.unit_id,
        "unit": row.name,
        "old": format_micro(row.old_gross_micro),
        "new": format_micro(row.new_gross_micro),
        "difference": format_micro(row.difference_micro),
        "unchanged": format_micro(row.unchanged_gross_micro),
    }


def _print(console: Console, report: dict[str, Any]) -> None:
    console.print(
        f"{report['from']} to {report['to']} (not included), {report['currency']} with tax", highlight=False
    )
    sums = ", ".join(f"{name} {_cents(report[name])}" for name in ("old", "new", "difference"))
    console.print(sums, highlight=False)
    if parse_micro(report["unchanged"]):
        console.print(
            f"other roles {_cents(report['unchanged'])} either way: all together"
            f" {_cents(report['old_total'])} and {_cents(report['new_total'])}",
            highlight=False,
        )
    console.print(
        f"{report['gains']} gain, {report['loses']} lose, {report['same']} stay the same,"
        f" {report['not_compared']} not compared",
        highlight=False,
    )
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("unit", "old", "new", "difference"):
        shown.add_column(column, justify="left" if column == "unit" else "right", overflow="fold")
    rows = {row["unit_id"]: row for row in (*report["best"], *reversed(report["worst"]))}
    for row in rows.values():
        shown.add_row(escape(row["unit"]), *(_cents(row[name]) for name in ("old", "new", "difference")))
    if rows:
        console.print()
        console.print("Those that gain and lose most:")
        console.print(shown)
    if report["csv"]:
        console.print(f"Every unit is in {escape(report['csv'])}", highlight=False, soft_wrap=True)


def _cents(text: str) -> str:
    return format_cents(parse_micro(text))
