"""Gadgets on a real broker: found, read, switched off, and known to be off."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import aiomqtt
import pytest

from mita.drivers.fields import Field
from mita.drivers.mqtt.discovery import CONVENTIONS, discover
from mita.drivers.mqtt.routes import TOPICS, Table, find
from mita.drivers.wire import Arrival, Device, Health, Order, Renamed, Step, SwitchState
from tests.fakes.gadgets import EsphomeMeter, ShellyPlug, TasmotaPlug, ZigbeePlug
from tests.integration.ingest.rig import MOSQUITTO, eventually, mosquitto

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mita.drivers.mqtt.suggestion import Suggestion
    from mita.drivers.wire import Report, Told

IEEE = "0x00158d0001b79111"
ZONE = ZoneInfo("Africa/Nairobi")
COMMAND = UUID("0199f7a2-1b2c-7d3e-8f40-51627384a5b6")
TOTAL = Field("sensor.total_energy", "import", "kWh")
DEVICES = {
    name: Device(name, ((name, "electricity"),), fields, ZONE, settings)
    for name, fields, settings in (
        ("tasmota:plug-7", (), {}),
        ("shelly:shellyplus1pm-a8032abe54dc", (), {}),
        ("esphome:meter-box", (TOTAL,), {"relay": "relay"}),
        (f"zigbee2mqtt:{IEEE}", (), {}),
        ("zigbee2mqtt:bridge", (), {}),
    )
}


class Listener:
    """What ingest does with these drivers, without a database: subscribe, route, decode, keep."""

    def __init__(self) -> None:
        self.readings: list[Told] = []
        self.reports: list[tuple[str, Report]] = []
        self.suggested: list[Suggestion] = []
        self.rejected: list[str] = []
        self.aliases: dict[str, str] = {}

    async def run(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            self.suggested += discover(message.topic.value, payload, table=Table())
            route = find(message.topic.value)
            if route is None:
                continue
            address = self.aliases.get(route.address, route.address)
            device = DEVICES.get(f"{route.driver}:{address}")
            if device is None:
                self.rejected.append(message.topic.value)
                continue
            now_s = int(datetime.now(tz=UTC).timestamp())
            arrival = Arrival(route.channel, payload, now_s, bool(message.retain))
            decoded = CONVENTIONS[route.driver].decode(arrival, device)
            self.readings += decoded.readings
            self.rejected += [f"{device.name}: {each.detail}" for each in decoded.rejections]
            for report in decoded.reports:
                self.reports.append((device.name, report))
                if isinstance(report, Renamed):
                    self.aliases[report.alias] = report.address

    async def until(self, device: str, report: Report) -> None:
        async def is_so() -> bool:
            return any(name == device and _timeless(each) == report for name, each in self.reports)

        await eventually(is_so, what=f"{device} has told {report}")


def _timeless(report: Report) -> Report:
    if isinstance(report, SwitchState):
        return SwitchState(report.is_on, report.meter, report.command_id)
    return report


@pytest.fixture
def directory() -> Iterator[Path]:
    if not Path(MOSQUITTO).exists():
        pytest.skip(f"MOSQUITTO IS NOT INSTALLED ({MOSQUITTO}): gadgets are not tested against it")
    path = Path(tempfile.mkdtemp(prefix="mita-gadgets-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


async def test_gadgets_are_read_and_switched(directory: Path) -> None:
    broker = await mosquitto(directory, mqtt_version=4).start()
    at = {"host": "127.0.0.1", "port": broker.port}
    listener = Listener()
    try:
        async with AsyncExitStack() as stack:
            tasmota = TasmotaPlug("plug-7", zone=ZONE, **at)
            shelly = ShellyPlug("shellyplus1pm-a8032abe54dc", **at)
            esphome = EsphomeMeter("meter-box", **at)
            zigbee = ZigbeePlug(IEEE, alias="flat 3/kitchen", **at)
            gadgets = dict(zip(DEVICES, (tasmota, shelly, esphome, zigbee), strict=False))
            # esphome leaves a retained number behind, which is old news to who comes later
            await stack.enter_async_context(esphome)
            await esphome.tell(now=datetime.now(tz=UTC))
            client = await stack.enter_async_context(aiomqtt.Client("127.0.0.1", broker.port))
            await client.subscribe([(topic, 1) for topic in TOPICS])
            listening = asyncio.create_task(listener.run(client))
            stack.callback(listening.cancel)
            for gadget in (tasmota, shelly, zigbee):
                await stack.enter_async_context(gadget)
            await listener.until("zigbee2mqtt:bridge", Renamed(IEEE, "flat 3/kitchen"))
            await listener.until("esphome:meter-box", SwitchState(is_on=True))
            assert listener.readings == []

            now = datetime.now(tz=UTC)
            for gadget in gadgets.values():
                await gadget.tell(now=now)

            async def all_read() -> bool:
                return {told.meter for told in listener.readings} == set(gadgets)

            await eventually(all_read, what="each gadget's counter is read")
            assert {told.value_micro for told in listener.readings} == {3_705_000}
            assert {told.meter: told.is_timed for told in listener.readings} == {
                "tasmota:plug-7": True,
                "shelly:shellyplus1pm-a8032abe54dc": True,
                "esphome:meter-box": False,
                f"zigbee2mqtt:{IEEE}": False,
            }
            assert all(abs(told.taken_s - int(now.timestamp())) <= 5 for told in listener.readings)

            await zigbee.rename("hall")
            await listener.until("zigbee2mqtt:bridge", Renamed(IEEE, "hall"))
            for is_on in (False, True):
                listener.reports.clear()
                order = Order(COMMAND, is_on=is_on, expires_s=int(now.timestamp()) + 600)
                for name in gadgets:
                    driver = CONVENTIONS[name.partition(":")[0]]
                    for message in driver.encode(order, DEVICES[name]):
                        await client.publish(message.channel, message.payload, qos=1)
                for name in ("tasmota:plug-7", "esphome:meter-box", f"zigbee2mqtt:{IEEE}"):
                    await listener.until(name, SwitchState(is_on=is_on))
                plug = "shelly:shellyplus1pm-a8032abe54dc"
                await listener.until(plug, Step(COMMAND, "acknowledged"))
                await listener.until(plug, SwitchState(is_on=is_on, command_id=COMMAND))
                assert [gadget.is_on for gadget in gadgets.values()] == [is_on] * 4

            # one that does not obey is not said to
            tasmota.is_deaf = True
            listener.reports.clear()
            (off,) = CONVENTIONS["tasmota"].encode(
                Order(COMMAND, is_on=False, expires_s=0), DEVICES["tasmota:plug-7"]
            )
            await client.publish(off.channel, off.payload, qos=1)
            await eventually(lambda: _heard(tasmota), what="the plug heard the command")
            assert [each for _, each in listener.reports if isinstance(each, SwitchState)] == []

            # a gadget that is gone without a word is told of by its last will
            shelly.die()
            await listener.until("shelly:shellyplus1pm-a8032abe54dc", Health(is_online=False))
        assert listener.rejected == []
        assert {each.device for each in listener.suggested} >= {*gadgets}
    finally:
        broker.process.end()


async def _heard(gadget: TasmotaPlug) -> bool:
    return ("cmnd/plug-7/POWER", b"OFF") in gadget.heard[-1:]
