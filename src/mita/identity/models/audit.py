"""The table of the audit log."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import BigKey, Instant, UuidKey


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
