"""Clocks and prices of an Emlite meter, from its settings to what it says that it holds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.devices.domain import Outcome
from mita.drivers.emop import objects, values
from mita.entrypoints.demo.emlite import EmliteMeter, first_objects
from mita.entrypoints.polling import registered, tasks
from mita.entrypoints.polling.emop import EmopLine
from mita.entrypoints.polling.reach import Reach
from mita.entrypoints.polling.registered import Registered
from mita.entrypoints.polling.tasks import DeviceTasks
from mita.entrypoints.polling.turns import BusTurns
from tests.integration.world import World, new_world

if TYPE_CHECKING:
    import psycopg

    from mita.devices.models import DeviceTask
    from mita.kit.db import Database

NAME = "emop:flat-1"
# ten minutes after a half hour
NOW = datetime(2026, 11, 22, 10, 10, tzinfo=UTC)
LOOPBACK = Reach.parsed("127.0.0.0/8", "")


class Site:
    """A registered Emlite meter, and a poller beside it whose clock tests turn."""

    def __init__(self, world: World, meter: EmliteMeter, *, device_id: int) -> None:
        self.world, self.meter, self.device_id = world, meter, device_id
        self.now = NOW
        self.line = EmopLine(pauses_s=(), rest_s=0, answer_s=1, limit_s=10)
        self.tasks = DeviceTasks(world.database, reach=LOOPBACK)
        self.polling = Registered(world.database, reach=LOOPBACK)

    async def read(self) -> None:
        (polled,) = await self.polling.devices()
        decoded = await self.line.read(polled.device, now_s=int(self.now.timestamp()))
        await self.polling.settle(polled.estate_id, polled.device, decoded)

    async def work(self) -> int:
        """Carry out what waits; return how many tasks did."""
        waiting = await self.tasks.waiting()
        for each in waiting:
            await self.tasks.carry_out(each, self.line)
        return len(waiting)

    async def newest(self) -> DeviceTask:
        async with self.world.unit_of_work() as session:
            (row,) = await registry.tasks(session, estate_id=self.world.estate_id, limit=1)
            return row

    async def issues(self) -> dict[str, str]:
        async with self.world.unit_of_work() as session:
            rows = await registry.open_issues(
                session, estate_id=self.world.estate_id, device_ids=[self.device_id]
            )
            return {row.kind: row.detail for row in rows}

    async def clock(self, **more: Any) -> DeviceTask:
        async with self.world.unit_of_work() as session:
            return await devices.ask_clock(
                session,
                estate_id=self.world.estate_id,
                device_id=self.device_id,
                asked_by="test",
                now=self.now,
                **{"may_cross": False, **more},
            )

    async def claim(self) -> DeviceTask | None:
        task = await self.newest()
        async with self.world.unit_of_work() as session:
            return await devices.claim_task(
                session, estate_id=self.world.estate_id, task_id=task.device_task_id, now=self.now
            )

    async def settle(self, task: DeviceTask) -> bool:
        assert task.claim is not None
        async with self.world.unit_of_work() as session:
            return await devices.settle_task(
                session,
                estate_id=self.world.estate_id,
                task_id=task.device_task_id,
                claim=task.claim,
                outcome=Outcome(None, "it does not answer"),
                now=self.now,
            )

    async def follow(self) -> int:
        async with self.world.unit_of_work() as session:
            return await devices.follow_rate_tables(session, estate_id=self.world.estate_id, now=self.now)


async def site(
    database: Database,
    admin: psycopg.Connection,
    meter: EmliteMeter,
    monkeypatch: pytest.MonkeyPatch,
    **settings: Any,
) -> Site:
    world = await new_world(database)
    async with world.unit_of_work() as session:
        row = await devices.register_device(
            session,
            estate_id=world.estate_id,
            driver="emop",
            address="flat-1",
            terms=devices.DeviceTerms(settings={"url": f"tcp://127.0.0.1:{meter.port}", **settings}),
            now=NOW,
        )
    admin.execute("UPDATE meter SET device = %s WHERE serial = 'M1'", (NAME,))
    found = Site(world, meter, device_id=row.device_id)
    for module in (registered, tasks):
        monkeypatch.setattr(module, "now_utc", lambda: found.now)
    return found


def emlite(*, drift_s: int = 0) -> EmliteMeter:
    clock_s = int(NOW.timestamp()) + drift_s
    return EmliteMeter(
        first_objects(serial="M1", import_wh=5_000, export_wh=0, balance_micro=1_000_000, clock_s=clock_s)
    )


async def test_a_clock_that_drifts_is_set_once_a_day_by_one_poller(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite(drift_s=-200) as meter:
        here = await site(database, admin, meter, monkeypatch, sync_clock=60)
        await here.read()
        assert "3 min 20 s behind" in (await here.issues())["clock_drift"]
        waiting = await here.tasks.waiting()
        assert len(waiting) == 1
        beside = DeviceTasks(database, reach=LOOPBACK)
        await asyncio.gather(
            here.tasks.carry_out(waiting[0], here.line), beside.carry_out(waiting[0], here.line)
        )
        writes = [each for each in meter.asked if each.is_write]
        assert [each.object_id for each in writes] == [objects.CLOCK]
        done = await here.newest()
        assert (done.state, done.asked_by, done.attempts) == ("verified", "system:devices", 1)
        assert done.active == {"drift_s": 0}
        assert done.verified_at == NOW
        assert await here.issues() == {}

        # drifts again within the day, and after it
        meter.held[objects.CLOCK] = values.clock_payload(int(NOW.timestamp()) + 3_600 - 100)
        here.now = NOW + timedelta(hours=1)
        await here.read()
        assert await here.work() == 0
        here.now = NOW + timedelta(days=1, minutes=1)
        meter.held[objects.CLOCK] = values.clock_payload(int(here.now.timestamp()) + 100)
        meter.faults = []
        await here.read()
        assert (await here.newest()).state == "asked"
        meter.faults = ["nak"]
        assert await here.work() == 1
        assert (await here.newest()).state == "failed"
        assert "refuses" in (await here.issues())["clock_refused"]
        # whoever set it at the meter
        meter.held[objects.CLOCK] = values.clock_payload(int(here.now.timestamp()))
        await here.read()
        assert await here.issues() == {}


async def test_no_interval_is_cut_unless_somebody_wants_it(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite(drift_s=-200) as meter:
        here = await site(database, admin, meter, monkeypatch)
        await here.read()
        assert await here.work() == 0
        # its own clock is still before the half hour
        here.now = NOW + timedelta(minutes=21)
        await here.clock()
        assert await here.work() == 0
        # 10:34:20, when its clock shows 10:31
        here.now = NOW + timedelta(minutes=24, seconds=20)
        assert await here.work() == 1
        assert (await here.newest()).state == "verified"
        meter.held[objects.CLOCK] = values.clock_payload(int(here.now.timestamp()) - 1_700)
        await here.read()
        with pytest.raises(devices.ClockWouldCross, match="28 min 20 s behind"):
            await here.clock()
        here.now += timedelta(seconds=1)
        first = await here.clock(may_cross=True)
        second = await here.clock(may_cross=True)
        async with here.world.unit_of_work() as session:
            before = await registry.task(
                session, estate_id=here.world.estate_id, task_id=first.device_task_id
            )
            assert (before.state, before.failure) == ("withdrawn", "another task took its place")
        # nobody answers: it waits, longer each time, until it expires
        meter.faults = ["silence"] * 9
        here.line = EmopLine(pauses_s=(), rest_s=0, answer_s=0.05, limit_s=10)
        assert await here.work() == 1
        waits = await here.newest()
        assert (waits.device_task_id, waits.state, waits.claim) == (second.device_task_id, "asked", None)
        assert (waits.due_at - here.now, waits.failure != "") == (timedelta(minutes=1), True)
        # one has it in hand at a time, and one who was too long about it is not heard any more
        here.now += timedelta(minutes=2)
        one = await here.claim()
        assert one is not None
        assert await here.claim() is None
        here.now += timedelta(minutes=15)
        other = await here.claim()
        assert other is not None
        assert not await here.settle(one)
        assert await here.settle(other)
        async with here.world.unit_of_work() as session:
            later = here.now + timedelta(days=1)
            assert await devices.expire_tasks(session, estate_id=here.world.estate_id, now=later) == 1
        assert set(await here.issues()) >= {"clock_refused"}
        assert (await here.newest()).state == "failed"


async def test_prices_are_written_begin_and_are_held_against_what_is_intended(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch, follow_rate_table=True)
        assert await here.follow() == 1
        assert await here.follow() == 0
        assert await here.work() == 1
        sent = await here.newest()
        assert (sent.state, sent.active, sent.due_at) == ("sent", None, NOW + timedelta(minutes=1))
        # 2.00 and 15 %
        assert sent.intended["unit_price"] == "2.300000"
        future = [objects.price(block=1, rate=rate, is_future=True) for rate in range(1, 9)]
        assert [values.price_micro(meter.held[each]) for each in future] == [2_300_000] * 8
        assert values.date_s(meter.held[objects.FUTURE_FROM]) == int(NOW.timestamp())
        # the meter has not begun yet
        here.now = NOW + timedelta(minutes=2)
        assert await here.work() == 1
        waits = await here.newest()
        assert (waits.state, waits.failure) == ("sent", "it still charges 0.000000 a unit and 0.000000 a day")
        meter.begin_prices()
        here.now = NOW + timedelta(minutes=10)
        assert await here.work() == 1
        done = await here.newest()
        assert (done.state, done.verified_at) == ("verified", here.now)
        assert done.active == {"unit_prices": ["2.300000"], "day_price": "0.000000", "has_blocks": False}
        assert await here.follow() == 0
        # a table that the meter cannot be told is an issue
        admin.execute("ALTER TABLE rate_table DISABLE TRIGGER USER")
        admin.execute(
            """UPDATE rate_table SET document = jsonb_set(document, '{charges,0}', '{"name": "Energy",
               "kind": "usage", "blocks": [{"up_to": "20", "price": "1"}, {"price": "2"}]}')"""
        )
        assert await here.follow() == 0
        assert "blocks by quantity" in (await here.issues())["prices_refused"]


async def test_one_service_asks_on_a_bus_and_another_takes_over(database: Database) -> None:
    one, other = BusTurns(database.url), BusTurns(database.url)
    try:
        assert await one.is_ours("modbus a")
        assert await one.is_ours("modbus a")
        assert not await other.is_ours("modbus a")
        assert await other.is_ours("modbus b")
        await other.let_go("modbus b")
        assert await one.is_ours("modbus b")
        await one.close()
        assert await other.is_ours("modbus a")
    finally:
        await one.close()
        await other.close()
