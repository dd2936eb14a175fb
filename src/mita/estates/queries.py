"""Reads of estates and units."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sqlalchemy import func, select, text

from mita.estates.models import Estate, Unit
from mita.kit.errors import NotFound
from mita.kit.zones import zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection, Engine
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database


async def platform_estate_ids(session: AsyncSession) -> list[int]:
    """Return the id of every estate: what a platform process puts on its connection."""
    return list((await session.scalars(text("SELECT platform_estate_ids()"))).all())


async def every_estate_id(database: Database) -> list[int]:
    """Return the id of every estate, for a job that opens a transaction for each."""
    async with database.unit_of_work(estates=[]) as session:
        return await platform_estate_ids(session)


async def estates(session: AsyncSession, *, after_id: int = 0, limit: int = 100) -> Sequence[Estate]:
    """Return the estates this connection may see, by id, ``limit`` at most after ``after_id``."""
    statement = select(Estate).where(Estate.estate_id > after_id).order_by(Estate.estate_id).limit(limit)
    return (await session.scalars(statement)).all()


async def estate(session: AsyncSession, *, estate_id: int) -> Estate:
    """Return one estate.

    :raises NotFound: if this connection may see no such estate
    """
    found = await session.get(Estate, estate_id)
    if found is None:
        raise NotFound(f"estate {estate_id} does not exist")
    return found


# an estate's zone never changes: nobody may update the column
_zones: WeakKeyDictionary[Engine | Connection, dict[int, ZoneInfo]] = WeakKeyDictionary()


async def time_zone(session: AsyncSession, *, estate_id: int) -> ZoneInfo:
    """Return an estate's zone; asked of the database once in a process.

    Knowing it gives nobody sight of the estate.

    :raises NotFound: if it was not asked before and this connection may see no such estate
    """
    known = _zones.setdefault(session.get_bind(), {})
    if estate_id not in known:
        known[estate_id] = zone((await estate(session, estate_id=estate_id)).time_zone)
    return known[estate_id]


async def estate_by_name(session: AsyncSession, *, name: str) -> Estate | None:
    """Return the estate called ``name``, if this connection may see it."""
    return await session.scalar(select(Estate).where(Estate.name == name))


async def units(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_ids: Sequence[int] | None = None,
    after_id: int = 0,
    limit: int = 1000,
) -> Sequence[Unit]:
    """Return an estate's units by id, ``limit`` at most after ``after_id``; ``unit_ids`` of None is any."""
    statement = select(Unit).where(Unit.estate_id == estate_id, Unit.unit_id > after_id)
    if unit_ids is not None:
        statement = statement.where(Unit.unit_id.in_(list(unit_ids)))
    return (await session.scalars(statement.order_by(Unit.unit_id).limit(limit))).all()


async def unit_count(session: AsyncSession, *, estate_id: int) -> int:
    """Return how many units an estate has."""
    statement = select(func.count()).select_from(Unit).where(Unit.estate_id == estate_id)
    return int(await session.scalar(statement) or 0)


async def unit(session: AsyncSession, *, estate_id: int, unit_id: int) -> Unit:
    """Return one unit.

    :raises NotFound: if the estate has no such unit
    """
    found = await session.get(Unit, (estate_id, unit_id))
    if found is None:
        raise NotFound(f"unit {unit_id} does not exist in estate {estate_id}")
    return found
