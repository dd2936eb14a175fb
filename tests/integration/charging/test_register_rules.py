"""What becomes of a reading: every one ends in exactly one class, with its reason."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from mita.charging.operations import accept_held_reading
from mita.metering import queries as metering_queries
from mita.metering.domain import Limits, ReadingBatch, ReadingClass
from tests.integration.world import FLAT, NOW, at, batch, new_world, put_in_force

if TYPE_CHECKING:
    from mita.kit.db import Database

RAND = 1_000_000


def shown(outcome) -> list[str]:
    return [ReadingClass(number).shown for number in outcome.class_.tolist()]


async def test_the_first_opens_and_rises_are_charged_with_tax(database: Database):
    world = await new_world(database)
    outcome = await world.charge([("M1", at(0), "100"), ("M1", at(1), "110"), ("M1", at(2), "110")])
    assert shown(outcome) == ["first", "charged", "unchanged"]
    assert (outcome.net_micro, outcome.tax_micro) == (20 * RAND, 3 * RAND)
    assert await world.balances() == [-23 * RAND]
    assert await world.verified()


async def test_charges_go_on_from_where_another_worker_left_them(database: Database):
    world = await new_world(database)
    await world.charge([("M1", at(0), "100"), ("M1", at(1), "101")])
    other = type(world)(database, world.estate_id, world.unit_ids, world.meter_ids)
    await other.charge([("M1", at(2), "102")])
    await world.charge([("M1", at(3), "104")])
    assert await world.balances() == [-4 * 2_300_000]
    assert await world.verified()


async def test_repeats_inside_a_batch_and_across_batches(database: Database):
    world = await new_world(database)
    first = await world.charge(
        [("M1", at(0), "1"), ("M1", at(1), "2"), ("M1", at(1), "2"), ("M1", at(1), "3")]
    )
    assert shown(first) == ["first", "charged", "duplicate", "conflict"]
    again = await world.charge(
        [("M1", at(0), "1"), ("M1", at(1), "9"), ("M1", at(2), "3"), ("M1", at(2), "3")]
    )
    assert shown(again) == ["duplicate", "conflict", "charged", "duplicate"]
    assert await world.balances() == [-2 * 2_300_000]
    async with world.unit_of_work() as session:
        conflicts = await metering_queries.repeats(
            session, estate_id=world.estate_id, class_=ReadingClass.CONFLICT
        )
        duplicates = await metering_queries.repeats(
            session, estate_id=world.estate_id, class_=ReadingClass.DUPLICATE
        )
    assert sorted(row[0].value_micro for row in conflicts) == [3 * RAND, 9 * RAND]
    assert sum(row[0].times for row in duplicates) == 3


async def test_backwards_is_stored_never_credited_and_does_not_move_the_line(database: Database):
    world = await new_world(database)
    outcome = await world.charge(
        [
            ("M1", at(0), "10"),
            ("M1", at(1), "20"),
            ("M1", at(2), "15"),
            ("M1", at(3), "18"),
            ("M1", at(4), "21"),
        ]
    )
    assert shown(outcome) == ["first", "charged", "backwards", "backwards", "charged"]
    assert outcome.quantity_micro["electricity", "import"] == 11 * RAND
    assert "below the highest" in outcome.reading(2)[1]


async def test_an_implausible_rise_is_held_until_a_person_accepts_it(database: Database):
    world = await new_world(database, limits=Limits(5 * RAND, 250_000))
    outcome = await world.charge(
        [
            ("M1", at(0), "0"),
            ("M1", at(1), "5.25"),
            ("M1", at(2), "10.500001"),
            ("M1", at(4), "15"),
            ("M1", at(5), "99"),
        ]
    )
    assert shown(outcome) == ["first", "charged", "held", "charged", "held"]
    assert await world.balances() == [-15 * 2_300_000]
    async with world.unit_of_work() as session:
        info = (
            await metering_queries.registers_of_meters(session, estate_id=world.estate_id, serials=["M1"])
        )[0]
        settled = await accept_held_reading(
            session,
            estate_id=world.estate_id,
            register_id=info.register_id,
            taken_at=at(5),
            actor="staff:test",
            now=NOW,
        )
    assert settled.new.quantity_micro == 84 * RAND
    assert await world.balances() == [-99 * 2_300_000]
    assert shown(await world.charge([("M1", at(6), "100")])) == ["charged"]
    assert await world.balances() == [-100 * 2_300_000]
    assert await world.verified()


async def test_a_late_reading_moves_the_money_to_the_right_hours(database: Database):
    world = await new_world(
        database,
        rates=FLAT.replace(
            'charges: [{name: Energy, kind: usage, price: "2.00"}]',
            "clocks: {weekday: OOOOOOPPPPPPOOOOOOOOOOOO, saturday: OOOOOOPPPPPPOOOOOOOOOOOO,"
            " sunday: OOOOOOPPPPPPOOOOOOOOOOOO}\n"
            'charges: [{name: Energy, kind: usage, price: {P: "10.00", O: "1.00"}}]',
        ),
    )
    # 04:00 to 08:00 local: two hours off-peak, two hours peak
    await world.charge([("M1", at(2), "0"), ("M1", at(6), "4")])
    assert await world.balances() == [-(2 * 10 + 2 * 1) * 1_150_000]
    late = await world.charge([("M1", at(4), "4")])
    assert shown(late) == ["late"]
    assert late.counts()["charged"] == -1
    assert late.counts()["unchanged"] == 1
    assert await world.balances() == [-4 * 1_150_000]
    assert await world.verified()


async def test_a_reading_earlier_than_the_first_opens_the_register_instead(database: Database):
    world = await new_world(database)
    await world.charge([("M1", at(5), "50"), ("M1", at(6), "51")])
    outcome = await world.charge([("M1", at(1), "40")])
    assert shown(outcome) == ["first"]
    assert await world.balances() == [-11 * 2_300_000]
    assert await world.verified()


async def test_what_is_no_reading_is_rejected_with_a_reason_that_can_be_listed(database: Database):
    world = await new_world(database)
    good = batch(
        [("M1", at(0), "1"), ("GHOST", at(0), "1"), ("M1/export", at(0), "1"), ("M1", at(0, minutes=1), "2")]
    )
    good.taken_s[3] = int((NOW + timedelta(minutes=6)).timestamp())
    wrong_unit = ReadingBatch(
        [("M1", "import", "m3")], np.array([1_772_400_000]), np.array([5]), "test", good.received_us
    )
    too_old = ReadingBatch([("M1", "import", "kWh")], np.array([5]), np.array([5]), "test", good.received_us)
    too_big = ReadingBatch(
        [("M1", "import", "kWh")], np.array([1_772_400_000]), np.array([10**15 + 1]), "test", good.received_us
    )
    outcome = await world.lane.charge(good, now=NOW)
    assert shown(outcome) == ["first", "rejected", "rejected", "rejected"]
    for one in (wrong_unit, too_old, too_big):
        assert shown(await world.lane.charge(one, now=NOW)) == ["rejected"]
    async with world.unit_of_work() as session:
        listed = await metering_queries.rejections(session, estate_id=world.estate_id)
    assert sorted(row.code for row in listed) == [
        "future_time",
        "time_out_of_range",
        "unknown_meter",
        "unknown_register",
        "value_out_of_range",
        "wrong_unit",
    ]
    assert all(row.detail and row.raw for row in listed)


async def test_without_a_price_nothing_is_charged_at_zero_and_a_later_table_charges_it(database: Database):
    world = await new_world(database, rates=None)
    outcome = await world.charge([("M1", at(0), "10"), ("M1", at(1), "20"), ("M1", at(2), "20")])
    assert shown(outcome) == ["first", "held", "unchanged"]
    assert "no rate table" in outcome.reading(1)[1]
    assert await world.balances() == [0]
    await put_in_force(world, FLAT)
    assert await world.balances() == [-10 * 2_300_000]
    assert shown(await world.charge([("M1", at(3), "21")])) == ["charged"]
    assert await world.balances() == [-11 * 2_300_000]
    assert await world.verified()


async def test_a_register_that_the_table_does_not_price_moves_no_money_and_says_so(database: Database):
    world = await new_world(database, registers=("import", "export"))
    outcome = await world.charge([("M1/export", at(0), "0"), ("M1/export", at(1), "7")])
    assert shown(outcome) == ["first", "unchanged"]
    assert "no usage charge" in outcome.reading(1)[1]
    assert await world.balances() == [0]


async def test_two_readings_in_one_second_are_one_instant(database: Database):
    world = await new_world(database)
    rows = batch([("M1", at(0), "1"), ("M1", at(0) + timedelta(milliseconds=900), "2")])
    assert shown(await world.lane.charge(rows, now=NOW)) == ["first", "conflict"]
