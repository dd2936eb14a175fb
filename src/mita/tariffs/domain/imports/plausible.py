"""Prices that look like a slip of a factor of 100: cents taken for whole units, or the other way round.

The ranges are assumptions, wide enough for ordinary prices and never wider than a factor of 100. A price
outside one is not refused: somebody confirms it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.kit.money import MICRO
from mita.tariffs.domain.document import DemandCharge, FixedCharge, NettingCharge, UsageCharge, decimal_text
from mita.tariffs.domain.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mita.tariffs.domain.document import Charge, RateTable

PER_KWH, PER_M3, PER_DAY, PER_MONTH, PER_POWER = "kWh", "m3", "day", "month", "kW"

# lowest plausible price in thousandths of the currency's unit; the highest one is a hundred times that
_LOWEST_MILLI: dict[str, dict[str, int]] = {
    "ZAR": {PER_KWH: 150, PER_M3: 3_000, PER_DAY: 300, PER_MONTH: 10_000, PER_POWER: 5_000},
    "GBP": {PER_KWH: 20, PER_M3: 300, PER_DAY: 50, PER_MONTH: 2_000, PER_POWER: 300},
    "NGN": {PER_KWH: 10_000, PER_M3: 50_000, PER_DAY: 10_000, PER_MONTH: 200_000, PER_POWER: 200_000},
    "KES": {PER_KWH: 1_000, PER_M3: 10_000, PER_DAY: 5_000, PER_MONTH: 50_000, PER_POWER: 50_000},
    "EUR": {PER_KWH: 20, PER_M3: 300, PER_DAY: 50, PER_MONTH: 1_000, PER_POWER: 300},
    "USD": {PER_KWH: 10, PER_M3: 300, PER_DAY: 50, PER_MONTH: 1_000, PER_POWER: 500},
}
_SPREAD = 100


def price_doubt(price_micro: int, *, currency: str, measure: str) -> str | None:
    """Return why a price looks like a slip, None if it does not; nothing is known of other currencies.

    ``measure`` is what the price is for: kWh, m3, day, month, or kW (also kVA). A price of zero is no slip.
    """
    lowest = _LOWEST_MILLI.get(currency, {}).get(measure)
    if lowest is None or price_micro == 0:
        return None
    low = lowest * (MICRO // 1_000)
    high = low * _SPREAD
    if low <= price_micro <= high:
        return None
    span = f"{decimal_text(low, places=2)} to {decimal_text(high, places=2)}"
    said = f"{decimal_text(price_micro, places=2)} {currency} per {measure} is outside {span}"
    if low * _SPREAD <= price_micro <= high * _SPREAD:
        return f"{said}; was it written in cents?"
    if low <= price_micro * _SPREAD <= high:
        return f"{said}; was it written in whole units and read as cents?"
    return f"{said}; is it right?"


def is_currency_known(currency: str) -> bool:
    """Say whether there are plausible ranges for a currency."""
    return currency in _LOWEST_MILLI


def unit_of(table: RateTable) -> str:
    """Return what a usage price of the table is for: kWh, m3, or what a base unit is converted to."""
    if table.conversion:
        return measure_of(table.conversion.unit)
    return base_unit(table.utility)


def measure_of(unit: str) -> str:
    """Return what prices for a unit are looked at as: a kilolitre is a cubic metre."""
    return PER_M3 if unit == "kl" else unit


def base_unit(utility: str) -> str:
    """Return the base unit of a utility: kWh or m3."""
    return PER_KWH if utility in ("electricity", "solar") else PER_M3


def implausible_prices(table: RateTable) -> tuple[Problem, ...]:
    """Return every price of a table that looks like a slip, each with its charge."""
    unit = unit_of(table)
    found = []
    for place, charge in enumerate(table.charges):
        for where, price_micro, measure in _prices(charge, unit=unit):
            doubt = price_doubt(price_micro, currency=table.currency, measure=measure)
            if doubt:
                path = f"charges[{place}]{where}"
                found.append(Problem(path=path, line=None, code="implausible_price", message=doubt))
    return tuple(found)


def _prices(charge: Charge, *, unit: str) -> Iterator[tuple[str, int, str]]:
    """Yield (where in the charge, price, what it is for)."""
    if isinstance(charge, UsageCharge):
        for rule in charge.rules:
            steps = [f".{key}" for key in (rule.season, rule.letter) if key]
            for index, block in enumerate(rule.blocks):
                leaf = ["blocks", *steps, f"[{index}].price"] if charge.in_blocks else ["price", *steps]
                yield f".{''.join(leaf)}", block.price_micro, unit
    elif isinstance(charge, DemandCharge):
        for season, price_micro in charge.prices:
            yield f".price.{season}" if season else ".price", price_micro, PER_POWER
    elif isinstance(charge, FixedCharge):
        yield ".price", charge.price_micro, charge.per
    elif isinstance(charge, NettingCharge):
        yield ".surplus_price", charge.surplus_price_micro, unit
    else:
        yield ".price", charge.price_micro, PER_MONTH
