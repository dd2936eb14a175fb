"""Tables of credit control."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Integer, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.seal import sealed_column
from mita.kit.types import Big, BigKey, Bytes, Instant, UuidKey

METER_TOKEN = sealed_column("meter_token", "token_sealed", key=("estate_id", "meter_token_id"))


class CreditRule(Base):
    """An estate's lines for one utility; ``is_cutting`` is the switch."""

    __tablename__ = "credit_rule"

    estate_id: Mapped[BigKey]
    utility: Mapped[str] = mapped_column(primary_key=True)
    is_cutting: Mapped[bool]
    low_line_micro: Mapped[Big]
    cut_line_micro: Mapped[Big]
    restore_line_micro: Mapped[Big]
    lifeline_w: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[Instant]


class SupplyCommand(Base):
    """An order to a device to switch a supply, or to limit it; only ``confirmed`` changes what is shown."""

    __tablename__ = "supply_command"

    estate_id: Mapped[BigKey]
    command_id: Mapped[UuidKey]
    unit_id: Mapped[Big]
    utility: Mapped[str]
    action: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str]
    account_id: Mapped[Big]
    balance_micro: Mapped[Big]
    asked_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    answer_due_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    failure: Mapped[str] = mapped_column(default="")
    limit_w: Mapped[int | None] = mapped_column(BigInteger)


class Supply(Base):
    """Whether a unit's supply is known to be on or off, by the device's own word."""

    __tablename__ = "supply"

    estate_id: Mapped[BigKey]
    unit_id: Mapped[BigKey]
    utility: Mapped[str] = mapped_column(primary_key=True)
    is_on: Mapped[bool]
    since: Mapped[Instant]
    command_id: Mapped[UUID]


class SupplyStop(Base):
    """One cause for which a supply is off, or will be at ``due_at``; ``is_asked`` once it takes effect."""

    __tablename__ = "supply_stop"

    estate_id: Mapped[BigKey]
    unit_id: Mapped[BigKey]
    utility: Mapped[str] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    set_by: Mapped[str]
    since: Mapped[Instant]
    due_at: Mapped[Instant]
    until: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    is_asked: Mapped[bool]


class LoadLimit(Base):
    """One cause for which a supply is to be held to a power in watts; the lowest one is asked for."""

    __tablename__ = "load_limit"

    estate_id: Mapped[BigKey]
    unit_id: Mapped[BigKey]
    utility: Mapped[str] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(primary_key=True)
    limit_w: Mapped[Big]
    reason: Mapped[str]
    set_by: Mapped[str]
    since: Mapped[Instant]
    until: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class SupplyLimit(Base):
    """What a device says that it holds a supply to (watts; None: to nothing), and the command behind it."""

    __tablename__ = "supply_limit"

    estate_id: Mapped[BigKey]
    unit_id: Mapped[BigKey]
    utility: Mapped[str] = mapped_column(primary_key=True)
    limit_w: Mapped[int | None] = mapped_column(BigInteger)
    since: Mapped[Instant]
    command_id: Mapped[UUID | None]


class FriendlyHours(Base):
    """When an estate cuts nothing, by the wall clock of its zone."""

    __tablename__ = "friendly_hours"

    estate_id: Mapped[BigKey]
    is_on: Mapped[bool]
    night_from: Mapped[dt.time | None]
    night_until: Mapped[dt.time | None]
    weekends: Mapped[bool]
    holidays_country: Mapped[str | None] = mapped_column(CHAR(2))
    holidays_subdivision: Mapped[str | None]
    updated_at: Mapped[Instant]


class MeterToken(Base):
    """A token on its way to a prepayment meter; ``claim`` is of whoever gives it just now.

    ``token_sealed`` is None once it was given: the digits are worth nothing then.
    """

    __tablename__ = "meter_token"

    estate_id: Mapped[BigKey]
    meter_token_id: Mapped[UuidKey]
    unit_id: Mapped[Big]
    meter_id: Mapped[Big]
    token_mark: Mapped[Bytes]
    token_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    last_four: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    failure: Mapped[str] = mapped_column(default="")
    typed_by: Mapped[str]
    created_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    sent_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    balance_before_micro: Mapped[int | None] = mapped_column(BigInteger)
    balance_after_micro: Mapped[int | None] = mapped_column(BigInteger)
    due_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claim: Mapped[UUID | None]
    claimed_until: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
