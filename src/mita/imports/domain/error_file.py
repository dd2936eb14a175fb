"""Files that are given back: the rows that failed with their reasons, and templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.kit.sheets import sheet_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mita.imports.domain.kinds import Kind

# what an error file has beside the columns of the file; an import passes over it
ROW, REASON = "error_row", "error_reason"
ADDED_COLUMNS = (ROW, REASON)
_BOM = "\ufeff"


def error_file(columns: Sequence[str], rows: Iterable[tuple[int, Sequence[str], Sequence[str]]]) -> str:
    """Return rows (number, cells, reasons) as CSV: their own columns, then row and reasons.

    Mended, the file can be imported as it is.
    """
    kept = [place for place, name in enumerate(columns) if name not in ADDED_COLUMNS]
    lines = [[columns[place] for place in kept] + list(ADDED_COLUMNS)]
    for number, cells, reasons in rows:
        own = [cells[place] if place < len(cells) else "" for place in kept]
        lines.append([*own, str(number), "; ".join(reasons)])
    return _csv(lines)


def template_file(kind: Kind) -> str:
    """Return the header of a kind's file and a row that is right."""
    return _csv([[each.name for each in kind.columns], [each.example for each in kind.columns]])


def _csv(rows: Iterable[Sequence[str]]) -> str:
    # with the mark, spreadsheets read UTF-8 for what it is
    return _BOM + sheet_text(rows)
