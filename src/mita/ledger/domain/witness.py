"""What signed checkpoints say of entries, held against the entries that pass. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from .chain import genesis_hash
from .check import Break
from .checkpoint import LEAF, estate_origin, leaves_root, read_leaves, read_note
from .note import BadNote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from numpy.typing import NDArray

    from .note import VerifierKey

CHECKPOINTS = "checkpoints"
KEPT_WHOLE = timedelta(days=40)
_SEQ_BITS = 40
_SEQ_MAX = 2**_SEQ_BITS - 1
ABSENT, SAME, OTHER = 0, 1, 2
_NAMED_MAX = 10


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint as it was found: where, its note, and its leaves if they were there."""

    place: str
    note: str
    leaves: bytes | None


def shown(instant: datetime) -> str:
    """Return an instant as a sentence has it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def worth_checking(taken: Mapping[str, datetime], *, now: datetime) -> list[str]:
    """Return the names of the checkpoints that are read: the last 40 days, and each month's newest."""
    newest: dict[tuple[int, int], str] = {}
    by_time = sorted(taken, key=lambda name: taken[name])
    for name in by_time:
        newest[taken[name].year, taken[name].month] = name
    kept = set(newest.values())
    return [name for name in by_time if name in kept or taken[name] >= now - KEPT_WHOLE]


@dataclass(slots=True)
class Witnesses:
    """Statements "entry ``seq`` of this account has this hash, and this balance after it".

    ``verdict`` says of each whether the entry was absent, the same, or another one. Entries are shown in the
    order of account and seq.
    """

    account_id: NDArray[np.int64]
    seq: NDArray[np.int64]
    hash: NDArray[Any]  # void32
    balance_micro: NDArray[np.int64]
    verdict: NDArray[np.int8] = field(init=False)
    _order: NDArray[np.int64] = field(init=False)
    _sorted_account: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.verdict = np.full(len(self.account_id), ABSENT, dtype=np.int8)
        self._order = np.argsort(self.account_id, kind="stable")
        self._sorted_account = self.account_id[self._order]

    @classmethod
    def of(cls, leaves: Sequence[NDArray[Any]]) -> Witnesses:
        """Return what rows of :data:`LEAF` say."""
        rows = np.concatenate(leaves) if leaves else np.empty(0, dtype=LEAF)
        return cls(
            rows["account_id"].astype(np.int64),
            rows["head_seq"].astype(np.int64),
            rows["head_hash"],
            rows["posted_micro"].astype(np.int64),
        )

    def see(
        self,
        account_id: NDArray[np.int64],
        seq: NDArray[np.int64],
        balance_micro: NDArray[np.int64],
        hashes: NDArray[Any],
    ) -> None:
        """Compare some consecutive entries, sorted by account and seq."""
        first = np.searchsorted(self._sorted_account, account_id[0], side="left")
        last = np.searchsorted(self._sorted_account, account_id[-1], side="right")
        asked = self._order[first:last]
        if len(asked) == 0:
            return
        accounts, ranks = np.unique(account_id, return_inverse=True)
        # one whole number for the pair (account, seq), in the same order; a forged seq may be anything
        shown = (ranks << _SEQ_BITS) | (np.clip(seq, -1, _SEQ_MAX - 1) + 1)
        wanted_rank = np.searchsorted(accounts, self.account_id[asked])
        wanted_rank = np.minimum(wanted_rank, len(accounts) - 1)
        is_shown = accounts[wanted_rank] == self.account_id[asked]
        asked, wanted_rank = asked[is_shown], wanted_rank[is_shown]
        wanted = (wanted_rank << _SEQ_BITS) | (np.clip(self.seq[asked], -1, _SEQ_MAX - 1) + 1)
        at = np.minimum(np.searchsorted(shown, wanted), len(shown) - 1)
        is_there = (shown[at] == wanted) & (seq[at] == self.seq[asked])
        asked, at = asked[is_there], at[is_there]
        is_same = (hashes[at] == self.hash[asked]) & (balance_micro[at] == self.balance_micro[asked])
        self.verdict[asked] = np.where(is_same, SAME, OTHER)


@dataclass(frozen=True, slots=True)
class Checked:
    """A checkpoint whose signature and root are right: when it was taken, and its leaves as :data:`LEAF`.

    ``period`` is the month that was closed, if one was.
    """

    taken_at: datetime
    leaves: NDArray[Any]
    period: date | None = None


@dataclass(slots=True)
class SignedHeads:
    """Everything that the checkpoints of an estate say of its accounts.

    ``take`` each of them, let the ``witnesses`` see all entries, then ask for the ``breaks``.
    """

    estate_id: int
    keys: Sequence[VerifierKey]
    checked: list[Checked] = field(default_factory=list)
    _faults: list[Break] = field(default_factory=list)

    def is_whole(self, published: Published) -> bool:
        """Tell whether a checkpoint is signed by one of the keys and has the leaves that were signed."""
        return isinstance(self._read(published), Checked)

    def take(self, published: Published) -> None:
        """Add one checkpoint, or what is wrong with it."""
        read = self._read(published)
        if isinstance(read, Checked):
            self.checked.append(read)
        else:
            self._faults.append(Break(CHECKPOINTS, published.place, read))

    def _read(self, published: Published) -> Checked | str:
        """Return a checkpoint, or what is wrong with it."""
        try:
            summary = read_note(published.note, keys=self.keys)
            if published.leaves is None:
                return "its leaves are missing"
            root = leaves_root(published.leaves)
        except BadNote as error:
            return str(error)
        leaves = read_leaves(published.leaves)
        if len(leaves) != summary.size or root != summary.root:
            return "its leaves are not those that were signed"
        origins = {estate_origin(key.name, estate_id=self.estate_id) for key in self.keys}
        if summary.origin not in origins or (leaves["estate_id"] != self.estate_id).any():
            return f"it is one of {summary.origin}, not of this estate"
        return Checked(summary.taken_at, leaves, summary.period)

    def newest_close(self) -> Checked | None:
        """Return the checkpoint of the last month that was closed, if there is one."""
        closes = [each for each in self.checked if each.period is not None]
        return max(closes, key=lambda each: each.taken_at, default=None)

    def keep(self, account_ids: Sequence[int]) -> None:
        """Forget all leaves but those of some accounts."""
        self.checked = [
            Checked(each.taken_at, each.leaves[np.isin(each.leaves["account_id"], list(account_ids))])
            for each in self.checked
        ]

    def witnesses(self) -> Witnesses | None:
        """Return what all leaves say together, oldest checkpoint first; None if there is none."""
        self.checked.sort(key=lambda each: each.taken_at)
        if not self.checked:
            return None
        return Witnesses.of([each.leaves for each in self.checked])

    def breaks(
        self,
        witnesses: Witnesses | None,
        *,
        head_seqs: Mapping[int, int],
        archived_seqs: Mapping[int, int],
    ) -> list[Break]:
        """Return all that is wrong, oldest first.

        ``head_seqs`` are those of the accounts that there are, ``archived_seqs`` those of the newest entries
        that were archived.
        """
        found, start = list(self._faults), 0
        for each in self.checked:
            assert witnesses is not None, "checkpoints were taken"
            verdicts = witnesses.verdict[start : start + len(each.leaves)]
            start += len(each.leaves)
            verdicts = np.where(_is_archived(each.leaves, archived_seqs), SAME, verdicts)
            found += self._breaks_of(each, verdicts, head_seqs)
        return found

    def _breaks_of(
        self, checked: Checked, verdicts: NDArray[np.int8], head_seqs: Mapping[int, int]
    ) -> list[Break]:
        found = []
        for i in np.flatnonzero(verdicts != SAME).tolist():
            leaf = checked.leaves[i]
            account_id = int(leaf["account_id"])
            detail = self._detail(leaf, int(verdicts[i]), head_seqs.get(account_id))
            if detail is not None:
                found.append(
                    Break(CHECKPOINTS, f"account {account_id}", detail.format(when=shown(checked.taken_at)))
                )
            if len(found) == _NAMED_MAX:
                break
        return found

    def _detail(self, leaf: Any, verdict: int, head_seq: int | None) -> str | None:
        """Return what is wrong with an account against its leaf, or None for one that had no entries then."""
        seq = int(leaf["head_seq"])
        if head_seq is None:
            return f"the checkpoint of {{when}} has it with {seq} entries, and it is gone"
        if head_seq < seq:
            return (
                "the database is older than the checkpoint of {when}:"
                f" its head is at entry {head_seq}, then it was at {seq}"
            )
        if seq == 0:
            genesis = genesis_hash(estate_id=self.estate_id, account_id=int(leaf["account_id"]))
            if leaf["head_hash"].tobytes() == genesis and leaf["posted_micro"] == 0:
                return None
            return "the checkpoint of {when} has another beginning of it"
        if verdict == ABSENT:
            return f"entry {seq} was signed in the checkpoint of {{when}}, and it is gone"
        return f"entry {seq} is not the one that the checkpoint of {{when}} signed"


def _is_archived(leaves: NDArray[Any], archived_seqs: Mapping[int, int]) -> NDArray[np.bool_]:
    """Tell of which leaves the entry was archived; only the last of those is known here."""
    ends = np.array([archived_seqs.get(int(each), 0) for each in leaves["account_id"]], dtype=np.int64)
    return leaves["head_seq"].astype(np.int64) < ends
