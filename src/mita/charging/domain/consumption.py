"""What a unit's registers consumed in a span of time, as stored readings tell it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mita.tariffs.domain import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mita.tariffs.domain import Segment


class Source(NamedTuple):
    """The register that counts a consumption."""

    register_id: int
    register: str
    meter_id: int
    unit_id: int


@dataclass(frozen=True, slots=True, eq=False)
class Consumption:
    """The consumption of one register in [start, end) each, int64[n] in UTC seconds and micro base units.

    ``since_s`` is its first timeline reading in the span, or the span's start if there is one before.
    ``listed`` is what it is charged by, by role.
    """

    source: Source
    listed: Mapping[str, tuple[Segment, ...]]
    since_s: int
    start_s: NDArray[np.int64]
    end_s: NDArray[np.int64]
    quantity_micro: NDArray[np.int64]

    def after(self, from_s: int) -> Consumption:
        """Return what lies after an instant; an interval over it is split evenly over its time."""
        if not len(self.start_s) or from_s <= self.start_s[0]:
            return self
        kept = self.end_s > from_s
        start, end, quantity = self.start_s[kept], self.end_s[kept], self.quantity_micro[kept]
        if len(start) and start[0] < from_s:
            whole, before = int(end[0] - start[0]), from_s - int(start[0])
            quantity = quantity.copy()
            quantity[0] -= int(quantity[0]) * before // whole
            start = np.maximum(start, from_s)
        return replace(self, start_s=start, end_s=end, quantity_micro=quantity)

    def between(self, from_s: int, until_s: int) -> Consumption:
        """Return what lies in [from, until); an interval over an edge is split evenly over its time."""
        later, rest = self.after(from_s), self.after(until_s)
        count = len(later.start_s) - len(rest.start_s)
        kept = later.start_s < until_s
        start, end, quantity = (
            later.start_s[kept],
            later.end_s[kept].copy(),
            later.quantity_micro[kept].copy(),
        )
        if len(start) > count:
            end[-1] = until_s
            quantity[-1] -= rest.quantity_micro[0]
        return replace(self, start_s=start, end_s=end, quantity_micro=quantity)

    def intervals(self) -> list[Interval]:
        """Return it as values, one by one."""
        columns = (self.start_s.tolist(), self.end_s.tolist(), self.quantity_micro.tolist())
        return [Interval(*row) for row in zip(*columns, strict=True)]


def consumption_of(
    source: Source,
    *,
    listed: Mapping[str, tuple[Segment, ...]],
    taken_s: Sequence[int],
    value_micro: Sequence[int],
    span_s: tuple[int, int],
) -> Consumption | None:
    """Return the consumption between timeline readings inside a span; None if there is none to tell.

    An interval over an edge of the span is split evenly over its time, by whole micro-units; what is left
    over lies at its end.
    """
    first_s, until_s = span_s
    if not taken_s or taken_s[0] >= until_s:
        return None
    times = np.array(taken_s, dtype=np.int64)
    values = np.array(value_micro, dtype=np.int64)
    low, high = np.clip(times[:-1], first_s, until_s), np.clip(times[1:], first_s, until_s)
    quantity = _up_to(high, times, values) - _up_to(low, times, values)
    kept = high > low
    return Consumption(
        source=source,
        listed=listed,
        since_s=max(int(times[0]), first_s),
        start_s=low[kept],
        end_s=high[kept],
        quantity_micro=quantity[kept],
    )


def _up_to(
    edge_s: NDArray[np.int64], times: NDArray[np.int64], values: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how much of each interval lies before an instant of it."""
    seconds, whole = edge_s - times[:-1], np.diff(times)
    rise = np.diff(values)
    per_second = rise // whole
    # per second first: the product of both might not fit 64 bits
    share: NDArray[np.int64] = per_second * seconds + (rise - per_second * whole) * seconds // whole
    return share
