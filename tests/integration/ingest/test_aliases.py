"""Devices behind Zigbee2MQTT speak under names that people give them, and take from each other."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from mita.kit.clock import now_utc
from tests.fakes.gadgets import ZigbeePlug

from .loops import KWH, RAND, Wired, wired_world
from .rig import eventually

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database

    from .conftest import Line

FIRST, SECOND = "0x00158d0001b79111", "0x00158d0001b79222"


async def test_readings_under_friendly_names_are_the_devices_own(
    mosquitto_line: Line, database: Database, admin: psycopg.Connection
) -> None:
    at = {"host": "127.0.0.1", "port": mosquitto_line.broker.port}
    world = await wired_world(database, Wired("zigbee2mqtt", FIRST), Wired("zigbee2mqtt", SECOND))
    first, second = ZigbeePlug(FIRST, alias="flat 3/kitchen", **at), ZigbeePlug(SECOND, alias="hall", **at)

    times = [now_utc() - timedelta(hours=3)]

    async def lists(*plugs: ZigbeePlug) -> None:
        about = [{"ieee_address": each.address, "friendly_name": each.alias} for each in plugs]
        await first.say("bridge/devices", about, is_retained=True)

    async def cost(one: str, other: str) -> None:
        expected = [23 * RAND - int(Decimal(kwh) * KWH) for kwh in (one, other)]

        async def is_so() -> bool:
            return await world.balances() == expected

        await eventually(is_so, what=f"charged are {one} and {other}")

    async def tell(plug: ZigbeePlug, kwh: str, *, name: str = "") -> None:
        plug.energy_kwh = Decimal(kwh)
        times.append(times[-1] + timedelta(minutes=1))
        await first.say(name or plug.alias, {"energy": float(kwh), "last_seen": times[-1].isoformat()})

    def aliases() -> list[str | None]:
        return [alias for (alias,) in admin.execute("SELECT alias FROM device_state ORDER BY device_id")]

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(first)
        await mosquitto_line.another("zigbee", MITA_MQTT_CONVENTIONS="zigbee2mqtt")
        await lists(first, second)
        await tell(first, "1")
        await tell(second, "1")
        await tell(first, "3")
        await cost("2", "0")
        assert aliases() == ["flat 3/kitchen", "hall"]
        # the names change hands; each message is of whom it means when it is sent
        first.alias, second.alias = "hall", "flat 3/kitchen"
        await lists(first, second)
        await tell(first, "4")
        await tell(second, "5")
        await cost("3", "4")
        # nobody speaks for another: not under an address as a name, nor under a name that both have
        before = aliases()
        first.alias = second.address
        await lists(first, second)
        await tell(second, "6", name=SECOND)
        await cost("3", "5")
        assert aliases() == [None, "flat 3/kitchen"] != before
        first.alias = second.alias = "attic"
        await lists(first, second)
        await tell(first, "9")

        async def is_listed() -> bool:
            listed = admin.execute("SELECT detail FROM rejected_reading WHERE code = 'unknown_device'")
            return ("no estate has a device 'zigbee2mqtt:attic'",) in listed.fetchall()

        await eventually(is_listed, what="a name that two have is nobody's")
        # what went and came back under its name, while ingest was away
        first.alias, second.alias = "cellar", "hall"
        await lists(first, second)
        await tell(first, "5")
        await cost("4", "5")
        (process,) = mosquitto_line.others
        assert process.stop() == 0
        process.start()
        await tell(first, "6")
        await cost("5", "5")
        # one that is not in the list any more loses its name to who has it now
        second.alias = "cellar"
        await lists(second)
        await tell(second, "7")
        await cost("5", "6")
        assert aliases() == [None, "cellar"]
