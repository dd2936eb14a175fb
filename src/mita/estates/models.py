"""Tables of estates."""

from __future__ import annotations

from sqlalchemy import CHAR
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import BigKey, Instant, NewKey


class Estate(Base):
    """A site with one currency and one time zone."""

    __tablename__ = "estate"

    estate_id: Mapped[NewKey]
    name: Mapped[str]
    currency: Mapped[str] = mapped_column(CHAR(3))
    time_zone: Mapped[str]
    created_at: Mapped[Instant]


class Unit(Base):
    """A flat, house or shop of an estate."""

    __tablename__ = "unit"

    estate_id: Mapped[BigKey]
    unit_id: Mapped[NewKey]
    name: Mapped[str]
    created_at: Mapped[Instant]
