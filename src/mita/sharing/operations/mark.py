"""What a run works with, as a hash: while it is the same, there is nothing to settle."""

from __future__ import annotations

from dataclasses import astuple
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from mita.kit.clock import from_us
from mita.metering import queries as metering_queries
from mita.sharing import queries
from mita.sharing.operations.prices import UTILITY
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import local_midnight_s

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.sharing.operations.look import Looked

# to be raised when the same terms and readings are worth something else than before
_RULES = 1
# a billing period that reaches into a month began less than that before it
_BACK = timedelta(days=31)


async def mark_of(session: AsyncSession, *, looked: Looked, first: date) -> bytes:
    """Return the mark of a group that is settled from the month ``first`` on.

    It holds the terms, the prices, the assignments of rate tables, and the readings that are read.
    """
    row = looked.row
    key = {"estate_id": row.estate_id, "sharing_group_id": row.sharing_group_id}
    until = max(looked.until, first + timedelta(days=1))
    since, end = (
        from_us(local_midnight_s(day, zone=looked.zone) * 1_000_000) for day in (first - _BACK, until)
    )
    known = (
        _RULES,
        first,
        looked.until,
        looked.zone.key,
        astuple(looked.rule),
        [astuple(each) for each in (*looked.members, *looked.sources)],
        [astuple(each) for each in await queries.price_terms(session, **key)],
        await queries.newest_key_id(session, **key),
        [
            astuple(each)
            for each in await tariff_queries.assignments(session, estate_id=row.estate_id, utility=UTILITY)
        ],
        await metering_queries.timeline_marks(
            session, estate_id=row.estate_id, register_ids=looked.register_ids, since=since, until=end
        ),
    )
    return sha256(repr(known).encode()).digest()
