"""Tables of tariffs."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CHAR, SmallInteger
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
    """From which local date an estate, a unit, a meter or a register is charged by a rate table.

    ``target_id`` names what the scope says, 0 for the estate. A row never changes.
    """

    __tablename__ = "rate_assignment"

    estate_id: Mapped[BigKey]
    rate_assignment_id: Mapped[NewKey]
    utility: Mapped[str]
    effective_from: Mapped[dt.date]
    rate_table_id: Mapped[Big]
    created_at: Mapped[Instant]
    role: Mapped[str]
    scope: Mapped[int] = mapped_column(SmallInteger)
    target_id: Mapped[Big]
    effective_until: Mapped[dt.date | None]
    actor: Mapped[str]
    reason: Mapped[str]


class RateRule(Base):
    """How many days before prices change residents are told; ``notice_days`` of None: nobody is."""

    __tablename__ = "rate_rule"

    estate_id: Mapped[BigKey]
    notice_days: Mapped[int | None]
    updated_at: Mapped[Instant]


class BenchmarkTable(Base):
    """A rate table whose prices are shown beside those that are charged, from its own first date on."""

    __tablename__ = "benchmark_table"

    estate_id: Mapped[BigKey]
    utility: Mapped[str] = mapped_column(primary_key=True)
    rate_table_id: Mapped[BigKey]
    created_at: Mapped[Instant]
