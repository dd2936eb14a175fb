"""What many meters cost by billing period, from consumption in equal steps: exact, and quick."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mita.kit.money import MICRO

from .parts import cut_into_parts
from .prices import OPEN_MICRO
from .rating import (
    INT64_SAFE,
    BadIntervals,
    Ints,
    Runs,
    check_rows,
    converted,
    exact_cost,
    fits_int64,
    tax_share,
    to_int64,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    import numpy.typing as npt

    from .slots import SlotTable

# numbers of scratch in one block of meters: near enough to the processor, 16 MB for each thread
_BLOCK_NUMBERS = 2**21
_HALF_BITS = 32
# arrays that an exact cost, or a cut, takes at once
_ARRAYS = 12


@dataclass(frozen=True, slots=True, eq=False)
class PeriodSums:
    """The charges of m meters in p billing periods, positive: the customer pays.

    ``period`` int64[p] is the second at which each begins, as in the slots; ``net_micro`` and ``tax_micro``
    are int64[m, p]. ``unpriced_micro`` int64[m] is the consumption that has no price: it costs nothing here.
    If asked for, ``quantity_micro`` int64[m, g] has the base units of g pairs of a period (its place in
    ``period``) and a price row: ``group_period``, ``group_row`` int64[g].
    """

    period: npt.NDArray[np.int64]
    net_micro: npt.NDArray[np.int64]
    tax_micro: npt.NDArray[np.int64]
    unpriced_micro: npt.NDArray[np.int64]
    group_period: npt.NDArray[np.int64]
    group_row: npt.NDArray[np.int64]
    quantity_micro: npt.NDArray[np.int64] | None


def rate_totals(
    slots: SlotTable,
    *,
    quantity_micro: npt.NDArray[np.int64] | npt.NDArray[np.int32],
    start_s: int,
    step_s: int,
    by_row: bool = False,
    pool: Executor | None = None,
) -> PeriodSums:
    """Return what meters cost by billing period: ``quantity_micro`` is [meters, steps], from ``start_s`` on.

    The sums are those of :func:`rate` on the same intervals with nothing before the first of them. Inside a
    slot any split costs the same, so the quantities are added up before they are priced. Meters are taken in
    blocks, in the threads of ``pool`` if there is one: beside the results, some 16 MB for each. A step in
    several slots is cut, which is slower.

    :raises BadIntervals: if a quantity is negative, or the steps are empty or outside ``slots``
    :raises NeedsTallies: if a step lies in a slot that has no price by running quantity
    :raises ChargeTooLarge: if a total does not fit int64
    """
    plan = _plan(slots, steps=quantity_micro.shape[1], start_s=start_s, step_s=step_s)
    meters = len(quantity_micro)
    sums = plan.empty(meters, by_row=by_row)
    count = -(-meters // plan.meters_at_once(by_row=by_row))
    size = -(-meters // max(count, 1)) or 1
    blocks = [slice(first, first + size) for first in range(0, meters, size)]

    def fill(block: slice) -> None:
        _fill(plan, sums, block, quantity_micro[block])

    # numpy lets go of the interpreter while it adds up
    for _ in pool.map(fill, blocks) if pool else map(fill, blocks):
        pass
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What is the same for all meters. Pieces are steps, or parts of steps, c of them that have a price."""

    slots: SlotTable
    start_s: npt.NDArray[np.int64]  # of each step
    step_s: int
    is_cut: bool  # some step lies in more than one slot
    priced: npt.NDArray[np.intp] | None  # places of the pieces that have a price; None: all do
    price: npt.NDArray[np.int64]  # int64[c], the only price of each piece, if ``is_flat``
    is_flat: bool  # no block and no conversion: what came before does not matter
    run_last: npt.NDArray[np.intp]  # last piece of each run of pieces in one slot
    run_row: npt.NDArray[np.int64]
    run_period: npt.NDArray[np.intp]  # place in ``period``
    period: npt.NDArray[np.int64]
    period_run: npt.NDArray[np.intp]  # first run of each period
    edges: tuple[int, ...]  # first piece of each period, and c
    run_length: int | None  # of the longest run, if whole pairs of steps make up each
    order: npt.NDArray[np.intp]  # the runs, those of one period and row together
    group: npt.NDArray[np.intp]  # first run of each period and row, in that order
    group_period: npt.NDArray[np.intp]
    group_row: npt.NDArray[np.int64]

    def empty(self, meters: int, *, by_row: bool) -> PeriodSums:
        """Return sums yet to be filled."""
        return PeriodSums(
            period=self.period,
            net_micro=np.zeros((meters, len(self.period)), dtype=np.int64),
            tax_micro=np.zeros((meters, len(self.period)), dtype=np.int64),
            unpriced_micro=np.zeros(meters, dtype=np.int64),
            group_period=self.group_period,
            group_row=self.group_row,
            quantity_micro=np.zeros((meters, len(self.group_row)), dtype=np.int64) if by_row else None,
        )

    def meters_at_once(self, *, by_row: bool) -> int:
        """Return how many meters a block may have."""
        numbers = len(self.start_s) + len(self.price)
        if by_row or not self.is_flat:
            numbers += _ARRAYS * len(self.run_last)
        if self.is_cut:
            numbers *= _ARRAYS
        return max(_BLOCK_NUMBERS // max(numbers, 1), 1)

    def packs(self, given: npt.NDArray[np.integer], *, highest: int) -> bool:
        """Say whether two steps may be added up as one number of 64 bits."""
        return (
            given.dtype == np.int32
            and given.flags.c_contiguous
            and given.shape[1] % 2 == 0
            and self.run_length is not None
            and highest * self.run_length < 2**_HALF_BITS
        )

    def pieces(self, quantity: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the quantity [m, c] of the pieces that have a price."""
        if self.is_cut:
            meters = len(quantity)
            starts = np.tile(self.start_s, meters)
            parts = cut_into_parts(
                self.slots, start_s=starts, end_s=starts + self.step_s, quantity_micro=quantity.reshape(-1)
            )
            quantity = parts.quantity_micro.reshape(meters, len(parts.slot) // meters)
        return quantity if self.priced is None else quantity[:, self.priced]


@lru_cache(maxsize=8)
def _plan(slots: SlotTable, *, steps: int, start_s: int, step_s: int) -> _Plan:
    """Return the plan, remembered for the next meters.

    :raises BadIntervals: if the steps are empty or outside the slots
    :raises NeedsTallies: if a step lies in a slot that has no price by running quantity
    """
    if step_s <= 0 or start_s < slots.starts[0] or start_s + steps * step_s > slots.starts[-1]:
        raise BadIntervals("the steps are empty, or outside the slots")
    starts = start_s + step_s * np.arange(steps, dtype=np.int64)
    nothing = np.zeros(steps, dtype=np.int64)
    parts = cut_into_parts(slots, start_s=starts, end_s=starts + step_s, quantity_micro=nothing)
    row = slots.row[parts.slot]
    check_rows(slots, row=row)
    # a step of which any part has no price has none
    unpriced = np.zeros(steps, dtype=np.bool_)
    unpriced[parts.interval[row < 0]] = True
    priced = np.flatnonzero(~unpriced[parts.interval])
    slot = parts.slot[priced]
    last = np.flatnonzero(np.diff(slot, append=-1))
    period = slots.period[slot[last]]
    period_run = np.flatnonzero(np.diff(period, prepend=period[:1] - 1))
    run_row = slots.row[slot[last]]
    used = np.unique(run_row)
    is_whole = len(priced) == len(parts.slot) == steps
    in_pairs = is_whole and steps > 0 and bool((last % 2 == 1).all())
    run_period = np.repeat(np.arange(len(period_run)), np.diff(period_run, append=len(last)))
    order = np.lexsort((run_row, run_period))
    group = np.flatnonzero(np.diff((run_period * len(slots.price) + run_row)[order], prepend=-1))
    return _Plan(
        slots=slots,
        start_s=starts,
        step_s=step_s,
        is_cut=len(parts.slot) > steps,
        priced=priced if len(priced) < len(parts.slot) else None,
        price=slots.price[slots.row[slot], 0],
        is_flat=bool((slots.upper[used, 0] == OPEN_MICRO).all() and (slots.factor[used] == MICRO).all()),
        run_last=last,
        run_row=run_row,
        run_period=run_period,
        period=period[period_run],
        period_run=period_run,
        run_length=int(np.diff(last, prepend=-1).max()) if in_pairs else None,
        order=order,
        group=group,
        group_period=run_period[order][group],
        group_row=run_row[order][group],
        edges=tuple(np.append(0, last + 1)[np.append(period_run, len(last))].tolist()),
    )


def _fill(plan: _Plan, sums: PeriodSums, block: slice, given: npt.NDArray[np.integer]) -> None:
    if not given.size:
        return
    # a negative number is a huge one without its sign
    highest = int(given.view(f"u{given.dtype.itemsize}").max())
    if highest > np.iinfo(given.dtype).max:
        raise BadIntervals("a consumption is negative")
    is_small = _is_small(plan, highest=highest)
    exact: Ints = None
    if plan.packs(given, highest=highest):
        runs: Ints = _packed_runs(plan, given)
    else:
        pieces = plan.pieces(given.astype(np.int64, copy=False))
        if plan.priced is not None:
            sums.unpriced_micro[block] = to_int64(_added(given, highest) - _added(pieces, highest))
        if not pieces.shape[1]:
            return
        if plan.is_flat and is_small and sums.quantity_micro is None:
            exact = _products(pieces, plan.price, edges=plan.edges)
        else:
            runs = _runs(plan, pieces, highest=highest)
    if exact is None:
        exact = _exact(plan, runs, is_small=is_small)
        if sums.quantity_micro is not None:
            grouped = np.add.reduceat(np.take(runs, plan.order, axis=1), plan.group, axis=1)
            sums.quantity_micro[block] = to_int64(grouped)
    net, tax = _rounded(plan, exact)
    sums.net_micro[block] = to_int64(net)
    sums.tax_micro[block] = to_int64(tax)


def _added(quantity: npt.NDArray[np.integer], highest: int) -> Ints:
    if highest * quantity.shape[1] < INT64_SAFE:
        return quantity.sum(axis=1, dtype=np.int64)
    return quantity.astype(object).sum(axis=1)


def _is_small(plan: _Plan, *, highest: int) -> bool:
    """Say whether int64 holds a period's exact cost in millionths of a micro."""
    units = highest * max((until - since for since, until in pairwise(plan.edges)), default=0)
    if plan.slots.converts:
        units = (units // MICRO + 1) * max(int(plan.slots.factor.max()), MICRO)
    return units * max(int(plan.slots.price.max(initial=0)), MICRO) < INT64_SAFE


def _runs(plan: _Plan, pieces: npt.NDArray[np.int64], *, highest: int) -> Ints:
    """Return the quantity of each run, [m, runs]; Python ints where int64 might not do for their price."""
    total = highest * pieces.shape[1]
    numbers: Ints = pieces
    if not fits_int64(plan.slots, quantity=total, count=len(plan.run_last), base=Runs.zero(1)):
        numbers = pieces.astype(object)
    return _steps_of(np.cumsum(numbers, axis=1), at=plan.run_last)


def _packed_runs(plan: _Plan, given: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Return the quantity of each run, [m, runs], adding up two steps at a time.

    Two neighbours of 32 bits are read as one number of 64. A running total of these overflows, and the
    difference of two of them is right all the same, as the halves of a run's own sum do not overflow.
    """
    reached = np.cumsum(given.view(np.int64), axis=1)
    both: npt.NDArray[np.uint64] = _steps_of(reached, at=plan.run_last >> 1).view(np.uint64)
    second = both >> _HALF_BITS
    both &= 2**_HALF_BITS - 1
    both += second
    return both.view(np.int64)


def _steps_of(reached: Ints, *, at: npt.NDArray[np.intp]) -> Ints:
    """Return the differences of running totals [m, c] between some of their columns."""
    # take keeps a meter's numbers together, an index does not; one long row is quicker than many
    some = np.take(reached, at, axis=1)
    steps = np.empty_like(some)
    np.subtract(some.reshape(-1)[1:], some.reshape(-1)[:-1], out=steps.reshape(-1)[1:])
    steps[:, 0] = some[:, 0]
    return steps


def _products(
    quantity: npt.NDArray[np.int64], price: npt.NDArray[np.int64], *, edges: Sequence[int]
) -> npt.NDArray[np.int64]:
    """Return the sums of quantity times price between neighbouring edges."""
    spans = list(pairwise(edges))
    sums = np.empty((len(quantity), len(spans)), dtype=np.int64)
    for place, (since, until) in enumerate(spans):
        np.einsum("ij,j->i", quantity[:, since:until], price[since:until], out=sums[:, place])
    return sums


def _exact(plan: _Plan, runs: Ints, *, is_small: bool) -> Ints:
    """Return the exact cost [m, p], in millionths of a micro, of the runs of each period."""
    if plan.is_flat and is_small:
        edges = [*plan.period_run.tolist(), runs.shape[1]]
        return _products(runs, plan.slots.price[plan.run_row, 0], edges=edges)
    after = np.cumsum(runs, axis=1)
    before = after - runs
    opened = np.take(before, plan.period_run[plan.run_period], axis=1)
    before -= opened
    after -= opened
    if is_small:
        return np.add.reduceat(_in_blocks(plan, before=before, after=after), plan.period_run, axis=1)
    cost, rest = exact_cost(plan.slots, row=plan.run_row, before=before, after=after)
    return np.add.reduceat(cost.astype(object) * MICRO + rest, plan.period_run, axis=1)


def _in_blocks(plan: _Plan, *, before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> Ints:
    slots, row = plan.slots, plan.run_row
    if slots.converts:
        before = converted(before, factor_micro=slots.factor[row])
        after = converted(after, factor_micro=slots.factor[row])
    exact = np.zeros_like(after)
    for block in range(slots.price.shape[1]):
        inside = np.minimum(after, slots.upper[row, block])
        inside -= np.maximum(before, slots.lower[row, block])
        np.maximum(inside, 0, out=inside)
        inside *= slots.price[row, block]
        exact += inside
    return exact


def _rounded(plan: _Plan, exact: Ints) -> tuple[Ints, Ints]:
    """Return the signed (net, tax) of an exact cost [m, p], in millionths of a micro."""
    slots, row = plan.slots, plan.run_row[plan.period_run]
    cost = exact // MICRO
    inclusive, sign = slots.inclusive[row], slots.sign[row]
    written, part = tax_share(
        cost, exact - cost * MICRO, num=slots.tax_num[row], den=slots.tax_den[row], inclusive=inclusive
    )
    return np.where(inclusive, part, written) * sign, np.where(inclusive, written - part, part) * sign
