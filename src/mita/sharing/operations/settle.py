"""Generation is settled: months to date are worked out again, and only the difference is booked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert, update

from mita.kit.zones import next_month
from mita.sharing import queries
from mita.sharing.domain import NOTHING, KeysMissing
from mita.sharing.models import SharedDay, SharingGroup
from mita.sharing.operations.book import Change, book_changes
from mita.sharing.operations.look import look, span_of
from mita.sharing.operations.mark import mark_of
from mita.sharing.operations.worth import first_priced, member_months, prices_of

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.sharing.domain import MemberMonth, Shares
    from mita.sharing.operations.look import Looked, Span
    from mita.sharing.operations.worth import Prices

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a run did: the group is settled before ``until``; so many members' months changed."""

    until: date
    changed: int


async def settle_group(
    session: AsyncSession, *, estate_id: int, sharing_group_id: int, now: datetime
) -> Settled:
    """Settle a group as far as all its meters are read: from the month before the newest settled one on.

    Each month is worked out again from its readings, so that late and corrected readings, other terms and
    other prices end as if they had been known; what is booked already is left out. Where nothing has changed
    since the run before, nothing is worked out.

    :raises mita.kit.errors.NotFound: if the group does not exist
    :raises mita.ledger.operations.StaleHeads: if another writer waits for this one (roll back and repeat)
    """
    row = await queries.group(session, estate_id=estate_id, sharing_group_id=sharing_group_id, lock=True)
    looked = await look(session, row=row, now=now)
    first = row.settle_from.replace(day=1)
    # before anything is read: what comes meanwhile changes the next run's mark
    mark = await mark_of(session, looked=looked, first=first)
    if mark == row.settled_mark:
        return Settled(row.settled_until, 0)
    prices = await prices_of(session, looked=looked)
    changed = 0
    month = first
    while month < max(looked.until, row.settled_until):
        span = await _span(session, looked, prices, month=month)
        await _write_days(session, looked, span, month=month, now=now)
        months = {}
        if span is not None and (prices.incentive or not looked.rule.is_virtual):
            months = await asyncio.to_thread(
                member_months, looked, prices=prices, span=span, month=_begin(looked, month)
            )
        changed += await _write_months(session, looked, months, month=month, now=now)
        month = next_month(month)
    await _remember(session, looked, mark=mark, of=first)
    return Settled(looked.until, changed)


def _begin(looked: Looked, month: date) -> date:
    return max(month, looked.row.first_on)


async def _span(session: AsyncSession, looked: Looked, prices: Prices, *, month: date) -> Span | None:
    """Return what is known of a month, None if nothing is; missing keys end what can be settled."""
    first = first_priced(prices, zone=looked.zone, month=month)
    while (until := min(looked.until, next_month(month))) > _begin(looked, month):
        try:
            return await span_of(session, looked=looked, first=first, until=until)
        except KeysMissing as missing:
            looked.until = missing.day
    return None


async def _write_days(
    session: AsyncSession, looked: Looked, span: Span | None, *, month: date, now: datetime
) -> None:
    """Keep the sums of each day that are others than those kept; a day that is open again has none."""
    row = looked.row
    key = {"estate_id": row.estate_id, "sharing_group_id": row.sharing_group_id}
    kept = await queries.shared_days(session, **key, first=month, until=next_month(month))
    sums = {} if span is None else _sums_by_day(span.shares)
    rows = []
    for day in sorted(kept.keys() | {day for day in sums if day >= _begin(looked, month)}):
        was = kept.get(day)
        before = (
            None
            if was is None
            else (was.generation_micro, was.allocated_micro, was.surplus_micro, was.shared_micro)
        )
        sum_of_day = sums.get(day, (0, 0, 0, 0))
        if sum_of_day != before:
            generation, allocated, surplus, shared = sum_of_day
            rows.append(
                {
                    **key,
                    "day": day,
                    "generation_micro": generation,
                    "allocated_micro": allocated,
                    "surplus_micro": surplus,
                    "shared_micro": shared,
                    "created_at": now,
                }
            )
    if rows:
        await session.execute(insert(SharedDay), rows)


def _sums_by_day(shares: Shares) -> dict[date, tuple[int, int, int, int]]:
    columns = (shares.generation, shares.allocated.sum(axis=0), shares.surplus, shares.shared)
    sums = [shares.of_days(column).tolist() for column in columns]
    return dict(zip(shares.grid.dates, zip(*sums, strict=True), strict=True))


async def _write_months(
    session: AsyncSession, looked: Looked, months: dict[int, MemberMonth], *, month: date, now: datetime
) -> int:
    row = looked.row
    booked = await queries.shared_months(
        session, estate_id=row.estate_id, sharing_group_id=row.sharing_group_id, month=month
    )
    changes = []
    for unit_id in sorted(months.keys() | booked.keys()):
        before = queries.month_of(booked[unit_id]) if unit_id in booked else NOTHING
        after = months.get(unit_id, NOTHING)
        if after != before:
            changes.append(Change(unit_id, before, after))
    until = max(month, min(looked.until, next_month(month)))
    await book_changes(session, row=row, zone=looked.zone, month=month, until=until, changes=changes, now=now)
    return len(changes)


async def _remember(session: AsyncSession, looked: Looked, *, mark: bytes, of: date) -> None:
    """Let the next run begin a month before the newest month that is settled, if there is anything new.

    ``mark`` is that of the month ``of``: from another month on the next run looks at other readings.
    """
    row, until = looked.row, looked.until
    newest = max(row.first_on, until - _DAY).replace(day=1)
    again = max(row.first_on, (newest - _DAY).replace(day=1))
    await session.execute(
        update(SharingGroup)
        .where(SharingGroup.estate_id == row.estate_id, SharingGroup.sharing_group_id == row.sharing_group_id)
        .values(
            settle_from=again,
            settled_until=until,
            settled_mark=mark if again.replace(day=1) == of else None,
        )
        .execution_options(synchronize_session=False)
    )
