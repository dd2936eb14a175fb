"""What a rate table document says of days and hours: calendar, seasons, clocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import holidays

from .calendar import NAMED_YEARS, known_holidays
from .document import DAY_TYPES, Calendar, Clock, Season
from .problems import did_you_mean, fields, key_path, shown
from .scalars import read_date, read_month_day, read_word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .problems import Path, Report

SEASONS_MAX = 20
CALENDAR_DATES_MAX = 1_000
CALENDAR_KEYS = ("country", "subdivision", "holiday_as", "holidays", "dates")
# two characters at least: one character is a clock letter
SEASON_NAME = r"[A-Za-z][A-Za-z0-9_ -]{1,39}"
CLOCK_LETTERS = r"[A-Z]{24}|[A-Z]{48}"


@dataclass(frozen=True, slots=True)
class Frame:
    """What prices may refer to: season names, and the letters of each season's clock ("" without seasons)."""

    seasons: tuple[str, ...]
    letters: Mapping[str, frozenset[str]]

    def letters_in(self, season: str) -> frozenset[str]:
        """Return the letters of a season's clock; of every clock if ``season`` is ""."""
        found = self.letters.values() if season == "" else (self.letters.get(season, frozenset()),)
        return frozenset().union(*found)


def frame_of(seasons: tuple[Season, ...] | None, clocks: tuple[Clock, ...] | None) -> Frame | None:
    """Return what prices may refer to; None if seasons or clocks are broken themselves."""
    if seasons is None or clocks is None:
        return None
    letters = {clock.season: clock.letters for clock in clocks}
    return Frame(seasons=tuple(season.name for season in seasons), letters=letters)


def read_calendar(report: Report, value: Any) -> Calendar | None:
    """Return the calendar, None if it says nothing or is wrong."""
    path: Path = ("calendar",)
    found = fields(report, value, path=path, known=CALENDAR_KEYS)
    if found is None:
        return None
    says_how = "holiday_as" in found or "holidays" in found
    if "country" in found and not says_how:
        message = "the country's holidays have no day type; add holiday_as: sunday (or holidays: by name)"
        report.add(path, "missing_key", message)
    if "country" not in found and (says_how or "subdivision" in found):
        report.add(path, "missing_key", "whose public holidays? add country, a two-letter code such as ZA")
    country = _read_country(report, found["country"]) if "country" in found else None
    subdivision = None
    if country and "subdivision" in found:
        subdivision = _read_subdivision(report, found["subdivision"], country=country)
    holiday_as = None
    if "holiday_as" in found:
        holiday_as = read_word(report, found["holiday_as"], path=(*path, "holiday_as"), words=DAY_TYPES)
    by_name: tuple[tuple[str, str], ...] = ()
    if "holidays" in found:
        by_name = _read_holidays(report, found["holidays"], country=country, subdivision=subdivision)
    dates = _read_dates(report, found["dates"]) if "dates" in found else ()
    return Calendar(country, holiday_as, dates, subdivision, by_name) if country or dates else None


def _read_country(report: Report, value: Any) -> str | None:
    known = holidays.list_supported_countries(include_aliases=False)
    if isinstance(value, str) and value in known:
        return value
    report.add(
        ("calendar", "country"),
        "unknown_country",
        f"no public holidays are known for {shown(value)}; write a two-letter code such as ZA, or use dates",
    )
    return None


def _read_subdivision(report: Report, value: Any, *, country: str) -> str | None:
    known = holidays.list_supported_countries(include_aliases=False)[country]
    if isinstance(value, str) and value in known:
        return value
    message = f"{shown(value)} is no part of {country} with public holidays of its own"
    cure = did_you_mean(value, known) if known else "leave subdivision out"
    report.add(("calendar", "subdivision"), "unknown_subdivision", f"{message}; {cure}")
    return None


def _read_holidays(
    report: Report, value: Any, *, country: str | None, subdivision: str | None
) -> tuple[tuple[str, str], ...]:
    path: Path = ("calendar", "holidays")
    if not isinstance(value, dict) or not 1 <= len(value) <= CALENDAR_DATES_MAX:
        message = 'expected a mapping such as "Good Friday": sunday, found'
        report.add(path, "wrong_type", f"{message} {shown(value)}; write 1 to {CALENDAR_DATES_MAX}")
        return ()
    known = known_holidays(country, subdivision=subdivision) if country else None
    named: dict[str, str] = {}
    for key, day_type in value.items():
        here = key_path(path, key)
        if known is not None and key not in known:
            years = f"{NAMED_YEARS.start} to {NAMED_YEARS.stop - 1}"
            message = f"{shown(key)} is no public holiday of {subdivision or country} from {years}"
            report.add(here, "unknown_holiday", f"{message}; {did_you_mean(key, known)}")
        word = read_word(report, day_type, path=here, words=DAY_TYPES)
        if word and isinstance(key, str):
            named[key] = word
    return tuple(sorted(named.items()))


def _read_dates(report: Report, value: Any) -> tuple[tuple[date, str], ...]:
    path: Path = ("calendar", "dates")
    if not isinstance(value, dict) or len(value) > CALENDAR_DATES_MAX:
        limit = f"at most {CALENDAR_DATES_MAX} entries"
        report.add(
            path,
            "wrong_type",
            f"expected a mapping such as 2025-12-26: saturday, {limit}, found {shown(value)}",
        )
        return ()
    dates: dict[date, str] = {}
    for key, day_type in value.items():
        here = key_path(path, key)
        day = read_date(report, key, path=here)
        word = read_word(report, day_type, path=here, words=DAY_TYPES)
        if day in dates:
            report.add(here, "duplicate_key", f"the date {day} is written twice; keep one")
        elif day and word:
            dates[day] = word
    return tuple(sorted(dates.items()))


def read_seasons(report: Report, value: Any) -> tuple[Season, ...] | None:
    """Return the seasons by their first date; None if they are wrong."""
    path: Path = ("seasons",)
    if not isinstance(value, dict) or not 1 <= len(value) <= SEASONS_MAX:
        example = "high: {from: 06-01, to: 08-31}"
        report.add(
            path, "wrong_type", f"expected 1 to {SEASONS_MAX} seasons such as {example}, found {shown(value)}"
        )
        return None
    seasons = [_read_season(report, name, each, path=key_path(path, name)) for name, each in value.items()]
    known = [season for season in seasons if season is not None]
    if len(known) < len(seasons):
        return None
    return tuple(sorted(known, key=lambda season: season.first)) if _cover_the_year(report, known) else None


def _read_season(report: Report, name: Any, value: Any, *, path: Path) -> Season | None:
    if not isinstance(name, str) or not re.fullmatch(SEASON_NAME, name):
        report.add(
            path, "bad_name", "a season's name has 2 to 40 letters, digits, spaces, _ or -, a letter first"
        )
        return None
    found = fields(report, value, path=path, known=("from", "to"), required=("from", "to"))
    if found is None:
        return None
    first = read_month_day(report, found["from"], path=(*path, "from")) if "from" in found else None
    last = read_month_day(report, found["to"], path=(*path, "to")) if "to" in found else None
    return Season(name=name, first=first, last=last) if first and last else None


def _cover_the_year(report: Report, seasons: list[Season]) -> bool:
    # 2000 is a leap year, so 02-29 needs a season too
    days = [date(2000, 1, 1) + timedelta(days=index) for index in range(366)]
    for day in days:
        names = [season.name for season in seasons if season.contains((day.month, day.day))]
        if not names:
            report.add(("seasons",), "date_without_season", f"{day:%m-%d} is in no season; close the gap")
        elif len(names) > 1:
            both = " and ".join(names[:2])
            report.add(
                ("seasons",), "date_in_two_seasons", f"{day:%m-%d} is in {both}; each date has one season"
            )
        if len(names) != 1:
            return False
    return True


def read_clocks(
    report: Report, value: Any, *, seasons: tuple[Season, ...] | None
) -> tuple[Clock, ...] | None:
    """Return a clock for each season, or the only one; None if they or the seasons are wrong."""
    path: Path = ("clocks",)
    if not isinstance(value, dict):
        report.add(
            path, "wrong_type", f"expected clocks of weekday, saturday and sunday, found {shown(value)}"
        )
        return None
    if seasons is None:
        return None
    if not seasons:
        clock = _read_clock(report, value, season="", path=path)
        return (clock,) if clock else None
    names = [season.name for season in seasons]
    for key in value:
        if key not in names:
            message = f"{shown(key)} is no season; {did_you_mean(key, names)}"
            report.add(key_path(path, key), "unknown_season", message)
    clocks = []
    for name in names:
        if name not in value:
            report.add(path, "season_without_clock", f'the season "{name}" has no clock; add it here')
        else:
            clocks.append(_read_clock(report, value[name], season=name, path=(*path, name)))
    known = tuple(clock for clock in clocks if clock is not None)
    return known if len(known) == len(names) else None


def _read_clock(report: Report, value: Any, *, season: str, path: Path) -> Clock | None:
    found = fields(report, value, path=path, known=DAY_TYPES, required=DAY_TYPES)
    if found is None:
        return None
    letters = {}
    for day_type in DAY_TYPES:
        text = found.get(day_type)
        if isinstance(text, str) and re.fullmatch(CLOCK_LETTERS, text):
            letters[day_type] = text
        elif day_type in found:
            counted = f"{len(text)} characters" if isinstance(text, str) else shown(text)
            report.add(
                (*path, day_type),
                "bad_clock",
                f"expected 24 or 48 letters A to Z from 00:00, found {counted}",
            )
    return Clock(season=season, **letters) if len(letters) == len(DAY_TYPES) else None
