"""Reads of estates and of who runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sqlalchemy import func, select, text

from mita.estates.models import Estate, Organisation
from mita.kit.errors import NotFound
from mita.kit.zones import zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection, Engine
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database


async def platform_estate_ids(session: AsyncSession) -> list[int]:
    """Return the id of every estate, archived ones too: what a platform process puts on its connection."""
    return list((await session.scalars(text("SELECT platform_estate_ids()"))).all())


async def live_estate_ids(session: AsyncSession) -> list[int]:
    """Return the id of every estate that is not archived."""
    return list((await session.scalars(text("SELECT live_estate_ids()"))).all())


async def every_estate_id(database: Database) -> list[int]:
    """Return the id of every estate at work, for a job that opens a transaction for each."""
    async with database.unit_of_work(estates=[]) as session:
        return await live_estate_ids(session)


async def estates(
    session: AsyncSession, *, after_id: int = 0, limit: int = 100, with_archived: bool = False
) -> Sequence[Estate]:
    """Return the estates this connection may see, by id, ``limit`` at most after ``after_id``."""
    statement = select(Estate).where(Estate.estate_id > after_id).order_by(Estate.estate_id).limit(limit)
    if not with_archived:
        statement = statement.where(Estate.archived_at.is_(None))
    return (await session.scalars(statement)).all()


async def estate(session: AsyncSession, *, estate_id: int) -> Estate:
    """Return one estate, archived or not.

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


async def local_day(session: AsyncSession, *, estate_id: int, now: datetime) -> date:
    """Return which day it is in an estate's zone.

    :raises NotFound: if this connection may see no such estate
    """
    return now.astimezone(await time_zone(session, estate_id=estate_id)).date()


async def estate_by_name(session: AsyncSession, *, name: str) -> Estate | None:
    """Return the estate at work called ``name``, if this connection may see it."""
    return await session.scalar(select(Estate).where(Estate.name == name, Estate.archived_at.is_(None)))


async def organisations(
    session: AsyncSession,
    *,
    organisation_ids: Sequence[int] | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> Sequence[Organisation]:
    """Return organisations by id, ``limit`` at most after ``after_id``; archived ones are left out."""
    statement = select(Organisation).where(
        Organisation.organisation_id > after_id, Organisation.archived_at.is_(None)
    )
    if organisation_ids is not None:
        statement = statement.where(Organisation.organisation_id.in_(list(organisation_ids)))
    return (await session.scalars(statement.order_by(Organisation.organisation_id).limit(limit))).all()


async def organisation(session: AsyncSession, *, organisation_id: int) -> Organisation:
    """Return one organisation that is not archived.

    :raises NotFound: if there is none
    """
    found = await session.get(Organisation, organisation_id, populate_existing=True)
    if found is None or found.archived_at is not None:
        raise NotFound(f"organisation {organisation_id} does not exist")
    return found


async def estate_ids_of_organisation(session: AsyncSession, *, organisation_id: int) -> list[int]:
    """Return the ids of an organisation's estates, archived ones too."""
    theirs = func.organisation_estate_ids(organisation_id)
    return list((await session.scalars(select(theirs))).all())
