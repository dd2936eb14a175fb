"""Tables of persons, tokens and roles."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Computed
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Instant, NewKey


class ApiToken(Base):
    """A bearer token, kept as the SHA-256 of its text."""

    __tablename__ = "api_token"

    token_hash: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    name: Mapped[str]
    created_at: Mapped[Instant]
    person_id: Mapped[int | None] = mapped_column(BigInteger)


class Person(Base):
    """A person who may be given access to wallets; belongs to no estate."""

    __tablename__ = "person"

    person_id: Mapped[NewKey]
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    created_at: Mapped[Instant]
    search: Mapped[str | None] = mapped_column(
        TSVECTOR,
        Computed(
            "search_words(name || ' '::text || coalesce(email, ''::text)"
            " || ' '::text || coalesce(phone, ''::text)"
            r" || ' '::text || regexp_replace(coalesce(phone, ''::text), '\D'::text, ''::text, 'g'::text))",
            persisted=True,
        ),
        deferred=True,
    )
    erased_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class RoleGrant(Base):
    """What a person is to the platform, an organisation, an estate or a unit.

    It spans estates, as it says which of them exist for a person; so no row-level security applies.
    """

    __tablename__ = "role_grant"

    role_grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger)
    role: Mapped[str]
    scope: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    estate_id: Mapped[int | None] = mapped_column(BigInteger)
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    granted_by: Mapped[str]
    granted_at: Mapped[Instant]
    until: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    revoked_by: Mapped[str | None]
    sees_from: Mapped[Instant | None]
