"""Tables of signing in: proofs, sessions, codes, join codes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, TEXT, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.seal import sealed_column
from mita.kit.types import Big, BigKey, Bytes, Instant, UuidKey

SECOND_FACTOR_SECRET = sealed_column("second_factor", "secret_sealed", key=["person_id"])
CODE_DATA = sealed_column("one_time_code", "data_sealed", key=["one_time_code_id"])
SIGNING_SECRET = sealed_column("signing_key", "secret_sealed", key=["kid"])


def _instant_or_none() -> Mapped[datetime | None]:
    return mapped_column(TIMESTAMP(timezone=True))


class Identifier(Base):
    """An email address or phone number that one person signs in with; verified once a code came back."""

    __tablename__ = "identifier"

    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[Big]
    verified_at: Mapped[datetime | None] = _instant_or_none()
    created_at: Mapped[Instant]


class Password(Base):
    """A person's password, hashed."""

    __tablename__ = "password"

    person_id: Mapped[BigKey]
    hash: Mapped[str]
    set_at: Mapped[Instant]


class SecondFactor(Base):
    """An authenticator app of a person; counts once it is confirmed."""

    __tablename__ = "second_factor"

    person_id: Mapped[BigKey]
    secret_sealed: Mapped[Bytes]
    confirmed_at: Mapped[datetime | None] = _instant_or_none()
    last_step: Mapped[Big] = mapped_column(BigInteger, default=0)
    created_at: Mapped[Instant]


class BackupCode(Base):
    """A code for whoever lost the app; works once."""

    __tablename__ = "backup_code"

    person_id: Mapped[BigKey]
    code_hash: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    created_at: Mapped[Instant]
    used_at: Mapped[datetime | None] = _instant_or_none()


class Passkey(Base):
    """The public half of a WebAuthn credential."""

    __tablename__ = "passkey"

    passkey_id: Mapped[UuidKey]
    person_id: Mapped[Big]
    credential_id: Mapped[Bytes]
    public_key: Mapped[Bytes]
    sign_count: Mapped[Big]
    name: Mapped[str]
    created_at: Mapped[Instant]
    last_used_at: Mapped[datetime | None] = _instant_or_none()


class OneTimeCode(Base):
    """A code that was sent to an identifier; with no person nobody was there, and nothing was sent."""

    __tablename__ = "one_time_code"

    one_time_code_id: Mapped[UuidKey]
    purpose: Mapped[str]
    kind: Mapped[str]
    value: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    code_mark: Mapped[Bytes]
    data_sealed: Mapped[bytes | None] = mapped_column(BYTEA)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None] = _instant_or_none()


class Challenge(Base):
    """A question that waits for its answer: a second factor, or a passkey's signature."""

    __tablename__ = "challenge"

    challenge_id: Mapped[UuidKey]
    purpose: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    secret: Mapped[Bytes]
    amr: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None] = _instant_or_none()


class SignInFailure(Base):
    """Failures in a row for an identifier, whether anybody has it or not; its name is a keyed hash."""

    __tablename__ = "sign_in_failure"

    mark: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[Instant]
    locked_until: Mapped[datetime | None] = _instant_or_none()


class PersonSession(Base):
    """A person signed in on a device."""

    __tablename__ = "person_session"

    person_session_id: Mapped[UuidKey]
    person_id: Mapped[Big]
    device: Mapped[str]
    address: Mapped[str]
    amr: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    has_second_factor: Mapped[bool]
    created_at: Mapped[Instant]
    last_used_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = _instant_or_none()
    ended_because: Mapped[str | None]


class RefreshToken(Base):
    """What a session is continued with, kept as SHA-256; works once.

    One that was passed over counts as never arrived: another one took its place.
    """

    __tablename__ = "refresh_token"

    token_hash: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    person_session_id: Mapped[UUID]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None] = _instant_or_none()
    passed_over_at: Mapped[datetime | None] = _instant_or_none()


class SigningKey(Base):
    """A key that signs access tokens; the newest signs, the older ones are still believed."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[Bytes]
    secret_sealed: Mapped[Bytes]
    created_at: Mapped[Instant]


class JoinCode(Base):
    """What residents of an estate sign up with; staff turns it on."""

    __tablename__ = "join_code"

    estate_id: Mapped[BigKey]
    code: Mapped[str]
    is_on: Mapped[bool]
    updated_at: Mapped[Instant]
    updated_by: Mapped[str]


class JoinRequest(Base):
    """A person who came with the estate's code and waits for staff."""

    __tablename__ = "join_request"

    estate_id: Mapped[BigKey]
    join_request_id: Mapped[UuidKey]
    person_id: Mapped[Big]
    unit_name: Mapped[str | None]
    state: Mapped[str]
    created_at: Mapped[Instant]
    decided_at: Mapped[datetime | None] = _instant_or_none()
    decided_by: Mapped[str | None]
