"""Tables of charging."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Instant, InstantKey, NewKey


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


class ReratingDue(Base):
    """A register whose past waits to be charged again, from ``since`` on; it is gone when that is done.

    Until then nothing assigned after ``through_assignment_id`` counts for it.
    """

    __tablename__ = "rerating_due"

    estate_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    through_assignment_id: Mapped[Big]
    since: Mapped[Instant]
    cause: Mapped[str]
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


class RateNotice(Base):
    """How far the residents were told of a date on which an assignment begins or ends.

    Wallets are told by id, up to ``through_wallet_id`` so far; ``told`` is how many of them had news.
    """

    __tablename__ = "rate_notice"

    estate_id: Mapped[BigKey]
    rate_assignment_id: Mapped[BigKey]
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    through_wallet_id: Mapped[Big]
    told: Mapped[int]
    finished_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class AccrualRole(Base):
    """What of a register's charges since they were last posted is for another role than supply."""

    __tablename__ = "accrual_role"

    estate_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    role: Mapped[str] = mapped_column(Text, primary_key=True)
    net_micro: Mapped[Big]


class EntryRole(Base):
    """What of an entry's net is for another role than supply: of several charges, or of a correction."""

    __tablename__ = "entry_role"

    estate_id: Mapped[BigKey]
    account_id: Mapped[BigKey]
    seq: Mapped[BigKey]
    role: Mapped[str] = mapped_column(Text, primary_key=True)
    net_micro: Mapped[Big]


class ReadingRun(Base):
    """A running state after a timeline reading that does not fit the reading: of another role, or tallied."""

    __tablename__ = "reading_run"

    estate_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    taken_at: Mapped[InstantKey]
    role: Mapped[str] = mapped_column(Text, primary_key=True)
    numbers: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class TimedChargeState(Base):
    """An account: when it was looked at and when more falls due, and what may have changed since.

    ``dirty_from`` is the local date from which on its past may cost something else. A part that is over
    still misses readings of the ``awaited_registers`` later than ``awaited_after``.
    """

    __tablename__ = "timed_charge_state"

    estate_id: Mapped[BigKey]
    account_id: Mapped[BigKey]
    unit_id: Mapped[Big]
    utility: Mapped[str]
    seen_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    next_due_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    dirty_from: Mapped[dt.date | None]
    awaited_registers: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    awaited_after: Mapped[list[dt.datetime]] = mapped_column(ARRAY(TIMESTAMP(timezone=True)))


class TimedCharge(Base):
    """What a standing charge, a demand charge, a netting or a minimum bill was, is now, and is made of.

    The payer is a unit, a meter or a register; ``first_day`` is the day of a charge by day, else the first
    of its period part. The newest row of a charge says what is booked; ``seq`` is the entry that booked it.
    ``parts`` are the lines of one that has more than one price (``operations.timed_parts``).
    """

    __tablename__ = "timed_charge"

    estate_id: Mapped[BigKey]
    timed_charge_id: Mapped[NewKey]
    account_id: Mapped[Big]
    payer_scope: Mapped[int] = mapped_column(SmallInteger)
    payer_id: Mapped[Big]
    role: Mapped[str]
    charge: Mapped[str]
    kind: Mapped[str]
    first_day: Mapped[dt.date]
    until_day: Mapped[dt.date]
    due_at: Mapped[Instant]
    rate_table_id: Mapped[Big]
    register: Mapped[str]
    unit: Mapped[str]
    season: Mapped[str]
    letter: Mapped[str]
    quantity_micro: Mapped[Big]
    price_micro: Mapped[Big]
    days: Mapped[int]
    whole_days: Mapped[int]
    peak_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    parts: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    old_net_micro: Mapped[Big]
    old_tax_micro: Mapped[Big]
    new_net_micro: Mapped[Big]
    new_tax_micro: Mapped[Big]
    seq: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[Instant]
