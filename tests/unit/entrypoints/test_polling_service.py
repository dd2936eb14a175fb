"""The polling service under a clock that tests turn: who is asked when, and what goes first."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from mita.drivers.wire import Decoded, Device, Order, Step, SwitchState, Told
from mita.entrypoints.polling import schedule
from mita.entrypoints.polling.ends import Kind, Polled, Waiting, WaitingTask
from mita.entrypoints.polling.line import Unreachable
from mita.entrypoints.polling.service import PollingService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mita.drivers.wire import Report
    from mita.entrypoints.polling.line import Line

# 2026-11-21 10:00:00 UTC, a full quarter of an hour
T0 = 1_795_255_200
COMMAND = uuid.UUID(int=7)


class TurnedClock:
    def __init__(self) -> None:
        self.now = T0
        self.sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now_s(self) -> int:
        return int(self.now)

    async def wait(self, bell: asyncio.Event, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        sleeper = (self.now + seconds, woken)
        self.sleepers.append(sleeper)
        ringing = asyncio.ensure_future(bell.wait())
        try:
            await asyncio.wait({woken, ringing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ringing.cancel()
            self.sleepers.remove(sleeper)

    async def until(self, time_s: float) -> None:
        """Turn the clock, stopping wherever somebody waits for."""
        while True:
            for _ in range(60):
                await asyncio.sleep(0)
            due = min((when for when, woken in self.sleepers if not woken.done()), default=time_s + 1)
            if due > time_s:
                break
            self.now = max(self.now, due)
            for when, woken in self.sleepers:
                if when <= self.now and not woken.done():
                    woken.set_result(None)
        self.now = max(self.now, time_s)


class Shared:
    """A bus that another service may have."""

    def __init__(self) -> None:
        self.is_theirs = False
        self.let_go_: list[str] = []

    async def is_ours(self, bus: str) -> bool:  # noqa: ARG002 - the interface
        return not self.is_theirs

    async def let_go(self, bus: str) -> None:
        self.let_go_.append(bus)


@dataclass
class Chores:
    """Tasks that wait, and which were carried out when."""

    house: House
    tasks: list[WaitingTask] = field(default_factory=list)
    is_broken: bool = False

    async def waiting(self) -> list[WaitingTask]:
        return list(self.tasks)

    async def carry_out(self, waiting: WaitingTask, line: Line) -> None:
        self.house.log.append((self.house.clock.now_s(), f"{waiting.device.name} task"))
        assert isinstance(line, FakeLine)
        if self.is_broken:
            raise ZeroDivisionError
        self.tasks.remove(waiting)


@dataclass
class House:
    """A source, a sink and the lines between: what was asked when, and what was settled."""

    clock: TurnedClock = field(default_factory=TurnedClock)
    polled: list[Polled] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    takes_s: dict[str, int] = field(default_factory=dict)
    log: list[tuple[int, str]] = field(default_factory=list)
    settled: list[tuple[int, str, Decoded]] = field(default_factory=list)
    reached_: list[tuple[str, bool, str]] = field(default_factory=list)
    closed: int = 0
    is_database_away: bool = False

    async def devices(self) -> list[Polled]:
        if self.is_database_away:
            raise OSError("the database is away")
        return self.polled

    async def orders(self) -> list[Waiting]:
        return list(self.waiting)

    async def is_due(self, waiting: Waiting) -> bool:
        return waiting in self.waiting

    async def settle(self, estate_id: int, device: Device, decoded: Decoded) -> None:
        if self.is_database_away:
            raise OSError("the database is away")
        self.settled.append((estate_id, device.name, decoded))
        done = {report.command_id for report in decoded.reports if isinstance(report, Step)}
        self.waiting = [waiting for waiting in self.waiting if waiting.order.command_id not in done]

    async def reached(self, estate_id: int, device: Device, *, ok: bool, reason: str) -> None:  # noqa: ARG002 - the interface
        self.reached_.append((device.name, ok, reason))

    def times(self, name: str) -> list[int]:
        return [when - T0 for when, asked in self.log if asked == name]

    def add(self, name: str, bus: str = "a", *, every_s: int = 900, last_s: int | None = None) -> Device:
        device = Device(name, (), settings={"bus": bus})
        self.polled.append(Polled(3, "fake", device, every_s, last_s))
        return device

    def order(self, device: Device, *, expires_s: int = T0 + 10_000, number: int = 7) -> None:
        command = Order(uuid.UUID(int=number), is_on=False, expires_s=expires_s)
        self.waiting.append(Waiting(3, "fake", device, command))


class FakeLine:
    def __init__(self, house: House) -> None:
        self.house = house
        self.is_talking = False

    async def _talk(self, device: Device, what: str) -> None:
        assert not self.is_talking, "two conversations at once on one bus"
        house = self.house
        house.log.append((house.clock.now_s(), what))
        self.is_talking = True
        try:
            await house.clock.wait(asyncio.Event(), house.takes_s.get(device.name, 0))
        finally:
            self.is_talking = False
        if device.name in house.silent:
            raise Unreachable("it does not answer")
        if device.name in house.broken:
            raise ZeroDivisionError

    async def read(self, device: Device, *, now_s: int) -> Decoded:
        await self._talk(device, device.name)
        return Decoded([Told("E-1", "import", "kWh", now_s, 5)])

    async def carry_out(self, order: Order, device: Device, *, now_s: int) -> Sequence[Report]:  # noqa: ARG002 - the interface
        await self._talk(device, f"{device.name} off")
        return [Step(order.command_id, "acknowledged"), SwitchState(order.is_on, command_id=order.command_id)]

    async def probe(self, device: Device) -> Sequence[str]:  # noqa: ARG002 - the interface
        return []

    async def set_clock(self, device: Device, *, now_s: int) -> int:  # noqa: ARG002 - the interface
        return 0

    async def close(self) -> None:
        self.house.closed += 1


def bus_of(device: Device) -> str:
    if "bus" not in device.settings:
        raise ValueError("url names no bus")
    return str(device.settings["bus"])


@contextlib.asynccontextmanager
async def running(
    house: House, *, chores: Chores | None = None, turns: Shared | None = None
) -> AsyncIterator[PollingService]:
    service = PollingService(
        kinds={"fake": Kind(bus_of, lambda: FakeLine(house))},
        source=house,
        sink=house,
        tasks=() if chores is None else (chores,),
        turns=turns,
        clock=house.clock,
        grace_s=0.2,
    )
    task = asyncio.create_task(service.run())
    try:
        yield service
    finally:
        service.stop()
        await asyncio.wait_for(task, 5)


async def test_devices_are_asked_at_the_quarter_hour_a_little_spread() -> None:
    house = House()
    house.add("m1")
    house.add("m2", last_s=T0 + 40)  # was asked in this interval already
    house.clock.now = T0 + 100.0
    async with running(house):
        await house.clock.until(T0 + 4_000)
    one, two = (schedule.spread_s(name, every_s=900) for name in ("m1", "m2"))
    assert 0 <= one <= 30
    assert house.times("m1") == [100, 900 + one, 1800 + one, 2700 + one, 3600 + one]
    assert house.times("m2") == [900 + two, 1800 + two, 2700 + two, 3600 + two]
    assert house.settled[0][:2] == (3, "m1")
    assert house.settled[0][2].readings[0].taken_s == T0 + 100
    assert house.closed == 1


async def test_a_silent_device_is_left_alone_longer_and_longer_and_blocks_nobody() -> None:
    house = House(silent={"dead"}, takes_s={"dead": 3, "slow": 700})
    house.add("dead", every_s=60)
    house.add("good", every_s=60)
    house.add("slow", bus="b", every_s=3600)
    house.add("other", bus="c", every_s=60)
    async with running(house):
        await house.clock.until(T0 + 3_600)
        gaps = [
            after - before
            for before, after in zip(house.times("dead"), house.times("dead")[1:], strict=False)
        ]
        # the try itself takes three seconds
        assert gaps[:5] == [33, 63, 123, 243, 483]
        assert max(gaps) <= 903 + 3
        assert len(house.times("good")) == 61
        # a conversation of twelve minutes on another bus delays nobody
        assert len(house.times("other")) == 61
        assert ("dead", False, "it does not answer") in house.reached_
        house.silent.clear()
        await house.clock.until(T0 + 6_000)
        back = [when for when in house.times("dead") if when > 3_600]
        assert len(back) > 20
        assert ("dead", True, "") in house.reached_


async def test_orders_go_before_readings_once_and_are_told_what_became_of_them() -> None:
    house = House(takes_s={f"m{number}": 10 for number in range(6)})
    devices = [house.add(f"m{number}") for number in range(5)]
    lone = Device("m5", (), settings={"bus": "z"})  # is not polled, only switched
    async with running(house):
        await house.clock.until(T0 + 5)
        house.order(devices[4])
        house.order(lone, number=8)
        await house.clock.until(T0 + 100)
        asked = [what for _, what in house.log if what != "m5 off"]
        assert asked[:3] == ["m0", "m4 off", "m1"]
        assert [what for _, what in house.log].count("m4 off") == 1
        assert [what for _, what in house.log].count("m5 off") == 1
        (answer,) = [decoded for _, name, decoded in house.settled if name == "m4" and not decoded.readings]
        assert answer.reports == [
            Step(COMMAND, "acknowledged"),
            SwitchState(is_on=False, command_id=COMMAND),
        ]
        house.silent.add("m4")
        house.order(devices[4])
        house.order(devices[3], expires_s=T0 + 90, number=9)
        no_bus = Device("m6", (), settings={})
        house.order(no_bus, number=10)
        await house.clock.until(T0 + 130)
        steps = {name: decoded.reports for _, name, decoded in house.settled[-3:]}
        assert steps["m4"] == [Step(COMMAND, "failed", "it does not answer", may_retry=True)]
        assert steps["m3"] == [
            Step(uuid.UUID(int=9), "failed", "it expired before the device could be asked")
        ]
        assert steps["m6"] == [Step(uuid.UUID(int=10), "failed", "url names no bus")]


async def test_a_bus_of_another_service_is_left_to_it_until_it_is_gone() -> None:
    house, turns = House(), Shared()
    device = house.add("m1")
    chores = Chores(house)
    turns.is_theirs = True
    async with running(house, chores=chores, turns=turns):
        house.order(device)
        chores.tasks.append(WaitingTask(3, "fake", device, uuid.UUID(int=20)))
        await house.clock.until(T0 + 100)
        assert house.log == []
        assert len(house.waiting) == 1
        turns.is_theirs = False
        await house.clock.until(T0 + 140)
        assert [what for _, what in house.log] == ["m1 off", "m1 task", "m1"]
        # what waits is looked for every two seconds, what is to be read half a minute after the last look
        assert house.log[0][0] <= T0 + 102
        assert house.log[2][0] <= T0 + 131
    assert turns.let_go_ == ["fake a"]


async def test_tasks_go_between_orders_and_readings_and_wait_where_they_failed() -> None:
    house = House(takes_s={"m1": 10})
    device = house.add("m1")
    chores = Chores(house)
    async with running(house, chores=chores):
        await house.clock.until(T0 + 5)
        chores.tasks.append(WaitingTask(3, "fake", device, uuid.UUID(int=20)))
        house.order(device)
        await house.clock.until(T0 + 30)
        assert [what for _, what in house.log][:3] == ["m1", "m1 off", "m1 task"]
        chores.is_broken = True
        chores.tasks.append(WaitingTask(3, "fake", device, uuid.UUID(int=21)))
        await house.clock.until(T0 + 35)
        chores.is_broken = False
        await house.clock.until(T0 + 40)
        assert chores.tasks == []
        # an order that lost its place while its bus was busy is not carried out
        house.takes_s["m1"] = 100
        await house.clock.until(T0 + 960)
        house.order(device, number=9)
        await house.clock.until(T0 + 970)
        house.waiting.clear()
        before = [what for _, what in house.log].count("m1 off")
        await house.clock.until(T0 + 1_200)
        assert [what for _, what in house.log].count("m1 off") == before


async def test_faults_of_ours_and_an_absent_database_do_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    house = House(broken={"bad"})
    house.add("bad", every_s=60)
    house.add("good", every_s=60)
    async with running(house):
        await house.clock.until(T0 + 10)
        assert ("bad", False, "a fault of Mita's own; the log has it") in house.reached_
        house.is_database_away = True
        await house.clock.until(T0 + 300)
        house.is_database_away = False
        before = len(house.settled)
        await house.clock.until(T0 + 400)
        assert len(house.settled) > before
    assert "cannot be settled; asking again" in caplog.text


async def test_devices_come_move_and_go_while_it_runs() -> None:
    house = House()
    house.clock.now = T0 + 50.0
    house.add("m1")
    async with running(house) as service:
        await house.clock.until(T0 + 100)
        assert house.times("m1") == [50]
        house.polled.clear()
        moved = house.add("m1", bus="b")
        house.add("m2")
        house.polled.append(Polled(3, "unknown", Device("m3", ()), 900))
        service.wake()
        await house.clock.until(T0 + 110)
        assert house.times("m1") == [50, 100]
        assert house.times("m2") == [100]
        assert ("m3", False, "nothing polls the driver 'unknown'") in house.reached_
        house.polled = [each for each in house.polled if each.device is moved]
        service.wake()
        await house.clock.until(T0 + 120)
        assert house.closed == 1
        await house.clock.until(T0 + 1_800)
        assert len(house.times("m2")) == 1
        assert len(house.times("m1")) == 3
        async with service.line("fake", moved) as line:
            assert await line.probe(moved) == []
        assert house.closed == 1
        async with service.line("fake", Device("m9", (), settings={"bus": "nobody's"})):
            pass
        assert house.closed == 2
        with pytest.raises(ValueError, match="nothing polls"):
            async with service.line("unknown", moved):
                pass
        assert house.reached_.count(("m3", False, "nothing polls the driver 'unknown'")) == 1


async def test_stopping_waits_for_the_conversation_but_not_for_ever() -> None:
    house = House(takes_s={"m1": 5})
    house.add("m1")
    async with running(house) as service:
        await house.clock.until(T0 + 1)
        service.stop()
        await house.clock.until(T0 + 10)
        assert len(house.settled) == 1
        assert house.closed == 1
    hanging = House(takes_s={"m1": 10**9})
    hanging.add("m1")
    async with running(hanging):
        await hanging.clock.until(T0 + 1)
    assert hanging.settled == []
    assert hanging.closed == 1


@pytest.mark.parametrize(("failures", "waits_s"), [(1, 30), (2, 60), (3, 120), (5, 480), (6, 900), (60, 900)])
def test_patience_grows_to_a_quarter_of_an_hour(failures: int, waits_s: int) -> None:
    assert schedule.after_failure_s(T0, failures=failures) == T0 + waits_s


def test_a_clock_that_was_set_back_delays_a_device_by_one_interval_at_most() -> None:
    assert schedule.kept_s(T0 + 86_400, now_s=T0, every_s=900) == T0 + 930
    assert schedule.kept_s(T0 + 5, now_s=T0, every_s=900) == T0 + 5
