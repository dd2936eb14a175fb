"""Tables of solar installations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Instant, NewKey


class SolarInstallation(Base):
    """Panels on the local dates [first_on, until_on): a capacity and what a kW of it is worth in a year."""

    __tablename__ = "solar_installation"

    estate_id: Mapped[BigKey]
    solar_installation_id: Mapped[NewKey]
    name: Mapped[str]
    capacity_micro: Mapped[Big]
    price_micro: Mapped[Big]
    first_on: Mapped[dt.date]
    until_on: Mapped[dt.date | None]
    actor: Mapped[str]
    created_at: Mapped[Instant]


class SolarShare(Base):
    """A home's share in an installation from a local date on; the newest row of a date holds."""

    __tablename__ = "solar_share"

    estate_id: Mapped[BigKey]
    solar_share_id: Mapped[NewKey]
    solar_installation_id: Mapped[Big]
    unit_id: Mapped[Big]
    from_on: Mapped[dt.date]
    share_micro: Mapped[Big]
    actor: Mapped[str]
    created_at: Mapped[Instant]


class SolarState(Base):
    """The first month of an estate that the next run looks at."""

    __tablename__ = "solar_state"

    estate_id: Mapped[BigKey]
    next_month: Mapped[dt.date]


class SolarCredit(Base):
    """What a home's credit of a month was and is now; the newest row says what is booked.

    ``seq`` is the entry that booked the difference. ``parts`` are what it is now made of: the fields of
    :class:`mita.solar.domain.CreditPart`.
    """

    __tablename__ = "solar_credit"

    estate_id: Mapped[BigKey]
    solar_credit_id: Mapped[NewKey]
    unit_id: Mapped[Big]
    month: Mapped[dt.date]
    account_id: Mapped[Big]
    seq: Mapped[int] = mapped_column(BigInteger)
    old_micro: Mapped[Big]
    new_micro: Mapped[Big]
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[Instant]
