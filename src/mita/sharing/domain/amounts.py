"""What shared energy is worth to a member: grid energy saved, the solar price, the feed-in. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mita.tariffs.domain import ROLES, SUPPLY, WHOLE, PeriodTotals, build_slots, cut_into_parts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from mita.tariffs.domain import RateTable
    from mita.tariffs.domain.slots import SlotTable

    Whole = npt.NDArray[np.int64]

_, NETWORK, LEVY = ROLES
# what a change of a month moves beside the roles' incomes
ROOF, TAX = "roof", "tax"


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

    ``saved``, ``network`` and ``levy`` are what the grid would have cost more, by role; ``solar`` is the
    price of what was allocated, ``fed_in`` what is paid for the member's own surplus, ``incentive`` what is
    paid for the member's part of ``shared``, the energy that counts as shared and is given to nobody.
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
    network_net_micro: int = 0
    network_tax_micro: int = 0
    levy_net_micro: int = 0
    levy_tax_micro: int = 0
    shared_micro: int = 0
    incentive_net_micro: int = 0
    incentive_tax_micro: int = 0

    @property
    def numbers(self) -> list[int]:
        """The numbers as they are stored."""
        return list(astuple(self))

    @property
    def saved(self) -> dict[str, Money]:
        """What the grid costs less, by role, without nothing."""
        found = {
            SUPPLY: Money(self.saved_net_micro, self.saved_tax_micro),
            NETWORK: Money(self.network_net_micro, self.network_tax_micro),
            LEVY: Money(self.levy_net_micro, self.levy_tax_micro),
        }
        return {role: money for role, money in found.items() if money != Money()}

    @property
    def solar(self) -> Money:
        """The price of what was allocated."""
        return Money(self.solar_net_micro, self.solar_tax_micro)

    @property
    def fed_in(self) -> Money:
        """What is paid for the member's own surplus."""
        return Money(self.fed_in_net_micro, self.fed_in_tax_micro)

    @property
    def incentive(self) -> Money:
        """What is paid for the member's part of the shared energy."""
        return Money(self.incentive_net_micro, self.incentive_tax_micro)

    @property
    def worth_micro(self) -> int:
        """What the wallet gets for the month, tax included."""
        gained = sum(each.gross_micro for each in (*self.saved.values(), self.fed_in, self.incentive))
        return gained - self.solar.gross_micro

    def moves(self, before: MemberMonth) -> dict[str, int]:
        """Return what a change gives to the income of each role, to that of the roof, and to tax.

        The wallet gets what all together lose.
        """
        found = dict.fromkeys((*ROLES, ROOF, TAX), 0)
        for month, sign in ((self, 1), (before, -1)):
            for role, money in month.saved.items():
                found[role] -= sign * money.net_micro
            paid = (month.fed_in, month.incentive)
            found[ROOF] += sign * (month.solar.net_micro - sum(each.net_micro for each in paid))
            given = (*month.saved.values(), *paid)
            found[TAX] += sign * (month.solar.tax_micro - sum(each.tax_micro for each in given))
        assert sum(found.values()) == before.worth_micro - self.worth_micro, "nothing is lost on the way"
        return found


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
    totals = _Totals(versions, slots, register=register)
    for slot in sorted(by_slot):
        totals.add(slot, quantity_micro=by_slot[slot])
    charged = [each.charged for each in totals.by_period.values()]
    return Money(sum(each.net_micro for each in charged), sum(each.tax_micro for each in charged))


def interval_costs(
    versions: Sequence[RateTable], *, zone: ZoneInfo, register: str, edges: Whole, quantity_micro: Whole
) -> tuple[Whole, Whole]:
    """Return net and tax, int64[n] each, of what :func:`usage_cost` sums up, by interval."""
    net, tax = np.zeros(len(quantity_micro), dtype=np.int64), np.zeros(len(quantity_micro), dtype=np.int64)
    used = np.flatnonzero(quantity_micro)
    if not versions or not len(used):
        return net, tax
    start_s, end_s = edges[:-1][used], edges[1:][used]
    slots = build_slots(versions, zone=zone, register=register, start_s=int(start_s[0]), end_s=int(end_s[-1]))
    parts = cut_into_parts(slots, start_s=start_s, end_s=end_s, quantity_micro=quantity_micro[used])
    totals = _Totals(versions, slots, register=register)
    slot, quantity = parts.slot.tolist(), parts.quantity_micro.tolist()
    for interval, first, last in zip(used.tolist(), parts.first.tolist(), parts.last.tolist(), strict=True):
        for part in range(first, last + 1):
            more = totals.add(slot[part], quantity_micro=quantity[part])
            net[interval] += more[0]
            tax[interval] += more[1]
    return net, tax


class _Totals:
    """The totals of one register in each billing period of its slots."""

    def __init__(self, versions: Sequence[RateTable], slots: SlotTable, *, register: str) -> None:
        self.by_period: dict[int, PeriodTotals] = {}
        self._versions, self._slots, self._register = versions, slots, register

    def add(self, slot: int, *, quantity_micro: int) -> tuple[int, int]:
        """Add what lies in a slot; return the net and tax that it adds, nothing where no table is."""
        slots = self._slots
        period, row = int(slots.period[slot]), int(slots.row[slot])
        if row < 0:
            return 0, 0
        if period not in self.by_period:
            shrunk = int(slots.days[row]), int(slots.whole_days[row])
            self.by_period[period] = PeriodTotals(
                self._versions[int(slots.version[row])],
                register=self._register,
                limits=shrunk if shrunk[1] else WHOLE,
            )
        return self.by_period[period].add(
            season=slots.season[row], letter=slots.letter[row], quantity_micro=quantity_micro
        )
