"""What a part of a billing period costs beside its usage: standing charges, demand, the minimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.kit.money import MICRO

from .bill_lines import DEMAND, FIXED, MINIMUM, BillLine
from .document import DAY, MONTH
from .taxed import Taxed, half_up, taxed

if TYPE_CHECKING:
    from .document import DemandCharge, FixedCharge, MinimumCharge, RateTable
    from .periods import PeriodPart
    from .power import Peak


@dataclass(frozen=True, slots=True)
class Item:
    """One charge of a part: its line, and its amount as written and taxed, rounded once.

    ``parts`` are lines that add up to it, where one quantity at one price does not say what it is made of.
    """

    line: BillLine
    amount: Taxed
    parts: tuple[BillLine, ...] = ()

    @property
    def lines(self) -> tuple[BillLine, ...]:
        """What a bill shows of it."""
        return self.parts or (self.line,)


def fixed_item(table: RateTable, charge: FixedCharge, *, part: PeriodPart) -> Item:
    """Return a standing charge: a day's price for each day, a month's by days of the whole billing period."""
    if charge.per == DAY:
        written, quantity = charge.price_micro * part.days, part.days * MICRO
    else:
        written = half_up(charge.price_micro * part.days, part.whole_days)
        quantity = half_up(part.days * MICRO, part.whole_days)
    return _item(
        table,
        written,
        charge=charge.name,
        kind=FIXED,
        unit=charge.per,
        quantity_micro=quantity,
        price_micro=charge.price_micro,
        days=part.days,
        whole_days=part.whole_days,
    )


def demand_item(table: RateTable, charge: DemandCharge, *, part: PeriodPart, peak: Peak) -> Item:
    """Return a demand charge: the peak at its price, by days where another version has the rest."""
    days, whole_days = part.limits
    written = half_up(peak.power_micro * peak.price_micro * days, MICRO * whole_days)
    return _item(
        table,
        written,
        charge=charge.name,
        kind=DEMAND,
        unit=charge.unit,
        quantity_micro=peak.power_micro,
        price_micro=peak.price_micro,
        register=charge.register,
        season=peak.season,
        letter=peak.letter,
        days=days,
        whole_days=whole_days,
        at_s=peak.at_s,
    )


def minimum_item(
    table: RateTable, charge: MinimumCharge, *, part: PeriodPart, written_micro: int
) -> Item | None:
    """Return what ``written_micro``, everything else of the part, lacks to the minimum; None for nothing."""
    minimum = half_up(charge.price_micro * part.days, part.whole_days)
    if written_micro >= minimum:
        return None
    return _item(
        table,
        minimum - written_micro,
        charge=charge.name,
        kind=MINIMUM,
        unit=MONTH,
        quantity_micro=half_up(part.days * MICRO, part.whole_days),
        price_micro=charge.price_micro,
        days=part.days,
        whole_days=part.whole_days,
    )


def _item(
    table: RateTable,
    written_micro: int,
    *,
    charge: str,
    kind: str,
    unit: str,
    quantity_micro: int,
    price_micro: int,
    days: int,
    whole_days: int,
    register: str = "",
    season: str = "",
    letter: str = "",
    at_s: int | None = None,
) -> Item:
    amount = taxed(table, written_micro, den=1)
    line = BillLine(
        charge=charge,
        kind=kind,
        unit=unit,
        quantity_micro=quantity_micro,
        price_micro=price_micro,
        net_micro=amount.net_micro,
        tax_micro=amount.tax_micro,
        register=register,
        season=season,
        letter=letter,
        days=days,
        whole_days=whole_days,
        at_s=at_s,
    )
    return Item(line, amount)
