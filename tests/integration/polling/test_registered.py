"""Registered devices are asked, charged and switched through the database, and no others."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.drivers.modbus import maps
from mita.drivers.wire import Decoded
from mita.entrypoints.polling.modbus import ModbusLine
from mita.entrypoints.polling.reach import Reach
from mita.entrypoints.polling.registered import Registered, StoredCounters
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.seal import Seals
from tests.fakes.modbus import Unit, serve, words_of
from tests.integration.world import World, new_world

if TYPE_CHECKING:
    import psycopg

RAND = 1_000_000
SDM120 = maps.named("eastron_sdm120")
COIL = {"fn": 5, "address": 0, "on": 1, "off": 0, "readback": {"fn": 1, "address": 0, "on": 1, "off": 0}}
CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)
NAME = "modbus:flat-1"
LOOPBACK = Reach.parsed("127.0.0.0/8", "")


async def registered(
    world: World, admin: psycopg.Connection, *, url: str, address: str = "flat-1", **more: Any
) -> int:
    settings = {"url": url, "unit": 1, "map": "eastron_sdm120", "relay": COIL, "timeout_ms": 3_000, **more}
    async with world.unit_of_work() as session:
        row = await devices.register_device(
            session,
            estate_id=world.estate_id,
            driver="modbus",
            address=address,
            terms=devices.DeviceTerms(settings=settings),
            now=now_utc(),
        )
    admin.execute("UPDATE meter SET device = %s WHERE serial = 'M1'", (NAME,))
    return row.device_id


async def told(registered: Registered, line: ModbusLine) -> None:
    (polled,) = await registered.devices()
    decoded = await line.read(polled.device, now_s=int(now_utc().timestamp()))
    await registered.settle(polled.estate_id, polled.device, decoded)


async def test_it_is_charged_cut_and_restored(database: Database, admin: psycopg.Connection) -> None:
    world = await new_world(database)
    await world.set_rule(CUTTING, now=now_utc())
    await world.top_up("15.00", key="first", now=now_utc())
    unit = Unit(1, coils={0: True}).tell(SDM120, {"import": 100.0})
    async with serve([unit]) as served:
        device_id = await registered(world, admin, url=served.url)
        polling, line = Registered(database, reach=LOOPBACK), ModbusLine()
        try:
            await told(polling, line)
            # the clock of a test: the next reading is of another second
            admin.execute("UPDATE reading SET taken_at = taken_at - interval '1 hour'")
            await served.server.async_setValues(1, 4, 0x48, words_of("float32", 110.0))
            await told(Registered(database, reach=LOOPBACK), line)
            # 10 kWh at 2.00 and 15 %
            assert await world.balances() == [-8 * RAND]
            (order,) = await polling.orders()
            assert (order.device.name, order.order.is_on) == (NAME, False)
            reports = await line.carry_out(order.order, order.device, now_s=int(now_utc().timestamp()))

            await polling.settle(order.estate_id, order.device, Decoded(reports=list(reports)))
        finally:
            await line.close()
    fn, address, values = unit.written[-1]
    assert (fn, address, bool(values[0])) == (5, 0, False)
    assert await polling.orders() == []
    async with world.unit_of_work() as session:
        assert not await credit_queries.is_supply_on(
            session, estate_id=world.estate_id, unit_id=world.unit_ids[0], utility="electricity"
        )
        state = await registry.state(session, estate_id=world.estate_id, device_id=device_id)
    assert (state.switch_is_on, state.failed_since) == (False, None)
    assert await world.verified()


async def test_an_order_that_fails_waits_longer_each_time(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database)
    await world.set_rule(CUTTING, now=now_utc())
    now = now_utc()
    rows = [("M1", now - timedelta(hours=2), "0"), ("M1", now - timedelta(hours=1), "10")]
    await world.charge(rows, now=now)
    unit = Unit(1, coils={0: True}, is_stuck=True).tell(SDM120, {})
    async with serve([unit]) as served:
        await registered(world, admin, url=served.url)
        polling, line = Registered(database, reach=LOOPBACK), ModbusLine()
        try:
            for attempt in (1, 2):
                (order,) = await polling.orders()
                reports = await line.carry_out(order.order, order.device, now_s=int(now_utc().timestamp()))

                await polling.settle(order.estate_id, order.device, Decoded(reports=list(reports)))
                assert await polling.orders() == []
                (row,) = admin.execute(
                    "SELECT attempts, extract(epoch FROM answer_due_at - now())::int FROM supply_command"
                ).fetchall()
                assert row[0] == attempt
                assert 20 * attempt < row[1] <= 30 * attempt
                admin.execute("UPDATE supply_command SET answer_due_at = now()")
        finally:
            await line.close()


async def test_what_is_out_of_reach_is_not_asked_and_says_so(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database)
    device_id = await registered(world, admin, url="tcp://10.9.8.7:502")
    polling = Registered(database, reach=LOOPBACK)
    assert await polling.devices() == []
    async with world.unit_of_work() as session:
        (issue,) = await registry.issues(session, estate_id=world.estate_id, device_id=device_id)
    assert (issue.kind, "MITA_POLL_NETWORKS" in issue.detail) == ("unreachable", True)


async def test_a_counter_is_given_once_by_key_whatever_it_is_registered_as(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database)
    device_id = await registered(world, admin, url="tcp://127.0.0.1:502")
    counters = StoredCounters(database)
    assert [await counters.take(NAME, key="a", count=5000) for _ in range(3)] == [1, 5001, 10_001]
    # another key of this meter goes on above: the meter may not have noticed the change
    assert await counters.take(NAME, key="b", count=10) == 15_001
    async with world.unit_of_work() as session:
        await devices.remove_device(session, estate_id=world.estate_id, device_id=device_id, now=now_utc())
    # the same meter anew, under its name with another key, and under another name with its key
    await registered(world, admin, url="tcp://127.0.0.1:502")
    assert await counters.take(NAME, key="c", count=10) == 15_011
    await registered(world, admin, url="tcp://127.0.0.1:503", address="elsewhere")
    other = "modbus:elsewhere"
    assert await counters.take(other, key="a", count=10) == 15_001
    # both registrations of one key go on together
    assert await counters.take(NAME, key="a", count=10) == 15_021
    assert await counters.take(other, key="a", count=10) == 15_031


async def test_counters_of_a_key_outlive_the_rotation_of_the_keys_of_secrets(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database)
    await registered(world, admin, url="tcp://127.0.0.1:502", address="one")
    await registered(world, admin, url="tcp://127.0.0.1:503", address="two")
    old, new = os.urandom(32), os.urandom(32)
    taken = []
    for name, keys in (("one", [old]), ("two", [new, old]), ("two", [new])):
        sealed = Database(database.url, seals=Seals(keys))
        taken.append(await StoredCounters(sealed).take(f"modbus:{name}", key="a", count=10))
        await sealed.close()
    assert taken == [1, 11, 21]


async def test_a_register_limits_and_a_poll_sees_that_it_is_lost(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database)
    place = {"estate_id": world.estate_id, "unit_id": world.unit_ids[0], "utility": "electricity"}
    unit = Unit(1, words={(3, 4096): 65_535}, coils={0: True}).tell(SDM120, {"import": 100.0})
    limit = {"fn": 6, "address": 4096, "none": 65_535, "factor": 100}

    async def held_w() -> int | None:
        async with world.unit_of_work() as session:
            found = await credit_queries.supply_limit(session, **place)
        return None if found is None else found.limit_w

    async with serve([unit]) as served:
        await registered(world, admin, url=served.url, limit=limit)
        polling, line = Registered(database, reach=LOOPBACK), ModbusLine()

        async def obey() -> None:
            (order,) = await polling.orders()
            assert await polling.is_due(order)
            reports = await line.carry_out(order.order, order.device, now_s=int(now_utc().timestamp()))
            await polling.settle(order.estate_id, order.device, Decoded(reports=list(reports)))
            assert await polling.orders() == []

        try:
            async with world.unit_of_work() as session:
                await credit.limit_by_staff(
                    session, **place, limit_w=2_050, until=None, actor="staff:test", now=now_utc()
                )
            await obey()
            # in steps of 100 W, and never more than was asked
            assert unit.written[-1] == (6, 4096, [20])
            assert await held_w() == 2_000
            await told(Registered(database, reach=LOOPBACK), line)
            assert await held_w() == 2_000
            # somebody at the meter takes it out: the next poll sees it, and it is asked for again
            await served.server.async_setValues(1, 3, 4096, [65_535])
            admin.execute("UPDATE reading SET taken_at = taken_at - interval '1 hour'")
            await told(Registered(database, reach=LOOPBACK), line)
            assert await held_w() is None
            await obey()
            assert await held_w() == 2_000
            async with world.unit_of_work() as session:
                await credit.lift_limit_by_staff(session, **place, now=now_utc())
            await obey()
            assert unit.written[-1] == (6, 4096, [65_535])
            assert await held_w() is None
        finally:
            await line.close()
    async with world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=world.estate_id)
    assert [(row.action, row.state) for row in reversed(rows)] == [
        ("limit", "confirmed"),
        ("limit", "confirmed"),
        ("lift", "confirmed"),
    ]
