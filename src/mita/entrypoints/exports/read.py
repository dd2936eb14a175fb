"""An export is read again and checked from its files alone: no database, no settings."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from mita.entrypoints.exports.seal import UnreadableExport, read_seal
from mita.ledger.domain import Break, read_leaves
from mita.ledger.domain.export import COLUMNS, BadRow, ExportCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mita.ledger.domain import VerifierKey

_ROWS_A_PIECE = 20_000


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in an export. ``key`` is the one that its checkpoint had to be signed with."""

    estate_ids: list[int]
    accounts: int
    entries: int
    key: VerifierKey
    is_key_given: bool
    breaks: list[Break]


def check_export(
    path: Path, *, key: VerifierKey | None, progress: Callable[[int], None] | None = None
) -> Checked:
    """Re-derive everything that an export says: chains, identities, root, signature.

    Without ``key`` the signature is checked with the key that lies beside the export, which shows accidents
    but not a forger. ``progress`` is told how many rows are done.

    :raises UnreadableExport: if the file or the one beside it is no export
    """
    seal, own_key = read_seal(path)
    asked = key or own_key
    check = ExportCheck(seal.openings)
    torn: list[Break] = []
    try:
        for rows, lines in _pieces(path, torn):
            check.feed(rows, lines=lines)
            if progress is not None:
                progress(check.entries)
    except BadRow as error:
        raise UnreadableExport(f"{path} {error}") from error
    except OSError as error:
        raise UnreadableExport(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, ValueError) as error:
        if isinstance(error, UnreadableExport):
            raise
        raise UnreadableExport(f"{path}: it cannot be read: {error}") from error
    leaves = read_leaves(seal.leaves)
    return Checked(
        estate_ids=sorted({int(each) for each in leaves["estate_id"][:1]}),
        accounts=len(leaves),
        entries=check.entries,
        key=asked,
        is_key_given=key is not None,
        breaks=[*torn, *check.finish(seal, keys=[asked])],
    )


def _pieces(path: Path, torn: list[Break]) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
    """Yield the file's rows with their lines; a last row that was cut off goes to ``torn`` instead."""
    is_cut = _is_cut(path)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            if next(reader, None) != list(COLUMNS):
                raise UnreadableExport(f"{path} line 1: this is no ledger that Mita has exported as CSV")
            following = next(reader, None)
            while following is not None:
                before, rows = reader.line_num, [following]
                rows.extend(islice(reader, _ROWS_A_PIECE))
                lines = _lines(rows, before, reader.line_num)
                following = next(reader, None)
                if following is None and is_cut:
                    torn.append(_cut_at(lines[-1]))
                    rows, lines = rows[:-1], lines[:-1]
                yield rows, lines
        except csv.Error as error:
            if not is_cut:
                raise UnreadableExport(f"{path} line {reader.line_num}: {error}") from error
            torn.append(_cut_at(reader.line_num))


def _lines(rows: list[list[str]], first: int, last: int) -> Sequence[int]:
    """Return the line that each row ends on, the first of them on ``first``."""
    if last - first == len(rows) - 1:
        return range(first, last + 1)
    breaks = (sum(cell.count("\n") for cell in row) for row in rows[1:])
    return list(accumulate((1 + each for each in breaks), initial=first))


def _is_cut(path: Path) -> bool:
    """Tell whether a file ends in the middle of a line."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _cut_at(line: int) -> Break:
    return Break("chain", f"line {line}", "the file ends in the middle of a row")
