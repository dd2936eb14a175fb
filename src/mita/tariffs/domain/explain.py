"""Why a consumption costs what it costs: the lines a person can recompute by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mita.kit.money import MICRO
from mita.kit.quantity import VALUE_MICRO_MAX

from .document import DEFAULT_REGISTER, EXPORT, tax_fraction
from .parts import cut_into_parts
from .prices import merge_blocks
from .rating import BadIntervals, Runs, share_half_up
from .slots import NO_TABLE, NOT_PRICED, BadSpan, SlotTable, build_slots

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from .document import RateTable
    from .prices import MergedBlock


class NotPriced(ValueError):
    """Consumption for which no price exists; ``code`` is NO_TABLE or NOT_PRICED."""

    def __init__(self, message: str, *, code: int) -> None:
        super().__init__(message)
        self.code = code


class TimesNeeded(ValueError):
    """A quantity without times, although the price depends on when it was used."""


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity at one price: ``version`` index, ``block`` from 0, signed shares of the rounded charge.

    ``price_micro`` is as written (with tax, if prices include it). The lines' shares add up to the charge.
    """

    version: int
    season: str
    letter: str
    block: int
    quantity_micro: int
    price_micro: int
    net_micro: int
    tax_micro: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A consumption in [start, end), UTC seconds, micro base units."""

    start_s: int
    end_s: int
    quantity_micro: int


@dataclass(frozen=True, slots=True)
class CalculationLine:
    """What one charge takes at one price; ``net_micro`` is signed, its share of the rounded total."""

    charge: str
    season: str
    letter: str
    block: int
    quantity_micro: int
    price_micro: int
    net_micro: int


@dataclass(frozen=True, slots=True)
class Calculation:
    """The price of a consumption, signed (a credit is negative); the lines' nets add up to ``net_micro``."""

    net_micro: int
    tax_micro: int
    lines: tuple[CalculationLine, ...]


class _Account:
    """The running exact cost of a period, in millionths of a micro, and what each addition costs rounded."""

    def __init__(self, *, percent: tuple[int, int], inclusive: bool, sign: int, cost: int = 0) -> None:
        self.percent = percent
        self.inclusive = inclusive
        self.sign = sign
        self.cost = cost

    def add(self, cost: int) -> tuple[int, int]:
        """Return the signed (net, tax) that ``cost`` adds."""
        before = self._rounded()
        self.cost += cost
        after = self._rounded()
        return self.sign * (after[0] - before[0]), self.sign * (after[1] - before[1])

    def _rounded(self) -> tuple[int, int]:
        micro, rest = divmod(self.cost, MICRO)
        num, den = self.percent
        written = share_half_up(micro, rest, num=1, den=1)
        if self.inclusive:
            net = share_half_up(micro, rest, num=den, den=den + num)
            return net, written - net
        return written, share_half_up(micro, rest, num=num, den=den)


def explain(
    slots: SlotTable,
    *,
    start_s: int,
    end_s: int,
    quantity_micro: int,
    opening: Runs | None = None,
    opening_at_s: int | None = None,
) -> tuple[Line, ...]:
    """Return the lines of one interval's charge, in time order; their shares add up to what ``rate`` returns.

    ``opening`` (of length 1) are the totals after the reading at ``opening_at_s``, as in ``rate``.

    :raises NotPriced: if any part of the interval has no price
    :raises BadIntervals: if the interval is empty, negative or outside ``slots``
    """
    parts = _parts(slots, Interval(start_s=start_s, end_s=end_s, quantity_micro=quantity_micro))
    period, reached, cost = None, 0, 0
    if opening is not None and opening_at_s is not None:
        period = _period_of(slots, opening_at_s - 1)
        reached = int(opening.quantity_micro[0])
        cost = int(opening.cost_micro[0]) * MICRO + int(opening.cost_rest[0])
    lines: list[Line] = []
    for slot, quantity in parts:
        if period != slots.period[slot]:
            period, reached, cost = int(slots.period[slot]), 0, 0
        row = int(slots.row[slot])
        account = _account(slots, row, cost=cost)
        for block, (inside, price) in _fill(_blocks_of(slots, row), before=reached, quantity=quantity):
            net, tax = account.add(inside * price)
            lines.append(
                Line(
                    version=int(slots.version[row]),
                    season=slots.season[row],
                    letter=slots.letter[row],
                    block=block,
                    quantity_micro=inside,
                    price_micro=price,
                    net_micro=net,
                    tax_micro=tax,
                )
            )
        reached += quantity
        cost = account.cost
    return tuple(lines)


def calculate(
    table: RateTable,
    *,
    zone: ZoneInfo,
    intervals: Sequence[Interval] | None = None,
    quantity_micro: int | None = None,
    register: str = DEFAULT_REGISTER,
) -> Calculation:
    """Return what a consumption costs under one table: either timed intervals, or a quantity without times.

    Intervals are one register's, in time order; the totals before the first of them are zero.
    A quantity counts from the start of a billing period.

    :raises TimesNeeded: if a quantity is given and the table has clocks or seasons
    :raises NotPriced: if the register has no price, or an interval lies before the table
    :raises BadIntervals: if intervals are empty, negative or out of order, or neither or both ways are used
    """
    if (intervals is None) == (quantity_micro is None):
        raise BadIntervals("give either intervals or a quantity")
    if not table.charges_of(register):
        raise NotPriced(f'the table has no charge on the register "{register}"', code=NOT_PRICED)
    if intervals is not None:
        return _sum_up(
            table, register=register, uses=_uses(table, zone=zone, register=register, intervals=intervals)
        )
    if table.clocks or table.seasons:
        raise TimesNeeded(
            "this table's price depends on the time of use; give intervals instead of a quantity"
        )
    quantity = quantity_micro or 0
    _check_quantity(quantity)
    return _sum_up(table, register=register, uses=[_Use("", "", 0, quantity)])


@dataclass(frozen=True, slots=True)
class _Use:
    season: str
    letter: str
    period: int
    quantity_micro: int


def _uses(
    table: RateTable, *, zone: ZoneInfo, register: str, intervals: Sequence[Interval]
) -> Iterable[_Use]:
    if not intervals:
        return
    span_end = max(each.end_s for each in intervals)
    try:
        slots = build_slots(
            [table], zone=zone, register=register, start_s=intervals[0].start_s, end_s=span_end
        )
    except BadSpan as error:
        raise BadIntervals("the intervals span no time, too much of it, or years out of reach") from error
    previous_end = intervals[0].start_s
    for interval in intervals:
        if interval.start_s < previous_end:
            raise BadIntervals("the intervals overlap or are not in time order")
        previous_end = interval.end_s
        for slot, quantity in _parts(slots, interval):
            row = int(slots.row[slot])
            yield _Use(slots.season[row], slots.letter[row], int(slots.period[slot]), quantity)


def _sum_up(table: RateTable, *, register: str, uses: Iterable[_Use]) -> Calculation:
    charges = table.charges_of(register)
    nets: dict[tuple[str, str, str, int, int], list[int]] = {}
    net_micro = tax_micro = reached = 0
    period: int | None = None
    account = _account_of(table, register=register)
    for use in uses:
        if use.period != period:
            period, reached, account = use.period, 0, _account_of(table, register=register)
        for index, charge in enumerate(charges):
            blocks = merge_blocks([charge], season=use.season, letter=use.letter)
            for block, (inside, price) in _fill(blocks, before=reached, quantity=use.quantity_micro):
                net, tax = account.add(inside * price)
                net_micro += net
                tax_micro += tax
                line = nets.setdefault((str(index), use.season, use.letter, block, price), [0, 0])
                line[0] += inside
                line[1] += net
        reached += use.quantity_micro
    lines = tuple(
        CalculationLine(charges[int(index)].name, season, letter, block, quantity, price, net)
        for (index, season, letter, block, price), (quantity, net) in nets.items()
    )
    return Calculation(net_micro=net_micro, tax_micro=tax_micro, lines=lines)


def _check_quantity(quantity_micro: int) -> None:
    if not 0 <= quantity_micro <= VALUE_MICRO_MAX:
        raise BadIntervals("a consumption is negative, or larger than any register")


def _parts(slots: SlotTable, interval: Interval) -> list[tuple[int, int]]:
    _check_quantity(interval.quantity_micro)
    if not slots.starts[0] <= interval.start_s < interval.end_s <= slots.starts[-1]:
        raise BadIntervals("the interval is empty or outside the slots")
    parts = cut_into_parts(
        slots,
        start_s=np.array([interval.start_s]),
        end_s=np.array([interval.end_s]),
        quantity_micro=np.array([interval.quantity_micro]),
    )
    missing = [int(slots.row[slot]) for slot in parts.slot if slots.row[slot] < 0]
    if missing:
        why = (
            "no rate table is in force"
            if NO_TABLE in missing
            else "the rate table does not price this register"
        )
        raise NotPriced(f"{why} during the interval", code=max(missing))
    return list(zip(parts.slot.tolist(), parts.quantity_micro.tolist(), strict=True))


def _fill(
    blocks: Iterable[MergedBlock], *, before: int, quantity: int
) -> Iterable[tuple[int, tuple[int, int]]]:
    for index, (lower, upper, price) in enumerate(blocks):
        inside = min(before + quantity, upper) - max(before, lower)
        if inside > 0:
            yield index, (inside, price)


def _blocks_of(slots: SlotTable, row: int) -> Iterable[MergedBlock]:
    columns = (slots.lower[row].tolist(), slots.upper[row].tolist(), slots.price[row].tolist())
    return zip(*columns, strict=True)


def _period_of(slots: SlotTable, instant_s: int) -> int | None:
    slot = int(np.searchsorted(slots.starts, instant_s, side="right")) - 1
    return int(slots.period[slot]) if 0 <= slot < len(slots.period) else None


def _account(slots: SlotTable, row: int, *, cost: int) -> _Account:
    percent = int(slots.tax_num[row]), int(slots.tax_den[row])
    return _Account(
        percent=percent, inclusive=bool(slots.inclusive[row]), sign=int(slots.sign[row]), cost=cost
    )


def _account_of(table: RateTable, *, register: str) -> _Account:
    return _Account(
        percent=tax_fraction(table.tax_percent_micro),
        inclusive=table.prices_include_tax,
        sign=-1 if register == EXPORT else 1,
    )
