"""How long money lasts, and how old arrears are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mita.reports.domain import age_of, lasting

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("balance", "charged", "days"),
    [(120, 560, 6), (119, 560, 5), (-5, 560, 0), (120, 0, None), (120, -1, None)],
)
def test_how_long_money_lasts(balance: int, charged: int, days: int | None) -> None:
    assert lasting(balance_micro=balance, charged_micro=charged, days_counted=28).days == days


@pytest.mark.parametrize(
    ("days", "age"),
    [(0, "0-30"), (30, "0-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"), (90, "61-90"), (91, "over-90")],
)
def test_how_old_arrears_are(days: int, age: str) -> None:
    assert age_of(NOW - timedelta(days=days), now=NOW) == age
    assert age_of(None, now=NOW) == "over-90"
