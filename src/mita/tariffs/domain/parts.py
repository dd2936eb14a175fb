"""Intervals cut at slot boundaries, their quantity split evenly over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from .slots import SlotTable


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """m parts of n intervals, in the order of the intervals.

    ``slot``, ``interval`` intp[m] and ``quantity_micro`` int64[m] by part; ``first``, ``last`` intp[n]: the
    first and the last part of each interval.
    """

    slot: npt.NDArray[np.intp]
    interval: npt.NDArray[np.intp]
    quantity_micro: npt.NDArray[np.int64]
    first: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]


def cut_into_parts(
    slots: SlotTable,
    *,
    start_s: npt.NDArray[np.int64],
    end_s: npt.NDArray[np.int64],
    quantity_micro: npt.NDArray[np.int64],
) -> Parts:
    """Return the parts of intervals that lie inside the slots; the last part of each takes the remainder."""
    first_slot = np.searchsorted(slots.starts, start_s, side="right") - 1
    last_slot = np.searchsorted(slots.starts, end_s, side="left") - 1
    each = np.arange(len(start_s))
    if (first_slot == last_slot).all():
        return Parts(slot=first_slot, interval=each, quantity_micro=quantity_micro, first=each, last=each)
    counts = last_slot - first_slot + 1
    last = np.cumsum(counts) - 1
    first = last - counts + 1
    interval = np.repeat(each, counts)
    slot = np.repeat(first_slot - first, counts) + np.arange(len(interval))
    seconds = np.minimum(end_s[interval], slots.starts[slot + 1]) - np.maximum(
        start_s[interval], slots.starts[slot]
    )
    quantity = _even_share(quantity_micro[interval], seconds=seconds, total=(end_s - start_s)[interval])
    quantity[last] = 0
    quantity[last] = quantity_micro - np.add.reduceat(quantity, first)
    return Parts(slot=slot, interval=interval, quantity_micro=quantity, first=first, last=last)


def _even_share(
    quantity: npt.NDArray[np.int64], *, seconds: npt.NDArray[np.int64], total: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    # quantity * seconds may not fit int64: per second first, then the rest, which is below total ** 2
    per_second = quantity // total
    return per_second * seconds + (quantity - per_second * total) * seconds // total
