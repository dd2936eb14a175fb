"""Tables of the ledger; no other feature may name them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, SmallInteger
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
