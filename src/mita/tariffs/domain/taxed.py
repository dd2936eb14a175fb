"""An exact cost rounded once, and its tax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .document import tax_fraction

if TYPE_CHECKING:
    from .document import RateTable


@dataclass(frozen=True, slots=True)
class Taxed:
    """A cost in micro: as the prices are written, without tax, and the tax."""

    written_micro: int
    net_micro: int
    tax_micro: int

    @property
    def gross_micro(self) -> int:
        """Net and tax together."""
        return self.net_micro + self.tax_micro


def half_up(num: int, den: int) -> int:
    """Return ``num / den`` as a whole number, halves up; ``num`` is not negative."""
    return (2 * num + den) // (2 * den)


def taxed(table: RateTable, cost: int, *, den: int) -> Taxed:
    """Return the written cost of ``cost / den`` micro under a table's tax, each figure rounded by itself.

    With tax inside the prices, net is rounded and the tax is what is left of the rounded gross.
    """
    num, per = tax_fraction(table.tax_percent_micro)
    written = half_up(cost, den)
    if table.prices_include_tax:
        net = half_up(cost * per, den * (per + num))
        return Taxed(written, net, written - net)
    return Taxed(written, written, half_up(cost * num, den * per))
