"""The local hours, days, weeks and months that a report is cut into. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from mita.kit.zones import next_month
from mita.tariffs.domain import local_midnight_s

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

STEPS_MAX = 9_000
_HOUR_S = 3_600
_DAY_S = 86_400
_WEEK_DAYS = 7
_YEAR_MONTHS = 12


class Step(StrEnum):
    """What a report is cut into."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


# a gap between readings that is no longer than the longest step of its kind is none
LONGEST_S = {
    Step.HOUR: _HOUR_S,
    Step.DAY: _DAY_S + _HOUR_S,
    Step.WEEK: _WEEK_DAYS * _DAY_S + _HOUR_S,
    Step.MONTH: 31 * _DAY_S + _HOUR_S,
}
_SHORTEST_DAYS = {Step.DAY: 1, Step.WEEK: _WEEK_DAYS, Step.MONTH: 28}


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of the local dates [first, until): a label each, and the seconds where they begin and end.

    ``borders_s`` has one more than ``labels``: the end of the last step.
    """

    step: Step
    first: date
    until: date
    labels: tuple[str, ...]
    borders_s: tuple[int, ...]

    @property
    def longest_s(self) -> int:
        """How long a gap between readings may be that is none."""
        return LONGEST_S[self.step]


class TooManySteps(ValueError):
    """More steps than a report may have."""


def steps_of(step: Step, *, first: date, until: date, zone: ZoneInfo) -> Steps:
    """Cut the local dates [first, until), widened to whole weeks or months, into steps.

    An hour is 60 minutes: a day has 23 to 25 of them where clocks change. Labels: ``2026-03-29T01:00+02:00``,
    ``2026-03-29``, ``2026-W13``, ``2026-03``.

    :raises TooManySteps: if there are more than ``STEPS_MAX``
    """
    assert first < until, "an empty span has no steps"
    first, until = _begin(step, first), _end(step, until)
    days = (until - first).days
    count = days * 24 if step is Step.HOUR else days // _SHORTEST_DAYS[step]
    if count > STEPS_MAX:
        raise TooManySteps(f"{count} steps are more than {STEPS_MAX}")
    if step is Step.HOUR:
        return _hours(first, until, zone)
    dates = [first]
    while dates[-1] < until:
        dates.append(_next(step, dates[-1]))
    return Steps(
        step,
        first,
        until,
        tuple(_label(step, day) for day in dates[:-1]),
        tuple(local_midnight_s(day, zone=zone) for day in dates),
    )


def dates_before(steps: Steps) -> tuple[date, date]:
    """Return the local dates [first, until) of as many steps just before; hours count as days."""
    if steps.step is not Step.MONTH:
        return steps.first - (steps.until - steps.first), steps.first
    number = _month_number(steps.first) * 2 - _month_number(steps.until)
    return date(number // _YEAR_MONTHS, number % _YEAR_MONTHS + 1, 1), steps.first


def _month_number(day: date) -> int:
    return day.year * _YEAR_MONTHS + day.month - 1


def _hours(first: date, until: date, zone: ZoneInfo) -> Steps:
    start_s, end_s = (local_midnight_s(day, zone=zone) for day in (first, until))
    starts = range(start_s, end_s, _HOUR_S)
    labels = tuple(datetime.fromtimestamp(at, tz=zone).isoformat(timespec="minutes") for at in starts)
    return Steps(Step.HOUR, first, until, labels, (*starts, end_s))


def _begin(step: Step, day: date) -> date:
    if step is Step.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step is Step.MONTH else day


def _end(step: Step, day: date) -> date:
    begin = _begin(step, day)
    return day if begin == day else _next(step, begin)


def _next(step: Step, day: date) -> date:
    if step is Step.MONTH:
        return next_month(day)
    return day + timedelta(days=_WEEK_DAYS if step is Step.WEEK else 1)


def _label(step: Step, day: date) -> str:
    if step is Step.WEEK:
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return f"{day:%Y-%m}" if step is Step.MONTH else day.isoformat()
