"""Meters that stand still although somebody lives there and the supply is on become issues."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.devices import queries
from mita.devices.domain import REPORTS_MIN, frozen_meters
from mita.estates import queries as estates
from mita.estates.domain import Days
from mita.metering import queries as metering

from .issues import IssueBook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_KIND = "frozen"
_METERS_AT_ONCE = 2_000
# where nobody is to live, that nobody does says nothing
_LIVED_IN = frozenset({"flat", "house", "shop", "office"})


async def note_frozen(
    session: AsyncSession,
    *,
    estate_id: int,
    supplies: Mapping[tuple[int, str], datetime | None],
    now: datetime,
) -> int:
    """Open an issue for each meter that stands still for as long as the estate's rule says; return how many.

    ``supplies`` says of (unit_id, utility) since when its switch is on, None that it is off; a supply that is
    not there was never switched. Left out are units that are vacant or had somebody move within the time.
    """
    book = await IssueBook.of_meters(session, estate_id=estate_id)
    days = await queries.frozen_days(session, estate_id=estate_id)
    found: dict[int, str] = {}
    if days is not None:
        since = now - timedelta(days=days)
        empty = await _empty_units(session, estate_id=estate_id, since=since, now=now)
        after_id = 0
        while rows := await metering.registers_at_rest(
            session,
            estate_id=estate_id,
            since=since,
            reports_max=REPORTS_MIN,
            after_id=after_id,
            limit=_METERS_AT_ONCE,
        ):
            after_id = rows[-1].meter_id
            looked_at = [
                each
                for each in rows
                if each.unit_id not in empty
                and _is_supplied(supplies, each.unit_id, each.utility, since=since)
            ]
            found |= dict(frozen_meters(looked_at, now=now))
    for meter_id in sorted(found.keys() | book.open_owners):
        await book.settle(meter_id, _KIND, found.get(meter_id), at=now)
    await book.tell(now=now)
    return len(found)


def _is_supplied(
    supplies: Mapping[tuple[int, str], datetime | None], unit_id: int, utility: str, *, since: datetime
) -> bool:
    if (unit_id, utility) not in supplies:
        return True
    on_since = supplies[unit_id, utility]
    return on_since is not None and on_since <= since


async def _empty_units(
    session: AsyncSession, *, estate_id: int, since: datetime, now: datetime
) -> frozenset[int]:
    """Return the units where nobody lives who should, or somebody moved since."""
    zone = await estates.time_zone(session, estate_id=estate_id)
    first, today = since.astimezone(zone).date(), now.astimezone(zone).date()
    moved = await estates.units_on_the_move(session, estate_id=estate_id, days=Days(first, today))
    vacant = await estates.vacant_since(session, estate_id=estate_id, day=today)
    units = await estates.units(session, estate_id=estate_id, unit_ids=list(vacant), limit=len(vacant))
    return frozenset(moved) | {each.unit_id for each in units if each.kind in _LIVED_IN}
