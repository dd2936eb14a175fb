"""Pulse counters, factors and virtual meters, from what came in to what a wallet paid."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest
from sqlalchemy import text

from mita.charging import operations as charging
from mita.entrypoints.lane import Lane
from mita.kit.clock import to_us
from mita.kit.errors import Invalid
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import ReadingBatch, ReadingClass
from mita.metering.operations import MadeTwice, NewCounter, NewFactor, NewVirtualMeter, ReadSince
from tests.integration.world import NOW, at, new_world


def counts(rows, *, resets=()):
    """Return a batch of (meter, taken_at, pulses)."""
    return ReadingBatch(
        key=[(meter, "import", "imp") for meter, _, _ in rows],
        taken_s=np.array([to_us(taken_at) // 1_000_000 for _, taken_at, _ in rows], dtype=np.int64),
        value_micro=np.array([count for _, _, count in rows], dtype=np.int64),
        source="test",
        received_us=to_us(NOW),
        resets=frozenset(resets),
    )


async def register_of(world, meter=0):
    async with world.unit_of_work() as session:
        (row,) = await metering_queries.registers_of_meter(
            session, estate_id=world.estate_id, meter_id=world.meter_ids[meter]
        )
    return row.register_id


async def shown(world, meter=0):
    """Return (taken_at, value in millionths, class) of what is stored of a meter's register, by time."""
    register_id = await register_of(world, meter)
    async with world.unit_of_work() as session:
        rows = await metering_queries.readings(session, estate_id=world.estate_id, register_id=register_id)
    return [(row[0].taken_at, row[0].value_micro, ReadingClass(row[0].class_).shown) for row in rows[::-1]]


async def set_counter(world, *, meter=0, **new):
    register_id = await register_of(world, meter)
    async with world.unit_of_work() as session:
        await metering.set_pulse_counter(
            session,
            estate_id=world.estate_id,
            register_id=register_id,
            new=NewCounter(**new),
            actor="staff:test",
            now=NOW,
        )


async def test_pulses_are_charged_exactly_over_rollovers_whenever_they_come(database):
    # 3 pulses a kWh: no pulse is a whole number of millionths
    rows = [("M1", at(h), raw) for h, raw in enumerate([65_000, 65_400, 65_535, 3, 900, 30_000, 60_000, 7])]
    total = 65_536 * 2 + 7 - 65_000
    paid = []
    for order in (
        [rows],
        [[row] for row in rows],
        # the second after the rollover comes first, and much comes twice
        [rows[:3], [rows[4]], [rows[3]], rows[:6], [rows[4]], rows[6:], rows],
    ):
        world = await new_world(database, name=f"Order {len(paid)}")
        await set_counter(world, weight="3 imp/kWh", width_bits=16)
        for part in order:
            # a restart between any two: nothing is known but what is stored
            world.lane = Lane(database, estate_id=world.estate_id)
            await world.lane.charge(counts(part), now=NOW)
        values = [value for _, value, _ in await shown(world)]
        ups = [0, 400, 535, 539, 1436, 30_536, 60_536, total]
        assert values == [(65_000 + up) * 1_000_000 // 3 for up in ups]
        paid.append(-(await world.balances())[0])
        assert await world.verified()
    used = values[-1] - values[0]
    # the tax is worked out on each charge, and cut there
    assert {each // 1_000_000 for each in paid} == {used * 23 // 10 // 1_000_000}
    assert len(set(paid)) == 1


async def test_a_counter_of_32_bits_rolls_over(database):
    world = await new_world(database)
    await set_counter(world, weight="1000 imp/kWh", width_bits=32, count=4_294_967_000, value_micro=5_000_000)
    await world.lane.charge(counts([("M1", at(0), 4_294_967_000), ("M1", at(1), 204)]), now=NOW)
    assert [value for _, value, _ in await shown(world)] == [5_000_000, 5_500_000]
    assert await world.balances() == [-1_150_000]


async def test_a_reset_by_the_devices_word_and_a_fall_without_one(database):
    world = await new_world(database)
    await set_counter(world, weight="1000 imp/kWh")
    await world.lane.charge(counts([("M1", at(0), 0), ("M1", at(1), 1000)]), now=NOW)
    told = counts([("M1", at(2), 50)], resets=[0])
    await world.lane.charge(told, now=NOW)
    await world.lane.charge(told, now=NOW)
    assert (await shown(world))[-1] == (at(2), 1_050_000, "charged")
    # nobody says why: stored, shown, and not charged
    await world.lane.charge(counts([("M1", at(3), 10)]), now=NOW)
    assert (await shown(world))[-1] == (at(3), 1_010_000, "backwards")
    register_id = await register_of(world)
    async with world.unit_of_work() as session:
        await metering.begin_counter_again(
            session,
            estate_id=world.estate_id,
            register_id=register_id,
            cause="reset",
            actor="staff:test",
            now=NOW,
        )
    await world.lane.charge(counts([("M1", at(3), 10), ("M1", at(4), 200)]), now=NOW)
    assert [value for _, value, class_ in await shown(world) if class_ == "charged"] == [
        1_000_000,
        1_050_000,
        1_250_000,
    ]
    assert await world.balances() == [-2_875_000]


async def test_another_transformer_in_the_middle_of_a_month(database):
    world = await new_world(database)
    register_id = await register_of(world)

    async def set_factor(factor, **more):
        async with world.unit_of_work() as session:
            await metering.set_factor(
                session,
                estate_id=world.estate_id,
                register_id=register_id,
                new=NewFactor(factor, "transformers", **more),
                actor="staff:test",
                now=NOW,
            )

    await set_factor("200/5")
    await world.charge([("M1", at(0), "10"), ("M1", at(24), "10.000001"), ("M1", at(300), "12.5")])
    with pytest.raises(ReadSince):
        await set_factor("400/5", from_at=at(300), shown_micro=12_500_000)
    with pytest.raises(Invalid):
        await set_factor("400/5", from_at=at(310), shown_micro=12_400_000)
    await set_factor("400/3", from_at=at(310), shown_micro=12_700_000)
    await world.charge([("M1", at(320), "12.7"), ("M1", at(330), "13")])
    # one that comes late, from before the change, is multiplied as things were then
    await world.charge([("M1", at(305), "12.6"), ("M1", at(300), "12.5")])
    base = 12_700_000 * 40
    assert await shown(world) == [
        (at(0), 400_000_000, "first"),
        (at(24), 400_000_040, "charged"),
        (at(300), 500_000_000, "charged"),
        (at(305), 504_000_000, "late"),
        (at(320), base, "charged"),
        (at(330), base + 300_000 * Fraction(400, 3), "charged"),
    ]
    assert await world.balances() == [-(base + 40_000_000 - 400_000_000) * 23 // 10]
    assert await world.verified()


async def make(world, *, of, into, less=(), step_s=None):
    new = NewVirtualMeter(tuple(of), tuple(less), tuple(into), step_s, at(0))
    async with world.unit_of_work() as session:
        await session.execute(
            text("UPDATE meter SET device = NULL WHERE estate_id = :e"), {"e": world.estate_id}
        )
        return await metering.set_virtual_meter(
            session, estate_id=world.estate_id, new=new, actor="staff:test", now=NOW
        )


async def work_out(world):
    seen = 1
    while seen:
        async with world.unit_of_work() as session:
            seen = await charging.derive_virtual(session, estate_id=world.estate_id, now=NOW)


async def test_a_sum_of_a_difference_and_shares_to_the_millionth(database):
    world = await new_world(database, meters=7)
    r = [await register_of(world, meter) for meter in range(7)]
    # M4 is M1 less M2; M5, M6 and M7 share M4 and M3
    await make(world, of=[r[0]], less=[r[1]], into=[(r[3], "1")])
    await make(world, of=[r[3], r[2]], into=[(r[4], "1/3"), (r[5], "1/3"), (r[6], "1/3")])
    await world.charge([(name, at(0), "100") for name in ("M1", "M2", "M3")])
    await world.charge([("M1", at(1), "110"), ("M2", at(1), "104")])
    await work_out(world)
    assert [value for _, value, _ in await shown(world, 3)] == [0, 6_000_000]
    assert [value for _, value, _ in await shown(world, 4)] == [0]
    # late readings of a part give late readings of what is made of it; a fall is shown and not charged
    await world.charge([("M1", at(3), "111"), ("M2", at(3), "107"), ("M3", at(3), "100.000001")])
    await world.charge([("M3", at(1), "100.000001")])
    await world.charge(
        [("M1", at(2), "110.5"), ("M2", at(2), "104.5"), ("M1", at(4), "120"), ("M2", at(4), "107")]
    )
    await world.charge([("M3", at(4), "100.000002")])
    await work_out(world)
    assert [(value, class_) for _, value, class_ in await shown(world, 3)] == [
        (0, "first"),
        (6_000_000, "charged"),
        (6_000_000, "unchanged"),
        (4_000_000, "backwards"),
        (13_000_000, "charged"),
    ]
    shares = [await shown(world, meter) for meter in (4, 5, 6)]
    wholes = [
        sum(values) for values in zip(*([value for _, value, _ in share] for share in shares), strict=True)
    ]
    # what fell is no reading of the difference's timeline, so nothing is made of it
    assert wholes == [0, 6_000_001, 13_000_002]
    assert [taken_at for taken_at, _, _ in shares[0]] == [at(0), at(1), at(4)]
    assert max(abs(share[-1][1] - Fraction(13_000_002, 3)) for share in shares) < 1
    last = [share[-1][1] for share in shares]
    assert (await world.balances())[3:] == [
        -29_900_000,
        *(-(value * 2 + value * 2 * 15 // 100) for value in last),
    ]
    # nothing is made twice
    await work_out(world)
    assert [len(await shown(world, meter)) for meter in (3, 4)] == [5, 3]
    assert await world.verified()


async def test_steps_lie_on_the_line_between_readings_and_shares_need_not_be_all(database):
    world = await new_world(database, meters=3)
    r = [await register_of(world, meter) for meter in range(3)]
    virtual_meter_id = await make(world, of=r[:2], into=[(r[2], "0.25")], step_s=3600)
    half = timedelta(minutes=30)
    await world.charge([("M1", at(0) - half, "10"), ("M2", at(0) - half, "20")])
    await world.charge([("M1", at(0) + half, "11"), ("M1", at(2) + half, "15")])
    await work_out(world)
    assert await shown(world, 2) == []
    await world.charge([("M2", at(3), "27")])
    await work_out(world)
    # M1 10.5 12 14, M2 21 23 25, each less what it was at the first hour, a quarter of it
    assert [(taken_at, value) for taken_at, value, _ in await shown(world, 2)] == [
        (at(0), 0),
        (at(1), 875_000),
        (at(2), 1_875_000),
    ]
    async with world.unit_of_work() as session:
        await metering.end_virtual_meter(
            session, estate_id=world.estate_id, virtual_meter_id=virtual_meter_id, until_at=at(3), now=NOW
        )
    await world.charge([("M1", at(9), "30"), ("M2", at(9), "40")])
    await work_out(world)
    assert (await shown(world, 2))[-1][0] == at(3)


async def test_what_cannot_be_made(database):
    world = await new_world(database, meters=3)
    r = [await register_of(world, meter) for meter in range(3)]
    with pytest.raises(Invalid):
        await make(world, of=[r[0], r[0]], into=[(r[1], "1")])
    with pytest.raises(Invalid):
        await make(world, of=[r[0]], into=[(r[1], "2/3"), (r[2], "0.5")])
    await make(world, of=[r[0]], into=[(r[1], "1")])
    with pytest.raises(MadeTwice):
        await make(world, of=[r[2]], into=[(r[1], "1")])
    with pytest.raises(MadeTwice):
        await make(world, of=[r[1]], into=[(r[0], "1")])
    with pytest.raises(ReadSince):
        await set_counter(world, meter=1, weight="1000 imp/kWh")
    with pytest.raises(Invalid):
        await set_counter(world, meter=0, weight="10 L/imp")
    outcome = await world.lane.charge(counts([("M3", at(1), 5)]), now=NOW)
    assert outcome.reason[0].startswith("no_pulse_counter: ")
