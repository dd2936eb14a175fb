"""Friendly hours: nights, weekends and public holidays in which no supply is cut. Pure."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import holidays as public
import numpy as np

from mita.tariffs.domain.localtime import local_grid

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

_DAY_S = 86_400
_SPAN_DAYS = 8
# the longest stretch that is looked at: nothing in a calendar is longer
_SPANS_MAX = 12
_EPOCH = date(1970, 1, 1)
_EPOCH_WEEKDAY = 3  # a Thursday
_SATURDAY = 5


class UnknownCalendar(ValueError):
    """There is no list of public holidays for that country or part of it."""


@dataclass(frozen=True, slots=True)
class FriendlyHours:
    """When an estate cuts nothing, by the wall clock of its zone.

    The night goes from ``night_from`` until before ``night_until``, over midnight if it ends earlier than it
    begins; whole minutes, both None for no nights. A weekend is Saturday and Sunday.
    """

    is_on: bool = False
    night_from: time | None = None
    night_until: time | None = None
    weekends: bool = False
    holidays_country: str | None = None
    holidays_subdivision: str | None = None

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as (field, sentence)."""
        found = []
        if (self.night_from is None) != (self.night_until is None):
            found.append(("night_until", "night_from and night_until belong together; set both or neither"))
        elif self.night_from is not None and self.night_from == self.night_until:
            found.append(("night_until", "the night must end at another time than it begins"))
        if self.holidays_subdivision is not None and self.holidays_country is None:
            found.append(("holidays_country", "a part of a country needs its country"))
        elif self.holidays_country is not None:
            try:
                public_holidays(self.holidays_country, subdivision=self.holidays_subdivision, year=2026)
            except UnknownCalendar as error:
                found.append(("holidays_country", str(error)))
        return found

    def holidays_after(self, day: date) -> frozenset[date]:
        """Return the public holidays of the year of ``day`` and of the one after it."""
        if self.holidays_country is None:
            return frozenset()
        country, part = self.holidays_country, self.holidays_subdivision
        this_year = public_holidays(country, subdivision=part, year=day.year)
        return this_year | public_holidays(country, subdivision=part, year=day.year + 1)


NO_FRIENDLY_HOURS = FriendlyHours()


@lru_cache(maxsize=512)
def public_holidays(country: str, *, subdivision: str | None, year: int) -> frozenset[date]:
    """Return the public holidays of a country, or a part of it, in a year, substitute days included.

    :raises UnknownCalendar: if there is no such list
    """
    with warnings.catch_warnings():
        # the library warns of years in which it can only estimate a date
        warnings.simplefilter("ignore")
        try:
            return frozenset(public.country_holidays(country, subdiv=subdivision, years=year, expand=False))
        except NotImplementedError as error:
            place = country if subdivision is None else f"{country}-{subdivision}"
            raise UnknownCalendar(f"no public holidays are known for {place}") from error


def next_cut_time(
    instant: datetime, *, rule: FriendlyHours, zone: ZoneInfo, holidays: Collection[date]
) -> datetime:
    """Return the first moment from ``instant`` on that lies in no friendly hour: itself, or their end.

    What counts is what the wall clock of ``zone`` shows, so a night is as long as the clocks make it.
    """
    start_s = math.floor(instant.timestamp())
    off_days = np.array(sorted((day - _EPOCH).days for day in holidays), dtype=np.int64)
    step_s = _step_s(rule)
    for span in range(_SPANS_MAX):
        since_s = start_s + span * _SPAN_DAYS * _DAY_S
        grid = local_grid(zone, start_s=since_s, end_s=since_s + _SPAN_DAYS * _DAY_S, step_s=step_s)
        is_friendly = _is_friendly(grid.local_s, rule=rule, off_days=off_days)
        if not is_friendly[0] and span == 0:
            return instant
        free = np.flatnonzero(~is_friendly)
        if len(free):
            return datetime.fromtimestamp(int(grid.utc_s[free[0]]), tz=UTC)
    return instant + timedelta(days=_SPANS_MAX * _SPAN_DAYS)


def _step_s(rule: FriendlyHours) -> int:
    """Return a span of which the beginning and the end of the night, and a day, are multiples."""
    if rule.night_from is None or rule.night_until is None:
        return _DAY_S
    return math.gcd(_DAY_S, _second_of_day(rule.night_from), _second_of_day(rule.night_until))


def _second_of_day(clock: time) -> int:
    return clock.hour * 3_600 + clock.minute * 60 + clock.second


def _is_friendly(
    local_s: NDArray[np.int64], *, rule: FriendlyHours, off_days: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell of wall-clock seconds since 1970-01-01 whether they lie in friendly hours."""
    if not rule.is_on:
        return np.zeros(len(local_s), dtype=np.bool_)
    day, second = local_s // _DAY_S, local_s % _DAY_S
    is_friendly: NDArray[np.bool_] = np.isin(day, off_days)
    if rule.weekends:
        is_friendly |= (day + _EPOCH_WEEKDAY) % 7 >= _SATURDAY
    if rule.night_from is not None and rule.night_until is not None:
        begin, end = _second_of_day(rule.night_from), _second_of_day(rule.night_until)
        is_after, is_before = second >= begin, second < end
        is_friendly |= (is_after & is_before) if begin < end else (is_after | is_before)
    return is_friendly
