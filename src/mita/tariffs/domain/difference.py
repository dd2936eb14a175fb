"""What is another price in one rate table than in another: charge by charge, and in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .document import tax_fraction
from .kinds import DemandCharge, FixedCharge, NettingCharge, UsageCharge, decimal_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .document import RateTable
    from .kinds import Charge

PRICE, LIMIT, ALLOWANCE = "price", "limit", "allowance"
_HUNDREDTHS = 10_000  # of a whole, in hundredths of a percent
_WORDS_MAX = 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number stands: ``what`` is PRICE, LIMIT (where a block ends) or ALLOWANCE; blocks from 1."""

    charge: str
    kind: str
    what: str
    season: str = ""
    letter: str = ""
    block: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A number that is another one now, in millionths; None: there was none, or there is none."""

    place: Place
    old_micro: int | None
    new_micro: int | None

    @property
    def percent_centi(self) -> int | None:
        """By how much it went up, in hundredths of a percent, rounded half up; None without a comparison."""
        if not self.old_micro or self.new_micro is None:
            return None
        rise = self.new_micro - self.old_micro
        whole = (2 * abs(rise) * _HUNDREDTHS + self.old_micro) // (2 * self.old_micro)
        return whole if rise >= 0 else -whole


@dataclass(frozen=True, slots=True)
class Difference:
    """All numbers that differ, and by name what else does (``clocks``, ``tax``, ``terms of Energy``, …).

    ``with_tax``: the taxes differ, so prices are compared with tax; otherwise as they are written.
    """

    changes: tuple[Change, ...]
    also: tuple[str, ...]
    with_tax: bool

    @property
    def is_none(self) -> bool:
        """Say whether both tables price everything alike."""
        return not (self.changes or self.also)


def difference(old: RateTable, new: RateTable) -> Difference:
    """Return what changes when ``new`` takes the place of ``old``; names, dates and sources do not count.

    Charges are matched by name, prices by season, letter and block.
    """
    with_tax = (old.tax_percent_micro, old.prices_include_tax) != (
        new.tax_percent_micro,
        new.prices_include_tax,
    )
    before, after = ({**dict(_numbers(table, with_tax=with_tax))} for table in (old, new))
    places = [*before, *(place for place in after if place not in before)]
    changes = [Change(place, before.get(place), after.get(place)) for place in places]
    return Difference(
        changes=tuple(each for each in changes if each.old_micro != each.new_micro),
        also=tuple(_also(old, new)),
        with_tax=with_tax,
    )


def change_words(found: Difference) -> str:
    """Return a difference as people read it: ``Energy +12.74 %, Levy new, times of use``; "" if none."""
    names = list(dict.fromkeys(each.place.charge for each in found.changes))
    words = [
        _charge_words(name, [each for each in found.changes if each.place.charge == name]) for name in names
    ]
    words += found.also
    more = len(words) - _WORDS_MAX
    return ", ".join(words[:_WORDS_MAX]) + (f" and {more} more" if more > 0 else "")


def percent_text(percent_centi: int) -> str:
    """Return hundredths of a percent with their sign: ``+12.74``, ``-3.00``."""
    whole, rest = divmod(abs(percent_centi), 100)
    return f"{'-' if percent_centi < 0 else '+'}{whole}.{rest:02d}"


def _charge_words(name: str, changes: Sequence[Change]) -> str:
    prices = [each for each in changes if each.place.what == PRICE]
    if not prices:
        return f"{name} other blocks"
    if all(each.old_micro is None for each in prices):
        return f"{name} new"
    if all(each.new_micro is None for each in prices):
        return f"{name} no more"
    percents = [each.percent_centi for each in prices if each.percent_centi is not None]
    if not percents:
        only = prices[0]
        return f"{name} {decimal_text(only.old_micro or 0, places=2)} to {_shown(only.new_micro)}"
    low, high = percent_text(min(percents)), percent_text(max(percents))
    return f"{name} {low} %" if low == high else f"{name} {low} % to {high} %"


def _shown(price_micro: int | None) -> str:
    return "nothing" if price_micro is None else decimal_text(price_micro, places=2)


def _numbers(table: RateTable, *, with_tax: bool) -> Iterator[tuple[Place, int]]:
    """Yield every number of a table's charges with its place."""
    for charge in table.charges:
        kind = _kind(charge)
        if isinstance(charge, UsageCharge):
            yield from _usage_numbers(table, charge, with_tax=with_tax)
        elif isinstance(charge, DemandCharge):
            for season, price_micro in charge.prices:
                place = Place(charge.name, kind, PRICE, season)
                yield place, _compared(table, price_micro, with_tax=with_tax)
        elif isinstance(charge, NettingCharge):
            place = Place(charge.name, kind, PRICE)
            yield place, _compared(table, charge.surplus_price_micro, with_tax=with_tax)
        else:
            place = Place(charge.name, kind, PRICE)
            yield place, _compared(table, charge.price_micro, with_tax=with_tax)


def _usage_numbers(table: RateTable, charge: UsageCharge, *, with_tax: bool) -> Iterator[tuple[Place, int]]:
    if charge.allowance_micro:
        yield Place(charge.name, "usage", ALLOWANCE), charge.allowance_micro
    for rule in charge.rules:
        for number, block in enumerate(rule.blocks, start=1):
            at = (rule.season, rule.letter, number)
            price_micro = _compared(table, block.price_micro, with_tax=with_tax)
            yield Place(charge.name, "usage", PRICE, *at), price_micro
            if block.up_to_micro is not None:
                yield Place(charge.name, "usage", LIMIT, *at), block.up_to_micro


def _compared(table: RateTable, price_micro: int, *, with_tax: bool) -> int:
    """Return a price as it is compared: with tax rounded half up, or as it is written."""
    if not with_tax or table.prices_include_tax:
        return price_micro
    numerator, denominator = tax_fraction(table.tax_percent_micro)
    return price_micro + (2 * price_micro * numerator + denominator) // (2 * denominator)


def _also(old: RateTable, new: RateTable) -> Iterator[str]:
    pairs = (
        ("tax", old.tax, new.tax),
        ("billing day", old.billing_day, new.billing_day),
        ("calendar", old.calendar, new.calendar),
        ("seasons", old.seasons, new.seasons),
        ("times of use", old.clocks, new.clocks),
        ("conversion", old.conversion, new.conversion),
    )
    for name, before, after in pairs:
        if before != after:
            yield name
    terms = {charge.name: (_kind(charge), _terms(charge)) for charge in old.charges}
    for charge in new.charges:
        if charge.name in terms and terms[charge.name] != (_kind(charge), _terms(charge)):
            yield f"terms of {charge.name}"


def _kind(charge: Charge) -> str:
    if isinstance(charge, UsageCharge):
        return "usage"
    if isinstance(charge, FixedCharge):
        return "fixed"
    if isinstance(charge, NettingCharge):
        return "netting"
    return "demand" if isinstance(charge, DemandCharge) else "minimum"


def _terms(charge: Charge) -> tuple[object, ...]:
    """Return what a charge says besides its numbers."""
    if isinstance(charge, UsageCharge):
        return charge.register, charge.mode, charge.is_per_letter
    if isinstance(charge, FixedCharge):
        return charge.per, charge.is_due_while_off
    if isinstance(charge, DemandCharge):
        return charge.register, charge.interval_minutes, charge.unit, charge.when
    if isinstance(charge, NettingCharge):
        return (charge.carried_until,)
    return ()
