"""Demand charges and minimum bills: booked when their part ends, corrected when more of it is known."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.charging import jobs
from mita.charging import operations as charging
from mita.charging.domain.cadence import Cadence
from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.ledger.domain import EntryKind
from mita.metering import operations as metering
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
    rates,
    run,
    sast,
)
from tests.integration.world import new_world

if TYPE_CHECKING:
    import pytest

    from mita.kit.db import Database

KWH = 2_300_000  # 2.00 and 15 %
RAND = 1_150_000  # 1.00 and 15 %
DEMAND = 'name: Peak, kind: demand, interval_minutes: 30, unit: kW, price: "10.00"'
MINIMUM = 'name: Least, kind: minimum, per: month, price: "100.00"'
CREDIT = 'name: Feed-in, kind: usage, register: export, price: "1.00"'
APRIL = sast(1, month=4)


async def test_demand_is_booked_at_the_end_and_again_when_a_late_reading_raises_the_peak(database: Database):
    world = await new_world(database, rates=rates(ENERGY, DEMAND))
    rows = [
        ("M1", sast(1), "0"),
        ("M1", sast(1) + HOUR / 2, "1"),
        ("M1", sast(1) + HOUR, "4"),  # 3 kWh in half an hour: 6 kW
        ("M1", sast(2, 10), "4"),
        ("M1", sast(2, 12), "16"),  # 12 kWh in two hours: 6 kW
        ("M1", APRIL, "16"),
    ]
    await world.charge(rows, now=APRIL)
    await run(world, APRIL - timedelta(seconds=1))
    assert await world.balances() == [-16 * KWH]
    await run(world, APRIL)
    assert await world.balances() == [-16 * KWH - 60 * RAND]
    # 10 of the 12 kWh were used after 11:00, 5 in each half hour
    await world.charge([("M1", sast(2, 11), "6")], now=APRIL + DAY)
    await run(world, APRIL + DAY)
    assert await world.balances() == [-16 * KWH - 100 * RAND]
    assert await booked(world) == [
        ("Peak", date(2026, 3, 1), 0, 60 * RAND),
        ("Peak", date(2026, 3, 1), 60 * RAND, 100 * RAND),
    ]
    assert [(kind, at) for kind, _, at in (await entries(world))[-2:]] == [
        (EntryKind.DEMAND, APRIL),
        (EntryKind.CORRECTION, APRIL),
    ]
    async with world.unit_of_work() as session:
        row = (
            await session.execute(
                text(
                    "SELECT quantity_micro, price_micro, register, unit, peak_at FROM timed_charge"
                    " ORDER BY timed_charge_id DESC LIMIT 1"
                )
            )
        ).one()
    assert tuple(row) == (10_000_000, 10_000_000, "import", "kW", sast(2, 11))
    assert await run(world, APRIL + DAY) == 0
    assert await world.verified()


async def test_the_minimum_takes_what_is_missing_and_gives_back_what_comes_late(database: Database):
    world = await new_world(database, rates=rates(ENERGY, MINIMUM))
    await world.charge([("M1", sast(1), "0"), ("M1", sast(25), "10")], now=sast(25))
    await run(world, APRIL)
    assert await world.balances() == [-100 * RAND]
    assert [kind for kind, _, _ in await entries(world)] == [EntryKind.CHARGE, EntryKind.MINIMUM]
    # the meter was silent over the end of March: 7 of its 14 kWh are March's
    await world.charge([("M1", sast(8, month=4), "24")], now=sast(8, 1, month=4))
    await run(world, sast(8, 1, month=4))
    assert await world.balances() == [-100 * RAND - 7 * KWH]
    # all of the 14 were March's
    await world.charge([("M1", APRIL, "24")], now=sast(9, month=4))
    await run(world, sast(9, month=4))
    assert await world.balances() == [-100 * RAND]
    assert (await booked(world))[-1] == ("Least", date(2026, 3, 1), 66 * RAND, 52 * RAND)
    assert await run(world, sast(9, month=4)) == 0
    assert await world.verified()


async def test_a_late_reading_in_april_moves_what_was_used_in_march(database: Database):
    world = await new_world(database, rates=rates(ENERGY, MINIMUM))
    rows = [("M1", sast(1), "0"), ("M1", sast(25), "10"), ("M1", sast(8, month=4), "24")]
    await world.charge(rows, now=sast(8, month=4))
    await run(world, sast(8, month=4))
    assert await booked(world) == [("Least", date(2026, 3, 1), 0, 66 * RAND)]
    # the 14 kWh were used in ten days and not in fourteen, 9.8 of them in March
    await world.charge([("M1", sast(4, month=4), "24")], now=sast(8, 1, month=4))
    await run(world, sast(8, 1, month=4))
    assert (await booked(world))[1:] == [("Least", date(2026, 3, 1), 66 * RAND, 60_400_000 * 115 // 100)]
    assert await world.verified()


async def test_usage_above_the_minimum_owes_nothing_more(database: Database):
    world = await new_world(database, rates=rates(ENERGY, monthly("10.00"), MINIMUM))
    await world.charge([("M1", sast(1), "0"), ("M1", APRIL, "45")], now=APRIL)
    await run(world, APRIL)
    assert await world.balances() == [-45 * KWH - 10 * RAND - 10 * RAND]  # April's line too
    await assign(
        world,
        rates(ENERGY, monthly("10.00"), MINIMUM.replace("100", "120"), name="More"),
        is_correction=True,
        reason="a slip",
    )
    await run(world, APRIL)
    assert await world.balances() == [-120 * RAND - 10 * RAND]
    assert await world.verified()


async def test_the_minimum_counts_every_register_and_credits(database: Database):
    world = await new_world(
        database, rates=rates(ENERGY, CREDIT, daily("0.50"), MINIMUM), registers=("import", "export")
    )
    rows = [
        ("M1", sast(1), "0"),
        ("M1", APRIL, "40"),
        ("M1/export", sast(1), "0"),
        ("M1/export", APRIL, "5.5"),
    ]
    await world.charge(rows, now=APRIL)
    await run(world, APRIL - timedelta(seconds=1))
    await run(world, APRIL)
    # 80 - 5.50 + 15.50 = 90: 10 are missing; and the first day of April
    assert [each for each in await booked(world) if each[1] >= date(2026, 3, 31) or each[0] == "Least"] == [
        ("Service", date(2026, 3, 31), 0, RAND // 2),
        ("Least", date(2026, 3, 1), 0, 10 * RAND),
        ("Service", date(2026, 4, 1), 0, RAND // 2),
    ]
    assert await world.balances() == [-100 * RAND - RAND // 2]
    assert await world.verified()


async def test_a_meter_with_its_own_table_has_a_minimum_of_its_own(database: Database):
    world = await new_world(database, meters=1, rates=rates(ENERGY, MINIMUM))
    async with world.unit_of_work() as session:
        new = metering.NewMeter(world.unit_ids[0], "M2", "electricity", device=f"second-{world.estate_id}")
        (second,) = await metering.install_meters(
            session, estate_id=world.estate_id, meters=[new], now=sast(1)
        )
    cheap = rates('name: Energy, kind: usage, price: "1.00"', MINIMUM.replace("100", "30"), name="Geyser")
    await assign(world, cheap, scope=Scope.METER, target_id=second, now=sast(1))
    rows = [("M1", sast(1), "0"), ("M1", APRIL, "40"), ("M2", sast(1), "0"), ("M2", APRIL, "10")]
    await world.charge(rows, now=APRIL)
    await run(world, APRIL)
    # 80 of 100, 10 of 30
    assert sorted(each[3] for each in await booked(world)) == [20 * RAND, 20 * RAND]
    assert await world.balances() == [-100 * RAND - 30 * RAND]
    assert await world.verified()


async def test_the_peak_of_a_unit_is_that_of_its_meters_together(database: Database):
    world = await new_world(database, rates=rates(ENERGY, DEMAND))
    async with world.unit_of_work() as session:
        new = metering.NewMeter(world.unit_ids[0], "M2", "electricity", device=f"second-{world.estate_id}")
        await metering.install_meters(session, estate_id=world.estate_id, meters=[new], now=sast(1))
    rows = [
        (meter, sast(1, hour), value)
        for meter, values in (("M1", "0 3 3"), ("M2", "0 1 4"))
        for hour, value in enumerate(values.split())
    ]
    await world.charge(rows, now=sast(2))
    await run(world, APRIL)
    # 3 + 1 kW in the first hour, 0 + 3 in the second
    assert await booked(world) == [("Peak", date(2026, 3, 1), 0, 40 * RAND)]


async def test_consumption_without_a_price_counts_when_it_has_one(database: Database):
    world = await new_world(database, rates=None)
    until = {"effective_until": date(2026, 3, 11)}
    await assign(world, rates(ENERGY, MINIMUM), **until)
    await world.charge([("M1", sast(1), "0"), ("M1", sast(9), "10"), ("M1", sast(13), "30")], now=sast(13))
    await run(world, sast(13))
    # 10 of 31 days: 32.258065; the 20 kWh touch a time without a price
    least = 32_258_065
    assert (await booked(world))[0][3] == least - 20_000_000 + ((least - 20_000_000) * 15 + 50) // 100
    await assign(world, rates(ENERGY, MINIMUM, name="Open"), is_correction=True, reason="it goes on")
    await run(world, sast(13))
    assert await world.balances() == [-30 * KWH]
    assert (await booked(world))[-1][3] == 0
    await run(world, APRIL)
    assert await world.balances() == [-100 * RAND]
    assert await world.verified()


async def test_a_new_table_in_mid_month_ends_the_part_of_a_minimum(database: Database):
    world = await new_world(database, rates=rates(ENERGY, MINIMUM))
    await world.charge([("M1", sast(1), "0"), ("M1", sast(16), "0"), ("M1", APRIL, "50")], now=APRIL)
    await run(world, APRIL)
    assert await world.balances() == [-50 * KWH]
    await assign(
        world,
        rates(ENERGY, MINIMUM.replace("100.00", "155.00"), name="New", first="2026-03-16"),
        now=APRIL,
    )
    await run(world, APRIL)
    # 15 days of 100: 48.387097; 16 days of 155: 80, and 100 were used
    assert (await booked(world))[-1] == ("Least", date(2026, 3, 1), 0, 48_387_097 + 7_258_065)
    assert await world.balances() == [-50 * KWH - 55_645_162]


async def test_a_standing_charge_may_cut_the_supply_and_no_day_begins_while_it_is_off(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    world = await new_world(database, rates=rates(ENERGY, daily("3.00", more=", while_off: false")))
    cutting = Rule("electricity", is_cutting=True, low_micro=0, cut_micro=0, restore_micro=0)
    await world.top_up("5.00", key="k1", now=sast(1, 8))
    await world.set_rule(cutting, now=sast(1, 8))
    await world.charge([("M1", sast(1, 9), "0")], now=sast(1, 9))
    context = SimpleNamespace(
        additional_context={"database": database, jobs.SUPPLY_SIGHT: credit_queries.off_spans}
    )

    async def work(now: datetime) -> list[str]:
        monkeypatch.setattr(jobs, "now_utc", lambda: now)
        await jobs.post_timed_charges(context, 0)
        async with world.unit_of_work() as session:
            found = await credit_queries.commands(session, estate_id=world.estate_id, states=["asked"])
            for command in found:
                await credit.record_command_state(
                    session,
                    estate_id=world.estate_id,
                    command_id=command.command_id,
                    state="confirmed",
                    now=now,
                )
            return [command.action for command in found]

    assert await work(sast(1, 9)) == []
    assert await work(sast(2, 1)) == ["off"]  # 5.00 - 2 * 3.45
    assert await work(sast(4, 1)) == []
    assert await world.balances() == [5_000_000 - 2 * 3_450_000]
    await world.top_up("10.00", key="k2", now=sast(4, 8))
    assert await work(sast(4, 9)) == ["on"]
    assert await work(sast(5, 1)) == []
    assert await world.balances() == [15_000_000 - 3 * 3_450_000]
    assert [day for _, day, _, _ in await booked(world)] == [date(2026, 3, day) for day in (1, 2, 5)]
    assert await world.verified()


async def test_an_estate_that_posts_daily_books_standing_charges_at_once(database: Database):
    world = await new_world(database, rates=rates(ENERGY, daily("3.24")))
    async with world.unit_of_work() as session:
        await charging.set_cadence(session, estate_id=world.estate_id, cadence=Cadence.DAILY, now=sast(1))
    await world.charge([("M1", sast(1), "0"), ("M1", sast(1, 5), "1")], now=sast(1, 6))
    await run(world, sast(1, 6))
    assert await world.balances() == [-KWH - 3_726_000]
    assert [kind for kind, _, _ in await entries(world)] == [EntryKind.STANDING_CHARGE]
    assert await world.verified()
