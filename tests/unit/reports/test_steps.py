"""Local hours, days, weeks and months, where clocks change too."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mita.reports.domain import Step, TooManySteps, dates_before, steps_of

VIENNA = ZoneInfo("Europe/Vienna")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


def second(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def test_a_day_in_spring_has_23_hours() -> None:
    found = steps_of(Step.HOUR, first=SPRING, until=date(2026, 3, 30), zone=VIENNA)
    assert len(found.labels) == 23
    assert found.labels[:3] == ("2026-03-29T00:00+01:00", "2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00")
    assert found.borders_s[0] == second(2026, 3, 28, 23)
    assert found.borders_s[-1] == second(2026, 3, 29, 22)


def test_a_day_in_autumn_has_25_hours_and_two_of_them_are_called_two() -> None:
    found = steps_of(Step.HOUR, first=AUTUMN, until=date(2026, 10, 26), zone=VIENNA)
    assert len(found.labels) == 25
    assert found.labels[2:4] == ("2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00")


def test_days_begin_at_local_midnight() -> None:
    found = steps_of(Step.DAY, first=date(2026, 3, 28), until=date(2026, 3, 31), zone=VIENNA)
    assert found.labels == ("2026-03-28", "2026-03-29", "2026-03-30")
    lengths = [later - earlier for earlier, later in zip(found.borders_s, found.borders_s[1:], strict=False)]
    assert lengths == [86_400, 82_800, 86_400]


def test_weeks_and_months_are_whole() -> None:
    weeks = steps_of(Step.WEEK, first=date(2025, 12, 31), until=date(2026, 1, 6), zone=VIENNA)
    assert weeks.labels == ("2026-W01", "2026-W02")
    assert (weeks.first, weeks.until) == (date(2025, 12, 29), date(2026, 1, 12))
    months = steps_of(Step.MONTH, first=date(2026, 1, 31), until=date(2026, 3, 1), zone=VIENNA)
    assert months.labels == ("2026-01", "2026-02")
    assert (months.first, months.until) == (date(2026, 1, 1), date(2026, 3, 1))


@pytest.mark.parametrize(
    ("step", "first", "until", "before"),
    [
        (Step.DAY, date(2026, 3, 5), date(2026, 3, 8), (date(2026, 3, 2), date(2026, 3, 5))),
        (Step.WEEK, date(2026, 3, 2), date(2026, 3, 9), (date(2026, 2, 23), date(2026, 3, 2))),
        (Step.MONTH, date(2026, 1, 1), date(2026, 4, 1), (date(2025, 10, 1), date(2026, 1, 1))),
    ],
)
def test_the_span_before(step: Step, first: date, until: date, before: tuple[date, date]) -> None:
    assert dates_before(steps_of(step, first=first, until=until, zone=VIENNA)) == before


def test_steps_have_a_limit() -> None:
    with pytest.raises(TooManySteps):
        steps_of(Step.HOUR, first=date(2024, 1, 1), until=date(2026, 1, 1), zone=VIENNA)
