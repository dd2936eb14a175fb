"""Tables of charging."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Instant, NewKey


class ChargingLane(Base):
    """The fence of an estate: every charging transaction moves ``seq`` by one."""

    __tablename__ = "charging_lane"

    estate_id: Mapped[BigKey]
    seq: Mapped[Big]


class Rerating(Base):
    """A part of a register's past that was charged again: what it was, what it is now, and why."""

    __tablename__ = "rerating"

    estate_id: Mapped[BigKey]
    rerating_id: Mapped[NewKey]
    register_id: Mapped[Big]
    account_id: Mapped[Big]
    seq: Mapped[int | None] = mapped_column(BigInteger)
    since: Mapped[Instant]
    cause: Mapped[str]
    old_quantity_micro: Mapped[Big]
    old_net_micro: Mapped[Big]
    old_tax_micro: Mapped[Big]
    new_quantity_micro: Mapped[Big]
    new_net_micro: Mapped[Big]
    new_tax_micro: Mapped[Big]
    created_at: Mapped[Instant]


class ChargingRule(Base):
    """How often an estate's charges are posted, and when that was done last."""

    __tablename__ = "charging_rule"

    estate_id: Mapped[BigKey]
    cadence: Mapped[str]
    booked_until: Mapped[Instant]
    updated_at: Mapped[Instant]


class Accrual(Base):
    """A register's charges since they were last posted."""

    __tablename__ = "accrual"

    estate_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    account_id: Mapped[Big]
    quantity_micro: Mapped[Big]
    net_micro: Mapped[Big]
    tax_micro: Mapped[Big]
    charges: Mapped[int]
    since: Mapped[Instant]
    until: Mapped[Instant]


class AccrualEntry(Base):
    """What an entry of several charges was made of."""

    __tablename__ = "accrual_entry"

    estate_id: Mapped[BigKey]
    account_id: Mapped[BigKey]
    seq: Mapped[BigKey]
    register_id: Mapped[Big]
    quantity_micro: Mapped[Big]
    net_micro: Mapped[Big]
    tax_micro: Mapped[Big]
    charges: Mapped[int]
    since: Mapped[Instant]
    until: Mapped[Instant]
