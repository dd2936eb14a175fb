"""Held readings that are wrong are set aside: nobody has to look at them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.errors import Conflict
from mita.metering import queries
from mita.metering.domain import ReadingClass
from mita.metering.models import SetAsideReading

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


class NotWaiting(Conflict):
    """The reading waits for nobody: it is not held for its rise, or was set aside before."""

    code = "reading_not_waiting"
    title = "The reading waits for nobody"


async def set_aside_held_reading(
    session: AsyncSession,
    *,
    estate_id: int,
    register_id: int,
    taken_at: datetime,
    reason: str,
    actor: str,
    now: datetime,
) -> SetAsideReading:
    """Say of a held reading that it is wrong. It stays held, moves no money, and may be accepted later.

    :raises mita.kit.errors.NotFound: if the register or the reading does not exist
    :raises NotWaiting: if it is not held for its rise, or was set aside before
    """
    # somebody may be about to accept it
    reading = await queries.reading(
        session, estate_id=estate_id, register_id=register_id, taken_at=taken_at, lock=True
    )
    if reading.class_ != int(ReadingClass.HELD):
        raise NotWaiting(f"the reading is {ReadingClass(reading.class_).shown}, and its rise is in no doubt")
    statement = pg_insert(SetAsideReading).values(
        estate_id=estate_id,
        register_id=register_id,
        taken_at=taken_at,
        reason=reason,
        actor=actor,
        set_aside_at=now,
    )
    # of two at once the second waits for the first, and finds its row
    statement = statement.on_conflict_do_nothing()
    row = (await session.scalars(statement.returning(SetAsideReading))).one_or_none()
    if row is None:
        raise NotWaiting("the reading was set aside before")
    return row
