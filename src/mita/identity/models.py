"""Tables of identity."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import BYTEA
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
