"""Reads of checkpoints, and of the heads that the next one signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.orm import undefer

from mita.kit.errors import NotFound
from mita.ledger.models import Account, Checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.domain import CheckpointKind

# one value comes back: rows in Python would cost more than the whole tree
_LEAVES = text("""
    SELECT coalesce(string_agg(
        ledger_checkpoint_leaf(estate_id, account_id, head_seq, head_hash, posted_micro, held_micro),
        ''::bytea ORDER BY account_id), ''::bytea)
    FROM account WHERE estate_id = :estate_id
""")


_IS_SEEN = text("""
    SELECT CAST(:seq AS bigint)
        >= (seen_account_after())[array_position(seen_account_ids(), CAST(:account_id AS bigint))]
""")


async def checkpoint_leaves(session: AsyncSession, *, estate_id: int) -> bytes:
    """Return the leaf of every account of an estate, 72 bytes each, sorted by account id.

    The session should be a snapshot if anybody writes meanwhile.
    """
    return bytes(await session.scalar(_LEAVES, {"estate_id": estate_id}))


async def checkpoints(
    session: AsyncSession, *, estate_id: int, before: datetime | None = None, limit: int = 100
) -> Sequence[Checkpoint]:
    """Return an estate's checkpoints, newest first, ``limit`` at most taken before ``before``."""
    statement = select(Checkpoint).where(Checkpoint.estate_id == estate_id)
    if before is not None:
        statement = statement.where(Checkpoint.taken_at < before)
    return (await session.scalars(statement.order_by(Checkpoint.taken_at.desc()).limit(limit))).all()


async def checkpoint(session: AsyncSession, *, estate_id: int, checkpoint_id: UUID) -> Checkpoint:
    """Return one checkpoint with its leaves.

    :raises NotFound: if the estate has none of that id
    """
    found = await session.get(Checkpoint, (estate_id, checkpoint_id), options=[undefer(Checkpoint.leaves)])
    if found is None:
        raise NotFound(f"estate {estate_id} has no checkpoint {checkpoint_id}")
    return found


async def is_seen(session: AsyncSession, *, account_id: int, seq: int) -> bool:
    """Tell whether a person, as whom this transaction reads, sees an account as it stood after an entry."""
    return bool(await session.scalar(_IS_SEEN, {"account_id": account_id, "seq": seq}))


async def newest_checkpoint(session: AsyncSession, *, estate_id: int) -> Checkpoint | None:
    """Return an estate's newest checkpoint with its leaves, or None if it has none."""
    statement = select(Checkpoint).where(Checkpoint.estate_id == estate_id)
    statement = statement.options(undefer(Checkpoint.leaves)).order_by(Checkpoint.taken_at.desc())
    return (await session.scalars(statement.limit(1))).first()


async def wallet_accounts(
    session: AsyncSession, *, estate_ids: Sequence[int], wallet_id: int
) -> tuple[int, list[int]] | None:
    """Return the estate and the accounts of a wallet, or None if none of the estates has it.

    Found by the accounts' codes: what a wallet is, the ledger does not know.
    """
    prefixes = [f"{word}:{wallet_id}" for word in ("emergency", "debt")]
    statement = select(Account.estate_id, Account.account_id).where(
        Account.estate_id.in_(list(estate_ids)),
        Account.code.startswith(f"wallet:{wallet_id}:", autoescape=True) | Account.code.in_(prefixes),
    )
    rows = (await session.execute(statement.order_by(Account.account_id))).all()
    if not rows:
        return None
    return rows[0].estate_id, [row.account_id for row in rows if row.estate_id == rows[0].estate_id]


async def is_checkpoint_taken(
    session: AsyncSession, *, estate_id: int, kind: CheckpointKind, since: datetime
) -> bool:
    """Tell whether an estate has a checkpoint of ``kind`` taken at ``since`` or later."""
    statement = select(Checkpoint.checkpoint_id).where(
        Checkpoint.estate_id == estate_id, Checkpoint.kind == kind, Checkpoint.taken_at >= since
    )
    return await session.scalar(statement.limit(1)) is not None
