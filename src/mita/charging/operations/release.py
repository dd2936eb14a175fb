"""A register is charged again from an instant on, such as when a person accepts a held reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mita.charging import queries
from mita.charging.domain.causes import ACCEPTED
from mita.charging.domain.decide import Rows, decide
from mita.charging.events import HeldReadingAccepted
from mita.charging.operations.derive import tell_virtual_meters
from mita.charging.operations.lane import Alone, Gate, bump_lane
from mita.charging.operations.post import Bookings, draft_charges
from mita.charging.operations.settle import Settled, settle_register
from mita.kit.clock import to_us
from mita.kit.errors import Conflict
from mita.kit.events import publish
from mita.ledger import operations as ledger
from mita.metering import queries as metering_queries
from mita.metering.domain import ReadingClass

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.memory import LaneMemory, RateBook


class NotHeld(Conflict):
    """The reading is not held, so there is nothing to accept."""

    code = "reading_not_held"
    title = "The reading is not held"


async def accept_held_reading(
    session: AsyncSession, *, estate_id: int, register_id: int, taken_at: datetime, actor: str, now: datetime
) -> Settled:
    """Accept a held reading: it and everything after it is charged as if it had been plausible.

    :raises mita.kit.errors.NotFound: if the register or the reading does not exist
    :raises NotHeld: if the reading is not held
    :raises mita.ledger.operations.StaleHeads: if a balance moved meanwhile (roll back and repeat)
    """
    # the lane before the reading, as everybody who charges; then who sets it aside waits too
    await bump_lane(session, estate_id=estate_id)
    reading = await metering_queries.reading(
        session, estate_id=estate_id, register_id=register_id, taken_at=taken_at, lock=True
    )
    if reading.class_ != int(ReadingClass.HELD):
        raise NotHeld(f"the reading is {ReadingClass(reading.class_).shown}, not held")
    taken_s = to_us(taken_at) // 1_000_000
    memory = await queries.new_memory(session, estate_id=estate_id)
    settled = await settle_again(
        session,
        memory,
        register_id=register_id,
        since_s=taken_s,
        accepted_s=frozenset({taken_s}),
        cause=f"{ACCEPTED}{actor}",
        now=now,
    )
    await tell_virtual_meters(session, memory, since_s={register_id: taken_s})
    old, new = settled.old, settled.new
    amount = new.net_micro + new.tax_micro - old.net_micro - old.tax_micro
    await publish(session, HeldReadingAccepted(estate_id, register_id, taken_at, amount), now=now)
    return settled


async def settle_again(
    session: AsyncSession,
    memory: LaneMemory,
    *,
    register_id: int,
    since_s: int,
    cause: str,
    now: datetime,
    accepted_s: frozenset[int] = frozenset(),
    new_book: RateBook | None = None,
) -> Settled:
    """Judge and rate a register again from an instant on, and post the difference.

    ``new_book`` is what it is charged by from now on, if that is another one.

    :raises mita.ledger.operations.StaleHeads: if a balance moved meanwhile (roll back and repeat)
    """
    gate = Gate(session, memory, Alone())
    await gate.enter(patiently=True)
    info = await metering_queries.register(session, estate_id=memory.estate_id, register_id=register_id)
    await queries.load_registers(session, memory, keys=[info.key])
    settled = await settle_register(
        session,
        memory,
        place=memory.registers.place[info.key],
        newcomers=(),
        since_s=since_s,
        accepted_s=accepted_s,
        cause=cause,
        new_book=new_book,
    )
    none = np.empty(0, dtype=np.int64)
    rows = Rows(none, none, none, none)
    nothing = decide(rows, is_late=none.astype(np.bool_), registers=memory.registers, books=memory.books)
    bookings = Bookings(rows, nothing, [settled])
    # entries without their month would fall into the default partition, and block it for everybody
    await ledger.ensure_entry_partition(session, period=memory.month_of(now))
    draft = await draft_charges(session, memory, gate=gate, bookings=bookings, source=cause, now=now)
    await draft.write(session, memory, now=now)
    return settled
