"""What stands on clearing accounts, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from mita.ledger.models import Account
from mita.ledger.queries.moves import ledger_rule

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

PREFIX = "clearing:"
# What was settled counts against the oldest money first, so what is left is the newest: from the newest entry
# of the balance's sign backwards until the balance is reached.
_OLDEST_LEFT = text("""
    SELECT j.booked_at
    FROM (
        SELECT e.seq, e.journal_id, sum(abs(e.amount_micro)) OVER (ORDER BY e.seq DESC) AS reached
        FROM entry AS e
        WHERE e.estate_id = :estate_id AND e.account_id = :account_id
            AND sign(e.amount_micro) = sign(CAST(:balance_micro AS bigint))
    ) AS n
    JOIN journal AS j ON j.estate_id = :estate_id AND j.journal_id = n.journal_id
    WHERE n.reached >= abs(CAST(:balance_micro AS bigint))
    ORDER BY n.seq DESC LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Clearing:
    """One clearing account: its balance, since when the oldest of it stands there, when that is due."""

    account_id: int
    method: str
    balance_micro: int
    since: datetime | None
    due_at: datetime | None

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether money stands there longer than the estate allows."""
        return self.due_at is not None and self.due_at <= now


async def clearings(session: AsyncSession, *, estate_id: int) -> list[Clearing]:
    """Return every clearing account of an estate, by method."""
    rule = await ledger_rule(session, estate_id=estate_id)
    statement = (
        select(Account.account_id, Account.code, Account.posted_micro)
        .where(Account.estate_id == estate_id, Account.code.startswith(PREFIX))
        .order_by(Account.code)
    )
    found = []
    for row in (await session.execute(statement)).all():
        since = None
        if row.posted_micro:
            since = await session.scalar(
                _OLDEST_LEFT,
                {"estate_id": estate_id, "account_id": row.account_id, "balance_micro": row.posted_micro},
            )
        due_at = None if since is None else since + timedelta(hours=rule.clearing_due_hours)
        method = row.code.removeprefix(PREFIX)
        found.append(Clearing(row.account_id, method, row.posted_micro, since, due_at))
    return found


async def clearing_totals(session: AsyncSession) -> list[tuple[str, str, int]]:
    """Return what stands on clearing accounts in all estates that are seen: method, currency, micro."""
    total = func.sum(Account.posted_micro)
    found = (
        select(Account.code, Account.currency, total)
        .where(Account.code.startswith(PREFIX))
        .group_by(Account.code, Account.currency)
    )
    rows = await session.execute(found)
    return [(code.removeprefix(PREFIX), currency, int(micro)) for code, currency, micro in rows]
