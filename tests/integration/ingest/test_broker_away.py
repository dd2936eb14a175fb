"""The broker goes away and comes back on the same port: the stream goes on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import TYPE_CHECKING

import aiomqtt
import pytest

from tests.integration.world import new_world

from .rig import eventually
from .test_charging import KWH, item
from .wire import client, publish

if TYPE_CHECKING:
    from psycopg import Connection

    from mita.kit.db import Database

    from .conftest import Line


async def test_the_stream_goes_on_when_the_broker_is_back(line: Line, database: Database, admin: Connection):
    world = await new_world(database)
    device = f"dev-{world.estate_id}-1"
    await line.start_ingest()
    await publish(line.broker, device, [json.dumps(item(hour, hour)) for hour in range(3)])
    await line.all_acknowledged(3)
    for absence in (1, 2):
        subscribed = line.tap.subscribed
        if absence == 1:
            line.broker.process.stop()
        else:
            line.broker.process.kill()
        waiting = line.ingest.log.count("broker away, waiting")

        async def is_waiting(times: int = waiting + 3) -> bool:
            return line.ingest.log.count("broker away, waiting") >= times

        await eventually(is_waiting, what="ingest tries to come back")
        assert line.ingest.is_running
        await line.broker.start()

        async def is_back(times: int = subscribed) -> bool:
            return line.tap.subscribed > times

        await eventually(is_back, what="ingest has subscribed again")
        hours = range(3 * absence, 3 * absence + 3)
        await publish(line.broker, device, [json.dumps(item(hour, hour)) for hour in hours])
        await line.all_acknowledged(3 + 3 * absence)
        assert await world.balances() == [-KWH * hours[-1]]
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (9,)
    assert await world.verified()
    assert line.ingest.stop() == 0


async def test_ingest_may_start_before_its_broker(line: Line, database: Database):
    world = await new_world(database)
    device = f"dev-{world.estate_id}-1"
    line.broker.process.stop()
    line.ingest.start()

    async def is_waiting() -> bool:
        return "broker away, waiting" in line.ingest.log

    await eventually(is_waiting, what="ingest waits for the broker")
    await line.broker.start()

    async def is_there() -> bool:
        return line.tap.subscribed > 0

    await eventually(is_there, what="ingest has subscribed")
    await publish(line.broker, device, [json.dumps(item(0, 0)), json.dumps(item(1, 1))])
    await line.all_acknowledged(2)
    assert await world.balances() == [-KWH]


async def test_what_arrives_while_ingest_is_away_waits_for_it(line: Line, database: Database):
    world = await new_world(database)
    device = f"dev-{world.estate_id}-1"
    if line.broker.process.path.name == "mosquitto.log":
        # the embedded broker keeps a session for ingest from its start; others from ingest's first visit
        await line.start_ingest()
        assert line.ingest.stop() == 0
    # more than a broker's window, and than Mosquitto queues unless told otherwise
    await publish(line.broker, device, [json.dumps(item(hour, hour)) for hour in range(1_500)])
    await line.start_ingest()
    await line.all_acknowledged(1_500)
    assert await world.balances() == [-KWH * 1_499]
    assert await world.verified()


@pytest.mark.parametrize("farewell", ["goodbye", "none"])
async def test_a_burst_of_a_device_that_goes_at_once(
    line: Line, database: Database, admin: Connection, farewell: str
):
    """What the broker has told a device is taken arrives, though the device is gone or back meanwhile."""
    world = await new_world(database)
    device = f"dev-{world.estate_id}-1"
    await line.start_ingest()
    for visit in range(3):
        connection = client(line.broker, device)
        await connection.__aenter__()
        hours = range(300 * visit, 300 * visit + 300)
        sending = (
            connection.publish(f"m/{device}/up", json.dumps(item(hour, hour)), qos=1) for hour in hours
        )
        await asyncio.gather(*sending)
        if farewell == "goodbye":
            await connection.__aexit__(None, None, None)
            continue
        wire = connection._client.socket()
        assert wire is not None
        wire.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(aiomqtt.MqttError):
            await anext(connection.messages)
        with contextlib.suppress(aiomqtt.MqttError):
            await connection.__aexit__(None, None, None)
    await line.all_acknowledged(900)
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (900,)
    assert await world.balances() == [-KWH * 899]
