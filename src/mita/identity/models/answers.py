"""The table of answers that are kept under idempotency keys."""

from __future__ import annotations

from sqlalchemy import SmallInteger
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.seal import sealed_column
from mita.kit.types import BigKey, Bytes, Instant

ANSWER = sealed_column("kept_answer", "answer_sealed", key=["estate_id", "actor", "key"])


class KeptAnswer(Base):
    """What was answered to a caller's request under its key; ``estate_id`` 0 is of no estate."""

    __tablename__ = "kept_answer"

    estate_id: Mapped[BigKey]
    actor: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[Bytes]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    media_type: Mapped[str | None]
    answer_sealed: Mapped[bytes | None] = mapped_column(BYTEA)
    created_at: Mapped[Instant]
