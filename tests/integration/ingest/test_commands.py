"""Who sends a supply command, how often, and which ones wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mita.credit import operations as credit
from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.devices.operations import DeviceTerms
from mita.entrypoints.ingest.chirpstack import ServerAway
from mita.entrypoints.ingest.commands import CommandSender
from mita.kit.clock import now_utc

from .loops import Wired, commands_of, em2101, wired_world

if TYPE_CHECKING:
    from psycopg import Connection

    from mita.kit.db import Database

APPLICATION = "0a7f5a2e-0000-4000-8000-000000000001"
EUIS = ("0101010101010101", "0202020202020202", "0303030303030303")


class SlowLink:
    """Takes its time with each message, as a broker may."""

    is_connected = True

    def __init__(self, topics: list[str]) -> None:
        self.topics = topics

    async def publish(self, topic: str, payload: bytes) -> None:
        del payload
        await asyncio.sleep(0.2)
        self.topics.append(topic)


class AwayServer:
    """A LoRaWAN server that does not answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def flush(self, dev_eui: str) -> None:
        self.asked.append(dev_eui)
        raise ServerAway("no answer")


async def test_each_command_is_sent_once_and_what_cannot_be_sent_waits(database: Database, admin: Connection):
    lorawan = [em2101(eui, application_id=APPLICATION) for eui in EUIS]
    # one that is asked over HTTP is not spoken to here
    box = Wired(
        "tts",
        "0404040404040404",
        DeviceTerms(
            settings={"model": "yobiiq/em2101", "webhook_id": "w", "application_id": "a", "device_id": "d"}
        ),
    )
    wired = [Wired("tasmota", "plug-7"), *lorawan, Wired("tasmota", "plug-8"), box]
    world = await wired_world(database, *wired)
    async with world.unit_of_work() as session:
        gone = await registry.device_named(session, estate_id=world.estate_id, name=lorawan[1].name)
        assert gone is not None
        await devices.remove_device(
            session, estate_id=world.estate_id, device_id=gone.device_id, now=now_utc()
        )
        for unit_id in world.unit_ids:
            await credit.stop_by_staff(
                session,
                estate_id=world.estate_id,
                unit_id=unit_id,
                utility="electricity",
                reason="test",
                actor="staff:test",
                now=now_utc(),
            )
    topics: list[str] = []
    server = AwayServer()
    senders = [CommandSender(database, link=SlowLink(topics), chirpstack=server) for _ in range(2)]
    await asyncio.gather(*(sender.send_asked() for sender in senders))
    assert sorted(topics) == ["cmnd/plug-7/POWER", "cmnd/plug-8/POWER"]
    assert [await commands_of(world, unit=unit) for unit in range(6)] == [
        [("off", "sent")],
        [("off", "asked")],
        [("off", "asked")],
        [("off", "asked")],
        [("off", "sent")],
        [("off", "asked")],
    ]
    # one without an answer is sent again, by one of them
    admin.execute("UPDATE supply_command SET answer_due_at = now() WHERE state = 'sent'")
    await asyncio.gather(*(sender.send_asked() for sender in senders))
    assert sorted(topics) == sorted(["cmnd/plug-7/POWER", "cmnd/plug-8/POWER"] * 2)
    # a server that does not answer is waited for once in a round, not for each of its devices
    assert EUIS[1] not in server.asked
    assert len(server.asked) == 4
    assert [
        attempts for (attempts,) in admin.execute("SELECT attempts FROM supply_command ORDER BY unit_id")
    ] == [
        2,
        0,
        0,
        0,
        2,
        0,
    ]
