"""What the polling service stands between: devices, orders and tasks on one side, results on the other."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from mita.drivers.wire import Decoded, Device, Order
    from mita.entrypoints.polling.line import Line


@dataclass(frozen=True, slots=True)
class Polled:
    """A device that is to be asked every ``every_s`` seconds; ``last_s`` is when it answered last."""

    estate_id: int
    driver: str
    device: Device
    every_s: int
    last_s: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order on its way to a device."""

    estate_id: int
    driver: str
    device: Device
    order: Order


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A task on its way to a device."""

    estate_id: int
    driver: str
    device: Device
    task_id: UUID


@dataclass(frozen=True, slots=True)
class Kind:
    """How a driver's devices are reached: the key of a device's bus, and a line for a bus."""

    key: Callable[[Device], str]
    open: Callable[[], Line]


class Source(Protocol):
    """Where devices and orders come from."""

    async def devices(self) -> Sequence[Polled]:
        """Return all devices that are to be asked; a device that is left out is asked no more."""

    async def orders(self) -> Sequence[Waiting]:
        """Return the orders that wait; one that is being carried out may be among them again."""

    async def is_due(self, waiting: Waiting) -> bool:
        """Tell whether an order that waited for its bus is to be carried out still."""


class Tasks(Protocol):
    """What devices are to be told beside switching."""

    async def waiting(self) -> Sequence[WaitingTask]:
        """Return the tasks that wait; one that is being carried out may be among them again."""

    async def carry_out(self, waiting: WaitingTask, line: Line) -> None:
        """Carry a task out over its line, unless another one has it, and record what became of it."""


class Turns(Protocol):
    """Who of several polling services asks on a bus."""

    async def is_ours(self, bus: str) -> bool:
        """Tell whether the bus is ours; one that is nobody's becomes ours."""

    async def let_go(self, bus: str) -> None:
        """Leave a bus to others."""


class Alone:
    """Every bus is ours: nobody else asks."""

    async def is_ours(self, bus: str) -> bool:  # noqa: ARG002 - the interface
        """Return True."""
        return True

    async def let_go(self, bus: str) -> None:
        """Do nothing."""


class Sink(Protocol):
    """Where results go."""

    async def settle(self, estate_id: int, device: Device, decoded: Decoded) -> None:
        """Take what a device told: readings, rejections, and reports such as steps of an order."""

    async def reached(self, estate_id: int, device: Device, *, ok: bool, reason: str) -> None:
        """Take that a device answered or did not, and why not in plain words."""


class Clock(Protocol):
    """The wall clock."""

    def now_s(self) -> int:
        """Return seconds since 1970."""

    async def wait(self, bell: asyncio.Event, seconds: float) -> None:
        """Return when the bell rings, at the latest after so many seconds."""


class WallClock:
    """The real one."""

    def now_s(self) -> int:
        """Return seconds since 1970."""
        return int(time.time())

    async def wait(self, bell: asyncio.Event, seconds: float) -> None:
        """Return when the bell rings, at the latest after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await bell.wait()
