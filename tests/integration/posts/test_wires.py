"""A supply command goes over the wire that its device uses, and over no other."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mita.devices import operations as devices
from mita.devices.operations import DeviceTerms
from mita.drivers.mqtt.routes import Table
from mita.entrypoints.ingest.commands import CommandSender
from mita.entrypoints.ingest.inbox import Arrival
from mita.entrypoints.ingest.settle import Settler
from mita.kit.clock import now_utc, to_us
from mita.kit.errors import Invalid

from .posting import ago, commands_of, cutting_world, served, token_of

if TYPE_CHECKING:
    from psycopg import Connection

    from mita.kit.db import Database

FIRST, DRY = 100, 111


class Published:
    """A link that keeps what is published."""

    is_connected = True

    def __init__(self) -> None:
        self.topics: list[str] = []

    async def publish(self, topic: str, payload: bytes) -> None:
        del payload
        self.topics.append(topic)


async def heard_on_mqtt(database: Database, topic: str) -> None:
    settler = Settler(database, readings_max=10)
    payload = json.dumps({"ts": ago(3600), "r": {"kwh": FIRST}}).encode()
    settled = asyncio.get_running_loop().create_future()
    await settler.settle([Arrival(topic, payload, to_us(now_utc()), settled, Table().find(topic))])
    await settler.close()


@pytest.mark.parametrize(
    ("settings", "speaks_mqtt", "is_posted", "is_published"),
    [
        ({}, False, True, False),
        ({}, True, True, True),
        ({"wire": "mqtt"}, False, False, True),
        ({"wire": "post"}, True, True, False),
        ({"wire": "both"}, False, True, True),
        # of one that is not registered nobody keeps how it speaks
        (None, False, True, True),
    ],
)
async def test_a_command_goes_where_the_device_listens(
    database: Database,
    admin: Connection,
    *,
    settings: dict[str, Any] | None,
    speaks_mqtt: bool,
    is_posted: bool,
    is_published: bool,
) -> None:
    world = await cutting_world(database)
    name = f"dev-{world.estate_id}-1"
    if settings is not None:
        async with world.unit_of_work() as session:
            await devices.register_device(
                session,
                estate_id=world.estate_id,
                driver="mita",
                address=name,
                terms=DeviceTerms(settings=settings),
                now=now_utc(),
            )
    if speaks_mqtt:
        await heard_on_mqtt(database, f"m/{name}/up")
    headers = {"Authorization": f"Bearer {await token_of(world, name)}"}
    async with served(database) as url, httpx.AsyncClient(headers=headers) as device:
        answers = [
            (await device.post(url, json={"ts": ago(seconds), "r": {"kwh": value}})).json()
            for seconds, value in ((90, FIRST), (60, DRY))
        ]
    assert [len(each["commands"]) for each in answers] == [0, is_posted]
    link = Published()
    # one that was given out with an answer is sent again when its own is overdue
    admin.execute("UPDATE supply_command SET answer_due_at = now() WHERE state = 'sent'")
    await CommandSender(database, link=link).send_asked()
    assert link.topics == [f"m/{name}/down"] * is_published
    assert [state for _, state in await commands_of(world)] == ["sent"]


async def test_a_wire_that_there_is_not_is_refused(database: Database) -> None:
    world = await cutting_world(database)
    async with world.unit_of_work() as session:
        with pytest.raises(Invalid, match="wire is mqtt, post or both"):
            await devices.register_device(
                session,
                estate_id=world.estate_id,
                driver="mita",
                address="d",
                terms=DeviceTerms(settings={"wire": ["post"]}),
                now=now_utc(),
            )
