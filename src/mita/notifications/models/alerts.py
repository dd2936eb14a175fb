"""Tables of alerts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import BigKey, Instant, Json, UuidKey


class Alert(Base):
    """Something that a person, or with a person of None the estate's staff, should know."""

    __tablename__ = "alert"

    estate_id: Mapped[BigKey]
    alert_id: Mapped[UuidKey]
    kind: Mapped[str]
    subject: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[Json]
    raised_at: Mapped[Instant]
    seen_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    resolved_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
