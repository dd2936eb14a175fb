"""Tables of readings by hand."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Instant, UuidKey


class ReadingWindow(Base):
    """A version of an estate's rule when residents read their meters, from a local date on."""

    __tablename__ = "reading_window"

    estate_id: Mapped[BigKey]
    reading_window_id: Mapped[UuidKey]
    effective_from: Mapped[dt.date]
    from_day: Mapped[int] = mapped_column(SmallInteger)
    to_day: Mapped[int] = mapped_column(SmallInteger)
    least_right: Mapped[str]
    needs_photo: Mapped[bool]
    late_days: Mapped[int] = mapped_column(SmallInteger)
    actor: Mapped[str]
    created_at: Mapped[Instant]


class ManualReading(Base):
    """That somebody read a register by hand, and what was answered; a row never changes.

    ``seq`` is the entry that it booked on ``account_id``, where it booked one by itself.
    """

    __tablename__ = "manual_reading"

    estate_id: Mapped[BigKey]
    manual_reading_id: Mapped[UuidKey]
    unit_id: Mapped[Big]
    meter_id: Mapped[Big]
    register_id: Mapped[Big]
    taken_at: Mapped[Instant]
    value_micro: Mapped[Big]
    class_: Mapped[int] = mapped_column("class", SmallInteger)
    reason: Mapped[str]
    net_micro: Mapped[Big]
    tax_micro: Mapped[Big]
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    seq: Mapped[int | None] = mapped_column(BigInteger)
    is_by_resident: Mapped[bool]
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    read_by: Mapped[str]
    photo_id: Mapped[UUID | None] = mapped_column(PG_UUID(as_uuid=True))
    note: Mapped[str]
    created_at: Mapped[Instant]


class ReadingReminder(Base):
    """That the residents of a unit were reminded of a window: early, or on its last day."""

    __tablename__ = "reading_reminder"

    estate_id: Mapped[BigKey]
    unit_id: Mapped[BigKey]
    window_on: Mapped[dt.date] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    persons: Mapped[int] = mapped_column(Integer)
    reminded_at: Mapped[Instant]
