"""Friendly hours are set; what they deferred follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.credit import queries
from mita.credit.models import FriendlyHours, SupplyStop
from mita.credit.operations.deferral import end_deferral
from mita.kit.errors import Invalid

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit import domain


async def set_friendly_hours(
    session: AsyncSession, *, estate_id: int, hours: domain.FriendlyHours, now: datetime
) -> None:
    """Set when an estate cuts nothing. Stops that waited get their new time; what is off stays off.

    :raises Invalid: if a field contradicts another, or there is no such list of public holidays
    """
    problems = hours.problems()
    if problems:
        raise Invalid(
            "; ".join(sentence for _, sentence in problems),
            problems=[{"path": field, "message": sentence} for field, sentence in problems],
        )
    values = {
        "is_on": hours.is_on,
        "night_from": hours.night_from,
        "night_until": hours.night_until,
        "weekends": hours.weekends,
        "holidays_country": hours.holidays_country,
        "holidays_subdivision": hours.holidays_subdivision,
        "updated_at": now,
    }
    statement = pg_insert(FriendlyHours).values(estate_id=estate_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["estate_id"], set_=values))
    due_at = await queries.next_cut(session, estate_id=estate_id, instant=now)
    waiting = (SupplyStop.estate_id == estate_id, SupplyStop.is_asked.is_(False))
    # these would end before they could take effect
    gone = delete(SupplyStop).where(*waiting, SupplyStop.until <= due_at)
    rows = await session.execute(gone.returning(SupplyStop.unit_id, SupplyStop.utility))
    for unit_id, utility in rows.all():
        await end_deferral(session, estate_id=estate_id, unit_id=unit_id, utility=utility, now=now)
    # the job asks those that are due now
    await session.execute(update(SupplyStop).where(*waiting).values(due_at=due_at))
