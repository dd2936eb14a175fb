"""Reads of readings and of what came as one: lists, counts, the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, false, func, or_, select, text, tuple_

from mita.kit.errors import NotFound
from mita.metering.domain import TIMELINE_MAX, ReadingClass
from mita.metering.models import (
    Meter,
    Reading,
    ReadingRepeat,
    ReadingTemperature,
    Register,
    RejectedReading,
    SetAsideReading,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncSession


async def readings(
    session: AsyncSession,
    *,
    estate_id: int,
    register_id: int | None = None,
    classes: Sequence[ReadingClass] = (),
    is_set_aside: bool | None = None,
    before: tuple[datetime, int | None] | None = None,
    limit: int = 100,
) -> Sequence[Row[Reading, str, str, str]]:
    """Return stored readings, newest first, each with its meter's serial, utility and register name.

    ``is_set_aside``: only those of which somebody said that they are wrong, or only the others.
    ``before`` is (taken_at, register_id): what follows that register's reading; register_id of None is what
    is earlier.
    """
    statement = _with_names(Reading).where(Reading.estate_id == estate_id)
    statement = statement.order_by(Reading.taken_at.desc(), Reading.register_id).limit(limit)
    if register_id is not None:
        statement = statement.where(Reading.register_id == register_id)
    if classes:
        statement = statement.where(Reading.class_.in_([int(c) for c in classes]))
    if is_set_aside is not None:
        found = _is_set_aside(Reading)
        statement = statement.where(found if is_set_aside else ~found)
    if before is not None:
        # the first condition alone lets the database stop early
        statement = statement.where(Reading.taken_at <= before[0])
        same = Reading.taken_at == before[0]
        later = false() if before[1] is None else and_(same, Reading.register_id > before[1])
        statement = statement.where(or_(Reading.taken_at < before[0], later))
    return (await session.execute(statement)).all()


async def temperatures(
    session: AsyncSession, *, estate_id: int, keys: Sequence[tuple[int, datetime]]
) -> dict[tuple[int, datetime], int]:
    """Return how warm it was at readings (register_id, taken_at), in hundredths, of those that know it."""
    row = ReadingTemperature
    statement = select(row.register_id, row.taken_at, row.temperature_centi).where(
        row.estate_id == estate_id, tuple_(row.register_id, row.taken_at).in_(keys)
    )
    return {(each[0], each[1]): each[2] for each in await session.execute(statement)}


def _is_set_aside(row: type[Reading]) -> ColumnElement[bool]:
    aside = SetAsideReading
    return exists().where(
        aside.estate_id == row.estate_id,
        aside.register_id == row.register_id,
        aside.taken_at == row.taken_at,
    )


async def set_aside(
    session: AsyncSession, *, estate_id: int, keys: Sequence[tuple[int, datetime]]
) -> dict[tuple[int, datetime], SetAsideReading]:
    """Return who set readings (register_id, taken_at) aside, of those that somebody did."""
    row = SetAsideReading
    statement = select(row).where(row.estate_id == estate_id, tuple_(row.register_id, row.taken_at).in_(keys))
    return {(each.register_id, each.taken_at): each for each in await session.scalars(statement)}


async def repeats(
    session: AsyncSession,
    *,
    estate_id: int,
    class_: ReadingClass,
    register_id: int | None = None,
    before: tuple[datetime, int | None, int | None] | None = None,
    limit: int = 100,
) -> Sequence[Row[ReadingRepeat, str, str, str]]:
    """Return duplicates or conflicts, newest ``taken_at`` first, each with serial, utility and register name.

    ``before`` is the place (taken_at, register_id, value_micro) that they follow.
    """
    row = ReadingRepeat
    statement = _with_names(row).where(row.estate_id == estate_id, row.class_ == int(class_))
    statement = statement.order_by(row.taken_at.desc(), row.register_id, row.value_micro).limit(limit)
    if register_id is not None:
        statement = statement.where(row.register_id == register_id)
    if before is not None:
        taken_at, register, value = before
        later: ColumnElement[bool] = false()
        if register is not None:
            within = and_(row.register_id == register, row.value_micro > (value or 0))
            later = and_(row.taken_at == taken_at, or_(row.register_id > register, within))
        statement = statement.where(or_(row.taken_at < taken_at, later))
    return (await session.execute(statement)).all()


def _with_names(row: type[Reading | ReadingRepeat]) -> Any:
    return (
        select(row, Meter.serial, Meter.utility, Register.name)
        .join(Register, (Register.estate_id == row.estate_id) & (Register.register_id == row.register_id))
        .join(Meter, (Meter.estate_id == Register.estate_id) & (Meter.meter_id == Register.meter_id))
    )


async def waiting_counts(session: AsyncSession, *, estate_ids: Sequence[int]) -> dict[int, int]:
    """Return how many readings are held for a person, but for those that were set aside, by estate id."""
    statement = text(
        "SELECT r.estate_id, count(*) FROM reading AS r"
        " WHERE r.estate_id = ANY (:estate_ids) AND r.class IN (5, 7)"
        " AND NOT EXISTS (SELECT FROM set_aside_reading AS s WHERE s.estate_id = r.estate_id"
        " AND s.register_id = r.register_id AND s.taken_at = r.taken_at) GROUP BY r.estate_id"
    )
    rows = await session.execute(statement, {"estate_ids": list(estate_ids)})
    return dict.fromkeys(estate_ids, 0) | {row[0]: row[1] for row in rows}


async def waiting_count(session: AsyncSession, *, estate_id: int) -> int:
    """Return how many of an estate's readings are held for a person, but for those that were set aside."""
    return (await waiting_counts(session, estate_ids=[estate_id]))[estate_id]


async def rejection_count(session: AsyncSession, *, estate_id: int) -> int:
    """Return how much of what came for an estate was rejected."""
    statement = select(func.count()).where(RejectedReading.estate_id == estate_id)
    return int(await session.scalar(statement) or 0)


async def rejections(
    session: AsyncSession, *, estate_id: int, before_id: int | None = None, limit: int = 100
) -> Sequence[RejectedReading]:
    """Return what was rejected, newest first; estate 0 holds what nobody's device sent."""
    statement = select(RejectedReading).where(RejectedReading.estate_id == estate_id)
    if before_id is not None:
        statement = statement.where(RejectedReading.rejected_reading_id < before_id)
    statement = statement.order_by(RejectedReading.rejected_reading_id.desc()).limit(limit)
    return (await session.scalars(statement)).all()


async def latest_readings(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int] | None = None
) -> dict[tuple[int, str], tuple[datetime, int]]:
    """Return each import register's newest timeline reading as {(unit_id, utility): (taken_at, value_micro)}.

    ``unit_ids`` names the units to look at; None is all of the estate's.
    """
    statement = text(
        "SELECT m.unit_id, m.utility, l.taken_at, l.value_micro FROM meter AS m"
        " JOIN register AS r ON r.estate_id = m.estate_id AND r.meter_id = m.meter_id AND r.name = 'import'"
        " CROSS JOIN LATERAL (SELECT taken_at, value_micro FROM reading WHERE estate_id = :estate_id"
        " AND register_id = r.register_id AND class <= :timeline_max ORDER BY taken_at DESC LIMIT 1) AS l"
        " WHERE m.estate_id = :estate_id AND (CAST(:units AS bigint[]) IS NULL OR m.unit_id = ANY (:units))"
        " ORDER BY m.meter_id"
    )
    units = None if unit_ids is None else list(unit_ids)
    rows = await session.execute(
        statement, {"estate_id": estate_id, "units": units, "timeline_max": TIMELINE_MAX}
    )
    return {(row.unit_id, row.utility): (row.taken_at, row.value_micro) for row in rows}


async def reading(
    session: AsyncSession, *, estate_id: int, register_id: int, taken_at: datetime, lock: bool = False
) -> Reading:
    """Return one stored reading; with ``lock`` as it is, and nobody judges it before the transaction ends.

    Who holds the estate's lane may wait for a reading; who locked one must not wait for the lane any more.

    :raises NotFound: if the register has none at that instant
    """
    found = await session.get(
        Reading,
        (estate_id, register_id, taken_at),
        populate_existing=lock,
        with_for_update={"key_share": True} if lock else None,
    )
    if found is None:
        raise NotFound(f"register {register_id} has no reading at {taken_at.isoformat()}")
    return found
