"""Readings off MQTT become charges, on every broker that is supported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mita.kit.clock import to_us
from mita.metering import operations as metering
from mita.metering.operations import NewMeter
from tests.integration.world import FLAT, NOW, at, new_world, put_in_force

from .conftest import is_waiting_for_a_lock
from .rig import eventually
from .wire import publish

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from mita.kit.db import Database

    from .conftest import Line

# 2.00 a kWh and 15 % VAT
KWH = 2_300_000


def ts(moment: datetime) -> int:
    return to_us(moment) // 1_000_000


def item(hours: int, kwh: object, **more: object) -> dict[str, object]:
    return {"ts": ts(at(hours)), "r": {"kwh": kwh, "w": 512.5}, **more}


async def test_readings_are_charged(line: Line, database: Database, admin: Connection):
    world = await new_world(database, meters=3)
    await line.start_ingest()
    one, many, third = (f"dev-{world.estate_id}-{number}" for number in (1, 2, 3))
    # one reading a message
    await publish(line.broker, one, [json.dumps(item(0, 10)), json.dumps(item(1, 12.5))])
    # many in one message, out of order
    await publish(line.broker, many, [json.dumps([item(hour, hour / 4) for hour in (0, 8, 3, 20, 12)])])
    await publish(line.broker, third, [json.dumps(item(0, 0)), json.dumps({"ts": ts(at(5)), "r": {"wh": 1}})])
    await line.all_acknowledged(5)
    # 2.5 kWh; 5 kWh; one watt-hour
    assert await world.balances() == [-5_750_000, -11_500_000, -2_300]
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (9,)
    assert await world.verified()
    assert line.ingest.stop() == 0


async def test_a_gateway_speaks_for_its_meters(line: Line, database: Database, admin: Connection):
    world = await new_world(database, meters=2)
    await put_in_force(world, FLAT.replace("electricity", "water").replace("2.00", "30.00"))
    async with world.unit_of_work() as session:
        await metering.install_meters(
            session,
            estate_id=world.estate_id,
            meters=[
                NewMeter(world.unit_ids[0], "E-A", "electricity", device="gateway"),
                NewMeter(world.unit_ids[1], "E-B", "electricity", device="gateway"),
                NewMeter(world.unit_ids[1], "W-B", "water", device="gateway"),
            ],
            now=NOW,
        )
    await line.start_ingest()
    first = [item(0, 100, meter="E-A"), item(0, 50, meter="E-B"), {"ts": ts(at(0)), "r": {"m3": 7}}]
    second = [
        item(4, 103, meter="E-A"),
        item(4, 51, meter="E-B"),
        # the only meter that counts water needs no name
        {"ts": ts(at(4)), "r": {"l": 7_250}},
        # nobody knows whose this is, and nobody else's meter may be named
        item(5, 104),
        item(5, 999, meter="M1"),
    ]
    await publish(line.broker, "gateway", [json.dumps(first), json.dumps(second)])
    await line.all_acknowledged(2)
    by_unit = admin.execute(
        "SELECT w.unit_id, l.utility, a.posted_micro FROM wallet AS w"
        " JOIN wallet_account AS l USING (estate_id, wallet_id)"
        " JOIN account AS a USING (estate_id, account_id) WHERE l.utility <> 'general' ORDER BY 1, 2"
    ).fetchall()
    assert by_unit == [
        (world.unit_ids[0], "electricity", -3 * KWH),
        (world.unit_ids[1], "electricity", -1 * KWH),
        (world.unit_ids[1], "water", -8_625_000),
    ]
    codes = admin.execute("SELECT code FROM rejected_reading ORDER BY rejected_reading_id").fetchall()
    assert codes == [("ambiguous_meter",), ("unknown_meter",)]
    assert await world.verified()


async def test_nothing_is_acknowledged_before_it_is_committed(
    line: Line, database: Database, admin: Connection
):
    """Kill ingest between receipt and commit: the broker sends again, and nothing is lost or doubled."""
    world = await new_world(database, meters=2)
    one, two = (f"dev-{world.estate_id}-{number}" for number in (1, 2))
    await line.start_ingest()
    await publish(line.broker, one, [json.dumps(item(0, 0))])
    await publish(line.broker, two, [json.dumps(item(0, 0))])
    await line.all_acknowledged(2)
    with admin.transaction(force_rollback=True):
        admin.execute("SELECT seq FROM charging_lane WHERE estate_id = %s FOR UPDATE", (world.estate_id,))
        await publish(line.broker, one, [json.dumps(item(hour, hour)) for hour in range(1, 21)])
        await publish(line.broker, two, [json.dumps([item(hour, 2 * hour) for hour in range(1, 21)])])

        async def is_held() -> bool:
            return line.tap.delivered == 23 and await is_waiting_for_a_lock(admin)

        await eventually(is_held, what="ingest waits in the database for the lane")
        assert line.tap.acknowledged == 2
        await line.kill_ingest()
    assert line.tap.acknowledged == 2
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (2,)
    assert await world.balances() == [0, 0]

    await line.start_ingest()
    await line.all_acknowledged(23)
    assert line.tap.delivered == 44
    assert await world.balances() == [-20 * KWH, -40 * KWH]
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (42,)
    assert await world.verified()


async def test_a_death_after_the_commit_charges_nothing_twice(
    line: Line, database: Database, admin: Connection
):
    """Kill ingest when it has committed and its acknowledgements have not reached the broker."""
    world = await new_world(database)
    device = f"dev-{world.estate_id}-1"
    await line.start_ingest()
    line.tap.is_keeping_acknowledgements = True
    await publish(line.broker, device, [json.dumps(item(hour, hour)) for hour in range(15)])

    async def all_kept() -> bool:
        return line.tap.kept == 15

    await eventually(all_kept, what="ingest has committed and acknowledged everything")
    await line.kill_ingest()
    line.tap.is_keeping_acknowledgements = False
    await publish(line.broker, device, [json.dumps(item(15, 15))])
    await line.start_ingest()
    await line.all_acknowledged(16)
    assert line.tap.delivered == 31
    assert await world.balances() == [-15 * KWH]
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (16,)
    assert admin.execute("SELECT sum(times) FROM reading_repeat").fetchone() == (15,)
    assert await world.verified()
