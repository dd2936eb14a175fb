"""The general ledger as a CSV file, and what a reader re-derives from the file alone. Pure.

One row per entry with every hashed field, account after account in the order of ``seq``; beside the file a
signed checkpoint of the same instant.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from .chain import genesis_hash, period_days
from .check import STORED, Break, ChainCheck
from .checkpoint import estate_origin, leaves_root, read_leaves, read_note
from .kinds import EntryKind, JournalKind, SourceKind
from .note import BadNote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from enum import IntEnum

    from numpy.typing import NDArray

    from .note import VerifierKey

FORMAT = "mita ledger export 1"
COLUMNS = (
    "estate_id",
    "account_id",
    "account_code",
    "account_name",
    "seq",
    "period",
    "journal_id",
    "line",
    "journal_kind",
    "currency",
    "actor",
    "memo",
    "idempotency_key",
    "booked_at_us",
    "entry_kind",
    "amount_micro",
    "balance_after_micro",
    "quantity_micro",
    "event_at_us",
    "source_kind",
    "source_id",
    "hash_v",
    "hash",
)
_PLACE = {name: place for place, name in enumerate(COLUMNS)}
_WHOLE = (
    "estate_id",
    "account_id",
    "seq",
    "line",
    "amount_micro",
    "balance_after_micro",
    "quantity_micro",
    "source_id",
    "hash_v",
)
_JOURNAL = ("journal_kind", "currency", "actor", "memo", "idempotency_key", "booked_at_us")
_TEXTS = ("actor", "memo", "idempotency_key")
# what a spreadsheet takes for the start of a formula; the apostrophe itself, so that reading is exact
FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20'"
_NAMED_MAX = 10


class BadRow(ValueError):
    """A row that cannot be one of an export; ``line`` counts from 1."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(f"line {line}: {detail}")
        self.line = line


def safe_text(text: str) -> str:
    """Return ``text`` as a cell that no spreadsheet runs: an apostrophe before what starts like a formula."""
    return f"'{text}" if text[:1] and text[0] in FORMULA_STARTS else text


def exact_text(cell: str) -> str:
    """Return the text that :func:`safe_text` made a cell of."""
    return cell.removeprefix("'")


def kind_words(kinds: type[IntEnum]) -> dict[str, int]:
    """Return the numbers of a closed list by their words in the file."""
    return {kind.name.lower(): int(kind) for kind in kinds}


_WORDS = {
    "journal_kind": kind_words(JournalKind),
    "entry_kind": kind_words(EntryKind),
    "source_kind": kind_words(SourceKind),
}


# the kind of a journal is hashed in the width of an entry's
_LIMITS = {name: np.iinfo(STORED[name]) for name in _WHOLE} | {
    "journal_kind": np.iinfo(STORED["kind"]),
    "entry_kind": np.iinfo(STORED["kind"]),
    "source_kind": np.iinfo(STORED["source_kind"]),
    "event_at_us": np.iinfo(STORED["event_at"]),
    "booked_at_us": np.iinfo(np.int64),
    "period": np.iinfo(STORED["period"]),
}


def _number(column: str, cell: str) -> int:
    """Return the number that a cell stands for; a kind that has no word stands as its number."""
    if column == "period":
        day = date.fromisoformat(cell)
        if day.isoformat() != cell:
            raise ValueError(f"a date is written as {day.isoformat()}")
        return period_days(day)
    found = _WORDS.get(column, {}).get(cell)
    return int(cell) if found is None else found


def _numbers(column: str, cells: Sequence[str]) -> NDArray[np.int64]:
    """Return the numbers of a column that has few different ones."""
    known = {cell: _number(column, cell) for cell in set(cells)}
    return np.array([known[cell] for cell in cells], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a chain stood before the first entry of a file: place, balance in micro-money, hash."""

    seq: int
    balance_micro: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class ExportSeal:
    """What lies beside an export: a signed checkpoint of the same instant.

    ``leaves`` are the bytes of all accounts' leaves; ``openings`` by account, for chains that go back further
    than the file.
    """

    note: str
    leaves: bytes
    openings: Mapping[int, Opening]


@dataclass(slots=True)
class ExportCheck:
    """Walks the rows of an export in their order: chains as they come, everything else at the end."""

    openings: Mapping[int, Opening] = field(default_factory=dict)
    _chains: ChainCheck = field(init=False)
    _estates: set[int] = field(default_factory=set)
    _accounts: list[int] = field(default_factory=list)  # in the order of the file
    _sums: dict[str, int] = field(default_factory=dict)
    _journals: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _digests: dict[tuple[str, ...], bytes] = field(default_factory=dict)
    _ids: dict[str, bytes] = field(default_factory=dict)
    _torn: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Anchor the chains."""
        self._chains = ChainCheck(
            openings={
                account_id: (opening.seq, opening.balance_micro, opening.hash)
                for account_id, opening in self.openings.items()
            }
        )

    @property
    def entries(self) -> int:
        """How many rows were checked."""
        return self._chains.entries

    def feed(self, rows: Sequence[Sequence[str]], *, lines: Sequence[int]) -> None:
        """Check some consecutive rows, each of which stands on one of ``lines`` of the file.

        :raises BadRow: if a cell is not what its column holds
        """
        if not rows:
            return
        try:
            stored = self._stored(rows)
        except (ValueError, OverflowError, struct.error) as error:
            bad = list(_bad_rows(rows, lines))
            assert bad, "what cannot be stored has a cell that is none"
            raise bad[0] from error
        account = stored["account_id"]
        starts = np.flatnonzero(np.r_[True, account[1:] != account[:-1]])
        groups = [int(each) for each in account[starts]]
        if self._accounts and groups[0] == self._accounts[-1]:
            groups = groups[1:]
        self._accounts += groups
        self._estates |= {int(each) for each in np.unique(stored["estate_id"])}
        self._chains.feed(stored)

    def _stored(self, rows: Sequence[Sequence[str]]) -> Any:
        columns = list(zip(*rows, strict=True))
        if len(columns) != len(COLUMNS):
            raise ValueError("another number of columns")
        cells = {name: columns[place] for name, place in _PLACE.items()}
        stored = np.zeros(len(rows), dtype=STORED)
        for name in _WHOLE:
            _store(stored, name, np.fromiter(map(int, cells[name]), dtype=np.int64, count=len(rows)))
        stored["event_at"] = np.fromiter(map(int, cells["event_at_us"]), dtype=np.int64, count=len(rows))
        for name, column in (("period", "period"), ("kind", "entry_kind"), ("source_kind", "source_kind")):
            _store(stored, name, _numbers(column, cells[column]))
        hashes = b"".join(map(bytes.fromhex, cells["hash"]))
        if len(hashes) != len(rows) * STORED["hash"].itemsize:
            raise ValueError("a hash has 32 bytes")
        stored["hash"] = np.frombuffer(hashes, dtype="V32")
        ids, digests = self._journals_of(cells)
        stored["journal_id"] = np.frombuffer(ids, dtype="V16")
        stored["digest"] = np.frombuffer(digests, dtype="V32")
        return stored

    def _journals_of(self, cells: Mapping[str, Sequence[str]]) -> tuple[bytes, bytes]:
        """Return the ids and digests of the rows' journals, and note their sums and contradictions."""
        ids, digests = [], []
        said = zip(*(cells[name] for name in _JOURNAL), strict=True)
        for journal, of_journal, amount in zip(cells["journal_id"], said, cells["amount_micro"], strict=True):
            known = self._journals.get(journal)
            if known is None:
                self._journals[journal] = known = of_journal
                self._ids[journal] = UUID(journal).bytes
                self._sums[journal] = 0
            if known != of_journal:
                self._torn.append(journal)
            digest = self._digests.get(of_journal)
            if digest is None:
                digest = self._digests[of_journal] = _digest(dict(zip(_JOURNAL, of_journal, strict=True)))
            self._sums[journal] += int(amount)
            ids.append(self._ids[journal])
            digests.append(digest)
        return b"".join(ids), b"".join(digests)

    def finish(self, seal: ExportSeal, *, keys: Iterable[VerifierKey]) -> list[Break]:
        """Return everything that is broken: chains, identities, and what the signed checkpoint says.

        ``keys`` are those one of which must have signed the checkpoint.
        """
        return [*self._chains.breaks, *self._identities(seal), *self._against(seal, keys=keys)]

    def _identities(self, seal: ExportSeal) -> list[Break]:
        found = [
            Break(
                "identities", f"account {account}", "its rows do not stand together, in the order of accounts"
            )
            for before, account in zip(self._accounts, self._accounts[1:], strict=False)
            if account <= before
        ]
        found += [
            Break("identities", f"journal {journal}", "its rows do not say the same of it")
            for journal in dict.fromkeys(self._torn)
        ]
        found += [
            Break("identities", f"journal {journal}", f"its entries sum to {total} instead of zero")
            for journal, total in self._sums.items()
            if total != 0
        ]
        posted = sum(read_leaves(seal.leaves)["posted_micro"].tolist())
        if posted != 0:
            found.append(Break("identities", "accounts", f"their balances sum to {posted} instead of zero"))
        return found[:_NAMED_MAX]

    def _against(self, seal: ExportSeal, *, keys: Iterable[VerifierKey]) -> list[Break]:
        leaves = read_leaves(seal.leaves)
        estates = self._estates | {int(each) for each in np.unique(leaves["estate_id"])}
        found = _note_breaks(seal, estates=estates, keys=keys)
        ends = dict(self._chains.ends)
        for leaf in leaves:
            account_id = int(leaf["account_id"])
            end = ends.pop(account_id, None) or self._untouched(int(leaf["estate_id"]), account_id)
            said = (int(leaf["head_seq"]), int(leaf["posted_micro"]), leaf["head_hash"].tobytes())
            if end != said:
                found.append(Break("checkpoints", f"account {account_id}", _difference(end, said)))
        found += [
            Break("checkpoints", f"account {account_id}", "it has rows and is not in the checkpoint")
            for account_id in ends
        ]
        return found[:_NAMED_MAX]

    def _untouched(self, estate_id: int, account_id: int) -> tuple[int, int, bytes]:
        opening = self.openings.get(account_id)
        if opening is None:
            return 0, 0, genesis_hash(estate_id=estate_id, account_id=account_id)
        return opening.seq, opening.balance_micro, opening.hash


def _difference(end: tuple[int, int, bytes], said: tuple[int, int, bytes]) -> str:
    if end[0] != said[0]:
        return f"its last row is entry {end[0]}, the checkpoint has entry {said[0]}"
    if end[1] != said[1]:
        return f"its balance is {end[1]}, the checkpoint has {said[1]}"
    return f"the hash of entry {end[0]} is not that of the checkpoint"


def _note_breaks(seal: ExportSeal, *, estates: set[int], keys: Iterable[VerifierKey]) -> list[Break]:
    def off(detail: str) -> Break:
        return Break("checkpoints", "checkpoint", detail)

    keys = list(keys)
    try:
        summary = read_note(seal.note, keys=keys)
        root = leaves_root(seal.leaves)
    except BadNote as error:
        return [off(str(error))]
    found = []
    if root != summary.root or len(read_leaves(seal.leaves)) != summary.size:
        found.append(off("the root over its leaves is not the root that was signed"))
    origins = {estate_origin(key.name, estate_id=estate) for key in keys for estate in estates}
    if len(estates) > 1 or (origins and summary.origin not in origins):
        found.append(off(f"it is of {summary.origin}, the file is of estate {sorted(estates)}"))
    return found


def _store(stored: NDArray[Any], name: str, values: NDArray[np.int64]) -> None:
    """Put numbers into a column; numpy itself would cut off what is too large for its width."""
    limits = np.iinfo(stored.dtype[name])
    if values.min() < limits.min or values.max() > limits.max:
        raise OverflowError(f"{name} is too large")
    stored[name] = values


def _bad_rows(rows: Sequence[Sequence[str]], lines: Sequence[int]) -> Iterator[BadRow]:
    """Yield what is wrong with the rows, by line and column."""
    for line, row in zip(lines, rows, strict=True):
        if len(row) != len(COLUMNS):
            yield BadRow(line, f"{len(row)} columns instead of {len(COLUMNS)}")
            continue
        for name, cell in zip(COLUMNS, row, strict=True):
            if not _is_cell(name, cell):
                yield BadRow(line, f"{name} cannot be {cell[:60]!r}")


def _is_cell(column: str, cell: str) -> bool:
    """Tell whether a cell is what its column holds."""
    try:
        if column == "hash":
            return len(bytes.fromhex(cell)) == STORED["hash"].itemsize
        if column in _LIMITS:
            return int(_LIMITS[column].min) <= _number(column, cell) <= int(_LIMITS[column].max)
        if column == "journal_id":
            UUID(cell)
        cell.encode()
    except ValueError:
        return False
    return True


def _digest(said: Mapping[str, str]) -> bytes:
    """Return a journal's digest from the cells of one of its rows: the bytes of ``JournalDraft.digest``."""

    def text_hash(text: str) -> bytes:
        return hashlib.sha256(text.encode()).digest()

    texts = {name: text_hash(exact_text(said[name])) for name in _TEXTS}
    return hashlib.sha256(
        struct.pack(">h", _number("journal_kind", said["journal_kind"]))
        + texts["actor"]
        + text_hash(said["currency"])
        + texts["memo"]
        + struct.pack(">q", int(said["booked_at_us"]))
        + texts["idempotency_key"]
    ).digest()
