"""Readings of virtual meters are charged like any others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mita.charging import queries
from mita.charging.operations.charge import charge_batch
from mita.charging.operations.lane import claim_lane
from mita.kit.clock import to_us
from mita.ledger import operations as ledger
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import ReadingBatch

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

VIRTUAL = "virtual"


async def derive_virtual(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Charge what virtual meters show whose parts were read; return how many of them were looked at.

    What comes out of one may go into another, which then waits: repeat until none was looked at.

    :raises mita.charging.operations.lane.StaleLane: if another worker charged in the estate meanwhile
    :raises mita.ledger.operations.StaleHeads: if a balance moved meanwhile (roll back and repeat)
    """
    waiting = await metering_queries.due_virtual_meters(session, estate_id=estate_id)
    if not waiting:
        return 0
    memory = await queries.new_memory(session, estate_id=estate_id)
    # what is due is noted by whoever holds the lane
    memory.seq = await claim_lane(session, memory)
    readings = await metering.virtual_readings(session, estate_id=estate_id)
    if readings:
        infos = await metering_queries.registers(
            session, estate_id=estate_id, register_ids=sorted({each.register_id for each in readings})
        )
        keys = {info.register_id: info.key for info in infos}
        batch = ReadingBatch(
            key=[keys[each.register_id] for each in readings],
            taken_s=np.array([each.taken_s for each in readings], dtype=np.int64),
            value_micro=np.array([each.value_micro for each in readings], dtype=np.int64),
            source=VIRTUAL,
            received_us=to_us(now),
        )
        await ledger.ensure_entry_partition(session, period=memory.month_of(now))
        await charge_batch(session, memory=memory, batch=batch, now=now, lock_accounts=True)
    return len(waiting)
