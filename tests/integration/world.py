"""Small estates for tests: a world of units, meters, prices and a lane to charge on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from mita.charging import queries as charging_queries
from mita.credit import operations as credit
from mita.entrypoints.lane import Lane
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.kit.clock import to_us
from mita.kit.money import parse_micro
from mita.ledger import queries as ledger_queries
from mita.metering import operations as metering
from mita.metering.domain import BASE_UNIT, Limits, ReadingBatch
from mita.metering.operations import NewMeter
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.operations import TopUp

if TYPE_CHECKING:
    from mita.charging.domain.outcome import Outcome
    from mita.credit.domain import Rule
    from mita.kit.db import Database

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
T0 = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)

FLAT = """
rate_table: 1
name: Flat
utility: electricity
currency: ZAR
effective_from: 2026-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges: [{name: Energy, kind: usage, price: "2.00"}]
"""
BLOCKS_AND_HOURS = """
rate_table: 1
name: Blocks by hour
utility: electricity
currency: ZAR
effective_from: 2026-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
clocks: {weekday: OOOOOOPPSSSSSSSSSPPPSSOO, saturday: OOOOOOOSSSSSOOOOOSSOOOOO,
         sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
charges:
  - name: Energy
    kind: usage
    blocks:
      P: [{up_to: "20", price: "3.1234"}, {price: "5.4321"}]
      S: [{up_to: "20", price: "2.2222"}, {price: "3.3333"}]
      O: [{up_to: "20", price: "1.0101"}, {price: "1.9999"}]
"""


def at(hours: float, *, minutes: int = 0) -> datetime:
    """Return an instant some hours after the start of the test's March."""
    return T0 + timedelta(hours=hours, minutes=minutes)


def batch(
    rows: list[tuple[str, datetime, str]], *, utility: str = "electricity", now: datetime = NOW
) -> ReadingBatch:
    """Return a batch of (meter or meter/register, taken_at, value in base units)."""
    keys, taken, values = [], [], []
    for name, taken_at, value in rows:
        meter, _, register = name.partition("/")
        keys.append((meter, register or "import", BASE_UNIT[utility]))
        taken.append(to_us(taken_at) // 1_000_000)
        values.append(parse_micro(value))
    return ReadingBatch(
        key=keys,
        taken_s=np.array(taken, dtype=np.int64),
        value_micro=np.array(values, dtype=np.int64),
        source="test",
        received_us=to_us(now),
    )


@dataclass
class World:
    """An estate with units and meters called M1, M2, …"""

    database: Database
    estate_id: int
    unit_ids: list[int]
    meter_ids: list[int]
    lane: Lane = field(init=False)

    def __post_init__(self) -> None:
        self.lane = Lane(self.database, estate_id=self.estate_id)

    def unit_of_work(self):
        """Open a transaction that sees this estate."""
        return self.database.unit_of_work(estates=[self.estate_id])

    async def charge(
        self, rows: list[tuple[str, datetime, str]], *, now: datetime = NOW, **more: str
    ) -> Outcome:
        """Charge rows through the lane as a wire would."""
        return await self.lane.charge(batch(rows, now=now, **more), now=now)

    async def balances(self) -> list[int]:
        """Return the balances of the wallets' utilities in micro, by account id."""
        async with self.unit_of_work() as session:
            accounts = await wallet_queries.accounts(session, estate_id=self.estate_id)
            found = await ledger_queries.balances(
                session, estate_id=self.estate_id, account_ids=[a.account_id for a in accounts]
            )
            return [found[a.account_id] for a in accounts if a.utility != "general"]

    async def top_up(self, amount: str, *, key: str, unit: int = 0, now: datetime = NOW) -> int:
        """Book a cash receipt to a unit's electricity account; return the balance after it."""
        async with self.unit_of_work() as session:
            account = (
                await wallet_queries.accounts(
                    session, estate_id=self.estate_id, unit_ids=[self.unit_ids[unit]]
                )
            )[0]
            done = await wallets.receive_top_up(
                session,
                estate_id=self.estate_id,
                top_up=TopUp(account.wallet_id, parse_micro(amount), "cash", "test", account.utility),
                idempotency_key=key,
                actor="staff:test",
                now=now,
            )
            return done.balance_micro

    async def set_rule(self, rule: Rule, *, now: datetime = NOW) -> None:
        """Set a credit rule."""
        async with self.unit_of_work() as session:
            await credit.set_rule(session, estate_id=self.estate_id, rule=rule, now=now)

    async def verified(self) -> bool:
        """Tell whether the estate's ledger verifies; prints what does not."""
        async with self.unit_of_work() as session:
            found = await ledger_queries.verify(session, estate_id=self.estate_id)
            breaks = found.breaks + await charging_queries.accrual_breaks(session, estate_id=self.estate_id)
        for broken in breaks:
            print(broken)
        return not breaks


async def new_world(
    database: Database,
    *,
    meters: int = 1,
    utility: str = "electricity",
    rates: str | None = FLAT,
    limits: Limits | None = None,
    registers: tuple[str, ...] = ("import",),
    time_zone: str = "Africa/Johannesburg",
    currency: str = "ZAR",
    name: str = "Test estate",
) -> World:
    """Make an estate with one meter per unit and put ``rates`` in force."""
    async with database.unit_of_work(estates=[]) as session:
        seen = await estate_queries.platform_estate_ids(session)
        estate = await estates.create_estate(
            session, name=name, currency=currency, time_zone=time_zone, seen=seen, now=NOW
        )
        names = [f"U{i + 1}" for i in range(meters)]
        unit_ids = await estates.create_units(session, estate_id=estate.estate_id, names=names, now=NOW)
        new = [
            NewMeter(
                unit_id,
                f"M{i + 1}",
                utility,
                registers,
                device=f"dev-{estate.estate_id}-{i + 1}",
                limits=limits or Limits(None, 0),
            )
            for i, unit_id in enumerate(unit_ids)
        ]
        meter_ids = await metering.install_meters(session, estate_id=estate.estate_id, meters=new, now=NOW)
    world = World(database, estate.estate_id, unit_ids, meter_ids)
    if rates is not None:
        await put_in_force(world, rates)
    return world


async def put_in_force(world: World, rates: str) -> None:
    """Add a rate table and charge by it."""
    table = parse_document(rates)
    async with world.unit_of_work() as session:
        row = await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency=table.currency, table=table, now=NOW
        )
        await tariffs.assign_rate_table(
            session, estate_id=world.estate_id, order=tariffs.Order(row.rate_table_id, "staff:test"), now=NOW
        )
