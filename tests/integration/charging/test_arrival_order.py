"""Arrival order does not matter: shuffled, split, repeated delivery ends where the clean run ends."""

from __future__ import annotations

import random

import pytest

from mita.metering import queries as metering_queries
from mita.metering.domain import Limits, ReadingClass
from tests.integration.world import BLOCKS_AND_HOURS, at, new_world

COUNT = 60


def _story(seed: int) -> list[tuple[str, object, str]]:
    """A register's weeks: rises, pauses, dips, jumps; over a month's end and through all letters."""
    rng = random.Random(seed)
    rows, value, hours = [], 10_000_000, 0.0
    for _ in range(COUNT):
        hours += rng.choice([0.25, 0.5, 1, 3, 7, 26])
        kind = rng.random()
        if kind < 0.1:
            shown = value - rng.randrange(1, 3_000_000)
        elif kind < 0.15:
            shown = value + 900_000_000
        else:
            value += rng.choice([0, 0, 1, 137, 4_321, 250_000, 1_700_001])
            shown = value
        rows.append(("M1", at(hours), f"{shown // 10**6}.{shown % 10**6:06d}"))
    return rows


async def _state(world) -> tuple[list[int], list[tuple[object, str, int, int, int, int]]]:
    async with world.unit_of_work() as session:
        rows = await metering_queries.readings(session, estate_id=world.estate_id, limit=1_000)
    told = []
    for reading, *_ in rows:
        shown = ReadingClass(reading.class_).shown
        # "late" tells how it came, not what it is worth
        shown = "accepted" if shown in ("charged", "unchanged", "late") else shown
        told.append(
            (
                reading.taken_at,
                shown,
                reading.value_micro,
                reading.run_quantity_micro,
                reading.run_cost_micro,
                reading.run_rest,
            )
        )
    return await world.balances(), told


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_and_any_cut_into_batches_equals_the_clean_run(database, seed):
    rows = _story(seed)
    limits = Limits(40_000_000, 5_000_000)
    clean = await new_world(database, rates=BLOCKS_AND_HOURS, limits=limits, name="Clean")
    await clean.charge(rows, now=at(24 * 40))
    rng = random.Random(seed + 1_000)
    shuffled = rows + rng.sample(rows, 10)
    # mostly in order, as real networks are; some wholly random
    window = rng.choice([3, 10, COUNT])
    shuffled = [
        row
        for _, row in sorted(enumerate(shuffled), key=lambda pair: pair[0] % COUNT + rng.random() * window)
    ]
    world = await new_world(database, rates=BLOCKS_AND_HOURS, limits=limits, name="Shuffled")
    place = 0
    while place < len(shuffled):
        size = rng.choice([1, 2, 5, 20])
        await world.charge(shuffled[place : place + size], now=at(24 * 40))
        place += size
    assert await _state(world) == await _state(clean)
    assert await world.verified()


async def test_two_readings_late_in_one_batch_are_settled_together(database):
    rows = [("M1", at(h), str(h)) for h in range(0, 60, 5)]
    clean = await new_world(database, rates=BLOCKS_AND_HOURS, name="Clean")
    await clean.charge(rows)
    world = await new_world(database, rates=BLOCKS_AND_HOURS, name="Late")
    await world.charge(rows[:2] + rows[5:])
    outcome = await world.charge([rows[4], rows[2], rows[3]])
    assert outcome.counts()["late"] == 3
    assert await _state(world) == await _state(clean)
