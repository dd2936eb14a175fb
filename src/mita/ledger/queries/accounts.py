"""Reads of accounts and their entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select, text

from mita.kit.clock import to_us
from mita.kit.errors import NotFound
from mita.ledger.domain import Heads, period_days
from mita.ledger.models import Account, Entry, Journal, Request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession


async def hold_books(session: AsyncSession, *, estate_id: int) -> None:
    """Keep months from closing until the transaction ends.

    Always before the first account is held: who waits for the books while holding an account, behind a close
    that waits for somebody who wants that account, would stop all three until the database notices.
    """
    await session.execute(text("SELECT ledger_books_lock(:estate_id, false)"), {"estate_id": estate_id})


async def heads(
    session: AsyncSession, *, estate_id: int, account_ids: Sequence[int], lock: bool = False
) -> Heads:
    """Return balances and chain heads, sorted by account id; ``lock`` holds the rows, in that order.

    :raises NotFound: if one of the accounts does not exist
    """
    wanted = sorted(set(account_ids))
    statement = (
        select(
            Account.account_id,
            Account.posted_micro,
            Account.head_seq,
            Account.head_booked_at,
            Account.head_period,
            Account.accrued_micro,
            Account.head_hash,
        )
        .where(Account.estate_id == estate_id, Account.account_id.in_(wanted))
        .order_by(Account.account_id)
    )
    if lock:
        await hold_books(session, estate_id=estate_id)
        statement = statement.with_for_update(key_share=True)
    rows = (await session.execute(statement)).all()
    if len(rows) != len(wanted):
        missing = set(wanted) - {row.account_id for row in rows}
        raise NotFound(f"account {min(missing)} does not exist in estate {estate_id}")
    return Heads(
        account_id=np.array([row.account_id for row in rows], dtype=np.int64),
        balance_micro=np.array([row.posted_micro for row in rows], dtype=np.int64),
        seq=np.array([row.head_seq for row in rows], dtype=np.int64),
        booked_us=np.array([to_us(row.head_booked_at) for row in rows], dtype=np.int64),
        period_day=np.array([period_days(row.head_period) for row in rows], dtype=np.int64),
        accrued_micro=np.array([row.accrued_micro for row in rows], dtype=np.int64),
        hash=[bytes(row.head_hash) for row in rows],
    )


async def balances(session: AsyncSession, *, estate_id: int, account_ids: Sequence[int]) -> dict[int, int]:
    """Return each account's live balance in micro-money: posted, less what was used and not yet posted."""
    live = (Account.posted_micro - Account.accrued_micro).label("live")
    statement = select(Account.account_id, live).where(
        Account.estate_id == estate_id, Account.account_id.in_(list(account_ids))
    )
    return {row.account_id: row.live for row in await session.execute(statement)}


def live_balance_sql(*, estate: str, account: str) -> str:
    """Return the SQL of an account's live balance, by two expressions; null where the account is not seen."""
    live = f"live.estate_id = {estate} AND live.account_id = {account}"
    return f"(SELECT posted_micro - accrued_micro FROM account live WHERE {live})"  # noqa: S608 - of our own words


@dataclass(frozen=True, slots=True)
class BalanceSum:
    """What the accounts whose codes begin with one word hold together; ``open_accounts`` are not at zero."""

    first_word: str
    balance_micro: int
    open_accounts: int


async def balance_sums(
    session: AsyncSession, *, estate_id: int, first_words: Sequence[str]
) -> list[BalanceSum]:
    """Return the live balances of an estate's accounts added up by the first word of their codes."""
    word = func.split_part(Account.code, ":", 1)
    live = Account.posted_micro - Account.accrued_micro
    is_open = (live != 0) | (Account.held_micro != 0)
    statement = (
        select(word, func.coalesce(func.sum(live), 0), func.count().filter(is_open))
        .where(Account.estate_id == estate_id, word.in_(list(first_words)))
        .group_by(word)
        .order_by(word)
    )
    return [BalanceSum(row[0], int(row[1]), row[2]) for row in await session.execute(statement)]


async def wallet_sums(session: AsyncSession, *, estate_ids: Sequence[int]) -> dict[int, int]:
    """Return the live balances of all wallets together, in micro-money by estate id."""
    live = Account.posted_micro - Account.accrued_micro
    statement = (
        select(Account.estate_id, func.sum(live))
        .where(Account.estate_id.in_(list(estate_ids)), func.split_part(Account.code, ":", 1) == "wallet")
        .group_by(Account.estate_id)
    )
    rows = await session.execute(statement)
    return dict.fromkeys(estate_ids, 0) | {row[0]: int(row[1]) for row in rows}


async def accrued(session: AsyncSession, *, estate_id: int) -> dict[int, int]:
    """Return what was used and not yet posted, in micro-money, of the accounts where that is not nothing."""
    statement = select(Account.account_id, Account.accrued_micro).where(
        Account.estate_id == estate_id, Account.accrued_micro != 0
    )
    return {row.account_id: row.accrued_micro for row in await session.execute(statement)}


async def entries(
    session: AsyncSession, *, estate_id: int, account_id: int, before_seq: int | None = None, limit: int = 100
) -> Sequence[Row[Entry, int, str, str, datetime]]:
    """Return an account's entries, newest first, each with its journal's kind, memo, actor, ``booked_at``."""
    statement = (
        select(Entry, Journal.kind, Journal.memo, Journal.actor, Journal.booked_at)
        .join(Journal, (Journal.estate_id == Entry.estate_id) & (Journal.journal_id == Entry.journal_id))
        .where(Entry.estate_id == estate_id, Entry.account_id == account_id)
        .order_by(Entry.seq.desc())
        .limit(limit)
    )
    if before_seq is not None:
        statement = statement.where(Entry.seq < before_seq)
    return (await session.execute(statement)).all()


async def request(
    session: AsyncSession, *, estate_id: int, scope: str, key: str
) -> tuple[bytes, UUID] | None:
    """Return the body hash and journal of a request that was carried out before, if it was."""
    found = await session.get(Request, (estate_id, scope, key))
    return None if found is None else (bytes(found.body_hash), found.journal_id)
