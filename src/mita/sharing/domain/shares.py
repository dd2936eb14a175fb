"""Generation shared out over a span of local dates whose terms may change. Pure and exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mita.tariffs.domain.sharing import KEYS_AFTER, PRIORITY, STATIC
from mita.tariffs.domain.sharing_arrays import allocate_many, shared_energy_many, split_many

from .terms import change_days, holding

if TYPE_CHECKING:
    from datetime import date

    import numpy.typing as npt

    from .energy import Grid
    from .terms import GroupRule, Spell

    Whole = npt.NDArray[np.int64]

# how many members times intervals are shared out at once, which bounds the memory that it takes
_TOGETHER_MAX = 500_000

# by (second at which the interval begins, unit id), in millionths of one
IntervalKeys: TypeAlias = Mapping[tuple[int, int], int]


class KeysMissing(Exception):
    """Keys that are sent after the interval are not there yet: settle only until ``day``."""

    def __init__(self, day: date) -> None:
        super().__init__(f"there are no keys for {day}")
        self.day = day


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Who got what: m units, n intervals of a grid.

    ``generation``, ``surplus``, ``shared`` int64[n]; ``consumption``, ``allocated``, ``own`` int64[m, n], the
    consumption of members only; ``shared_of`` int64[m, n] is whose the shared energy is; ``registers``
    int64[m, n], the register of each member, 0 for none.
    """

    grid: Grid
    unit_ids: tuple[int, ...]
    generation: Whole
    surplus: Whole
    shared: Whole
    consumption: Whole
    allocated: Whole
    own: Whole
    shared_of: Whole
    registers: Whole

    def of_days(self, quantity: Whole) -> Whole:
        """Return the sums by local date of quantities by interval, int64[..., days]."""
        starts = np.searchsorted(self.grid.day, np.arange(len(self.grid.dates)), side="left")
        sums: Whole = np.add.reduceat(quantity, starts, axis=-1)
        return sums


def share_generation(
    rule: GroupRule,
    *,
    grid: Grid,
    sources: Sequence[Spell],
    members: Sequence[Spell],
    energy: Mapping[int, Whole],
    keys: IntervalKeys,
) -> Shares:
    """Return who gets what of each interval; what was given and the surplus are the generation.

    ``energy`` int64[n] is what each register counted in the intervals.

    :raises KeysMissing: if the rule takes keys after the interval and some are not there
    :raises mita.tariffs.domain.sharing.SharingInvalid: if keys sum to more than one, or a quantity is absurd
    """
    unit_ids = tuple(sorted({each.who for each in members}))
    rows, columns = len(unit_ids), len(grid)
    found = Shares(
        grid=grid,
        unit_ids=unit_ids,
        generation=np.zeros(columns, dtype=np.int64),
        surplus=np.zeros(columns, dtype=np.int64),
        shared=np.zeros(columns, dtype=np.int64),
        consumption=np.zeros((rows, columns), dtype=np.int64),
        allocated=np.zeros((rows, columns), dtype=np.int64),
        own=np.zeros((rows, columns), dtype=np.int64),
        shared_of=np.zeros((rows, columns), dtype=np.int64),
        registers=np.zeros((rows, columns), dtype=np.int64),
    )
    until = grid.dates[-1].fromordinal(grid.dates[-1].toordinal() + 1)
    for begin, end in pairwise(change_days((*sources, *members), first=grid.first, until=until)):
        at = slice(grid.before(begin), grid.before(end))
        for each in holding(sources, day=begin).values():
            found.generation[at] += energy[each.register_id][at]
        held = holding(members, day=begin)
        for who, each in held.items():
            row = unit_ids.index(who)
            found.consumption[row, at] = energy[each.register_id][at]
            found.registers[row, at] = each.register_id
        step = max(1, _TOGETHER_MAX // max(1, len(held)))
        for start in range(at.start, at.stop, step):
            _share(rule, found, held=held, at=slice(start, min(start + step, at.stop)), keys=keys)
    total = found.allocated.sum(axis=0) + found.surplus
    assert (total == found.generation).all(), "what is given and the surplus are the generation"
    return found


def _share(
    rule: GroupRule, found: Shares, *, held: Mapping[int, Spell], at: slice, keys: IntervalKeys
) -> None:
    """Fill in what the members of one piece of the span get."""
    rows = [found.unit_ids.index(who) for who in held]
    generation, used = found.generation[at], found.consumption[rows, at]
    if rule.is_virtual:
        found.shared[at] = shared_energy_many(injected=generation[None, :], withdrawn=used)
        found.surplus[at] = generation
        found.shared_of[rows, at] = split_many(found.shared[at], weights=_weights(held, used=used))
        return
    done = allocate_many(
        rule.sharing,
        members=list(held),
        generation=generation,
        consumption=used,
        keys=_keys(rule, found.grid, held=held, at=at, keys=keys) if rule.kind == STATIC else None,
        order=sorted(held, key=lambda who: (held[who].place, who)) if rule.kind == PRIORITY else None,
    )
    found.allocated[rows, at] = done.allocated
    found.own[rows, at] = done.surplus_of
    found.surplus[at] = done.surplus


def _weights(held: Mapping[int, Spell], *, used: Whole) -> Whole:
    """Return by what shared energy is the members': their keys, or what they used where nobody has one."""
    keys = np.array([each.key_micro for each in held.values()], dtype=np.int64)
    return np.repeat(keys[:, None], used.shape[1], axis=1) if keys.any() else used


def _keys(rule: GroupRule, grid: Grid, *, held: Mapping[int, Spell], at: slice, keys: IntervalKeys) -> Whole:
    """Return the members' keys int64[m, n]: of the interval where it has any, else their own."""
    starts = grid.edges[:-1][at].tolist()
    found = np.empty((len(held), len(starts)), dtype=np.int64)
    with_keys = {start for start, _ in keys}
    for row, (who, each) in enumerate(held.items()):
        found[row] = each.key_micro
        if keys:
            own = each.key_micro
            found[row] = [keys.get((start, who), 0) if start in with_keys else own for start in starts]
    if rule.keys == KEYS_AFTER:
        for column, start in enumerate(starts):
            if any((start, who) not in keys for who in held):
                raise KeysMissing(grid.dates[int(grid.day[at][column])])
    return found
