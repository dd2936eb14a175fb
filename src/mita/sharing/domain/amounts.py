"""What shared energy is worth to a member: grid energy saved, the solar price, the feed-in. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mita.tariffs.domain import WHOLE, PeriodTotals, build_slots, cut_into_parts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from mita.tariffs.domain import RateTable

    Whole = npt.NDArray[np.int64]


class Money(NamedTuple):
    """Micro-money without tax, and the tax on it."""

    net_micro: int = 0
    tax_micro: int = 0

    @property
    def gross_micro(self) -> int:
        """Both together."""
        return self.net_micro + self.tax_micro

    def less(self, other: Money) -> Money:
        """Return the difference."""
        return Money(self.net_micro - other.net_micro, self.tax_micro - other.tax_micro)


@dataclass(frozen=True, slots=True)
class MemberMonth:
    """A member's month to date: quantities, and what is worth what; the order is that of the stored numbers.

    ``saved`` is what the grid would have cost more, ``solar`` the price of what was allocated, ``fed_in``
    what is paid for the member's own surplus.
    """

    consumption_micro: int = 0
    allocated_micro: int = 0
    surplus_micro: int = 0
    saved_net_micro: int = 0
    saved_tax_micro: int = 0
    solar_net_micro: int = 0
    solar_tax_micro: int = 0
    fed_in_net_micro: int = 0
    fed_in_tax_micro: int = 0

    @property
    def numbers(self) -> list[int]:
        """The numbers as they are stored."""
        return list(astuple(self))

    def moves(self, before: MemberMonth) -> tuple[int, int, int]:
        """Return what a change gives to the income of the utility, to that of solar, and to tax.

        The wallet gets what the three together lose.
        """
        now, then = self, before
        utility = -(now.saved_net_micro - then.saved_net_micro)
        solar = now.solar_net_micro - then.solar_net_micro - (now.fed_in_net_micro - then.fed_in_net_micro)
        tax = (now.solar_tax_micro - now.saved_tax_micro - now.fed_in_tax_micro) - (
            then.solar_tax_micro - then.saved_tax_micro - then.fed_in_tax_micro
        )
        return utility, solar, tax


NOTHING = MemberMonth()


def usage_cost(
    versions: Sequence[RateTable], *, zone: ZoneInfo, register: str, edges: Whole, quantity_micro: Whole
) -> Money:
    """Return what consumption int64[n] between n+1 edges costs by usage charges; a credit is below zero.

    Blocks count by billing period from the first edge on. What no table prices costs nothing.
    """
    used = np.flatnonzero(quantity_micro)
    if not versions or not len(used):
        return Money()
    start_s, end_s = edges[:-1][used], edges[1:][used]
    slots = build_slots(versions, zone=zone, register=register, start_s=int(start_s[0]), end_s=int(end_s[-1]))
    parts = cut_into_parts(slots, start_s=start_s, end_s=end_s, quantity_micro=quantity_micro[used])
    by_slot: dict[int, int] = defaultdict(int)
    for slot, quantity in zip(parts.slot.tolist(), parts.quantity_micro.tolist(), strict=True):
        by_slot[slot] += quantity
    totals: dict[int, PeriodTotals] = {}
    for slot in sorted(by_slot):
        period, row = int(slots.period[slot]), int(slots.row[slot])
        if row < 0:
            continue
        if period not in totals:
            table = versions[int(slots.version[row])]
            shrunk = int(slots.days[row]), int(slots.whole_days[row])
            totals[period] = PeriodTotals(table, register=register, limits=shrunk if shrunk[1] else WHOLE)
        totals[period].add(season=slots.season[row], letter=slots.letter[row], quantity_micro=by_slot[slot])
    charged = [each.charged for each in totals.values()]
    return Money(sum(each.net_micro for each in charged), sum(each.tax_micro for each in charged))
