"""The audit log is sealed: what is in no chain yet gets its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, text

from mita.identity import queries
from mita.identity.domain import BEGINNING, HASH_VERSION, link_hash
from mita.identity.models import AuditLink

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

ROWS_A_SEAL = 2_000
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('mita.seal_audit'))")


async def seal_audit(
    session: AsyncSession, *, estates: Sequence[int], now: datetime, most: int = ROWS_A_SEAL
) -> int:
    """Put the oldest ``most`` rows of the audit log that are in no chain into those of their estates.

    ``estates`` are all there are, 0 (what belongs to none) with them; the session sees them. Return how many
    rows were sealed; none if another process is at it.
    """
    if not await session.scalar(_ALONE):
        return 0
    rows = await queries.unsealed(session, estates=estates, most=most)
    if not rows:
        return 0
    ends = dict(await queries.audit_ends(session, estates=sorted({row.estate_id for row in rows})))
    links = []
    for row in rows:
        last, before = ends.get(row.estate_id, (0, BEGINNING))
        seq = last + 1
        found = link_hash(before, seq=seq, kind=row.kind, fields=row.fields)
        ends[row.estate_id] = (seq, found)
        links.append(
            {
                "estate_id": row.estate_id,
                "seq": seq,
                "kind": row.kind,
                "row_id": row.row_id,
                "hash": found,
                "hash_v": HASH_VERSION,
                "sealed_at": now,
            }
        )
    await session.execute(insert(AuditLink), links)
    return len(links)
