"""Writes of estates and units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from mita.estates.events import EstateCreated
from mita.estates.models import Estate, Unit
from mita.kit.db import see_estates
from mita.kit.errors import Conflict, Invalid
from mita.kit.events import publish
from mita.kit.zones import UnknownZone, zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


class NameTaken(Conflict):
    """Another one of the same name exists already."""

    code = "name_taken"
    title = "The name is taken"


async def create_estate(
    session: AsyncSession, *, name: str, currency: str, time_zone: str, seen: Sequence[int], now: datetime
) -> Estate:
    """Create an estate; the rest of the transaction sees it beside the estates in ``seen``.

    :raises Invalid: if the zone is unknown
    :raises NameTaken: if an estate of that name exists
    """
    try:
        zone(time_zone)
    except UnknownZone as error:
        raise Invalid(str(error), problems=[{"path": "time_zone", "message": str(error)}]) from error
    estate_id = await session.scalar(text("SELECT nextval(pg_get_serial_sequence('estate', 'estate_id'))"))
    assert isinstance(estate_id, int), "a sequence gives integers"
    await see_estates(session, estates=[*seen, estate_id])
    row = Estate(estate_id=estate_id, name=name, currency=currency, time_zone=time_zone, created_at=now)
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as error:
        raise NameTaken(f"an estate called {name!r} exists already") from error
    await publish(session, EstateCreated(estate_id=estate_id, currency=currency), now=now)
    return row


async def create_units(
    session: AsyncSession, *, estate_id: int, names: Sequence[str], now: datetime
) -> list[int]:
    """Create units and return their ids in the order of ``names``.

    :raises NameTaken: if the estate has a unit of one of the names
    """
    if not names:
        return []
    rows = [{"estate_id": estate_id, "name": name, "created_at": now} for name in names]
    statement = insert(Unit).returning(Unit.unit_id, sort_by_parameter_order=True)
    try:
        async with session.begin_nested():
            return list((await session.scalars(statement, rows)).all())
    except IntegrityError as error:
        raise NameTaken(f"estate {estate_id} already has a unit of one of these names") from error
