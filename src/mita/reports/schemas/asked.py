"""What every report is asked with: a span of local dates, cut into steps."""

from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Query

from mita.kit.errors import Invalid
from mita.reports.domain import Step, Steps, TooManySteps, steps_of

_YEAR_MIN, _YEAR_MAX = 1990, 2199
StepWord = Literal["hour", "day", "week", "month"]
First = Annotated[date, Query(alias="from", description="The first local date", examples=["2026-03-01"])]
Until = Annotated[
    date, Query(alias="to", description="The first local date that does not count", examples=["2026-04-01"])
]


def asked_steps(step: StepWord, *, first: date, until: date, zone: ZoneInfo) -> Steps:
    """Return the steps of a span that somebody asked for.

    :raises Invalid: if it is empty, too far away, or has too many steps
    """
    if not first < until:
        raise _no_span("must be after `from`")
    if not (first.year >= _YEAR_MIN and until.year <= _YEAR_MAX):
        raise _no_span(f"must lie between {_YEAR_MIN} and {_YEAR_MAX}, and so must `from`")
    try:
        return steps_of(Step(step), first=first, until=until, zone=zone)
    except TooManySteps as error:
        raise _no_span(f"is too far from `from`: {error}") from error


def _no_span(message: str) -> Invalid:
    return Invalid(f"to {message}", problems=[{"path": "query.to", "message": message}])


def too_many_values(message: str) -> Invalid:
    """Return the refusal of a report that would be too large."""
    return Invalid(f"query.step {message}", problems=[{"path": "query.step", "message": message}])
