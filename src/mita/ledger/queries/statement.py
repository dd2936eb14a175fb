"""The statement of an account between two instants, however long its chain is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select, text

from mita.kit.errors import NotFound
from mita.ledger.models import Account, Entry, Reversal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.domain import EntryKind

# `booked_at` never goes back along a chain, so halving finds a border: twenty probes in a million entries.
# LATERAL … LIMIT 1 keeps a probe one look into the primary key, whatever the planner believes of a new month.
_BORDER = text("""
    WITH RECURSIVE search (low, high) AS (
        SELECT CAST(:low AS bigint), CAST(:high AS bigint)
        UNION ALL
        SELECT CASE WHEN probe.booked_at < :instant THEN probe.seq ELSE search.low END,
               CASE WHEN probe.booked_at < :instant THEN search.high ELSE probe.seq - 1 END
        FROM search CROSS JOIN LATERAL (
            SELECT e.seq, j.booked_at
            FROM entry AS e CROSS JOIN LATERAL (
                SELECT booked_at FROM journal
                WHERE estate_id = e.estate_id AND journal_id = e.journal_id LIMIT 1
            ) AS j
            WHERE e.estate_id = :estate_id AND e.account_id = :account_id
                AND e.seq = search.low + (search.high - search.low + 1) / 2
            LIMIT 1
        ) AS probe
        WHERE search.low < search.high
    )
    SELECT low FROM search WHERE low = high
""")
_ENTRIES = text("""
    SELECT e.seq, e.kind, e.amount_micro, e.balance_after_micro, e.quantity_micro, e.event_at, e.journal_id,
           j.kind AS journal_kind, j.actor, j.memo, j.booked_at
    FROM (
        SELECT * FROM entry
        WHERE estate_id = :estate_id AND account_id = :account_id AND seq > :after_seq AND seq <= :last_seq
        ORDER BY seq LIMIT :limit
    ) AS e CROSS JOIN LATERAL (
        SELECT kind, actor, memo, booked_at FROM journal
        WHERE estate_id = e.estate_id AND journal_id = e.journal_id LIMIT 1
    ) AS j
    ORDER BY e.seq
""")


@dataclass(frozen=True, slots=True)
class Statement:
    """An account's balances (micro-money) at two instants and some of the entries between them.

    ``first_seq`` is the first entry of the span, ``last_seq`` its last; the span is empty where
    ``last_seq < first_seq``. ``entries`` are rows by ``seq``, each with its journal's kind,
    actor, memo and ``booked_at``. ``is_archived``: entries of the span were archived; it begins after them.
    """

    account: Account
    opening_micro: int
    closing_micro: int
    first_seq: int
    last_seq: int
    is_archived: bool
    entries: Sequence[Any]


async def account(session: AsyncSession, *, estate_id: int, account_id: int) -> Account:
    """Return one account.

    :raises NotFound: if the estate has no such account
    """
    found = await session.scalar(
        select(Account)
        .where(Account.estate_id == estate_id, Account.account_id == account_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(f"account {account_id} does not exist in estate {estate_id}")
    return found


async def statement(
    session: AsyncSession,
    *,
    estate_id: int,
    account_id: int,
    since: datetime,
    until: datetime,
    after_seq: int = 0,
    limit: int = 100,
) -> Statement:
    """Return the statement of what was booked at ``since`` or later and before ``until``.

    ``limit`` entries at most, after ``after_seq``; the balances are those of the whole span.

    :raises NotFound: if the estate has no such account
    """
    head = await account(session, estate_id=estate_id, account_id=account_id)
    kept = await _first_kept(session, estate_id=estate_id, account_id=account_id)
    low = head.head_seq if kept is None else kept - 1
    before = await _border(session, head, low=low, instant=since)
    last = max(before, await _border(session, head, low=low, instant=until))
    rows = await session.execute(
        _ENTRIES,
        {
            "estate_id": estate_id,
            "account_id": account_id,
            "after_seq": max(before, after_seq),
            "last_seq": last,
            "limit": limit,
        },
    )
    return Statement(
        account=head,
        opening_micro=await _balance_after(session, head, seq=before),
        closing_micro=await _balance_after(session, head, seq=last),
        first_seq=before + 1,
        last_seq=last,
        is_archived=before == low and low > 0,
        entries=rows.all(),
    )


async def seqs_until(
    session: AsyncSession,
    *,
    estate_id: int,
    account_ids: Sequence[int],
    until: datetime,
    borders: Collection[EntryKind] = (),
) -> dict[int, int]:
    """Return the last entry of accounts that was booked at an instant or before it, 0 of those without one.

    Or their last entry of the kinds ``borders`` that nobody reversed, where that came later.

    :raises NotFound: if the estate has no such account
    """
    found = {}
    for account_id in account_ids:
        head = await account(session, estate_id=estate_id, account_id=account_id)
        kept = await _first_kept(session, estate_id=estate_id, account_id=account_id)
        low = head.head_seq if kept is None else kept - 1
        found[account_id] = await _border(session, head, low=low, instant=until + timedelta(microseconds=1))
    if borders:
        is_reversed = and_(
            Reversal.estate_id == Entry.estate_id,
            Reversal.account_id == Entry.account_id,
            Reversal.seq == Entry.seq,
        )
        newest = (
            select(Entry.account_id, func.max(Entry.seq))
            .outerjoin(Reversal, is_reversed)
            .where(
                Entry.estate_id == estate_id,
                Entry.account_id.in_(list(account_ids)),
                Entry.kind.in_([int(kind) for kind in borders]),
                Reversal.seq.is_(None),
            )
            .group_by(Entry.account_id)
        )
        for account_id, seq in await session.execute(newest):
            found[account_id] = max(found[account_id], seq)
    return found


async def _first_kept(session: AsyncSession, *, estate_id: int, account_id: int) -> int | None:
    """Return the first entry of a chain that is not archived, or None if there is none."""
    found = select(Entry.seq).where(Entry.estate_id == estate_id, Entry.account_id == account_id)
    return await session.scalar(found.order_by(Entry.seq).limit(1))


async def _border(session: AsyncSession, head: Account, *, low: int, instant: datetime) -> int:
    """Return the last entry booked before ``instant``, or ``low`` if none after ``low`` was."""
    found = await session.scalar(
        _BORDER,
        {
            "estate_id": head.estate_id,
            "account_id": head.account_id,
            "low": low,
            "high": head.head_seq,
            "instant": instant,
        },
    )
    assert found is not None, f"the chain of account {head.account_id} has a gap"
    return int(found)


async def _balance_after(session: AsyncSession, head: Account, *, seq: int) -> int:
    """Return the balance after entry ``seq``, which itself may be archived."""
    if seq == head.head_seq:
        return head.posted_micro
    following = select(Entry.balance_after_micro - Entry.amount_micro).where(
        Entry.estate_id == head.estate_id, Entry.account_id == head.account_id, Entry.seq == seq + 1
    )
    return int(await session.scalar(following.limit(1)) or 0)
