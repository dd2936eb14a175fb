"""A broken register whose demand cannot be booked: staff is told, and everybody else is charged."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from mita.notifications import queries as notification_queries
from mita.notifications.domain import AlertKind, sentence
from mita.tariffs.domain import Scope
from tests.integration.charging.timed import DAY, HOUR, assign, booked, daily, entries, rates, run, sast
from tests.integration.world import World, new_world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.kit.db import Database
    from mita.notifications.models import Alert

RAND = 1_150_000  # 1.00 and 15 %
APRIL = sast(1, month=4)


def power(price: str) -> str:
    return f'name: Peak, kind: demand, interval_minutes: 30, unit: kVA, price: "{price}"'


async def alerts(world: World, *, is_open: bool) -> Sequence[Alert]:
    async with world.unit_of_work() as session:
        found = await notification_queries.alerts(
            session, estate_id=world.estate_id, person_id=None, is_open=is_open
        )
        return [each for each in found if each.kind == AlertKind.CHARGE_TOO_LARGE]


async def broken_world(database: Database, *charges: str) -> World:
    world = await new_world(
        database, meters=3, rates=rates(power("20000.00"), *charges), registers=("import", "apparent")
    )
    rows = [
        (f"M{number}/apparent", sast(1) + HOUR / 2 * half, value)
        for number, values in ((1, ("0", "3")), (2, ("0", "900000000")), (3, ("0", "5")))
        for half, value in enumerate(values)
    ]
    await world.charge(rows, now=sast(2))
    return world


async def test_the_rest_of_the_estate_is_charged(database: Database) -> None:
    world = await broken_world(database)
    await run(world, APRIL)
    # 6 and 10 kVA at 20,000; 1,800 million kVA would cost 36 million million
    assert await world.balances() == [-120_000 * RAND, 0, -200_000 * RAND]
    (alert,) = await alerts(world, is_open=True)
    assert alert.person_id is None
    assert alert.detail == {
        "unit": "U2",
        "utility": "electricity",
        "charge": "Peak",
        "since": "2026-03-01",
        "amount": "41400000000000.00",
        "currency": "ZAR",
        "measured": "1800000000.000000 kVA",
        "register": "apparent",
        "peak_at": datetime(2026, 2, 28, 22, tzinfo=UTC).isoformat(),
    }
    assert sentence(AlertKind.CHARGE_TOO_LARGE, detail=alert.detail) == (
        "electricity of U2: Peak of 2026-03-01 is too large to book:"
        " 41400000000000.00 ZAR for 1800000000.000000 kVA."
    )
    # it is told once, and nothing is booked later either
    await run(world, APRIL + DAY)
    await run(world, sast(1, month=5))
    assert [each.alert_id for each in await alerts(world, is_open=True)] == [alert.alert_id]
    assert (await world.balances())[1] == 0
    assert await world.verified()


async def test_it_is_booked_once_the_price_is_mended(database: Database) -> None:
    world = await broken_world(database, daily("1.00"))
    await run(world, APRIL)
    assert await world.balances() == [(-120_000 - 32) * RAND, -32 * RAND, (-200_000 - 32) * RAND]
    await assign(
        world,
        rates(power("0.00001"), daily("1.00"), name="Mended"),
        now=APRIL + HOUR,
        scope=Scope.UNIT,
        target_id=world.unit_ids[1],
        reason="the register is broken",
    )
    await run(world, APRIL + HOUR)
    # 1,800 million at a thousandth of a cent
    assert (await world.balances())[1] == (-18_000 - 32) * RAND
    assert await alerts(world, is_open=True) == []
    assert [each.resolved_at for each in await alerts(world, is_open=False)] == [APRIL + HOUR]
    assert await run(world, APRIL + HOUR) == 0
    assert await world.verified()


async def test_a_gap_of_decades_is_no_burden(database: Database) -> None:
    minutely = power("1.00").replace("interval_minutes: 30", "interval_minutes: 1")
    world = await new_world(database, rates=rates(minutely), registers=("import", "apparent"))
    # a clock that was not set: 14 years before, 122,712 hours of 3 kVA
    rows = [("M1/apparent", sast(1, month=3, year=2012), "0"), ("M1/apparent", sast(1), "368136")]
    await world.charge(rows, now=sast(2))
    await run(world, APRIL)
    # January and February, since the table began
    assert await booked(world) == [
        ("Peak", date(2026, 1, 1), 0, 3 * RAND),
        ("Peak", date(2026, 2, 1), 0, 3 * RAND),
    ]


async def test_what_was_booked_stays_until_the_register_is_mended(database: Database) -> None:
    world = await new_world(database, rates=rates(power("20000.00")), registers=("import", "apparent"))
    await world.charge([("M1/apparent", sast(1), "0"), ("M1/apparent", sast(1, 1), "3")], now=sast(2))
    await run(world, APRIL)
    assert await world.balances() == [-60_000 * RAND]
    # a late reading of March that is no reading
    await world.charge([("M1/apparent", sast(2), "900000000")], now=APRIL + DAY)
    await run(world, APRIL + DAY)
    assert await world.balances() == [-60_000 * RAND]
    assert len(await alerts(world, is_open=True)) == 1
    assert len(await booked(world)) == len(await entries(world)) == 1
