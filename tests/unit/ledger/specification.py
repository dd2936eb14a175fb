"""Hash version 1 as the ledger's specification words it, with nothing of the product.

``hash = SHA-256(previous, payload)``; the payload has a fixed width and is big-endian: hash_v, estate,
account, seq, period as a day number, the journal's uuid, line, amount, balance_after, event_at in
microseconds, kind, source kind and id, quantity, and the digest of the journal (kind, actor, currency, memo,
booked_at, idempotency). An account's first entry follows SHA-256(estate, account).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID


def number(value: int, *, width: int) -> bytes:
    """A signed whole number."""
    return value.to_bytes(width, "big", signed=True)


def text(value: str) -> bytes:
    """A text of any length in 32 bytes."""
    return hashlib.sha256(value.encode("utf-8")).digest()


def microseconds(instant: datetime) -> bytes:
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return number((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds, width=8)


@dataclass(frozen=True)
class Journal:
    journal_id: str
    kind: int
    actor: str
    currency: str
    memo: str
    booked_at: datetime
    idempotency_key: str
    period: date

    def digest(self) -> bytes:
        return hashlib.sha256(
            number(self.kind, width=2)
            + text(self.actor)
            + text(self.currency)
            + text(self.memo)
            + microseconds(self.booked_at)
            + text(self.idempotency_key)
        ).digest()


@dataclass(frozen=True)
class Entry:
    estate: int
    account: int
    seq: int
    line: int
    amount: int
    balance_after: int
    event_at: datetime
    kind: int
    source_kind: int
    source: int
    quantity: int

    def hash(self, previous: bytes, *, journal: Journal) -> bytes:
        return hashlib.sha256(
            previous
            + number(1, width=2)
            + number(self.estate, width=8)
            + number(self.account, width=8)
            + number(self.seq, width=8)
            + number((journal.period - date(1970, 1, 1)).days, width=4)
            + UUID(journal.journal_id).bytes
            + number(self.line, width=4)
            + number(self.amount, width=8)
            + number(self.balance_after, width=8)
            + microseconds(self.event_at)
            + number(self.kind, width=2)
            + number(self.source_kind, width=2)
            + number(self.source, width=8)
            + number(self.quantity, width=8)
            + journal.digest()
        ).digest()


def genesis(*, estate: int, account: int) -> bytes:
    return hashlib.sha256(number(estate, width=8) + number(account, width=8)).digest()
