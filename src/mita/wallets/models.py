"""Tables of wallets."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import TEXT, BigInteger, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Bytes, Instant, InstantKey, Json, NewKey, UuidKey


class Wallet(Base):
    """A unit's wallet."""

    __tablename__ = "wallet"

    estate_id: Mapped[BigKey]
    wallet_id: Mapped[NewKey]
    unit_id: Mapped[Big]
    created_at: Mapped[Instant]


class WalletAccount(Base):
    """A wallet's account for one utility, with the lines of its balance; its general account has none."""

    __tablename__ = "wallet_account"

    estate_id: Mapped[BigKey]
    account_id: Mapped[BigKey]
    wallet_id: Mapped[Big]
    utility: Mapped[str]
    low_line_micro: Mapped[int | None] = mapped_column(BigInteger)
    cut_line_micro: Mapped[int | None] = mapped_column(BigInteger)
    restore_line_micro: Mapped[int | None] = mapped_column(BigInteger)
    standing: Mapped[int] = mapped_column(SmallInteger)


class AllocationRule(Base):
    """How an estate spreads a top-up over a wallet's accounts, and how much covers a utility that lacks."""

    __tablename__ = "allocation_rule"

    estate_id: Mapped[BigKey]
    kind: Mapped[str]
    shares: Mapped[Json]
    residents_may_choose: Mapped[bool]
    cover_micro: Mapped[Big]
    updated_at: Mapped[Instant]


class WalletAllocation(Base):
    """How a resident wants top-ups spread, where the estate lets residents choose."""

    __tablename__ = "wallet_allocation"

    estate_id: Mapped[BigKey]
    wallet_id: Mapped[BigKey]
    kind: Mapped[str]
    shares: Mapped[Json]
    chosen_by: Mapped[str]
    updated_at: Mapped[Instant]


class Promotion(Base):
    """Promotional credit that was granted to a wallet's account."""

    __tablename__ = "promotion"

    estate_id: Mapped[BigKey]
    promotion_id: Mapped[UuidKey]
    account_id: Mapped[Big]
    wallet_id: Mapped[Big]
    amount_micro: Mapped[Big]
    granted_seq: Mapped[Big]
    expires_at: Mapped[Instant]
    reason: Mapped[str]
    actor: Mapped[str]
    granted_at: Mapped[Instant]
    key: Mapped[str]


class PromotionEnd(Base):
    """How much of a promotion was spent and how much expired; its key lets it end once."""

    __tablename__ = "promotion_end"

    estate_id: Mapped[BigKey]
    promotion_id: Mapped[UuidKey]
    spent_micro: Mapped[Big]
    expired_micro: Mapped[Big]
    ended_seq: Mapped[Big]
    journal_id: Mapped[UUID | None]
    ended_at: Mapped[Instant]


class EmergencyRule(Base):
    """How much emergency credit an estate gives, and who may draw it."""

    __tablename__ = "emergency_rule"

    estate_id: Mapped[BigKey]
    is_on: Mapped[bool]
    amount_micro: Mapped[Big]
    who: Mapped[str]
    updated_at: Mapped[Instant]


class DebtPlan(Base):
    """The part of each top-up that pays back a wallet's debt."""

    __tablename__ = "debt_plan"

    estate_id: Mapped[BigKey]
    plan_id: Mapped[UuidKey]
    wallet_id: Mapped[Big]
    percent_of_top_ups: Mapped[int]
    set_by: Mapped[str]
    set_at: Mapped[Instant]
    ended_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class BalanceTarget(Base):
    """The total below which a wallet asks for a top-up, and the total that it asks for."""

    __tablename__ = "balance_target"

    estate_id: Mapped[BigKey]
    wallet_id: Mapped[BigKey]
    minimum_micro: Mapped[Big]
    target_micro: Mapped[Big]
    is_on: Mapped[bool]
    updated_at: Mapped[Instant]


class TopUpRequest(Base):
    """That a wallet asks for a top-up."""

    __tablename__ = "top_up_request"

    estate_id: Mapped[BigKey]
    request_id: Mapped[UuidKey]
    wallet_id: Mapped[Big]
    amount_micro: Mapped[Big]
    state: Mapped[str]
    asked_at: Mapped[Instant]
    ended_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class AccessGrant(Base):
    """What one person may do with one wallet, and which alerts about it are routed to them."""

    __tablename__ = "access_grant"

    estate_id: Mapped[BigKey]
    grant_id: Mapped[UuidKey]
    wallet_id: Mapped[Big]
    person_id: Mapped[Big]
    rights: Mapped[str]
    top_up_limit_micro: Mapped[int | None] = mapped_column(BigInteger)
    hears: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    granted_by: Mapped[str]
    granted_at: Mapped[Instant]
    revoked_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    revoked_by: Mapped[str | None]
    sees_from: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    sees_after: Mapped[Json] = mapped_column(server_default="{}")


class AccessEvent(Base):
    """The audit trail of access: what changed, who changed it, what it was and became."""

    __tablename__ = "access_event"

    estate_id: Mapped[BigKey]
    access_event_id: Mapped[UuidKey]
    wallet_id: Mapped[Big]
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str]
    actor: Mapped[str]
    old: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    new: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[Instant]


class Invitation(Base):
    """An access grant that waits for its person; of the code only the hash is kept."""

    __tablename__ = "invitation"

    estate_id: Mapped[BigKey]
    invitation_id: Mapped[UuidKey]
    wallet_id: Mapped[Big]
    rights: Mapped[str]
    top_up_limit_micro: Mapped[int | None] = mapped_column(BigInteger)
    email: Mapped[str]
    code_hash: Mapped[Bytes]
    invited_by: Mapped[str]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    accepted_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    accepted_by: Mapped[int | None] = mapped_column(BigInteger)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class WalletGroup(Base):
    """Wallets that one person pays for, with an account of its own."""

    __tablename__ = "wallet_group"

    estate_id: Mapped[BigKey]
    group_id: Mapped[NewKey]
    name: Mapped[str]
    owner_person_id: Mapped[int | None] = mapped_column(BigInteger)
    account_id: Mapped[Big]
    created_at: Mapped[Instant]


class GroupMember(Base):
    """A wallet's stay in a group."""

    __tablename__ = "group_member"

    estate_id: Mapped[BigKey]
    group_id: Mapped[BigKey]
    wallet_id: Mapped[BigKey]
    joined_at: Mapped[InstantKey]
    left_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    sees_after: Mapped[Json] = mapped_column(server_default="{}")


class DistributionRule(Base):
    """A group's standing order to keep its wallets filled."""

    __tablename__ = "distribution_rule"

    estate_id: Mapped[BigKey]
    group_id: Mapped[BigKey]
    is_on: Mapped[bool]
    threshold_micro: Mapped[Big]
    target_micro: Mapped[Big]
    updated_at: Mapped[Instant]


class SpendLimit(Base):
    """What a wallet may spend in a local day and month, and whether reaching that cuts its supplies."""

    __tablename__ = "spend_limit"

    estate_id: Mapped[BigKey]
    wallet_id: Mapped[BigKey]
    daily_micro: Mapped[int | None] = mapped_column(BigInteger)
    monthly_micro: Mapped[int | None] = mapped_column(BigInteger)
    is_cutting: Mapped[bool]
    set_by: Mapped[str]
    updated_at: Mapped[Instant]


class SpendDay(Base):
    """What a wallet with a limit spent on a local day, and what was told of it."""

    __tablename__ = "spend_day"

    estate_id: Mapped[BigKey]
    wallet_id: Mapped[BigKey]
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    spent_micro: Mapped[Big]
    told: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
