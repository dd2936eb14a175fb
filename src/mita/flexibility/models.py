"""Tables of flexibility."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import BigKey, Instant, UuidKey


class FlexibilityConsent(Base):
    """Whether a unit takes part in events, and whether it is never to be asked."""

    __tablename__ = "flexibility_consent"

    estate_id: Mapped[BigKey]
    unit_id: Mapped[BigKey]
    takes_part: Mapped[bool]
    is_protected: Mapped[bool]
    changed_by: Mapped[str]
    changed_at: Mapped[Instant]


class FlexibilityEvent(Base):
    """Hours for which units are asked to use less: [from_at, until_at)."""

    __tablename__ = "flexibility_event"

    estate_id: Mapped[BigKey]
    flexibility_event_id: Mapped[UuidKey]
    title: Mapped[str]
    kind: Mapped[str]
    limit_w: Mapped[int | None] = mapped_column(BigInteger)
    from_at: Mapped[Instant]
    until_at: Mapped[Instant]
    state: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[Instant]
    changed_at: Mapped[Instant]


class FlexibilityUnit(Base):
    """A unit of an event, and how far it got."""

    __tablename__ = "flexibility_unit"

    estate_id: Mapped[BigKey]
    flexibility_event_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), primary_key=True)
    unit_id: Mapped[BigKey]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[Instant]
