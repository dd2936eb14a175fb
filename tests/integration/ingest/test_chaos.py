"""Buffered readings, sent again and in no order, while ingest and the broker die: as in a clean run."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING

from tests.integration.world import BLOCKS_AND_HOURS, NOW, at, batch, new_world

from .rig import eventually
from .test_charging import item
from .wire import publish

if TYPE_CHECKING:
    from psycopg import Connection

    from mita.kit.db import Database

    from .conftest import Line

HOURS = 96
SIZE = 8


def kwh(device: int, hour: int) -> str:
    """What a register shows: a little more each hour, and another step for each device."""
    return f"{hour * (3 + device) / 8:.3f}"


async def test_balances_equal_the_clean_run(mosquitto_line: Line, database: Database, admin: Connection):
    line = mosquitto_line
    world = await new_world(database, meters=2, rates=BLOCKS_AND_HOURS)
    names = [f"dev-{world.estate_id}-{number}" for number in (1, 2)]
    chance = random.Random(7)
    # buffers of eight hours, a quarter of them twice, and in no order
    buffers = [list(range(first, first + SIZE)) for first in range(0, HOURS, SIZE)]
    plan = [(device, hours) for device in (1, 2) for hours in buffers]
    plan += chance.sample(plan, len(plan) // 4)
    chance.shuffle(plan)
    third = len(plan) // 3

    async def send(part: list[tuple[int, list[int]]]) -> None:
        for device, hours in part:
            items = [item(hour, float(kwh(device, hour))) for hour in hours]
            await publish(line.broker, names[device - 1], [json.dumps(items)])

    await line.start_ingest()
    # the consumer dies in the middle of the first part, the broker while it is away
    sending = asyncio.create_task(send(plan[:third]))
    await line.all_acknowledged(third // 2)
    line.ingest.kill()
    await sending
    line.broker.process.stop()
    await line.broker.start()
    await send(plan[third : 2 * third])
    await line.start_ingest()
    await send(plan[2 * third :])

    async def all_came() -> bool:
        counted = admin.execute(
            "SELECT (SELECT count(*) FROM reading), (SELECT coalesce(sum(times), 0) FROM reading_repeat)"
        ).fetchone()
        return counted[0] == 2 * HOURS and counted[1] >= len(plan) * SIZE - 2 * HOURS

    await eventually(all_came, what="everything has come, and what was sent twice a second time")
    line.ingest.stop()

    clean = await new_world(database, meters=2, rates=BLOCKS_AND_HOURS, name="Clean")
    for day in range(0, HOURS, 24):
        hours = range(day, day + 24)
        rows = [(f"M{device}", at(hour), kwh(device, hour)) for hour in hours for device in (1, 2)]
        await clean.lane.charge(batch(rows), now=NOW)
    balances = await world.balances()
    assert balances == await clean.balances()
    assert [each < -50_000_000 for each in balances] == [True, True]
    assert admin.execute("SELECT count(*) FROM rejected_reading").fetchone() == (0,)
    assert await world.verified()
