"""Energy of the intervals of a local grid, out of cumulative readings. Pure and exact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from mita.tariffs.domain import local_midnight_s
from mita.tariffs.domain.localtime import local_grid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    Whole = npt.NDArray[np.int64]

_MINUTE_S = 60


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """n intervals of the wall clock over the local dates from ``first``.

    ``edges`` int64[n+1] in UTC seconds, ``day`` int64[n]: how many dates after ``first`` an interval lies;
    ``dates`` are all of them.
    """

    first: date
    edges: Whole
    day: Whole
    dates: tuple[date, ...]

    def __len__(self) -> int:
        """Return how many intervals there are."""
        return len(self.day)

    def before(self, day: date) -> int:
        """Return how many intervals lie before a local date."""
        return int(np.searchsorted(self.day, (day - self.first).days, side="left"))


def grid_of(zone: ZoneInfo, *, first: date, until: date, minutes: int) -> Grid:
    """Return the intervals of the local dates [first, until), which begin where the clock shows ``minutes``.

    A day with a clock change has more or fewer of them.
    """
    assert first < until, "a grid has a date"
    dates = tuple(first + timedelta(days=index) for index in range((until - first).days))
    midnights = np.array([local_midnight_s(day, zone=zone) for day in (*dates, until)], dtype=np.int64)
    start_s, end_s = int(midnights[0]), int(midnights[-1])
    marks = local_grid(zone, start_s=start_s, end_s=end_s, step_s=minutes * _MINUTE_S).utc_s
    edges = np.concatenate((marks, midnights[-1:]))
    day = np.searchsorted(midnights, edges[:-1], side="right") - 1
    return Grid(first, edges, day.astype(np.int64), dates)


def energy_between(taken_s: Sequence[int], value_micro: Sequence[int], *, edges: Whole) -> Whole:
    """Return what a register counted between neighbouring edges: int64[n] for n+1 edges.

    Readings are straight lines from one to the next, floored at the edges, so that the parts add up to what
    the register rose. Before its first and after its newest reading it stands still.
    """
    if len(taken_s) <= 1:
        return np.zeros(len(edges) - 1, dtype=np.int64)
    taken, value = np.array(taken_s, dtype=np.int64), np.array(value_micro, dtype=np.int64)
    inside = np.clip(edges, taken[0], taken[-1])
    at = np.clip(np.searchsorted(taken, inside, side="right") - 1, 0, len(taken) - 2)
    span, rise, past = taken[at + 1] - taken[at], value[at + 1] - value[at], inside - taken[at]
    # rise * past may not fit: whole seconds' worth first, then what is left of it
    whole, left = np.divmod(rise, span)
    energy: Whole = np.diff(value[at] + whole * past + left * past // span)
    return energy
