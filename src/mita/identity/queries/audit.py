"""Reads of the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import String, cast, or_, select, text

from mita.identity.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

# each keeps two triggers that refuse to change what is written
APPEND_ONLY = ("audit_entry", "consent")
_TRIGGERS = ("append_only", "no_truncate")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is looked for; None is anything. ``text`` is part of a value, an actor or a subject."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    outcome: str | None = None
    text: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None


async def audit_entries(
    session: AsyncSession,
    *,
    estate_id: int,
    wanted: AuditFilter,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[AuditEntry]:
    """Return an estate's entries of the audit log, newest first, ``limit`` at most before ``before``."""
    statement = select(AuditEntry).where(AuditEntry.estate_id == estate_id)
    for column, value in (
        (AuditEntry.actor, wanted.actor),
        (AuditEntry.action, wanted.action),
        (AuditEntry.subject, wanted.subject),
        (AuditEntry.outcome, wanted.outcome),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.from_at is not None:
        statement = statement.where(AuditEntry.at >= wanted.from_at)
    if wanted.until_at is not None:
        statement = statement.where(AuditEntry.at < wanted.until_at)
    if wanted.text is not None:
        columns = (
            AuditEntry.actor,
            AuditEntry.subject,
            AuditEntry.action,
            cast(AuditEntry.old, String),
            cast(AuditEntry.new, String),
        )
        statement = statement.where(or_(*(each.icontains(wanted.text, autoescape=True) for each in columns)))
    if before is not None:
        statement = statement.where(AuditEntry.audit_entry_id < before)
    newest = statement.order_by(AuditEntry.audit_entry_id.desc()).limit(limit)
    return (await session.scalars(newest)).all()


async def unguarded(session: AsyncSession) -> list[str]:
    """Return what stands open: triggers of append-only tables that are gone or switched off."""
    found = await session.execute(
        text(
            "SELECT c.relname, t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
            " JOIN pg_proc AS p ON p.oid = t.tgfoid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (:tables)"
            " AND p.proname = 'refuse_change' AND t.tgenabled IN ('O', 'A')"
        ),
        {"tables": list(APPEND_ONLY)},
    )
    standing = {(table, trigger) for table, trigger in found.all()}
    return [
        f"{table}.{trigger}"
        for table in APPEND_ONLY
        for trigger in _TRIGGERS
        if (table, trigger) not in standing
    ]
