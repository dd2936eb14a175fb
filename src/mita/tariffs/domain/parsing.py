"""Read a rate table document, all of its problems at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .charges import read_charges
from .document import FORMAT_VERSION, MONTH, UTILITIES, Conversion, RateTable, SourceNote, Tax
from .problems import Report, fields, shown
from .scalars import URL_CHARS_MAX, read_date, read_decimal, read_text, read_word
from .source import read_source
from .times_of_use import frame_of, read_calendar, read_clocks, read_seasons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .problems import Path

BILLING_DAY_MAX = 28
FACTOR_UNITS_MAX = 1_000_000
GAS_FIGURE_UNITS_MAX = 1_000
# energies and volumes that a base unit may be turned into
CONVERTED_UNITS = ("kWh", "MWh", "MJ", "GJ", "therm", "m3", "l", "kl", "ft3", "ccf", "gal")

KEYS = (
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
    "conversion",
    "charges",
)
REQUIRED = ("rate_table", "name", "utility", "currency", "effective_from", "charges")
_GAS_KEYS = ("volume_correction", "calorific_value")
_CURRENCY = re.compile(r"[A-Z]{3}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


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
    found = fields(report, value, path=(), known=KEYS, required=REQUIRED)
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
    calendar = read_calendar(report, found["calendar"]) if "calendar" in found else None
    seasons = read_seasons(report, found["seasons"]) if "seasons" in found else ()
    clocks = read_clocks(report, found["clocks"], seasons=seasons) if "clocks" in found else ()
    conversion = (
        _read_conversion(report, found["conversion"], utility=utility) if "conversion" in found else None
    )
    charges = read_charges(report, found.get("charges", ()), frame=frame_of(seasons, clocks), utility=utility)
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
        conversion=conversion,
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
    if found.get("period", MONTH) != MONTH:
        message = f"{shown(found['period'])} is not month; another first day than the 1st is billing_day: 15"
        report.add(("period",), "not_one_of", f"{message}, on a line of its own")
    value = found.get("billing_day", 1)
    if type(value) is not int or not 1 <= value <= BILLING_DAY_MAX:
        report.add(
            ("billing_day",),
            "out_of_range",
            f"{shown(value)} is not a day of every month; write a whole number from 1 to {BILLING_DAY_MAX}",
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


def _read_conversion(report: Report, value: Any, *, utility: str | None) -> Conversion | None:
    path: Path = ("conversion",)
    found = fields(report, value, path=path, known=("unit", "factor", *_GAS_KEYS), required=("unit",))
    if found is None:
        return None
    unit = None
    if "unit" in found:
        unit = read_word(report, found["unit"], path=(*path, "unit"), words=CONVERTED_UNITS)
    written = tuple(key for key in ("factor", *_GAS_KEYS) if key in found)
    if written not in (("factor",), _GAS_KEYS):
        message = "write factor, or both volume_correction and calorific_value"
        report.add(path, "factor_or_gas", f"{message}; found {', '.join(written) or 'none of them'}")
        return None
    if written == ("factor",):
        factor = _read_figure(report, found, key="factor", units_max=FACTOR_UNITS_MAX)
        return None if unit is None or factor is None else Conversion(unit, factor)
    if unit not in (None, "kWh"):
        message = "a calorific value (MJ per m3) makes kWh of gas; write unit: kWh, or a factor"
        report.add((*path, "unit"), "not_one_of", message)
    if utility not in (None, "gas"):
        report.add(path, "not_gas", f"{utility} has no calorific value; write a factor instead")
    figures = [_read_figure(report, found, key=key, units_max=GAS_FIGURE_UNITS_MAX) for key in _GAS_KEYS]
    correction, calorific = figures
    if unit is None or correction is None or calorific is None:
        return None
    conversion = Conversion.of_gas(volume_correction_micro=correction, calorific_value_micro=calorific)
    if conversion.factor_micro == 0:
        report.add(path, "out_of_range", "the two figures make less than 0.000001 kWh of a m3; look again")
    return conversion


def _read_figure(report: Report, found: Mapping[str, Any], *, key: str, units_max: int) -> int | None:
    path: Path = ("conversion", key)
    return read_decimal(report, found[key], path=path, what=key, units_max=units_max, positive=True)
