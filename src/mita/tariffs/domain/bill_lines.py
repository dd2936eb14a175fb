"""The lines of a bill, and how a rounded total is shared over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .document import RateTable

USAGE, FIXED, DEMAND, MINIMUM = "usage", "fixed", "demand", "minimum"
NETTING, SURPLUS, CARRIED_ON = "netting", "surplus", "carried"
FREE = 0  # the block of an allowance
_ELECTRIC = ("electricity", "solar")


@dataclass(frozen=True, slots=True)
class BillLine:
    """What one charge takes at one price; ``net_micro``, ``tax_micro`` are signed shares of rounded totals.

    ``kind`` is usage, fixed, demand, minimum, netting (usage taken back where export was taken off it, of the
    usage charge ``of_charge``), surplus (export beyond import, paid) or carried (kept for later).
    ``block`` counts from 1, FREE is the allowance, None where there are no blocks. ``quantity_micro`` is in
    ``unit``: after conversion for usage, days or months for what is due by time, kW or kVA for demand.
    ``days`` of ``whole_days`` say which part of a period counts; ``at_s`` is the UTC second at which the peak
    of a demand charge begins.
    """

    charge: str
    kind: str
    unit: str
    quantity_micro: int
    price_micro: int
    net_micro: int
    tax_micro: int
    register: str = ""
    season: str = ""
    letter: str = ""
    block: int | None = None
    days: int = 0
    whole_days: int = 0
    at_s: int | None = None
    of_charge: str = ""


def usage_unit(table: RateTable) -> str:
    """Return the unit that usage prices of a table are for: that of its conversion, else the base unit."""
    if table.conversion:
        return table.conversion.unit
    return base_unit_of(table.utility)


def base_unit_of(utility: str) -> str:
    """Return the base unit of a utility."""
    return "kWh" if utility in _ELECTRIC else "m3"


def share_by_remainder(exact: Sequence[int], *, den: int, total: int) -> list[int]:
    """Return whole numbers near ``exact / den`` that add up to ``total``: largest remainder, ties in order.

    ``total`` is the sum of ``exact / den`` rounded; what two roundings put it further off is the first one's.
    """
    if not exact:
        assert total == 0, "nobody can take a share of this"
        return []
    shares = [value // den for value in exact]
    missing = total - sum(shares)
    beyond = min(missing, 0) + max(missing - len(shares), 0)
    shares[0] += beyond
    by_remainder = sorted(range(len(shares)), key=lambda at: (-(exact[at] % den), at))
    for at in by_remainder[: missing - beyond]:
        shares[at] += 1
    return shares
