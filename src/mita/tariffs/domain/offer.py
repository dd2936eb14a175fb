"""Units of a table for sale: what the next ones cost, and what is taken of the money before them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from mita.kit.money import BIGINT_MAX, MICRO
from mita.kit.quantity import VALUE_MICRO_MAX

from .asked import NotPriced, TimesNeeded
from .bill_lines import FIXED, BillLine
from .document import DEFAULT_REGISTER, MONTH, VOLUME, tax_fraction
from .due import Item, fixed_item
from .periods import period_parts
from .rating import ChargeTooLarge
from .running import PeriodTotals, TotalsState
from .slots import NOT_PRICED
from .taxed import Taxed, half_up

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from .document import RateTable

WHOLE_PERCENT = 100 * MICRO
STANDING_DUE = "Standing charges due"


class BadPurchase(ValueError):
    """An amount, a quantity or a share of arrears that nothing can be bought with."""


class Terms(TypedDict, total=False):
    """On what terms units are bought; what is left out is nothing, and units are sold to the millionth.

    ``days`` are the local dates [first, until) whose standing charges are due. ``earlier`` are the versions
    before the table, for the days on which they were in force. ``standing_due_micro``, with tax, takes the
    place of these charges. The share of the arrears is taken until ``arrears_micro`` are paid; None: always.
    ``already_micro`` was used of the billing period before. Units are whole multiples of ``step_micro``.
    """

    days: tuple[date, date] | None
    earlier: Sequence[RateTable]
    standing_due_micro: int | None
    arrears_percent_micro: int
    arrears_micro: int | None
    already_micro: int
    step_micro: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A table as somebody meets it who has used ``already`` of the billing period.

    ``fixed`` are the standing charges that are due. ``percent_micro`` of an amount goes to the arrears, but
    not more than ``arrears_micro``, if it is known. Units are sold in whole multiples of ``step_micro``.
    """

    table: RateTable
    state: TotalsState
    fixed: tuple[Item, ...]
    percent_micro: int
    arrears_micro: int | None
    step_micro: int

    @classmethod
    def of(cls, table: RateTable, *, terms: Terms) -> Offer:
        """Return a table on terms.

        :raises BadPurchase: if a number of the terms is out of range
        :raises TimesNeeded: if the price depends on the time of use, or on power
        :raises NotPriced: if the table has no charge on the import register, or not yet on the days
        """
        _check_table(table)
        already, step = terms.get("already_micro", 0), terms.get("step_micro", 1)
        percent, arrears = terms.get("arrears_percent_micro", 0), terms.get("arrears_micro")
        due = terms.get("standing_due_micro")
        _check(already, what="what was used before", most=VALUE_MICRO_MAX, of="any register")
        _check(arrears or 0, what="what the arrears are", most=BIGINT_MAX, of="all money")
        _check(due or 0, what="what is due of standing charges", most=BIGINT_MAX, of="all money")
        if not 0 <= percent <= WHOLE_PERCENT:
            raise BadPurchase("the arrears' share must be from 0 to 100 percent")
        if not 0 < step <= VALUE_MICRO_MAX:
            raise BadPurchase("the step of units must be above zero")
        used = PeriodTotals(table, register=DEFAULT_REGISTER)
        used.add(season="", letter="", quantity_micro=already)
        if due is None:
            fixed = _fixed_of(table, days=terms.get("days"), earlier=terms.get("earlier", ()))
        else:
            fixed = (_due(table, due),) if due else ()
        return cls(table, used.state, fixed, percent, arrears, step)

    def bought(self, steps: int) -> PeriodTotals:
        """Return the totals that hold the next units."""
        totals = PeriodTotals(self.table, register=DEFAULT_REGISTER, state=self.state)
        totals.add(season="", letter="", quantity_micro=steps * self.step_micro)
        return totals

    def cost(self, steps: int) -> Taxed | None:
        """Return what the next units cost; None is more than all money."""
        try:
            return self.bought(steps).charged
        except ChargeTooLarge:
            return None

    @property
    def fixed_gross_micro(self) -> int:
        """The standing charges with tax."""
        return sum(item.amount.gross_micro for item in self.fixed)

    def arrears_of(self, amount_micro: int) -> int:
        """Return what of an amount goes to the arrears."""
        share = half_up(amount_micro * self.percent_micro, WHOLE_PERCENT)
        return share if self.arrears_micro is None else min(share, self.arrears_micro)

    def without_tax(self, gross_micro: int) -> int:
        """Return an amount without the tax that it contains."""
        return _without_tax(self.table, gross_micro)

    def edges(self) -> list[int]:
        """Return the steps after which all units may change their price, ascending, from 0 to the most."""
        conversion = self.table.conversion
        factor = conversion.factor_micro if conversion else MICRO
        limits = {
            charge.allowance_micro + block.up_to_micro
            for charge in self.table.charges_of(DEFAULT_REGISTER)
            if charge.mode == VOLUME
            for block in charge.blocks(season="", letter="")
            if block.up_to_micro is not None
        }
        # the most that is not above the limit once it is converted and rounded half up
        ends = {(MICRO * limit + MICRO // 2 - 1) // factor - self.state.quantity_micro for limit in limits}
        inside = sorted({end // self.step_micro for end in ends if 0 < end < VALUE_MICRO_MAX})
        return [0, *(end for end in inside if 0 < end < self.steps_max), self.steps_max]

    @property
    def steps_max(self) -> int:
        """The most steps that a register could count."""
        return VALUE_MICRO_MAX // self.step_micro


def _check(value: int, *, what: str, most: int, of: str) -> None:
    if not 0 <= value <= most:
        raise BadPurchase(f"{what} must not be negative, nor larger than {of}")


def _check_table(table: RateTable) -> None:
    if table.clocks or table.seasons:
        raise TimesNeeded("this table's price depends on the time of use: no amount buys a number of units")
    if table.demands:
        raise TimesNeeded("this table charges power: no amount buys a number of units")
    if not table.charges_of(DEFAULT_REGISTER):
        raise NotPriced(f'the table has no charge on the register "{DEFAULT_REGISTER}"', code=NOT_PRICED)


def _fixed_of(
    table: RateTable, *, days: tuple[date, date] | None, earlier: Sequence[RateTable]
) -> tuple[Item, ...]:
    versions = [*earlier, table]
    parts = period_parts(versions, first=days[0], until=days[1]) if days else ()
    return tuple(
        fixed_item(versions[part.version], charge, part=part)
        for part in parts
        for charge in versions[part.version].fixed
    )


def _due(table: RateTable, gross_micro: int) -> Item:
    net = _without_tax(table, gross_micro)
    written = gross_micro if table.prices_include_tax else net
    line = BillLine(
        charge=STANDING_DUE,
        kind=FIXED,
        unit=MONTH,
        quantity_micro=MICRO,
        price_micro=written,
        net_micro=net,
        tax_micro=gross_micro - net,
    )
    return Item(line, Taxed(written, net, gross_micro - net))


def _without_tax(table: RateTable, gross_micro: int) -> int:
    num, den = tax_fraction(table.tax_percent_micro)
    return half_up(gross_micro * den, den + num)
