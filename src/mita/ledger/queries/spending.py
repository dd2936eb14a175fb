"""What accounts gave over spans of time, and what is held on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from mita.ledger.domain import CHARGES
from mita.ledger.models import Account

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.domain import EntryKind

# the journals' time, not the entries' events; a month is never older than the local month of its journals
_SPENT = text("""
    SELECT place, sum(CASE WHEN is_used THEN -moved ELSE greatest(0, -moved) END) AS spent_micro
    FROM (
        SELECT width_bucket(j.booked_at, CAST(:starts AS timestamptz[])) AS place,
            e.kind = ANY (:used) AS is_used, sum(e.amount_micro) AS moved
        FROM entry AS e JOIN journal AS j ON j.estate_id = e.estate_id AND j.journal_id = e.journal_id
        WHERE e.estate_id = :estate_id AND e.account_id = ANY (:account_ids) AND e.kind = ANY (:kinds)
            AND e.period >= CAST(:month AS date) AND j.booked_at >= CAST(:since AS timestamptz)
        GROUP BY e.journal_id, place, is_used
    ) AS one
    GROUP BY place
""")


async def spent_since(
    session: AsyncSession,
    *,
    estate_id: int,
    account_ids: Sequence[int],
    starts: Sequence[datetime],
    moved_out: Collection[EntryKind],
) -> list[int]:
    """Return what accounts spent together from each of ``starts`` to the next one, in micro-money.

    That is what was charged, less what corrections gave back, and what journals of the kinds ``moved_out``
    took out of all these accounts together. ``starts`` ascend; by ``booked_at``.
    """
    parameters = {
        "estate_id": estate_id,
        "account_ids": list(account_ids),
        "used": [int(kind) for kind in CHARGES],
        "kinds": sorted({int(kind) for kind in (*CHARGES, *moved_out)}),
        "starts": list(starts),
        "since": starts[0],
        "month": starts[0].date().replace(day=1),
    }
    found = {row.place: int(row.spent_micro) for row in await session.execute(_SPENT, parameters)}
    return [found.get(place, 0) for place in range(1, len(starts) + 1)]


async def held_and_accrued(
    session: AsyncSession, *, estate_id: int, account_ids: Sequence[int]
) -> tuple[int, int]:
    """Return what people's holds take of accounts, and what was used there and not yet posted."""
    statement = select(Account.held_micro, Account.accrued_micro).where(
        Account.estate_id == estate_id, Account.account_id.in_(list(account_ids))
    )
    rows = (await session.execute(statement)).all()
    accrued_micro = sum(row.accrued_micro for row in rows)
    return sum(row.held_micro for row in rows) - accrued_micro, accrued_micro
