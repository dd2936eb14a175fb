"""Since when people live in units, or own them, without a break."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, TypeVar

from mita.estates.models import Occupancy, Ownership
from mita.estates.queries.estates import time_zone
from mita.estates.queries.people import Of, occupancies, ownerships

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

Row = TypeVar("Row", bound=Occupancy | Ownership)


def began_at(row: Occupancy | Ownership, *, zone: ZoneInfo) -> datetime:
    """Return when an occupancy or ownership begins: with its first day, or at its handover."""
    known = row.from_at if isinstance(row, Occupancy) else None
    return known or datetime.combine(row.from_on, time(), tzinfo=zone)


def unbroken(rows: Sequence[Row], *, day: date) -> Row | None:
    """Return with which of one person's rows of a unit began what lasts on a local day, or is to come first.

    One that ends on the day on which another begins is continued by it. None: it is all over.
    """
    lasting = [row for row in rows if row.until_on is None or row.until_on > max(day, row.from_on)]
    if not lasting:
        return None
    first = min(lasting, key=lambda row: row.from_on)
    while before := [row for row in rows if row.until_on == first.from_on and row.from_on < first.from_on]:
        first = min(before, key=lambda row: row.from_on)
    return first


async def lives_from(
    session: AsyncSession, *, estate_id: int, unit_id: int, person_id: int, now: datetime
) -> datetime | None:
    """Return since when, or from when on, a person lives in a unit; None: not, or no more."""
    rows = await occupancies(session, estate_id=estate_id, of=Of([unit_id], person_id))
    zone = await time_zone(session, estate_id=estate_id)
    found = unbroken(rows, day=now.astimezone(zone).date())
    return None if found is None else began_at(found, zone=zone)


async def owns_from(
    session: AsyncSession, *, estate_id: int, unit_id: int, person_id: int, now: datetime
) -> datetime | None:
    """Return since when, or from when on, a person owns some of a unit; None: not, or no more."""
    rows = await ownerships(session, estate_id=estate_id, of=Of([unit_id], person_id))
    zone = await time_zone(session, estate_id=estate_id)
    found = unbroken(rows, day=now.astimezone(zone).date())
    return None if found is None else began_at(found, zone=zone)
