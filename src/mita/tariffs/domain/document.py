"""A rate table as frozen values, and back to the document it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from mita.kit.money import MICRO

from .kinds import (
    APPARENT,
    CARRIED,
    DAY,
    DEFAULT_REGISTER,
    EXPORT,
    KVA,
    KW,
    MONTH,
    PAID,
    SLAB,
    VOLUME,
    Block,
    Charge,
    DemandCharge,
    FixedCharge,
    MinimumCharge,
    NettingCharge,
    PriceRule,
    UsageCharge,
    charge_document,
    decimal_text,
    demand_register,
    month_day_text,
)

if TYPE_CHECKING:
    from datetime import date

# the kinds of charges are part of the document: they are had from here
__all__ = [
    "APPARENT",
    "CARRIED",
    "DAY",
    "DAY_TYPES",
    "DEFAULT_REGISTER",
    "EXPORT",
    "FORMAT_VERSION",
    "KVA",
    "KW",
    "MONTH",
    "PAID",
    "SLAB",
    "UTILITIES",
    "VOLUME",
    "Block",
    "Calendar",
    "Charge",
    "Clock",
    "Conversion",
    "DemandCharge",
    "FixedCharge",
    "MinimumCharge",
    "MonthDay",
    "NettingCharge",
    "PriceRule",
    "RateTable",
    "Season",
    "SourceNote",
    "Tax",
    "UsageCharge",
    "canonical_json",
    "decimal_text",
    "demand_register",
    "tax_fraction",
]

FORMAT_VERSION = 1
UTILITIES = ("electricity", "water", "hot_water", "gas", "solar")
DAY_TYPES = ("weekday", "saturday", "sunday")

MonthDay = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SourceNote:
    """Where the prices were published; shown to people."""

    title: str | None = None
    url: str | None = None
    retrieved: date | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax on every charge, in millionths of a percent; ``inclusive``: the written prices contain it."""

    name: str
    percent_micro: int
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which dates are not the day type of their weekday: ``dates`` win, then ``holidays``, then the rest.

    ``holidays`` are (name of a public holiday, day type), ``holiday_as`` is the day type of all others;
    without it they are ordinary days. ``dates`` and ``holidays`` are sorted. ``subdivision`` is a part of
    the country.
    """

    country: str | None = None
    holiday_as: str | None = None
    dates: tuple[tuple[date, str], ...] = ()
    subdivision: str | None = None
    holidays: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Season:
    """Month and day of the first and the last date, both inclusive; may wrap around the year's end."""

    name: str
    first: MonthDay
    last: MonthDay

    def contains(self, month_day: MonthDay) -> bool:
        """Say whether the date lies in the season."""
        if self.first <= self.last:
            return self.first <= month_day <= self.last
        return month_day >= self.first or month_day <= self.last


@dataclass(frozen=True, slots=True)
class Clock:
    """The letters of a day from 00:00 local time, 24 or 48; ``season`` is "" if the table has none."""

    season: str
    weekday: str
    saturday: str
    sunday: str

    def day(self, day_type: str) -> str:
        """Return the letters of a day type."""
        return {"weekday": self.weekday, "saturday": self.saturday, "sunday": self.sunday}[day_type]

    @property
    def letters(self) -> frozenset[str]:
        """Every letter that occurs in the clock."""
        return frozenset(self.weekday + self.saturday + self.sunday)


@dataclass(frozen=True, slots=True)
class Conversion:
    """How many ``unit`` a base unit of the register is, such as kWh of gas; prices are per ``unit``.

    A gas supplier writes two figures instead: a volume correction and a calorific value in MJ per m³. The
    document keeps them, and ``factor_micro`` is their product in kWh (:meth:`of_gas`).
    """

    unit: str
    factor_micro: int
    volume_correction_micro: int | None = None
    calorific_value_micro: int | None = None

    @classmethod
    def of_gas(cls, *, volume_correction_micro: int, calorific_value_micro: int) -> Conversion:
        """Return the kWh of a m³: correction * calorific value / 3.6 MJ per kWh, floored at the micro."""
        product = volume_correction_micro * calorific_value_micro * 10
        return cls("kWh", product // (36 * MICRO), volume_correction_micro, calorific_value_micro)


@dataclass(frozen=True, slots=True)
class RateTable:
    """One version of the prices of one utility; equal tables mean the same, however they were written."""

    name: str
    utility: str
    currency: str
    effective_from: date
    charges: tuple[Charge, ...]
    tax: Tax | None = None
    billing_day: int = 1
    calendar: Calendar | None = None
    seasons: tuple[Season, ...] = ()
    clocks: tuple[Clock, ...] = ()
    source: SourceNote | None = None
    conversion: Conversion | None = None

    @property
    def tax_percent_micro(self) -> int:
        """Millionths of a percent; 0 without a tax."""
        return self.tax.percent_micro if self.tax else 0

    @property
    def prices_include_tax(self) -> bool:
        """Whether the written prices contain the tax."""
        return self.tax is not None and self.tax.inclusive

    @property
    def usage(self) -> tuple[UsageCharge, ...]:
        """The charges per unit."""
        return tuple(each for each in self.charges if isinstance(each, UsageCharge))

    @property
    def fixed(self) -> tuple[FixedCharge, ...]:
        """The standing charges."""
        return tuple(each for each in self.charges if isinstance(each, FixedCharge))

    @property
    def demands(self) -> tuple[DemandCharge, ...]:
        """The charges on power."""
        return tuple(each for each in self.charges if isinstance(each, DemandCharge))

    @property
    def minimums(self) -> tuple[MinimumCharge, ...]:
        """The minimum bills."""
        return tuple(each for each in self.charges if isinstance(each, MinimumCharge))

    @property
    def nettings(self) -> tuple[NettingCharge, ...]:
        """The charge that takes export off import, if there is one."""
        return tuple(each for each in self.charges if isinstance(each, NettingCharge))

    @property
    def follows_use(self) -> bool:
        """Whether something that falls due by the calendar follows from what was used."""
        return bool(self.demands or self.minimums or self.nettings)

    @property
    def has_limits(self) -> bool:
        """Whether a price depends on how much was used before, so that a part of a period has less of it."""
        return any(
            each.allowance_micro or any(len(rule.blocks) > 1 for rule in each.rules) for each in self.usage
        )

    def charges_of(self, register: str) -> tuple[UsageCharge, ...]:
        """Return the usage charges on a register, none if it is not priced."""
        return tuple(charge for charge in self.usage if charge.register == register)

    def to_document(self) -> dict[str, Any]:
        """Return the document, plain values only, that parses to an equal table."""
        document: dict[str, Any] = {
            "rate_table": FORMAT_VERSION,
            "name": self.name,
            "utility": self.utility,
            "currency": self.currency,
            "effective_from": self.effective_from.isoformat(),
        }
        if self.source:
            document["source"] = _source_document(self.source)
        if self.tax:
            document["tax"] = _tax_document(self.tax)
        document["period"] = MONTH
        if self.billing_day != 1:
            document["billing_day"] = self.billing_day
        if self.calendar:
            document["calendar"] = _calendar_document(self.calendar)
        if self.seasons:
            document["seasons"] = {
                each.name: {"from": month_day_text(each.first), "to": month_day_text(each.last)}
                for each in self.seasons
            }
        if self.clocks:
            document["clocks"] = _clocks_document(self.clocks)
        if self.conversion:
            document["conversion"] = _conversion_document(self.conversion)
        document["charges"] = [charge_document(each) for each in self.charges]
        return document


def canonical_json(table: RateTable) -> bytes:
    """Return the document as JSON with sorted keys: equal tables give equal bytes."""
    return msgspec.json.encode(table.to_document(), order="sorted")


def tax_fraction(percent_micro: int) -> tuple[int, int]:
    """Return a percentage as (numerator, denominator), not reduced."""
    return percent_micro, 100 * MICRO


def _source_document(note: SourceNote) -> dict[str, str]:
    retrieved = note.retrieved.isoformat() if note.retrieved else None
    pairs = (("title", note.title), ("url", note.url), ("retrieved", retrieved))
    return {key: value for key, value in pairs if value is not None}


def _tax_document(tax: Tax) -> dict[str, str]:
    prices = "inclusive" if tax.inclusive else "exclusive"
    return {"name": tax.name, "percent": decimal_text(tax.percent_micro, places=0), "prices": prices}


def _calendar_document(calendar: Calendar) -> dict[str, Any]:
    document: dict[str, Any] = {}
    pairs = (
        ("country", calendar.country),
        ("subdivision", calendar.subdivision),
        ("holiday_as", calendar.holiday_as),
    )
    document.update((key, value) for key, value in pairs if value is not None)
    if calendar.holidays:
        document["holidays"] = dict(calendar.holidays)
    if calendar.dates:
        document["dates"] = {day.isoformat(): day_type for day, day_type in calendar.dates}
    return document


def _clocks_document(clocks: tuple[Clock, ...]) -> dict[str, Any]:
    by_season = {clock.season: {each: clock.day(each) for each in DAY_TYPES} for clock in clocks}
    return dict(by_season.get("", by_season))


def _conversion_document(conversion: Conversion) -> dict[str, str]:
    correction, calorific = conversion.volume_correction_micro, conversion.calorific_value_micro
    if correction is None or calorific is None:
        return {"unit": conversion.unit, "factor": decimal_text(conversion.factor_micro, places=0)}
    return {
        "unit": conversion.unit,
        "volume_correction": decimal_text(correction, places=0),
        "calorific_value": decimal_text(calorific, places=0),
    }
