"""What a meter is to charge by itself, made of the rate tables that are in force for it. Pure.

A meter that counts money itself is told one price of a base unit and one of a day, both with tax. Whatever a
rate table says beyond that cannot be told to it, and is refused with the reason.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mita.drivers.wire import FlatPrices
from mita.kit.money import format_micro
from mita.tariffs.domain import DAY, tax_fraction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from mita.tariffs.domain import RateTable, UsageCharge

_IMPORT = "import"


class NotForMeters(ValueError):
    """Rate tables that a meter cannot be told; ``reasons`` are sentences."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


def meter_prices(tables: Sequence[RateTable], *, registers: Collection[str]) -> FlatPrices:
    """Return what a meter with these registers is to charge under rate tables that hold at once.

    :raises NotForMeters: if the tables say more than a price of a unit and of a day, or finer than a micro
    """
    reasons = [each for table in tables for each in _reasons(table, registers=registers)]
    if not any(table.charges_of(_IMPORT) for table in tables):
        reasons.append("No rate table in force has a price for what the meter counts.")
    if reasons:
        raise NotForMeters(list(dict.fromkeys(reasons)))
    unit = sum((_with_tax(table, _unit_micro(table)) for table in tables), Fraction())
    day = sum(
        (_with_tax(table, sum(each.price_micro for each in table.fixed)) for table in tables), Fraction()
    )
    for what, exact in (("A unit", unit), ("A day", day)):
        if exact.denominator != 1:
            shown = format_micro(exact.numerator // exact.denominator)
            reasons.append(
                f"{what} costs a little more than {shown} with tax, which is finer than a millionth."
            )
    if reasons:
        raise NotForMeters(reasons)
    return FlatPrices(int(unit), int(day))


def _unit_micro(table: RateTable) -> int:
    return sum(charge.rules[0].blocks[0].price_micro for charge in table.charges_of(_IMPORT))


def _with_tax(table: RateTable, written_micro: int) -> Fraction:
    if table.prices_include_tax:
        return Fraction(written_micro)
    num, per = tax_fraction(table.tax_percent_micro)
    return Fraction(written_micro * (per + num), per)


def _reasons(table: RateTable, *, registers: Collection[str]) -> Iterator[str]:
    if table.conversion is not None:
        yield f"{table.name}: it counts in {table.conversion.unit}, which the meter does not."
    for charge in table.usage:
        if charge.register == _IMPORT:
            yield from _usage_reasons(table, charge)
        elif charge.register in registers:
            yield f"{table.name}, {charge.name}: the meter has no price for its register {charge.register}."
    if any(each.per != DAY for each in table.fixed):
        yield f"{table.name}: a standing charge of a month is no price of a day."
    for charges, what in (
        (table.demands, "a price on power"),
        (table.minimums, "a minimum bill"),
        (table.nettings, "netting"),
    ):
        if charges:
            yield f"{table.name}: the meter knows nothing of {what}."


def _usage_reasons(table: RateTable, charge: UsageCharge) -> Iterator[str]:
    where = f"{table.name}, {charge.name}"
    if charge.allowance_micro:
        yield f"{where}: the meter knows no allowance."
    if any(len(rule.blocks) != 1 for rule in charge.rules):
        yield f"{where}: blocks by quantity cannot be told to the meter."
    elif len({rule.blocks for rule in charge.rules}) != 1:
        yield f"{where}: a price by season or time of day cannot be told to the meter."
