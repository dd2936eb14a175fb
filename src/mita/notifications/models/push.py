"""Tables of web push."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.seal import sealed_column
from mita.kit.types import Big, Bytes, Instant, UuidKey

PUSH_SECRET = sealed_column("push_key", "secret_sealed", key=["push_key_id"])
SUBSCRIPTION = sealed_column("push_subscription", "subscription_sealed", key=["push_subscription_id"])


class PushKey(Base):
    """The key by which push services know this installation (VAPID); browsers are bound to it."""

    __tablename__ = "push_key"

    push_key_id: Mapped[UuidKey]
    public_key: Mapped[Bytes]
    secret_sealed: Mapped[Bytes]
    created_at: Mapped[Instant]


class PushSubscription(Base):
    """A browser of a person's session that is told of alerts; where and how is sealed."""

    __tablename__ = "push_subscription"

    push_subscription_id: Mapped[UuidKey]
    person_id: Mapped[Big]
    person_session_id: Mapped[UUID]
    endpoint_hash: Mapped[Bytes]
    subscription_sealed: Mapped[Bytes]
    host: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[Instant]
    last_sent_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
