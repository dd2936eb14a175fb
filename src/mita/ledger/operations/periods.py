"""Months close: open, closing, locked. Forward only; what is late books into the first open month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, text, update

from mita.estates import queries as estate_queries
from mita.kit.db import driver_connection
from mita.kit.errors import Conflict, Invalid
from mita.kit.events import publish
from mita.kit.zones import local_month, next_month, zone
from mita.ledger import queries
from mita.ledger.events import MonthClosing, MonthLocked
from mita.ledger.models import Period

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

CLOSING = 1
LOCKED = 2


class MonthNotOver(Conflict):
    """The month has not ended in the estate's zone."""

    code = "month_not_over"
    title = "The month is not over"


class MonthClosed(Conflict):
    """The month, or a later one, is closed already, and no month opens again."""

    code = "month_closed"
    title = "The month is closed"


async def close_month(
    session: AsyncSession, *, estate_id: int, period: date, actor: str, now: datetime
) -> None:
    """Begin to close a month and every month before it: from this commit on it takes no entry.

    Waits for the writers under way, which is milliseconds, and holds nobody up afterwards.
    :func:`lock_month` finishes it.

    :raises Invalid: if ``period`` is not the first day of a month
    :raises MonthNotOver: if the month has not ended in the estate's zone
    :raises MonthClosed: if it or a later one is closed already
    """
    if period.day != 1:
        raise Invalid("a month is named by its first day", problems=[{"path": "period"}])
    estate = await estate_queries.estate(session, estate_id=estate_id)
    if period >= local_month(now, local=zone(estate.time_zone)):
        raise MonthNotOver(f"{period:%Y-%m} is not over in {estate.time_zone}")
    await session.execute(text("SELECT ledger_books_lock(:estate_id, true)"), {"estate_id": estate_id})
    closed = await queries.closed_through(session, estate_id=estate_id)
    if closed is not None and closed >= period:
        raise MonthClosed(f"{closed:%Y-%m} is closed, and every month before it")
    row = {
        "estate_id": estate_id,
        "period": period,
        "state": CLOSING,
        "closed_by": actor,
        "closing_at": now,
    }
    await session.execute(insert(Period), [row])
    await publish(session, MonthClosing(estate_id, period), now=now)


# one probe per account: its newest entry up to the closed month is where the next month begins, or what an
# earlier close wrote down if those entries were archived
_OPENINGS = """
    INSERT INTO account_opening (estate_id, period, account_id, opening_micro, seq, hash)
    SELECT a.estate_id, %(following)s, a.account_id,
        coalesce(last.balance_after_micro, earlier.opening_micro, 0), coalesce(last.seq, earlier.seq, 0),
        coalesce(last.hash, earlier.hash, ledger_genesis_hash(a.estate_id, a.account_id))
    FROM account AS a
    LEFT JOIN LATERAL (
        SELECT e.seq, e.balance_after_micro, e.hash FROM entry AS e
        WHERE e.estate_id = a.estate_id AND e.account_id = a.account_id AND e.period <= %(period)s
        ORDER BY e.seq DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT o.seq, o.opening_micro, o.hash FROM account_opening AS o
        WHERE o.estate_id = a.estate_id AND o.account_id = a.account_id AND o.period <= %(period)s
        ORDER BY o.period DESC LIMIT 1
    ) AS earlier ON true
    WHERE a.estate_id = %(estate_id)s
    ON CONFLICT DO NOTHING
"""
_TOTALS = """
    SELECT count(*), coalesce(sum(amount_micro) FILTER (WHERE amount_micro > 0), 0)
    FROM entry WHERE estate_id = %(estate_id)s AND period = %(period)s
"""


async def write_openings(session: AsyncSession, *, estate_id: int, period: date) -> None:
    """Write down where every account stands at the end of a month that takes no more entries; once."""
    connection = await driver_connection(session)
    parameters = {"estate_id": estate_id, "period": period, "following": next_month(period)}
    await connection.execute(_OPENINGS, parameters)


async def lock_month(session: AsyncSession, *, estate_id: int, period: date, now: datetime) -> None:
    """Write where the next month begins and what the closing one held, and lock it; again does nothing.

    :raises mita.kit.errors.NotFound: if the month is not closing
    """
    found = await queries.period(session, estate_id=estate_id, period=period, lock=True)
    if found.state == LOCKED:
        return
    await write_openings(session, estate_id=estate_id, period=period)
    connection = await driver_connection(session)
    cursor = await connection.execute(_TOTALS, {"estate_id": estate_id, "period": period})
    totals = await cursor.fetchone()
    assert totals is not None, "an aggregate has a row"
    await session.execute(
        update(Period)
        .where(Period.estate_id == estate_id, Period.period == period)
        .values(state=LOCKED, locked_at=now, entries=totals[0], turnover_micro=int(totals[1]))
    )
    await publish(session, MonthLocked(estate_id, period, totals[0], int(totals[1])), now=now)
