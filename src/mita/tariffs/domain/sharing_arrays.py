"""The rules of :mod:`.sharing` for many intervals at once, on arrays; equal to the last unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .remainder import share_out
from .sharing import (
    DYNAMIC,
    PRIORITY,
    STATIC,
    WHOLE_KEY,
    SharingInvalid,
    SharingRule,
    allocate,
    checked_keys,
    checked_order,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Whole = npt.NDArray[np.int64]

# together they keep every sum and product below 64 bits
QUANTITY_MAX = 10**15
MEMBERS_MAX = 5_000
_INT64_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Allocations:
    """m members, n intervals: ``allocated`` and ``surplus_of`` int64[m, n], ``surplus`` int64[n]."""

    allocated: Whole
    surplus: Whole
    surplus_of: Whole


def allocate_many(
    rule: SharingRule,
    *,
    members: Sequence[Any],
    generation: Whole,
    consumption: Whole,
    keys: Whole | None = None,
    order: Sequence[Any] | None = None,
) -> Allocations:
    """Return who gets what in n intervals; row i of the arrays belongs to ``members[i]``.

    ``generation`` int64[n], ``consumption`` int64[m, n] (0 to 10**15), ``keys`` int64[m] for all intervals or
    int64[m, n] for each.

    :raises SharingInvalid: as for one interval, or if shapes and limits do not fit
    """
    _check_shapes(members, generation, consumption)
    by_id = sorted(range(len(members)), key=lambda row: members[row])
    used = consumption[by_id]
    ids = [members[row] for row in by_id]
    own = np.zeros_like(used)
    if rule.kind == STATIC:
        shares = _static_shares(generation, _key_rows(keys, members, by_id, intervals=len(generation)))
        got = np.minimum(used, shares)
        if rule.is_own_surplus:
            own = shares - got
    elif rule.kind == DYNAMIC:
        got = _dynamic(generation, used)
    elif rule.kind == PRIORITY:
        places = {member: place for place, member in enumerate(ids)}
        rows = [places[member] for member in checked_order(order, members=ids)]
        got = _priority(generation, used, rows)
    else:
        got = _equal(generation, used)
    back = np.argsort(np.array(by_id, dtype=np.intp))
    return Allocations(got[back], generation - got.sum(axis=0), own[back])


def split_many(amount: Whole, *, weights: Whole) -> Whole:
    """Return amounts int64[n] shared out by weights int64[m, n]: int64[m, n], whole and to the last one.

    Largest remainder, ties to the upper row; an amount may be below zero. Without weights nobody gets any.
    """
    left, fits = np.abs(amount), _fits(np.abs(amount), weights)
    found = np.zeros_like(weights)
    quick = np.flatnonzero(fits & weights.any(axis=0))
    found[:, quick] = _proportional(left[quick], weights[:, quick])
    for column in np.flatnonzero(~fits):
        by_row = {row: int(weight) for row, weight in enumerate(weights[:, column])}
        found[:, column] = list(share_out(int(left[column]), weights=by_row).values())
    signed: Whole = found * np.sign(amount)
    return signed


def shared_energy_many(*, injected: Whole, withdrawn: Whole) -> Whole:
    """Return Italy's shared energy of each of n hours, int64[n], of sources int64[p, n] and uses int64[m, n].

    :raises SharingInvalid: if shapes and limits do not fit
    """
    hours = injected.shape[-1]
    for quantities in (injected, withdrawn):
        _check_shapes(range(len(quantities)), np.zeros(hours, dtype=np.int64), quantities)
    smaller: Whole = np.minimum(injected.sum(axis=0), withdrawn.sum(axis=0))
    return smaller


def _check_shapes(members: Sequence[Any], generation: Whole, consumption: Whole) -> None:
    if len(set(members)) != len(members) or len(members) > MEMBERS_MAX:
        raise SharingInvalid(f"members must differ, and be at most {MEMBERS_MAX}")
    if consumption.shape != (len(members), *generation.shape) or generation.ndim != 1:
        raise SharingInvalid(
            f"{len(members)} members and {generation.shape} intervals do not fit quantities of shape "
            f"{consumption.shape}"
        )
    for quantities in (generation, consumption):
        if quantities.dtype != np.int64:
            raise SharingInvalid(f"quantities must be int64, not {quantities.dtype}")
        if quantities.size and (quantities.min() < 0 or quantities.max() > QUANTITY_MAX):
            raise SharingInvalid(f"a quantity is outside 0 to {QUANTITY_MAX}")


def _key_rows(keys: Whole | None, members: Sequence[Any], by_id: list[int], *, intervals: int) -> Whole:
    """Return the keys int64[m, n] by id."""
    if keys is None:
        checked_keys(None, members=members)
        return np.zeros((0, intervals), dtype=np.int64)
    wide = keys[:, None] if keys.ndim == 1 else keys
    if wide.shape[0] != len(members) or wide.shape[1] not in (1, intervals) or wide.dtype != np.int64:
        raise SharingInvalid(
            f"keys of shape {keys.shape} do not fit {len(members)} members, {intervals} intervals"
        )
    # each below first: a sum of any numbers may wrap
    if wide.size and (wide.min() < 0 or wide.max() > WHOLE_KEY):
        raise SharingInvalid("a key is outside 0 to one")
    if wide.size and (most := int(wide.sum(axis=0).max())) > WHOLE_KEY:
        raise SharingInvalid(f"the keys sum to {most} millionths, more than one; make them smaller")
    full: Whole = np.broadcast_to(wide, (len(members), intervals))[by_id]
    return full


def _static_shares(generation: Whole, keys: Whole) -> Whole:
    rest = WHOLE_KEY - keys.sum(axis=0, keepdims=True)
    # nobody's row comes last, so that it loses every tie
    weights = np.vstack([keys, rest])
    # generation * key may not fit: whole millions first, then what is left of them
    millions, left = np.divmod(generation, WHOLE_KEY)
    floors = millions * weights + left * weights // WHOLE_KEY
    remainders = left * weights % WHOLE_KEY
    return _one_more(floors, remainders, missing=generation - floors.sum(axis=0))[:-1]


def _dynamic(generation: Whole, used: Whole) -> Whole:
    got = used.copy()
    scarce, fits = used.sum(axis=0) > generation, _fits(generation, used)
    quick = np.flatnonzero(scarce & fits)
    got[:, quick] = _proportional(generation[quick], used[:, quick])
    for column in np.flatnonzero(scarce & ~fits):
        uses = {row: int(quantity) for row, quantity in enumerate(used[:, column])}
        exact = allocate(SharingRule(DYNAMIC), generation=int(generation[column]), consumption=uses)
        got[:, column] = list(exact.allocated.values())
    return got


def _fits(amount: Whole, weights: Whole) -> npt.NDArray[np.bool_]:
    """Say of each column whether its products fit; one that may not is left to Python's own numbers."""
    fits: npt.NDArray[np.bool_] = amount <= _INT64_MAX // np.maximum(1, weights.max(axis=0, initial=1))
    return fits


def _proportional(amount: Whole, weights: Whole) -> Whole:
    floors, remainders = np.divmod(amount * weights, weights.sum(axis=0))
    return _one_more(floors, remainders, missing=amount - floors.sum(axis=0))


def _one_more(floors: Whole, remainders: Whole, *, missing: Whole) -> Whole:
    """Give one more to those with the largest remainders in each column, ties to the upper row."""
    ranking = np.argsort(-remainders, axis=0, kind="stable")
    chosen = np.arange(len(floors))[:, None] < missing
    extra = np.zeros_like(floors)
    np.put_along_axis(extra, ranking, chosen.astype(np.int64), axis=0)
    return floors + extra


def _priority(generation: Whole, used: Whole, rows: list[int]) -> Whole:
    in_order = used[rows]
    before = np.cumsum(in_order, axis=0) - in_order
    got = np.empty_like(used)
    got[rows] = np.clip(generation - before, 0, in_order)
    return got


def _equal(generation: Whole, used: Whole) -> Whole:
    members = len(used)
    if members == 0:
        return used.copy()
    by_need = np.sort(used, axis=0)
    before = np.cumsum(by_need, axis=0) - by_need
    waiting = members - np.arange(members)[:, None]
    # what it takes until the k-th smallest is satisfied rises with k
    satisfied = (by_need * waiting + before <= generation).sum(axis=0)
    spent = np.vstack([before, used.sum(axis=0)])[satisfied, np.arange(used.shape[1])]
    level, more = np.divmod(generation - spent, np.maximum(1, members - satisfied))
    level = np.where(satisfied == members, QUANTITY_MAX, level)
    above = used > level
    first_ones = above & (np.cumsum(above, axis=0) <= more)
    got: Whole = np.minimum(used, level) + first_ones
    return got
