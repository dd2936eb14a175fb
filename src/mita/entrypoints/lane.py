"""Charging as an edge does it: open the transaction, retry when another was faster, forget on failure."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from mita.charging import queries
from mita.charging.operations import StaleLane, charge_batch
from mita.entrypoints.metrics import count_outcome
from mita.kit.clock import now_utc
from mita.ledger import operations as ledger
from mita.ledger.operations import StaleHeads
from mita.metering import operations as metering
from mita.metering.domain import TAKEN_SECONDS_MIN

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable
    from datetime import date, datetime

    from mita.charging.domain.memory import LaneMemory
    from mita.charging.domain.outcome import Outcome
    from mita.kit.db import Database
    from mita.metering.domain import ReadingBatch

ATTEMPTS_MAX = 50
_LOCK_AFTER = 2
# one is written, one is brought to the server, one is read from the wire
UNDER_WAY_MAX = 3


class _Turn:
    """A batch's place in the lane of this process."""

    def __init__(
        self, lock: asyncio.Lock, *, before: _Turn | None, check: Callable[[], None] | None = None
    ) -> None:
        self._lock = lock
        self._before = before
        self._check = check
        self.has_passed_on = False
        self.ended = asyncio.Event()
        self.is_smooth = True

    async def wait(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            await before.ended.wait()
        if self._check is not None:
            self._check()
        if before is not None and not before.is_smooth:
            raise StaleLane("the batch before had to begin again")

    def pass_on(self) -> None:
        if not self.has_passed_on:
            self.has_passed_on = True
            self._lock.release()

    def end(self) -> None:
        self.pass_on()
        self.ended.set()


class Lane:
    """One estate's charging in this process; keeps what it knows between batches.

    ``charge`` may be called again before it has returned: the next batch is prepared and brought to the
    server while the one before is written. They are charged in the order of the calls, each in a
    transaction of its own, and none is durable before the one before it.
    """

    def __init__(self, database: Database, *, estate_id: int) -> None:
        self._database = database
        self.estate_id = estate_id
        self._memory: LaneMemory | None = None
        self._months: set[tuple[str, date]] = set()  # partitions known to exist
        self._lock = asyncio.Lock()
        self._last: _Turn | None = None

    async def charge(
        self, batch: ReadingBatch, *, now: datetime, check: Callable[[], None] | None = None
    ) -> Outcome:
        """Charge a batch durably; after this returns the wire may be acknowledged.

        ``check`` is called once the batch before has ended, and before this one excludes others: what it
        raises gives this one up, with nothing of it written.

        :raises StaleLane: if other processes were faster again and again
        """
        await self._lock.acquire()
        turn = self._last = _Turn(self._lock, before=self._last, check=check)
        try:
            return await self._charge(batch, turn, now=now)
        finally:
            turn.end()
            if self._last is turn:
                self._last = None

    async def _charge(self, batch: ReadingBatch, turn: _Turn, *, now: datetime) -> Outcome:
        for attempt in range(ATTEMPTS_MAX):
            memory = await self._remembered()
            try:
                await self._ensure_partitions(memory, batch, now=now)
                async with self._database.unit_of_work(estates=[self.estate_id]) as session:
                    outcome = await charge_batch(
                        session,
                        memory=memory,
                        batch=batch,
                        now=now,
                        turn=turn,
                        lock_accounts=attempt >= _LOCK_AFTER,
                    )
            except (StaleHeads, StaleLane):
                self._forget(memory, turn)
            except BaseException:
                # whatever happened, even a lost answer to COMMIT: the database knows, the memory does not
                self._forget(memory, turn)
                raise
            else:
                count_outcome(outcome, currency=memory.currency)
                return outcome
        raise StaleLane(f"estate {self.estate_id} was too busy for {ATTEMPTS_MAX} attempts")

    def _forget(self, memory: LaneMemory, turn: _Turn) -> None:
        """Throw a memory away that is ahead of the database or behind it, and let who was given it know."""
        turn.is_smooth = not turn.has_passed_on
        if self._memory is memory:
            self._memory = None

    async def _remembered(self) -> LaneMemory:
        if self._memory is None:
            async with self._database.unit_of_work(estates=[self.estate_id]) as session:
                self._memory = await queries.new_memory(session, estate_id=self.estate_id)
        return self._memory

    async def _ensure_partitions(self, memory: LaneMemory, batch: ReadingBatch, *, now: datetime) -> None:
        """Create missing months before the batch, in a transaction of their own: its locks must be short."""
        needed = {("entry", memory.month_of(now))} | {("reading", month) for month in _months(batch)}
        for table, month in sorted(needed - self._months):
            async with self._database.unit_of_work(estates=[self.estate_id]) as session:
                if table == "entry":
                    await ledger.ensure_entry_partition(session, period=month)
                else:
                    await metering.ensure_reading_partition(session, month=month)
            self._months.add((table, month))


async def charge_in_order(lane: Lane, batches: AsyncIterable[ReadingBatch]) -> AsyncIterator[Outcome]:
    """Charge batches as they come, several under way at once; yield their outcomes in order.

    :raises StaleLane: if other processes were faster again and again; batches after that one are given up
    """
    under_way: deque[asyncio.Task[Outcome]] = deque()
    try:
        async for batch in batches:
            under_way.append(asyncio.create_task(lane.charge(batch, now=now_utc())))
            if len(under_way) == UNDER_WAY_MAX:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def _months(batch: ReadingBatch) -> set[date]:
    """Return the UTC months of a batch that can have partitions; the others are rejected later."""
    in_range = batch.taken_s[
        (batch.taken_s >= TAKEN_SECONDS_MIN) & (batch.taken_s < batch.received_us // 1_000_000 + 86_400)
    ]
    months = np.unique((in_range // 86_400).astype("datetime64[D]").astype("datetime64[M]"))
    return set(months.astype("datetime64[D]").tolist())
