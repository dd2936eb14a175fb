"""Tables of tariffs."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CHAR
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Bytes, Instant, Json, NewKey


class RateTableRow(Base):
    """A rate table document; never changed once written."""

    __tablename__ = "rate_table"

    estate_id: Mapped[BigKey]
    rate_table_id: Mapped[NewKey]
    name: Mapped[str]
    utility: Mapped[str]
    currency: Mapped[str] = mapped_column(CHAR(3))
    effective_from: Mapped[dt.date]
    document: Mapped[Json]
    document_hash: Mapped[Bytes]
    created_at: Mapped[Instant]


class RateAssignment(Base):
    """From which local date an estate charges a utility by a rate table."""

    __tablename__ = "rate_assignment"

    estate_id: Mapped[BigKey]
    rate_assignment_id: Mapped[NewKey]
    utility: Mapped[str]
    effective_from: Mapped[dt.date]
    rate_table_id: Mapped[Big]
    created_at: Mapped[Instant]
