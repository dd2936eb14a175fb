"""Rates of the U.S. Utility Rate Database (URDB, versions 7 and 8) as drafts of rate tables.

What maps is mapped exactly; what does not is named in the draft. URDB knows no tax and no public holidays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.tariffs.domain.parsing import parse_document
from mita.tariffs.domain.problems import Report, shown

from .draft import Draft
from .plausible import implausible_prices
from .urdb_charges import charge_documents
from .urdb_standing import Standing, read_standing
from .urdb_structures import Flat, Power, read_energy, read_flat_demand, read_power
from .urdb_values import HOURS, MONTHS, Findings, Hours, read_items, read_unix_date
from .urdb_year import (
    EnergyPrice,
    Hour,
    Month,
    TooManyLetters,
    Year,
    clock_documents,
    season_documents,
    year_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mita.tariffs.domain.document import RateTable

CURRENCY = "USD"
_NAME_CHARS = 200
_ALWAYS_0: tuple[Hours, ...] = ((0,) * HOURS,) * MONTHS
_IN_WORDS = (
    "description",
    "basicinformationcomments",
    "energycomments",
    "demandcomments",
    "energyattrs",
    "demandattrs",
    "fixedattrs",
)
# what is read elsewhere, or says nothing about a price
_KNOWN = re.compile(
    r"energy(ratestructure|week(day|end)schedule)|demand(ratestructure|week(day|end)schedule|rateunit|units"
    r"|window|ratchetpercentage|reactivepowercharge)|flatdemand(structure|months|unit)|coincidentrate\w+"
    r"|fixedcharge(firstmeter|eaaddl|units)|fixedmonthlycharge|mincharge(units)?|minmonthlycharge"
    r"|annualmincharge|fueladjustmentsmonthly|lookback\w+|label|uri|approved|is_default|startdate|enddate"
    r"|utility|eiaid|name|country|sector|servicetype|source(parent)?|supersedes|revisions|version"
    r"|peakkw\w+|voltage\w+|phasewiring|usenetmetering|dgrules|" + "|".join(_IN_WORDS),
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rate:
    """What was read of a rate: its year, the charges that run over it, and those that do not."""

    year: Year
    power: Power
    flat: Flat
    standing: Standing
    interval_minutes: int
    has_energy: bool


def read_urdb(text: str, *, effective_from: date | None = None, name: str | None = None) -> Draft:
    """Return the rate tables of a URDB file, one for each of its rates that says anything that maps.

    ``effective_from`` and ``name`` take the place of the file's own; prices are in USD, without tax.

    :raises RateTableInvalid: if the text is no such file, or a number is not exact to six decimals
    """
    report = Report()
    items = read_items(text, report=report)
    report.close()
    findings = Findings(report)
    tables = []
    for place, item in enumerate(items):
        told = len(findings.left_out)
        table = _read_item(findings, item, effective_from=effective_from, name=name)
        if table is not None:
            tables.append(table)
        elif len(findings.left_out) == told:
            findings.leave_out(("items", place), "no_charge", "the rate has no charge")
    return Draft(
        tables=tuple(tables),
        warnings=tuple(findings.warnings),
        left_out=tuple(findings.left_out),
        to_confirm=tuple(problem for table in tables for problem in implausible_prices(table)),
    )


def _read_item(
    findings: Findings, item: Mapping[str, Any], *, effective_from: date | None, name: str | None
) -> RateTable | None:
    first = effective_from
    if first is None and item.get("startdate") is not None:
        first = read_unix_date(findings, item["startdate"], path=("startdate",))
    if first is None:
        message = "the rate has no startdate; say from when it holds with an effective date"
        findings.refuse(("startdate",), "missing_key", message)
    rate = _read_rate(findings, item)
    findings.report.close()
    assert first is not None, "a missing date was refused"
    _tell(findings, item)
    charges = charge_documents(rate) if rate is not None else []
    if rate is None or not charges:
        return None
    document: dict[str, Any] = {
        "rate_table": 1,
        "name": name or _name(item),
        "utility": "electricity",
        "currency": CURRENCY,
        "effective_from": first.isoformat(),
    }
    source = _source(item)
    if source:
        document["source"] = source
    if rate.year.has_seasons:
        document["seasons"] = season_documents(rate.year)
    if rate.year.has_clocks:
        document["clocks"] = clock_documents(rate.year)
    return parse_document({**document, "charges": charges})


def _read_rate(findings: Findings, item: Mapping[str, Any]) -> Rate | None:
    energy = read_energy(findings, item)
    power = read_power(findings, item)
    flat = read_flat_demand(findings, item)
    standing = read_standing(findings, item)
    if findings.report.problems:
        return None
    if power.prices and flat.months and power.unit != flat.unit:
        message = f"power priced by {power.unit} at some hours and by {flat.unit} at any do not go together"
        findings.leave_out(("demandratestructure",), "two_units", message)
        power = Power()
    try:
        year = year_of(_months(energy, power, flat))
    except TooManyLetters:
        message = "more than 26 different hours in a month; a clock has 26 letters"
        findings.leave_out(("energyweekdayschedule",), "too_many_letters", message)
        return None
    return Rate(
        year=year,
        power=power,
        flat=flat if flat.months else Flat(unit=power.unit),
        standing=standing,
        interval_minutes=_interval_minutes(findings, item, has_demand=bool(power.prices or flat.months)),
        has_energy=energy is not None,
    )


def _months(
    energy: tuple[tuple[EnergyPrice, ...], tuple[Hours, ...], tuple[Hours, ...]] | None,
    power: Power,
    flat: Flat,
) -> list[Month]:
    prices, weekdays, weekends = energy or ((EnergyPrice(),), _ALWAYS_0, _ALWAYS_0)
    months = []
    for month in range(MONTHS):
        days = [
            tuple(
                Hour(
                    energy=prices[hours[month][hour]],
                    demand=power.counting(demands[month][hour]) if demands else None,
                )
                for hour in range(HOURS)
            )
            for hours, demands in ((weekdays, power.weekdays), (weekends, power.weekends))
        ]
        flat_micro = flat.months[month] if flat.months else 0
        months.append(_with_flat(Month(days[0], days[1], flat_micro), power))
    return months


def _with_flat(month: Month, power: Power) -> Month:
    """Count the only demand period of a month as its flat demand: the highest power of both is the same."""
    periods = {hour.demand for hour in month.hours}
    only = next(iter(periods))
    if len(periods) > 1 or only is None:
        return month
    weekday, weekend = (
        tuple(Hour(hour.energy, None) for hour in hours) for hours in (month.weekday, month.weekend)
    )
    return Month(weekday, weekend, month.flat_micro + power.prices[only])


def _interval_minutes(findings: Findings, item: Mapping[str, Any], *, has_demand: bool) -> int:
    value = item.get("demandwindow")
    if not has_demand:
        return 15
    if value is None:
        message = "the file does not say over how many minutes power is averaged: 15 is taken; look it up"
        findings.warn(("demandwindow",), "no_demand_window", message)
        return 15
    minutes = int(value) if not isinstance(value, bool | str | list | dict) and 1 <= value <= 60 else 0  # noqa: PLR2004 - minutes of an hour
    if minutes and 60 % minutes == 0 and minutes == value:
        return minutes
    message = f"{shown(value)} minutes is no part of an hour"
    findings.refuse(("demandwindow",), "bad_demand_window", message)
    return 15


def _tell(findings: Findings, item: Mapping[str, Any]) -> None:
    """Warn of what is said in words or not said at all."""
    for key, value in item.items():
        if key.lower() in _IN_WORDS and value:
            message = f"this is not read, look for prices in it: {shown(value)}"
            findings.warn((key,), "not_read", message)
        elif not _KNOWN.fullmatch(key):
            message = f"the key {shown(key)} is unknown and was not read"
            findings.warn((shown(key)[1:-1],), "unknown_key", message)
    if item.get("enddate") is not None:
        findings.warn(("enddate",), "has_ended", "the rate has an end; put the next table in force there")
    rules = item.get("dgrules")
    if rules == "Net Metering" or item.get("usenetmetering"):
        message = "net metering sets export off against import; a rate table pays export at its own price"
        findings.warn(("dgrules",), "net_metering", message)
    message = "the file knows no tax and no public holidays, and so does the draft"
    findings.warn((), "no_tax", message)


def _name(item: Mapping[str, Any]) -> str:
    words = [item.get(key) for key in ("utility", "name")]
    found = ": ".join(" ".join(word.split()) for word in words if isinstance(word, str) and word.strip())
    return "".join(each for each in found if each.isprintable())[:_NAME_CHARS].strip() or "URDB rate"


def _source(item: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    title, url = item.get("source"), item.get("uri")
    if isinstance(title, str) and (line := " ".join(title.split())):
        found["title"] = "".join(each for each in line if each.isprintable())[:_NAME_CHARS].strip()
    if isinstance(url, str) and url.startswith(("https://", "http://")) and url.isprintable():
        found["url"] = url
    return {key: value for key, value in found.items() if value}
