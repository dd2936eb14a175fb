"""Where a balance goes, from what was spent on the same weekdays. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORECAST_DAYS = 28
FORECAST_WEEKS = 8
# of each weekday, so that two whole weeks are known
SAMPLES_MIN = 2
# a month and the one before it, where the first lacks the day
TIMED_DAYS = 62
LOW_PERCENT, LIKELY_PERCENT, HIGH_PERCENT = 10, 50, 90
_WEEK_DAYS = 7
_MONTHS_BACK = 2
_DECEMBER = 12
_WHOLE_PERCENT = 100


@dataclass(frozen=True, slots=True)
class DaySpend:
    """What a wallet spent on a local day: with use, and by the calendar. Minus was given back."""

    used_micro: int = 0
    timed_micro: int = 0


@dataclass(frozen=True, slots=True)
class DayAhead:
    """What is left at the end of a day: where much is used, as usual, where little is."""

    on: date
    least_micro: int
    likely_micro: int
    most_micro: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The days to come, none where too little is known; and on which of them nothing is left."""

    first_counted: date
    days_counted: int
    days: Sequence[DayAhead]

    @property
    def early(self) -> date | None:
        """The first day at whose end nothing is left where much is used."""
        return next((day.on for day in self.days if day.least_micro <= 0), None)

    @property
    def likely(self) -> date | None:
        """The first day at whose end nothing is left as usual."""
        return next((day.on for day in self.days if day.likely_micro <= 0), None)

    @property
    def late(self) -> date | None:
        """The first day at whose end nothing is left where little is used."""
        return next((day.on for day in self.days if day.most_micro <= 0), None)


def forecast(
    *, balance_micro: int, spent: Mapping[date, DaySpend], known_from: date, today: date
) -> Forecast:
    """Return where a balance goes from today on, for 28 days.

    ``spent`` holds the last 62 local days and today so far; a day from ``known_from`` on that it does not
    name spent nothing. Use of a day to come is that of the same weekday in the last eight weeks: its 10th,
    50th and 90th percentile (nearest rank), added up day by day, so that the band is rather too wide than
    too narrow. What falls due by the calendar is what did on the same day of the month before. What was
    spent today already counts towards today.
    """
    first = max(known_from, today - timedelta(weeks=FORECAST_WEEKS))
    count = max(0, (today - first).days)
    known = [first + timedelta(days=each) for each in range(count)]
    if count < SAMPLES_MIN * _WEEK_DAYS:
        return Forecast(first, count, ())
    samples: list[list[int]] = [[] for _ in range(_WEEK_DAYS)]
    for day in known:
        samples[day.weekday()].append(spent.get(day, DaySpend()).used_micro)
    usual_timed = percentile(
        [spent.get(day, DaySpend()).timed_micro for day in known], percent=LIKELY_PERCENT
    )
    left = dict.fromkeys((HIGH_PERCENT, LIKELY_PERCENT, LOW_PERCENT), balance_micro)
    days = []
    for ahead in range(FORECAST_DAYS):
        day = today + timedelta(days=ahead)
        already = spent.get(today, DaySpend()) if ahead == 0 else DaySpend()
        timed = _timed_on(day, spent=spent, known_from=known_from, today=today, usual_micro=usual_timed)
        for percent in left:
            used = percentile(samples[day.weekday()], percent=percent)
            left[percent] -= _still(used, already.used_micro) + _still(timed, already.timed_micro)
        days.append(DayAhead(day, left[HIGH_PERCENT], left[LIKELY_PERCENT], left[LOW_PERCENT]))
    return Forecast(first, count, tuple(days))


def percentile(values: Sequence[int], *, percent: int) -> int:
    """Return the value at the nearest rank: the smallest that so many per cent do not exceed."""
    assert values, "a percentile is of something"
    assert 0 < percent <= _WHOLE_PERCENT, "a rank lies among the values"
    rank = -(-len(values) * percent // _WHOLE_PERCENT)
    return sorted(values)[rank - 1]


def _still(expected_micro: int, already_micro: int) -> int:
    """Return what is still to come of what is expected; more than expected takes nothing back."""
    if expected_micro >= 0:
        return max(0, expected_micro - already_micro)
    return min(0, expected_micro - already_micro)


def _timed_on(
    day: date, *, spent: Mapping[date, DaySpend], known_from: date, today: date, usual_micro: int
) -> int:
    """Return what falls due on a day: what did a month before, or two where that has no such day."""
    for back in range(1, _MONTHS_BACK + 1):
        earlier = _months_before(day, back)
        if earlier is not None and known_from <= earlier < today:
            return spent.get(earlier, DaySpend()).timed_micro
    return usual_micro


def _months_before(day: date, months: int) -> date | None:
    """Return the same day of an earlier month, or None where that has no such day."""
    year, month = day.year, day.month - months
    if month < 1:
        year, month = year - 1, month + _DECEMBER
    try:
        return date(year, month, day.day)
    except ValueError:
        return None
