"""Pulses and what is made of registers, while ingest dies in the middle of a batch: as in a clean run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mita.metering import operations as metering
from mita.metering.operations import NewVirtualMeter
from tests.integration.charging.test_derived_registers import (
    counts,
    register_of,
    set_counter,
    shown,
    work_out,
)
from tests.integration.world import NOW, World, at, batch, new_world

from .conftest import is_waiting_for_a_lock
from .rig import eventually
from .test_charging import item
from .wire import publish

if TYPE_CHECKING:
    from psycopg import Connection

    from mita.kit.db import Database

    from .conftest import Line

HOURS = 48
PULSES = 3_000


def count(hour: int) -> int:
    """What a counter of sixteen bits shows: it comes round to zero twice."""
    return (60_000 + hour * PULSES) % 65_536


def kwh(hour: int) -> str:
    return f"{hour * 5 / 8:.3f}"


async def made(database: Database, admin: Connection, *, name: str) -> World:
    """M1 counts pulses, M2 kWh, and M3 is made of both."""
    world = await new_world(database, meters=3, name=name)
    await set_counter(world, weight="1000 imp/kWh", width_bits=16)
    one, two, three = [await register_of(world, meter) for meter in range(3)]
    admin.execute("UPDATE meter SET device = NULL WHERE estate_id = %s AND serial = 'M3'", (world.estate_id,))
    async with world.unit_of_work() as session:
        new = NewVirtualMeter((one, two), (), ((three, "1"),), None, at(0))
        await metering.set_virtual_meter(
            session, estate_id=world.estate_id, new=new, actor="staff:test", now=NOW
        )
    return world


async def test_balances_equal_the_clean_run(mosquitto_line: Line, database: Database, admin: Connection):
    line = mosquitto_line
    world = await made(database, admin, name="Killed")
    pulses, meter = (f"dev-{world.estate_id}-{number}" for number in (1, 2))

    async def send(hours: range) -> int:
        for hour in hours:
            await publish(line.broker, pulses, [json.dumps({**item(hour, 0), "r": {"imp": count(hour)}})])
            await publish(line.broker, meter, [json.dumps(item(hour, float(kwh(hour))))])
        return 2 * len(hours)

    await line.start_ingest()
    sent = await send(range(6))
    for first in range(6, HOURS, 14):
        hours = range(first, first + 7)
        # each message is acknowledged once; what is still under way would be taken for one of this round
        await line.all_acknowledged(sent)
        assert line.tap.acknowledged == sent
        with admin.transaction(force_rollback=True):
            admin.execute("SELECT seq FROM charging_lane WHERE estate_id = %s FOR UPDATE", (world.estate_id,))
            in_the_round = await send(hours)
            await eventually(lambda: is_waiting_for_a_lock(admin), what="a batch is in the middle")
            await line.kill_ingest()
        assert line.tap.acknowledged == sent, "nothing is acknowledged before it is durable"
        # what is made of it so far, while a part is on its way
        await work_out(world)
        await line.start_ingest()
        sent += in_the_round + await send(range(first + 7, first + 14))

    async def all_came() -> bool:
        found = admin.execute(
            "SELECT count(*) FROM reading JOIN register USING (estate_id, register_id)"
            " JOIN meter USING (estate_id, meter_id) WHERE serial <> 'M3'"
        ).fetchone()
        return found == (2 * HOURS,)

    await eventually(all_came, what="everything has come")
    line.ingest.stop()
    await work_out(world)

    clean = await made(database, admin, name="Clean")
    for hour in range(HOURS):
        await clean.lane.charge(counts([("M1", at(hour), count(hour))]), now=NOW)
        await clean.lane.charge(batch([("M2", at(hour), kwh(hour))]), now=NOW)
    await work_out(clean)
    balances = await world.balances()
    assert balances == await clean.balances()
    # 3 kWh of pulses an hour, and 0.625 beside, at 2.30
    assert balances == [-(HOURS - 1) * step for step in (6_900_000, 1_437_500, 8_337_500)]
    assert [value for _, value, _ in await shown(world, 2)] == [
        value for _, value, _ in await shown(clean, 2)
    ]
    assert admin.execute("SELECT count(*) FROM rejected_reading").fetchone() == (0,)
    assert await world.verified()
