"""Tables of the ledger; no other feature may name them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, SmallInteger
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Bytes, Instant, NewKey, UuidKey


class Account(Base):
    """One balance, one lock, one chain."""

    __tablename__ = "account"

    estate_id: Mapped[BigKey]
    account_id: Mapped[NewKey]
    code: Mapped[str]
    currency: Mapped[str] = mapped_column(CHAR(3))
    posted_micro: Mapped[Big]
    held_micro: Mapped[Big]
    floor_micro: Mapped[int | None] = mapped_column(BigInteger)
    head_seq: Mapped[Big]
    head_hash: Mapped[Bytes]
    head_booked_at: Mapped[Instant] = mapped_column(server_default="1970-01-01 00:00:00+00")
    accrued_micro: Mapped[Big] = mapped_column(server_default="0")
    head_period: Mapped[dt.date] = mapped_column(server_default="1970-01-01")


class Journal(Base):
    """Why and who; its entries sum to zero."""

    __tablename__ = "journal"

    estate_id: Mapped[BigKey]
    journal_id: Mapped[UuidKey]
    kind: Mapped[int] = mapped_column(SmallInteger)
    currency: Mapped[str] = mapped_column(CHAR(3))
    actor: Mapped[str]
    memo: Mapped[str]
    idempotency_key: Mapped[str]
    booked_at: Mapped[Instant]
    period: Mapped[dt.date]
    digest: Mapped[Bytes]


class Entry(Base):
    """One line on one account."""

    __tablename__ = "entry"

    estate_id: Mapped[BigKey]
    account_id: Mapped[BigKey]
    seq: Mapped[BigKey]
    amount_micro: Mapped[Big]
    balance_after_micro: Mapped[Big]
    quantity_micro: Mapped[Big]
    source_id: Mapped[Big]
    event_at: Mapped[Instant]
    journal_id: Mapped[UUID]
    period: Mapped[dt.date] = mapped_column(primary_key=True)
    line: Mapped[int]
    kind: Mapped[int] = mapped_column(SmallInteger)
    source_kind: Mapped[int] = mapped_column(SmallInteger)
    hash_v: Mapped[int] = mapped_column(SmallInteger)
    hash: Mapped[Bytes]


class Request(Base):
    """A request that was carried out once: its key, the hash of its body, its journal."""

    __tablename__ = "request"

    estate_id: Mapped[BigKey]
    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[Bytes]
    journal_id: Mapped[UUID]
    created_at: Mapped[Instant]


class LedgerRule(Base):
    """An estate's rules for its books."""

    __tablename__ = "ledger_rule"

    estate_id: Mapped[BigKey]
    adjustment_limit_micro: Mapped[Big]
    clearing_due_hours: Mapped[int]
    updated_at: Mapped[Instant]


class Period(Base):
    """A month that is closing (1) or locked (2); a month after the last of these is open."""

    __tablename__ = "period"

    estate_id: Mapped[BigKey]
    period: Mapped[dt.date] = mapped_column(primary_key=True)
    state: Mapped[int] = mapped_column(SmallInteger)
    closed_by: Mapped[str]
    closing_at: Mapped[Instant]
    locked_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    entries: Mapped[int | None] = mapped_column(BigInteger)
    turnover_micro: Mapped[int | None] = mapped_column(BigInteger)


class AccountOpening(Base):
    """An account at the start of a period: its balance and where its chain stood."""

    __tablename__ = "account_opening"

    estate_id: Mapped[BigKey]
    period: Mapped[dt.date] = mapped_column(primary_key=True)
    account_id: Mapped[BigKey]
    opening_micro: Mapped[Big]
    seq: Mapped[Big]
    hash: Mapped[Bytes]


class Hold(Base):
    """Money authorised and not yet posted."""

    __tablename__ = "hold"

    estate_id: Mapped[BigKey]
    hold_id: Mapped[UuidKey]
    account_id: Mapped[Big]
    amount_micro: Mapped[Big]
    purpose: Mapped[str]
    actor: Mapped[str]
    key: Mapped[str]
    body_hash: Mapped[Bytes]
    placed_at: Mapped[Instant]
    expires_at: Mapped[Instant]


class HoldResolution(Base):
    """How a hold ended; its key lets it end once."""

    __tablename__ = "hold_resolution"

    estate_id: Mapped[BigKey]
    hold_id: Mapped[UuidKey]
    outcome: Mapped[str]
    taken_micro: Mapped[Big]
    journal_id: Mapped[UUID | None]
    actor: Mapped[str]
    resolved_at: Mapped[Instant]


class Reversal(Base):
    """That an entry was reversed; its key lets that happen once."""

    __tablename__ = "reversal"

    estate_id: Mapped[BigKey]
    account_id: Mapped[BigKey]
    seq: Mapped[BigKey]
    journal_id: Mapped[UUID]
    reason: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[Instant]


class Adjustment(Base):
    """A change of a balance that staff asks for."""

    __tablename__ = "adjustment"

    estate_id: Mapped[BigKey]
    adjustment_id: Mapped[UuidKey]
    account_id: Mapped[Big]
    amount_micro: Mapped[Big]
    reason: Mapped[str]
    limit_micro: Mapped[Big]
    asked_by: Mapped[str]
    asked_at: Mapped[Instant]
    key: Mapped[str]
    body_hash: Mapped[Bytes]


class AdjustmentDecision(Base):
    """What was decided of an adjustment, once."""

    __tablename__ = "adjustment_decision"

    estate_id: Mapped[BigKey]
    adjustment_id: Mapped[UuidKey]
    is_approved: Mapped[bool]
    journal_id: Mapped[UUID | None]
    decided_by: Mapped[str]
    decided_at: Mapped[Instant]


class Checkpoint(Base):
    """A signed checkpoint as it was published; ``leaves`` are 72 bytes an account."""

    __tablename__ = "checkpoint"

    estate_id: Mapped[BigKey]
    checkpoint_id: Mapped[UuidKey]
    kind: Mapped[str]
    period: Mapped[dt.date | None]
    size: Mapped[Big]
    root: Mapped[Bytes]
    note: Mapped[str]
    leaves: Mapped[Bytes] = mapped_column(deferred=True)
    taken_at: Mapped[Instant]
