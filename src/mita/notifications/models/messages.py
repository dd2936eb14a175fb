"""Tables of messages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.seal import sealed_column
from mita.kit.types import Instant, UuidKey

MESSAGE_CONTENT = sealed_column("message", "content_sealed", key=["message_id"])


class Message(Base):
    """A message to a person; address and values are sealed, and wiped once it is sent or given up."""

    __tablename__ = "message"

    message_id: Mapped[UuidKey]
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    channel: Mapped[str]
    template: Mapped[str]
    language: Mapped[str]
    address_hint: Mapped[str]
    content_sealed: Mapped[bytes | None] = mapped_column(BYTEA)
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None]
    created_at: Mapped[Instant]
    next_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
