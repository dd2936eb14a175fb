"""How many units an amount of money buys, and the other way round."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Unpack

from mita.kit.money import BIGINT_MAX
from mita.kit.quantity import VALUE_MICRO_MAX

from .bill_lines import BillLine, share_by_remainder
from .cents import CENT_MICRO
from .offer import WHOLE_PERCENT, BadPurchase, Offer, Terms
from .taxed import half_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .document import RateTable


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


def units_for(table: RateTable, *, amount_micro: int, **terms: Unpack[Terms]) -> Purchase:
    """Return what an amount buys: first the arrears' share, then standing charges, then units with their tax.

    Where the amount does not cover the standing charges they take all of it. A minimum is not part of this.

    :raises BadPurchase: if the amount is not above zero, or a number is out of range
    :raises BuysWithoutEnd: if units are free of charge from somewhere on
    :raises TimesNeeded: if the price depends on the time of use, or on power
    :raises NotPriced: if the table has no charge on the import register, or not yet on these days
    """
    if not 0 < amount_micro <= BIGINT_MAX:
        raise BadPurchase("the amount must be above zero, and smaller than all money")
    offer = Offer.of(table, terms=terms)
    return _sold(offer, amount_micro=amount_micro, steps=_most_steps(offer, amount_micro=amount_micro))


def purchase_of(
    table: RateTable, *, quantity_micro: int, coin_micro: int = CENT_MICRO, **terms: Unpack[Terms]
) -> Purchase:
    """Return the purchase of at least a quantity for the smallest amount in whole coins: cents, or others.

    It is of the quantity, rounded up to a whole step; of more only where prices by volume make that cheaper.
    The other arguments are those of :func:`units_for`, and so is what is raised.
    """
    if not 0 < quantity_micro <= VALUE_MICRO_MAX:
        raise BadPurchase("the quantity must be above zero, and smaller than any register")
    if not 0 < coin_micro <= BIGINT_MAX:
        raise BadPurchase("the smallest coin must be above zero, and smaller than all money")
    offer = Offer.of(table, terms=terms)
    if offer.percent_micro >= WHOLE_PERCENT and offer.arrears_micro is None:
        raise BadPurchase("all of the amount goes to the arrears")
    fewest = -(-quantity_micro // offer.step_micro)
    # with volume prices more units may cost less
    starts = [fewest, *(end + 1 for end in offer.edges()[1:-1] if end >= fewest)]
    low, high = 0, BIGINT_MAX // coin_micro
    if _first_enough(offer, starts, amount_micro=high * coin_micro) is None:
        raise BadPurchase("no amount of money is enough for so many units")
    while high - low > 1:
        middle = (low + high) // 2
        if _first_enough(offer, starts, amount_micro=middle * coin_micro) is None:
            low = middle
        else:
            high = middle
    amount = high * coin_micro
    steps = _first_enough(offer, starts, amount_micro=amount)
    assert steps is not None, "the search ends where it is enough"
    _most_steps(offer, amount_micro=amount)
    return _sold(offer, amount_micro=amount, steps=steps)


def amount_for(
    table: RateTable, *, quantity_micro: int, coin_micro: int = CENT_MICRO, **terms: Unpack[Terms]
) -> int:
    """Return the smallest amount in whole coins, as micro, that buys at least a quantity.

    The arguments are those of :func:`purchase_of`, and so is what is raised.
    """
    bought = purchase_of(table, quantity_micro=quantity_micro, coin_micro=coin_micro, **terms)
    return bought.amount_micro


def _left(offer: Offer, *, amount_micro: int) -> int:
    """Return what arrears and standing charges leave of an amount; below zero is not enough for them."""
    return amount_micro - offer.arrears_of(amount_micro) - offer.fixed_gross_micro


def _is_enough(offer: Offer, steps: int, *, gross_micro: int, net_micro: int) -> bool:
    cost = offer.cost(steps)
    return cost is not None and cost.gross_micro <= gross_micro and cost.net_micro <= net_micro


def _first_enough(offer: Offer, starts: Sequence[int], *, amount_micro: int) -> int | None:
    """Return the first of some numbers of steps that an amount buys."""
    left = _left(offer, amount_micro=amount_micro)
    if left < 0 or not amount_micro:
        return None
    net = offer.without_tax(left)
    return next((at for at in starts if _is_enough(offer, at, gross_micro=left, net_micro=net)), None)


def _most_steps(offer: Offer, *, amount_micro: int) -> int:
    """Return the most steps that an amount buys.

    :raises BuysWithoutEnd: if there is no end to them
    """
    left = _left(offer, amount_micro=amount_micro)
    if left < 0:
        return 0
    net = offer.without_tax(left)

    def is_enough(steps: int) -> bool:
        return _is_enough(offer, steps, gross_micro=left, net_micro=net)

    edges = offer.edges()
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


def _sold(offer: Offer, *, amount_micro: int, steps: int) -> Purchase:
    """Return the purchase of so many steps for an amount that is enough for them."""
    arrears = offer.arrears_of(amount_micro)
    left = amount_micro - arrears - offer.fixed_gross_micro
    if left < 0:
        return _only_fixed(offer, amount_micro=amount_micro, arrears_micro=arrears)
    totals = offer.bought(steps)
    # nothing is sold, nothing is taxed
    tax = left - offer.without_tax(left) if steps else 0
    fixed = sum(item.amount.net_micro for item in offer.fixed)
    return Purchase(
        amount_micro=amount_micro,
        quantity_micro=steps * offer.step_micro,
        net_micro=totals.charged.net_micro + fixed,
        tax_micro=tax + sum(item.amount.tax_micro for item in offer.fixed),
        arrears_micro=arrears,
        fixed_micro=fixed,
        unpaid_micro=0,
        remainder_micro=left - tax - totals.charged.net_micro,
        lines=(*(item.line for item in offer.fixed), *totals.lines()),
    )


def _only_fixed(offer: Offer, *, amount_micro: int, arrears_micro: int) -> Purchase:
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
