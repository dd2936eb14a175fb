"""Idempotent requests: carried out once, remembered with the hash of what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.errors import Conflict
from mita.ledger import queries
from mita.ledger.models import Request

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.domain import JournalDraft


class KeyReused(Conflict):
    """The idempotency key was used before, for another request."""

    code = "idempotency_key_reused"
    title = "The idempotency key belongs to another request"


async def remember_request(
    session: AsyncSession,
    *,
    estate_id: int,
    scope: str,
    key: str,
    body_hash: bytes,
    journal: JournalDraft,
    now: datetime,
) -> bool:
    """Claim an idempotency key for ``journal``; return False if a request with it was carried out before.

    A concurrent claim of the same key waits for the other one's transaction.

    :raises KeyReused: if the key was claimed for another body
    """
    claimed = await session.scalar(
        pg_insert(Request)
        .values(
            estate_id=estate_id,
            scope=scope,
            key=key,
            body_hash=body_hash,
            journal_id=journal.journal_id,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Request.key)
    )
    if claimed is not None:
        return True
    found = await queries.request(session, estate_id=estate_id, scope=scope, key=key)
    assert found is not None, "a conflicting key is there, and requests are never deleted"
    if found[0] != body_hash:
        raise KeyReused(f"key {key!r} was used for a request with other contents")
    return False
