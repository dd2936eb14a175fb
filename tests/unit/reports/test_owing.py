"""How long money lasts, and how old arrears are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mita.reports.domain import age_of, days_together, lasting

DAY_S = 86_400
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("balance", "charged", "days"),
    [(120, 560, 6), (119, 560, 5), (-5, 560, 0), (120, 0, None), (120, -1, None)],
)
def test_how_long_money_lasts(balance: int, charged: int, days: int | None) -> None:
    assert lasting(balance_micro=balance, charged_micro=charged, counted_s=28 * DAY_S).days == days


def test_a_young_home_is_told_by_the_days_that_it_has() -> None:
    found = lasting(balance_micro=18_640_000, charged_micro=940_000, counted_s=DAY_S)
    assert (found.days, found.per_day_micro, found.days_counted) == (19, 940_000, 1)
    half = lasting(balance_micro=18_640_000, charged_micro=940_000, counted_s=DAY_S // 2)
    assert (half.days, half.per_day_micro, half.days_counted) == (9, 1_880_000, 1)
    less = lasting(balance_micro=18_640_000, charged_micro=940_000, counted_s=DAY_S // 2 - 1)
    assert (less.days, less.per_day_micro) == (None, 0)


def test_homes_of_different_ages_last_together() -> None:
    old = lasting(balance_micro=100_000_000, charged_micro=56_000_000, counted_s=28 * DAY_S)
    young = lasting(balance_micro=-10_000_000, charged_micro=3_000_000, counted_s=DAY_S)
    new = lasting(balance_micro=10_000_000, charged_micro=1_000_000, counted_s=60)
    # 100.00 at 2.00 and 3.00 a day
    assert days_together([old, young, new]) == 20
    assert days_together([young]) == 0
    assert days_together([new]) is None
    assert days_together([]) is None


@pytest.mark.parametrize(
    ("days", "age"),
    [(0, "0-30"), (30, "0-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"), (90, "61-90"), (91, "over-90")],
)
def test_how_old_arrears_are(days: int, age: str) -> None:
    assert age_of(NOW - timedelta(days=days), now=NOW) == age
    assert age_of(None, now=NOW) == "over-90"
