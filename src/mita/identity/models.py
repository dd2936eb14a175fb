"""Tables of identity."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Instant


class ApiToken(Base):
    """A bearer token, kept as the SHA-256 of its text."""

    __tablename__ = "api_token"

    token_hash: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    name: Mapped[str]
    created_at: Mapped[Instant]
