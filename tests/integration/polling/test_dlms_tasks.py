"""Prices of a DLMS meter from the rate table in force to what the meter says that it charges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.devices.operations import PricesNotForMeter
from mita.drivers.wire import FlatPrices
from mita.entrypoints.polling import tasks
from mita.entrypoints.polling.dlms import CountersInMemory, DlmsLine
from mita.entrypoints.polling.reach import Reach
from mita.entrypoints.polling.tasks import DeviceTasks
from tests.fakes.dlms_meter import CHARGE, DAY_CHARGE
from tests.integration.world import FLAT, new_world

from .test_dlms_line import running

if TYPE_CHECKING:
    import psycopg

    from mita.devices.models import DeviceTask
    from mita.kit.db import Database
    from tests.integration.world import World

NAME = "dlms:flat-1"
NOW = datetime(2026, 11, 22, 10, 10, tzinfo=UTC)
LOOPBACK = Reach.parsed("127.0.0.0/8", "")


async def register(world: World, admin: psycopg.Connection, **settings: object) -> int:
    async with world.unit_of_work() as session:
        terms = devices.DeviceTerms(settings=settings)
        row = await devices.register_device(
            session, estate_id=world.estate_id, driver="dlms", address="flat-1", terms=terms, now=NOW
        )
    admin.execute("UPDATE meter SET device = %s WHERE serial = 'M1'", (NAME,))
    return row.device_id


async def newest(world: World) -> DeviceTask:
    async with world.unit_of_work() as session:
        (row,) = await registry.tasks(session, estate_id=world.estate_id, limit=1)
        return row


async def ask(world: World, device_id: int) -> DeviceTask:
    async with world.unit_of_work() as session:
        return await devices.ask_meter_prices(
            session, estate_id=world.estate_id, device_id=device_id, at=NOW, asked_by="test", now=NOW
        )


@pytest.mark.parametrize("has_charge", [True, False])
async def test_prices_are_verified_by_what_the_meter_charges(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, *, has_charge: bool
) -> None:
    world = await new_world(database)
    clock = [NOW]
    monkeypatch.setattr(tasks, "now_utc", lambda: clock[0])
    line, carrying = DlmsLine(CountersInMemory(), limit_s=10), DeviceTasks(database, reach=LOOPBACK)
    with running("wrapper") as url:
        charges = {"charge": CHARGE, "day_charge": DAY_CHARGE} if has_charge else {}
        device_id = await register(world, admin, url=url, **charges)
        await ask(world, device_id)
        (waiting,) = await carrying.waiting()
        await carrying.carry_out(waiting, line)
        task = await newest(world)
        if not has_charge:
            assert (task.state, "no Charge object" in task.failure) == ("failed", True)
            return
        assert (task.state, task.active) == ("sent", None)
        clock[0] = NOW + timedelta(minutes=2)
        (waiting,) = await carrying.waiting()
        await carrying.carry_out(waiting, line)
        task = await newest(world)
        assert (task.state, task.failure) == ("verified", "")
        held = await line.held_prices(waiting.device)
    # 2.00 and 15 %
    assert held.are(FlatPrices(2_300_000, 0))


async def test_a_price_that_16_bits_cannot_hold_is_refused_when_it_is_asked(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database, rates=FLAT.replace('"2.00"', '"2.3456"'))
    device_id = await register(world, admin, url="tcp://127.0.0.1:4059", charge=CHARGE)
    with pytest.raises(PricesNotForMeter, match="32767 steps"):
        await ask(world, device_id)
