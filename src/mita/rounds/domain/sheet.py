"""A round as a file that a spreadsheet opens and never runs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.kit import sheets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROUND_COLUMNS = (
    "unit",
    "door",
    "meter_id",
    "meter",
    "utility",
    "register",
    "base_unit",
    "last_value",
    "last_taken_at",
    "expected_low",
    "expected_high",
    "is_done",
)


def sheet_text(rows: Iterable[Sequence[str]]) -> str:
    """Return a file of :data:`ROUND_COLUMNS` with a header line; no cell is a formula."""
    return sheets.sheet_text([ROUND_COLUMNS, *rows])
