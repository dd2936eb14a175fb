"""The books as a whole: chart of accounts, trial balance, journals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text, tuple_

from mita.kit.errors import NotFound
from mita.ledger.models import Account, Journal
from mita.ledger.queries.archived import refuse_archived

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.domain import JournalKind

# What stood before the month: as the close wrote it down, or the head, or the last entry before it, or what
# the newest close before it wrote down if those entries are archived.
_TRIAL_BALANCE = text("""
    SELECT a.account_id, a.code, a.currency,
        CASE WHEN written.opening_micro IS NOT NULL THEN written.opening_micro
             WHEN a.head_period < :period THEN a.posted_micro
             ELSE coalesce(
                (SELECT e.balance_after_micro FROM entry AS e
                 WHERE e.estate_id = a.estate_id AND e.account_id = a.account_id AND e.period < :period
                 ORDER BY e.seq DESC LIMIT 1),
                (SELECT o.opening_micro FROM account_opening AS o
                 WHERE o.estate_id = a.estate_id AND o.account_id = a.account_id AND o.period < :period
                 ORDER BY o.period DESC LIMIT 1),
                0)
        END AS opening_micro,
        coalesce(moved.debit_micro, 0) AS debit_micro,
        coalesce(moved.credit_micro, 0) AS credit_micro
    FROM account AS a
    LEFT JOIN account_opening AS written
        ON written.estate_id = a.estate_id AND written.account_id = a.account_id AND written.period = :period
    LEFT JOIN (
        SELECT account_id, -sum(amount_micro) FILTER (WHERE amount_micro < 0) AS debit_micro,
            sum(amount_micro) FILTER (WHERE amount_micro > 0) AS credit_micro
        FROM entry WHERE estate_id = :estate_id AND period = :period GROUP BY account_id
    ) AS moved ON moved.account_id = a.account_id
    WHERE a.estate_id = :estate_id
    ORDER BY a.account_id
""")
# No index leads from a journal to its entries: it would cost every charge. The estate's rows of the month are
# read.
_ENTRIES_OF_JOURNAL = text("""
    SELECT e.line, e.account_id, a.code, e.seq, e.kind, e.amount_micro, e.balance_after_micro,
           e.quantity_micro, e.event_at, e.source_kind, e.source_id, e.hash,
           (SELECT p.hash FROM entry AS p WHERE p.estate_id = e.estate_id AND p.account_id = e.account_id
                AND p.seq = e.seq - 1 LIMIT 1) AS previous_hash
    FROM entry AS e JOIN account AS a ON a.estate_id = e.estate_id AND a.account_id = e.account_id
    WHERE e.estate_id = :estate_id AND e.period = :period AND e.journal_id = :journal_id
        AND e.line > :after_line
    ORDER BY e.line LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One account in a trial balance, in micro-money: plus is credit; ``debit_micro`` counts above zero."""

    account_id: int
    code: str
    currency: str
    opening_micro: int
    debit_micro: int
    credit_micro: int

    @property
    def closing_micro(self) -> int:
        """The balance at the end."""
        return self.opening_micro - self.debit_micro + self.credit_micro


async def chart(
    session: AsyncSession, *, estate_id: int, after_id: int = 0, limit: int = 100
) -> Sequence[Account]:
    """Return an estate's accounts by id, ``limit`` at most after ``after_id``."""
    found = select(Account).where(Account.estate_id == estate_id, Account.account_id > after_id)
    return (await session.scalars(found.order_by(Account.account_id).limit(limit))).all()


async def codes_by_id(session: AsyncSession, *, estate_id: int) -> dict[int, str]:
    """Return the code of every account of an estate by its id, in the order of ids."""
    found = select(Account.account_id, Account.code).where(Account.estate_id == estate_id)
    return {row.account_id: row.code for row in await session.execute(found.order_by(Account.account_id))}


async def trial_balance(session: AsyncSession, *, estate_id: int, period: date) -> list[BalanceLine]:
    """Return every account's opening balance, debits, credits and so its closing balance of one month.

    :raises MonthArchived: if the month's entries were archived
    """
    await refuse_archived(session, period=period)
    rows = await session.execute(_TRIAL_BALANCE, {"estate_id": estate_id, "period": period})
    return [
        BalanceLine(
            row.account_id,
            row.code,
            row.currency,
            int(row.opening_micro),
            int(row.debit_micro),
            int(row.credit_micro),
        )
        for row in rows
    ]


async def trial_balance_now(session: AsyncSession, *, estate_id: int) -> list[BalanceLine]:
    """Return every account's balance as of now, on the side it stands on; nothing stood before."""
    found = select(Account.account_id, Account.code, Account.currency, Account.posted_micro)
    rows = await session.execute(found.where(Account.estate_id == estate_id).order_by(Account.account_id))
    return [
        BalanceLine(
            row.account_id,
            row.code,
            row.currency,
            0,
            max(-row.posted_micro, 0),
            max(row.posted_micro, 0),
        )
        for row in rows
    ]


async def journals(
    session: AsyncSession,
    *,
    estate_id: int,
    kind: JournalKind | None = None,
    period: date | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 100,
) -> Sequence[Journal]:
    """Return an estate's journals, newest first, ``limit`` at most before (``booked_at``, journal id).

    None filters nothing.
    """
    found = select(Journal).where(Journal.estate_id == estate_id)
    if kind is not None:
        found = found.where(Journal.kind == int(kind))
    if period is not None:
        found = found.where(Journal.period == period)
    if before is not None:
        # both forms: the first lets the index begin there
        found = found.where(Journal.booked_at <= before[0]).where(
            tuple_(Journal.booked_at, Journal.journal_id) < before
        )
    newest = found.order_by(Journal.booked_at.desc(), Journal.journal_id.desc())
    return (await session.scalars(newest.limit(limit))).all()


async def journal(session: AsyncSession, *, estate_id: int, journal_id: UUID) -> Journal:
    """Return one journal.

    :raises NotFound: if the estate has no such journal
    """
    found = await session.get(Journal, (estate_id, journal_id))
    if found is None:
        raise NotFound(f"journal {journal_id} does not exist in estate {estate_id}")
    return found


async def first_booked_at(session: AsyncSession, *, estate_id: int) -> datetime | None:
    """Return when an estate's first journal was booked, if there is one."""
    found = select(Journal.booked_at).where(Journal.estate_id == estate_id)
    return await session.scalar(found.order_by(Journal.booked_at).limit(1))


async def journal_entries(
    session: AsyncSession, *, of: Journal, after_line: int = -1, limit: int = 100
) -> Sequence[Any]:
    """Return a journal's entries by line, ``limit`` at most after ``after_line``, with their accounts' codes.

    It reads the estate's rows of that month, about a tenth of a second for a million of them.

    :raises MonthArchived: if they were archived
    """
    await refuse_archived(session, period=of.period)
    rows = await session.execute(
        _ENTRIES_OF_JOURNAL,
        {
            "estate_id": of.estate_id,
            "period": of.period,
            "journal_id": of.journal_id,
            "after_line": after_line,
            "limit": limit,
        },
    )
    return rows.all()
