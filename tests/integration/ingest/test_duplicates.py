"""The same readings by several ways at once: two ingest processes and the HTTP lane. Each is charged once."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from mita.kit.clock import from_us
from tests.integration.world import new_world

from .rig import eventually
from .test_charging import KWH, item
from .test_malformed import operator
from .wire import client

if TYPE_CHECKING:
    import httpx
    from psycopg import Connection

    from mita.kit.db import Database

    from .conftest import Line

HOURS = 200
DEVICES = 3


def row(device: int, hour: int) -> dict[str, str]:
    """A reading as HTTP has it; the same that ``item`` is on MQTT."""
    taken_s = item(hour, 0)["ts"]
    assert isinstance(taken_s, int)
    taken_at = from_us(taken_s * 1_000_000).isoformat()
    return {"meter": f"M{device}", "taken_at": taken_at, "value": str(device * hour), "unit": "kWh"}


async def test_a_reading_that_comes_three_ways_is_charged_once(
    line: Line, database: Database, admin: Connection
):
    world = await new_world(database, meters=DEVICES)
    ways = 2
    await line.start_ingest()
    if line.broker.process.path.name == "mosquitto.log":
        # the embedded broker lets one ingest in
        await line.another("mita-ingest-2")
        ways = 3

    async def by_mqtt(number: int) -> None:
        name = f"dev-{world.estate_id}-{number}"
        async with client(line.broker, name) as device:
            for hour in range(HOURS):
                await device.publish(f"m/{name}/up", json.dumps(item(hour, number * hour)), qos=1)

    async def by_http(api: httpx.AsyncClient) -> None:
        for start in range(0, HOURS, 10):
            rows = [
                row(number, hour) for hour in range(start, start + 10) for number in range(1, DEVICES + 1)
            ]
            path = f"/api/v1/estates/{world.estate_id}/readings"
            answer = await api.post(path, json={"readings": rows})
            assert answer.status_code == 200, answer.text

    async with operator(database) as api:
        await asyncio.gather(by_http(api), *(by_mqtt(number + 1) for number in range(DEVICES)))
    total = HOURS * DEVICES

    async def all_came() -> bool:
        repeats = admin.execute("SELECT coalesce(sum(times), 0) FROM reading_repeat").fetchone()
        return repeats[0] >= (ways - 1) * total

    await eventually(all_came, what="every reading came by every way")
    await line.all_acknowledged((ways - 1) * total)
    assert admin.execute("SELECT sum(times), count(DISTINCT class) FROM reading_repeat").fetchone() == (
        (ways - 1) * total,
        1,
    )
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (total,)
    assert await world.balances() == [-KWH * number * (HOURS - 1) for number in range(1, DEVICES + 1)]
    assert await world.verified()


async def test_a_gateway_that_repeats_itself_is_charged_once(
    line: Line, database: Database, admin: Connection
):
    """The same message again, the same item twice in one message, and another value for the same time."""
    world = await new_world(database)
    name = f"dev-{world.estate_id}-1"
    await line.start_ingest()
    async with client(line.broker, name) as device:
        batch = json.dumps([item(0, 0), item(1, 5), item(1, 5)])
        for _ in range(4):
            await device.publish(f"m/{name}/up", batch, qos=1)
        await device.publish(f"m/{name}/up", json.dumps(item(1, 6)), qos=1)
    await line.all_acknowledged(5)
    assert await world.balances() == [-5 * KWH]
    repeats = admin.execute("SELECT value_micro, times FROM reading_repeat ORDER BY value_micro").fetchall()
    assert repeats == [(0, 3), (5_000_000, 7), (6_000_000, 1)]


@pytest.mark.parametrize("line", ["mosquitto_5"], indirect=True)
async def test_shared_subscriptions_divide_the_work(line: Line, database: Database, admin: Connection):
    world = await new_world(database, meters=DEVICES)
    names = [f"dev-{world.estate_id}-{number + 1}" for number in range(DEVICES)]
    processes = [await line.another(f"mita-ingest-{number}", MITA_MQTT_SHARE="mita") for number in (1, 2)]
    for hour in range(100):
        for number, name in enumerate(names):
            async with client(line.broker, name) as device:
                await device.publish(f"m/{name}/up", json.dumps(item(hour, hour * (number + 1))), qos=1)

    async def all_there() -> bool:
        return admin.execute("SELECT count(*) FROM reading").fetchone() == (100 * DEVICES,)

    await eventually(all_there, what="all readings are charged")
    assert await world.balances() == [-KWH * 99 * (number + 1) for number in range(DEVICES)]
    assert admin.execute("SELECT count(*) FROM reading_repeat").fetchone() == (0,)
    assert await world.verified()
    assert [process.stop() for process in processes] == [0, 0]
