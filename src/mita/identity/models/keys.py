"""Tables of API keys, device tokens and impersonations."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, TEXT, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.seal import sealed_column
from mita.kit.types import Big, BigKey, Bytes, Instant, NewKey, UuidKey

DEVICE_TOKEN = sealed_column("device_token", "token_sealed", key=["estate_id", "device_token_id"])


def _nullable_instant() -> Mapped[datetime | None]:
    return mapped_column(TIMESTAMP(timezone=True))


class ApiKey(Base):
    """A key of a program, for an organisation or some estates; it spans estates, so no row-level security."""

    __tablename__ = "api_key"

    api_key_id: Mapped[NewKey]
    name: Mapped[str]
    shown_prefix: Mapped[str]
    key_hash: Mapped[Bytes]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    estate_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    permissions: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    requests_per_minute: Mapped[int]
    made_by: Mapped[str]
    created_at: Mapped[Instant]
    expires_at: Mapped[datetime | None] = _nullable_instant()
    replaces_id: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[datetime | None] = _nullable_instant()
    revoked_at: Mapped[datetime | None] = _nullable_instant()
    revoked_by: Mapped[str | None]


class DeviceToken(Base):
    """What one device shows the broker or the API, kept as its SHA-256; sealed, so that it can sign."""

    __tablename__ = "device_token"

    estate_id: Mapped[BigKey]
    device_token_id: Mapped[UuidKey]
    device: Mapped[str]
    token_hash: Mapped[Bytes]
    token_sealed: Mapped[bytes | None] = mapped_column(BYTEA)
    issued_by: Mapped[str]
    issued_at: Mapped[Instant]
    expires_at: Mapped[datetime | None] = _nullable_instant()
    revoked_at: Mapped[datetime | None] = _nullable_instant()
    revoked_by: Mapped[str | None]
    renews_id: Mapped[UUID | None]
    lasts_s: Mapped[int | None] = mapped_column(BigInteger)


class DeviceReplay(Base):
    """Which numbers of messages that a device token protects were taken; all below ``seen_from`` are over.

    Bit n of ``seen_bits`` is that the number ``seen_from + n`` was seen.
    """

    __tablename__ = "device_replay"

    estate_id: Mapped[BigKey]
    device_token_id: Mapped[UuidKey]
    seen_from: Mapped[Big] = mapped_column(server_default="0")
    seen_bits: Mapped[Big] = mapped_column(server_default="0")


class Impersonation(Base):
    """That support looks through a person's eyes, for a reason and for a while."""

    __tablename__ = "impersonation"

    impersonation_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[Big]
    by: Mapped[str]
    by_person_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str]
    may_write: Mapped[bool]
    token_hash: Mapped[bytes] = mapped_column(BYTEA)
    created_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = _nullable_instant()
