"""What a verifier checks of the stored entries: every link, every running balance. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .chain import PAYLOAD, genesis_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .witness import Witnesses

# an entry as it is stored: its payload as it is hashed, and the hash; event_at in microseconds, period in
# days since 1970
STORED = np.dtype([*PAYLOAD.descr, ("hash", "V32")])
_NAMED_MAX = 10


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
    ``openings`` holds the same of the entry before an account's first row, where that is not entry 1.
    ``witnesses`` are shown every entry that passes.
    """

    breaks: list[Break] = field(default_factory=list)
    entries: int = 0
    ends: dict[int, tuple[int, int, bytes]] = field(default_factory=dict)
    openings: Mapping[int, tuple[int, int, bytes]] = field(default_factory=dict)
    witnesses: Witnesses | None = None
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
        self._anchor(account, is_first, seq_before, balance_before)
        self._note(rows, seq != seq_before + 1, "seq does not follow the one before")
        self._note(
            rows, balance != balance_before + rows["amount_micro"], "balance_after is not the running sum"
        )
        self._note(rows, period < period_before, "the period goes back")
        hashes = rows["hash"].tobytes()
        broken = self._broken_links(rows, is_first, last[4])
        self._note(rows, broken, "the hash is not that of its contents")
        ends = np.flatnonzero(np.r_[account[1:] != account[:-1], True])
        for i in ends.tolist():
            self.ends[int(account[i])] = (int(seq[i]), int(balance[i]), hashes[32 * i : 32 * i + 32])
        self._last = (int(account[-1]), int(seq[-1]), int(balance[-1]), int(period[-1]), hashes[-32:])
        if self.witnesses is not None:
            self.witnesses.see(account, seq, balance, rows["hash"])

    def _anchor(
        self,
        account: NDArray[np.int64],
        is_first: NDArray[np.bool_],
        seq_before: NDArray[np.int64],
        balance_before: NDArray[np.int64],
    ) -> None:
        """Put what stood before into the first places of chains that begin later than at entry 1."""
        if not self.openings:
            return
        for i in np.flatnonzero(is_first).tolist():
            seq_before[i], balance_before[i], _ = self.openings.get(int(account[i]), (0, 0, b""))

    def _hash_before(self, *, estate_id: int, account_id: int) -> bytes:
        opening = self.openings.get(account_id)
        return genesis_hash(estate_id=estate_id, account_id=account_id) if opening is None else opening[2]

    def _broken_links(
        self, rows: NDArray[Any], is_first: NDArray[np.bool_], last_hash: bytes
    ) -> NDArray[np.bool_]:
        firsts = {
            i: self._hash_before(estate_id=int(rows["estate_id"][i]), account_id=int(rows["account_id"][i]))
            for i in np.flatnonzero(is_first).tolist()
        }
        body, sha256, width, stride = rows.tobytes(), hashlib.sha256, PAYLOAD.itemsize, STORED.itemsize
        broken = []
        before = last_hash
        for i, start in enumerate(range(0, len(body), stride)):
            before = firsts.get(i, before)
            end = start + width
            # each link is judged on its own: one altered entry is one broken place, not all after it
            stored = body[end : start + stride]
            if sha256(before + body[start:end]).digest() != stored:
                broken.append(i)
            before = stored
        found = np.zeros(len(rows), dtype=np.bool_)
        found[broken] = True
        return found

    def _note(self, rows: NDArray[Any], bad: NDArray[np.bool_], detail: str) -> None:
        for i in np.flatnonzero(bad)[:_NAMED_MAX].tolist():
            place = f"account {int(rows['account_id'][i])} entry {int(rows['seq'][i])}"
            self.breaks.append(Break("chain", place, detail))
