"""The price of consumption, exact and vectorised: many registers and intervals in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mita.kit.money import MICRO

from .parts import Parts, cut_into_parts
from .prices import OPEN_MICRO, NeedsTallies

if TYPE_CHECKING:
    import numpy.typing as npt

    from .slots import SlotTable

# arrays of int64, or of Python int where int64 might not be enough
Ints = Any

INT64_SAFE = 2**62


class ChargeTooLarge(OverflowError):
    """A cost or a quantity that does not fit a 64-bit number of millionths."""


class BadIntervals(ValueError):
    """Intervals that are empty, negative, out of order, or outside the slots."""


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The running totals of a billing period after a reading; int64 arrays of equal length.

    ``quantity_micro`` counts base units, also where prices are for another unit. The exact cost before
    rounding and before any sign is ``cost_micro + cost_rest / 1_000_000`` micro,
    0 <= ``cost_rest`` < 1_000_000.
    """

    quantity_micro: npt.NDArray[np.int64]
    cost_micro: npt.NDArray[np.int64]
    cost_rest: npt.NDArray[np.int64]

    @classmethod
    def zero(cls, count: int) -> Runs:
        """Return the totals at the start of a period, ``count`` times."""
        return cls(*(np.zeros(count, dtype=np.int64) for _ in range(3)))


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """The charges of n intervals: ``net_micro`` and ``tax_micro`` int64[n], positive: the customer pays.

    ``unpriced`` int64[n] is 0, or NO_TABLE or NOT_PRICED if any part of the interval has no price: such an
    interval costs nothing and leaves the totals as they were. ``runs`` are the totals after each interval,
    of the billing period of its last second.
    """

    net_micro: npt.NDArray[np.int64]
    tax_micro: npt.NDArray[np.int64]
    runs: Runs
    unpriced: npt.NDArray[np.int64]


def rate(
    slots: SlotTable,
    *,
    chain: npt.NDArray[np.int64],
    start_s: npt.NDArray[np.int64],
    end_s: npt.NDArray[np.int64],
    quantity_micro: npt.NDArray[np.int64],
    opening: Runs,
    opening_at_s: npt.NDArray[np.int64],
) -> Rated:
    """Return the charges of intervals [start, end) in UTC seconds, int64[n] throughout.

    ``chain`` says which register an interval belongs to: equal values adjacent, its intervals in time order.
    ``opening`` and ``opening_at_s`` are read at the first interval of each chain: the totals after the
    reading at that second, which belong to the billing period of the second before it and end with it.

    :raises BadIntervals: if intervals are empty, negative, out of order or outside ``slots``
    :raises NeedsTallies: if an interval lies in a slot that has no price by running quantity
    :raises ChargeTooLarge: if a total does not fit int64
    """
    if not len(chain):
        return Rated(net_micro=_none(), tax_micro=_none(), runs=Runs.zero(0), unpriced=_none())
    new_chain = np.concatenate(([True], chain[1:] != chain[:-1]))
    _check(slots, new_chain=new_chain, start_s=start_s, end_s=end_s, quantity_micro=quantity_micro)
    parts = cut_into_parts(slots, start_s=start_s, end_s=end_s, quantity_micro=quantity_micro)
    check_rows(slots, row=slots.row[parts.slot])
    unpriced = _unpriced(slots, parts)
    if len(slots.price) == 0:
        nothing = np.zeros(len(chain), dtype=np.int64)
        return Rated(
            net_micro=nothing, tax_micro=nothing.copy(), runs=Runs.zero(len(chain)), unpriced=unpriced
        )
    stretches = _stretches(slots, parts, new_chain=new_chain)
    base = _base(slots, stretches, opening=opening, opening_at_s=opening_at_s)
    quantity: Ints = parts.quantity_micro
    if unpriced.any():
        quantity = np.where(unpriced[parts.interval] != 0, 0, quantity)
    if not _fits(slots, quantity=quantity, base=base):
        quantity = quantity.astype(object)
        base = Runs(*(each.astype(object) for each in (base.quantity_micro, base.cost_micro, base.cost_rest)))
    after = _totals(slots, stretches, quantity=quantity, base=base)
    net, tax = _charges(slots, stretches, base=base, after=after)
    last = parts.last
    return Rated(
        net_micro=to_int64(_sum_by_interval(net, parts)),
        tax_micro=to_int64(_sum_by_interval(tax, parts)),
        runs=Runs(
            to_int64(after.quantity_micro[last]),
            to_int64(after.cost_micro[last]),
            to_int64(after.cost_rest[last]),
        ),
        unpriced=unpriced,
    )


def check_rows(slots: SlotTable, *, row: npt.NDArray[np.int64]) -> None:
    """Make sure that price rows, or NO_TABLE and NOT_PRICED among them, price by running quantity.

    :raises NeedsTallies: if one does not
    """
    if slots.needs_tallies and slots.is_tallied[row[row >= 0]].any():
        raise NeedsTallies("volume blocks and blocks by letter are priced from the period's quantities")


def converted(quantity_micro: Ints, *, factor_micro: Ints) -> Ints:
    """Return base units as units of the price, rounded half up to the micro; elementwise, or of ints."""
    whole = quantity_micro // MICRO
    return whole * factor_micro + ((quantity_micro - whole * MICRO) * factor_micro + MICRO // 2) // MICRO


def share_half_up(cost: Ints, rest: Ints, *, num: Ints, den: Ints) -> Ints:
    """Return (cost + rest / 1_000_000) * num / den, rounded half up to whole micro; elementwise, or of ints.

    Safe in int64 for any cost if ``num`` <= ``den`` <= 2 * 10**8: divided before it is multiplied.
    """
    whole = cost // den
    scaled = (cost - whole * den) * num
    more = scaled // den
    fraction = (scaled - more * den) * MICRO + rest * num
    return whole * num + more + (2 * fraction + MICRO * den) // (2 * MICRO * den)


def tax_share(cost: Ints, rest: Ints, *, num: Ints, den: Ints, inclusive: Ints) -> tuple[Ints, Ints]:
    """Return (rounded written amount, rounded part of it): the tax of a net, or the net of a gross."""
    part = share_half_up(
        cost, rest, num=np.where(inclusive, den, num), den=np.where(inclusive, den + num, den)
    )
    return cost + (2 * rest >= MICRO), part


def _none() -> npt.NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


def _check(
    slots: SlotTable,
    *,
    new_chain: npt.NDArray[np.bool_],
    start_s: npt.NDArray[np.int64],
    end_s: npt.NDArray[np.int64],
    quantity_micro: npt.NDArray[np.int64],
) -> None:
    if (end_s <= start_s).any():
        raise BadIntervals("an interval ends before it starts, or with its start")
    if (quantity_micro < 0).any():
        raise BadIntervals("a consumption is negative")
    if (~new_chain[1:] & (start_s[1:] < end_s[:-1])).any():
        raise BadIntervals("the intervals of a chain overlap or are not in time order")
    if start_s.min() < slots.starts[0] or end_s.max() > slots.starts[-1]:
        raise BadIntervals("an interval lies outside the slots")


def _unpriced(slots: SlotTable, parts: Parts) -> npt.NDArray[np.int64]:
    row = slots.row[parts.slot]
    if row.min() >= 0:
        return np.zeros(len(parts.first), dtype=np.int64)
    lowest = np.iinfo(np.int64).min
    # NO_TABLE > NOT_PRICED: what comes first in time wins
    worst = np.maximum.reduceat(np.where(row < 0, row, lowest), parts.first)
    return np.where(worst == lowest, 0, worst)


@dataclass(frozen=True, slots=True, eq=False)
class _Stretches:
    """Neighbouring parts of one chain and billing period: they share running totals."""

    first: npt.NDArray[np.intp]  # index of each stretch's first part
    length: npt.NDArray[np.intp]
    slot: npt.NDArray[np.intp]  # of each stretch's first part
    row: npt.NDArray[np.int64]  # price row of each part
    opens_chain: npt.NDArray[np.bool_]  # by stretch
    interval: npt.NDArray[np.intp]  # of each stretch's first part

    def spread(self, values: Ints) -> Ints:
        """Return a value per stretch as a value per part."""
        return values if len(self.first) == len(self.row) else np.repeat(values, self.length)


def _stretches(slots: SlotTable, parts: Parts, *, new_chain: npt.NDArray[np.bool_]) -> _Stretches:
    period = slots.period[parts.slot]
    begins = np.concatenate(([True], period[1:] != period[:-1]))
    begins[parts.first[new_chain]] = True
    first = np.flatnonzero(begins)
    opens_chain = np.zeros(len(period), dtype=np.bool_)
    opens_chain[parts.first[new_chain]] = True
    return _Stretches(
        first=first,
        length=np.diff(first, append=len(period)),
        slot=parts.slot[first],
        # parts without a price carry no quantity: any row will do
        row=np.maximum(slots.row[parts.slot], 0),
        opens_chain=opens_chain[first],
        interval=parts.interval[first],
    )


def _base(
    slots: SlotTable, stretches: _Stretches, *, opening: Runs, opening_at_s: npt.NDArray[np.int64]
) -> Runs:
    slot = np.searchsorted(slots.starts, opening_at_s[stretches.interval] - 1, side="right") - 1
    inside = (slot >= 0) & (slot < len(slots.period)) & stretches.opens_chain
    same = inside & (slots.period[np.where(inside, slot, 0)] == slots.period[stretches.slot])
    columns = (opening.quantity_micro, opening.cost_micro, opening.cost_rest)
    base = Runs(*(np.where(same, column[stretches.interval], 0) for column in columns))
    if min(base.quantity_micro.min(), base.cost_micro.min(), base.cost_rest.min()) < 0:
        raise BadIntervals("an opening total is negative")
    return base


def _fits(slots: SlotTable, *, quantity: npt.NDArray[np.int64], base: Runs) -> bool:
    # generous, in Python int: every quantity of the batch at the highest price, and what came before.
    # shifted, so that the sum itself cannot overflow
    total = (int((quantity >> 20).sum()) + len(quantity)) << 20
    return fits_int64(slots, quantity=total, count=len(quantity), base=base)


def fits_int64(slots: SlotTable, *, quantity: int, count: int, base: Runs) -> bool:
    """Say whether int64 holds all there is to compute for ``count`` parts of ``quantity`` together."""
    total, factor = quantity, MICRO
    highest = int(slots.price.max())
    reached = int(base.quantity_micro.max()) + total
    if slots.converts:
        factor = max(int(slots.factor.max()), MICRO)
        total, reached = ((each // MICRO + 1) * factor for each in (total, reached))
    cost = int(base.cost_micro.max()) + highest * (total // MICRO + 2 * count + 1)
    return max(reached, cost, highest * MICRO, factor * MICRO) < INT64_SAFE


def _totals(slots: SlotTable, stretches: _Stretches, *, quantity: Ints, base: Runs) -> Runs:
    reached = _running(quantity, stretches, base=base.quantity_micro)
    cost, rest = exact_cost(slots, row=stretches.row, before=reached - quantity, after=reached)
    cost_micro = _running(cost, stretches, base=base.cost_micro)
    cost_rest = _running(rest, stretches, base=base.cost_rest)
    carry = cost_rest // MICRO
    return Runs(reached, cost_micro + carry, cost_rest - carry * MICRO)


def _running(values: Ints, stretches: _Stretches, *, base: Ints) -> Ints:
    if len(stretches.first) == len(values):
        return values + base
    total = np.cumsum(values)
    before = total[stretches.first] - values[stretches.first]
    return total + stretches.spread(base - before)


def exact_cost(
    slots: SlotTable, *, row: npt.NDArray[np.int64], before: Ints, after: Ints
) -> tuple[Ints, Ints]:
    """Return the exact cost, (micro, millionths of a micro), of base units from ``before`` to ``after``.

    These are running quantities of any shape that ``row``, the price rows, can be spread to.

    :raises ChargeTooLarge: if a quantity is beyond the last block
    """
    if slots.converts:
        factor = slots.factor[row]
        before = converted(before, factor_micro=factor)
        after = converted(after, factor_micro=factor)
    if after.max() >= OPEN_MICRO:
        raise ChargeTooLarge("a billing period's quantity is beyond the last block")
    blocks = slots.price.shape[1]
    cost: Ints = 0
    rest: Ints = 0
    for block in range(blocks):
        inside = after - before
        if blocks > 1:
            upper, lower = slots.upper[row, block], slots.lower[row, block]
            inside = np.maximum(np.minimum(after, upper) - np.maximum(before, lower), 0)
        price = slots.price[row, block]
        units = inside // MICRO
        fine = (inside - units * MICRO) * price
        carry = fine // MICRO
        cost = cost + units * price + carry
        rest = rest + (fine - carry * MICRO)
    carry = rest // MICRO
    return cost + carry, rest - carry * MICRO


def _charges(slots: SlotTable, stretches: _Stretches, *, base: Runs, after: Runs) -> tuple[Ints, Ints]:
    row = stretches.row
    written, part = _rounded(slots, row=row, runs=after)
    written_base, part_base = _rounded(slots, row=row[stretches.first], runs=base)
    written = _steps(written, stretches, base=written_base)
    part = _steps(part, stretches, base=part_base)
    inclusive = slots.inclusive[row]
    sign = slots.sign[row]
    net = np.where(inclusive, part, written)
    tax = np.where(inclusive, written - part, part)
    return net * sign, tax * sign


def _rounded(slots: SlotTable, *, row: npt.NDArray[np.int64], runs: Runs) -> tuple[Ints, Ints]:
    num, den, inclusive = slots.tax_num[row], slots.tax_den[row], slots.inclusive[row]
    return tax_share(runs.cost_micro, runs.cost_rest, num=num, den=den, inclusive=inclusive)


def _steps(totals: Ints, stretches: _Stretches, *, base: Ints) -> Ints:
    before = np.concatenate((totals[:1], totals[:-1]))
    before[stretches.first] = base
    return totals - before


def _sum_by_interval(values: Ints, parts: Parts) -> Ints:
    return values if len(values) == len(parts.first) else np.add.reduceat(values, parts.first)


def to_int64(values: Ints) -> npt.NDArray[np.int64]:
    try:
        return np.asarray(values, dtype=np.int64)
    except OverflowError as error:
        raise ChargeTooLarge("a total does not fit a 64-bit number of millionths") from error
