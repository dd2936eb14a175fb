"""Tables of handovers."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Bytes, Instant, Json, UuidKey


class Handover(Base):
    """A unit was handed over: somebody moved in or out; what was done, and what was answered."""

    __tablename__ = "handover"

    estate_id: Mapped[BigKey]
    handover_id: Mapped[UuidKey]
    kind: Mapped[str]
    unit_id: Mapped[Big]
    occupancy_id: Mapped[Big]
    key: Mapped[str]
    body_hash: Mapped[Bytes]
    done: Mapped[Json]
    shown: Mapped[Json]
    actor: Mapped[str]
    created_at: Mapped[Instant]


class HandoverUndo(Base):
    """A handover was undone; its key lets that happen once."""

    __tablename__ = "handover_undo"

    estate_id: Mapped[BigKey]
    handover_id: Mapped[UuidKey]
    key: Mapped[str]
    reason: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[Instant]
