"""A balance is adjusted by hand: within the estate's limit at once, above it when a second person agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003 - a field of a result

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.estates import queries as estate_queries
from mita.identity import queries as identity_queries
from mita.kit.errors import Conflict, Invalid, KeyReused
from mita.kit.ids import new_id
from mita.ledger import queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.models import Adjustment, AdjustmentDecision, LedgerRule
from mita.ledger.operations.accounts import open_accounts
from mita.ledger.operations.book import Line, Movement, body_hash, book

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

ADJUSTMENTS_CODE = "adjustments"


class AdjustmentDecided(Conflict):
    """The adjustment was approved or refused before."""

    code = "adjustment_decided"
    title = "The adjustment is decided"


class SecondPersonNeeded(Conflict):
    """Above the estate's limit nobody approves what they asked for themselves."""

    code = "second_person_needed"
    title = "A second person has to approve it"


@dataclass(frozen=True, slots=True)
class Asked:
    """An adjustment that was asked for; with ``journal_id`` it is booked."""

    adjustment_id: UUID
    journal_id: UUID | None
    is_repeat: bool


async def set_ledger_rule(
    session: AsyncSession,
    *,
    estate_id: int,
    adjustment_limit_micro: int,
    clearing_due_hours: int,
    now: datetime,
) -> None:
    """Set how much one person may adjust alone, and how long money may stand on a clearing account."""
    values = {
        "adjustment_limit_micro": adjustment_limit_micro,
        "clearing_due_hours": clearing_due_hours,
        "updated_at": now,
    }
    statement = pg_insert(LedgerRule).values(estate_id=estate_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["estate_id"], set_=values))


async def ask_adjustment(
    session: AsyncSession,
    *,
    estate_id: int,
    account_id: int,
    amount_micro: int,
    reason: str,
    key: str,
    actor: str,
    now: datetime,
) -> Asked:
    """Ask for an adjustment once per ``key``; within the estate's limit it is booked at once.

    :raises Invalid: if the amount is zero or there is no reason
    :raises KeyReused: if the key was used for another adjustment
    :raises NotFound: if the account does not exist
    """
    if amount_micro == 0:
        raise Invalid("amount must not be zero", problems=[{"path": "amount"}])
    if not reason.strip():
        raise Invalid("an adjustment needs a reason", problems=[{"path": "reason"}])
    await _lock(session, estate_id=estate_id, account_id=account_id)
    rule = await queries.ledger_rule(session, estate_id=estate_id)
    contents = body_hash([account_id, amount_micro, reason])
    row = {
        "estate_id": estate_id,
        "adjustment_id": new_id(),
        "account_id": account_id,
        "amount_micro": amount_micro,
        "reason": reason,
        "limit_micro": rule.adjustment_limit_micro,
        "asked_by": actor,
        "asked_at": now,
        "key": key,
        "body_hash": contents,
    }
    statement = pg_insert(Adjustment).values(row).on_conflict_do_nothing(index_elements=["estate_id", "key"])
    asked = await session.scalar(statement.returning(Adjustment))
    if asked is None:
        return await _repeat(session, estate_id=estate_id, key=key, contents=contents)
    if abs(amount_micro) > rule.adjustment_limit_micro:
        return Asked(asked.adjustment_id, None, is_repeat=False)
    journal_id = await _approve(session, asked=asked, actor=actor, now=now)
    return Asked(asked.adjustment_id, journal_id, is_repeat=False)


async def _lock(session: AsyncSession, *, estate_id: int, account_id: int) -> None:
    """Hold both sides in key order, so that two decisions stand in line and nobody waits in a ring."""
    other = await _other_side(session, estate_id=estate_id)
    await queries.lock_accounts(session, estate_id=estate_id, account_ids=[account_id, other])


async def _other_side(session: AsyncSession, *, estate_id: int) -> int:
    estate = await estate_queries.estate(session, estate_id=estate_id)
    accounts = await open_accounts(
        session, estate_id=estate_id, codes=[ADJUSTMENTS_CODE], currency=estate.currency
    )
    return accounts[ADJUSTMENTS_CODE]


async def _repeat(session: AsyncSession, *, estate_id: int, key: str, contents: bytes) -> Asked:
    known = await queries.adjustment_of_key(session, estate_id=estate_id, key=key)
    assert known is not None, "a conflicting adjustment is there, and none is ever deleted"
    if bytes(known.body_hash) != contents:
        raise KeyReused(f"key {key!r} was used for an adjustment with other contents")
    decision = await queries.adjustment_decision(
        session, estate_id=estate_id, adjustment_id=known.adjustment_id
    )
    return Asked(known.adjustment_id, None if decision is None else decision.journal_id, is_repeat=True)


async def decide_adjustment(
    session: AsyncSession,
    *,
    estate_id: int,
    adjustment_id: UUID,
    is_approved: bool,
    actor: str,
    now: datetime,
) -> UUID | None:
    """Approve or refuse an adjustment, once; return its journal if it was approved.

    :raises NotFound: if the estate has no such adjustment
    :raises AdjustmentDecided: if it was decided before
    :raises SecondPersonNeeded: if who asked for it approves it, above the limit
    """
    asked = await queries.adjustment(session, estate_id=estate_id, adjustment_id=adjustment_id)
    await _lock(session, estate_id=estate_id, account_id=asked.account_id)
    if (
        await queries.adjustment_decision(session, estate_id=estate_id, adjustment_id=adjustment_id)
        is not None
    ):
        raise AdjustmentDecided(f"adjustment {adjustment_id} is decided")
    if is_approved:
        if abs(asked.amount_micro) > asked.limit_micro:
            await _check_second(session, asked_by=asked.asked_by, actor=actor)
        return await _approve(session, asked=asked, actor=actor, now=now)
    await _decide(session, asked=asked, journal_id=None, actor=actor, now=now)
    return None


async def _check_second(session: AsyncSession, *, asked_by: str, actor: str) -> None:
    """Return if nobody who is behind an adjustment is behind its approval.

    A key is its maker's hand, and support is behind whomever it looks through.

    :raises SecondPersonNeeded: if somebody is
    """
    asking = await identity_queries.who_is_behind(session, actor=asked_by)
    if both := asking & await identity_queries.who_is_behind(session, actor=actor):
        raise SecondPersonNeeded(f"{min(both)} is behind this adjustment above the limit")


async def _approve(session: AsyncSession, *, asked: Adjustment, actor: str, now: datetime) -> UUID:
    other = await _other_side(session, estate_id=asked.estate_id)
    movement = Movement(
        kind=JournalKind.ADJUSTMENT,
        lines=[
            Line(asked.account_id, asked.amount_micro, EntryKind.ADJUSTMENT),
            Line(other, -asked.amount_micro, EntryKind.ADJUSTMENT),
        ],
        actor=actor,
        memo=asked.reason,
    )
    booked = await book(session, estate_id=asked.estate_id, movement=movement, now=now)
    await _decide(session, asked=asked, journal_id=booked.journal_id, actor=actor, now=now)
    return booked.journal_id


async def _decide(
    session: AsyncSession, *, asked: Adjustment, journal_id: UUID | None, actor: str, now: datetime
) -> None:
    row = {
        "estate_id": asked.estate_id,
        "adjustment_id": asked.adjustment_id,
        "is_approved": journal_id is not None,
        "journal_id": journal_id,
        "decided_by": actor,
        "decided_at": now,
    }
    await session.execute(insert(AdjustmentDecision), [row])
