"""Reads of the chain over the audit log: what waits to be sealed, whether what was sealed still stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from mita.identity.domain import AuditBreak, ChainWalk, Link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

# a transaction that writes for longer may miss its place in the chain: `mita verify` says so
LATE_MS = 24 * 3600 * 1000
_LINKS_A_PIECE = 5_000
_UUID_TIME_SHIFT = 80
_NEVER = "it was never sealed, although later ones were"

_NEWEST = text("SELECT row_id FROM audit_link ORDER BY row_id DESC LIMIT 1")
# the order of the fields is part of what is hashed
_UNSEALED = text("""
    SELECT e.estate_id, 'entry' AS kind, e.audit_entry_id AS row_id, ARRAY[
        e.estate_id::text, e.audit_entry_id::text, (extract(epoch FROM e.at) * 1000000)::bigint::text,
        e.act_id::text, e.actor, e.impersonator, e.action, e.correlation_id, e.subject, e.outcome, e.address,
        e.old::text, e.new::text] AS fields
    FROM audit_entry AS e
    WHERE e.estate_id = ANY (:estates) AND e.audit_entry_id > :since AND NOT EXISTS (
        SELECT FROM audit_link AS l WHERE l.estate_id = e.estate_id AND l.row_id = e.audit_entry_id)
    UNION ALL
    SELECT c.estate_id, 'change', c.audit_change_id, ARRAY[
        c.estate_id::text, c.audit_change_id::text, (extract(epoch FROM c.at) * 1000000)::bigint::text,
        c.act_id::text, c.actor, c.impersonator, c.action, c.correlation_id, c.subject, c.subject_id, c.verb,
        c.old::text, c.new::text]
    FROM audit_change AS c
    WHERE c.estate_id = ANY (:estates) AND c.audit_change_id > :since AND NOT EXISTS (
        SELECT FROM audit_link AS l WHERE l.estate_id = c.estate_id AND l.row_id = c.audit_change_id)
    ORDER BY row_id LIMIT :most
""")
_LINKS = text("""
    SELECT l.seq, l.kind, l.row_id, l.hash, l.hash_v, CASE l.kind
        WHEN 'entry' THEN (SELECT ARRAY[
            e.estate_id::text, e.audit_entry_id::text, (extract(epoch FROM e.at) * 1000000)::bigint::text,
            e.act_id::text, e.actor, e.impersonator, e.action, e.correlation_id, e.subject, e.outcome,
            e.address, e.old::text, e.new::text]
            FROM audit_entry AS e WHERE e.estate_id = l.estate_id AND e.audit_entry_id = l.row_id)
        ELSE (SELECT ARRAY[
            c.estate_id::text, c.audit_change_id::text, (extract(epoch FROM c.at) * 1000000)::bigint::text,
            c.act_id::text, c.actor, c.impersonator, c.action, c.correlation_id, c.subject, c.subject_id,
            c.verb, c.old::text, c.new::text]
            FROM audit_change AS c WHERE c.estate_id = l.estate_id AND c.audit_change_id = l.row_id)
        END AS fields
    FROM audit_link AS l WHERE l.estate_id = :estate_id AND l.seq > :after ORDER BY l.seq LIMIT :most
""")
_ENDS = text("""
    SELECT asked.estate_id, newest.seq, newest.hash
    FROM unnest(CAST(:estates AS bigint[])) AS asked (estate_id)
    CROSS JOIN LATERAL (
        SELECT l.seq, l.hash FROM audit_link AS l WHERE l.estate_id = asked.estate_id
        ORDER BY l.seq DESC LIMIT 1
    ) AS newest
""")
_LEFT_OUT = text("""
    SELECT 'entry', e.audit_entry_id FROM audit_entry AS e
    WHERE e.estate_id = :estate_id AND e.audit_entry_id < :until AND NOT EXISTS (
        SELECT FROM audit_link AS l WHERE l.estate_id = e.estate_id AND l.row_id = e.audit_entry_id)
    UNION ALL
    SELECT 'change', c.audit_change_id FROM audit_change AS c
    WHERE c.estate_id = :estate_id AND c.audit_change_id < :until AND NOT EXISTS (
        SELECT FROM audit_link AS l WHERE l.estate_id = c.estate_id AND l.row_id = c.audit_change_id)
    ORDER BY 2 LIMIT 100
""")


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A row of the audit log that is in no chain yet."""

    estate_id: int
    kind: str
    row_id: UUID
    fields: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What was found in the chain of one estate: how many links, and where it is broken."""

    links: int
    breaks: Sequence[AuditBreak]


async def audited_estates(session: AsyncSession) -> list[int]:
    """Return the ids of all estates, and 0 for what belongs to none: each has a chain over its audit log."""
    return [0, *(await session.scalars(text("SELECT platform_estate_ids()"))).all()]


async def _late_since(session: AsyncSession) -> UUID:
    """Return the id from which rows may be in no chain yet: a day before the newest that is."""
    newest = await session.scalar(_NEWEST)
    if newest is None:
        return UUID(int=0)
    return UUID(int=max(0, (newest.int >> _UUID_TIME_SHIFT) - LATE_MS) << _UUID_TIME_SHIFT)


async def unsealed(session: AsyncSession, *, estates: Sequence[int], most: int) -> Sequence[Unsealed]:
    """Return rows of the audit log that are in no chain yet, the oldest ``most`` of all ``estates``."""
    asked = {"estates": list(estates), "since": await _late_since(session), "most": most}
    return [Unsealed(*row) for row in (await session.execute(_UNSEALED, asked)).all()]


async def audit_ends(session: AsyncSession, *, estates: Sequence[int]) -> Mapping[int, tuple[int, bytes]]:
    """Return place and hash of the last link by estate; an estate without one is left out."""
    rows = await session.execute(_ENDS, {"estates": list(estates)})
    return {estate_id: (seq, bytes(found)) for estate_id, seq, found in rows.all()}


async def check_audit(session: AsyncSession, *, estate_id: int) -> AuditCheck:
    """Walk the chain over an estate's audit log; ``estate_id`` 0 is what belongs to no estate.

    What waits for the sealing job is no break; what should have been sealed long ago is.
    """
    walk, links = ChainWalk(), 0
    while True:
        asked = {"estate_id": estate_id, "after": walk.seq, "most": _LINKS_A_PIECE}
        rows = (await session.execute(_LINKS, asked)).all()
        if not rows:
            break
        links += len(rows)
        walk.feed([Link(seq, kind, row_id, bytes(h), v, fields) for seq, kind, row_id, h, v, fields in rows])
    until = await _late_since(session)
    left = (await session.execute(_LEFT_OUT, {"estate_id": estate_id, "until": until})).all()
    return AuditCheck(
        links, [*walk.breaks, *(AuditBreak(f"{kind} {row_id}", _NEVER) for kind, row_id in left)]
    )
