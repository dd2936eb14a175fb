"""The charges of a rate table document from what was read of a URDB rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.tariffs.domain.document import decimal_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mita.tariffs.domain.document import Block

    from .urdb import Rate
    from .urdb_year import Hour, Year


def charge_documents(rate: Rate) -> list[dict[str, Any]]:
    """Return the charges in a fixed order: energy, export, demand, fixed, minimum."""
    charges: list[dict[str, Any]] = []
    hours = [hour for _, _, hour in rate.year.hours()]
    if rate.has_energy:
        in_blocks = any(len(hour.energy.blocks) > 1 for hour in hours)
        tree = _tree(rate.year, lambda hour: _energy(hour.energy.blocks, in_blocks=in_blocks))
        charges.append({"name": "Energy", "kind": "usage", "blocks" if in_blocks else "price": tree})
    if any(hour.energy.sell_micro for hour in hours):
        tree = _tree(rate.year, lambda hour: _money(hour.energy.sell_micro))
        charges.append({"name": "Export", "kind": "usage", "register": "export", "price": tree})
    charges += _demands(rate, hours)
    standing = rate.standing
    if standing.month_micro:
        charges.append(_priced("Fixed charge", "fixed", standing.month_micro, per="month"))
    if standing.day_micro:
        charges.append(_priced("Daily charge", "fixed", standing.day_micro, per="day"))
    if standing.minimum_micro:
        charges.append(_priced("Minimum bill", "minimum", standing.minimum_micro, per="month"))
    return charges


def _priced(name: str, kind: str, price_micro: int, *, per: str) -> dict[str, Any]:
    return {"name": name, "kind": kind, "per": per, "price": _money(price_micro)}


def _demands(rate: Rate, hours: Sequence[Hour]) -> list[dict[str, Any]]:
    common = {"kind": "demand", "interval_minutes": rate.interval_minutes, "unit": rate.flat.unit}
    charges: list[dict[str, Any]] = []
    by_season = {season.name: season.month.flat_micro for season in rate.year.seasons}
    if any(by_season.values()):
        prices = {name: _money(price) for name, price in by_season.items()}
        charges.append({"name": "Flat demand", **common, "price": _one_or_all(prices)})
    # in the order of the year, so that a file with other numbers for the same hours gives the same table
    periods = dict.fromkeys(hour.demand for hour in hours if hour.demand is not None)
    for place, period in enumerate(periods, start=1):
        when: dict[str, list[str]] = {}
        for season, letter, hour in rate.year.hours():
            if hour.demand == period:
                when.setdefault(season, []).append(letter)
        charges.append(
            {
                "name": f"Demand period {place}",
                **common,
                "price": _money(rate.power.prices[period]),
                "when": when.get("", when),
            }
        )
    return charges


def _tree(year: Year, leaf: Callable[[Hour], Any]) -> Any:
    """Return the leaf of every hour by season and letter as far as needed; one if all are alike."""
    branches: dict[str, dict[str, Any]] = {}
    for season, letter, hour in year.hours():
        branches.setdefault(season, {})[letter] = leaf(hour)
    folded = {season: _one_or_all(letters) for season, letters in branches.items()}
    return _one_or_all(folded)


def _one_or_all(leaves: dict[str, Any]) -> Any:
    first, *others = leaves.values()
    return first if all(other == first for other in others) else leaves


def _energy(blocks: Sequence[Block], *, in_blocks: bool) -> Any:
    if not in_blocks:
        return _money(blocks[0].price_micro)
    return [
        {"price": _money(block.price_micro)}
        if block.up_to_micro is None
        else {"up_to": decimal_text(block.up_to_micro, places=0), "price": _money(block.price_micro)}
        for block in blocks
    ]


def _money(price_micro: int) -> str:
    return decimal_text(price_micro, places=2)
