"""Net metering: the export of a part of a billing period taken off its import, letter by letter. Exact."""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from mita.kit.money import MICRO

from .bill_lines import CARRIED_ON, NETTING, SURPLUS, BillLine, share_by_remainder, usage_unit
from .document import DEFAULT_REGISTER, EXPORT, tax_fraction
from .due import Item
from .periods import WHOLE
from .running import PeriodTotals
from .taxed import Taxed, half_up, taxed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .document import NettingCharge, RateTable
    from .fillings import Row
    from .periods import PeriodPart

_Place = tuple[str, str, str, int | None, int]  # usage charge, season, letter, block, price
_BOTH = 2


@dataclass(frozen=True, slots=True)
class Metered:
    """What a register counted in a part: ((season, letter), base units in millionths) in the order of time.

    ``limits`` are those of the register's usage in the part.
    """

    meter_id: int
    uses: tuple[tuple[Row, int], ...]
    limits: tuple[int, int] = WHOLE


@dataclass(frozen=True, slots=True)
class Netted:
    """What netting makes of a part: credits and charges, and what surplus goes on, by letter, base units."""

    items: tuple[Item, ...]
    carried: Mapping[str, int]


def net_part(
    table: RateTable,
    *,
    part: PeriodPart,
    imports: Sequence[Metered],
    exports: Sequence[Metered],
    carried: Mapping[str, int],
    goes_on: bool,
) -> Netted:
    """Return what the part's export, and surplus ``carried`` to it, is worth under the table's netting.

    The difference between what the import's usage charges cost and what they would cost with the export
    taken off: each season and letter its own, a meter's own import first, then that of the others. What is
    left of the import is its earliest. What is not taken off is surplus: it is carried if it ``goes_on``
    (:func:`carries_on`), else paid.
    """
    (charge,) = table.nettings
    left = [_sums(each) for each in imports]
    out = [_sums(each) for each in exports]
    for is_own in (True, False):
        for given, source in zip(out, exports, strict=True):
            for kept, target in zip(left, imports, strict=True):
                if (source.meter_id == target.meter_id) is is_own:
                    _take_off(kept, given)
    surplus = {letter: _take_carried(left, letter, quantity) for letter, quantity in carried.items()}
    for (_, letter), quantity in (pair for given in out for pair in given.items()):
        surplus[letter] = surplus.get(letter, 0) + quantity
    surplus = {letter: quantity for letter, quantity in surplus.items() if quantity}
    items = [_difference(table, charge, part=part, imports=imports, left=left)]
    items.append(_surplus(table, charge, part=part, base=sum(surplus.values()), is_paid=not goes_on))
    return Netted(tuple(each for each in items if each is not None), surplus if goes_on else {})


def carries_on(versions: Sequence[RateTable], *, part: PeriodPart) -> bool:
    """Say whether a part's surplus goes on to the next one, and is not paid at its end.

    It does until the part that holds ``carried_until`` (of 29 February: the month's last day), and as long as
    the next table carries too and has the same letters.
    """
    table = versions[part.version]
    after = versions[bisect_right([each.effective_from for each in versions], part.until) - 1]
    untils = [each.carried_until for each in (*table.nettings, *after.nettings)]
    if len(untils) < _BOTH or None in untils or _letters(table) != _letters(after):
        return False
    month, day = untils[0] or (1, 1)
    return not any(
        part.first <= date(year, month, min(day, monthrange(year, month)[1])) < part.until
        for year in range(part.first.year, part.until.year + 1)
    )


def _letters(table: RateTable) -> set[str]:
    return {letter for clock in table.clocks for letter in clock.letters}


def _sums(metered: Metered) -> dict[Row, int]:
    """Return quantities by season and letter, in the order of their first use."""
    sums: dict[Row, int] = defaultdict(int)
    for row, quantity in metered.uses:
        sums[row] += quantity
    return sums


def _take_off(kept: dict[Row, int], given: dict[Row, int]) -> None:
    for row, quantity in given.items():
        taken = min(kept.get(row, 0), quantity)
        if taken:
            kept[row] -= taken
            given[row] -= taken


def _take_carried(left: Iterable[dict[Row, int]], letter: str, quantity: int) -> int:
    """Take carried surplus off import of its letter, in the order of time; return what is left of it."""
    for kept in left:
        for row in kept:
            if row[1] == letter:
                taken = min(kept[row], quantity)
                kept[row] -= taken
                quantity -= taken
    return quantity


def _difference(
    table: RateTable,
    charge: NettingCharge,
    *,
    part: PeriodPart,
    imports: Sequence[Metered],
    left: Sequence[Mapping[Row, int]],
) -> Item | None:
    """Return what usage costs less, with a line for each price at which more or less was used."""
    amounts: list[Taxed] = []
    places: dict[_Place, int] = defaultdict(int)
    off = 0
    for metered, kept in zip(imports, left, strict=True):
        if sum(quantity for _, quantity in metered.uses) == sum(kept.values()):
            continue
        off += sum(quantity for _, quantity in metered.uses) - sum(kept.values())
        measured = _totals(table, metered.uses, limits=metered.limits)
        netted = _totals(table, _earliest(metered.uses, kept), limits=metered.limits)
        amounts.append(_minus(netted.charged, measured.charged))
        for sign, totals in ((1, netted), (-1, measured)):
            for line in totals.lines():
                place = (line.charge, line.season, line.letter, line.block, line.price_micro)
                places[place] += sign * line.quantity_micro
    if not off:
        return None
    amount = Taxed(
        sum(each.written_micro for each in amounts),
        sum(each.net_micro for each in amounts),
        sum(each.tax_micro for each in amounts),
    )
    line = _line(table, charge, part=part, kind=NETTING, quantity_micro=-_priced(table, off), amount=amount)
    return Item(line, amount, tuple(_lines(table, line, {each: q for each, q in places.items() if q})))


def _lines(table: RateTable, whole: BillLine, places: Mapping[_Place, int]) -> Iterable[BillLine]:
    """Yield a line for each price; they add up to the whole."""
    num, den = tax_fraction(table.tax_percent_micro)
    net_num, net_den = (den, den + num) if table.prices_include_tax else (1, 1)
    tax_num, tax_den = (num, den + num) if table.prices_include_tax else (num, den)
    costs = [quantity * place[-1] for place, quantity in places.items()]
    nets = share_by_remainder([cost * net_num for cost in costs], den=net_den * MICRO, total=whole.net_micro)
    taxes = share_by_remainder([cost * tax_num for cost in costs], den=tax_den * MICRO, total=whole.tax_micro)
    for (place, quantity), net, tax in zip(places.items(), nets, taxes, strict=True):
        of_charge, season, letter, block, price = place
        yield replace(
            whole,
            of_charge=of_charge,
            season=season,
            letter=letter,
            block=block,
            quantity_micro=quantity,
            price_micro=price,
            net_micro=net,
            tax_micro=tax,
        )


def _surplus(
    table: RateTable, charge: NettingCharge, *, part: PeriodPart, base: int, is_paid: bool
) -> Item | None:
    if not base:
        return None
    quantity = _priced(table, base)
    if not is_paid:
        nothing = Taxed(0, 0, 0)
        line = _line(table, charge, part=part, kind=CARRIED_ON, quantity_micro=quantity, amount=nothing)
        return Item(line, nothing)
    amount = _minus(Taxed(0, 0, 0), taxed(table, quantity * charge.surplus_price_micro, den=MICRO))
    line = _line(table, charge, part=part, kind=SURPLUS, quantity_micro=quantity, amount=amount)
    return Item(replace(line, price_micro=charge.surplus_price_micro), amount)


def _line(
    table: RateTable,
    charge: NettingCharge,
    *,
    part: PeriodPart,
    kind: str,
    quantity_micro: int,
    amount: Taxed,
) -> BillLine:
    return BillLine(
        charge=charge.name,
        kind=kind,
        unit=usage_unit(table),
        quantity_micro=quantity_micro,
        price_micro=0,
        net_micro=amount.net_micro,
        tax_micro=amount.tax_micro,
        register=DEFAULT_REGISTER if kind == NETTING else EXPORT,
        days=part.days,
        whole_days=part.whole_days,
    )


def _totals(table: RateTable, uses: Iterable[tuple[Row, int]], *, limits: tuple[int, int]) -> PeriodTotals:
    totals = PeriodTotals(table, register=DEFAULT_REGISTER, limits=limits)
    for (season, letter), quantity in uses:
        totals.add(season=season, letter=letter, quantity_micro=quantity)
    return totals


def _earliest(uses: Iterable[tuple[Row, int]], kept: Mapping[Row, int]) -> Iterable[tuple[Row, int]]:
    """Yield the first of the uses that add up to what is kept of each season and letter."""
    left = dict(kept)
    for row, quantity in uses:
        taken = min(left[row], quantity)
        left[row] -= taken
        if taken:
            yield row, taken


def _minus(one: Taxed, other: Taxed) -> Taxed:
    return Taxed(
        one.written_micro - other.written_micro,
        one.net_micro - other.net_micro,
        one.tax_micro - other.tax_micro,
    )


def _priced(table: RateTable, base_micro: int) -> int:
    """Return base units in the unit that prices are for."""
    return half_up(base_micro * table.conversion.factor_micro, MICRO) if table.conversion else base_micro
