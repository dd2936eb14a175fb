"""Manufacturers' codecs stored in Mita decode for their devices, and a hostile one costs only its own."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import TYPE_CHECKING

from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.devices.operations import DeviceTerms
from mita.drivers.mqtt.routes import Table
from mita.entrypoints.ingest.inbox import Inbox
from mita.entrypoints.ingest.settle import Settler
from mita.kit.clock import now_utc

from .loops import KWH, RAND, Wired, wired_world

if TYPE_CHECKING:
    from psycopg import Connection

    from mita.kit.db import Database
    from tests.integration.world import World

HONEST, HOSTILE, SERVED = "0101010101010101", "0202020202020202", "0303030303030303"
# four bytes of watt-hours, as a manufacturer would write it
READS = """
function decodeUplink(input) {
  if (input.fPort !== 7) return {errors: ["unknown port"]};
  var wh = ((input.bytes[0] << 24) | (input.bytes[1] << 16) | (input.bytes[2] << 8) | input.bytes[3]) >>> 0;
  return {data: {energy: wh / 1000, relay: input.bytes[4] === 1 ? "closed" : "open"}};
}
"""
LOOPS = "function decodeUplink(input) { for (;;) {} }"
KWH_FIELD = {"path": "energy", "register": "import", "unit": "kWh", "places": 3}
SWITCH = {"path": "relay", "on": "closed", "off": "open"}


def uplink(dev_eui: str, wh: int, *, f_port: int = 7, **more: object) -> tuple[str, bytes]:
    """Return topic and payload of an uplink that holds a register."""
    event = {
        "time": "2026-03-20T12:00:00.5+00:00",
        "deviceInfo": {"devEui": dev_eui},
        "fPort": f_port,
        "data": base64.b64encode(wh.to_bytes(4, "big") + b"\x01").decode(),
        **more,
    }
    return f"application/a/device/{dev_eui}/event/up", json.dumps(event).encode()


async def with_codec(world: World, name: str, body: str) -> None:
    """Give a registered device a codec."""
    async with world.unit_of_work() as session:
        codec = await devices.new_codec(
            session, estate_id=world.estate_id, name=name, body=body, now=now_utc()
        )
        row = await registry.device_named(session, estate_id=world.estate_id, name=f"chirpstack:{name}")
        assert row is not None
        terms = DeviceTerms(settings=row.settings, fields=row.fields, codec_id=codec.codec_id)
        await devices.change_device(
            session, estate_id=world.estate_id, device_id=row.device_id, terms=terms, now=now_utc()
        )


async def test_a_codec_of_ours_decodes_and_a_hostile_one_costs_only_its_own(
    database: Database, admin: Connection
):
    terms = DeviceTerms(settings={"switch": SWITCH}, fields=[KWH_FIELD])
    world = await wired_world(
        database, *(Wired("chirpstack", eui, terms) for eui in (HONEST, HOSTILE, SERVED))
    )
    await with_codec(world, HONEST, READS)
    await with_codec(world, HOSTILE, LOOPS)
    settler, inbox = Settler(database, readings_max=1_000), Inbox(Table())

    async def settle(*messages: tuple[str, bytes]) -> None:
        """Settle messages as one batch."""
        waiting = [
            asyncio.create_task(inbox.deliver(topic, payload, now=now_utc())) for topic, payload in messages
        ]
        await asyncio.sleep(0)
        batch = await inbox.next_batch(readings_max=1_000, wait_s=0.05)
        assert len(batch) == len(messages)
        await settler.settle(batch)
        await asyncio.gather(*waiting)

    served = {"object": {"energy": 5}, "time": "2026-03-20T12:00:01+00:00"}
    later = {"time": "2026-03-20T13:00:00+00:00"}
    try:
        await settle(
            uplink(HOSTILE, 1_000),
            uplink(HONEST, 1_000_000),
            uplink(HOSTILE, 2_000),
            uplink(SERVED, 0, **served),
        )
        # 2.5 kWh by the codec; 1 kWh by the server's; a port that the codec does not know
        started = time.monotonic()
        await settle(
            uplink(HOSTILE, 9_000, **later),
            uplink(HONEST, 1_002_500, **later),
            uplink(SERVED, 0, **later, object={"energy": 6}),
            uplink(HONEST, 7, f_port=8, **later),
        )
        assert time.monotonic() - started < 20
    finally:
        await settler.close()
    assert await world.balances() == [23 * RAND - 25 * KWH // 10, 23 * RAND, 23 * RAND - KWH]
    rejected = admin.execute(
        "SELECT code, detail FROM rejected_reading ORDER BY rejected_reading_id"
    ).fetchall()
    assert sorted(code for code, _ in rejected) == ["codec_bad_output", *["codec_timeout"] * 3]
    assert {detail.partition(": ")[0] for _, detail in rejected} == {"the codec failed", "the codec says"}
    assert ("codec_bad_output", "the codec says: unknown port") in rejected
    states = admin.execute(
        "SELECT d.name, s.switch_is_on FROM device AS d JOIN device_state AS s USING (estate_id, device_id)"
        " ORDER BY d.name"
    ).fetchall()
    # the codec told how the switch stands
    assert states == [
        (f"chirpstack:{HONEST}", True),
        (f"chirpstack:{HOSTILE}", None),
        (f"chirpstack:{SERVED}", None),
    ]
