"""Money under contention: top-ups, other workers, overlapping duplicates."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from mita.charging.operations import accept_held_reading
from mita.charging.operations.release import NotHeld
from mita.entrypoints.lane import Lane
from mita.ledger.operations import StaleHeads
from mita.metering import queries as metering_queries
from mita.metering.domain import Limits, ReadingClass
from mita.metering.operations import NotWaiting, set_aside_held_reading
from tests.integration.world import NOW, at, batch, new_world

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mita.charging.operations.settle import Settled
    from mita.kit.db import Database
    from tests.integration.world import World

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


async def doubted(database: Database) -> tuple[World, dict[str, Any]]:
    """Return a world with a reading that is held, and which one it is."""
    world = await new_world(database, limits=Limits(5 * RAND, RAND // 4))
    outcome = await world.charge([("M1", at(0), "0"), ("M1", at(1), "500")])
    assert outcome.counts()["held"] == 1
    async with world.unit_of_work() as session:
        (info,) = await metering_queries.registers_of_meters(
            session, estate_id=world.estate_id, serials=["M1"]
        )
    return world, {
        "estate_id": world.estate_id,
        "register_id": info.register_id,
        "taken_at": at(1),
        "now": NOW,
    }


async def accept(world: World, one: dict[str, Any]) -> Settled:
    async with world.unit_of_work() as session:
        return await accept_held_reading(session, actor="staff:accepts", **one)


async def set_aside(world: World, one: dict[str, Any]) -> None:
    async with world.unit_of_work() as session:
        await set_aside_held_reading(session, actor="staff:doubts", reason="Bench", **one)


async def has_to_wait(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    task = asyncio.create_task(work)
    done, _ = await asyncio.wait({task}, timeout=0.5)
    assert not done, "it did not wait for who was faster"
    return task


async def told_apart(world: World, one: dict[str, Any]) -> tuple[str, bool]:
    """Return the reading's class, and whether it is set aside."""
    key = {name: one[name] for name in ("estate_id", "register_id", "taken_at")}
    async with world.unit_of_work() as session:
        stored = await metering_queries.reading(session, **key)
        aside = await metering_queries.set_aside(
            session, estate_id=world.estate_id, keys=[(one["register_id"], one["taken_at"])]
        )
        return ReadingClass(stored.class_).shown, bool(aside)


async def test_who_sets_aside_what_is_just_being_accepted_is_refused(database: Database):
    world, one = await doubted(database)
    async with world.unit_of_work() as session:
        await accept_held_reading(session, actor="staff:accepts", **one)
        late = await has_to_wait(set_aside(world, one))
    with pytest.raises(NotWaiting, match="charged"):
        await late
    assert await told_apart(world, one) == ("charged", False)
    assert await world.balances() == [-1_150 * RAND]
    assert await world.verified()


async def test_who_accepts_what_is_just_being_set_aside_decides_after_it(database: Database):
    world, one = await doubted(database)
    async with world.unit_of_work() as session:
        await set_aside_held_reading(session, actor="staff:doubts", reason="Bench", **one)
        late = await has_to_wait(accept(world, one))
        # it was told to wait, and charged nothing yet
        assert await world.balances() == [0]
    settled = await late
    assert settled.new.net_micro - settled.old.net_micro == 1_000 * RAND
    assert await told_apart(world, one) == ("charged", True)
    assert await world.balances() == [-1_150 * RAND]


async def test_of_two_who_accept_at_once_the_second_is_told_that_it_is_charged(database: Database):
    world, one = await doubted(database)
    async with world.unit_of_work() as session:
        await accept_held_reading(session, actor="staff:accepts", **one)
        late = await has_to_wait(accept(world, one))
    with pytest.raises(NotHeld, match="charged"):
        await late
    assert await world.balances() == [-1_150 * RAND]
    assert await world.verified()


async def test_a_late_reading_that_clears_a_doubt_leaves_nothing_to_set_aside(database: Database):
    world, one = await doubted(database)
    async with world.unit_of_work() as session:
        # as the settlement of a register does it, in a batch that is not done yet
        await session.execute(
            text("UPDATE reading SET class = 2, reason = 0 WHERE taken_at = :at"), {"at": one["taken_at"]}
        )
        late = await has_to_wait(set_aside(world, one))
    with pytest.raises(NotWaiting, match="charged"):
        await late
    assert await told_apart(world, one) == ("charged", False)


async def test_staff_who_press_both_at_once_never_deadlock_with_a_batch(database: Database):
    world, one = await doubted(database)
    held = [at(2 + hour) for hour in range(12)]
    outcome = await world.charge([("M1", each, "90000") for each in held])
    assert outcome.counts()["held"] == len(held)
    for number, taken_at in enumerate(held):
        this = {**one, "taken_at": taken_at}
        answers = await asyncio.gather(
            accept(world, this),
            set_aside(world, this),
            accept(world, this),
            world.charge([("M1", at(20, minutes=number), str(90_000 + number))]),
            return_exceptions=True,
        )
        refused = [each for each in answers if isinstance(each, Exception)]
        assert all(isinstance(each, NotHeld | NotWaiting | StaleHeads) for each in refused), refused
    assert await world.verified()
