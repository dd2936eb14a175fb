"""Rows as a CSV file that a spreadsheet opens and never runs. Pure."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# what makes a spreadsheet take a text for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_GUARD = "'"
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def safe_cell(cell: str) -> str:
    """Return a cell that no spreadsheet carries out: what looks like a formula gets an apostrophe.

    A plain decimal number stays as it is, also below zero.
    """
    if _NUMBER.fullmatch(cell):
        return cell
    return _GUARD + cell if cell.startswith(_FORMULA) or _is_guarded(cell) else cell


def plain_cell(cell: str) -> str:
    """Return what a cell says, without spaces around it and without the apostrophe of :func:`safe_cell`."""
    said = cell.strip()
    return said[1:].strip() if _is_guarded(said) else said


def _is_guarded(cell: str) -> bool:
    # an apostrophe before a formula would be taken for ours
    return cell.startswith(_GUARD) and cell.lstrip(_GUARD).startswith(_FORMULA)


def sheet_text(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as the lines of a CSV file (RFC 4180); every cell goes through :func:`safe_cell`."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    return written.getvalue()
