"""The table of the audit log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import BigKey, Bytes, Instant, UuidKey


class AuditEntry(Base):
    """Who did what, or was refused to; ``estate_id`` 0 is what belongs to no estate."""

    __tablename__ = "audit_entry"

    estate_id: Mapped[BigKey]
    audit_entry_id: Mapped[UuidKey]
    at: Mapped[Instant]
    actor: Mapped[str]
    impersonator: Mapped[str | None]
    action: Mapped[str]
    subject: Mapped[str | None]
    outcome: Mapped[str]
    # none_as_null: without a value the column is NULL, not a JSON null
    old: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    new: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    address: Mapped[str | None]
    correlation_id: Mapped[str | None]
    act_id: Mapped[UUID | None]


class AuditChange(Base):
    """What became of one row of a table that is audited; written by the database's triggers alone.

    ``act_id`` is that of the audit entries of the same request; None where the cause is no unit of work of
    ours. ``old`` and ``new`` hold the columns that changed, ``(hidden)`` where they are secret or personal.
    """

    __tablename__ = "audit_change"

    estate_id: Mapped[BigKey]
    audit_change_id: Mapped[UuidKey]
    at: Mapped[Instant]
    act_id: Mapped[UUID | None]
    actor: Mapped[str]
    impersonator: Mapped[str | None]
    action: Mapped[str | None]
    correlation_id: Mapped[str | None]
    subject: Mapped[str]
    subject_id: Mapped[str]
    verb: Mapped[str]
    old: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    new: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class AuditLink(Base):
    """A place in the chain over an estate's audit entries and changes."""

    __tablename__ = "audit_link"

    estate_id: Mapped[BigKey]
    seq: Mapped[BigKey]
    kind: Mapped[str]
    row_id: Mapped[UUID]
    hash: Mapped[Bytes]
    hash_v: Mapped[int] = mapped_column(SmallInteger)
    sealed_at: Mapped[Instant]
