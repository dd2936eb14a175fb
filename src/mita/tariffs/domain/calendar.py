"""Local dates of a rate table: billing periods, seasons, day types."""

from __future__ import annotations

import warnings
from bisect import bisect_left
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import holidays

if TYPE_CHECKING:
    from .document import RateTable

_SATURDAY, _SUNDAY = 5, 6


def billing_period_start(day: date, *, billing_day: int) -> date:
    """Return the first date of the billing period in which ``day`` lies."""
    if day.day >= billing_day:
        return day.replace(day=billing_day)
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    return date(year, month, billing_day)


def next_billing_period_start(day: date, *, billing_day: int) -> date:
    """Return the first date of the billing period after the one in which ``day`` lies."""
    start = billing_period_start(day, billing_day=billing_day)
    year, month = (start.year, start.month + 1) if start.month < 12 else (start.year + 1, 1)  # noqa: PLR2004
    return date(year, month, billing_day)


def season_on(table: RateTable, *, day: date) -> str:
    """Return the season's name, "" if the table has no seasons."""
    return next((season.name for season in table.seasons if season.contains((day.month, day.day))), "")


def day_type_on(table: RateTable, *, day: date) -> str:
    """Return weekday, saturday or sunday: by exception, else by public holiday, else by weekday."""
    calendar = table.calendar
    if calendar is not None:
        at = bisect_left(calendar.dates, (day, ""))
        if at < len(calendar.dates) and calendar.dates[at][0] == day:
            return calendar.dates[at][1]
        if (
            calendar.country
            and calendar.holiday_as
            and day in public_holidays(calendar.country, year=day.year)
        ):
            return calendar.holiday_as
    return {_SATURDAY: "saturday", _SUNDAY: "sunday"}.get(day.weekday(), "weekday")


@lru_cache(maxsize=512)
def public_holidays(country: str, *, year: int) -> frozenset[date]:
    """Return the public holidays of a country in a year, substitute days included."""
    with warnings.catch_warnings():
        # the library warns of years in which it can only estimate a date; exceptions are for those
        warnings.simplefilter("ignore")
        return frozenset(holidays.country_holidays(country, years=year, expand=False))
