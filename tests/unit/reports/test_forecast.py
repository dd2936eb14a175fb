"""Where a balance goes: percentiles of the same weekday, added up, held against numbers of hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.reports.domain import FORECAST_DAYS, DaySpend, forecast, percentile

TODAY = date(2026, 3, 18)  # a Wednesday
LONG_AGO = date(2025, 1, 1)


def days_before(count: int) -> list[date]:
    return [TODAY - timedelta(days=each) for each in range(1, count + 1)]


@pytest.mark.parametrize(
    ("percent", "value"), [(10, 1), (12, 1), (13, 2), (50, 4), (51, 5), (88, 8), (90, 8), (100, 8)]
)
def test_a_percentile_is_the_value_at_the_nearest_rank(percent: int, value: int) -> None:
    assert percentile([8, 1, 7, 2, 6, 3, 5, 4], percent=percent) == value
    assert percentile([5], percent=percent) == 5


def test_each_weekday_is_one_of_its_own() -> None:
    # Wednesdays of the last eight weeks used 10, 20 … 80; every other day 1
    spent = {day: DaySpend(used_micro=1) for day in days_before(56)}
    for week in range(1, 9):
        spent[TODAY - timedelta(weeks=week)] = DaySpend(used_micro=10 * week)
    found = forecast(balance_micro=1_000, spent=spent, known_from=LONG_AGO, today=TODAY)
    assert (found.first_counted, found.days_counted, len(found.days)) == (
        date(2026, 1, 21),
        56,
        FORECAST_DAYS,
    )
    wednesday, thursday = found.days[0], found.days[1]
    # ranks 1, 4 and 8 of eight
    assert (wednesday.most_micro, wednesday.likely_micro, wednesday.least_micro) == (990, 960, 920)
    assert (thursday.on, thursday.most_micro, thursday.least_micro) == (date(2026, 3, 19), 989, 919)
    # a week on: six days of 1 more, and a Wednesday again
    assert found.days[7].likely_micro == 960 - 6 - 40
    # four Wednesdays of 80 and 24 other days
    assert found.days[-1].least_micro == 1_000 - 4 * 80 - 24


def test_what_was_spent_today_counts_towards_today() -> None:
    spent = {day: DaySpend(used_micro=50, timed_micro=3) for day in days_before(62)}
    spent[TODAY] = DaySpend(used_micro=20, timed_micro=3)
    first = forecast(balance_micro=100, spent=spent, known_from=LONG_AGO, today=TODAY).days[0]
    assert first.likely_micro == 100 - 30
    spent[TODAY] = DaySpend(used_micro=70)
    first = forecast(balance_micro=100, spent=spent, known_from=LONG_AGO, today=TODAY).days[0]
    assert first.likely_micro == 100 - 3


def test_what_falls_due_by_the_calendar_falls_due_on_its_day() -> None:
    spent = {date(2026, 3, 1): DaySpend(timed_micro=400), date(2026, 1, 31): DaySpend(timed_micro=7)}
    found = forecast(balance_micro=1_000, spent=spent, known_from=LONG_AGO, today=TODAY)
    left = {day.on: day for day in found.days}
    assert left[date(2026, 3, 30)].likely_micro == 1_000
    # February has no 31st: January's counts
    assert left[date(2026, 3, 31)].likely_micro == 993
    first = left[date(2026, 4, 1)]
    assert (first.least_micro, first.likely_micro, first.most_micro) == (593, 593, 593)


def test_without_a_month_the_usual_day_stands_for_what_falls_due() -> None:
    spent = {day: DaySpend(used_micro=10, timed_micro=2) for day in days_before(14)}
    found = forecast(balance_micro=1_000, spent=spent, known_from=TODAY - timedelta(days=14), today=TODAY)
    assert found.days_counted == 14
    assert found.days[0].likely_micro == 1_000 - 12


def test_two_whole_weeks_are_needed() -> None:
    spent = {day: DaySpend(used_micro=10) for day in days_before(56)}
    found = forecast(balance_micro=100, spent=spent, known_from=TODAY - timedelta(days=13), today=TODAY)
    assert (found.days_counted, list(found.days), found.early, found.likely) == (13, [], None, None)
    assert forecast(balance_micro=100, spent={}, known_from=TODAY, today=TODAY).days_counted == 0
    assert forecast(balance_micro=100, spent={}, known_from=date(2027, 1, 1), today=TODAY).days_counted == 0


def test_the_days_on_which_nothing_is_left() -> None:
    # odd weeks use 10 a day, even ones 20
    spent = {day: DaySpend(used_micro=10 + 10 * (at // 7 % 2)) for at, day in enumerate(days_before(56))}
    found = forecast(balance_micro=100, spent=spent, known_from=LONG_AGO, today=TODAY)
    # four of eight used 10: the median at the nearest rank is 10, and so is the low one
    assert (found.early, found.likely, found.late) == (
        TODAY + timedelta(days=4),
        TODAY + timedelta(days=9),
        TODAY + timedelta(days=9),
    )
    far = forecast(balance_micro=281, spent=spent, known_from=LONG_AGO, today=TODAY)
    assert (far.early, far.likely) == (TODAY + timedelta(days=14), None)
    gone = forecast(balance_micro=0, spent={}, known_from=LONG_AGO, today=TODAY)
    assert (gone.early, gone.late) == (TODAY, TODAY)


@given(
    used=st.lists(st.integers(-(10**12), 10**12), min_size=56, max_size=56),
    timed=st.lists(st.integers(-(10**12), 10**12), min_size=56, max_size=56),
    balance=st.integers(-(10**12), 10**12),
)
def test_the_band_holds_what_is_likely(used: list[int], timed: list[int], balance: int) -> None:
    days = zip(days_before(56), used, timed, strict=True)
    spent = {day: DaySpend(each, due) for day, each, due in days}
    found = forecast(balance_micro=balance, spent=spent, known_from=LONG_AGO, today=TODAY)
    for day in found.days:
        assert day.least_micro <= day.likely_micro <= day.most_micro
