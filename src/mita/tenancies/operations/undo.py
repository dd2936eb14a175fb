"""A handover is undone: by reversals and a record, never by taking anything out of the books."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.kit.events import publish
from mita.tenancies import queries
from mita.tenancies.domain import Done
from mita.tenancies.events import HandoverUndone
from mita.tenancies.models import HandoverUndo
from mita.tenancies.operations.money import NotUndoable, give_back, refuse_if_moved
from mita.tenancies.operations.wallet import recall_settings, return_access, take_access_back

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller
    from mita.tenancies.models import Handover


async def undo_handover(
    session: AsyncSession,
    *,
    estate_id: int,
    handover_id: UUID,
    reason: str,
    key: str,
    caller: Caller,
    now: datetime,
) -> tuple[Handover, bool]:
    """Undo the newest handover of a unit, once; return it and whether this is a repeat.

    Readings stay, and so do their charges: what was used was used. A promotion that ended comes back as a
    new one.

    :raises mita.kit.errors.NotFound: if the estate has no such handover
    :raises NotUndoable: if somebody paid or used something since, or moved again, or it was undone before
    """
    row = await queries.handover(session, estate_id=estate_id, handover_id=handover_id)
    await estate_queries.unit(session, estate_id=estate_id, unit_id=row.unit_id, lock=True)
    undone = await queries.undo_of(session, estate_id=estate_id, handover_id=handover_id)
    if undone is not None:
        if undone.key == key and undone.reason == reason:
            return row, True
        raise NotUndoable(f"handover {handover_id} was undone before")
    newest = await queries.newest_handover(session, estate_id=estate_id, unit_id=row.unit_id)
    if newest is None or newest.handover_id != handover_id:
        raise NotUndoable("the unit was handed over again since: undo that first")
    done = Done(**row.done)
    await refuse_if_moved(session, estate_id=estate_id, done=done)
    said = f"handover {handover_id} undone: {reason}"
    await give_back(session, estate_id=estate_id, done=done, reason=said, actor=caller.actor, now=now)
    occupancy = await estate_queries.occupancy(session, estate_id=estate_id, occupancy_id=row.occupancy_id)
    if row.kind == "onboard":
        await take_access_back(session, estate_id=estate_id, done=done, caller=caller, now=now)
        await estates.take_stay_back(session, row=occupancy, now=now)
        await return_access(session, estate_id=estate_id, done=done, caller=caller, now=now)
    else:
        until_on = None if done.until_before is None else date.fromisoformat(done.until_before)
        await estates.end_stay(session, row=occupancy, until_on=until_on, now=now)
        await return_access(session, estate_id=estate_id, done=done, caller=caller, now=now)
    await recall_settings(session, estate_id=estate_id, done=done, caller=caller, now=now)
    session.add(
        HandoverUndo(
            estate_id=estate_id,
            handover_id=handover_id,
            key=key,
            reason=reason,
            actor=caller.actor,
            created_at=now,
        )
    )
    await session.flush()
    event = HandoverUndone(estate_id, handover_id, row.unit_id, row.kind)
    await publish(session, event, now=now)
    return row, False
