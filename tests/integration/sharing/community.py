"""A roof and homes for tests: M1/export is what the roof generates, M2, M3, … are homes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import text

from mita.ledger import queries as ledger_queries
from mita.metering import queries as metering_queries
from mita.sharing import operations, queries
from mita.sharing.domain import PriceTerms, rule_of
from mita.sharing.operations import NewGroup, TermsIn
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from tests.integration.world import World, new_world

if TYPE_CHECKING:
    from mita.kit.db import Database
    from mita.sharing.operations import Settled

ZONE = "Europe/Vienna"
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
FIRST = date(2026, 3, 2)
GRID = """
rate_table: 1
name: Grid
utility: electricity
currency: EUR
effective_from: 2026-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges: [{name: Energy, kind: usage, price: "2.00"}]
"""
SOLAR = GRID.replace("Grid", "Roof").replace('"2.00"', '"1.00"')
FREE_BAND = SOLAR.replace('price: "1.00"', 'price: "1.00", allowance: "5"').replace("Roof", "Free band")
FEED_IN = GRID.replace("Grid", "Feed-in").replace('price: "2.00"', 'price: "0.40", register: export')


def midnight(day: date, *, zone: str = ZONE) -> datetime:
    """Return the instant at which a local date begins."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def march(day: int, *, hour: int = 0) -> datetime:
    """Return an hour of the local wall clock in March 2026."""
    return datetime(2026, 3, day, hour, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


@dataclass
class Community:
    """A world, one sharing group in it, and its registers by meter."""

    world: World
    group_id: int
    registers: dict[str, int]

    @property
    def key(self) -> dict[str, int]:
        return {"estate_id": self.world.estate_id, "sharing_group_id": self.group_id}

    def member(self, number: int, **more: object) -> TermsIn:
        """Return terms of the home with meter ``M<number>``."""
        return TermsIn(
            register_id=self.registers[f"M{number}/import"],
            unit_id=self.world.unit_ids[number - 1],
            **{"from_on": FIRST, **more},
        )

    async def join(self, *terms: TermsIn, now: datetime = NOW) -> None:
        async with self.world.unit_of_work() as session:
            await operations.add_members(session, **self.key, terms=terms, actor="staff:test", now=now)

    async def set_keys(self, keys: dict[tuple[datetime, int], int], *, now: datetime = NOW) -> None:
        async with self.world.unit_of_work() as session:
            await operations.add_keys(session, **self.key, keys=keys, actor="staff:test", now=now)

    async def price(self, *terms: PriceTerms, now: datetime = NOW) -> None:
        async with self.world.unit_of_work() as session:
            await operations.add_prices(session, **self.key, terms=terms, actor="staff:test", now=now)

    async def read(self, *rows: tuple[str, datetime, str], now: datetime = NOW) -> None:
        await self.world.charge(list(rows), now=now)

    async def settle(self, *, now: datetime = NOW) -> Settled:
        async with self.world.unit_of_work() as session:
            return await operations.settle_group(session, **self.key, now=now)

    async def days(self) -> dict[date, tuple[int, int, int, int]]:
        """Return (generation, allocated, surplus, shared) of each settled day."""
        async with self.world.unit_of_work() as session:
            found = await queries.shared_days(
                session, **self.key, first=date(2026, 1, 1), until=date(2027, 1, 1)
            )
        return {
            day: (row.generation_micro, row.allocated_micro, row.surplus_micro, row.shared_micro)
            for day, row in found.items()
        }

    async def month(self, month: date = date(2026, 3, 1)) -> dict[int, list[int]]:
        """Return the booked numbers of a month by home, without those of other roles and of incentives."""
        return {home: numbers[:9] for home, numbers in (await self.numbers(month)).items()}

    async def numbers(self, month: date = date(2026, 3, 1)) -> dict[int, list[int]]:
        """Return all booked numbers of a month by home."""
        async with self.world.unit_of_work() as session:
            found = await queries.shared_months(session, **self.key, month=month)
        homes = {unit_id: number for number, unit_id in enumerate(self.world.unit_ids, start=1)}
        return {homes[unit_id]: list(row.new_micro) for unit_id, row in found.items()}

    async def system(self) -> dict[str, int]:
        """Return what stands on the accounts that are no wallet's."""
        async with self.world.unit_of_work() as session:
            lines = await session.execute(
                text(
                    "SELECT code, posted_micro FROM account WHERE estate_id = :e AND code NOT LIKE 'wallet:%'"
                ),
                {"e": self.world.estate_id},
            )
            return {code: amount for code, amount in lines if amount}

    async def sums_to_zero(self) -> bool:
        """Tell whether all accounts together are nothing, and the ledger verifies."""
        async with self.world.unit_of_work() as session:
            total = await session.scalar(
                text("SELECT sum(posted_micro) FROM account WHERE estate_id = :e"),
                {"e": self.world.estate_id},
            )
            breaks = (await ledger_queries.verify(session, estate_id=self.world.estate_id)).breaks
        return total == 0 and not breaks


async def store(world: World, rates: str) -> int:
    """Store a rate table."""
    async with world.unit_of_work() as session:
        row = await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency="EUR", table=parse_document(rates), now=NOW
        )
        return row.rate_table_id


async def new_community(
    database: Database,
    *,
    homes: int = 2,
    country: str | None = "AT",
    rule: str | None = None,
    solar: str | None = SOLAR,
    feed_in: str | None = None,
    grid: str = GRID,
    first_on: date = FIRST,
    time_zone: str = ZONE,
    name: str = "Test estate",
) -> Community:
    """Make an estate with a roof and homes, and a group whose only source is the roof."""
    world = await new_world(
        database,
        meters=homes + 1,
        registers=("import", "export"),
        rates=grid,
        time_zone=time_zone,
        currency="EUR",
        name=name,
    )
    solar_id = None if solar is None else await store(world, solar)
    feed_in_id = None if feed_in is None else await store(world, feed_in)
    async with world.unit_of_work() as session:
        infos = await metering_queries.registers_of_units(
            session, estate_id=world.estate_id, unit_ids=world.unit_ids
        )
        registers = {f"{info.meter}/{info.register}": info.register_id for info in infos}
        found = rule_of(country=country, name=rule, is_own_surplus=False, interval_minutes=None)
        group = await operations.create_sharing_group(
            session,
            estate_id=world.estate_id,
            new=NewGroup("The roof", country, found, solar_id, feed_in_id, first_on),
            actor="staff:test",
            now=NOW,
        )
        community = Community(world, group.sharing_group_id, registers)
        await operations.add_sources(
            session,
            **community.key,
            terms=[TermsIn(registers["M1/export"], first_on)],
            actor="staff:test",
            now=NOW,
        )
    return community
