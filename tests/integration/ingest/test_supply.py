"""From a crossing by readings off MQTT to a relay that says it is off, and back."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.devices import operations as devices
from mita.kit.clock import now_utc
from tests.integration.world import at, new_world

from .rig import PATIENCE_S, eventually
from .test_charging import item
from .wire import client, publish

if TYPE_CHECKING:
    import aiomqtt
    from psycopg import Connection

    from mita.kit.db import Database
    from tests.integration.world import World

    from .conftest import Line

RAND = 1_000_000
CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)


async def funded(database: Database, *, meters: int = 1) -> World:
    """An estate that cuts at zero; every unit has 23.00, which is 10 kWh."""
    world = await new_world(database, meters=meters)
    for unit in range(meters):
        await world.top_up("23.00", key=f"first-{unit}", unit=unit, now=now_utc())
    await world.set_rule(CUTTING, now=now_utc())
    return world


async def commands(world: World) -> list[tuple[str, str]]:
    async with world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=world.estate_id)
    return [(row.action, row.state) for row in rows]


async def is_on(world: World) -> bool:
    async with world.unit_of_work() as session:
        return await credit_queries.is_supply_on(
            session, estate_id=world.estate_id, unit_id=world.unit_ids[0], utility="electricity"
        )


async def come_to(world: World, *expected: tuple[str, str]) -> None:
    async def are_so() -> bool:
        return await commands(world) == list(expected)

    await eventually(are_so, what=f"the commands are {expected}")


async def heard(device: aiomqtt.Client) -> tuple[aiomqtt.Message, dict[str, Any]]:
    """Return the next message to a device."""
    async with asyncio.timeout(PATIENCE_S):
        message = await anext(device.messages)
    assert isinstance(message.payload, bytes)
    return message, json.loads(message.payload)


async def answer(device: aiomqtt.Client, name: str, command: dict[str, Any], relay: object) -> None:
    await device.publish(f"m/{name}/ack", json.dumps({"id": command["id"], "relay": relay}), qos=1)


async def test_a_crossing_cuts_and_a_top_up_restores(line: Line, database: Database):
    world = await funded(database)
    name = f"dev-{world.estate_id}-1"
    await line.start_ingest()
    async with client(line.broker, name) as device:
        await device.subscribe(f"m/{name}/down", qos=1)
        await device.publish(f"m/{name}/up", json.dumps([item(0, 0), item(1, 9)]), qos=1)
        await line.all_acknowledged(1)
        assert await commands(world) == []
        await device.publish(f"m/{name}/up", json.dumps(item(2, 10)), qos=1)
        message, off = await heard(device)
        assert (message.topic.value, message.qos, message.retain) == (f"m/{name}/down", 1, False)
        assert (off["relay"], off["meter"]) == ("off", "M1")
        assert off["exp"] > now_utc().timestamp()
        await come_to(world, ("off", "sent"))
        assert await is_on(world)
        await answer(device, name, off, "off")
        await come_to(world, ("off", "confirmed"))
        assert not await is_on(world)

        await world.top_up("9.99", key="too-little", now=now_utc())
        await world.top_up("0.01", key="enough", now=now_utc())
        _, on = await heard(device)
        assert on["relay"] == "on"
        await come_to(world, ("on", "sent"), ("off", "confirmed"))
        await answer(device, name, on, True)
        await come_to(world, ("on", "confirmed"), ("off", "confirmed"))
        assert await is_on(world)
    assert await world.verified()


async def test_a_relay_that_contradicts_is_a_failure(line: Line, database: Database, admin: Connection):
    world = await funded(database)
    name = f"dev-{world.estate_id}-1"
    await line.start_ingest()
    async with client(line.broker, name) as device:
        await device.subscribe(f"m/{name}/down", qos=1)
        await device.publish(f"m/{name}/up", json.dumps([item(0, 0), item(1, 11)]), qos=1)
        _, off = await heard(device)
        await come_to(world, ("off", "sent"))
        await answer(device, name, off, "on")
        await come_to(world, ("off", "failed"))
        assert await is_on(world)
        # the command is over, and yet the relay is as the device says
        await answer(device, name, off, "off")
        await line.all_acknowledged(3)
        assert await commands(world) == [("off", "confirmed"), ("off", "failed")]
        assert not await is_on(world)
    assert admin.execute("SELECT code FROM rejected_reading").fetchall() == []


async def test_what_is_no_answer_is_listed_and_moves_nothing(
    line: Line, database: Database, admin: Connection
):
    world = await funded(database, meters=2)
    one, two = (f"dev-{world.estate_id}-{number}" for number in (1, 2))
    await line.start_ingest()
    async with client(line.broker, one) as device:
        await device.subscribe(f"m/{one}/down", qos=1)
        await device.publish(f"m/{one}/up", json.dumps([item(0, 0), item(1, 10)]), qos=1)
        _, off = await heard(device)
    await come_to(world, ("off", "sent"))
    # another unit's device
    await publish(line.broker, two, [json.dumps({"id": off["id"], "relay": "off"})], leaf="ack")
    junk = [
        b"\xff",
        b"off",
        b"[]",
        b"x" * 100_000,
        json.dumps({"id": off["id"], "relay": "half"}).encode(),
        json.dumps({"id": off["id"]}).encode(),
        b'{"id": "%s", "relay": NaN}' % off["id"].encode(),
        b'{"id": "%s", "relay": 1e999999}' % off["id"].encode(),
        json.dumps({"id": 7, "relay": "off"}).encode(),
        json.dumps({"id": "not-a-command", "relay": "off"}).encode(),
        b'{"id": "01930000-0000-7000-8000-000000000000", "relay": "off"}',
    ]
    await publish(line.broker, one, junk, leaf="ack")
    await line.all_acknowledged(2 + len(junk))
    assert await commands(world) == [("off", "sent")]
    listed = admin.execute("SELECT code, count(*) FROM rejected_reading GROUP BY code").fetchall()
    assert dict(listed) == {"not_json": 3, "bad_shape": 1, "bad_relay": 4, "unknown_command": 4}
    await publish(line.broker, one, [json.dumps({"id": off["id"], "relay": 0})], leaf="ack")
    await come_to(world, ("off", "confirmed"))


async def test_an_expired_command_fails_and_is_never_sent(line: Line, database: Database, admin: Connection):
    world = await funded(database, meters=2)
    one, two = (f"dev-{world.estate_id}-{number}" for number in (1, 2))
    # the first one is asked while nobody sends, and its time passes
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    assert await commands(world) == [("off", "asked")]
    admin.execute("UPDATE supply_command SET expires_at = now() - interval '1 second'")
    async with client(line.broker, one) as first, client(line.broker, two) as second:
        await first.subscribe(f"m/{one}/down", qos=1)
        await second.subscribe(f"m/{two}/down", qos=1)
        await line.start_ingest()
        await come_to(world, ("off", "failed"))
        # the second one is sent, so that there is something to wait for
        await second.publish(f"m/{two}/up", json.dumps([item(0, 0), item(1, 10)]), qos=1)
        await heard(second)
        await come_to(world, ("off", "sent"), ("off", "failed"))
        # and the first device's next word is the one that restores its supply
        await world.top_up("50.00", key="more", now=now_utc())
        _, on = await heard(first)
        assert on["relay"] == "on"


async def test_a_command_waits_for_the_broker_and_for_the_device(line: Line, database: Database):
    world = await funded(database)
    name = f"dev-{world.estate_id}-1"
    async with client(line.broker, name, clean_session=False) as device:
        await device.subscribe(f"m/{name}/down", qos=1)
    if line.broker.process.path.name == "mosquitto.log":
        # asked while the broker is away; the embedded one would forget the device's session
        line.broker.process.stop()
        line.ingest.start()
        await world.charge([("M1", at(0), "0"), ("M1", at(1), "10")], now=now_utc())
        assert await commands(world) == [("off", "asked")]
        await line.broker.start()
    else:
        await line.start_ingest()
        await world.charge([("M1", at(0), "0"), ("M1", at(1), "10")], now=now_utc())
    await come_to(world, ("off", "sent"))
    async with client(line.broker, name, clean_session=False) as device:
        _, off = await heard(device)
        assert off["relay"] == "off"
        await answer(device, name, off, "off")
        await come_to(world, ("off", "confirmed"))


async def test_a_limit_goes_out_and_holds_when_the_device_says_so(line: Line, database: Database):
    world = await new_world(database)
    name = f"dev-{world.estate_id}-1"
    place = {"estate_id": world.estate_id, "unit_id": world.unit_ids[0], "utility": "electricity"}
    async with world.unit_of_work() as session:
        terms = devices.DeviceTerms(settings={"limit": True})
        await devices.register_device(
            session, estate_id=world.estate_id, driver="mita", address=name, terms=terms, now=now_utc()
        )

    async def held_w() -> int | None:
        async with world.unit_of_work() as session:
            found = await credit_queries.supply_limit(session, **place)
        return None if found is None else found.limit_w

    await line.start_ingest()
    async with client(line.broker, name) as device:
        await device.subscribe(f"m/{name}/down", qos=1)
        async with world.unit_of_work() as session:
            await credit.limit_by_staff(
                session, **place, limit_w=2_000, until=None, actor="staff:test", now=now_utc()
            )
        _, order = await heard(device)
        assert ("relay" in order, order["limit"], order["meter"]) == (False, 2_000, "M1")
        await come_to(world, ("limit", "sent"))
        assert await held_w() is None
        await device.publish(f"m/{name}/ack", json.dumps({"id": order["id"], "limit": 2000}), qos=1)
        await come_to(world, ("limit", "confirmed"))
        assert await held_w() == 2_000
        async with world.unit_of_work() as session:
            await credit.lift_limit_by_staff(session, **place, now=now_utc())
        _, order = await heard(device)
        assert order["limit"] is None
        await come_to(world, ("lift", "sent"), ("limit", "confirmed"))
        # beside a reading of long ago it is old; by itself, without naming the command, it is news
        await device.publish(f"m/{name}/up", json.dumps({**item(1, 1), "limit": 700}), qos=1)
        await device.publish(f"m/{name}/up", json.dumps({"limit": None}), qos=1)
        await come_to(world, ("lift", "confirmed"), ("limit", "confirmed"))
        assert await held_w() is None
