"""Several batches of one estate under way in one process: charged in order, and none on sand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mita.charging.operations import post
from mita.entrypoints.lane import Lane, charge_in_order
from tests.integration.world import NOW, at, batch, new_world

if TYPE_CHECKING:
    from mita.kit.db import Database

HOUR = 2_300_000  # one kWh with tax


async def test_batches_under_way_are_charged_in_the_order_of_the_calls(database: Database):
    world = await new_world(database, meters=3)
    calls = [world.charge([(f"M{m + 1}", at(hour), str(hour)) for m in range(3)]) for hour in range(40)]
    outcomes = await asyncio.gather(*calls)
    # a batch that overtook another would be late, or make the other one late
    assert [outcome.counts()["charged"] for outcome in outcomes] == [0] + [3] * 39
    assert await world.balances() == [-39 * HOUR] * 3
    assert await world.verified()


async def test_what_was_prepared_on_a_batch_that_failed_is_prepared_again(database: Database, monkeypatch):
    world = await new_world(database)
    await world.charge([("M1", at(0), "0")])
    real = post._record_reratings
    failures = iter([True])

    async def broken(*args, **more):
        # by now the next batch has been prepared on the memory of this one
        await asyncio.sleep(0.2)
        if next(failures, False):
            raise RuntimeError("the power went")
        await real(*args, **more)

    monkeypatch.setattr(post, "_record_reratings", broken)
    lost, kept = await asyncio.gather(
        world.charge([("M1", at(1), "5")]), world.charge([("M1", at(2), "6")]), return_exceptions=True
    )
    assert isinstance(lost, RuntimeError)
    assert not isinstance(kept, BaseException)
    # the lost batch left nothing: the reading that came after it carries the whole consumption
    assert await world.balances() == [-6 * HOUR]
    assert (await world.charge([("M1", at(1), "5")])).counts()["late"] == 1
    assert await world.balances() == [-6 * HOUR]
    assert await world.verified()


async def test_a_top_up_between_preparing_and_writing_costs_a_second_try_and_nothing_else(database: Database):
    world = await new_world(database)
    await world.charge([("M1", at(0), "0")])
    calls = [world.charge([("M1", at(0, minutes=n), str(n))]) for n in range(1, 101)]
    top_ups = [world.top_up("1.00", key=f"k{n}") for n in range(50)]
    mixed = [call for pair in zip(calls[::2], calls[1::2], top_ups, strict=True) for call in pair]
    await asyncio.gather(*mixed)
    assert await world.balances() == [50_000_000 - 100 * HOUR]
    assert await world.verified()


async def test_two_processes_with_the_same_batches_under_way_store_each_reading_once(database: Database):
    world = await new_world(database, meters=5)
    rows = [[(f"M{m + 1}", at(hour), str(hour)) for m in range(5)] for hour in range(30)]
    lanes = [Lane(database, estate_id=world.estate_id) for _ in range(2)]

    async def send(lane: Lane) -> None:
        await asyncio.gather(*(lane.charge(batch(part), now=NOW) for part in rows))

    async with asyncio.timeout(120):
        await asyncio.gather(*(send(lane) for lane in lanes))
    assert await world.balances() == [-29 * HOUR] * 5
    assert await world.verified()


async def test_a_stream_that_breaks_gives_up_what_it_has_not_charged(database: Database):
    world = await new_world(database)

    async def batches():
        for hour in range(3):
            yield batch([("M1", at(hour), str(hour))])
        raise OSError("the file ended in the middle")

    with pytest.raises(OSError, match="in the middle"):
        async for _ in charge_in_order(world.lane, batches()):
            pass
    # however far it came, what is there is whole, and the lane goes on
    await world.charge([("M1", at(hour), str(hour)) for hour in range(4)])
    assert await world.balances() == [-3 * HOUR]
    assert await world.verified()
