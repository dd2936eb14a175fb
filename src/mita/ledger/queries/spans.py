"""Entries of one account, by their places in its chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.ledger.models import Entry
from mita.ledger.queries.moves import stored_entry

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.queries.moves import StoredEntry


async def entries_between(
    session: AsyncSession, *, estate_id: int, account_id: int, first_seq: int, last_seq: int, limit: int
) -> list[StoredEntry]:
    """Return an account's entries from one to another, both inside, oldest first; ``limit`` at most."""
    statement = (
        select(Entry)
        .where(
            Entry.estate_id == estate_id,
            Entry.account_id == account_id,
            Entry.seq >= first_seq,
            Entry.seq <= last_seq,
        )
        .order_by(Entry.seq)
        .limit(limit)
    )
    return [stored_entry(row) for row in await session.scalars(statement)]


async def entries_of_seqs(
    session: AsyncSession, *, estate_id: int, account_id: int, seqs: Collection[int]
) -> list[StoredEntry]:
    """Return an account's entries of some places, oldest first; what is not there is left out."""
    statement = select(Entry).where(
        Entry.estate_id == estate_id, Entry.account_id == account_id, Entry.seq.in_(list(seqs))
    )
    return [stored_entry(row) for row in await session.scalars(statement.order_by(Entry.seq))]
