"""What an assignment for the past would do to wallets, worked out without a lock, and kept nowhere."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

from mita.charging import queries
from mita.charging.operations.settle import weigh_register
from mita.kit.clock import to_us
from mita.metering import queries as metering_queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import RegisterInfo
    from mita.tariffs.domain import Assignment

WEIGHED_MAX = 200  # registers
READINGS_MAX = 50_000  # of all of them since they are charged again; a few seconds


async def changes_by_unit(
    session: AsyncSession,
    *,
    estate_id: int,
    registers: Sequence[RegisterInfo],
    since: Mapping[int, datetime],
    assignments: Sequence[Assignment],
) -> dict[int, int] | None:
    """Return by unit what its wallet would pay more, in micro-money with tax; negative is given back.

    ``since`` is by register id when each is charged again; ``assignments`` are all of the utility, with the
    one that is to come. Units whose wallet stays as it is are left out. None is too much to work out now.
    """
    if not since:
        return {}
    infos = [info for info in registers if info.register_id in since]
    if len(infos) > WEIGHED_MAX:
        return None
    count = await metering_queries.reading_count_since(
        session, estate_id=estate_id, since=dict(since), most=READINGS_MAX + 1
    )
    if count > READINGS_MAX:
        return None
    memory = await queries.new_memory(session, estate_id=estate_id)
    await queries.load_registers(session, memory, keys=[info.key for info in infos])
    found: dict[int, int] = defaultdict(int)
    for info in infos:
        book = memory.books[await queries.place_of_book(session, memory, info=info, assignments=assignments)]
        weighing = await weigh_register(
            session,
            memory,
            place=memory.registers.place[info.key],
            # a reading at that very instant ends the interval before it
            since_s=to_us(since[info.register_id]) // 1_000_000 + 1,
            new_book=book,
        )
        # a year of half hours takes a while: off the event loop
        weighed = await asyncio.to_thread(weighing)
        found[info.unit_id] += weighed.difference_micro
    return {unit_id: change for unit_id, change in sorted(found.items()) if change}
