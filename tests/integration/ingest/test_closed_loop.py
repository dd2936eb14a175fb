"""From readings by radio to a relay that is seen to have switched, and back, with all that goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from typing import TYPE_CHECKING

import aiomqtt
import pytest

from mita.kit.clock import now_utc
from tests.fakes.chirpstack import TOKEN, FakeChirpStack, Faults, Meter

from .loops import KWH, RAND, commands_of, em2101, nudged, shown, wired_world
from .rig import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import psycopg

    from mita.kit.db import Database
    from tests.integration.world import World

    from .conftest import Line

APPLICATION = "0a7f5a2e-0000-4000-8000-000000000001"
EUIS = ("0101010101010101", "0202020202020202", "0303030303030303")
WILD = {
    "lost": 0.2,
    "doubled": 0.3,
    "overtaken": 0.3,
    "delay_s": 0.15,
    "swallowed": 0.15,
    "nacked": 0.1,
    "silent": 0.1,
    "mute": 0.2,
}


async def listen(line: Line, server: FakeChirpStack, *, name: str = "loop") -> None:
    """Start ingest for the server's events."""
    await line.another(
        name,
        MITA_MQTT_CONVENTIONS="chirpstack",
        MITA_CHIRPSTACK_API=f"127.0.0.1:{server.grpc_port}",
        MITA_CHIRPSTACK_TOKEN=TOKEN,
    )


class Watch:
    """Looks all the time whether what is shown is what the device has said, in the order in which it did."""

    def __init__(self, world: World, server: FakeChirpStack, euis: tuple[str, ...]) -> None:
        self._world, self._server, self._euis = world, server, euis
        self._places = dict.fromkeys(euis, 0)
        self._last = dict.fromkeys(euis, True)
        self.samples = 0
        self.broken: list[str] = []

    def said(self, dev_eui: str) -> list[bool]:
        """Each state that the meter told, whether or not it arrived; at first it is on."""
        words = [
            body["object"].get("relayStatus")
            for eui, event, body in self._server.published
            if eui == dev_eui and event == "up"
        ]
        return [True, *(word == "CLOSED" for word in words if word is not None)]

    async def look(self) -> None:
        """Compare once."""
        now = await shown(self._world)
        for dev_eui, is_on in zip(self._euis, now, strict=True):
            if is_on != self._last[dev_eui]:
                said, after = self.said(dev_eui), self._places[dev_eui] + 1
                if is_on not in said[after:]:
                    self.broken.append(f"{dev_eui} is shown as {is_on}, and said {said}, taken until {after}")
                    return
                self._places[dev_eui] = said.index(is_on, after)
                self._last[dev_eui] = is_on
        self.samples += 1

    async def all_the_time(self) -> None:
        while not self.broken:
            await self.look()
            await asyncio.sleep(0.03)


@contextlib.asynccontextmanager
async def watched(world: World, server: FakeChirpStack, *euis: str) -> AsyncIterator[Watch]:
    watch = Watch(world, server, euis)
    task = asyncio.create_task(watch.all_the_time())
    try:
        yield watch
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await watch.look()
    assert not watch.broken
    assert watch.samples > 10


@pytest.mark.parametrize(("wire", "seed"), [("json", 1), ("protobuf", 2)])
async def test_the_loop_closes_whatever_the_radio_does(
    mosquitto_line: Line, database: Database, admin: psycopg.Connection, wire: str, seed: int
):
    wired = [em2101(eui, application_id=APPLICATION, format=wire) for eui in EUIS]
    world = await wired_world(database, *wired)
    units = range(len(EUIS))
    server = FakeChirpStack(
        port=mosquitto_line.broker.port,
        meters=[Meter(eui) for eui in EUIS],
        application_id=APPLICATION,
        wire=wire,
        faults=Faults(**WILD),
        seed=seed,
        class_c_timeout_s=0.05,
    )
    start_s = int(time.time()) - 3_600
    async with server:
        await listen(mosquitto_line, server)

        async def are(is_on: bool) -> bool:  # noqa: FBT001 - asked below only
            for eui in EUIS:
                server.tell_state(eui)
            await asyncio.sleep(0.3)
            return await shown(world) == [is_on] * len(EUIS)

        async with watched(world, server, *EUIS), nudged(admin):
            # the first value opens the register, so it must not get lost
            server.faults = Faults()
            for eui in EUIS:
                await server.uplink(eui, at_s=start_s)
            server.faults = Faults(**WILD)
            for number in range(1, 8):
                for eui in EUIS:
                    await server.uplink(eui, used_wh=1_500, at_s=start_s + 60 * number)
            await server.settled()
            for eui in EUIS:
                await server.uplink(eui, used_wh=1_000, at_s=start_s + 600)
            await asyncio.sleep(4)
            server.faults = Faults(doubled=0.5, overtaken=0.5, delay_s=0.1)
            for eui in EUIS:
                await server.uplink(eui, at_s=start_s + 700)
            await eventually(lambda: are(False), what="all are off")
            assert [server.meters[eui].is_on for eui in EUIS] == [False] * len(EUIS)
            server.faults = Faults(**WILD)
            for unit in units:
                await world.top_up("30.00", key=f"more-{unit}", unit=unit, now=now_utc())
            await asyncio.sleep(4)
            server.faults = Faults(doubled=0.5, overtaken=0.5, delay_s=0.1)
            await eventually(lambda: are(True), what="all are on again")
            await server.settled()
    # every attempt carries the id of its command; several were needed
    ids = [each["id"] for each in server.commands]
    assert len(ids) > len(set(ids)) >= 2 * len(EUIS)
    for unit, eui in enumerate(EUIS):
        assert server.meters[eui].is_on
        assert [state for _, state in await commands_of(world, unit=unit)] == ["confirmed"] * 2
    # 11.5 kWh each, whatever came twice, late or not at all
    assert await world.balances() == [53 * RAND - 115 * KWH // 10] * len(EUIS)
    assert await world.verified()


async def test_a_sleeping_meter_never_hears_a_command_that_was_taken_back(
    mosquitto_line: Line, database: Database, admin: psycopg.Connection
):
    (eui, *_) = EUIS
    world = await wired_world(database, em2101(eui, application_id=APPLICATION, **{"class": "A"}))
    server = FakeChirpStack(
        port=mosquitto_line.broker.port, meters=[Meter(eui, device_class="A")], application_id=APPLICATION
    )
    meter = server.meters[eui]
    start_s = int(time.time()) - 3_600

    async def come_to(*expected: tuple[str, str]) -> None:
        async def are_so() -> bool:
            return await commands_of(world) == list(expected)

        await eventually(are_so, what=f"the commands are {expected}")

    async def waits(action: bytes) -> None:
        async def is_so() -> bool:
            return [item.payload for item in meter.queue] == [action]

        await eventually(is_so, what="the command waits at the server")

    async with server:
        await listen(mosquitto_line, server)
        async with watched(world, server, eui), nudged(admin):
            await server.uplink(eui, at_s=start_s)
            await server.uplink(eui, used_wh=10_000, at_s=start_s + 60)
            await come_to(("off", "queued"))
            await waits(meter.off)
            assert (meter.switched, await shown(world)) == ([], [True])
            await server.uplink(eui, at_s=start_s + 120)
            await come_to(("off", "confirmed"))
            assert (meter.switched, await shown(world)) == ([False], [False])
            # the server tells seconds: of two states in one nobody knows which is the later
            await asyncio.sleep(1)
            await world.top_up("11.50", key="five", now=now_utc())
            await waits(meter.on)
            await server.uplink(eui, at_s=start_s + 180)
            await come_to(("off", "confirmed"), ("on", "confirmed"))
            # out again, and paid before it wakes up: the order that waits is taken back
            await server.uplink(eui, used_wh=5_000, at_s=start_s + 240)
            await waits(meter.off)
            await world.top_up("11.50", key="five more", now=now_utc())
            await waits(meter.on)
            assert server.flushed.count(eui) >= 4
            await server.uplink(eui, at_s=start_s + 300)
            await come_to(("off", "confirmed"), ("on", "confirmed"), ("off", "failed"), ("on", "confirmed"))
    assert meter.switched == [False, True, True]
    assert await world.balances() == [46 * RAND - 15 * KWH]
    assert await world.verified()


async def test_a_restarted_broker_and_a_killed_consumer_end_as_the_clean_run(
    mosquitto_line: Line, database: Database, admin: psycopg.Connection
):
    (eui, *_) = EUIS
    line = mosquitto_line
    world = await wired_world(database, em2101(eui, application_id=APPLICATION), amount="500.00")
    start_s = int(time.time()) - 90_000

    def event(number: int) -> str:
        said = {"activeEnergyImportL1T1": {"data": 250 * number}, "timestamp": start_s + 60 * number}
        return json.dumps({"deviceInfo": {"devEui": eui}, "fPort": 1, "data": "AQ==", "object": said})

    async def publish(numbers: list[int]) -> None:
        async with aiomqtt.Client("127.0.0.1", line.broker.port) as gateway:
            for number in numbers:
                await gateway.publish(
                    f"application/{APPLICATION}/device/{eui}/event/up", event(number), qos=1
                )

    # each twice, and back-dated by as much as chance will have it
    numbers = [*range(1, 301), *range(1, 301)]
    random.Random(5).shuffle(numbers)
    process = await line.another("chaos", MITA_MQTT_CONVENTIONS="chirpstack")
    await publish([0])
    await line.all_acknowledged(1)
    await publish(numbers[:200])
    process.kill()
    await publish(numbers[200:300])
    process.start()
    await line.all_acknowledged(150)
    line.broker.process.stop()
    await line.broker.start()
    await publish(numbers[300:450])
    process.kill()
    process.start()
    await publish(numbers[450:])

    async def is_done() -> bool:
        stored = admin.execute("SELECT count(*) FROM reading").fetchone()
        return stored == (301,) and await world.balances() == [500 * RAND - 75 * KWH]

    await eventually(is_done, what="it ends as the clean run")
    assert admin.execute("SELECT count(*) FROM rejected_reading").fetchone() == (0,)
    assert await world.verified()
