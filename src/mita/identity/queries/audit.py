"""Reads of the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003 - read by dataclass fields

from sqlalchemy import String, cast, func, or_, select, text
from sqlalchemy.orm import aliased

from mita.identity.domain import AUDITED
from mita.identity.models import AuditChange, AuditEntry

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

# each keeps two triggers that refuse to change what is written
APPEND_ONLY = ("audit_change", "audit_entry", "audit_link", "consent")
_TRIGGERS = ("append_only", "no_truncate")
# of one act, beside its entries; the others are looked for by the act
CHANGES_MAX = 100


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


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes are looked for; None is any. ``subject`` is a table, ``subject_id`` its key."""

    subject: str | None = None
    subject_id: str | None = None
    act_id: UUID | None = None
    actor: str | None = None
    correlation_id: str | None = None


async def audit_changes(
    session: AsyncSession,
    *,
    estate_id: int,
    wanted: ChangeFilter,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[AuditChange]:
    """Return changes of an estate's rows, newest first, ``limit`` at most before ``before``."""
    statement = select(AuditChange).where(AuditChange.estate_id == estate_id)
    for column, value in (
        (AuditChange.subject, wanted.subject),
        (AuditChange.subject_id, wanted.subject_id),
        (AuditChange.act_id, wanted.act_id),
        (AuditChange.actor, wanted.actor),
        (AuditChange.correlation_id, wanted.correlation_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if before is not None:
        statement = statement.where(AuditChange.audit_change_id < before)
    newest = statement.order_by(AuditChange.audit_change_id.desc()).limit(limit)
    return (await session.scalars(newest)).all()


async def changes_of_acts(
    session: AsyncSession, *, estate_id: int, act_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[AuditChange]]:
    """Return what each of some acts changed in an estate, in its order: the first ``CHANGES_MAX``."""
    if not act_ids:
        return {}
    place = func.row_number().over(partition_by=AuditChange.act_id, order_by=AuditChange.audit_change_id)
    numbered = (
        select(AuditChange, place.label("place"))
        .where(AuditChange.estate_id == estate_id, AuditChange.act_id.in_(act_ids))
        .subquery()
    )
    change = aliased(AuditChange, numbered)
    statement = select(change).where(numbered.c.place <= CHANGES_MAX).order_by(change.audit_change_id)
    found: dict[UUID, list[AuditChange]] = {}
    for row in (await session.scalars(statement)).all():
        assert row.act_id is not None, "asked for by it"
        found.setdefault(row.act_id, []).append(row)
    return found


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
    """Return what stands open: triggers that are gone or switched off.

    Of append-only tables, those that refuse changes; of audited ones, what writes changes down.
    """
    found = await session.execute(
        text(
            "SELECT c.relname, t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
            " JOIN pg_proc AS p ON p.oid = t.tgfoid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (:tables)"
            " AND p.proname IN ('refuse_change', 'record_row_change') AND t.tgenabled IN ('O', 'A')"
        ),
        {"tables": [*APPEND_ONLY, *AUDITED]},
    )
    standing = {(table, trigger) for table, trigger in found.all()}
    wanted = [(table, trigger) for table in APPEND_ONLY for trigger in _TRIGGERS]
    wanted += [(table, "audited") for table in sorted(AUDITED)]
    return [f"{table}.{trigger}" for table, trigger in wanted if (table, trigger) not in standing]
