"""Files that are given back: the rows that failed with their reasons, and templates."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mita.imports.domain.kinds import Kind

# what an error file has beside the columns of the file; an import passes over it
ROW, REASON = "error_row", "error_reason"
ADDED_COLUMNS = (ROW, REASON)
# a spreadsheet takes a cell that begins so for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_GUARD = "'"
_BOM = "\ufeff"


def safe_cell(cell: str) -> str:
    """Return a cell that no spreadsheet carries out: what looks like a formula gets an apostrophe."""
    # an apostrophe before a formula would be taken for ours
    is_guarded = cell.startswith(_GUARD) and cell.lstrip(_GUARD).startswith(_FORMULA)
    return _GUARD + cell if cell.startswith(_FORMULA) or is_guarded else cell


def plain_cell(cell: str) -> str:
    """Return what a cell says, without spaces around it and without the apostrophe of :func:`safe_cell`."""
    said = cell.strip()
    is_guarded = said.startswith(_GUARD) and said.lstrip(_GUARD).startswith(_FORMULA)
    return said[1:].strip() if is_guarded else said


def error_file(columns: Sequence[str], rows: Iterable[tuple[int, Sequence[str], Sequence[str]]]) -> str:
    """Return rows (number, cells, reasons) as CSV: their own columns, then row and reasons.

    Mended, the file can be imported as it is.
    """
    kept = [place for place, name in enumerate(columns) if name not in ADDED_COLUMNS]
    lines = [[columns[place] for place in kept] + list(ADDED_COLUMNS)]
    for number, cells, reasons in rows:
        own = [safe_cell(cells[place]) if place < len(cells) else "" for place in kept]
        lines.append([*own, str(number), safe_cell("; ".join(reasons))])
    return _csv(lines)


def template_file(kind: Kind) -> str:
    """Return the header of a kind's file and a row that is right."""
    return _csv([[each.name for each in kind.columns], [safe_cell(each.example) for each in kind.columns]])


def _csv(lines: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    # with the mark, spreadsheets read UTF-8 for what it is
    return _BOM + text.getvalue()
