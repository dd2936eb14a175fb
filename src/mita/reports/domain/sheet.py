"""Rows of a CSV file that a spreadsheet opens and never runs. Pure."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# what makes a spreadsheet take a text for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def sheet_text(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a file with a header line; what somebody else wrote goes through :func:`name_cell`."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows([columns, *rows])
    return written.getvalue()


def name_cell(text: str) -> str:
    """Return what somebody wrote as a cell that is no formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
