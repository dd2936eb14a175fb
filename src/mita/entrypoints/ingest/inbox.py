"""Messages that arrived and wait to be settled."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mita.drivers.mqtt.routes import Route, Table
from mita.kit.clock import to_us

if TYPE_CHECKING:
    from datetime import datetime

# beyond these the link stops reading; the broker keeps the rest
ARRIVALS_MAX = 20_000
BYTES_MAX = 64 * 1024 * 1024
# a wire that was quiet for so long has sent its batch
QUIET_S = 0.01
# a reading takes about this much JSON; the settler cuts batches to size exactly
_READING_BYTES = 64
_BATCH_BYTES_MIN = 64 * 1024


class Receipt(Protocol):
    """Who is told once that a message is durable; a future is one."""

    def done(self) -> bool:
        """Tell whether it was told."""

    def set_result(self, result: None, /) -> None:
        """Take it that the message is durable."""


@dataclass(slots=True, eq=False)
class Arrival:
    """One message; its ``receipt`` is given once it is durable, and only then may the wire be acknowledged.

    ``source`` is the wire that it came over. ``refusals`` are the codes and reasons of what in it was
    rejected, once it is settled.
    """

    topic: str
    payload: bytes
    received_us: int
    receipt: Receipt = field(repr=False)
    route: Route | None = None
    is_retained: bool = False
    source: str = "mqtt"
    refusals: list[tuple[str, str]] = field(default_factory=list)

    @property
    def device(self) -> str:
        """The name of the device whose topic it is; empty if it is nobody's."""
        return "" if self.route is None else self.route.device

    def settle(self) -> None:
        """Let the wire be acknowledged."""
        if not self.receipt.done():
            self.receipt.set_result(None)

    @property
    def settled(self) -> asyncio.Future[None]:
        """What is done once it is durable, where somebody waits for it."""
        assert isinstance(self.receipt, asyncio.Future), "who waits has given a future"
        return self.receipt


class Inbox:
    """A queue between the wire and the database, emptied batch by batch."""

    def __init__(self, table: Table | None = None) -> None:
        self._table = Table() if table is None else table
        self._waiting: deque[Arrival] = deque()
        self._waiting_bytes = 0
        self._changed = asyncio.Event()
        self.is_closed = False

    @property
    def is_full(self) -> bool:
        """Whether the link should stop reading."""
        return len(self._waiting) >= ARRIVALS_MAX or self._waiting_bytes >= BYTES_MAX

    def __len__(self) -> int:
        return len(self._waiting)

    async def deliver(self, topic: str, payload: bytes, *, now: datetime, is_retained: bool = False) -> None:
        """Hand a message over and wait until it is durable."""
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.take(topic, payload, settled, now=now, is_retained=is_retained)
        await settled

    def take(
        self, topic: str, payload: bytes, receipt: Receipt, *, now: datetime, is_retained: bool = False
    ) -> None:
        """Take a message in; ``receipt`` is given once it is durable."""
        self.put(Arrival(topic, payload, to_us(now), receipt, self._table.find(topic), is_retained))

    def put(self, arrival: Arrival) -> None:
        """Take a message in; its ``settled`` is for the caller to wait for."""
        self._waiting.append(arrival)
        self._waiting_bytes += len(arrival.payload)
        self._changed.set()

    def close(self) -> None:
        """Give out no more batches; what waits is not acknowledged and comes again."""
        self.is_closed = True
        self._changed.set()

    async def next_batch(self, *, readings_max: int, wait_s: float) -> list[Arrival]:
        """Return the messages of about ``readings_max`` readings, at most ``wait_s`` after the first one.

        Empty once the inbox is closed.
        """
        while not self._waiting and not self.is_closed:
            self._changed.clear()
            await self._changed.wait()
        await self._fill(readings_max, wait_s)
        if self.is_closed:
            return []
        taken: list[Arrival] = []
        bytes_left = max(_BATCH_BYTES_MIN, readings_max * _READING_BYTES)
        while self._waiting and len(taken) < readings_max and bytes_left > 0:
            arrival = self._waiting.popleft()
            self._waiting_bytes -= len(arrival.payload)
            bytes_left -= len(arrival.payload)
            taken.append(arrival)
        return taken

    async def _fill(self, readings_max: int, wait_s: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        while len(self._waiting) < readings_max and not self.is_closed:
            seen, left_s = len(self._waiting), deadline - loop.time()
            if left_s <= 0:
                return
            await asyncio.sleep(min(left_s, QUIET_S))
            # waiting on would only delay the acknowledgements that the broker's window waits for
            if len(self._waiting) == seen:
                return
