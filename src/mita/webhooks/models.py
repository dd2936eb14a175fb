"""Tables of webhooks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.seal import sealed_column
from mita.kit.types import BigKey, Bytes, Instant, NewKey, UuidKey

_TIME = TIMESTAMP(timezone=True)
_ENDPOINT_KEY = ("estate_id", "endpoint_id")
SECRET = sealed_column("webhook_endpoint", "secret_sealed", key=_ENDPOINT_KEY)
OLD_SECRET = sealed_column("webhook_endpoint", "old_secret_sealed", key=_ENDPOINT_KEY)


class WebhookEndpoint(Base):
    """An address of somebody else's program that is told of an estate's events."""

    __tablename__ = "webhook_endpoint"

    estate_id: Mapped[BigKey]
    endpoint_id: Mapped[NewKey]
    url: Mapped[str]
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    description: Mapped[str]
    is_on: Mapped[bool]
    off_reason: Mapped[str | None]
    secret_sealed: Mapped[Bytes]
    old_secret_sealed: Mapped[bytes | None] = mapped_column(BYTEA)
    old_secret_until: Mapped[datetime | None] = mapped_column(_TIME)
    failing_since: Mapped[datetime | None] = mapped_column(_TIME)
    created_by: Mapped[str]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class WebhookDelivery(Base):
    """One event on its way to one endpoint."""

    __tablename__ = "webhook_delivery"

    estate_id: Mapped[BigKey]
    endpoint_id: Mapped[BigKey]
    event_id: Mapped[UuidKey]
    topic: Mapped[str]
    body: Mapped[str]
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(Integer)
    tries_before: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime | None] = mapped_column(_TIME)
    last_status: Mapped[int | None] = mapped_column(SmallInteger)
    last_error: Mapped[str | None]
    created_at: Mapped[Instant]
    finished_at: Mapped[datetime | None] = mapped_column(_TIME)


class WebhookAttempt(Base):
    """One try of a delivery and what came of it."""

    __tablename__ = "webhook_attempt"

    estate_id: Mapped[BigKey]
    endpoint_id: Mapped[BigKey]
    event_id: Mapped[UuidKey]
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sent_at: Mapped[Instant]
    duration_ms: Mapped[int] = mapped_column(Integer)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    error: Mapped[str | None]
    answer: Mapped[str | None]
