"""Read a rate table document, all of its problems at once."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import holidays

from .charges import Frame, read_charges
from .document import (
    DAY_TYPES,
    FORMAT_VERSION,
    UTILITIES,
    Calendar,
    Clock,
    RateTable,
    Season,
    SourceNote,
    Tax,
)
from .problems import Report, did_you_mean, fields, key_path, shown
from .scalars import URL_CHARS_MAX, read_date, read_decimal, read_month_day, read_text, read_word
from .source import read_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .problems import Path

SEASONS_MAX = 20
CALENDAR_DATES_MAX = 1_000
BILLING_DAY_MAX = 28

_KEYS = (
    "rate_table",
    "name",
    "utility",
    "currency",
    "effective_from",
    "source",
    "tax",
    "period",
    "billing_day",
    "calendar",
    "seasons",
    "clocks",
    "charges",
)
_REQUIRED = ("rate_table", "name", "utility", "currency", "effective_from", "charges")
_CURRENCY = re.compile(r"[A-Z]{3}")
# two characters at least: one character is a clock letter
_SEASON_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{1,39}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CLOCK = re.compile(r"[A-Z]{24}|[A-Z]{48}")


def parse_document(source: Mapping[str, Any] | str) -> RateTable:
    """Return the rate table that a mapping, or its YAML or JSON text, describes.

    :raises RateTableInvalid: with every problem found; nothing else is raised, whatever the text
    """
    report = Report()
    value = read_source(source, report=report)
    report.close()
    table = _read_table(report, value)
    report.close()
    assert table is not None, "a document without problems is a table"
    return table


def _read_table(report: Report, value: Any) -> RateTable | None:
    found = fields(report, value, path=(), known=_KEYS, required=_REQUIRED)
    if found is None:
        return None
    _read_version(report, found)
    name = read_text(report, found["name"], path=("name",)) if "name" in found else None
    utility = (
        read_word(report, found["utility"], path=("utility",), words=UTILITIES)
        if "utility" in found
        else None
    )
    day = (
        read_date(report, found["effective_from"], path=("effective_from",))
        if "effective_from" in found
        else None
    )
    currency = _read_currency(report, found)
    billing_day = _read_period(report, found)
    source = _read_source_note(report, found["source"]) if "source" in found else None
    tax = _read_tax(report, found["tax"]) if "tax" in found else None
    calendar = _read_calendar(report, found["calendar"]) if "calendar" in found else None
    seasons = _read_seasons(report, found["seasons"]) if "seasons" in found else ()
    clocks = _read_clocks(report, found["clocks"], seasons=seasons) if "clocks" in found else ()
    charges = read_charges(report, found.get("charges", ()), frame=_frame(seasons, clocks))
    if report.problems or name is None or utility is None or day is None or currency is None:
        return None
    return RateTable(
        name=name,
        utility=utility,
        currency=currency,
        effective_from=day,
        charges=charges,
        tax=tax,
        billing_day=billing_day,
        calendar=calendar,
        seasons=seasons or (),
        clocks=clocks or (),
        source=source,
    )


def _read_version(report: Report, found: Mapping[str, Any]) -> None:
    version = found.get("rate_table", FORMAT_VERSION)
    if type(version) is not int or version != FORMAT_VERSION:
        report.add(
            ("rate_table",), "unknown_format", f"format {shown(version)} is not known; write rate_table: 1"
        )


def _read_currency(report: Report, found: Mapping[str, Any]) -> str | None:
    value = found.get("currency", "XXX")
    if isinstance(value, str) and _CURRENCY.fullmatch(value):
        return value
    report.add(("currency",), "not_a_currency", f"{shown(value)} is not three capital letters such as ZAR")
    return None


def _read_period(report: Report, found: Mapping[str, Any]) -> int:
    if "period" in found:
        read_word(report, found["period"], path=("period",), words=("month",))
    value = found.get("billing_day", 1)
    if type(value) is not int or not 1 <= value <= BILLING_DAY_MAX:
        report.add(
            ("billing_day",),
            "out_of_range",
            f"{shown(value)} is not a whole number from 1 to {BILLING_DAY_MAX}",
        )
        return 1
    return value


def _read_source_note(report: Report, value: Any) -> SourceNote | None:
    found = fields(report, value, path=("source",), known=("title", "url", "retrieved"))
    if found is None:
        return None
    title = read_text(report, found["title"], path=("source", "title")) if "title" in found else None
    path: Path = ("source", "url")
    url = read_text(report, found["url"], path=path, chars_max=URL_CHARS_MAX) if "url" in found else None
    # people click on it, so no javascript: or data:
    if url is not None and _SCHEME.match(url) and not url.lower().startswith(("https://", "http://")):
        report.add(path, "not_a_url", f"{shown(url)} does not start with https:// or http://")
    day = (
        read_date(report, found["retrieved"], path=("source", "retrieved")) if "retrieved" in found else None
    )
    return SourceNote(title=title, url=url, retrieved=day) if title or url or day else None


def _read_tax(report: Report, value: Any) -> Tax | None:
    keys = ("name", "percent", "prices")
    found = fields(report, value, path=("tax",), known=keys, required=keys)
    if found is None:
        return None
    name = read_text(report, found["name"], path=("tax", "name")) if "name" in found else None
    prices = None
    if "prices" in found:
        prices = read_word(report, found["prices"], path=("tax", "prices"), words=("exclusive", "inclusive"))
    percent = None
    if "percent" in found:
        path: Path = ("tax", "percent")
        percent = read_decimal(report, found["percent"], path=path, what="tax percent", units_max=100)
    if name is None or prices is None or percent is None:
        return None
    return Tax(name=name, percent_micro=percent, inclusive=prices == "inclusive")


def _read_calendar(report: Report, value: Any) -> Calendar | None:
    path: Path = ("calendar",)
    found = fields(report, value, path=path, known=("country", "holiday_as", "holidays", "dates"))
    if found is None:
        return None
    if "holidays" in found or isinstance(found.get("holiday_as"), dict):
        where = (*path, "holidays" if "holidays" in found else "holiday_as")
        report.add(
            where,
            "not_supported_yet",
            "a day type per holiday is not supported in this version; use holiday_as and exceptions in dates",
        )
        return None
    if ("country" in found) != ("holiday_as" in found):
        report.add(path, "missing_key", "country and holiday_as belong together; write both or neither")
    country = _read_country(report, found["country"]) if "country" in found else None
    holiday_as = None
    if "holiday_as" in found:
        holiday_as = read_word(report, found["holiday_as"], path=(*path, "holiday_as"), words=DAY_TYPES)
    dates = _read_calendar_dates(report, found["dates"]) if "dates" in found else ()
    return Calendar(country=country, holiday_as=holiday_as, dates=dates) if country or dates else None


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


def _read_calendar_dates(report: Report, value: Any) -> tuple[tuple[date, str], ...]:
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


def _read_seasons(report: Report, value: Any) -> tuple[Season, ...] | None:
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
    if not isinstance(name, str) or not _SEASON_NAME.fullmatch(name):
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


def _read_clocks(
    report: Report, value: Any, *, seasons: tuple[Season, ...] | None
) -> tuple[Clock, ...] | None:
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
        if isinstance(text, str) and _CLOCK.fullmatch(text):
            letters[day_type] = text
        elif day_type in found:
            counted = f"{len(text)} characters" if isinstance(text, str) else shown(text)
            report.add(
                (*path, day_type),
                "bad_clock",
                f"expected 24 or 48 letters A to Z from 00:00, found {counted}",
            )
    return Clock(season=season, **letters) if len(letters) == len(DAY_TYPES) else None


def _frame(seasons: tuple[Season, ...] | None, clocks: tuple[Clock, ...] | None) -> Frame | None:
    if seasons is None or clocks is None:
        return None
    letters = {clock.season: clock.letters for clock in clocks}
    return Frame(seasons=tuple(season.name for season in seasons), letters=letters)
