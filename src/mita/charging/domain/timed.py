"""Timed charges: what is due until an instant by standing charges, demand and minimum bills. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol

from mita.tariffs.domain import (
    DAY,
    demand_item,
    fixed_item,
    local_date,
    local_midnight_s,
    minimum_item,
    period_parts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from mita.charging.domain.payers import Payer
    from mita.tariffs.domain import (
        BillLine,
        DemandCharge,
        FixedCharge,
        Item,
        Peak,
        PeriodPart,
        RateTable,
        Segment,
    )

_DAY = timedelta(days=1)
# past the end of any billing period that has begun
_AHEAD = timedelta(days=70)


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a payer is charged by in a role: versions by date, with the tables that they are of."""

    payer: Payer
    role: str
    listed: tuple[Segment, ...]
    versions: tuple[RateTable, ...]

    @property
    def is_timed(self) -> bool:
        """Whether anything in it falls due by the calendar."""
        return any(each.fixed or each.demands or each.minimums for each in self.versions)

    @property
    def needs_use(self) -> bool:
        """Whether something that falls due follows from what was used."""
        return any(each.demands or each.minimums for each in self.versions)

    @property
    def asks_supply(self) -> bool:
        """Whether something is not due while the supply is off."""
        return any(not charge.is_due_while_off for each in self.versions for charge in each.fixed)


@dataclass(frozen=True, slots=True)
class ItemKey:
    """What a timed charge is known by; the local date is its day's, or the first of its period part."""

    payer: Payer
    role: str
    charge: str
    kind: str
    first: date


@dataclass(frozen=True, slots=True)
class TimedItem:
    """One timed charge: when it falls due, what it costs and what that is made of.

    ``written_micro`` is the amount as the prices are written. ``line`` has the quantity, the price and its
    net and tax.
    """

    key: ItemKey
    until: date
    due_s: int
    rate_table_id: int
    written_micro: int
    line: BillLine


class Use(Protocol):
    """What the registers of a payer used."""

    def written_micro(self, prices: PriceList, part: PeriodPart) -> int:
        """Return what usage of a part costs as the prices are written; credits count as minus."""

    def peak(self, prices: PriceList, charge: DemandCharge, part: PeriodPart) -> Peak | None:
        """Return the window of a part that decides a demand charge, None if nothing counts."""


@dataclass(frozen=True, slots=True)
class WallClock:
    """The estate's wall clock at one instant, in UTC seconds."""

    zone: ZoneInfo
    now_s: int

    @property
    def today(self) -> date:
        """The newest local date that has begun; a clock set back over midnight does not end it."""
        day = local_date(self.now_s, zone=self.zone)
        return day + _DAY if self.has_begun(day + _DAY) else day

    def has_begun(self, day: date) -> bool:
        """Tell whether the midnight at which a local date begins has come."""
        return self.midnight_s(day) <= self.now_s

    def midnight_s(self, day: date) -> int:
        """Return the UTC second at which a local date begins."""
        return local_midnight_s(day, zone=self.zone)


def begun_parts(prices: PriceList, *, first: date, clock: WallClock) -> tuple[PeriodPart, ...]:
    """Return the parts of billing periods that have begun, from the payer's first local date on."""
    today = clock.today
    first = max(first, prices.versions[0].effective_from)
    if first > today:
        return ()
    parts = period_parts(prices.versions, first=first, until=today + _AHEAD)
    return tuple(part for part in parts if part.first <= today)


def parts_since(parts: Sequence[PeriodPart], *, day: date) -> Sequence[PeriodPart]:
    """Return the parts that a change on a local date may touch: it may end the part of the day before."""
    return parts[max(0, bisect_right([part.first for part in parts], day - _DAY) - 1) :]


def next_due_s(prices: PriceList, *, parts: Sequence[PeriodPart], clock: WallClock) -> int | None:
    """Return when more may fall due, None for never; ``parts`` are those that have begun."""
    if not prices.is_timed:
        return None
    if not parts:
        return clock.midnight_s(max(prices.versions[0].effective_from, clock.today + _DAY))
    table = prices.versions[parts[-1].version]
    is_daily = any(charge.per == DAY for charge in table.fixed)
    return clock.midnight_s(clock.today + _DAY if is_daily else parts[-1].until)


def due_items(
    prices: PriceList,
    *,
    parts: Sequence[PeriodPart],
    clock: WallClock,
    use: Use,
    is_off: Callable[[int], bool],
) -> Iterator[TimedItem]:
    """Yield what the parts owe by now: standing charges as they begin, demand and the minimum at the end.

    ``is_off`` says whether the supply was off at a UTC second.
    """
    for part in parts:
        table = prices.versions[part.version]
        items: list[TimedItem] = []
        for charge in table.fixed:
            items += _fixed(prices, charge, part=part, clock=clock, is_off=is_off)
        if clock.has_begun(part.until):
            for demand in table.demands:
                peak = use.peak(prices, demand, part)
                if peak is not None:
                    item = demand_item(table, demand, part=part, peak=peak)
                    items.append(_at_end(prices, item, part=part, clock=clock))
            for minimum in table.minimums:
                written = use.written_micro(prices, part) + sum(each.written_micro for each in items)
                top_up = minimum_item(table, minimum, part=part, written_micro=written)
                if top_up is not None:
                    items.append(_at_end(prices, top_up, part=part, clock=clock))
        yield from items


def _fixed(
    prices: PriceList,
    charge: FixedCharge,
    *,
    part: PeriodPart,
    clock: WallClock,
    is_off: Callable[[int], bool],
) -> Iterator[TimedItem]:
    table = prices.versions[part.version]
    if charge.per != DAY:
        due_s = clock.midnight_s(part.first)
        if charge.is_due_while_off or not is_off(due_s):
            yield _timed(prices, fixed_item(table, charge, part=part), part=part, due_s=due_s)
        return
    charged = 0
    for day in (part.first + _DAY * index for index in range(part.days)):
        due_s = clock.midnight_s(day)
        if due_s > clock.now_s:
            return
        if not charge.is_due_while_off and is_off(due_s):
            continue
        # tax is rounded on the running total of the part, so that its days cost what the part does
        before, after = (
            fixed_item(table, charge, part=replace(part, until=part.first + _DAY * days)).amount
            for days in (charged, charged + 1)
        )
        charged += 1
        one = replace(part, first=day, until=day + _DAY)
        item = _timed(prices, fixed_item(table, charge, part=one), part=one, due_s=due_s)
        yield replace(
            item,
            written_micro=after.written_micro - before.written_micro,
            line=replace(
                item.line,
                net_micro=after.net_micro - before.net_micro,
                tax_micro=after.tax_micro - before.tax_micro,
            ),
        )


def _at_end(prices: PriceList, item: Item, *, part: PeriodPart, clock: WallClock) -> TimedItem:
    return _timed(prices, item, part=part, due_s=clock.midnight_s(part.until))


def _timed(prices: PriceList, item: Item, *, part: PeriodPart, due_s: int) -> TimedItem:
    table_id = prices.listed[part.version].rate_table_id
    assert table_id is not None, "where no table is, nothing falls due"
    return TimedItem(
        key=ItemKey(prices.payer, prices.role, item.line.charge, item.line.kind, part.first),
        until=part.until,
        due_s=due_s,
        rate_table_id=table_id,
        written_micro=item.amount.written_micro,
        line=item.line,
    )
