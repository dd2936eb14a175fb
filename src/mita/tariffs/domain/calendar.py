"""Local dates of a rate table: billing periods, seasons, day types."""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import holidays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .document import Calendar, RateTable

_SATURDAY, _SUNDAY = 5, 6
_QUIETEST = ("sunday", "saturday", "weekday")
_TAIL = re.compile(r"\s*[(（][^()（）]*[)）]$")  # noqa: RUF001 - as the library writes it
# the years whose names of holidays a document may use
NAMED_YEARS = range(2000, 2051)


def billing_period_start(day: date, *, billing_day: int) -> date:
    """Return the first date of the billing period in which ``day`` lies."""
    if day.day >= billing_day:
        return day.replace(day=billing_day)
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    return date(year, month, billing_day)


def next_billing_period_start(day: date, *, billing_day: int) -> date:
    """Return the first date of the billing period after the one in which ``day`` lies."""
    start = billing_period_start(day, billing_day=billing_day)
    year, month = (start.year, start.month + 1) if start.month < 12 else (start.year + 1, 1)  # noqa: PLR2004 - December
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
        as_holiday = _holiday_type(calendar, day=day)
        if as_holiday is not None:
            return as_holiday
    return {_SATURDAY: "saturday", _SUNDAY: "sunday"}.get(day.weekday(), "weekday")


def _holiday_type(calendar: Calendar, *, day: date) -> str | None:
    """Return what a public holiday counts as: the quietest, if it is two named ones at once."""
    if calendar.country is None:
        return None
    names = holiday_names(calendar.country, subdivision=calendar.subdivision, year=day.year).get(day)
    if names is None:
        return None
    by_name = dict(calendar.holidays)
    found = {by_name.get(name, by_name.get(plain_holiday(name), "")) for name in names}
    return next((each for each in _QUIETEST if each in found), calendar.holiday_as)


def plain_holiday(name: str) -> str:
    """Return a holiday's name without what the library adds in some years, such as ``(observed)``."""
    return _TAIL.sub("", name)


def public_holidays(country: str, *, year: int, subdivision: str | None = None) -> frozenset[date]:
    """Return the public holidays of a country, or a part of it, in a year, substitute days included."""
    return frozenset(holiday_names(country, subdivision=subdivision, year=year))


@lru_cache(maxsize=512)
def holiday_names(country: str, *, subdivision: str | None, year: int) -> Mapping[date, frozenset[str]]:
    """Return the names of each public holiday of a year, in English and in the country's own language."""
    names: dict[date, set[str]] = {}
    with warnings.catch_warnings():
        # the library warns of years in which it can only estimate a date; exceptions are for those
        warnings.simplefilter("ignore")
        for language in _languages(country):
            found = holidays.country_holidays(
                country, subdiv=subdivision, years=year, expand=False, language=language
            )
            for day, joined in found.items():
                names.setdefault(day, set()).update(joined.split(holidays.HOLIDAY_NAME_DELIMITER))
    return {day: frozenset(each) for day, each in names.items()}


@lru_cache(maxsize=64)
def known_holidays(country: str, *, subdivision: str | None) -> frozenset[str]:
    """Return every name that a public holiday of the named years has, with and without its additions."""
    names: set[str] = set()
    for year in NAMED_YEARS:
        names.update(*holiday_names(country, subdivision=subdivision, year=year).values())
    return frozenset(names | {plain_holiday(name) for name in names})


@lru_cache(maxsize=256)
def _languages(country: str) -> tuple[str | None, ...]:
    # named, because the library would otherwise take the language of whoever runs this process
    found = holidays.country_holidays(country)
    english = [each for each in found.supported_languages if each.startswith("en")]
    own = [found.default_language] if found.default_language else []
    return tuple(dict.fromkeys([*english, *own])) or (None,)
