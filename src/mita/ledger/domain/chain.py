"""Hash version 1, running balances: how a journal takes its place in the chains. Pure."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from mita.kit.clock import from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from numpy.typing import NDArray

    from .kinds import JournalKind

HASH_V = 1

# fixed width, big endian, no padding: fields of one entry can never be read as fields of another
PAYLOAD = np.dtype(
    [
        ("hash_v", ">i2"),
        ("estate_id", ">i8"),
        ("account_id", ">i8"),
        ("seq", ">i8"),
        ("period", ">i4"),
        ("journal_id", "V16"),
        ("line", ">i4"),
        ("amount_micro", ">i8"),
        ("balance_after_micro", ">i8"),
        ("event_at", ">i8"),
        ("kind", ">i2"),
        ("source_kind", ">i2"),
        ("source_id", ">i8"),
        ("quantity_micro", ">i8"),
        ("digest", "V32"),
    ]
)


def genesis_hash(*, estate_id: int, account_id: int) -> bytes:
    """Return the hash that an account's first entry follows."""
    return hashlib.sha256(struct.pack(">qq", estate_id, account_id)).digest()


@dataclass(frozen=True, slots=True)
class JournalDraft:
    """A journal before it is written."""

    journal_id: UUID
    estate_id: int
    kind: JournalKind
    currency: str
    actor: str
    memo: str
    idempotency_key: str
    booked_at: datetime
    period: date

    def digest(self) -> bytes:
        """Return the 32 bytes that every entry's hash carries of its journal."""

        def text_hash(text: str) -> bytes:
            return hashlib.sha256(text.encode()).digest()

        return hashlib.sha256(
            struct.pack(">h", self.kind)
            + text_hash(self.actor)
            + text_hash(self.currency)
            + text_hash(self.memo)
            + struct.pack(">q", to_us(self.booked_at))
            + text_hash(self.idempotency_key)
        ).digest()


@dataclass(slots=True)
class Heads:
    """Balances and chain heads of some accounts of one estate, all arrays and lists in the same order.

    ``floor_micro`` is not here: consumption never asks it.
    """

    account_id: NDArray[np.int64]
    balance_micro: NDArray[np.int64]
    seq: NDArray[np.int64]
    booked_us: NDArray[np.int64]  # of the newest entry, microseconds since 1970
    period_day: NDArray[np.int64]  # of the newest entry, days since 1970
    accrued_micro: NDArray[np.int64]  # used and not yet posted; no part of the balance
    hash: list[bytes]


def no_heads() -> Heads:
    """Return the heads of no account."""
    empty = np.empty(0, dtype=np.int64)
    return Heads(empty, empty, empty, empty, empty, empty, [])


@dataclass(frozen=True, slots=True)
class Lines:
    """Entries of one journal before their place in the chains is known; arrays of equal length.

    ``account`` is an index into :class:`Heads`; lines of one account stand in the order of their chain.
    ``event_us`` is microseconds since 1970.
    """

    account: NDArray[np.int64]
    amount_micro: NDArray[np.int64]
    quantity_micro: NDArray[np.int64]
    event_us: NDArray[np.int64]
    kind: NDArray[np.int64]
    source_kind: NDArray[np.int64]
    source_id: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chained:
    """Entries ready to be written, in the order of :class:`Lines`, and the heads after them."""

    seq: NDArray[np.int64]
    balance_after_micro: NDArray[np.int64]
    hash: NDArray[Any]  # void32
    touched: NDArray[np.int64]  # indexes into Heads, ascending
    after: Heads  # of the touched accounts


class Unbalanced(ValueError):
    """Lines that do not sum to zero."""


def _segments(account: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the order that groups lines by account, each group's start in it, and each group's account."""
    order = np.argsort(account, kind="stable")
    grouped = account[order]
    starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]])
    return order, starts, grouped[starts]


def chain_entries(heads: Heads, lines: Lines, *, journal: JournalDraft) -> Chained:
    """Give every line its sequence number, balance after it and hash.

    :raises Unbalanced: if the amounts do not sum to zero
    """
    count = len(lines.account)
    assert count > 0, "a journal has lines"
    if int(lines.amount_micro.sum()) != 0:
        raise Unbalanced(f"journal {journal.journal_id} is off by {int(lines.amount_micro.sum())} micro")
    order, starts, touched = _segments(lines.account)
    lengths = np.diff(np.r_[starts, count])
    amounts = lines.amount_micro[order]
    total = np.cumsum(amounts)
    before = np.repeat(heads.balance_micro[touched] - (total[starts] - amounts[starts]), lengths)
    balance = total + before
    position = np.arange(count) - np.repeat(starts, lengths)
    seq = np.repeat(heads.seq[touched], lengths) + position + 1

    payload = np.empty(count, dtype=PAYLOAD)
    payload["hash_v"] = HASH_V
    payload["estate_id"] = journal.estate_id
    payload["account_id"] = heads.account_id[lines.account[order]]
    payload["seq"] = seq
    payload["period"] = period_days(journal.period)
    payload["journal_id"] = np.void(journal.journal_id.bytes)
    payload["line"] = order  # the line's number is its place in the journal
    payload["amount_micro"] = amounts
    payload["balance_after_micro"] = balance
    payload["event_at"] = lines.event_us[order]
    payload["kind"] = lines.kind[order]
    payload["source_kind"] = lines.source_kind[order]
    payload["source_id"] = lines.source_id[order]
    payload["quantity_micro"] = lines.quantity_micro[order]
    payload["digest"] = np.void(journal.digest())
    hashes, head_hashes = _hash_chains(
        payload.tobytes(), [heads.hash[i] for i in touched.tolist()], lengths.tolist()
    )

    inverse = np.empty(count, dtype=np.int64)
    inverse[order] = np.arange(count)
    ends = starts + lengths - 1
    booked_us = np.full(len(touched), to_us(journal.booked_at))
    period_day = np.full(len(touched), period_days(journal.period))
    after = Heads(
        account_id=heads.account_id[touched],
        balance_micro=balance[ends],
        seq=seq[ends],
        booked_us=booked_us,
        period_day=period_day,
        accrued_micro=heads.accrued_micro[touched],
        hash=head_hashes,
    )
    return Chained(seq[inverse], balance[inverse], hashes[inverse], touched, after)


def _hash_chains(
    payload: bytes, heads: Sequence[bytes], lengths: Sequence[int]
) -> tuple[NDArray[Any], list[bytes]]:
    """Hash consecutive payloads, one chain after the other; return all hashes and each chain's last."""
    sha256, width = hashlib.sha256, PAYLOAD.itemsize
    hashes: list[bytes] = []
    last: list[bytes] = []
    offset = 0
    for head, length in zip(heads, lengths, strict=True):
        link = head
        for _ in range(length):
            link = sha256(link + payload[offset : offset + width]).digest()
            offset += width
            hashes.append(link)
        last.append(link)
    return np.frombuffer(b"".join(hashes), dtype="V32"), last


def not_before(heads: Heads, lines: Lines, *, journal: JournalDraft) -> JournalDraft:
    """Return ``journal`` booked no earlier than its accounts were: along a chain no time and month go back.

    Two writers may look at the clock in one order and book in the other.
    """
    touched = np.unique(lines.account)
    booked_us = max(to_us(journal.booked_at), int(heads.booked_us[touched].max()))
    day = max(period_days(journal.period), int(heads.period_day[touched].max()))
    return replace(journal, booked_at=from_us(booked_us), period=date.fromordinal(day + _DAY_1970))


_DAY_1970 = 719_163


def period_days(period: date) -> int:
    """Return the period's first day as days since 1970."""
    return period.toordinal() - _DAY_1970
