"""Standing charges fall due at local midnights, once each, whenever a worker looks."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mita.charging import operations as charging
from mita.ledger.domain import EntryKind
from mita.ledger.operations import StaleHeads
from mita.tariffs.domain import Scope
from tests.integration.charging.timed import (
    DAY,
    ENERGY,
    HOUR,
    assign,
    booked,
    daily,
    entries,
    monthly,
    on_account,
    rates,
    run,
    sast,
)
from tests.integration.world import World, new_world

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

PER_DAY = 3_726_000  # 3.24 and 15 %
STANDING = int(EntryKind.STANDING_CHARGE)


async def test_each_day_is_an_entry_at_its_midnight_also_after_days_of_downtime(database: Database):
    world = await new_world(database, rates=rates(ENERGY, daily("3.24")))
    await world.charge([("M1", sast(2, 9), "0")], now=sast(2, 9))
    for day in range(2, 12):
        await run(world, sast(day, 9))
        await run(world, sast(day, 21))
    assert await world.balances() == [-10 * PER_DAY]
    await run(world, sast(16, 1))  # nobody looked for five days
    assert await entries(world) == [(STANDING, -PER_DAY, sast(day)) for day in range(2, 17)]
    assert await on_account(world, "income:electricity") == 15 * 3_240_000
    assert await on_account(world, "tax") == 15 * 486_000
    assert await world.verified()


async def test_a_minute_before_midnight_nothing_is_due(database: Database):
    world = await new_world(database, rates=rates(ENERGY, daily("3.24")))
    await world.charge([("M1", sast(2, 9), "0")], now=sast(2, 9))
    await run(world, sast(2, 9))
    assert await run(world, sast(3) - timedelta(seconds=1)) == 0
    assert await world.balances() == [-PER_DAY]
    assert await run(world, sast(3)) == 1
    assert await world.balances() == [-2 * PER_DAY]


@pytest.mark.parametrize(
    ("first", "midnights"),
    [
        # the day of 29 March 2026 has 23 hours, that of 25 October 25
        (
            datetime(2026, 3, 28, 9, tzinfo=UTC),
            [datetime(2026, 3, day, tzinfo=UTC) for day in (28, 29)]
            + [datetime(2026, 3, day, 23, tzinfo=UTC) for day in (29, 30)],
        ),
        (
            datetime(2026, 10, 24, 9, tzinfo=UTC),
            [datetime(2026, 10, day, 23, tzinfo=UTC) for day in (23, 24)]
            + [datetime(2026, 10, day, tzinfo=UTC) for day in (26, 27)],
        ),
    ],
)
async def test_a_clock_change_neither_loses_nor_repeats_a_day(
    database: Database, first: datetime, midnights: list[datetime]
):
    world = await new_world(
        database,
        rates=rates(ENERGY, daily("3.24")).replace("ZAR", "GBP"),
        time_zone="Europe/London",
        currency="GBP",
    )
    await world.charge([("M1", first, "0")], now=first)
    now = first
    while now < midnights[-1] + HOUR:
        await run(world, now)
        now += timedelta(minutes=30)
    assert [event_at for _, _, event_at in await entries(world)] == midnights
    assert [day for _, day, _, _ in await booked(world)] == [
        (midnights[1] + HOUR).date() + offset * DAY for offset in (-1, 0, 1, 2)
    ]


async def test_a_month_begins_with_the_first_reading_and_then_with_the_month(database: Database):
    world = await new_world(database, rates=rates(ENERGY, monthly("31.00")))
    await run(world, sast(9))
    assert await booked(world) == []
    await world.charge([("M1", sast(10, 9), "0")], now=sast(10, 9))
    await run(world, sast(10, 9))
    await run(world, sast(31, 23))
    # 22 of 31 days, 15 %
    assert await entries(world) == [(STANDING, -25_300_000, sast(10))]
    await run(world, sast(1, month=4))
    assert await entries(world) == [
        (STANDING, -25_300_000, sast(10)),
        (STANDING, -35_650_000, sast(1, month=4)),
    ]


async def test_an_earlier_first_reading_makes_earlier_days_due(database: Database):
    world = await new_world(database, rates=rates(ENERGY, daily("3.24"), monthly("31.00")))
    await world.charge([("M1", sast(10, 9), "5")], now=sast(10, 9))
    await run(world, sast(10, 9))
    assert await world.balances() == [-PER_DAY - 25_300_000]
    await world.charge([("M1", sast(8, 9), "4")], now=sast(10, 10))
    await run(world, sast(10, 11))
    # 24 of 31 days: a new item of the part that begins on the 8th; that of the 10th is given back
    assert await world.balances() == [-3 * PER_DAY - 27_600_000 - 2_300_000]
    assert await world.verified()


async def test_a_table_that_takes_over_in_mid_month_cuts_what_was_booked_for_all_of_it(database: Database):
    world = await new_world(database, rates=rates(ENERGY, monthly("31.00")))
    await world.charge([("M1", sast(1), "0")], now=sast(1, 1))
    await run(world, sast(2))
    assert await world.balances() == [-35_650_000]
    # known since the 5th, in force from the 16th
    await assign(world, rates(ENERGY, monthly("62.00"), first="2026-03-16", name="Dear"), now=sast(5))
    await run(world, sast(5))
    assert await world.balances() == [-17_250_000]  # 15 days
    await run(world, sast(16))
    assert await booked(world) == [
        ("Line", date(2026, 3, 1), 0, 35_650_000),
        ("Line", date(2026, 3, 1), 35_650_000, 17_250_000),
        ("Line", date(2026, 3, 16), 0, 36_800_000),  # 16 of 31 days of 62.00
    ]
    assert [kind for kind, _, _ in await entries(world)] == [
        STANDING,
        int(EntryKind.CORRECTION),
        STANDING,
    ]
    assert await world.verified()


async def test_a_corrected_table_of_the_past_books_only_the_difference(database: Database):
    world = await new_world(database, rates=rates(ENERGY, daily("3.24"), daily("1.00", name="Meter")))
    await world.charge([("M1", sast(1), "0")], now=sast(1, 1))
    await run(world, sast(3, 1))
    corrected = rates(ENERGY, daily("3.24"), daily("0.50", name="Meter"), name="Right")
    await assign(world, corrected, is_correction=True, reason="a slip", now=sast(3, 2))
    await run(world, sast(3, 3))
    assert (await booked(world))[6:] == [
        ("Meter", date(2026, 3, day), 1_150_000, 575_000) for day in (1, 2, 3)
    ]
    assert await world.balances() == [-3 * (PER_DAY + 575_000)]
    # without the charge at all: what was booked is given back
    await assign(world, rates(ENERGY, daily("3.24"), name="Less"), is_correction=True, now=sast(3, 4))
    await run(world, sast(3, 5))
    assert await world.balances() == [-3 * PER_DAY]
    assert (await booked(world))[9:] == [("Meter", date(2026, 3, day), 575_000, 0) for day in (1, 2, 3)]
    assert await run(world, sast(3, 6)) == 0
    assert await world.verified()


async def test_two_workers_at_once_book_a_day_once(database: Database):
    world = await new_world(database, meters=3, rates=rates(ENERGY, daily("3.24")))
    await world.charge([(f"M{meter}", sast(1), "0") for meter in (1, 2, 3)], now=sast(1, 1))

    async def work() -> None:
        for _ in range(20):
            try:
                await run(world, sast(5, 1), limit=1)
            except StaleHeads:
                continue
            return

    await asyncio.gather(work(), work(), work())
    assert await world.balances() == [-5 * PER_DAY] * 3
    assert await world.verified()


async def test_days_of_tax_inclusive_prices_add_up_to_the_month(database: Database):
    world = await new_world(database, rates=rates(ENERGY, daily("0.99"), prices="inclusive"))
    await world.charge([("M1", sast(1), "0")], now=sast(1, 1))
    for day in range(1, 32):
        await run(world, sast(day, 1))
    # 31 * 0.99 = 30.69; without 15 %: 26.686957 (26.68695652…)
    assert await world.balances() == [-30_690_000]
    assert await on_account(world, "income:electricity") == 26_686_957
    assert await on_account(world, "tax") == 4_003_043


async def test_two_estates_in_different_zones_at_the_same_moment(database: Database):
    north = await new_world(database, rates=rates(ENERGY, daily("3.24")))
    far = await new_world(
        database, rates=rates(ENERGY, daily("3.24")), time_zone="Pacific/Auckland", name="Far"
    )
    now = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)  # the 11th in Auckland since half an hour
    for world in (north, far):
        await world.charge([("M1", now - HOUR, "0")], now=now)
        await run(world, now)
    assert [day for _, day, _, _ in await booked(north)] == [date(2026, 3, 10)]
    assert [day for _, day, _, _ in await booked(far)] == [date(2026, 3, 10), date(2026, 3, 11)]


async def test_a_meter_with_a_table_of_its_own_owes_its_standing_charge_in_addition(database: Database):
    world = await new_world(database, meters=2, rates=rates(ENERGY, daily("3.24")))
    await world.charge([("M1", sast(1), "0"), ("M2", sast(1), "0")], now=sast(1, 1))
    own = rates(ENERGY, daily("1.00"), name="Own")
    await assign(
        world,
        own,
        scope=Scope.METER,
        target_id=world.meter_ids[0],
        effective_from=date(2026, 3, 2),
        effective_until=date(2026, 3, 4),
    )
    # one for the unit's own days: it takes the place of the estate's
    await assign(
        world,
        rates(ENERGY, daily("2.00"), name="Unit"),
        scope=Scope.UNIT,
        target_id=world.unit_ids[1],
        effective_from=date(2026, 3, 3),
    )
    await run(world, sast(4, 1))
    assert await world.balances() == [-4 * PER_DAY - 2 * 1_150_000, -2 * PER_DAY - 2 * 2_300_000]
    assert await world.verified()


async def test_another_role_pays_into_its_own_account(database: Database):
    world = await new_world(database, rates=rates(ENERGY, daily("3.24")))
    await assign(world, rates('name: Grid, kind: fixed, per: day, price: "1.00"', name="Net"), role="network")
    await world.charge([("M1", sast(1), "0")], now=sast(1, 1))
    await run(world, sast(2, 1))
    assert await world.balances() == [-2 * PER_DAY - 2 * 1_150_000]
    assert await on_account(world, "income:electricity:network") == 2_000_000
    assert await world.verified()


async def test_a_day_that_begins_while_the_supply_is_off_is_not_due_where_the_table_says_so(
    database: Database,
):
    world = await new_world(
        database, rates=rates(ENERGY, daily("3.24"), daily("1.00", name="Use", more=", while_off: false"))
    )
    await world.charge([("M1", sast(1), "0")], now=sast(1, 1))

    async def sight(
        session: AsyncSession, /, *, estate_id: int, unit_ids: list[int]
    ) -> Mapping[tuple[int, str], list[tuple[datetime, datetime | None]]]:
        assert (estate_id, unit_ids) == (world.estate_id, world.unit_ids)
        # off when the 2nd begins, on again when the 3rd does
        return {(world.unit_ids[0], "electricity"): [(sast(1, 23), sast(3))]}

    await run(world, sast(4, 1), sight=sight)
    assert await world.balances() == [-4 * PER_DAY - 3 * 1_150_000]
    used = [day for name, day, _, _ in await booked(world) if name == "Use"]
    assert used == [date(2026, 3, 1), date(2026, 3, 3), date(2026, 3, 4)]


async def test_a_reversed_standing_charge_gives_back_net_and_tax_and_stays_given_back(
    database: Database, admin: psycopg.Connection
):
    world = await new_world(database, rates=rates(ENERGY, daily("0.99"), prices="inclusive"))
    await world.charge([("M1", sast(1), "0")], now=sast(1, 1))
    await run(world, sast(3, 1))
    before = [await on_account(world, code) for code in ("income:electricity", "tax")]
    (account_id, seq, net, tax) = admin.execute(
        "SELECT account_id, seq, new_net_micro, new_tax_micro FROM timed_charge"
        " WHERE first_day = '2026-03-02'"
    ).fetchone()
    async with world.unit_of_work() as session:
        await charging.reverse(
            session,
            estate_id=world.estate_id,
            account_id=account_id,
            seq=seq,
            reason="moved out",
            actor="staff:ann",
            now=sast(3, 2),
        )
    assert net + tax == 990_000
    after = [await on_account(world, code) for code in ("income:electricity", "tax")]
    assert [was - now for was, now in zip(before, after, strict=True)] == [net, tax]
    await run(world, sast(3, 3))
    assert await world.balances() == [-2 * 990_000]
    assert await world.verified()


async def test_nothing_is_looked_at_until_something_falls_due(database: Database):
    world = await new_world(database, meters=3, rates=rates(ENERGY, monthly("31.00")))
    await world.charge([("M1", sast(1), "0"), ("M2", sast(1), "0")], now=sast(1, 1))
    # the third was never read
    assert await run(world, sast(1, 1)) == 3
    assert await run(world, sast(31, 23)) == 0
    await world.charge([("M1", sast(2), "1")], now=sast(31, 23))
    assert await run(world, sast(31, 23)) == 0
    assert await run(world, sast(1, month=4)) == 2
    assert await world.balances() == [-2 * 35_650_000 - 2_300_000, -2 * 35_650_000, 0]


async def test_an_estate_without_timed_charges_is_left_in_peace(database: Database):
    world = await new_world(database, meters=2)
    await world.charge([("M1", sast(1), "0"), ("M2", sast(1), "0")], now=sast(1, 1))
    assert await run(world, sast(1, 1)) == 2
    assert await run(world, sast(1, month=8)) == 0
    assert isinstance(world, World)
