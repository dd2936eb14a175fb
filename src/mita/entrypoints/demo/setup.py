"""The demo's estates and their past, written through the real operations and the real charging path."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.entrypoints.demo import supply
from mita.entrypoints.demo.places import WILLOW_CREEK
from mita.entrypoints.demo.simulator import UTILITIES, history
from mita.entrypoints.lane import Lane
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.kit.clock import to_us
from mita.ledger import queries as ledger_queries
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT, ReadingBatch
from mita.metering.operations import NewMeter
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.operations import TopUp

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from mita.entrypoints.demo.simulator import Estate, History
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

SEED = 20_260_301
DAYS = 90
MICRO = 1_000_000
_SLICE_HOURS = 72
_OPENING_MICRO = 400 * MICRO
_LOW_MICRO = 120 * MICRO
_PURCHASE_MICRO = 100 * MICRO
_LITTLE_MICRO = 20 * MICRO
_RATES = (
    """
rate_table: 1
name: Willow and Oak electricity
utility: electricity
currency: ZAR
effective_from: 2020-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
seasons:
  high: {from: 06-01, to: 08-31}
  low: {from: 09-01, to: 05-31}
clocks:
  high: {weekday: OOOOOOPPSSSSSSSSSPPPSSOO, saturday: OOOOOOOSSSSSOOOOOSSOOOOO,
         sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
  low: {weekday: OOOOOOSPPSSSSSSSSSPPPSOO, saturday: OOOOOOOSSSSSOOOOOOSSOOOO,
        sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
charges:
  - name: Energy
    kind: usage
    price: {high: {P: "5.20", S: "2.40", O: "1.70"}, low: {P: "3.30", S: "2.20", O: "1.60"}}
""",
    """
rate_table: 1
name: Willow and Oak water
utility: water
currency: ZAR
effective_from: 2020-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges:
  - name: Water and sewerage
    kind: usage
    blocks: [{up_to: "6", price: "18.50"}, {up_to: "15", price: "31.20"}, {price: "48.90"}]
""",
)
RULES = (
    Rule("electricity", is_cutting=True, low_micro=50 * MICRO, cut_micro=0, restore_micro=10 * MICRO),
    Rule("water", is_cutting=False, low_micro=0, cut_micro=-500 * MICRO, restore_micro=0),
)


@dataclass(slots=True)
class Home:
    """A demo estate in the database; lists and arrays in the order of ``estate.units``."""

    estate: Estate
    estate_id: int
    device: str
    unit_ids: list[int]
    created_at: datetime

    @property
    def has_bulk_meter(self) -> bool:
        """Whether the estate's electricity is measured again where it comes in."""
        return self.estate.name == WILLOW_CREEK.name


def keys_of(home: Home) -> dict[str, list[tuple[str, str, str]]]:
    """Return the readings' keys per utility."""
    return {
        "electricity": [
            (u.electricity_serial, "import", BASE_UNIT["electricity"]) for u in home.estate.units
        ],
        "water": [(u.water_serial, "import", BASE_UNIT["water"]) for u in home.estate.units],
    }


async def settle_in(database: Database, estate: Estate, *, now: datetime) -> Home:
    """Find the estate, or make it with units, meters and prices."""
    device = "gateway-" + estate.name.lower().replace(" ", "-")
    async with database.unit_of_work(estates=[]) as session:
        seen = await estate_queries.platform_estate_ids(session)
    async with database.unit_of_work(estates=seen) as session:
        row = await estate_queries.estate_by_name(session, name=estate.name)
        if row is None:
            row = await estates.create_estate(
                session,
                name=estate.name,
                currency=estate.currency,
                time_zone=estate.time_zone,
                seen=seen,
                now=now,
            )
            names = [unit.name for unit in estate.units]
            unit_ids = await estates.create_units(session, estate_id=row.estate_id, names=names, now=now)
            meters = [
                NewMeter(unit_id, serial, utility, device=device)
                for unit_id, unit in zip(unit_ids, estate.units, strict=True)
                for serial, utility in (
                    (unit.electricity_serial, "electricity"),
                    (unit.water_serial, "water"),
                )
            ]
            await metering.install_meters(session, estate_id=row.estate_id, meters=meters, now=now)
            since = _history_start(row.created_at)
            if estate.name == WILLOW_CREEK.name:
                await supply.connect(session, estate_id=row.estate_id, device=device, since=since, now=now)
            # charges nothing until somebody puts it in force
            draft = parse_document(_proposed(now))
            await tariffs.add_rate_table(
                session, estate_id=row.estate_id, currency=row.currency, table=draft, now=now
            )
            for document in _RATES:
                table = parse_document(document)
                added = await tariffs.add_rate_table(
                    session, estate_id=row.estate_id, currency=row.currency, table=table, now=now
                )
                await tariffs.assign_rate_table(
                    session,
                    estate_id=row.estate_id,
                    order=tariffs.Order(added.rate_table_id, "system:demo"),
                    now=now,
                )
        found = {
            unit.name: unit.unit_id for unit in await estate_queries.units(session, estate_id=row.estate_id)
        }
        unit_ids = [found[unit.name] for unit in estate.units]
        return Home(estate, row.estate_id, device, unit_ids, row.created_at)


def _proposed(now: datetime) -> str:
    """Return the electricity prices as they might be from the next month on."""
    first = (now.replace(day=1) + timedelta(days=32)).replace(day=1).date()
    return (
        _RATES[0]
        .replace("Willow and Oak electricity", "Willow and Oak electricity, proposed")
        .replace("2020-01-01", first.isoformat())
        .replace('P: "3.30"', 'P: "3.95"')
        .replace('O: "1.60"', 'O: "1.35"')
    )


async def write_history(database: Database, home: Home) -> History:
    """Charge the 90 days before the estate was made, slice by slice as if they passed; safe to repeat."""
    start = _history_start(home.created_at)
    end = start + timedelta(days=DAYS)
    past = history(home.estate, start=start, hours=DAYS * 24, seed=SEED)
    lane = Lane(database, estate_id=home.estate_id)
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        await supply.allow(session, estate_id=home.estate_id, now=start)
    await _buy(database, home, place=0, now=start, everybody=True)
    for first in range(0, DAYS * 24 + 1, _SLICE_HOURS):
        hours = range(first, min(first + _SLICE_HOURS, DAYS * 24 + 1))
        now = start + timedelta(hours=hours[-1])
        await lane.charge(_slice(home, past, start=start, hours=hours), now=now)
        await _buy(database, home, place=first + 1, now=now, everybody=False)
        await supply.pay_for_it(database, estate_id=home.estate_id, key=f"{first}", now=now)
        logger.info("history estate=%s hours=%d", home.estate.name, hours[-1])
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        for rule in RULES:
            await credit.set_rule(session, estate_id=home.estate_id, rule=rule, now=end)
    return past


def _history_start(created_at: datetime) -> datetime:
    return created_at.replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS)


def _slice(home: Home, past: History, *, start: datetime, hours: range) -> ReadingBatch:
    keys = keys_of(home)
    times = int(start.timestamp()) + np.arange(hours[0], hours[-1] + 1) * 3600
    rows: list[tuple[str, str, str]] = []
    taken: list[NDArray[np.int64]] = []
    values: list[NDArray[np.int64]] = []
    for utility, registers in (("electricity", past.electricity_micro), ("water", past.water_micro)):
        for place, key in enumerate(keys[utility]):
            rows += [key] * len(times)
            taken.append(times)
            values.append(registers[hours[0] : hours[-1] + 1, place])
    if home.has_bulk_meter:
        rows += [(supply.SERIAL, "import", BASE_UNIT["electricity"])] * len(times)
        taken.append(times)
        values.append(supply.bulk_history(past.electricity_micro)[hours[0] : hours[-1] + 1])
    now_us = to_us(start + timedelta(hours=hours[-1]))
    return ReadingBatch(rows, np.concatenate(taken), np.concatenate(values), "demo:history", now_us)


async def _buy(database: Database, home: Home, *, place: int, now: datetime, everybody: bool) -> None:
    """Let people buy what brings them back above the line, as most do."""
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        accounts = await wallet_queries.accounts(session, estate_id=home.estate_id, with_general=False)
        balances = await ledger_queries.balances(
            session, estate_id=home.estate_id, account_ids=[a.account_id for a in accounts]
        )
        waits = {
            unit_id: unit.top_up_habit.notices_below_micro is None
            for unit_id, unit in zip(home.unit_ids, home.estate.units, strict=True)
        }
        for account in accounts:
            amount = _OPENING_MICRO
            if not everybody and account.unit_id not in waits:
                # what is the estate's own costs it nothing
                continue
            if not everybody:
                waits_until_cut = waits[account.unit_id] and account.utility == "electricity"
                amount = _purchase_micro(
                    balances[account.account_id], waits_until_cut=waits_until_cut, place=account.unit_id
                )
            if not amount:
                continue
            await wallets.receive_top_up(
                session,
                estate_id=home.estate_id,
                top_up=TopUp(account.wallet_id, amount, "eft", "demo", account.utility),
                idempotency_key=f"demo-{place}-{account.account_id}-{amount}",
                actor="system:demo",
                now=now,
            )


def _purchase_micro(balance_micro: int, *, waits_until_cut: bool, place: int) -> int:
    """Return what somebody buys at that balance; who waits until the supply is cut buys little."""
    if waits_until_cut:
        times = -balance_micro // _LITTLE_MICRO + 1 + place % 3
        return times * _LITTLE_MICRO if balance_micro < _LITTLE_MICRO and times > 0 else 0
    if balance_micro > _LOW_MICRO:
        return 0
    return ((_LOW_MICRO - balance_micro) // _PURCHASE_MICRO + 2) * _PURCHASE_MICRO


async def is_settled(database: Database, home: Home) -> bool:
    """Tell whether the past was written to its end: the last thing it does is to set the rules."""
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        return await credit_queries.has_rule(session, estate_id=home.estate_id, utility=RULES[-1].utility)


async def register_values(database: Database, home: Home) -> dict[str, NDArray[np.int64]]:
    """Return the newest register values per utility, in the order of the units."""
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        latest = await metering_queries.latest_readings(session, estate_id=home.estate_id)
    return {
        utility: np.array([latest[unit_id, utility][1] for unit_id in home.unit_ids], dtype=np.int64)
        for utility in UTILITIES
    }


async def bulk_value(database: Database, home: Home) -> int | None:
    """Return the newest value of the estate's bulk meter, None where it has none."""
    if not home.has_bulk_meter:
        return None
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        latest = await metering_queries.latest_readings(session, estate_id=home.estate_id)
    # a demo that was made before there was one has none either
    return next(
        (
            value
            for (unit_id, utility), (_, value) in latest.items()
            if utility == "electricity" and unit_id not in home.unit_ids
        ),
        None,
    )
