"""Reads of periods, holds, reversals, adjustments, and of accounts that are about to move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, tuple_

from mita.kit.errors import NotFound
from mita.kit.zones import next_month
from mita.ledger.domain import EntryKind, LedgerLimits, SourceKind
from mita.ledger.models import (
    Account,
    Adjustment,
    AdjustmentDecision,
    Entry,
    Hold,
    HoldResolution,
    LedgerRule,
    Period,
    Reversal,
)
from mita.ledger.queries.accounts import hold_books

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def lock_accounts(
    session: AsyncSession, *, estate_id: int, account_ids: Sequence[int]
) -> dict[int, Account]:
    """Hold accounts until the transaction ends, in key order; return them by id.

    :raises NotFound: if one of them does not exist
    """
    wanted = sorted(set(account_ids))
    await hold_books(session, estate_id=estate_id)
    statement = (
        select(Account)
        .where(Account.estate_id == estate_id, Account.account_id.in_(wanted))
        .order_by(Account.account_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {account.account_id: account for account in await session.scalars(statement)}
    missing = set(wanted) - set(found)
    if missing:
        raise NotFound(f"account {min(missing)} does not exist in estate {estate_id}")
    return found


async def account_codes(session: AsyncSession, *, estate_id: int, codes: Sequence[str]) -> dict[str, Account]:
    """Return those accounts of an estate that exist, by code."""
    statement = (
        select(Account)
        .where(Account.estate_id == estate_id, Account.code.in_(list(codes)))
        .execution_options(populate_existing=True)
    )
    return {account.code: account for account in await session.scalars(statement)}


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry as it stands in the books; amounts in millionths."""

    estate_id: int
    account_id: int
    seq: int
    amount_micro: int
    quantity_micro: int
    event_at: datetime
    journal_id: UUID
    period: date
    line: int
    kind: EntryKind
    source_kind: SourceKind
    source_id: int


def stored_entry(row: Entry) -> StoredEntry:
    """Return an entry as it stands in the books."""
    return StoredEntry(
        estate_id=row.estate_id,
        account_id=row.account_id,
        seq=row.seq,
        amount_micro=row.amount_micro,
        quantity_micro=row.quantity_micro,
        event_at=row.event_at,
        journal_id=row.journal_id,
        period=row.period,
        line=row.line,
        kind=EntryKind(row.kind),
        source_kind=SourceKind(row.source_kind),
        source_id=row.source_id,
    )


async def entry(session: AsyncSession, *, estate_id: int, account_id: int, seq: int) -> StoredEntry:
    """Return one entry.

    :raises NotFound: if the account has no such entry
    """
    found = await session.scalar(
        select(Entry).where(Entry.estate_id == estate_id, Entry.account_id == account_id, Entry.seq == seq)
    )
    if found is None:
        raise NotFound(f"account {account_id} of estate {estate_id} has no entry {seq}")
    return stored_entry(found)


async def lines_beside(
    session: AsyncSession, *, entry: StoredEntry, codes: Sequence[str]
) -> list[tuple[str, int]]:
    """Return (code, micro-money) of an entry's journal on the same side, of those of ``codes`` with any.

    It reads the estate's rows of that month, about a tenth of a second for a million of them.
    """
    statement = (
        select(Account.code, func.sum(Entry.amount_micro))
        .join(Entry, (Entry.estate_id == Account.estate_id) & (Entry.account_id == Account.account_id))
        .where(
            Entry.estate_id == entry.estate_id,
            Entry.period == entry.period,
            Entry.journal_id == entry.journal_id,
            Entry.amount_micro > 0 if entry.amount_micro > 0 else Entry.amount_micro < 0,
            Account.code.in_(list(codes)),
            Account.account_id != entry.account_id,
        )
        .group_by(Account.code)
        .order_by(Account.code)
    )
    return [(row[0], int(row[1])) for row in await session.execute(statement)]


async def other_side(session: AsyncSession, *, entry: StoredEntry) -> tuple[StoredEntry | None, bool]:
    """Return the one entry that balances ``entry`` and maybe others, and whether it balances this one alone.

    None if several do. Entries have no index by journal: the month's partition is read once, which a
    person's order may cost.
    """
    statement = select(Entry).where(
        Entry.estate_id == entry.estate_id,
        Entry.period == entry.period,
        Entry.journal_id == entry.journal_id,
    )
    opposite = statement.where(Entry.amount_micro < 0 if entry.amount_micro > 0 else Entry.amount_micro > 0)
    found = (await session.scalars(opposite.limit(2))).all()
    if len(found) != 1:
        return None, False
    return stored_entry(found[0]), found[0].amount_micro == -entry.amount_micro


async def reversal(session: AsyncSession, *, estate_id: int, account_id: int, seq: int) -> Reversal | None:
    """Return an entry's reversal, if it was reversed."""
    return await session.get(Reversal, (estate_id, account_id, seq))


async def hold(session: AsyncSession, *, estate_id: int, hold_id: UUID) -> Hold:
    """Return one hold.

    :raises NotFound: if the estate has no such hold
    """
    found = await session.get(Hold, (estate_id, hold_id))
    if found is None:
        raise NotFound(f"hold {hold_id} does not exist in estate {estate_id}")
    return found


async def hold_of_key(session: AsyncSession, *, estate_id: int, key: str) -> Hold | None:
    """Return the hold that an idempotency key placed."""
    return await session.scalar(select(Hold).where(Hold.estate_id == estate_id, Hold.key == key))


async def hold_resolution(session: AsyncSession, *, estate_id: int, hold_id: UUID) -> HoldResolution | None:
    """Return how a hold ended, if it has."""
    return await session.get(HoldResolution, (estate_id, hold_id), populate_existing=True)


async def open_holds(
    session: AsyncSession, *, estate_id: int, account_id: int, after_id: UUID | None = None, limit: int
) -> Sequence[Hold]:
    """Return an account's holds that nobody has resolved, oldest first, from after one on."""
    statement = _unresolved(estate_id).where(Hold.account_id == account_id)
    place = (Hold.placed_at, Hold.hold_id)
    if after_id is not None:
        last = select(*place).where(Hold.estate_id == estate_id, Hold.hold_id == after_id)
        statement = statement.where(tuple_(*place) > last.scalar_subquery())
    return (await session.scalars(statement.order_by(*place).limit(limit))).all()


async def overdue_holds(session: AsyncSession, *, estate_id: int, now: datetime) -> Sequence[Hold]:
    """Return the holds whose time is over and that nobody has resolved."""
    return (await session.scalars(_unresolved(estate_id).where(Hold.expires_at <= now))).all()


def _unresolved(estate_id: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - SQLAlchemy's Select of Hold
    resolved = select(HoldResolution.hold_id).where(
        HoldResolution.estate_id == Hold.estate_id, HoldResolution.hold_id == Hold.hold_id
    )
    return select(Hold).where(Hold.estate_id == estate_id, ~resolved.exists())


async def ledger_rule(session: AsyncSession, *, estate_id: int) -> LedgerLimits:
    """Return an estate's rules for its books; without any, nobody adjusts alone."""
    found = await session.get(LedgerRule, estate_id, populate_existing=True)
    if found is None:
        return LedgerLimits()
    return LedgerLimits(found.adjustment_limit_micro, found.clearing_due_hours)


async def adjustment(session: AsyncSession, *, estate_id: int, adjustment_id: UUID) -> Adjustment:
    """Return one adjustment.

    :raises NotFound: if the estate has no such adjustment
    """
    found = await session.get(Adjustment, (estate_id, adjustment_id))
    if found is None:
        raise NotFound(f"adjustment {adjustment_id} does not exist in estate {estate_id}")
    return found


async def adjustment_of_key(session: AsyncSession, *, estate_id: int, key: str) -> Adjustment | None:
    """Return the adjustment that an idempotency key asked for."""
    return await session.scalar(
        select(Adjustment).where(Adjustment.estate_id == estate_id, Adjustment.key == key)
    )


async def adjustment_decision(
    session: AsyncSession, *, estate_id: int, adjustment_id: UUID
) -> AdjustmentDecision | None:
    """Return what was decided of an adjustment, if anything was."""
    return await session.get(AdjustmentDecision, (estate_id, adjustment_id), populate_existing=True)


async def adjustments_waiting(
    session: AsyncSession, *, estate_id: int, after_id: UUID | None = None, limit: int
) -> Sequence[Adjustment]:
    """Return adjustments that nobody has decided, oldest first, from after one on."""
    decided = select(AdjustmentDecision.adjustment_id).where(
        AdjustmentDecision.estate_id == Adjustment.estate_id,
        AdjustmentDecision.adjustment_id == Adjustment.adjustment_id,
    )
    statement = select(Adjustment).where(Adjustment.estate_id == estate_id, ~decided.exists())
    place = (Adjustment.asked_at, Adjustment.adjustment_id)
    if after_id is not None:
        last = select(*place).where(Adjustment.estate_id == estate_id, Adjustment.adjustment_id == after_id)
        statement = statement.where(tuple_(*place) > last.scalar_subquery())
    return (await session.scalars(statement.order_by(*place).limit(limit))).all()


async def closed_through(session: AsyncSession, *, estate_id: int) -> date | None:
    """Return the newest month that is closing or locked; every month before it is closed too."""
    return await session.scalar(select(func.max(Period.period)).where(Period.estate_id == estate_id))


async def first_open_period(session: AsyncSession, *, estate_id: int) -> date | None:
    """Return the first month after the closed ones, None if none was closed."""
    closed = await closed_through(session, estate_id=estate_id)
    return None if closed is None else next_month(closed)


async def period(session: AsyncSession, *, estate_id: int, period: date, lock: bool = False) -> Period:
    """Return a month that is closing or locked; ``lock`` holds its row.

    :raises NotFound: if that month was never closed
    """
    found = await session.get(
        Period,
        (estate_id, period),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise NotFound(f"{period:%Y-%m} was not closed in estate {estate_id}")
    return found


async def closing_months(session: AsyncSession, *, estate_id: int) -> Sequence[date]:
    """Return the months that take no entries any more and are not locked yet, oldest first."""
    statement = select(Period.period).where(Period.estate_id == estate_id, Period.locked_at.is_(None))
    return (await session.scalars(statement.order_by(Period.period))).all()


async def periods(session: AsyncSession, *, estate_id: int) -> Sequence[Period]:
    """Return the months that are closing or locked, newest first."""
    statement = select(Period).where(Period.estate_id == estate_id).order_by(Period.period.desc())
    return (await session.scalars(statement)).all()
