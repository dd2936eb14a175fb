"""The lines of a timed charge that has more than one price, as ``timed_charge`` keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mita.charging.models import TimedCharge
    from mita.tariffs.domain import BillLine

_NAMES = ("of_charge", "season", "letter", "block", "quantity_micro", "price_micro", "net_micro", "tax_micro")


def part_row(line: BillLine) -> dict[str, Any]:
    """Return what is kept of a line; the rest is that of its whole."""
    return {name: getattr(line, name) for name in _NAMES}


def part_lines(row: TimedCharge, *, whole: BillLine, sign: int) -> tuple[BillLine, ...]:
    """Return the lines that a timed charge was made of, or the whole; ``sign`` of -1 takes them back."""
    if row.parts is None:
        return (whole,)
    lines = (replace(whole, **part) for part in row.parts)
    return tuple(
        replace(
            line,
            quantity_micro=sign * line.quantity_micro,
            net_micro=sign * line.net_micro,
            tax_micro=sign * line.tax_micro,
        )
        for line in lines
    )
