"""Pulses off MQTT become what a wallet pays; a counter that fell is an issue until it is explained."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from mita.devices.operations import DeviceTerms
from mita.drivers.mqtt.routes import Prefixes, Table
from mita.entrypoints.ingest.inbox import Inbox
from mita.entrypoints.ingest.settle import Settler
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.operations import NewCounter
from tests.integration.world import NOW, at

from .loops import RAND, Wired, wired_world

if TYPE_CHECKING:
    from psycopg import Connection

    from mita.kit.db import Database

FIELD = {"path": "state.count", "register": "import", "unit": "imp"}


async def test_pulses_of_a_gadget_over_a_rollover_a_fall_and_its_remedy(
    database: Database, admin: Connection
):
    world = await wired_world(database, Wired("json", "gadget", DeviceTerms(fields=[FIELD])))
    who = {"estate_id": world.estate_id, "actor": "staff:test", "now": NOW}
    async with world.unit_of_work() as session:
        (row,) = await metering_queries.registers_of_meter(
            session, estate_id=world.estate_id, meter_id=world.meter_ids[0]
        )
        new = NewCounter("1000 imp/kWh", 16)
        await metering.set_pulse_counter(session, register_id=row.register_id, new=new, **who)
    settler, inbox = Settler(database, readings_max=100), Inbox(Table(Prefixes(json=("plant/%device%/#",))))

    async def send(count: int, hour: int) -> None:
        body = json.dumps({"count": count}).encode()
        waiting = asyncio.create_task(inbox.deliver("plant/gadget/state", body, now=at(hour)))
        await asyncio.sleep(0)
        await settler.settle(await inbox.next_batch(readings_max=100, wait_s=0.01))
        await waiting

    def issues() -> list[tuple[str, str, bool]]:
        return admin.execute("SELECT kind, detail, until IS NULL FROM device_issue ORDER BY since").fetchall()

    start = (await world.balances())[0]
    try:
        await send(65_000, 0)
        await send(464, 1)
        assert start - (await world.balances())[0] == 23 * RAND // 10
        await send(10, 2)
        await send(20, 3)
        assert start - (await world.balances())[0] == 23 * RAND // 10
        assert ("counter_fell", "register 'import' of meter 'gadget' fell to 20 pulses", True) in issues()
        async with world.unit_of_work() as session:
            await metering.begin_counter_again(session, register_id=row.register_id, cause="reset", **who)
        await send(1_000, 4)
        assert start - (await world.balances())[0] == 2 * 23 * RAND // 10
        assert [is_open for kind, _, is_open in issues() if kind == "counter_fell"] == [False]
    finally:
        await settler.close()
