"""A comparison as rows of a CSV file that a spreadsheet opens and never runs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.kit.money import format_micro
from mita.kit.sheets import sheet_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mita.charging.domain.comparison import UnitComparison

COLUMNS = (
    *("unit_id", "unit", "from", "currency"),
    *("old", "new", "difference", "unchanged", "outcome", "reason"),
)


def header_line() -> str:
    """Return the first line of the file."""
    return sheet_text([COLUMNS])


def comparison_lines(rows: Iterable[UnitComparison], *, currency: str) -> str:
    """Return the lines of units."""
    return sheet_text(_cells(row, currency=currency) for row in rows)


def _cells(row: UnitComparison, *, currency: str) -> tuple[str, ...]:
    first = "" if row.first is None else row.first.isoformat()
    if row.reason:
        return str(row.unit_id), row.name, first, currency, *[""] * 4, "not compared", row.reason
    change = row.difference_micro
    outcome = "gains" if change < 0 else "loses" if change > 0 else "same"
    sides = (row.old_gross_micro, row.new_gross_micro, change, row.unchanged_gross_micro)
    amounts = (format_micro(each) for each in sides)
    return str(row.unit_id), row.name, first, currency, *amounts, outcome, ""
