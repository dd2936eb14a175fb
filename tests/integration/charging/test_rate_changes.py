"""A rate table changes the future: it may price what waited, never slip under what was charged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mita.metering.domain import ReadingClass
from mita.tariffs import queries as tariff_queries
from mita.tariffs.operations import PastAlreadyCharged
from tests.integration.world import FLAT, new_world, put_in_force

if TYPE_CHECKING:
    from mita.kit.db import Database

# local midnight of 10 March 2026 in Johannesburg
MIDNIGHT = datetime(2026, 3, 9, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def dearer(date: str, *, price: str = "4.00") -> str:
    return FLAT.replace("2026-01-01", date).replace('"2.00"', f'"{price}"').replace("Flat", f"From {date}")


async def dates(world) -> list[str]:
    async with world.unit_of_work() as session:
        found = await tariff_queries.dates_in_force(session, estate_id=world.estate_id, utility="electricity")
    return [date.isoformat() for date in found]


def shown(outcome) -> list[str]:
    return [ReadingClass(number).shown for number in outcome.class_.tolist()]


async def test_a_table_that_reaches_into_charged_consumption_is_refused_and_changes_nothing(
    database: Database,
):
    world = await new_world(database, meters=2)
    await world.charge([("M1", MIDNIGHT - HOUR, "0"), ("M1", MIDNIGHT + timedelta(seconds=1), "1")])
    with pytest.raises(PastAlreadyCharged, match=r"meter M1 was charged up to 2026-03-10T00:00:01\+02:00"):
        await put_in_force(world, dearer("2026-03-10"))
    assert PastAlreadyCharged.code == "rate_table_reaches_charged_past"
    assert PastAlreadyCharged.status == 409
    assert await dates(world) == ["2026-01-01"]
    await world.charge([("M1", MIDNIGHT + HOUR, "2")])
    assert await world.balances() == [-2 * 2_300_000, 0]


async def test_a_reading_at_the_midnight_itself_belongs_to_the_day_before(database: Database):
    world = await new_world(database)
    await world.charge([("M1", MIDNIGHT - HOUR, "0"), ("M1", MIDNIGHT, "1")])
    await put_in_force(world, dearer("2026-03-10"))
    await world.charge([("M1", MIDNIGHT + HOUR, "2")])
    assert await world.balances() == [-2_300_000 - 4_600_000]
    assert await world.verified()


async def test_readings_that_cost_nothing_are_no_hindrance(database: Database):
    world = await new_world(database)
    await world.charge(
        [
            ("M1", MIDNIGHT - HOUR, "5"),
            ("M1", MIDNIGHT + HOUR, "5"),
            ("M1", MIDNIGHT + 3 * HOUR, "4"),
        ]
    )
    # late, but without a rise
    assert shown(await world.charge([("M1", MIDNIGHT + 2 * HOUR, "5")])) == ["late"]
    await put_in_force(world, dearer("2026-03-10"))
    await world.charge([("M1", MIDNIGHT + 4 * HOUR, "6")])
    assert await world.balances() == [-4_600_000]


async def test_a_late_reading_with_a_rise_is_a_hindrance(database: Database):
    world = await new_world(database)
    await world.charge([("M1", MIDNIGHT - HOUR, "5"), ("M1", MIDNIGHT + 3 * HOUR, "4")])
    assert shown(await world.charge([("M1", MIDNIGHT + 2 * HOUR, "6")])) == ["late"]
    with pytest.raises(PastAlreadyCharged):
        await put_in_force(world, dearer("2026-03-10"))


async def test_another_utility_and_another_estate_are_no_hindrance(database: Database):
    world = await new_world(database)
    await world.charge([("M1", MIDNIGHT - HOUR, "0"), ("M1", MIDNIGHT + HOUR, "1")])
    await put_in_force(world, FLAT.replace("electricity", "water"))
    await put_in_force(world, dearer("2026-03-10").replace("electricity", "water"))
    other = await new_world(database, name="Other estate")
    await put_in_force(other, dearer("2026-03-10"))


async def test_a_consumption_that_another_table_declined_to_price_was_judged_too(database: Database):
    world = await new_world(database, registers=("import", "export"))
    await world.charge([("M1/export", MIDNIGHT - HOUR, "0"), ("M1/export", MIDNIGHT + HOUR, "1")])
    with pytest.raises(PastAlreadyCharged):
        await put_in_force(world, dearer("2026-03-10").replace("usage,", "usage, register: export,"))


async def test_an_earlier_table_prices_what_waited_although_later_consumption_is_charged(database: Database):
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
    assert await world.balances() == [-4_600_000, -7 * 4_600_000]
    await put_in_force(world, FLAT)
    # one at 2.00, one at 2.00, one at 4.00, one at 4.00, and 15 % on all
    assert await world.balances() == [-2 * 2_300_000 - 2 * 4_600_000, -7 * 4_600_000]
    assert await dates(world) == ["2026-01-01", "2026-03-10"]
    assert await world.verified()


async def test_a_table_between_two_others_is_refused_only_for_what_lies_in_its_time(database: Database):
    world = await new_world(database, meters=2)
    await put_in_force(world, dearer("2026-03-20"))
    later = MIDNIGHT + timedelta(days=10)  # local midnight of 20 March
    await world.charge(
        [
            ("M1", MIDNIGHT - HOUR, "0"),
            ("M1", MIDNIGHT, "1"),
            ("M2", later, "0"),
            ("M2", later + HOUR, "1"),
        ],
        now=later + timedelta(days=2),
    )
    await put_in_force(world, dearer("2026-03-10", price="3.00"))
    # an interval that ends under the last table but began under the one before it
    await world.charge([("M1", later + HOUR, "242")], now=later + timedelta(days=2))
    with pytest.raises(PastAlreadyCharged):
        await put_in_force(world, dearer("2026-03-12", price="9.00"))
    # 240 hours at 3.00, one at 4.00
    assert await world.balances() == [-2_300_000 - 240 * 3_450_000 - 4_600_000, -4_600_000]


async def test_the_first_table_of_a_utility_may_be_as_old_as_it_likes(database: Database):
    world = await new_world(database, rates=None)
    await world.charge([("M1", MIDNIGHT - HOUR, "0"), ("M1", MIDNIGHT + HOUR, "2")])
    # held as a whole, and a late reading without a rise among what waits
    assert shown(await world.charge([("M1", MIDNIGHT, "0")])) == ["late"]
    await put_in_force(world, dearer("2026-03-10"))
    assert await world.balances() == [-2 * 4_600_000]
    assert await world.verified()
