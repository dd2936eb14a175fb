"""Windows over months of every length, and when it is time for a reminder."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.rounds.domain import (
    Stage,
    Window,
    WindowRule,
    coming_window,
    late_window,
    month_of,
    open_window,
    rule_on,
    stage_due,
)
from mita.rounds.queries.kept import span_of

EVER = date(2020, 1, 1)


def rule(from_day: int, to_day: int) -> WindowRule:
    return WindowRule(EVER, from_day, to_day)


@pytest.mark.parametrize(
    ("days", "today", "first", "last"),
    [
        ((25, 31), "2026-01-25", "2026-01-25", "2026-01-31"),
        ((25, 31), "2026-01-31", "2026-01-25", "2026-01-31"),
        ((25, 31), "2026-02-01", "2026-02-25", "2026-02-28"),
        ((25, 31), "2028-02-10", "2028-02-25", "2028-02-29"),
        ((25, 31), "2026-04-30", "2026-04-25", "2026-04-30"),
        # days that a month does not have are its last one
        ((29, 31), "2026-02-28", "2026-02-28", "2026-02-28"),
        ((31, 31), "2026-06-30", "2026-06-30", "2026-06-30"),
        ((30, 30), "2028-02-29", "2028-02-29", "2028-02-29"),
        # over the end of the month, and of the year
        ((28, 3), "2026-01-02", "2025-12-28", "2026-01-03"),
        ((28, 3), "2026-01-04", "2026-01-28", "2026-02-03"),
        ((31, 5), "2026-03-05", "2026-02-28", "2026-03-05"),
        ((29, 2), "2026-03-03", "2026-03-29", "2026-04-02"),
        # a whole month
        ((1, 31), "2026-02-14", "2026-02-01", "2026-02-28"),
        # in a short month the next one begins where this one would still last
        ((30, 29), "2026-02-27", "2026-01-30", "2026-02-27"),
        ((30, 29), "2026-02-28", "2026-02-28", "2026-03-29"),
        ((1, 1), "2026-12-02", "2027-01-01", "2027-01-01"),
    ],
)
def test_the_window_of_a_day(days, today, first, last):
    window = coming_window(rule(*days), day=date.fromisoformat(today))
    assert (window.from_on.isoformat(), window.last_on.isoformat()) == (first, last)


def test_between_two_windows_none_is_open():
    assert open_window(rule(25, 31), day=date(2026, 3, 24)) is None
    assert open_window(rule(25, 31), day=date(2026, 3, 25)) == Window(date(2026, 3, 25), date(2026, 4, 1))


@given(st.integers(1, 31), st.integers(1, 31), st.dates(date(2024, 1, 1), date(2029, 12, 31)))
def test_windows_follow_each_other_and_never_overlap(from_day, to_day, day):
    window = coming_window(rule(from_day, to_day), day=day)
    assert window.from_on < window.until_on
    assert day < window.until_on
    following = coming_window(rule(from_day, to_day), day=window.until_on)
    assert following.from_on >= window.until_on
    assert timedelta(0) <= following.from_on - window.from_on <= timedelta(days=31)
    for each in (window.from_on, window.last_on):
        assert coming_window(rule(from_day, to_day), day=each) == window


@given(
    st.integers(1, 31), st.integers(1, 31), st.integers(0, 14), st.dates(date(2024, 1, 1), date(2029, 12, 31))
)
def test_a_window_takes_what_comes_late_for_some_days(from_day, to_day, late_days, day):
    found = WindowRule(EVER, from_day, to_day, late_days=late_days)
    late = late_window(found, day=day)
    if open_window(found, day=day) is not None:
        assert late is None
        return
    # the day before the first one that is not in a window is the last one of the one that ended
    back = next(days for days in range(1, 40) if open_window(found, day=day - timedelta(days=days)))
    expected = open_window(found, day=day - timedelta(days=back))
    assert late == (expected if back <= late_days else None)


def test_a_window_before_the_rule_takes_nothing_late():
    began = WindowRule(date(2026, 4, 2), 25, 31, late_days=5)
    assert late_window(began, day=date(2026, 4, 2)) is None
    assert late_window(WindowRule(EVER, 25, 31, late_days=5), day=date(2026, 4, 2)) is not None


def test_the_newest_version_of_a_date_is_in_force():
    first = WindowRule(date(2026, 1, 1), 1, 5)
    later = WindowRule(date(2026, 3, 1), 10, 15)
    mended = WindowRule(date(2026, 3, 1), 11, 15)
    back = WindowRule(date(2026, 2, 1), 20, 25)
    made = [first, later, mended, back]
    assert rule_on(made, day=date(2025, 12, 31)) is None
    assert rule_on(made, day=date(2026, 1, 31)) == first
    assert rule_on(made, day=date(2026, 2, 28)) == back
    # what was made last begins earlier, and ends where the next version begins
    assert rule_on(made, day=date(2026, 3, 1)) == mended


def stages(window: Window) -> list[tuple[str, str]]:
    days = (window.from_on - timedelta(days=5) + timedelta(days=i) for i in range(20))
    return [(day.isoformat(), stage) for day in days if (stage := stage_due(window, day=day)) is not None]


def test_reminders_are_due_three_days_before_the_last_one_and_on_it():
    assert stages(Window(date(2026, 2, 22), date(2026, 3, 1))) == [
        ("2026-02-25", Stage.EARLY),
        ("2026-02-26", Stage.EARLY),
        ("2026-02-27", Stage.EARLY),
        ("2026-02-28", Stage.LAST),
    ]
    assert stages(Window(date(2026, 2, 27), date(2026, 3, 1))) == [
        ("2026-02-27", Stage.EARLY),
        ("2026-02-28", Stage.LAST),
    ]
    assert stages(Window(date(2026, 2, 28), date(2026, 3, 1))) == [("2026-02-28", Stage.LAST)]


@pytest.mark.parametrize(
    ("zone", "window", "begins", "ends"),
    [
        # clocks go forward inside it: an hour less
        ("Europe/Vienna", (date(2026, 3, 25), date(2026, 4, 1)), "2026-03-24T23:00", "2026-03-31T22:00"),
        # and back: an hour more
        ("Europe/Vienna", (date(2026, 10, 25), date(2026, 10, 26)), "2026-10-24T22:00", "2026-10-25T23:00"),
        ("Africa/Johannesburg", (date(2026, 3, 1), date(2026, 3, 2)), "2026-02-28T22:00", "2026-03-01T22:00"),
        # a midnight that does not exist
        ("America/Santiago", (date(2026, 9, 6), date(2026, 9, 7)), "2026-09-06T04:00", "2026-09-07T03:00"),
    ],
)
def test_windows_begin_and_end_at_local_midnights(zone, window, begins, ends):
    since, until = span_of(Window(*window), zone=ZoneInfo(zone))
    assert (since.isoformat(), until.isoformat()) == (f"{begins}:00+00:00", f"{ends}:00+00:00")


def test_without_a_rule_a_round_is_a_month():
    assert month_of(date(2026, 12, 31)) == Window(date(2026, 12, 1), date(2027, 1, 1))
