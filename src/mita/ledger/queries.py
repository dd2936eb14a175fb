"""Reads of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from mita.kit.errors import NotFound
from mita.ledger.domain import Heads
from mita.ledger.models import Account, Entry, Journal, Request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession


async def heads(session: AsyncSession, *, estate_id: int, account_ids: Sequence[int], lock: bool = False) -> Heads:
    """Return balances and chain heads, sorted by account id; ``lock`` holds the rows, in that order.

    :raises NotFound: if one of the accounts does not exist
    """
    wanted = sorted(set(account_ids))
    statement = (
        select(Account.account_id, Account.posted_micro, Account.head_seq, Account.head_hash)
        .where(Account.estate_id == estate_id, Account.account_id.in_(wanted))
        .order_by(Account.account_id)
    )
    if lock:
        statement = statement.with_for_update(key_share=True)
    rows = (await session.execute(statement)).all()
    if len(rows) != len(wanted):
        missing = set(wanted) - {row.account_id for row in rows}
        raise NotFound(f"account {min(missing)} does not exist in estate {estate_id}")
    return Heads(
        account_id=np.array([row.account_id for row in rows], dtype=np.int64),
        balance_micro=np.array([row.posted_micro for row in rows], dtype=np.int64),
        seq=np.array([row.head_seq for row in rows], dtype=np.int64),
        hash=[bytes(row.head_hash) for row in rows],
    )


async def balances(session: AsyncSession, *, estate_id: int, account_ids: Sequence[int]) -> dict[int, int]:
    """Return the posted balance of each account, in micro-money."""
    statement = select(Account.account_id, Account.posted_micro).where(
        Account.estate_id == estate_id, Account.account_id.in_(list(account_ids))
    )
    return {row.account_id: row.posted_micro for row in await session.execute(statement)}


async def balances_by_prefix(session: AsyncSession, *, estate_id: int, prefix: str) -> dict[str, int]:
    """Return the posted balance of the estate's accounts whose code starts with ``prefix``."""
    statement = select(Account.code, Account.posted_micro).where(
        Account.estate_id == estate_id, Account.code.startswith(prefix, autoescape=True)
    )
    return {row.code: row.posted_micro for row in await session.execute(statement)}


async def entry_count(session: AsyncSession, *, estate_id: int) -> int:
    """Return how many entries the estate's accounts have, from their heads."""
    statement = select(func.coalesce(func.sum(Account.head_seq), 0)).where(Account.estate_id == estate_id)
    return int(await session.scalar(statement) or 0)


async def account_id_by_code(session: AsyncSession, *, estate_id: int, code: str) -> int | None:
    """Return the id of the account called ``code``, if the estate has it."""
    return await session.scalar(select(Account.account_id).where(Account.estate_id == estate_id, Account.code == code))


async def entries(
    session: AsyncSession, *, estate_id: int, account_id: int, before_seq: int | None = None, limit: int = 100
) -> Sequence[Row[tuple[Entry, int, str, str, datetime]]]:
    """Return an account's entries, newest first, each with its journal's kind, memo, actor and ``booked_at``."""
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


async def request(session: AsyncSession, *, estate_id: int, scope: str, key: str) -> tuple[bytes, UUID] | None:
    """Return the body hash and journal of a request that was carried out before, if it was."""
    found = await session.get(Request, (estate_id, scope, key))
    return None if found is None else (bytes(found.body_hash), found.journal_id)
