"""A batch is prepared while the one before it is written, and never overtakes it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from mita.drivers.mqtt.routes import Table
from mita.entrypoints import lane as lanes
from mita.entrypoints.ingest.inbox import Arrival
from mita.entrypoints.ingest.parts import Stopped
from mita.entrypoints.ingest.settle import Settler
from mita.kit.clock import now_utc, to_us
from tests.integration.world import World, new_world

from .rig import eventually
from .test_charging import item

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import Connection

    from mita.kit.db import Database

POISON_MICRO = 13_130_000


def arrivals(world: World, *items: dict[str, Any], meter: int = 1) -> list[Arrival]:
    """Messages of a meter's device, of one item each."""
    topic = f"m/dev-{world.estate_id}-{meter}/up"
    loop = asyncio.get_running_loop()
    return [
        Arrival(topic, json.dumps(each).encode(), to_us(now_utc()), loop.create_future(), Table().find(topic))
        for each in items
    ]


@pytest.fixture
async def settler(database: Database) -> AsyncIterator[Settler]:
    made = Settler(database, readings_max=100)
    yield made
    await made.close()


class Charging:
    """Stands before the charging of a batch: counts who is in it, holds and breaks it as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held = asyncio.Event()
        self.inside = self.broken = 0
        self.breaks: dict[int, Exception] = {}
        self._real = lanes.charge_batch
        monkeypatch.setattr(lanes, "charge_batch", self._charge)

    async def _charge(self, session: Any, *, batch: Any, turn: Any, **more: Any) -> Any:
        self.inside += 1
        try:
            broken = [self.breaks[value] for value in batch.value_micro.tolist() if value in self.breaks]
            if broken:
                await self.held.wait()
                self.broken += 1
                raise broken[0]
            found = await self._real(session, batch=batch, turn=turn, **more)
            await self.held.wait()
            return found
        finally:
            self.inside -= 1


def done(batch: list[Arrival]) -> list[bool]:
    return [each.settled.done() for each in batch]


async def test_two_batches_are_under_way_and_settled_in_their_order(
    database: Database, settler: Settler, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await new_world(database)
    charging = Charging(monkeypatch)
    batches = [arrivals(world, item(hour, hour / 8), item(hour + 1, (hour + 1) / 8)) for hour in (0, 2, 4)]
    settled: list[int] = []
    for place, batch in enumerate(batches):
        for each in batch:
            each.settled.add_done_callback(lambda _, place=place: settled.append(place))
    tasks = [await settler.begin(batch) for batch in batches]

    async def two_are_inside() -> bool:
        return charging.inside == 2

    await eventually(two_are_inside, what="the second is prepared while the first is not committed")
    assert [done(batch) for batch in batches] == [[False, False]] * 3, "nothing is durable"
    charging.held.set()
    await asyncio.gather(*tasks)
    assert settled == [0, 0, 1, 1, 2, 2]
    assert admin.execute("SELECT count(*), max(class) FROM reading").fetchone() == (6, 2), "none is late"
    assert await world.verified()


async def test_a_batch_does_not_overtake_one_that_is_looked_at_message_by_message(
    database: Database, settler: Settler, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await new_world(database)
    charging = Charging(monkeypatch)
    charging.held.set()
    await settler.settle(arrivals(world, item(0, 10.0)))
    charging.held.clear()
    charging.breaks[POISON_MICRO] = ValueError("nobody knows why")
    first = arrivals(world, item(1, 11.0), item(2, 12.0), item(3, 13.13), item(4, 14.0))
    second = arrivals(world, item(5, 15.0), item(6, 16.0))
    tasks = [await settler.begin(first), await settler.begin(second)]

    async def one_is_held() -> bool:
        return charging.inside >= 1

    await eventually(one_is_held, what="the first is about to break")
    await asyncio.sleep(0.1)
    charging.held.set()
    await asyncio.gather(*tasks)
    assert done(first) == [True] * 4
    assert done(second) == [True] * 2
    assert [each.refusals[0][0] for each in first if each.refusals] == ["internal"]
    # in their order: none came late, and none twice
    stored = admin.execute("SELECT value_micro, class FROM reading ORDER BY taken_at").fetchall()
    assert stored == [
        (10_000_000, 1),
        *((value * 1_000_000, 2) for value in (11, 12, 14, 15, 16)),
    ], settler.counts
    assert admin.execute("SELECT count(*) FROM reading_repeat").fetchone() == (0,)
    assert admin.execute("SELECT code FROM rejected_reading").fetchall() == [("internal",)]
    assert await world.verified()


async def test_a_database_that_is_away_keeps_their_order(
    database: Database, settler: Settler, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await new_world(database)
    charging = Charging(monkeypatch)
    charging.held.set()
    charging.breaks[11_000_000] = OSError("the network is away")
    first, second = arrivals(world, item(0, 10.0), item(1, 11.0)), arrivals(world, item(2, 12.0))
    tasks = [await settler.begin(first), await settler.begin(second)]

    async def was_tried_again() -> bool:
        return charging.broken >= 4

    await eventually(was_tried_again, what="the first was tried again and again")
    assert done(first) + done(second) == [False] * 3
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (0,), "the second waits behind"
    admin.rollback()
    charging.breaks.clear()
    await asyncio.gather(*tasks)
    found = admin.execute("SELECT class FROM reading ORDER BY taken_at").fetchall()
    assert found == [(1,), (2,), (2,)]
    assert await world.verified()


async def test_who_stops_acknowledges_nothing_that_is_not_written(
    database: Database, settler: Settler, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await new_world(database)
    charging = Charging(monkeypatch)
    charging.held.set()
    charging.breaks[10_000_000] = OSError("the network is away")
    first, second = arrivals(world, item(0, 10.0)), arrivals(world, item(1, 11.0))
    tasks = [await settler.begin(first), await settler.begin(second)]
    settler.stopping.set()
    assert [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)] == [Stopped, Stopped]
    assert done(first) + done(second) == [False, False]
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (0,)


async def test_estates_do_not_wait_for_each_other(
    database: Database, settler: Settler, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await new_world(database), await new_world(database, name="Other")
    charging = Charging(monkeypatch)
    charging.held.set()
    charging.breaks[10_000_000] = OSError("the network is away")
    stuck, free = arrivals(one, item(0, 10.0)), arrivals(other, item(0, 11.0))
    tasks = [await settler.begin(stuck), await settler.begin(free)]
    await asyncio.wait_for(tasks[1], 30)
    assert done(stuck) + done(free) == [False, True]
    charging.breaks.clear()
    await tasks[0]
    assert done(stuck) == [True]
