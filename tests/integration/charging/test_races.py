"""Money under contention: top-ups, other workers, overlapping duplicates."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mita.entrypoints.lane import Lane
from mita.ledger.operations import StaleHeads
from tests.integration.world import NOW, at, batch, new_world

if TYPE_CHECKING:
    from mita.kit.db import Database

RAND = 1_000_000


@pytest.mark.slow
async def test_a_top_up_races_a_batch_on_the_same_wallet_a_thousand_times(database: Database, monkeypatch):
    world = await new_world(database)
    await world.charge([("M1", at(0), "0")])
    lost = 0

    def count(_self: StaleHeads, *_arguments: object) -> None:
        nonlocal lost
        lost += 1

    monkeypatch.setattr(StaleHeads, "__init__", count)
    for number in range(1, 1_001):
        outcome, _ = await asyncio.gather(
            world.charge([("M1", at(0, minutes=number), str(number))]),
            world.top_up("1.00", key=str(number)),
        )
        assert outcome.counts()["charged"] == 1
    assert await world.balances() == [1_000 * RAND - 1_000 * 2_300_000]
    assert await world.verified()
    assert lost > 0, "nobody was ever faster, so nothing raced"


async def test_top_ups_of_several_people_race_batches_on_the_same_wallet(database: Database):
    world = await new_world(database)
    await world.charge([("M1", at(0), "0")])
    done = asyncio.Event()

    async def charge() -> int:
        count = 0
        while not done.is_set():
            count += 1
            await world.charge([("M1", at(0, minutes=count), str(count))])
        return count

    async def top_up(worker: int) -> None:
        for number in range(50):
            await world.top_up("1.00", key=f"{worker}-{number}")

    charging = asyncio.create_task(charge())
    await asyncio.gather(*(top_up(worker) for worker in range(4)))
    done.set()
    batches = await charging
    assert batches > 3
    assert await world.balances() == [200 * RAND - batches * 2_300_000]
    assert await world.verified()


async def test_workers_of_one_estate_with_overlapping_duplicates_double_nothing(database: Database):
    world = await new_world(database, meters=20)
    rows = [(f"M{m + 1}", at(h), str(h)) for h in range(30) for m in range(20)]
    lanes = [Lane(database, estate_id=world.estate_id) for _ in range(4)]

    async def send(place: int) -> None:
        # each sends two thirds of everything, in the same order, so most arrives from several
        for first in range(0, len(rows), 40):
            part = [row for i, row in enumerate(rows[first : first + 40]) if (i + place) % 3]
            await lanes[place].charge(batch(part), now=NOW)

    await asyncio.gather(*(send(place) for place in range(4)))
    await world.charge(rows)
    assert await world.balances() == [-29 * 2_300_000] * 20
    assert await world.verified()


async def test_estates_are_charged_side_by_side(database: Database):
    worlds = [await new_world(database, meters=3, name=f"E{i}") for i in range(4)]

    async def run(world) -> None:
        for hour in range(15):
            await world.charge([(f"M{m + 1}", at(hour), str(hour)) for m in range(3)])

    await asyncio.gather(*(run(world) for world in worlds))
    for world in worlds:
        assert await world.balances() == [-14 * 2_300_000] * 3
        assert await world.verified()


async def test_a_batch_that_fails_leaves_no_trace_and_the_next_one_is_right(database: Database, monkeypatch):
    world = await new_world(database)
    await world.charge([("M1", at(0), "0")])
    from mita.charging.operations import post

    async def broken(*_args, **_more):
        raise RuntimeError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(post, "_record_reratings", broken)
        try:
            await world.charge([("M1", at(1), "5")])
        except RuntimeError:
            pass
        else:
            raise AssertionError("the batch should have failed")
    assert await world.balances() == [0]
    outcome = await world.charge([("M1", at(1), "5"), ("M1", at(2), "6")])
    assert outcome.counts()["charged"] == 2
    assert await world.balances() == [-6 * 2_300_000]
    assert await world.verified()
