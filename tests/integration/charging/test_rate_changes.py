"""A rate table that comes later, for a past or a part: balances end as if it had always been there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from mita.charging import operations as charging
from mita.charging import queries as charging_queries
from mita.charging.operations import rerate, weigh
from mita.kit.errors import Invalid, NotFound, Refusal
from mita.metering.domain import ReadingClass
from mita.tariffs import operations as tariffs
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import Scope, parse_document
from mita.tariffs.operations import AlreadyInForce, Order
from tests.integration.world import FLAT, NOW, World, new_world

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

# local midnight of 10 March 2026 in Johannesburg
MIDNIGHT = datetime(2026, 3, 9, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KWH = 2_300_000  # 2.00 and 15 %
BLOCKS = """
rate_table: 1
name: Blocks
utility: electricity
currency: ZAR
effective_from: 2026-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges:
  - {name: Energy, kind: usage, blocks: [{up_to: "31", price: "1.00"}, {price: "3.00"}]}
"""


def dearer(first: str, *, price: str = "4.00") -> str:
    return (
        FLAT.replace("2026-01-01", first).replace('"2.00"', f'"{price}"').replace("Flat", f"{price} {first}")
    )


@dataclass
class Assigner:
    """Puts tables in force in a world; what is done at once has been foretold to the micro."""

    world: World

    async def __call__(self, rates: str, **order: object) -> bool:
        async with self.world.unit_of_work() as session:
            table = parse_document(rates)
            row = await tariffs.add_rate_table(
                session, estate_id=self.world.estate_id, currency=table.currency, table=table, now=NOW
            )
        wanted: Any = Order(row.rate_table_id, "staff:ann", **order)
        async with self.world.unit_of_work() as session:
            foretold = await self._foretold(session, wanted)
        before = await self.world.balances()
        async with self.world.unit_of_work() as session:
            _, is_new = await tariffs.assign_rate_table(
                session, estate_id=self.world.estate_id, order=wanted, now=NOW
            )
        after = await self.world.balances()
        if foretold is not None and len(foretold.since) <= rerate.AT_ONCE_MAX:
            changes = foretold.change_micro
            assert changes is not None
            assert [-changes.get(unit_id, 0) for unit_id in self.world.unit_ids] == [
                now - then for then, now in zip(before, after, strict=True)
            ]
            assert 0 not in changes.values()
        return is_new

    async def _foretold(self, session: AsyncSession, order: Order) -> charging.AssignmentEffect | None:
        """Return what the assignment would do; None where it is refused, which it is again."""
        try:
            return await charging.assignment_effect(session, estate_id=self.world.estate_id, order=order)
        except Refusal:
            return None


async def put_in_force(world: World, rates: str) -> None:
    """Put a table in force in the whole estate from its first date on."""
    await Assigner(world)(rates)


async def reratings(world: World) -> list[tuple[str, int, int]]:
    """Return cause, gross before and gross after of each rerating, the oldest first."""
    async with world.unit_of_work() as session:
        rows = await session.execute(
            text(
                "SELECT cause, old_net_micro + old_tax_micro, new_net_micro + new_tax_micro FROM rerating"
                " ORDER BY rerating_id"
            )
        )
        return [(row[0], row[1], row[2]) for row in rows]


def shown(outcome) -> list[str]:
    return [ReadingClass(number).shown for number in outcome.class_.tolist()]


async def test_a_charged_past_is_charged_again_and_the_difference_is_one_entry(
    database: Database, admin: psycopg.Connection
):
    world = await new_world(database, meters=2)
    await world.charge(
        [
            ("M1", MIDNIGHT - HOUR, "0"),
            ("M1", MIDNIGHT, "1"),
            ("M1", MIDNIGHT + HOUR, "3"),
            ("M2", MIDNIGHT, "5"),
        ]
    )
    assert await world.balances() == [-3 * KWH, 0]
    entries = admin.execute("SELECT count(*) FROM entry").fetchone()
    await put_in_force(world, dearer("2026-03-10"))
    assert await world.balances() == [-KWH - 2 * 2 * KWH, 0]
    # one line on the wallet, one on income, one on tax
    assert admin.execute("SELECT count(*) FROM entry").fetchone() == (entries[0] + 3,)
    ((cause, old, new),) = await reratings(world)
    assert (old, new) == (2 * KWH, 4 * KWH)
    assert cause.endswith("from 2026-03-10")
    await world.charge([("M1", MIDNIGHT + 2 * HOUR, "4")])
    assert await world.balances() == [-KWH - 3 * 2 * KWH, 0]
    assert await world.verified()


async def test_a_reading_at_the_midnight_itself_belongs_to_the_day_before(database: Database):
    world = await new_world(database)
    await world.charge([("M1", MIDNIGHT - HOUR, "0"), ("M1", MIDNIGHT, "1")])
    await put_in_force(world, dearer("2026-03-10"))
    assert await reratings(world) == []
    await world.charge([("M1", MIDNIGHT + HOUR, "2")])
    assert await world.balances() == [-KWH - 2 * KWH]


async def test_an_interval_over_the_change_is_split_at_it(database: Database):
    world = await new_world(database)
    await world.charge([("M1", MIDNIGHT - HOUR, "0"), ("M1", MIDNIGHT + 3 * HOUR, "4")])
    await put_in_force(world, dearer("2026-03-10"))
    assert await world.balances() == [-KWH - 3 * 2 * KWH]


async def test_what_waited_for_a_price_and_what_had_one_end_as_if_all_had_been_there(database: Database):
    world = await new_world(database, meters=2, rates=dearer("2026-03-10"))
    outcome = await world.charge(
        [
            ("M1", MIDNIGHT - 2 * HOUR, "0"),
            ("M1", MIDNIGHT - HOUR, "1"),  # no table yet
            ("M1", MIDNIGHT + HOUR, "3"),  # half of it has no table yet
            ("M1", MIDNIGHT + 2 * HOUR, "4"),
            ("M2", MIDNIGHT + HOUR, "0"),
            ("M2", MIDNIGHT + 2 * HOUR, "7"),
        ]
    )
    assert shown(outcome) == ["first", "held", "held", "charged", "first", "charged"]
    await put_in_force(world, FLAT)
    assert await world.balances() == [-2 * KWH - 2 * 2 * KWH, -7 * 2 * KWH]
    assert await world.verified()


async def test_a_correction_stands_in_the_place_of_the_table_of_that_date(database: Database):
    world = await new_world(database)
    assign = Assigner(world)
    await world.charge([("M1", MIDNIGHT - HOUR, "0"), ("M1", MIDNIGHT + HOUR, "2")])
    with pytest.raises(AlreadyInForce):
        await assign(dearer("2026-01-01", price="1.00"))
    assert await world.balances() == [-2 * KWH]
    assert await assign(dearer("2026-01-01", price="1.00"), is_correction=True, reason="a slip")
    assert await world.balances() == [-KWH]
    assert not await assign(dearer("2026-01-01", price="1.00"))
    # and back again
    assert await assign(FLAT, is_correction=True, reason="it was right")
    assert await world.balances() == [-2 * KWH]
    async with world.unit_of_work() as session:
        rows = await tariff_queries.assignment_rows(session, estate_id=world.estate_id)
    assert [(row.actor, row.reason) for row in rows] == [
        ("staff:test", ""),
        ("staff:ann", "a slip"),
        ("staff:ann", "it was right"),
    ]
    assert await world.verified()


async def test_the_most_specific_table_wins_for_its_time_and_ends(database: Database):
    world = await new_world(database, meters=3)
    assign = Assigner(world)
    async with world.unit_of_work() as session:
        infos = await charging_queries.metering_queries.registers_of_utility(
            session, estate_id=world.estate_id, utility="electricity"
        )
    rows = [(f"M{meter}", MIDNIGHT + hour * DAY, str(10 * hour)) for meter in (1, 2, 3) for hour in range(4)]
    await world.charge(rows, now=MIDNIGHT + 5 * DAY)
    assert await world.balances() == [-30 * KWH] * 3
    first = {"effective_from": date(2026, 3, 10)}
    one_day = {**first, "effective_until": date(2026, 3, 11)}
    assert await assign(
        dearer("2026-01-01", price="3.00"), scope=Scope.UNIT, target_id=world.unit_ids[0], **one_day
    )
    assert await assign(
        dearer("2026-01-01", price="4.00"), scope=Scope.METER, target_id=world.meter_ids[1], **first
    )
    assert await assign(
        dearer("2026-01-01", price="5.00"),
        scope=Scope.REGISTER,
        target_id=infos[1].register_id,
        effective_from=date(2026, 3, 12),
    )
    # a day at 3.00 and two at 2.00; two at 4.00 and one at 5.00; nothing
    half = KWH // 2
    assert await world.balances() == [
        -half * (30 + 20 + 20),
        -half * (40 + 40 + 50),
        -30 * KWH,
    ]
    # an estate's table that comes later does not move those that have their own
    await put_in_force(world, dearer("2026-03-12", price="1.00"))
    assert await world.balances() == [
        -half * (30 + 20 + 10),
        -half * (40 + 40 + 50),
        -half * (20 + 20 + 10),
    ]
    assert await world.verified()


async def test_a_change_inside_a_month_shrinks_the_blocks_of_both_parts(database: Database):
    world = await new_world(database, rates=BLOCKS)
    # 31 kWh before 16 March and 32 after it: the first block of a whole March
    start = datetime(2026, 2, 28, 22, 0, tzinfo=UTC)
    rows = [("M1", start, "0"), ("M1", start + 15 * DAY, "31"), ("M1", start + 31 * DAY, "63")]
    await world.charge(rows, now=start + 32 * DAY)
    cent = 1_150_000
    assert await world.balances() == [-(31 + 3 * 32) * cent]
    dear = BLOCKS.replace("2026-01-01", "2026-03-16").replace('"1.00"', '"2.00"').replace("Blocks", "Dear")
    await put_in_force(world, dear)
    # 15 of 31 days: the block ends at 15, then 16 at 3.00; 16 of 31 days: 16 at 2.00, then 16 at 3.00
    assert await world.balances() == [-(15 + 3 * 16 + 2 * 16 + 3 * 16) * cent]
    assert await world.verified()


async def test_a_table_that_begins_later_in_the_month_shrinks_what_was_charged_already(database: Database):
    world = await new_world(database, rates=BLOCKS)
    start = datetime(2026, 2, 28, 22, 0, tzinfo=UTC)
    await world.charge([("M1", start, "0"), ("M1", start + 9 * DAY, "31")], now=start + 9 * DAY)
    await put_in_force(
        world,
        BLOCKS.replace("2026-01-01", "2026-03-16").replace('"1.00"', '"2.00"').replace("Blocks", "Dear"),
    )
    assert await world.balances() == [-(15 + 3 * 16) * 1_150_000]


async def test_some_pay_more_and_some_less_and_that_is_foretold(database: Database):
    world = await new_world(database, meters=4)
    start = datetime(2026, 2, 28, 22, 0, tzinfo=UTC)
    used = {"M1": 10, "M2": 31, "M3": 100}
    rows = [
        (name, start + day * DAY, str(total * day // 15)) for name, total in used.items() for day in range(16)
    ]
    await world.charge([*rows, ("M4", start, "5")], now=start + 16 * DAY)
    async with world.unit_of_work() as session:
        table = parse_document(BLOCKS.replace('"31"', '"31.7"').replace('"1.00"', '"1.013777"'))
        row = await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency="ZAR", table=table, now=NOW
        )
        network = parse_document(dearer("2026-03-04", price="0.333333"))
        beside = await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency="ZAR", table=network, now=NOW
        )
    for order in (
        Order(row.rate_table_id, "staff:ann", is_correction=True, reason="blocks"),
        Order(beside.rate_table_id, "staff:ann", role="network"),
    ):
        before = await world.balances()
        async with world.unit_of_work() as session:
            found = await charging.assignment_effect(session, estate_id=world.estate_id, order=order)
            await session.rollback()
        assert await world.balances() == before
        async with world.unit_of_work() as session:
            await tariffs.assign_rate_table(session, estate_id=world.estate_id, order=order, now=NOW)
        after = await world.balances()
        assert found.change_micro is not None
        told = [-found.change_micro.get(unit_id, 0) for unit_id in world.unit_ids]
        assert told == [now - then for then, now in zip(before, after, strict=True)]
        # the last one used nothing
        assert len(found.change_micro) == 3
        if order.role == "supply":
            assert [each > 0 for each in told] == [True, True, False, False]
    assert await world.verified()


@pytest.mark.parametrize(("name", "most"), [("WEIGHED_MAX", 1), ("READINGS_MAX", 3)])
async def test_what_is_too_much_to_foretell_is_not_guessed(
    database: Database, monkeypatch: pytest.MonkeyPatch, name: str, most: int
):
    world = await new_world(database, meters=2)
    rows = [(f"M{meter}", MIDNIGHT + hour * HOUR, str(hour)) for meter in (1, 2) for hour in range(3)]
    await world.charge(rows)
    async with world.unit_of_work() as session:
        table = parse_document(dearer("2026-03-10"))
        row = await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency="ZAR", table=table, now=NOW
        )
        order = Order(row.rate_table_id, "staff:ann")
        # of the three of each two are charged again
        monkeypatch.setattr(weigh, name, most + 1)
        found = await charging.assignment_effect(session, estate_id=world.estate_id, order=order)
        assert found.change_micro == dict.fromkeys(world.unit_ids, 2 * KWH)
        monkeypatch.setattr(weigh, name, most)
        found = await charging.assignment_effect(session, estate_id=world.estate_id, order=order)
    assert found.change_micro is None
    assert len(found.since) == 2


async def test_many_registers_are_charged_again_by_a_job_and_until_then_as_before(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mita.charging.operations.rerate.AT_ONCE_MAX", 1)
    world = await new_world(database, meters=3)
    rows = [(f"M{meter}", MIDNIGHT + hour * HOUR, str(hour)) for meter in (1, 2, 3) for hour in range(3)]
    await world.charge(rows)
    await put_in_force(world, dearer("2026-03-10"))
    assert await world.balances() == [-2 * KWH] * 3
    # a reading in between, a late one, and another change of the same past
    await world.charge([("M1", MIDNIGHT + 3 * HOUR, "3"), ("M2", MIDNIGHT + 90 * HOUR / 60, "2")])
    assert await world.balances() == [-3 * KWH, -2 * KWH, -2 * KWH]
    await put_in_force(world, dearer("2026-03-09", price="6.00"))
    left = 9
    while left:
        async with world.unit_of_work() as session:
            left = await charging.rerate_due(session, estate_id=world.estate_id, limit=2, now=NOW)
        assert left in (0, 1)
    assert await world.balances() == [-3 * 2 * KWH, -2 * 2 * KWH, -2 * 2 * KWH]
    await world.charge([("M3", MIDNIGHT + 3 * HOUR, "3")])
    assert await world.balances() == [-3 * 2 * KWH, -2 * 2 * KWH, -3 * 2 * KWH]
    assert await world.verified()


async def test_a_time_without_a_table_gives_back_what_was_charged_for_it(database: Database):
    world = await new_world(database, rates=None)
    assign = Assigner(world)
    await assign(FLAT, effective_until=date(2026, 4, 1))
    await world.charge([("M1", MIDNIGHT - DAY, "0"), ("M1", MIDNIGHT, "1"), ("M1", MIDNIGHT + DAY, "3")])
    assert await world.balances() == [-3 * KWH]
    await assign(FLAT, effective_until=date(2026, 3, 10), is_correction=True, reason="it ended")
    assert await world.balances() == [-KWH]
    assert shown(await world.charge([("M1", MIDNIGHT + 2 * DAY, "4")], now=MIDNIGHT + 2 * DAY)) == ["held"]
    # a table for that time charges all that waited
    await put_in_force(world, dearer("2026-03-10"))
    assert await world.balances() == [-KWH - 3 * 2 * KWH]
    assert await world.verified()


@pytest.mark.parametrize(
    ("order", "error", "said"),
    [
        ({"effective_from": date(2025, 12, 31)}, Invalid, "holds from 2026-01-01 on"),
        ({"effective_until": date(2026, 1, 1)}, Invalid, "must be after 2026-01-01"),
        ({"scope": Scope.UNIT, "target_id": 999}, NotFound, "unit 999"),
        ({"scope": Scope.METER, "target_id": 999}, NotFound, "no meter 999"),
        ({"scope": Scope.REGISTER, "target_id": 999}, NotFound, "no register 999"),
    ],
)
async def test_what_cannot_be_assigned_is_refused_with_a_reason(
    database: Database, order: dict[str, object], error: type[Exception], said: str
):
    world = await new_world(database)
    await world.charge([("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "1")])
    with pytest.raises(error, match=said):
        await Assigner(world)(dearer("2026-01-01"), **order)
    assert await world.balances() == [-KWH]


async def test_another_utility_and_another_estate_are_left_alone(database: Database):
    world = await new_world(database)
    await world.charge([("M1", MIDNIGHT - HOUR, "0"), ("M1", MIDNIGHT + HOUR, "1")])
    await put_in_force(world, FLAT.replace("electricity", "water"))
    other = await new_world(database, name="Other estate")
    await put_in_force(other, dearer("2026-03-10"))
    assert await reratings(world) == []
    assert await world.balances() == [-KWH]
