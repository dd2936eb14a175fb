"""Power: consumption by windows of wall-clock time, and the highest of a part of a billing period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

import numpy as np

from .calendar import day_type_on, season_on
from .localtime import local_grid
from .parts import cut_into_parts
from .slots import BadSpan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from .document import DemandCharge, RateTable
    from .slots import SlotTable

_MINUTE_S = 60
_DAY_S = 86_400
_WINDOWS_MAX = 6_400_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The intervals of one register in time order, int64[n]: [start, end) in UTC seconds, micro units."""

    start_s: npt.NDArray[np.int64]
    end_s: npt.NDArray[np.int64]
    quantity_micro: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Peak:
    """The window that decides a demand charge: its power in micro kW or kVA, where it lies, its price."""

    power_micro: int
    season: str
    letter: str
    price_micro: int
    at_s: int


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """Stands where slots do when intervals are cut: only their starts matter there."""

    starts: npt.NDArray[np.int64]


class PowerWindows:
    """Energy by window of ``minutes`` over [start, end), which are local midnights.

    Windows begin where the wall clock shows a multiple of ``minutes``; one that a clock change cuts short
    counts as a whole one. A window lies in the season and letter of its first second.

    :raises BadSpan: if there are more than 6.4 million windows
    """

    def __init__(self, columns: Columns, *, zone: ZoneInfo, minutes: int, start_s: int, end_s: int) -> None:
        if (end_s - start_s) // (minutes * _MINUTE_S) > _WINDOWS_MAX:
            raise BadSpan("these are too many windows of power for one bill: ask about fewer days")
        self._minutes = minutes
        self._grid = local_grid(zone, start_s=start_s, end_s=end_s, step_s=minutes * _MINUTE_S)
        starts = np.append(self._grid.utc_s, end_s)
        parts = cut_into_parts(
            cast("SlotTable", _Windows(starts)),
            start_s=columns.start_s,
            end_s=columns.end_s,
            quantity_micro=columns.quantity_micro,
        )
        self._energy_micro = np.zeros(len(self._grid.utc_s), dtype=np.int64)
        np.add.at(self._energy_micro, parts.slot, parts.quantity_micro)

    def peak(self, table: RateTable, charge: DemandCharge, *, start_s: int, end_s: int) -> Peak | None:
        """Return the dearest window that counts in [start, end), the first of equals; None without any."""
        low, high = (int(at) for at in np.searchsorted(self._grid.utc_s, [start_s, end_s]))
        clock = _Letters(table)
        dearest, found = 0, None
        for at, energy in self._used(low, high):
            season, letter = clock.at(int(self._grid.local_s[at]))
            if not charge.counts(season=season, letter=letter):
                continue
            power = energy * _MINUTE_S // self._minutes
            price = charge.price_micro(season=season)
            if found is None or power * price > dearest:
                dearest = power * price
                found = Peak(power, season, letter, price, int(self._grid.utc_s[at]))
        return found

    def _used(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        energy = self._energy_micro[low:high]
        used = np.flatnonzero(energy)
        return zip((used + low).tolist(), energy[used].tolist(), strict=True)


class _Letters:
    """Season and letter of local seconds since 1970 under one table."""

    def __init__(self, table: RateTable) -> None:
        self._table = table
        self._days: dict[int, tuple[str, str]] = {}

    def at(self, local_s: int) -> tuple[str, str]:
        """Return the season and the letter, "" for none."""
        day, second = divmod(local_s, _DAY_S)
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = self._day(_EPOCH + timedelta(days=day))
        season, letters = found
        return season, letters[second * len(letters) // _DAY_S] if letters else ""

    def _day(self, day: date) -> tuple[str, str]:
        season = season_on(self._table, day=day)
        clocks = [clock for clock in self._table.clocks if clock.season in ("", season)]
        return season, clocks[0].day(day_type_on(self._table, day=day)) if clocks else ""
