"""Charging as an edge does it: open the transaction, retry when somebody else was faster, forget on failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mita.charging import queries
from mita.charging.operations import StaleLane, charge_batch
from mita.kit.zones import local_month
from mita.ledger import operations as ledger
from mita.ledger.operations import StaleHeads
from mita.metering import operations as metering
from mita.metering.domain import TAKEN_SECONDS_MIN

if TYPE_CHECKING:
    from datetime import date, datetime

    from mita.charging.domain.memory import LaneMemory
    from mita.charging.domain.outcome import Outcome
    from mita.kit.db import Database
    from mita.metering.domain import ReadingBatch

ATTEMPTS_MAX = 50
_LOCK_AFTER = 2


class Lane:
    """One estate's charging in this process; keeps what it knows between batches."""

    def __init__(self, database: Database, *, estate_id: int) -> None:
        self._database = database
        self.estate_id = estate_id
        self._memory: LaneMemory | None = None

    async def charge(self, batch: ReadingBatch, *, now: datetime) -> Outcome:
        """Charge a batch durably; after this returns the wire may be acknowledged."""
        memory = await self._remembered()
        await self._ensure_partitions(memory, batch, now=now)
        for attempt in range(ATTEMPTS_MAX):
            try:
                async with self._database.unit_of_work(estates=[self.estate_id]) as session:
                    lock_accounts = attempt >= _LOCK_AFTER
                    memory.are_heads_stale |= lock_accounts
                    outcome = await charge_batch(
                        session, memory=memory, batch=batch, now=now, lock_accounts=lock_accounts
                    )
            except StaleHeads:
                memory.are_heads_stale = True
            except StaleLane:
                memory.forget()
            except BaseException:
                # whatever happened, even a lost answer to COMMIT: the database knows, the memory does not
                memory.forget()
                raise
            else:
                return outcome
        raise StaleLane(f"estate {self.estate_id} was too busy for {ATTEMPTS_MAX} attempts")

    async def _remembered(self) -> LaneMemory:
        if self._memory is None:
            async with self._database.unit_of_work(estates=[self.estate_id]) as session:
                self._memory = await queries.new_memory(session, estate_id=self.estate_id)
        return self._memory

    async def _ensure_partitions(self, memory: LaneMemory, batch: ReadingBatch, *, now: datetime) -> None:
        """Create missing months before the batch, in a transaction of their own: its locks must be short."""
        needed = {("entry", local_month(now, local=memory.zone))} | {
            ("reading", month) for month in _months(batch)
        }
        for table, month in sorted(needed - memory.months):
            async with self._database.unit_of_work(estates=[self.estate_id]) as session:
                if table == "entry":
                    await ledger.ensure_entry_partition(session, period=month)
                else:
                    await metering.ensure_reading_partition(session, month=month)
            memory.months.add((table, month))


def _months(batch: ReadingBatch) -> set[date]:
    """Return the UTC months of a batch that can have partitions; the others are rejected later."""
    in_range = batch.taken_s[
        (batch.taken_s >= TAKEN_SECONDS_MIN) & (batch.taken_s < batch.received_us // 1_000_000 + 86_400)
    ]
    months = np.unique((in_range // 86_400).astype("datetime64[D]").astype("datetime64[M]"))
    return set(months.astype("datetime64[D]").tolist())
