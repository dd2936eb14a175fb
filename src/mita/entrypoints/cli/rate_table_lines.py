"""A rate table told in lines of plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.tariffs.domain import (
    DAY_TYPES,
    DemandCharge,
    FixedCharge,
    NettingCharge,
    UsageCharge,
    base_unit_of,
    decimal_text,
    demand_register,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mita.tariffs.domain import Block, Calendar, Charge, Conversion, MinimumCharge, RateTable

    # charge, kind, season, letter, block, price
    Cells = tuple[str, str, str, str, str, str]


def head_lines(table: RateTable) -> Iterator[str]:
    """Yield what holds for all charges: what is supplied, from when, tax, days, hours."""
    yield table.name
    yield f"{table.utility} in {table.currency}, from {table.effective_from.isoformat()}"
    yield f"billing period: each month from day {table.billing_day}"
    if table.tax is None:
        yield "tax: none"
    else:
        where = "in the prices" if table.tax.inclusive else "on top of the prices"
        yield f"tax: {table.tax.name} {decimal_text(table.tax.percent_micro, places=0)} %, {where}"
    if table.source:
        note = table.source
        day = f"retrieved {note.retrieved.isoformat()}" if note.retrieved else None
        yield f"source: {', '.join(part for part in (note.title, note.url, day) if part)}"
    if table.calendar:
        yield from _calendar_lines(table.calendar)
    for season in table.seasons:
        first, last = (f"{month:02d}-{day:02d}" for month, day in (season.first, season.last))
        yield f"season {season.name}: {first} to {last}"
    for clock in table.clocks:
        for day_type in DAY_TYPES:
            yield f"clock {f'{clock.season} {day_type}'.strip()}: {clock.day(day_type)}"
    if table.conversion:
        yield _conversion_line(table.conversion, measured=base_unit_of(table.utility))


def charge_lines(charge: Charge, *, table: RateTable) -> Iterator[Cells]:
    """Yield the cells of each price of a charge; name and kind stand in the first line only."""
    lines = _lines_of(charge, table=table)
    yield next(lines)
    for _, _, *rest in lines:
        season, letter, block, price = rest
        yield "", "", season, letter, block, price


def _lines_of(charge: Charge, *, table: RateTable) -> Iterator[Cells]:
    match charge:
        case UsageCharge():
            yield from _usage_lines(charge, unit=_priced_unit(table))
        case DemandCharge():
            yield from _demand_lines(charge)
        case FixedCharge():
            kind = "fixed" if charge.is_due_while_off else "fixed, not while supply is off"
            yield charge.name, kind, "", "", "", f"{_money(charge.price_micro)} per {charge.per}"
        case NettingCharge():
            yield _netting_line(charge, unit=_priced_unit(table))
        case _:
            yield _minimum_line(charge)


def _minimum_line(charge: MinimumCharge) -> Cells:
    return charge.name, "minimum", "", "", "", f"{_money(charge.price_micro)} per month"


def _netting_line(charge: NettingCharge, *, unit: str) -> Cells:
    until = charge.carried_until
    kind = "netting" if until is None else f"netting, surplus carried until {until[0]:02d}-{until[1]:02d}"
    return charge.name, kind, "", "", "surplus", f"{_money(charge.surplus_price_micro)} per {unit}"


def _usage_lines(charge: UsageCharge, *, unit: str) -> Iterator[Cells]:
    kind = ", ".join(
        part
        for part in (
            f"usage, {charge.register}",
            "volume" if charge.mode == "volume" else "",
            "each letter by itself" if charge.is_per_letter else "",
        )
        if part
    )
    if charge.allowance_micro:
        free = f"first {decimal_text(charge.allowance_micro, places=0)} {unit}"
        yield charge.name, kind, "", "", free, "free"
    for rule in charge.rules:
        lower = ""
        for block in rule.blocks:
            span = _span(block, lower=lower, unit=unit)
            price = f"{_money(block.price_micro)} per {unit}"
            yield charge.name, kind, rule.season, rule.letter, span, price
            lower = decimal_text(block.up_to_micro or 0, places=0)


def _span(block: Block, *, lower: str, unit: str) -> str:
    if block.up_to_micro is None:
        return f"above {lower} {unit}" if lower else ""
    upper = decimal_text(block.up_to_micro, places=0)
    return f"above {lower} to {upper} {unit}" if lower else f"to {upper} {unit}"


def _demand_lines(charge: DemandCharge) -> Iterator[Cells]:
    kind = f"demand, {charge.interval_minutes} minutes"
    if charge.register != demand_register(charge.unit):
        kind = f"{kind}, {charge.register}"
    for season, price_micro in charge.prices:
        price = f"{_money(price_micro)} per {charge.unit}"
        if not charge.when:
            yield charge.name, kind, season, "", "", price
            continue
        for each in dict.fromkeys(name for name, _ in charge.when):
            if season in ("", each):
                letters = ", ".join(letter for name, letter in charge.when if name == each)
                yield charge.name, kind, each, letters, "", price


def _calendar_lines(calendar: Calendar) -> Iterator[str]:
    if calendar.country:
        place = "-".join(part for part in (calendar.country, calendar.subdivision) if part)
        named = [f"{name} as {day_type}" for name, day_type in calendar.holidays]
        others = "the others" if named else "all"
        rest = [f"{others} as {calendar.holiday_as}"] if calendar.holiday_as else []
        yield f"public holidays of {place}: {', '.join(named + rest)}"
    if calendar.dates:
        days = [f"{day.isoformat()} as {day_type}" for day, day_type in calendar.dates]
        yield f"exceptions: {', '.join(days)}"


def _conversion_line(conversion: Conversion, *, measured: str) -> str:
    factor = decimal_text(conversion.factor_micro, places=0)
    line = f"conversion: 1 {measured} is {factor} {conversion.unit}"
    if conversion.volume_correction_micro is None or conversion.calorific_value_micro is None:
        return line
    correction = decimal_text(conversion.volume_correction_micro, places=0)
    calorific = decimal_text(conversion.calorific_value_micro, places=0)
    return f"{line} (volume correction {correction}, calorific value {calorific} MJ)"


def _priced_unit(table: RateTable) -> str:
    return table.conversion.unit if table.conversion else base_unit_of(table.utility)


def _money(price_micro: int) -> str:
    return decimal_text(price_micro, places=2)
