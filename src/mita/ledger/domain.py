"""The ledger's rules: hash version 1, running balances, the closed lists of kinds. Pure."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from mita.kit.clock import to_us

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from numpy.typing import NDArray

HASH_V = 1


class JournalKind(IntEnum):
    """Why money moved. Numbers are hashed: never reuse or renumber."""

    CHARGE = 1
    TOP_UP = 2


class EntryKind(IntEnum):
    """What a line is. Numbers are hashed: never reuse or renumber."""

    CHARGE = 1
    CORRECTION = 2
    INCOME = 3
    TAX = 4
    TOP_UP = 5
    CLEARING = 6


class SourceKind(IntEnum):
    """What ``source_id`` names. Numbers are hashed: never reuse or renumber."""

    NONE = 0
    REGISTER = 1  # with event_at it names one reading


# fixed width, big endian, no padding: fields of one entry can never be read as fields of another
_PAYLOAD = np.dtype(
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
    hash: list[bytes]


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

    payload = np.empty(count, dtype=_PAYLOAD)
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
    after = Heads(heads.account_id[touched], balance[ends], seq[ends], head_hashes)
    return Chained(seq[inverse], balance[inverse], hashes[inverse], touched, after)


def _hash_chains(
    payload: bytes, heads: Sequence[bytes], lengths: Sequence[int]
) -> tuple[NDArray[Any], list[bytes]]:
    """Hash consecutive payloads, one chain after the other; return all hashes and each chain's last."""
    sha256, width = hashlib.sha256, _PAYLOAD.itemsize
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


def period_days(period: date) -> int:
    """Return the period's first day as days since 1970."""
    return period.toordinal() - 719_163


# one row of the verifier's COPY: field count, then each field with its length before it
STORED_FIELDS = (
    ("estate_id", "i8"),
    ("account_id", "i8"),
    ("seq", "i8"),
    ("period", "i4"),
    ("journal_id", "V16"),
    ("line", "i4"),
    ("amount_micro", "i8"),
    ("balance_after_micro", "i8"),
    ("event_at", "i8"),
    ("kind", "i2"),
    ("source_kind", "i2"),
    ("source_id", "i8"),
    ("quantity_micro", "i8"),
    ("hash_v", "i2"),
    ("digest", "V32"),
    ("hash", "V32"),
)
STORED = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for name, kind in STORED_FIELDS
        for part in ((f"length_{name}", ">i4"), (name, kind if kind.startswith("V") else f">{kind}"))
    ]
)


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the ledger is not what it should be; ``verifier`` names who found it."""

    verifier: str
    place: str
    detail: str


@dataclass(slots=True)
class ChainCheck:
    """Walks the stored entries of an estate, ordered by account and seq, and re-derives every link.

    Feed it :data:`STORED` rows piece by piece; ``ends`` holds each account's last (seq, balance, hash).
    """

    breaks: list[Break] = field(default_factory=list)
    entries: int = 0
    ends: dict[int, tuple[int, int, bytes]] = field(default_factory=dict)
    _last: tuple[int, int, int, int, bytes] | None = None  # account, seq, balance, period, hash

    def feed(self, rows: NDArray[Any]) -> None:
        """Check some consecutive rows."""
        if len(rows) == 0:
            return
        self.entries += len(rows)
        account = rows["account_id"].astype(np.int64)
        is_first = np.r_[self._last is None or int(account[0]) != self._last[0], account[1:] != account[:-1]]
        last = self._last or (0, 0, 0, -(2**31), b"")
        seq = rows["seq"].astype(np.int64)
        balance = rows["balance_after_micro"].astype(np.int64)
        period = rows["period"].astype(np.int64)
        seq_before = np.where(is_first, 0, np.r_[last[1], seq[:-1]])
        balance_before = np.where(is_first, 0, np.r_[last[2], balance[:-1]])
        period_before = np.where(is_first, -(2**31), np.r_[last[3], period[:-1]])
        self._note(rows, seq != seq_before + 1, "seq does not follow the one before")
        self._note(
            rows, balance != balance_before + rows["amount_micro"], "balance_after is not the running sum"
        )
        self._note(rows, period < period_before, "the period goes back")
        hashes = rows["hash"].tobytes()
        self._note(
            rows, self._broken_links(rows, is_first, last[4], hashes), "the hash is not that of its contents"
        )
        ends = np.flatnonzero(np.r_[account[1:] != account[:-1], True])
        for i in ends.tolist():
            self.ends[int(account[i])] = (int(seq[i]), int(balance[i]), hashes[32 * i : 32 * i + 32])
        self._last = (int(account[-1]), int(seq[-1]), int(balance[-1]), int(period[-1]), hashes[-32:])

    def _broken_links(
        self, rows: NDArray[Any], is_first: NDArray[np.bool_], last_hash: bytes, hashes: bytes
    ) -> NDArray[np.bool_]:
        payload = np.empty(len(rows), dtype=_PAYLOAD)
        for name in _PAYLOAD.names or ():
            payload[name] = rows[name]
        body, width, sha256 = payload.tobytes(), _PAYLOAD.itemsize, hashlib.sha256
        broken = np.zeros(len(rows), dtype=np.bool_)
        firsts = {
            i: genesis_hash(estate_id=int(rows["estate_id"][i]), account_id=int(rows["account_id"][i]))
            for i in np.flatnonzero(is_first).tolist()
        }
        before = last_hash
        for i in range(len(rows)):
            before = firsts.get(i, before)
            stored = hashes[32 * i : 32 * i + 32]
            if sha256(before + body[width * i : width * i + width]).digest() != stored:
                broken[i] = True
            # each link is judged on its own: one altered entry is one broken place, not all after it
            before = stored
        return broken

    def _note(self, rows: NDArray[Any], bad: NDArray[np.bool_], detail: str) -> None:
        for i in np.flatnonzero(bad)[:10].tolist():
            place = f"account {int(rows['account_id'][i])} entry {int(rows['seq'][i])}"
            self.breaks.append(Break("chain", place, detail))
