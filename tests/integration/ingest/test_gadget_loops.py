"""Plugs and a meter that speak MQTT by conventions: charged, cut, restored; and strangers beside them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import aiomqtt

from mita.devices.operations import DeviceTerms
from mita.kit.clock import now_utc
from tests.fakes.gadgets import Gadget, ShellyPlug, TasmotaPlug

from .loops import KWH, RAND, Wired, commands_of, nudged, shown, wired_world
from .rig import eventually

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database

    from .conftest import Line

ZONE = ZoneInfo("Africa/Johannesburg")
PLUG, SHELLY, VALVE = "plug-7", "shellyplus1pm-a8032abe54dc", "box-3"
FIELDS = [{"path": "status.counter", "register": "import", "unit": "Wh"}]
SETTINGS = {
    "time_path": "status.at",
    "switch": {"path": "status.relay", "on": "in", "off": "out"},
    "relay": {"topic": "plant/%device%/order", "on": "in", "off": "out"},
}
# what a broker kept, from whoever said so and whenever
OLD_WORDS = {
    f"stat/{PLUG}/POWER": "OFF",
    f"{SHELLY}/status/switch:0": '{"id": 0, "output": false}',
    f"plant/{VALVE}/status": '{"relay": "out"}',
    "tele/plug-9/STATE": '{"POWER": "ON"}',
}


class Box(Gadget):
    """A meter of nobody's convention, which its field map explains."""

    listens = ("order",)

    def topic(self, leaf: str) -> str:
        return f"plant/{self.address}/{leaf}"

    async def tell(self, *, now: datetime) -> None:
        await self._say(at=int(now.timestamp()))

    async def tell_state(self) -> None:
        await self._say()

    async def _say(self, **more: int) -> None:
        said = {"counter": int(self.energy_kwh * 1_000), "relay": "in" if self.is_on else "out", **more}
        await self.say("status", said)

    async def obey(self, leaf: str, payload: bytes) -> None:
        assert leaf == "order"
        self.is_on = payload == b"in"
        await self.tell_state()


async def test_gadgets_are_charged_cut_and_restored(
    mosquitto_line: Line, database: Database, admin: psycopg.Connection
):
    at = {"host": "127.0.0.1", "port": mosquitto_line.broker.port}
    wired = (
        Wired("tasmota", PLUG),
        Wired("shelly", SHELLY),
        Wired("json", VALVE, DeviceTerms(settings=SETTINGS, fields=FIELDS)),
    )
    world = await wired_world(database, *wired)
    gadgets = (TasmotaPlug(PLUG, zone=ZONE, **at), ShellyPlug(SHELLY, **at), Box(VALVE, **at))
    start = now_utc() - timedelta(hours=3)

    async def tell(hours: int, *, kwh: str) -> None:
        for gadget in gadgets:
            gadget.energy_kwh = Decimal("3.705") + Decimal(kwh)
            await gadget.tell(now=start + timedelta(hours=hours))

    async def come_to(*expected: tuple[str, str]) -> None:
        async def are_so() -> bool:
            return [await commands_of(world, unit=unit) for unit in range(3)] == [list(expected)] * 3

        await eventually(are_so, what=f"the commands of each are {expected}")

    async def cost(kwh: str) -> bool:
        left = 23 * RAND - int(Decimal(kwh) * KWH)
        return await world.balances() == [left] * 3

    def listed() -> list[tuple[str, str]]:
        return admin.execute("SELECT code, detail FROM rejected_reading").fetchall()

    async with AsyncExitStack() as stack:
        for gadget in gadgets:
            await stack.enter_async_context(gadget)
        stranger = await stack.enter_async_context(aiomqtt.Client("127.0.0.1", at["port"]))
        for topic, said in OLD_WORDS.items():
            await stranger.publish(topic, said, qos=1, retain=True)
        await mosquitto_line.another(
            "gadgets", MITA_MQTT_CONVENTIONS="tasmota, shelly", MITA_MQTT_JSON_TOPICS="plant/%device%/#"
        )
        await stack.enter_async_context(nudged(admin))
        for _ in range(20):
            await stranger.publish("tele/plug-9/SENSOR", '{"ENERGY": {"Total": 9}}', qos=1)
        await tell(0, kwh="0")
        await tell(1, kwh="2.5")
        await eventually(lambda: cost("2.5"), what="what they counted is charged")
        assert await commands_of(world) == []
        assert await shown(world) == [True] * 3
        # whoever nobody knows is listed, once
        assert listed() == [("unknown_device", "no estate has a device 'tasmota:plug-9'")]

        # deaf ones are told, and what is shown stays as they said
        for gadget in gadgets:
            gadget.is_deaf = True
        await tell(2, kwh="10")
        await come_to(("off", "sent"))
        # what the broker kept comes again with each subscription; it says what is wanted, and is no answer
        (process,) = mosquitto_line.others
        assert process.stop() == 0
        acknowledged = mosquitto_line.tap.acknowledged
        process.start()
        await mosquitto_line.all_acknowledged(acknowledged + len(OLD_WORDS))
        await asyncio.sleep(0.3)
        await come_to(("off", "sent"))
        assert await shown(world) == [True] * 3

        for gadget in gadgets:
            gadget.is_deaf = False
            gadget.heard.clear()
        admin.execute("UPDATE supply_command SET answer_due_at = now()")
        await come_to(("off", "confirmed"))
        assert [gadget.is_on for gadget in gadgets] == await shown(world) == [False] * 3
        for unit in range(3):
            await world.top_up("30.00", key=f"more-{unit}", unit=unit, now=now_utc())
        await come_to(("off", "confirmed"), ("on", "confirmed"))
        assert [gadget.is_on for gadget in gadgets] == await shown(world) == [True] * 3
        # switched by hand, which nobody asked
        gadgets[0].is_on = False
        await gadgets[0].tell_state()

        async def is_off() -> bool:
            return await shown(world) == [False, True, True]

        await eventually(is_off, what="the plug is seen to be off")
    assert await world.balances() == [53 * RAND - 10 * KWH] * 3
    assert {code for code, _ in listed()} == {"unknown_device"}
    assert len(listed()) == 2
    assert await world.verified()
