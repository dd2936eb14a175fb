"""Mill Lane, the demo's third estate: Emlite meters that count money themselves and are asked over TCP.

The meters are emulated here, on loopback. They keep half hours, charge by the prices that they are given, and
one clock runs ahead, so that a visitor sees it set.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.devices.operations import DeviceTerms
from mita.drivers.emop import objects, values
from mita.entrypoints.demo.emlite import EmliteMeter, first_objects
from mita.entrypoints.demo.tenant import let_in_flat
from mita.entrypoints.ports import LOOPBACK, free_port
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.domain import Days
from mita.estates.operations import Stay
from mita.kit.clock import now_utc
from mita.ledger import queries as ledger_queries
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.operations import NewMeter
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.operations import TopUp

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

logger = logging.getLogger(__name__)

NAME = "Mill Lane"
FLATS = 6
MICRO = 1_000_000
_RATES = """
rate_table: 1
name: Mill Lane electricity
utility: electricity
currency: GBP
effective_from: 2020-01-01
tax: {name: VAT, percent: "5", prices: exclusive}
charges:
  - {name: Energy, kind: usage, price: "0.24"}
  - {name: Standing charge, kind: fixed, per: day, price: "0.46"}
"""
TICK_S = 3.0
_PAID_EVERY = 20
_EVERY_S = 60
_LOG_HOURS = 6
_HALF_HOUR_S = 1_800
_OPENING_WH = 1_234_000
_HALF_HOURLY_WH = 180
_WH_TICK = 40
# of the last flat, seconds
_AHEAD_S = 240
_TOLERATED_S = 60
TOKENS_BEGIN = "1000"
_TOKEN_MICRO = 10 * MICRO
# from the second flat on: who lives in the first may sign in (`tenant.let_in_flat`), the last one is vacant
_RESIDENTS = ("Owen Pryce", "Farida Rahman", "Callum Reid", "Joan Ackroyd")
_LIVED_DAYS = 400
_LOW_MICRO, _PAID_MICRO = 5 * MICRO, 25 * MICRO


@dataclass(slots=True)
class Flat:
    """A flat's meter in the database, and where it is to be found."""

    device_id: int
    name: str
    url_port: int
    import_wh: int


def _serial(number: int) -> str:
    return f"EML{2_140_000_100 + number}"


def _terms(port: int) -> DeviceTerms:
    return DeviceTerms(
        settings={
            "url": f"tcp://{LOOPBACK}:{port}",
            "every_s": _EVERY_S,
            "log_hours": _LOG_HOURS,
            "sync_clock": _TOLERATED_S,
            "follow_rate_table": True,
            "objects": [objects.name(each) for each in (*objects.READ_BY_DEFAULT, objects.SERIAL)],
        },
        notes="An emulated meter of the demo.",
    )


async def settle_in(database: Database, *, now: datetime) -> tuple[int, list[Flat]]:
    """Find the estate, or make it with meters, prices and devices; return its id and its flats."""
    async with database.unit_of_work(estates=[]) as session:
        seen = await estate_queries.platform_estate_ids(session)
    async with database.unit_of_work(estates=seen) as session:
        row = await estate_queries.estate_by_name(session, name=NAME)
        estate_id = await _made(session, seen=seen, now=now) if row is None else row.estate_id
    async with database.unit_of_work(estates=[estate_id]) as session:
        latest = await metering_queries.latest_readings(session, estate_id=estate_id)
        units = sorted(await estate_queries.units(session, estate_id=estate_id), key=lambda each: each.name)
        flats = []
        for number, unit in enumerate(units, 1):
            device = await registry.device_named(session, estate_id=estate_id, name=f"emop:flat-{number}")
            if device is None:
                # somebody removed it: it stays so
                continue
            port = free_port(preferred=int(str(device.settings.get("url")).rpartition(":")[2]))
            if device.settings.get("url") != f"tcp://{LOOPBACK}:{port}":
                await devices.change_device(
                    session, estate_id=estate_id, device_id=device.device_id, terms=_terms(port), now=now
                )
            read_micro = latest.get((unit.unit_id, "electricity"), (0, _OPENING_WH * 1_000))[1]
            flats.append(Flat(device.device_id, device.name, port, read_micro // 1_000))
        # the worker looks every quarter of an hour; a visitor need not wait
        await devices.follow_rate_tables(session, estate_id=estate_id, now=now)
    return estate_id, flats


async def _made(session: AsyncSession, *, seen: list[int], now: datetime) -> int:
    estate = await estates.create_estate(
        session, name=NAME, currency="GBP", time_zone="Europe/London", seen=seen, now=now
    )
    estate_id = estate.estate_id
    numbers = range(1, FLATS + 1)
    unit_ids = await estates.create_units(
        session, estate_id=estate_id, names=[f"Flat {number}" for number in numbers], now=now
    )
    for unit_id, name in zip(unit_ids[1:], _RESIDENTS, strict=False):
        person_id, _ = await estates.add_person(
            session, estate_id=estate_id, name=name, email=None, phone=None, now=now
        )
        stay = Stay(unit_id, person_id, Days(now.date() - timedelta(days=_LIVED_DAYS), None))
        await estates.add_occupancy(session, estate_id=estate_id, stay=stay, actor="staff:demo", now=now)
    meters = [
        NewMeter(unit_id, _serial(number), "electricity", device=f"emop:flat-{number}")
        for number, unit_id in zip(numbers, unit_ids, strict=True)
    ]
    await metering.install_meters(session, estate_id=estate_id, meters=meters, now=now)
    table = await tariffs.add_rate_table(
        session, estate_id=estate_id, currency="GBP", table=parse_document(_RATES), now=now
    )
    await tariffs.assign_rate_table(
        session, estate_id=estate_id, order=tariffs.Order(table.rate_table_id, "system:demo"), now=now
    )
    for number in numbers:
        await devices.register_device(
            session,
            estate_id=estate_id,
            driver="emop",
            address=f"flat-{number}",
            terms=_terms(free_port()),
            now=now,
        )
    return estate_id


async def live(database: Database, *, password: str = "") -> None:
    """Let the meters listen, count and charge, and people pay, until cancelled.

    With a password, who lives in the first flat may sign in, and key tokens in.
    """
    estate_id, flats = await settle_in(database, now=now_utc())
    if password:
        await let_in_flat(database, estate_id=estate_id, password=password, now=now_utc())
    async with contextlib.AsyncExitStack() as listening:
        meters = []
        for place, flat in enumerate(flats):
            meter = _emulated(flat, place=place, now_s=int(now_utc().timestamp()))
            meters.append(meter)
            await listening.enter_async_context(meter.emulator)
        logger.info("emulated meters listen estate=%d meters=%d", estate_id, len(meters))
        rng = np.random.default_rng()
        ticks = 0
        while True:
            now_s = int(now_utc().timestamp())
            for meter in meters:
                meter.tick(now_s=now_s, energy_wh=int(rng.integers(0, _WH_TICK)))
            if ticks % _PAID_EVERY == 0:
                await _people_pay(database, estate_id=estate_id, tick=now_s)
            ticks += 1
            await asyncio.sleep(TICK_S)


@dataclass(slots=True)
class Emulated:
    """A meter, its clock beside ours, and what it showed when we looked last."""

    emulator: EmliteMeter
    ahead_s: int
    shown: bytes
    half_hour: int

    def tick(self, *, now_s: int, energy_wh: int) -> None:
        """Let three seconds pass: the clock, what is used, half hours, prices whose time has come."""
        held = self.emulator.held
        if held[objects.CLOCK] != self.shown:
            # somebody set it
            self.ahead_s = 0
        self.shown = held[objects.CLOCK] = values.clock_payload(now_s + self.ahead_s)
        begins = held[objects.FUTURE_FROM]
        if any(begins) and values.date_s(begins) <= now_s:
            self.emulator.begin_prices()
            held[objects.FUTURE_FROM] = bytes(len(begins))
        price_micro = values.price_micro(held[objects.price(block=1, rate=1)])
        self.emulator.use(energy_wh=energy_wh, price_micro=price_micro)
        half_hour = now_s // _HALF_HOUR_S
        if half_hour != self.half_hour:
            self.half_hour = half_hour
            self.emulator.keep_half_hour(half_hour * _HALF_HOUR_S)


def _emulated(flat: Flat, *, place: int, now_s: int) -> Emulated:
    """Return a flat's meter, with the half hours before now as far as it is not known by any reading."""
    half_hour = now_s // _HALF_HOUR_S
    is_new = flat.import_wh == _OPENING_WH
    hours = range(_LOG_HOURS * 2, -1, -1) if is_new else range(1)
    log = [
        values.LogRecord(
            (half_hour - back) * _HALF_HOUR_S, 0, flat.import_wh - back * (_HALF_HOURLY_WH + 9 * place), 0
        )
        for back in hours
    ]
    ahead_s = _AHEAD_S if place == FLATS - 1 else 0
    held = first_objects(
        serial=_serial(place + 1),
        import_wh=flat.import_wh,
        export_wh=0,
        balance_micro=20 * MICRO,
        clock_s=now_s + ahead_s,
    )
    emulator = EmliteMeter(held, log=log, worth_micro=_worth_micro)
    emulator.port = flat.url_port
    return Emulated(emulator, ahead_s, held[objects.CLOCK], half_hour)


def _worth_micro(token: str) -> int | None:
    """Return what a token is worth here: ten pounds if it begins with 1000, nothing else is one of ours."""
    return _TOKEN_MICRO if token.startswith(TOKENS_BEGIN) else None


async def _people_pay(database: Database, *, estate_id: int, tick: int) -> None:
    async with database.unit_of_work(estates=[estate_id]) as session:
        accounts = await wallet_queries.accounts(session, estate_id=estate_id, with_general=False)
        balances = await ledger_queries.balances(
            session, estate_id=estate_id, account_ids=[each.account_id for each in accounts]
        )
        for account in accounts:
            if balances[account.account_id] > _LOW_MICRO:
                continue
            await wallets.receive_top_up(
                session,
                estate_id=estate_id,
                top_up=TopUp(account.wallet_id, _PAID_MICRO, "eft", "demo resident", account.utility),
                idempotency_key=f"demo-{account.account_id}-{tick}",
                actor="system:demo",
                now=now_utc(),
            )
