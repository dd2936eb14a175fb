"""The structures of a URDB rate: energy by the hour, power by the hour, power at any hour of a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.tariffs.domain.document import KVA, KW, Block
from mita.tariffs.domain.problems import shown

from .urdb_values import (
    HOURS,
    MONTHS,
    Findings,
    Hours,
    is_no_limit,
    read_micro,
    read_months,
    read_schedule,
)
from .urdb_year import EnergyPrice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mita.tariffs.domain.problems import Path

PERIODS_MAX = 200
_BLOCKS_MAX = 20
_ENERGY_UNIT = "kWh"
_ENERGY = ("energyratestructure", "energyweekdayschedule", "energyweekendschedule")
_POWER = ("demandratestructure", "demandweekdayschedule", "demandweekendschedule")
_ALWAYS_0: tuple[Hours, ...] = ((0,) * HOURS,) * MONTHS


@dataclass(frozen=True, slots=True)
class Power:
    """Prices of the highest power in the hours of each demand period, in micro; empty: there are none."""

    prices: tuple[int, ...] = ()
    weekdays: tuple[Hours, ...] = ()
    weekends: tuple[Hours, ...] = ()
    unit: str = KW

    def counting(self, period: int) -> int | None:
        """Return the period if its power costs anything."""
        return period if self.prices[period] else None


@dataclass(frozen=True, slots=True)
class Flat:
    """The price of each month's highest power, in micro; empty: there are none."""

    months: tuple[int, ...] = ()
    unit: str = KW


def read_energy(
    findings: Findings, item: Mapping[str, Any]
) -> tuple[tuple[EnergyPrice, ...], tuple[Hours, ...], tuple[Hours, ...]] | None:
    """Return the energy price of each period, and the period of each hour on weekdays and weekends."""
    told = len(findings.left_out)
    structure = _structure(findings, item, _ENERGY[0])
    if structure is None:
        return None
    prices = [_energy_price(findings, each, path=(_ENERGY[0], place)) for place, each in enumerate(structure)]
    hours = _hours(findings, item, _ENERGY, periods=len(structure))
    known = tuple(price for price in prices if price is not None)
    if hours is None or len(known) < len(prices) or len(findings.left_out) > told:
        return None
    return known, *hours


def _energy_price(findings: Findings, value: Any, *, path: Path) -> EnergyPrice | None:
    blocks: list[Block] = []
    sells: set[int] = set()
    for place, each in enumerate(_steps(findings, value, path=path)):
        here = (*path, place)
        unit = each.get("unit", _ENERGY_UNIT)
        if unit not in (None, _ENERGY_UNIT):
            message = f"blocks in {shown(unit)} are not expressible; a rate table counts kWh of the period"
            findings.leave_out((*here, "unit"), "unknown_unit", message)
            return None
        block = _block(findings, each, path=here, is_last=place == len(value) - 1)
        paid = each.get("sell")
        sell = read_micro(findings, 0 if paid is None else paid, path=(*here, "sell"))
        if block is None or sell is None:
            return None
        blocks.append(block)
        sells.add(sell)
    if not blocks:
        return None
    if len(sells) > 1 or min(sells) < 0:
        message = (
            "the price for energy fed in differs by block or is below zero; a rate table cannot say that"
        )
        findings.leave_out(path, "sell_by_block", message)
        return None
    return EnergyPrice(_without_equal_steps(blocks), sells.pop())


def _without_equal_steps(blocks: list[Block]) -> tuple[Block, ...]:
    """Join blocks of one price."""
    joined: list[Block] = []
    for block in blocks:
        if joined and joined[-1].price_micro == block.price_micro:
            joined.pop()
        joined.append(block)
    return tuple(joined)


def _block(findings: Findings, each: Mapping[str, Any], *, path: Path, is_last: bool) -> Block | None:
    price = _price(findings, each, path=path)
    maximum = each.get("max")
    limit = None
    if maximum is not None and not is_no_limit(maximum):
        limit = read_micro(findings, maximum, path=(*path, "max"))
        if is_last:
            message = f"nothing is said above {shown(str(maximum))}; a rate table's last block has no end"
            findings.leave_out((*path, "max"), "last_block_ends", message)
            return None
    elif not is_last:
        findings.refuse((*path, "max"), "missing_key", "only the last block has no end; add max")
    return None if price is None else Block(up_to_micro=limit, price_micro=price)


def _price(findings: Findings, each: Mapping[str, Any], *, path: Path) -> int | None:
    """Return ``rate`` and ``adj`` together, in micro; None if it is below zero or no number."""
    written = [key for key in ("rate", "adj") if each.get(key) is not None]
    parts = [read_micro(findings, each[key], path=(*path, key)) for key in written]
    if not parts:
        findings.warn((*path, "rate"), "no_price", "no rate is written here: the file's meaning is 0.00")
    if None in parts:
        return None
    price = sum(part for part in parts if part is not None)
    if price < 0:
        findings.leave_out((*path, "rate"), "negative_price", "a price below zero; a rate table has none")
        return None
    return price


def read_power(findings: Findings, item: Mapping[str, Any]) -> Power:
    """Return the demand prices by the hour; without any price there are none."""
    told = len(findings.left_out)
    unit = _power_unit(findings, item, _POWER[0], "demandrateunit", "demandunits")
    structure = _structure(findings, item, _POWER[0]) if unit else None
    if structure is None or unit is None:
        return Power()
    prices = _single_prices(findings, structure, key=_POWER[0])
    hours = _hours(findings, item, _POWER, periods=len(structure))
    if hours is None or prices is None or len(findings.left_out) > told or not any(prices):
        return Power()
    return Power(prices, *hours, unit)


def read_flat_demand(findings: Findings, item: Mapping[str, Any]) -> Flat:
    """Return the demand price of each month; without any price there are none."""
    key = "flatdemandstructure"
    told = len(findings.left_out)
    unit = _power_unit(findings, item, key, "flatdemandunit", "demandunits")
    structure = _structure(findings, item, key) if unit else None
    if structure is None or unit is None:
        return Flat()
    prices = _single_prices(findings, structure, key=key)
    months: Hours | None = (0,) * MONTHS
    if len(structure) > 1 or "flatdemandmonths" in item:
        value = item.get("flatdemandmonths")
        months = read_months(findings, value, path=("flatdemandmonths",), periods=len(structure))
    if months is None or prices is None or len(findings.left_out) > told:
        return Flat()
    by_month = tuple(prices[period] for period in months)
    return Flat(by_month, unit) if any(by_month) else Flat()


def _single_prices(findings: Findings, structure: list[Any], *, key: str) -> tuple[int, ...] | None:
    found = []
    for place, value in enumerate(structure):
        path = (key, place)
        steps = _steps(findings, value, path=path)
        blocks = [
            _block(findings, each, path=(*path, at), is_last=at == len(steps) - 1)
            for at, each in enumerate(steps)
        ]
        prices = {block.price_micro for block in blocks if block is not None}
        if len(prices) > 1:
            message = "prices of power by block are not expressible; a rate table has one price for all of it"
            findings.leave_out(path, "demand_blocks", message)
        if len(prices) != 1 or None in blocks:
            return None
        found.append(prices.pop())
    return tuple(found)


def _power_unit(findings: Findings, item: Mapping[str, Any], structure: str, *keys: str) -> str | None:
    for key in keys:
        unit = item.get(key)
        if unit is None or unit in (KW, KVA):
            continue
        if item.get(structure):
            message = f"power in {shown(unit)} is not expressible; a rate table has kW and kVA"
            findings.leave_out((key,), "unknown_unit", message)
        return None
    return next((str(item[key]) for key in keys if item.get(key)), KW)


def _structure(findings: Findings, item: Mapping[str, Any], key: str) -> list[Any] | None:
    value = item.get(key)
    if value is None or value == []:
        return None
    if not isinstance(value, list) or len(value) > PERIODS_MAX:
        message = f"expected a list of at most {PERIODS_MAX} periods, found {shown(value)}"
        findings.refuse((key,), "wrong_type", message)
        return None
    return value


def _steps(findings: Findings, value: Any, *, path: Path) -> list[Mapping[str, Any]]:
    if isinstance(value, list) and 1 <= len(value) <= _BLOCKS_MAX and all(isinstance(e, dict) for e in value):
        return value
    message = f"expected a list of 1 to {_BLOCKS_MAX} blocks with rate and max, found {shown(value)}"
    findings.refuse(path, "wrong_type", message)
    return []


def _hours(
    findings: Findings, item: Mapping[str, Any], keys: tuple[str, str, str], *, periods: int
) -> tuple[tuple[Hours, ...], tuple[Hours, ...]] | None:
    """Return the periods of weekdays and weekends; one period alone needs no schedule."""
    weekday, weekend = keys[1:]
    if periods == 1 and item.get(weekday) is None and item.get(weekend) is None:
        return _ALWAYS_0, _ALWAYS_0
    found = [
        read_schedule(findings, item.get(key), path=(key,), periods=periods) for key in (weekday, weekend)
    ]
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None
