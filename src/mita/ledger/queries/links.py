"""The links of one chain with everything that their hashes are made of, for whoever checks them elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from mita.ledger.domain import genesis_hash
from mita.ledger.queries.archived import kept_openings
from mita.ledger.queries.statement import account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.models import Account

_LINKS = text("""
    SELECT e.seq, e.hash_v, e.period, e.journal_id, e.line, e.amount_micro, e.balance_after_micro, e.event_at,
        e.kind, e.source_kind, e.source_id, e.quantity_micro, e.hash,
        j.kind AS journal_kind, j.actor, j.currency, j.memo, j.booked_at, j.idempotency_key
    FROM (
        SELECT * FROM entry WHERE estate_id = :estate_id AND account_id = :account_id AND seq > :after_seq
        ORDER BY seq LIMIT :limit
    ) AS e CROSS JOIN LATERAL (
        SELECT kind, actor, currency, memo, booked_at, idempotency_key FROM journal
        WHERE estate_id = e.estate_id AND journal_id = e.journal_id LIMIT 1
    ) AS j
    ORDER BY e.seq
""")
_HASH = text(
    "SELECT hash FROM entry WHERE estate_id = :estate_id AND account_id = :account_id AND seq = :seq LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class ChainPiece:
    """Links of an account's chain after ``after_seq``, and the hash that the first of them follows."""

    account: Account
    after_seq: int
    previous_hash: bytes
    links: Sequence[Any]


async def chain_piece(
    session: AsyncSession, *, estate_id: int, account_id: int, after_seq: int, limit: int
) -> ChainPiece:
    """Return ``limit`` links at most after ``after_seq``; those that were archived are passed over.

    :raises NotFound: if the estate has no such account
    """
    row = await account(session, estate_id=estate_id, account_id=account_id)
    kept = (await kept_openings(session, estate_id=estate_id)).get(account_id)
    start = after_seq if kept is None else max(after_seq, kept.seq)
    key = {"estate_id": estate_id, "account_id": account_id}
    if start == 0:
        previous = genesis_hash(estate_id=estate_id, account_id=account_id)
    elif kept is not None and start == kept.seq:
        previous = kept.hash
    else:
        found = await session.scalar(_HASH, {**key, "seq": start})
        previous = row.head_hash if found is None else found
    links = (await session.execute(_LINKS, {**key, "after_seq": start, "limit": limit})).all()
    return ChainPiece(row, start, bytes(previous), links)
