"""What `mita replay` does: a file of readings through the real charging path."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from mita.credit import queries as credit_queries
from mita.drivers.files import UnreadableFile
from mita.entrypoints.cli.head_end import head_end
from mita.entrypoints.cli.plainly import BAD_INPUT, plainly
from mita.entrypoints.cli.replay_report import Totals, print_report, quantities
from mita.entrypoints.files import Rows, read_rows, size_of
from mita.entrypoints.head_end_files import FileRefused, read_file, require_readings, rows_of, told
from mita.entrypoints.lane import Lane, charge_in_order
from mita.entrypoints.memory import peak_mb
from mita.entrypoints.opened import database_url
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.imports.operations import plan_file
from mita.kit.clock import now_utc, to_us
from mita.kit.db import Database
from mita.kit.errors import Refusal
from mita.kit.money import NotExact, format_micro, parse_micro
from mita.kit.settings import Settings
from mita.kit.zones import UnknownZone, zone
from mita.ledger import queries as ledger_queries
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import (
    RATE_MICRO_MAX,
    SHOWN_CLASSES,
    Limits,
    ReadingBatch,
    is_register_name,
)
from mita.metering.operations import NewMeter
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import RateTable, RateTableInvalid, parse_document
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.operations import TopUp
from mita.wiring import wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from mita.entrypoints.cli.head_end import Asked, HeadEnd
    from mita.entrypoints.cli.replay import Layout
    from mita.imports.domain import Brought

ROWS_A_BATCH = 10_000
_ESTATE_NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What a replay is asked to do."""

    path: Path
    layout: Layout
    table: RateTable
    zone: ZoneInfo
    estate_name: str
    credit_micro: int
    limits: Limits
    head_end: HeadEnd | None


def run(
    file: Path,
    layout: Layout,
    rate_table: Path,
    timezone: str,
    *,
    credit: str,
    estate: str | None,
    max_rate: str | None,
    burst: str,
    fresh: bool,
    as_json: bool,
    asked: Asked,
) -> None:
    """Carry out `mita replay`."""
    errors = Console(stderr=True)
    try:
        plan = _plan(
            file,
            layout,
            rate_table,
            timezone,
            credit=credit,
            estate=estate,
            max_rate=max_rate,
            burst=burst,
            asked=asked,
        )
        with plainly(), database_url(Settings(), fresh=fresh) as url:
            report = asyncio.run(_replay(url, plan, errors))
    except RateTableInvalid as error:
        for problem in error.problems:
            line = f" (line {problem.line})" if problem.line else ""
            where = f"{rate_table}: {problem.path}{line}".rstrip(": ")
            errors.print(f"[red]{escape(where)}[/red]: {escape(problem.message)}", highlight=False)
        raise typer.Exit(BAD_INPUT) from error
    except FileRefused as error:
        errors.print(f"[red]error:[/red] {escape(str(error))}", highlight=False)
        for fault in error.faults:
            errors.print(f"  {escape(str(fault))}", highlight=False)
        raise typer.Exit(BAD_INPUT) from error
    except (UnreadableFile, NotExact, UnknownZone) as error:
        errors.print(f"[red]error:[/red] {escape(str(error))}", highlight=False)
        raise typer.Exit(BAD_INPUT) from error
    except Refusal as error:
        errors.print(f"[red]refused ({error.code}):[/red] {escape(error.detail)}", highlight=False)
        raise typer.Exit(BAD_INPUT) from error
    if as_json:
        typer.echo(json.dumps(report))
    else:
        print_report(Console(), report, title=f"{plan.estate_name}: {plan.path.name}")
    if not report["ledger"]["verified"] or report.get("file", {}).get("faults", {}).get("count"):
        raise typer.Exit(1)


def _plan(
    file: Path,
    layout: Layout,
    rate_table: Path,
    timezone: str,
    *,
    credit: str,
    estate: str | None,
    max_rate: str | None,
    burst: str,
    asked: Asked,
) -> Plan:
    rate_micro = None if max_rate is None else parse_micro(max_rate, what="--max-rate")
    burst_micro, credit_micro = parse_micro(burst, what="--burst"), parse_micro(credit, what="--credit")
    if rate_micro is not None and not 0 < rate_micro <= RATE_MICRO_MAX:
        raise NotExact("--max-rate must be above zero and at most ten million")
    if not 0 <= burst_micro <= RATE_MICRO_MAX or credit_micro < 0:
        raise NotExact("--burst and --credit must not be negative, --burst at most ten million")
    estate_name = f"Replay of {file.name}"[:_ESTATE_NAME_MAX] if estate is None else estate
    if not 1 <= len(estate_name) <= _ESTATE_NAME_MAX or not estate_name.isprintable():
        raise UnreadableFile(f"--estate must be 1 to {_ESTATE_NAME_MAX} printable characters")
    try:
        document = rate_table.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{rate_table}: {error}") from error
    local = zone(timezone)
    return Plan(
        path=file,
        layout=layout,
        table=parse_document(document),
        zone=local,
        estate_name=estate_name,
        credit_micro=credit_micro,
        limits=Limits(rate_micro, burst_micro),
        head_end=head_end(layout, asked, local=local),
    )


async def _replay(url: str, plan: Plan, errors: Console) -> dict[str, Any]:
    wire()
    database = Database(url)
    try:
        return await _Replay(database, plan, errors).run()
    finally:
        await database.close()


class _Replay:
    def __init__(self, database: Database, plan: Plan, errors: Console) -> None:
        self._database = database
        self._plan = plan
        self._errors = errors
        self._totals = Totals()
        self._known: set[tuple[str, str, str]] = set()
        self._estate_id = 0
        self._brought: Brought | None = None

    async def run(self) -> dict[str, Any]:
        """Charge the whole file and report."""
        plan = self._plan
        started = time.perf_counter()
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._errors, transient=True) as progress:
            first, pieces, total = await self._opened(progress)
            lane = Lane(self._database, estate_id=self._estate_id)
            task = progress.add_task(f"Charging {escape(plan.path.name)}", total=total)

            async def batches() -> AsyncIterator[ReadingBatch]:
                rows: Rows | None = first
                while rows is not None:
                    if (batch := await self._batch(rows)) is not None:
                        yield batch
                    progress.update(task, advance=rows.progress)
                    rows = await asyncio.to_thread(next, pieces, None)

            async for outcome in charge_in_order(lane, batches()):
                self._totals.add(outcome)
        seconds = time.perf_counter() - started
        return await self._report(seconds=seconds)

    async def _opened(self, progress: Progress) -> tuple[Rows, Iterator[Rows], int]:
        """Return the first rows, the others, and how much they are together.

        What cannot be read leaves nothing behind.
        """
        plan = self._plan
        if plan.head_end is None:
            pieces = read_rows(plan.path, layout=plan.layout, zone=plan.zone, rows_a_piece=ROWS_A_BATCH)
            first = next(pieces, Rows())
            await self._prepare()
            return first, pieces, size_of(plan.path)
        brought = self._brought = await self._read(plan.head_end, progress)
        self._totals.classes["duplicate"] += brought.known_count
        pieces = rows_of(brought, name=plan.path.name, rows_a_piece=ROWS_A_BATCH)
        return next(pieces, Rows()), pieces, brought.count

    async def _read(self, asked: HeadEnd, progress: Progress) -> Brought:
        """Return what a file of a head-end brings, all of it or, if that is wanted, what is sound."""
        plan = self._plan
        name, utility = plan.path.name, plan.table.utility
        task = progress.add_task(f"Reading {escape(name)}", total=size_of(plan.path, suffix=""))
        gathered = await asyncio.to_thread(
            read_file,
            plan.path,
            layout=asked.layout,
            options=asked.options,
            progress=lambda count: progress.update(task, advance=count),
        )
        progress.remove_task(task)
        require_readings(gathered, utility=utility, name=name)
        if gathered.faults and not asked.is_partial:
            raise FileRefused(name, gathered.faults, count=gathered.fault_count)
        await self._prepare()
        async with self._database.unit_of_work(estates=[self._estate_id]) as session:
            brought = await plan_file(
                session, estate_id=self._estate_id, gathered=gathered, utility=utility, rules=asked.rules
            )
        if brought.faults and not asked.is_partial:
            raise FileRefused(name, brought.faults, count=brought.fault_count)
        return brought

    async def _prepare(self) -> None:
        plan, now = self._plan, now_utc()
        async with self._database.unit_of_work(estates=[]) as session:
            seen = await estate_queries.platform_estate_ids(session)
        async with self._database.unit_of_work(estates=seen) as session:
            estate = await estate_queries.estate_by_name(session, name=plan.estate_name)
            if estate is None:
                estate = await estates.create_estate(
                    session,
                    name=plan.estate_name,
                    currency=plan.table.currency,
                    time_zone=plan.zone.key,
                    seen=seen,
                    now=now,
                )
            self._estate_id = estate.estate_id
            if estate.time_zone != plan.zone.key:
                raise UnknownZone(f"estate {estate.name!r} is in {estate.time_zone}, not in {plan.zone.key}")
            row = await tariffs.add_rate_table(
                session, estate_id=estate.estate_id, currency=estate.currency, table=plan.table, now=now
            )
            await tariffs.assign_rate_table(
                session,
                estate_id=estate.estate_id,
                order=tariffs.Order(row.rate_table_id, "system:replay"),
                now=now,
            )

    async def _batch(self, rows: Rows) -> ReadingBatch | None:
        """Return rows as a batch, after their meters are installed and what cannot be read is listed."""
        now = now_utc()
        new = [key for key in dict.fromkeys(rows.key) if key not in self._known]
        if new:
            await self._install(new)
        if rows.rejected:
            async with self._database.unit_of_work(estates=[self._estate_id]) as session:
                await metering.record_rejections(
                    session, estate_id=self._estate_id, rejections=rows.rejected, received_us=to_us(now)
                )
            self._totals.classes["rejected"] += len(rows.rejected)
        if not rows.key:
            return None
        return ReadingBatch(
            key=rows.key,
            taken_s=np.array(rows.taken_s, dtype=np.int64),
            value_micro=np.array(rows.value_micro, dtype=np.int64),
            source=f"file:{self._plan.path.name}"[:100],
            received_us=to_us(now),
        )

    async def _install(self, keys: list[tuple[str, str, str]]) -> None:
        """Make a unit, a meter and a wallet for every meter that is new, and credit the wallet."""
        plan, now, estate_id = self._plan, now_utc(), self._estate_id
        registers: dict[str, list[str]] = {}
        for meter, register, _ in keys:
            registers.setdefault(meter, []).append(register)
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            found = await metering_queries.registers_of_meters(
                session, estate_id=estate_id, serials=list(registers)
            )
            known = {info.meter: info.meter_id for info in found}
            names = [meter for meter in registers if meter not in known]
            unit_ids = await estates.create_units(session, estate_id=estate_id, names=names, now=now)
            meters = [
                NewMeter(unit_id, meter, plan.table.utility, _valid(registers[meter]), limits=plan.limits)
                for unit_id, meter in zip(unit_ids, names, strict=True)
            ]
            await metering.install_meters(session, estate_id=estate_id, meters=meters, now=now)
            more = [(known[m], name) for m, rs in registers.items() if m in known for name in _valid(rs)]
            await metering.add_registers(session, estate_id=estate_id, registers=more, now=now)
            if plan.credit_micro:
                await self._credit(session, unit_ids)
        self._known.update(keys)

    async def _credit(self, session: Any, unit_ids: list[int]) -> None:
        accounts = await wallet_queries.accounts(
            session, estate_id=self._estate_id, unit_ids=unit_ids, with_general=False
        )
        for account in accounts:
            await wallets.receive_top_up(
                session,
                estate_id=self._estate_id,
                top_up=TopUp(
                    account.wallet_id, self._plan.credit_micro, "eft", "opening credit", account.utility
                ),
                idempotency_key=f"replay-credit:{account.account_id}",
                actor="system:replay",
                now=now_utc(),
            )

    async def _report(self, *, seconds: float) -> dict[str, Any]:
        estate_id, totals = self._estate_id, self._totals
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            accounts = await wallet_queries.accounts(session, estate_id=estate_id, with_general=False)
            balances = await ledger_queries.balances(
                session, estate_id=estate_id, account_ids=[a.account_id for a in accounts]
            )
            rule = await credit_queries.rule(session, estate_id=estate_id, utility=self._plan.table.utility)
            commands = await credit_queries.command_count(session, estate_id=estate_id)
            checked = await ledger_queries.verify(session, estate_id=estate_id)
            meter_count = len(await metering_queries.meters(session, estate_id=estate_id, limit=10**9))
        for found in checked.breaks[:5]:
            self._errors.print(f"[red]{found.verifier}[/red]: {escape(found.place)}: {found.detail}")
        total = sum(totals.classes.values())
        return {
            "readings": {"total": total} | {name: totals.classes[name] for name in SHOWN_CLASSES},
            "meters": meter_count,
            "quantity": quantities(totals.quantity_micro, utility=self._plan.table.utility),
            "charges": {
                "net": format_micro(totals.net_micro),
                "tax": format_micro(totals.tax_micro),
                "gross": format_micro(totals.net_micro + totals.tax_micro),
                "currency": self._plan.table.currency,
            },
            "wallets": {
                "count": len({a.wallet_id for a in accounts}),
                "balance": format_micro(sum(balances.values())),
                "below_cutoff": sum(1 for balance in balances.values() if balance <= rule.cut_micro),
            },
            "supply_commands": commands,
            "ledger": {"entries": checked.entries, "verified": checked.is_verified},
            "seconds": float(f"{seconds:.3f}"),
            "readings_per_second": int(total / seconds) if seconds else 0,
            "peak_rss_mb": peak_mb(),
        } | ({} if self._brought is None else {"file": told(self._brought)})


def _valid(registers: list[str]) -> tuple[str, ...]:
    # a name that cannot be a register stays unknown: its readings are rejected, not the whole meter
    # and a register named in two units is one register: the readings in the wrong unit are rejected
    return tuple(dict.fromkeys(filter(is_register_name, registers))) or ("import",)
