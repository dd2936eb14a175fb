"""Asks devices that do not speak by themselves, and carries supply commands to them. Knows no protocol.

Devices on the same bus come one after another, buses at once. On a bus orders go before tasks, and those
before readings. A device that does not answer is left alone for longer and longer; the others of its bus lose
the time of one try. Of several services one asks on a bus, and another takes over when that one is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mita.drivers.wire import Decoded, Step
from mita.entrypoints.polling.ends import Alone, WallClock
from mita.entrypoints.polling.line import Unreachable
from mita.entrypoints.polling.schedule import after_failure_s, first_s, kept_s, next_s

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from uuid import UUID

    from mita.drivers.wire import Device
    from mita.entrypoints.polling.ends import (
        Clock,
        Kind,
        Polled,
        Sink,
        Source,
        Tasks,
        Turns,
        Waiting,
        WaitingTask,
    )
    from mita.entrypoints.polling.line import Line

logger = logging.getLogger(__name__)

# beyond what any line allows itself; a line that hangs must not hold its bus for ever
_TALK_S_MAX = 180.0
_IDLE_S = 3_600.0
_SETTLE_AGAIN_S = 30
_STAND_BY_S = 30


# estate and name: nothing keeps two estates from calling a device the same
_Name = tuple[int, str]


@dataclass(slots=True)
class _Entry:
    polled: Polled
    due_s: int
    failures: int = 0


@dataclass(slots=True)
class _Bus:
    name: str
    line: Line
    entries: dict[_Name, _Entry] = field(default_factory=dict)
    orders: deque[Waiting] = field(default_factory=deque)
    tasks: deque[tuple[WaitingTask, Tasks]] = field(default_factory=deque)
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    is_ending: bool = False
    is_talking: bool = False


class PollingService:
    """Runs until it is stopped; :meth:`wake` makes it look for devices and orders at once."""

    def __init__(
        self,
        *,
        kinds: Mapping[str, Kind],
        source: Source,
        sink: Sink,
        tasks: Sequence[Tasks] = (),
        turns: Turns | None = None,
        clock: Clock | None = None,
        refresh_s: int = 60,
        orders_s: int = 2,
        parallel_max: int = 200,
        grace_s: float = 8.0,
    ) -> None:
        self._kinds, self._source, self._sink = kinds, source, sink
        self._tasks, self._turns = tuple(tasks), turns or Alone()
        self._clock: Clock = clock or WallClock()
        self._refresh_s, self._orders_s, self._grace_s = refresh_s, orders_s, grace_s
        self._buses: dict[tuple[str, str], _Bus] = {}
        self._in_hand: set[UUID] = set()
        self._refused: dict[_Name, str] = {}
        self._places = asyncio.Semaphore(parallel_max)
        self._bell = asyncio.Event()
        self._refresh_due_s = 0
        self._is_stopping = False

    def wake(self) -> None:
        """Look for devices and orders at once."""
        self._refresh_due_s = 0
        self._bell.set()

    def stop(self) -> None:
        """End :meth:`run` as soon as the conversations that are going on have ended."""
        self._is_stopping = True
        self._bell.set()

    @contextlib.asynccontextmanager
    async def line(self, driver: str, device: Device) -> AsyncIterator[Line]:
        """Give the line of a device's bus, to probe it or set its clock between two readings.

        :raises ValueError: if nothing polls the driver, or the device's settings name no bus
        """
        kind = self._kinds.get(driver)
        if kind is None:
            raise ValueError(f"nothing polls the driver {driver!r}")
        bus = self._buses.get((driver, kind.key(device)))
        if bus is not None:
            yield bus.line
            return
        line = kind.open()
        try:
            yield line
        finally:
            await line.close()

    async def run(self) -> None:
        """Ask and carry out until :meth:`stop`; let go of every bus at the end."""
        try:
            while not self._is_stopping:
                await self._look()
                await self._clock.wait(self._bell, self._orders_s)
                self._bell.clear()
        finally:
            await self._end(list(self._buses.values()))
            self._buses.clear()

    async def _look(self) -> None:
        try:
            now_s = self._clock.now_s()
            if now_s >= self._refresh_due_s:
                self._refresh_due_s = now_s + self._refresh_s
                await self._arrange(await self._source.devices(), now_s=now_s)
            for waiting in await self._source.orders():
                await self._queue(waiting)
            for tasks in self._tasks:
                for task in await tasks.waiting():
                    await self._queue_task(task, tasks)
        except Exception:  # a database that is away comes back; buses go on meanwhile
            logger.exception("devices or orders cannot be read; trying again")

    async def _arrange(self, devices: Sequence[Polled], *, now_s: int) -> None:
        """Put every device on its bus; end buses that nobody is on."""
        placed: dict[tuple[str, str], dict[_Name, _Entry]] = {}
        for polled in devices:
            name = polled.estate_id, polled.device.name
            key = await self._key(polled.estate_id, polled.driver, polled.device)
            if key is not None:
                known = self._buses[key].entries.get(name) if key in self._buses else None
                placed.setdefault(key, {})[name] = _entry(polled, known, now_s=now_s)
        for key, entries in placed.items():
            bus = self._bus(key)
            bus.entries = entries
            bus.bell.set()
        empty = [key for key in self._buses if key not in placed]
        for key in empty:
            self._buses[key].entries = {}
        idle = [key for key in empty if not _is_busy(self._buses[key])]
        await self._end([self._buses.pop(key) for key in idle])

    async def _queue(self, waiting: Waiting) -> None:
        if waiting.order.command_id in self._in_hand:
            return
        key = await self._key(waiting.estate_id, waiting.driver, waiting.device)
        if key is None:
            reason = self._refused[waiting.estate_id, waiting.device.name]
            failed = Step(waiting.order.command_id, "failed", reason)
            await self._sink.settle(waiting.estate_id, waiting.device, Decoded(reports=[failed]))
            return
        self._in_hand.add(waiting.order.command_id)
        bus = self._bus(key)
        bus.orders.append(waiting)
        bus.bell.set()

    async def _queue_task(self, task: WaitingTask, tasks: Tasks) -> None:
        if task.task_id in self._in_hand:
            return
        key = await self._key(task.estate_id, task.driver, task.device)
        if key is not None:
            self._in_hand.add(task.task_id)
            bus = self._bus(key)
            bus.tasks.append((task, tasks))
            bus.bell.set()

    async def _key(self, estate_id: int, driver: str, device: Device) -> tuple[str, str] | None:
        """Return a device's bus; None, and a word to the sink once, if its settings name none."""
        kind = self._kinds.get(driver)
        name = estate_id, device.name
        try:
            if kind is None:
                raise ValueError(f"nothing polls the driver {driver!r}")  # noqa: TRY301 - one way to say it
            key = driver, kind.key(device)
        except ValueError as error:
            if self._refused.get(name) != str(error):
                self._refused[name] = str(error)
                await self._sink.reached(estate_id, device, ok=False, reason=str(error))
            return None
        self._refused.pop(name, None)
        return key

    def _bus(self, key: tuple[str, str]) -> _Bus:
        bus = self._buses.get(key)
        if bus is None:
            bus = self._buses[key] = _Bus(" ".join(key), self._kinds[key[0]].open())
            bus.task = asyncio.create_task(self._serve(bus), name=f"polling {key[1]}")
        return bus

    async def _serve(self, bus: _Bus) -> None:
        while not (bus.is_ending or self._is_stopping):
            now_s = self._clock.now_s()
            entry = min(
                bus.entries.values(), key=lambda each: (each.due_s, each.polled.device.name), default=None
            )
            if not bus.orders and not bus.tasks and (entry is None or entry.due_s > now_s):
                await self._clock.wait(bus.bell, _IDLE_S if entry is None else entry.due_s - now_s)
                bus.bell.clear()
                continue
            if not await self._turns.is_ours(bus.name):
                self._stand_by(bus, now_s=now_s)
                continue
            async with self._places:
                bus.is_talking = True
                try:
                    if bus.orders:
                        await self._carry_out(bus, bus.orders.popleft())
                    elif bus.tasks:
                        await self._do(bus, *bus.tasks.popleft())
                    elif entry is not None:
                        await self._read(bus, entry)
                finally:
                    bus.is_talking = False

    def _stand_by(self, bus: _Bus, *, now_s: int) -> None:
        """Leave a bus to the service that asks there; what waits comes again from the source."""
        self._in_hand -= {each.order.command_id for each in bus.orders}
        self._in_hand -= {each.task_id for each, _ in bus.tasks}
        bus.orders.clear()
        bus.tasks.clear()
        for entry in bus.entries.values():
            entry.due_s = max(entry.due_s, now_s + _STAND_BY_S)

    async def _do(self, bus: _Bus, task: WaitingTask, tasks: Tasks) -> None:
        try:
            await tasks.carry_out(task, bus.line)
        except Exception:  # the task still waits in the source, which gives it again
            logger.exception("a task of %s cannot be carried out", task.device.name)
        finally:
            self._in_hand.discard(task.task_id)

    async def _read(self, bus: _Bus, entry: _Entry) -> None:
        polled = entry.polled
        now_s = self._clock.now_s()
        reason = ""
        try:
            async with asyncio.timeout(_TALK_S_MAX):
                decoded = await bus.line.read(polled.device, now_s=now_s)
        except Exception as error:  # noqa: BLE001 - whatever a protocol does, the bus goes on
            reason = _reason(error, polled.device)
        now_s = self._clock.now_s()
        try:
            if reason:
                entry.failures += 1
                entry.due_s = after_failure_s(now_s, failures=entry.failures)
            else:
                entry.failures = 0
                entry.due_s = next_s(now_s, name=polled.device.name, every_s=polled.every_s)
                await self._sink.settle(polled.estate_id, polled.device, decoded)
            await self._sink.reached(polled.estate_id, polled.device, ok=not reason, reason=reason)
        except Exception:  # registers go on counting: nothing is lost by asking again
            logger.exception("what %s told cannot be settled; asking again", polled.device.name)
            entry.due_s = now_s + _SETTLE_AGAIN_S

    async def _carry_out(self, bus: _Bus, waiting: Waiting) -> None:
        order, device = waiting.order, waiting.device
        try:
            is_due = await self._source.is_due(waiting)
        except Exception:  # the order still waits in the source, which gives it again
            logger.exception("whether an order to %s is due cannot be read", device.name)
            is_due = False
        if not is_due:
            self._in_hand.discard(order.command_id)
            return
        now_s = self._clock.now_s()
        reason = ""
        decoded = Decoded()
        if order.expires_s <= now_s:
            decoded.reports.append(
                Step(order.command_id, "failed", "it expired before the device could be asked")
            )
        else:
            try:
                async with asyncio.timeout(_TALK_S_MAX):
                    decoded.reports.extend(await bus.line.carry_out(order, device, now_s=now_s))
            except Exception as error:  # noqa: BLE001 - whatever a protocol does, the bus goes on
                reason = _reason(error, device)
                decoded.reports.append(Step(order.command_id, "failed", reason, may_retry=True))
        try:
            await self._sink.settle(waiting.estate_id, device, decoded)
            if order.expires_s > now_s:
                await self._sink.reached(waiting.estate_id, device, ok=not reason, reason=reason)
        except Exception:  # the order still waits in the source, which gives it again
            logger.exception("the answer of %s to an order cannot be settled", device.name)
        finally:
            self._in_hand.discard(order.command_id)

    async def _end(self, buses: Sequence[_Bus]) -> None:
        """Let conversations end, but not for longer than the grace; then let go of the buses."""
        for bus in buses:
            bus.is_ending = True
            bus.bell.set()
        tasks = [bus.task for bus in buses if bus.task is not None]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=self._grace_s)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for bus in buses:
                with contextlib.suppress(OSError):
                    await bus.line.close()
                await self._turns.let_go(bus.name)


def _is_busy(bus: _Bus) -> bool:
    return bool(bus.orders or bus.tasks or bus.is_talking)


def _entry(polled: Polled, known: _Entry | None, *, now_s: int) -> _Entry:
    """Return a device's place in the schedule; one that was set up anew is asked as if it were new."""
    if known is not None and (known.polled.device, known.polled.every_s) == (polled.device, polled.every_s):
        known.polled = polled
        known.due_s = kept_s(known.due_s, now_s=now_s, every_s=polled.every_s)
        return known
    last_s = polled.last_s if known is None else None
    due_s = first_s(now_s, name=polled.device.name, every_s=polled.every_s, last_s=last_s)
    return _Entry(polled, due_s)


def _reason(error: Exception, device: Device) -> str:
    if isinstance(error, Unreachable):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"it did not end its answer in {_TALK_S_MAX:.0f} s"
    logger.error("asking %s failed", device.name, exc_info=error)
    return "a fault of Mita's own; the log has it"
