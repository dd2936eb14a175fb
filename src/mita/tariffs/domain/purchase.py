"""How many units an amount of money buys, and the other way round."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from mita.kit.money import BIGINT_MAX, MICRO
from mita.kit.quantity import VALUE_MICRO_MAX

from .asked import NotPriced, TimesNeeded
from .bill_lines import BillLine, share_by_remainder
from .cents import CENT_MICRO
from .document import DEFAULT_REGISTER, VOLUME, tax_fraction
from .due import Item, fixed_item
from .periods import period_parts
from .running import PeriodTotals, TotalsState
from .slots import NOT_PRICED
from .taxed import Taxed, half_up

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from .document import RateTable

_WHOLE_PERCENT = 100 * MICRO


class BadPurchase(ValueError):
    """An amount, a quantity or a share of arrears that nothing can be bought with."""


class BuysWithoutEnd(ValueError):
    """The last units are free of charge, so no amount is the price of any number of them."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """What an amount buys: ``net_micro + tax_micro + arrears_micro + remainder_micro == amount_micro``.

    ``quantity_micro`` is in base units. ``net_micro`` contains the standing charges, ``fixed_micro`` without
    tax; ``unpaid_micro`` is what the amount did not cover of them, tax included. The tax is the tax contained
    in everything but arrears; ``remainder_micro`` is what the next unit, or step of units, costs more than.
    """

    amount_micro: int
    quantity_micro: int
    net_micro: int
    tax_micro: int
    arrears_micro: int
    fixed_micro: int
    unpaid_micro: int
    remainder_micro: int
    lines: tuple[BillLine, ...]


@dataclass(frozen=True, slots=True)
class _Offer:
    """A table as somebody meets it who has used ``already`` of the billing period."""

    table: RateTable
    state: TotalsState
    fixed: tuple[Item, ...]

    def cost(self, quantity_micro: int) -> Taxed:
        """Return what the next units cost."""
        return self.bought(quantity_micro).charged

    def bought(self, quantity_micro: int) -> PeriodTotals:
        """Return the totals that hold the next units."""
        totals = PeriodTotals(self.table, register=DEFAULT_REGISTER, state=self.state)
        totals.add(season="", letter="", quantity_micro=quantity_micro)
        return totals

    @property
    def fixed_gross_micro(self) -> int:
        """The standing charges with tax."""
        return sum(item.amount.gross_micro for item in self.fixed)

    def edges(self) -> list[int]:
        """Return the quantities after which all units change their price, ascending, from 0 to the most."""
        conversion = self.table.conversion
        factor = conversion.factor_micro if conversion else MICRO
        limits = {
            charge.allowance_micro + block.up_to_micro
            for charge in self.table.charges_of(DEFAULT_REGISTER)
            if charge.mode == VOLUME
            for block in charge.blocks(season="", letter="")
            if block.up_to_micro is not None
        }
        # the most that is not above the limit once it is converted and rounded half up
        ends = {(MICRO * limit + MICRO // 2 - 1) // factor - self.state.quantity_micro for limit in limits}
        return [0, *sorted(end for end in ends if 0 < end < VALUE_MICRO_MAX), VALUE_MICRO_MAX]


def units_for(
    table: RateTable,
    *,
    amount_micro: int,
    days: tuple[date, date] | None = None,
    arrears_percent_micro: int = 0,
    already_micro: int = 0,
    step_micro: int = 1,
    earlier: Sequence[RateTable] = (),
) -> Purchase:
    """Return what an amount buys: first the arrears' share, then standing charges, then units with their tax.

    ``days`` are the local dates [first, until) whose standing charges are due; None: none are. ``earlier``
    are the versions before the table, for the days on which they were in force.
    ``already_micro`` was used of the billing period before. Units are whole multiples of ``step_micro``.
    Where the amount does not cover the standing charges they take all of it. A minimum is not part of this.

    :raises BadPurchase: if the amount is not above zero, or a number is out of range
    :raises BuysWithoutEnd: if units are free of charge from somewhere on
    :raises TimesNeeded: if the price depends on the time of use, or on power
    :raises NotPriced: if the table has no charge on the import register, or not yet on these days
    """
    if not 0 < amount_micro <= BIGINT_MAX:
        raise BadPurchase("the amount must be above zero, and smaller than all money")
    if not 0 < step_micro <= VALUE_MICRO_MAX:
        raise BadPurchase("the step of units must be above zero")
    offer = _offer(table, days=days, already_micro=already_micro, earlier=earlier)
    arrears = _arrears(amount_micro, percent_micro=arrears_percent_micro)
    left = amount_micro - arrears - offer.fixed_gross_micro
    if left < 0:
        return _only_fixed(offer, amount_micro=amount_micro, arrears_micro=arrears)
    net_left = _without_tax(table, left)
    steps = _most_steps(offer, gross_micro=left, net_micro=net_left, step_micro=step_micro)
    totals = offer.bought(steps * step_micro)
    # nothing is sold, nothing is taxed
    tax = left - net_left if steps else 0
    fixed = sum(item.amount.net_micro for item in offer.fixed)
    return Purchase(
        amount_micro=amount_micro,
        quantity_micro=steps * step_micro,
        net_micro=totals.charged.net_micro + fixed,
        tax_micro=tax + sum(item.amount.tax_micro for item in offer.fixed),
        arrears_micro=arrears,
        fixed_micro=fixed,
        unpaid_micro=0,
        remainder_micro=left - tax - totals.charged.net_micro,
        lines=(*(item.line for item in offer.fixed), *totals.lines()),
    )


def amount_for(
    table: RateTable,
    *,
    quantity_micro: int,
    days: tuple[date, date] | None = None,
    arrears_percent_micro: int = 0,
    already_micro: int = 0,
    earlier: Sequence[RateTable] = (),
) -> int:
    """Return the smallest amount in whole cents, as micro, that buys at least a quantity.

    The arguments are those of :func:`units_for`, and so is what is raised.
    """
    if not 0 < quantity_micro <= VALUE_MICRO_MAX:
        raise BadPurchase("the quantity must be above zero, and smaller than any register")
    if arrears_percent_micro >= _WHOLE_PERCENT:
        raise BadPurchase("all of the amount goes to the arrears")
    offer = _offer(table, days=days, already_micro=already_micro, earlier=earlier)
    # with volume prices more units may cost less
    starts = [quantity_micro, *(end + 1 for end in offer.edges()[1:-1] if end >= quantity_micro)]
    cheapest = min(max(offer.cost(start).gross_micro, 0) for start in starts) + offer.fixed_gross_micro
    kept = _WHOLE_PERCENT - arrears_percent_micro
    cents = max(-(-cheapest * _WHOLE_PERCENT // (kept * CENT_MICRO)), 1)

    def is_enough(cents: int) -> bool:
        bought = units_for(
            table,
            amount_micro=cents * CENT_MICRO,
            days=days,
            arrears_percent_micro=arrears_percent_micro,
            already_micro=already_micro,
            earlier=earlier,
        )
        return bought.quantity_micro >= quantity_micro

    # the roundings of arrears and tax may be a cent's worth on either side
    while not is_enough(cents):
        cents += 1
    while cents > 1 and is_enough(cents - 1):
        cents -= 1
    return cents * CENT_MICRO


def _offer(
    table: RateTable,
    *,
    days: tuple[date, date] | None,
    already_micro: int,
    earlier: Sequence[RateTable],
) -> _Offer:
    if table.clocks or table.seasons:
        raise TimesNeeded("this table's price depends on the time of use: no amount buys a number of units")
    if table.demands:
        raise TimesNeeded("this table charges power: no amount buys a number of units")
    if not table.charges_of(DEFAULT_REGISTER):
        raise NotPriced(f'the table has no charge on the register "{DEFAULT_REGISTER}"', code=NOT_PRICED)
    if not 0 <= already_micro <= VALUE_MICRO_MAX:
        raise BadPurchase("what was used before must not be negative, nor larger than any register")
    used = PeriodTotals(table, register=DEFAULT_REGISTER)
    used.add(season="", letter="", quantity_micro=already_micro)
    versions = [*earlier, table]
    parts = period_parts(versions, first=days[0], until=days[1]) if days else ()
    fixed = tuple(
        fixed_item(versions[part.version], charge, part=part)
        for part in parts
        for charge in versions[part.version].fixed
    )
    return _Offer(table, used.state, fixed)


def _arrears(amount_micro: int, *, percent_micro: int) -> int:
    if not 0 <= percent_micro <= _WHOLE_PERCENT:
        raise BadPurchase("the arrears' share must be from 0 to 100 percent")
    return half_up(amount_micro * percent_micro, _WHOLE_PERCENT)


def _without_tax(table: RateTable, gross_micro: int) -> int:
    num, den = tax_fraction(table.tax_percent_micro)
    return half_up(gross_micro * den, den + num)


def _most_steps(offer: _Offer, *, gross_micro: int, net_micro: int, step_micro: int) -> int:
    def is_enough(steps: int) -> bool:
        cost = offer.cost(steps * step_micro)
        return cost.gross_micro <= gross_micro and cost.net_micro <= net_micro

    edges = [edge // step_micro for edge in offer.edges()]
    if is_enough(edges[-1]):
        raise BuysWithoutEnd("units cost nothing from somewhere on, or the amount is beyond any use")
    # between two edges the cost only rises, over one it may fall
    for low, high in reversed(list(pairwise(edges))):
        if low == high or not is_enough(low + 1):
            continue
        least, most = low + 1, high
        while least < most:
            middle = (least + most + 1) // 2
            least, most = (middle, most) if is_enough(middle) else (least, middle - 1)
        return least
    return 0


def _only_fixed(offer: _Offer, *, amount_micro: int, arrears_micro: int) -> Purchase:
    left = amount_micro - arrears_micro
    items = [item for item in offer.fixed if item.amount.gross_micro]
    whole = offer.fixed_gross_micro
    # each charge by its own tax
    net = half_up(left * sum(item.amount.net_micro for item in items), whole)
    nets = share_by_remainder([item.amount.net_micro * left for item in items], den=whole, total=net)
    taxes = share_by_remainder([item.amount.tax_micro * left for item in items], den=whole, total=left - net)
    return Purchase(
        amount_micro=amount_micro,
        quantity_micro=0,
        net_micro=net,
        tax_micro=left - net,
        arrears_micro=arrears_micro,
        fixed_micro=net,
        unpaid_micro=whole - left,
        remainder_micro=0,
        lines=tuple(
            replace(item.line, net_micro=of_net, tax_micro=of_tax)
            for item, of_net, of_tax in zip(items, nets, taxes, strict=True)
        ),
    )
