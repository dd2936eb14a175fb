"""The checkpoints of an estate, from outside the database and from its table, read for a verifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.kit.db import driver_connection
from mita.ledger.domain import Break, Published, SignedHeads, worth_checking
from mita.ledger.domain.witness import CHECKPOINTS, Checked, shown
from mita.ledger.models import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.domain import VerifierKey


_NAMED_MAX = 10


@dataclass(frozen=True, slots=True)
class Outside:
    """What lies outside the database: an estate's published checkpoints, keys that may have signed, the hour.

    Of the checkpoints in the table, those are looked at that are worth it at ``now``.
    """

    published: Sequence[Published]
    keys: Sequence[VerifierKey]
    now: datetime


async def signed_heads(session: AsyncSession, *, estate_id: int, outside: Outside) -> SignedHeads:
    """Return what an estate's checkpoints say: the published ones, and those that only the table has.

    Where published leaves are missing or not those that were signed, the table's are taken.
    """
    found = SignedHeads(estate_id=estate_id, keys=outside.keys)
    statement = select(Checkpoint.checkpoint_id, Checkpoint.taken_at, Checkpoint.note)
    kept = (await session.execute(statement.where(Checkpoint.estate_id == estate_id))).all()
    ids = {row.note: row.checkpoint_id for row in kept}
    for each in outside.published:
        if each.note in ids and not found.is_whole(each):
            leaves = await _leaves(session, estate_id=estate_id, checkpoint_id=ids[each.note])
            found.take(Published(each.place, each.note, leaves))
        else:
            found.take(each)
    rest = {row.note: row.taken_at for row in kept} | {}
    for each in outside.published:
        rest.pop(each.note, None)
    for note in worth_checking(rest, now=outside.now):
        leaves = await _leaves(session, estate_id=estate_id, checkpoint_id=ids[note])
        found.take(Published(f"checkpoint {ids[note]}", note, leaves))
    return found


async def _leaves(session: AsyncSession, *, estate_id: int, checkpoint_id: UUID) -> bytes | None:
    statement = select(Checkpoint.leaves).where(
        Checkpoint.estate_id == estate_id, Checkpoint.checkpoint_id == checkpoint_id
    )
    return await session.scalar(statement)


# The close signed every head when the month took no entry any more: what of it comes after a head, or on
# an account that had none, was added later. Probed account by account, in the closed months only.
_AFTER_CLOSE = """
    SELECT a.account_id, late.seq
    FROM account AS a
    LEFT JOIN unnest(%(accounts)s::bigint[], %(seqs)s::bigint[]) AS n (account_id, seq) USING (account_id)
    CROSS JOIN LATERAL (
        SELECT e.seq FROM entry AS e
        WHERE e.estate_id = a.estate_id AND e.account_id = a.account_id
            AND e.seq > coalesce(n.seq, 0) AND e.period <= %(period)s
        ORDER BY e.seq LIMIT 1
    ) AS late
    WHERE a.estate_id = %(id)s ORDER BY a.account_id LIMIT %(limit)s
"""


async def entries_after_close(session: AsyncSession, *, estate_id: int, close: Checked) -> list[Break]:
    """Return the accounts that have entries in a closed month which its signed checkpoint did not know."""
    connection = await driver_connection(session)
    parameters = {
        "id": estate_id,
        "period": close.period,
        "accounts": close.leaves["account_id"].tolist(),
        "seqs": close.leaves["head_seq"].tolist(),
        "limit": _NAMED_MAX,
    }
    rows = await (await connection.execute(_AFTER_CLOSE, parameters)).fetchall()
    when = shown(close.taken_at)
    return [
        Break(
            CHECKPOINTS,
            f"account {account_id}",
            f"entry {seq} came to a closed month after the checkpoint of {when}",
        )
        for account_id, seq in rows
    ]
