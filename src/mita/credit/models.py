"""Tables of credit control."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Instant, UuidKey


class CreditRule(Base):
    """An estate's lines for one utility; ``is_cutting`` is the switch."""

    __tablename__ = "credit_rule"

    estate_id: Mapped[BigKey]
    utility: Mapped[str] = mapped_column(primary_key=True)
    is_cutting: Mapped[bool]
    low_line_micro: Mapped[Big]
    cut_line_micro: Mapped[Big]
    restore_line_micro: Mapped[Big]
    updated_at: Mapped[Instant]


class SupplyCommand(Base):
    """An order to a device to switch a supply; only ``confirmed`` changes what is shown as on or off."""

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


class Supply(Base):
    """Whether a unit's supply is known to be on or off, by the device's own word."""

    __tablename__ = "supply"

    estate_id: Mapped[BigKey]
    unit_id: Mapped[BigKey]
    utility: Mapped[str] = mapped_column(primary_key=True)
    is_on: Mapped[bool]
    since: Mapped[Instant]
    command_id: Mapped[UUID]
