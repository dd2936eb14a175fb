"""MQTT from the devices to the committed charge, beside the same messages that are only acknowledged."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from mita.entrypoints.bench import brokers
from mita.entrypoints.bench.mqtt_driver import EVERY_S
from mita.entrypoints.keys import INGEST, device_token
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.ledger import queries as ledger_queries
from mita.metering import operations as metering
from mita.metering.operations import NewMeter
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from mita.wallets import queries as wallet_queries
from mita.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mita.entrypoints.bench.brokers import Broker, Driver
    from mita.entrypoints.keys import Keys

# readings of a message -> devices that send such ones
SIZES = {1: 100, 100: 10}
DRIVERS = 2
ROUNDS = 2
# what a message of five minutes costs: 70 Wh at 2.00
STEP_MICRO = 140_000
_RATES = """
rate_table: 1
name: Bench
utility: electricity
currency: ZAR
effective_from: 2020-01-01
charges: [{name: Energy, kind: usage, price: "2.00"}]
"""
_DAYS_BACK = 60
_TURNS_MAX = _DAYS_BACK * 86_400 // EVERY_S - 10
_BYTES_MAX = 96 * 1024 * 1024
_TRIAL_TURNS = {1: 20, 100: 10}
_LOOK_S = 0.02
# without anything new for so long, something is lost
_STALLED_S = 30.0


@dataclass
class Cell:
    """What one broker did with messages of one size: messages a second, round by round."""

    broker: str
    size: int
    charged_per_s: list[float] = field(default_factory=list)
    ceiling_per_s: list[float] = field(default_factory=list)
    turns: int = 0
    errors: list[str] = field(default_factory=list)


class Stalled(RuntimeError):
    """Messages were sent, and nothing more is charged."""


async def run(url: str, *, seconds: float, tell: Callable[[str], None]) -> list[Cell]:
    """Measure each broker that is installed with messages of each size, about ``seconds`` at a time."""
    wire()
    found: list[Cell] = []
    kinds = [brokers.EMBEDDED, *([brokers.MOSQUITTO] if brokers.mosquitto_path() else [])]
    for kind in kinds:
        directory = Path(tempfile.mkdtemp(prefix="mita-bench-"))
        database = Database(url, pool_size=2)
        try:
            async with brokers.broker(kind, directory) as broker:
                found += await _Bench(database, url, broker, seconds=seconds, tell=tell).cells()
        finally:
            await database.close()
            shutil.rmtree(directory, ignore_errors=True)
    return found


class _Bench:
    """One broker's measurements."""

    def __init__(
        self, database: Database, url: str, broker: Broker, *, seconds: float, tell: Callable[[str], None]
    ) -> None:
        self._database, self._url, self._broker = database, url, broker
        self._seconds, self._tell = seconds, tell
        self._drivers: list[Driver] = []
        self._homes: dict[int, Home] = {}
        self._cells = {size: Cell(broker.kind, size) for size in SIZES}

    async def cells(self) -> list[Cell]:
        """Measure the ceiling, what is charged, and the ceiling again; look whether all was charged."""
        async with AsyncExitStack() as stack:
            plans: list[dict[str, Any]] = [
                {"role": "devices", "port": self._broker.port, "groups": {}} for _ in range(DRIVERS)
            ]
            for size in SIZES:
                home = self._homes[size] = await new_home(
                    self._database, name=f"{self._broker.kind} {size}", size=size
                )
                senders = home.senders(self._broker.keys)
                for place, plan in enumerate(plans):
                    plan["groups"][str(size)] = senders[place::DRIVERS]
            # sessions before messages: what nobody has subscribed to is dropped
            await self._ceilings(0)
            for place, plan in enumerate(plans):
                log = self._broker.directory / f"devices{place}.log"
                self._drivers.append(await stack.enter_async_context(brokers.driver(plan, log=log)))
            await self._ceilings(1)
            async with brokers.ingest(self._broker, database_url=self._url):
                for size, home in self._homes.items():
                    self._tell(f"{self._broker.kind}: {size} readings a message, charged…")
                    cell = self._cells[size]
                    try:
                        await self._charged(cell, home)
                    except Stalled as stalled:
                        cell.errors.append(f"{stalled}: {self._broker.said('ingest')}")
            await self._ceilings(1)
        return list(self._cells.values())

    async def _ceilings(self, times: int) -> None:
        plan = {
            "role": "listener",
            "port": self._broker.port,
            "name": INGEST,
            "password": self._broker.keys.ingest_password,
            "topics": ["m/+/up", "m/+/ack", "m/+/state", "m/+/renew"],
        }
        async with brokers.driver(plan, log=self._broker.directory / "listener.log") as listener:
            for _ in range(times):
                for size, cell in self._cells.items():
                    self._tell(f"{self._broker.kind}: {size} readings a message, only acknowledged…")
                    await self._ceiling(cell, listener)
            await listener.ask({"do": "go"})

    async def _ceiling(self, cell: Cell, listener: Driver) -> None:
        async def heard(turns: int) -> None:
            try:
                async with asyncio.timeout(_STALLED_S + 20 * self._seconds):
                    await listener.ask({"do": "hear", "count": turns * SIZES[cell.size]})
            except TimeoutError as error:
                raise Stalled("messages were sent, and fewer came to who acknowledges them") from error

        rate = await self._sent(cell, first=0, turns=_TRIAL_TURNS[cell.size], done=heard)
        cell.ceiling_per_s.append(
            await self._sent(cell, first=0, turns=self._turns(cell, rate, left=_TURNS_MAX), done=heard)
        )

    async def _charged(self, cell: Cell, home: Home) -> None:
        async def charged(turns: int) -> None:
            await home.is_charged(self._database, turns=cell.turns + turns)

        async def once(turns: int) -> float:
            rate = await self._sent(cell, first=cell.turns, turns=turns, done=charged)
            cell.turns += turns
            return rate

        # partitions are made, devices looked up, memories filled
        await once(_TRIAL_TURNS[cell.size])
        rate = await once(_TRIAL_TURNS[cell.size])
        for left in range(ROUNDS, 0, -1):
            turns = self._turns(cell, rate, left=(_TURNS_MAX - cell.turns) // left)
            cell.charged_per_s.append(await once(turns))
            rate = min(rate, cell.charged_per_s[-1])
        cell.errors += await home.faults(self._database, turns=cell.turns)

    def _turns(self, cell: Cell, rate: float, *, left: int) -> int:
        """Return how many messages of each device last about as long as is wanted."""
        message_bytes = 80 * cell.size
        bytes_max = _BYTES_MAX // message_bytes // SIZES[cell.size]
        return max(1, min(left, bytes_max, int(rate * self._seconds) // SIZES[cell.size]))

    async def _sent(
        self, cell: Cell, *, first: int, turns: int, done: Callable[[int], Awaitable[None]]
    ) -> float:
        """Let all devices send their messages of some rounds; return messages a second until ``done``."""
        make = {"do": "make", "group": str(cell.size), "first": first, "count": turns}
        await asyncio.gather(*(each.ask(make) for each in self._drivers))
        began = time.perf_counter()
        *answers, _ = await asyncio.gather(*(each.ask({"do": "send"}) for each in self._drivers), done(turns))
        seconds = time.perf_counter() - began
        sent = turns * SIZES[cell.size]
        taken = sum(answer["acknowledged"] for answer in answers if answer)
        if taken != sent:
            cell.errors.append(f"{sent} messages were sent, {taken} acknowledged to their devices")
        return sent / seconds


@dataclass
class Home:
    """An estate whose devices send messages of one size; ``meters`` are the serials behind each device."""

    estate_id: int
    meters: dict[str, list[str]]
    start_s: int
    account_ids: list[int] = field(default_factory=list)

    def senders(self, keys: Keys) -> list[dict[str, Any]]:
        """Return what the devices are, as they are told to who sends in their place."""
        return [
            {
                "name": device,
                "password": device_token(keys.device_secret, device),
                "meters": meters,
                "start_s": self.start_s,
            }
            for device, meters in self.meters.items()
        ]

    async def balances(self, database: Database) -> list[int]:
        """Return what stands on each meter's account."""
        async with database.unit_of_work(estates=[self.estate_id]) as session:
            found = await ledger_queries.balances(
                session, estate_id=self.estate_id, account_ids=self.account_ids
            )
        return list(found.values())

    async def is_charged(self, database: Database, *, turns: int) -> None:
        """Wait until so many rounds are charged.

        :raises Stalled: if nothing more comes
        """
        wanted = -STEP_MICRO * (turns - 1) * len(self.account_ids)
        seen, since = 1, time.monotonic()
        while (now := sum(await self.balances(database))) != wanted:
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > _STALLED_S:
                raise Stalled(f"{now} is charged of {wanted} and nothing more for {_STALLED_S:.0f} s")
            await asyncio.sleep(_LOOK_S)

    async def faults(self, database: Database, *, turns: int) -> list[str]:
        """Return what is not as it must be if each reading of so many rounds was charged once."""
        meters = len(self.account_ids)
        wanted = {
            "reading": turns * meters,
            # the first one opens a register
            "entry": (turns - 1) * meters,
            "rejected_reading": 0,
        }
        counts = {
            "reading": "SELECT count(*) FROM reading WHERE estate_id = :estate",
            "entry": "SELECT count(*) FROM entry JOIN wallet_account USING (estate_id, account_id)"
            " WHERE estate_id = :estate",
            "rejected_reading": "SELECT count(*) FROM rejected_reading WHERE estate_id = :estate",
        }
        found = []
        async with database.unit_of_work(estates=[self.estate_id]) as session:
            for name, statement in counts.items():
                count = await session.scalar(text(statement), {"estate": self.estate_id})
                if count != wanted[name]:
                    found.append(f"{name}: {count} rows instead of {wanted[name]}")
        wrong = [each for each in await self.balances(database) if each != -STEP_MICRO * (turns - 1)]
        if wrong or not meters:
            found.append(f"{len(wrong)} balances are wrong, such as {wrong[:3]}")
        return found


async def new_home(database: Database, *, name: str, size: int) -> Home:
    """Make an estate with the devices that send ``size`` readings in a message, and prices."""
    now = now_utc()
    slug = name.replace(" ", "-")
    devices = {
        f"{slug}-{device}": [f"{slug}-{device}-{place}" for place in range(size)]
        for device in range(SIZES[size])
    }
    start_s = (int(now.timestamp()) // EVERY_S * EVERY_S) - _DAYS_BACK * 86_400
    async with database.unit_of_work(estates=[]) as session:
        seen = await estate_queries.platform_estate_ids(session)
        estate = await estates.create_estate(
            session, name=name, currency="ZAR", time_zone="Africa/Johannesburg", seen=seen, now=now
        )
        home = Home(estate.estate_id, devices, start_s)
        meters = [(device, serial) for device, serials in devices.items() for serial in serials]
        unit_ids = await estates.create_units(
            session, estate_id=home.estate_id, names=[serial for _, serial in meters], now=now
        )
        new = [
            NewMeter(unit_id, serial, "electricity", device=device)
            for unit_id, (device, serial) in zip(unit_ids, meters, strict=True)
        ]
        await metering.install_meters(session, estate_id=home.estate_id, meters=new, now=now)
        row = await tariffs.add_rate_table(
            session, estate_id=home.estate_id, currency="ZAR", table=parse_document(_RATES), now=now
        )
        await tariffs.assign_rate_table(
            session, estate_id=home.estate_id, order=tariffs.Order(row.rate_table_id, "system:bench"), now=now
        )
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        accounts = await wallet_queries.accounts(session, estate_id=home.estate_id, utility="electricity")
        home.account_ids = [each.account_id for each in accounts]
    return home


def summary(cells: list[Cell]) -> dict[str, Any]:
    """Return a run in the command's JSON shape: by broker, then by readings in a message."""
    found: dict[str, Any] = {}
    for cell in cells:
        # what stalled has none
        charged, ceiling = (
            statistics.median(rates or [0.0]) for rates in (cell.charged_per_s, cell.ceiling_per_s)
        )
        found.setdefault(cell.broker, {})[str(cell.size)] = {
            "messages_per_second": int(charged),
            "readings_per_second": int(charged * cell.size),
            "ceiling_per_second": int(ceiling),
            "of_ceiling": float(f"{ceiling and charged / ceiling:.3f}"),
            "errors": len(cell.errors),
        }
    return {"brokers": found, "missing": [] if brokers.MOSQUITTO in found else [brokers.MOSQUITTO]}
