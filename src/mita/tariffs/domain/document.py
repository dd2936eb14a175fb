"""A rate table as frozen values, and back to the document it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from mita.kit.money import MICRO, format_micro

if TYPE_CHECKING:
    from datetime import date

FORMAT_VERSION = 1
UTILITIES = ("electricity", "water", "hot_water", "gas", "solar")
DAY_TYPES = ("weekday", "saturday", "sunday")
EXPORT = "export"
DEFAULT_REGISTER = "import"

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
    """Which dates are not the day type of their weekday; ``dates`` is sorted and wins over holidays."""

    country: str | None = None
    holiday_as: str | None = None
    dates: tuple[tuple[date, str], ...] = ()


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
class Block:
    """A price up to and including ``up_to_micro`` of the period's quantity; None: without end."""

    up_to_micro: int | None
    price_micro: int


@dataclass(frozen=True, slots=True)
class PriceRule:
    """The blocks of one season and letter; "" stands for all of them. A single price is one open block."""

    season: str
    letter: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class UsageCharge:
    """A price per base unit on a register; ``in_blocks`` says how the document writes it."""

    name: str
    register: str
    rules: tuple[PriceRule, ...]
    in_blocks: bool = False

    def blocks(self, *, season: str, letter: str) -> tuple[Block, ...]:
        """Return the blocks that hold in a season and letter.

        :raises LookupError: if no rule covers them; a parsed table always has one
        """
        for rule in self.rules:
            if rule.season in ("", season) and rule.letter in ("", letter):
                return rule.blocks
        raise LookupError(f"charge {self.name!r} has no price for season {season!r}, letter {letter!r}")


@dataclass(frozen=True, slots=True)
class RateTable:
    """One version of the prices of one utility; equal tables mean the same, however they were written."""

    name: str
    utility: str
    currency: str
    effective_from: date
    charges: tuple[UsageCharge, ...]
    tax: Tax | None = None
    billing_day: int = 1
    calendar: Calendar | None = None
    seasons: tuple[Season, ...] = ()
    clocks: tuple[Clock, ...] = ()
    source: SourceNote | None = None

    @property
    def tax_percent_micro(self) -> int:
        """Millionths of a percent; 0 without a tax."""
        return self.tax.percent_micro if self.tax else 0

    @property
    def prices_include_tax(self) -> bool:
        """Whether the written prices contain the tax."""
        return self.tax is not None and self.tax.inclusive

    def charges_of(self, register: str) -> tuple[UsageCharge, ...]:
        """Return the charges on a register, none if it is not priced."""
        return tuple(charge for charge in self.charges if charge.register == register)

    def to_document(self) -> dict[str, Any]:
        """Return the document, plain values only, that parses to an equal table."""
        document: dict[str, Any] = {
            "rate_table": FORMAT_VERSION,
            "name": self.name,
            "utility": self.utility,
            "currency": self.currency,
            "effective_from": self.effective_from.isoformat(),
            "period": "month",
        }
        if self.source:
            document["source"] = _source_document(self.source)
        if self.tax:
            document["tax"] = _tax_document(self.tax)
        if self.billing_day != 1:
            document["billing_day"] = self.billing_day
        if self.calendar:
            document["calendar"] = _calendar_document(self.calendar)
        if self.seasons:
            document["seasons"] = {
                each.name: {"from": _month_day_text(each.first), "to": _month_day_text(each.last)}
                for each in self.seasons
            }
        if self.clocks:
            document["clocks"] = _clocks_document(self.clocks)
        document["charges"] = [_charge_document(each) for each in self.charges]
        return document


def canonical_json(table: RateTable) -> bytes:
    """Return the document as JSON with sorted keys: equal tables give equal bytes."""
    return msgspec.json.encode(table.to_document(), order="sorted")


def decimal_text(micro: int, *, places: int) -> str:
    """Return millionths as a decimal text without needless zeros, but at least ``places`` decimals."""
    whole, _, decimals = format_micro(micro).partition(".")
    kept = decimals.rstrip("0").ljust(places, "0")
    return f"{whole}.{kept}" if kept else whole


def tax_fraction(percent_micro: int) -> tuple[int, int]:
    """Return a percentage as (numerator, denominator), not reduced."""
    return percent_micro, 100 * MICRO


def _month_day_text(month_day: MonthDay) -> str:
    return f"{month_day[0]:02d}-{month_day[1]:02d}"


def _source_document(note: SourceNote) -> dict[str, str]:
    retrieved = note.retrieved.isoformat() if note.retrieved else None
    pairs = (("title", note.title), ("url", note.url), ("retrieved", retrieved))
    return {key: value for key, value in pairs if value is not None}


def _tax_document(tax: Tax) -> dict[str, str]:
    prices = "inclusive" if tax.inclusive else "exclusive"
    return {"name": tax.name, "percent": decimal_text(tax.percent_micro, places=0), "prices": prices}


def _calendar_document(calendar: Calendar) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if calendar.country:
        document["country"] = calendar.country
        document["holiday_as"] = calendar.holiday_as
    if calendar.dates:
        document["dates"] = {day.isoformat(): day_type for day, day_type in calendar.dates}
    return document


def _clocks_document(clocks: tuple[Clock, ...]) -> dict[str, Any]:
    by_season = {clock.season: {each: clock.day(each) for each in DAY_TYPES} for clock in clocks}
    return dict(by_season.get("", by_season))


def _charge_document(charge: UsageCharge) -> dict[str, Any]:
    document: dict[str, Any] = {"name": charge.name, "kind": "usage"}
    if charge.register != DEFAULT_REGISTER:
        document["register"] = charge.register
    document["blocks" if charge.in_blocks else "price"] = _rules_document(charge)
    return document


def _rules_document(charge: UsageCharge) -> Any:
    tree: dict[str, Any] = {}
    for rule in charge.rules:
        leaf = _blocks_document(rule.blocks) if charge.in_blocks else _price_text(rule.blocks[0])
        keys = [key for key in (rule.season, rule.letter) if key]
        if not keys:
            return leaf
        branch = tree
        for key in keys[:-1]:
            branch = branch.setdefault(key, {})
        branch[keys[-1]] = leaf
    return tree


def _blocks_document(blocks: tuple[Block, ...]) -> list[dict[str, str]]:
    return [
        {"price": _price_text(block)}
        if block.up_to_micro is None
        else {"up_to": decimal_text(block.up_to_micro, places=0), "price": _price_text(block)}
        for block in blocks
    ]


def _price_text(block: Block) -> str:
    return decimal_text(block.price_micro, places=2)
