"""Tables of sharing."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Instant, NewKey


class SharingGroup(Base):
    """A community that shares generation. The next run settles from ``settle_from`` on.

    ``settled_mark`` says what the newest run knew: while it stays the same there is nothing to settle.
    """

    __tablename__ = "sharing_group"

    estate_id: Mapped[BigKey]
    sharing_group_id: Mapped[NewKey]
    name: Mapped[str]
    country: Mapped[str | None]
    rule: Mapped[str]
    kind: Mapped[str]
    is_own_surplus: Mapped[bool]
    keys: Mapped[str]
    interval_minutes: Mapped[int]
    first_on: Mapped[dt.date]
    settle_from: Mapped[dt.date]
    settled_until: Mapped[dt.date]
    settled_mark: Mapped[bytes | None]
    actor: Mapped[str]
    created_at: Mapped[Instant]


class SharingPrice(Base):
    """The prices of a group from a local date on; the newest row of a date holds."""

    __tablename__ = "sharing_price"

    estate_id: Mapped[BigKey]
    sharing_price_id: Mapped[NewKey]
    sharing_group_id: Mapped[Big]
    from_on: Mapped[dt.date]
    rate_table_id: Mapped[int | None] = mapped_column(BigInteger)
    surplus_rate_table_id: Mapped[int | None] = mapped_column(BigInteger)
    incentive_rate_table_id: Mapped[int | None] = mapped_column(BigInteger)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    actor: Mapped[str]
    created_at: Mapped[Instant]


class SharingSource(Base):
    """A register whose rise is generation of a group, for [from_on, until_on) in local dates."""

    __tablename__ = "sharing_source"

    estate_id: Mapped[BigKey]
    sharing_source_id: Mapped[NewKey]
    sharing_group_id: Mapped[Big]
    register_id: Mapped[Big]
    from_on: Mapped[dt.date]
    until_on: Mapped[dt.date | None]
    actor: Mapped[str]
    created_at: Mapped[Instant]


class SharingMember(Base):
    """A unit in a group, with the register of its consumption, its key and its place in the order."""

    __tablename__ = "sharing_member"

    estate_id: Mapped[BigKey]
    sharing_member_id: Mapped[NewKey]
    sharing_group_id: Mapped[Big]
    unit_id: Mapped[Big]
    register_id: Mapped[Big]
    key_micro: Mapped[Big]
    place: Mapped[int]
    from_on: Mapped[dt.date]
    until_on: Mapped[dt.date | None]
    actor: Mapped[str]
    created_at: Mapped[Instant]


class SharingKey(Base):
    """A member's key of one interval."""

    __tablename__ = "sharing_key"

    estate_id: Mapped[BigKey]
    sharing_key_id: Mapped[NewKey]
    sharing_group_id: Mapped[Big]
    starts_at: Mapped[Instant]
    unit_id: Mapped[Big]
    key_micro: Mapped[Big]
    actor: Mapped[str]
    created_at: Mapped[Instant]


class SharedDay(Base):
    """The sums of a settled local date; the newest row of a date holds."""

    __tablename__ = "shared_day"

    estate_id: Mapped[BigKey]
    shared_day_id: Mapped[NewKey]
    sharing_group_id: Mapped[Big]
    day: Mapped[dt.date]
    generation_micro: Mapped[Big]
    allocated_micro: Mapped[Big]
    surplus_micro: Mapped[Big]
    shared_micro: Mapped[Big]
    created_at: Mapped[Instant]


class SharedMonth(Base):
    """What a member's month was and is now, settled until a local date; the newest row says what is booked.

    The numbers are those of :class:`mita.sharing.domain.MemberMonth`; ``seq`` is the entry of the difference.
    """

    __tablename__ = "shared_month"

    estate_id: Mapped[BigKey]
    shared_month_id: Mapped[NewKey]
    sharing_group_id: Mapped[Big]
    unit_id: Mapped[Big]
    month: Mapped[dt.date]
    until_on: Mapped[dt.date]
    account_id: Mapped[Big]
    seq: Mapped[int | None] = mapped_column(BigInteger)
    old_micro: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    new_micro: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    created_at: Mapped[Instant]
