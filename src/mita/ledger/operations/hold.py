"""Holds: money is authorised, and later taken in whole or in part, released, or left to expire."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.errors import Conflict, Invalid, KeyReused
from mita.kit.events import publish
from mita.kit.ids import new_id
from mita.ledger import queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.events import AvailableChanged
from mita.ledger.models import Account, Hold, HoldResolution
from mita.ledger.operations.book import Line, Movement, NotEnough, body_hash, book

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


class HoldResolved(Conflict):
    """The hold was taken, released, or has expired; it cannot be resolved again."""

    code = "hold_resolved"
    title = "The hold is resolved"


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What a hold asks for: positive micro-money of one account, until an instant."""

    account_id: int
    amount_micro: int
    purpose: str
    expires_at: datetime


async def place_hold(
    session: AsyncSession, *, estate_id: int, asked: Authorisation, key: str, actor: str, now: datetime
) -> tuple[UUID, bool]:
    """Authorise money once per ``key``; return the hold's id and whether it is a repeat.

    :raises Invalid: if the amount is not positive or the hold would be over already
    :raises NotEnough: if the account has less available above its floor
    :raises KeyReused: if the key was used for another hold
    :raises NotFound: if the account does not exist
    """
    if asked.amount_micro <= 0:
        raise Invalid("amount must be above zero", problems=[{"path": "amount"}])
    if asked.expires_at <= now:
        raise Invalid("expires_at must lie in the future", problems=[{"path": "expires_at"}])
    contents = body_hash([asked.account_id, asked.amount_micro, asked.purpose, asked.expires_at.isoformat()])
    account = await _locked(session, estate_id=estate_id, account_id=asked.account_id)
    row = {
        "estate_id": estate_id,
        "hold_id": new_id(),
        "account_id": account.account_id,
        "amount_micro": asked.amount_micro,
        "purpose": asked.purpose,
        "actor": actor,
        "key": key,
        "body_hash": contents,
        "placed_at": now,
        "expires_at": asked.expires_at,
    }
    statement = pg_insert(Hold).values(row).on_conflict_do_nothing(index_elements=["estate_id", "key"])
    hold_id = await session.scalar(statement.returning(Hold.hold_id))
    if hold_id is None:
        known = await queries.hold_of_key(session, estate_id=estate_id, key=key)
        assert known is not None, "a conflicting hold is there, and holds are never deleted"
        if bytes(known.body_hash) != contents:
            raise KeyReused(f"key {key!r} was used for a hold with other contents")
        return known.hold_id, True
    available = account.posted_micro - account.held_micro
    if account.floor_micro is not None and available - asked.amount_micro < account.floor_micro:
        lacking = account.floor_micro - available + asked.amount_micro
        raise NotEnough(f"account {account.account_id} would lack {lacking}")
    await _change_held(session, account=account, by_micro=asked.amount_micro, now=now)
    return hold_id, False


async def _locked(session: AsyncSession, *, estate_id: int, account_id: int) -> Account:
    return (await queries.lock_accounts(session, estate_id=estate_id, account_ids=[account_id]))[account_id]


async def _change_held(session: AsyncSession, *, account: Account, by_micro: int, now: datetime) -> None:
    await session.execute(
        update(Account)
        .where(Account.estate_id == account.estate_id, Account.account_id == account.account_id)
        .values(held_micro=Account.held_micro + by_micro)
    )
    await publish(session, AvailableChanged(account.estate_id, account.account_id, by_micro), now=now)


async def resolve_hold(
    session: AsyncSession,
    *,
    estate_id: int,
    hold_id: UUID,
    taken_micro: int,
    to_account_id: int | None,
    actor: str,
    now: datetime,
) -> UUID | None:
    """Take a hold in whole or in part, the rest is released; take zero to release all. At most once.

    Returns the journal of what was taken, if anything was; it goes to ``to_account_id``.

    :raises NotFound: if the estate has no such hold
    :raises HoldResolved: if it was resolved before, or has expired
    :raises Invalid: if more is taken than was held, or it has nowhere to go
    """
    hold = await queries.hold(session, estate_id=estate_id, hold_id=hold_id)
    if not 0 <= taken_micro <= hold.amount_micro:
        raise Invalid(f"at most {hold.amount_micro} micro is held", problems=[{"path": "amount"}])
    if hold.expires_at <= now:
        raise HoldResolved(f"hold {hold_id} expired at {hold.expires_at.isoformat()}")
    return await _resolve(
        session, hold=hold, taken_micro=taken_micro, to_account_id=to_account_id, actor=actor, now=now
    )


async def _resolve(
    session: AsyncSession,
    *,
    hold: Hold,
    taken_micro: int,
    to_account_id: int | None,
    actor: str,
    now: datetime,
    outcome: str = "",
) -> UUID | None:
    """Write the resolution; the accounts are locked first, so two attempts stand in line."""
    wanted = [hold.account_id] if to_account_id is None else [hold.account_id, to_account_id]
    accounts = await queries.lock_accounts(session, estate_id=hold.estate_id, account_ids=wanted)
    account = accounts[hold.account_id]
    if await queries.hold_resolution(session, estate_id=hold.estate_id, hold_id=hold.hold_id) is not None:
        raise HoldResolved(f"hold {hold.hold_id} is resolved")
    await _change_held(session, account=account, by_micro=-hold.amount_micro, now=now)
    journal_id = None
    if taken_micro:
        if to_account_id is None or to_account_id == hold.account_id:
            raise Invalid("what is taken needs an account to go to", problems=[{"path": "to_account_id"}])
        taken = Movement(
            kind=JournalKind.PURCHASE,
            lines=[
                Line(hold.account_id, -taken_micro, EntryKind.PURCHASE),
                Line(to_account_id, taken_micro, EntryKind.PURCHASE),
            ],
            actor=actor,
            memo=hold.purpose,
        )
        journal_id = (await book(session, estate_id=hold.estate_id, movement=taken, now=now)).journal_id
    row = {
        "estate_id": hold.estate_id,
        "hold_id": hold.hold_id,
        "outcome": outcome or ("taken" if taken_micro else "released"),
        "taken_micro": taken_micro,
        "journal_id": journal_id,
        "actor": actor,
        "resolved_at": now,
    }
    await session.execute(insert(HoldResolution), [row])
    return journal_id


async def expire_holds(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Release the holds whose time is over; return how many."""
    overdue = await queries.overdue_holds(session, estate_id=estate_id, now=now)
    expired = 0
    # by account: two runs lock in the same order
    for hold in sorted(overdue, key=lambda each: (each.account_id, each.hold_id)):
        # somebody may have resolved it since it was read; it changes nothing then
        with suppress(HoldResolved):
            await _resolve(
                session,
                hold=hold,
                taken_micro=0,
                to_account_id=None,
                actor="system:ledger",
                now=now,
                outcome="expired",
            )
            expired += 1
    return expired
