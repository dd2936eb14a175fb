"""Tables of data protection."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, Instant


class Consent(Base):
    """That a person agreed to the use of their data for a purpose, or took it back."""

    __tablename__ = "consent"

    consent_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[Big]
    purpose: Mapped[str]
    text_version: Mapped[str]
    is_given: Mapped[bool]
    way: Mapped[str]
    actor: Mapped[str]
    at: Mapped[Instant]


class Erasure(Base):
    """That somebody asked for a person to be forgotten, and what came of it."""

    __tablename__ = "erasure"

    erasure_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[Big]
    asked_by: Mapped[str]
    asked_at: Mapped[Instant]
    reason: Mapped[str]
    is_forced: Mapped[bool]
    done_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    done_by: Mapped[str | None]
    refused_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class RetentionRule(Base):
    """How many days a kind of data is kept, where the installation has set otherwise."""

    __tablename__ = "retention_rule"

    kind: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int]
    updated_by: Mapped[str]
    updated_at: Mapped[Instant]
