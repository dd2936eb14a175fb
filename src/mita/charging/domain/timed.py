"""Timed charges: what is due until an instant by the calendar: standing charges and what follows from use."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol

from mita.charging.domain.memory import CHARGE_MICRO_MAX
from mita.tariffs.domain import (
    CARRIED_ON,
    DAY,
    carries_on,
    demand_item,
    fixed_item,
    local_date,
    local_midnight_s,
    minimum_item,
    net_part,
    period_parts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from mita.charging.domain.payers import Payer
    from mita.tariffs.domain import (
        BillLine,
        DemandCharge,
        FixedCharge,
        Item,
        Metered,
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
        return any(each.fixed or each.follows_use for each in self.versions)

    @property
    def needs_use(self) -> bool:
        """Whether something that falls due follows from what was used."""
        return any(each.follows_use for each in self.versions)

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
    net and tax; ``parts`` are lines that add up to it, where one price does not say it.
    """

    key: ItemKey
    until: date
    due_s: int
    rate_table_id: int
    written_micro: int
    line: BillLine
    parts: tuple[BillLine, ...] = ()

    @property
    def is_bookable(self) -> bool:
        """Whether it is small enough to be booked; a larger one comes of a broken register or price."""
        return abs(self.line.net_micro) <= CHARGE_MICRO_MAX


class Use(Protocol):
    """What the registers of a payer used."""

    def written_micro(self, prices: PriceList, part: PeriodPart) -> int:
        """Return what usage of a part costs as the prices are written; credits count as minus."""

    def peak(self, prices: PriceList, charge: DemandCharge, part: PeriodPart) -> Peak | None:
        """Return the window of a part that decides a demand charge, None if nothing counts."""

    def metered(self, prices: PriceList, part: PeriodPart) -> tuple[list[Metered], list[Metered]]:
        """Return what the import and the export registers counted in a part, where both are charged."""


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


def touched_parts(
    prices: PriceList, parts: Sequence[PeriodPart], *, day: date, clock: WallClock
) -> Sequence[PeriodPart]:
    """Return the parts that a change on a local date may touch, and those whose surplus goes on to them."""
    found = parts_since(parts, day=day)
    if not found or not clock.has_begun(found[0].until):
        return found
    at = len(parts) - len(found)
    while at and carries_on(prices.versions, part=parts[at - 1]):
        at -= 1
    return parts[at:]


def netted_parts(prices: PriceList, *, parts: Sequence[PeriodPart], use: Use) -> Iterator[tuple[Item, ...]]:
    """Yield what export saves in each of some parts; surplus goes on from one to the next."""
    carried: Mapping[str, int] = {}
    for part in parts:
        table = prices.versions[part.version]
        if not table.nettings:
            carried = {}
            yield ()
            continue
        imports, exports = use.metered(prices, part)
        netted = net_part(
            table,
            part=part,
            imports=imports,
            exports=exports,
            carried=carried,
            goes_on=carries_on(prices.versions, part=part),
        )
        carried = netted.carried
        yield tuple(item for item in netted.items if item.line.kind != CARRIED_ON)


def next_due_s(prices: PriceList, *, parts: Sequence[PeriodPart], clock: WallClock) -> int | None:
    """Return when more may fall due, None for never; ``parts`` are those that have begun."""
    if not prices.is_timed:
        return None
    if not parts:
        return clock.midnight_s(max(prices.versions[0].effective_from, clock.today + _DAY))
    table = prices.versions[parts[-1].version]
    is_daily = any(charge.per == DAY for charge in table.fixed)
    return clock.midnight_s(clock.today + _DAY if is_daily else parts[-1].until)


@dataclass(frozen=True, slots=True)
class DayCharge:
    """What a standing charge of one day costs, and when it falls due."""

    day: date
    due_s: int
    written_micro: int
    line: BillLine


class DayCharges:
    """Standing charges by day of whole parts, worked out once for all payers that have them in common.

    They count the days on which they are due: what the supply's being off leaves out is not among them.
    """

    def __init__(self, *, clock: WallClock) -> None:
        self._clock = clock
        self._known: dict[tuple[int, int, date], tuple[RateTable, list[DayCharge]]] = {}

    def of(self, table: RateTable, charge: FixedCharge, part: PeriodPart) -> Sequence[DayCharge]:
        """Return those of the days of a part that have begun, none left out."""
        key = id(table), id(charge), part.first
        # the table is kept with them, so that no other one gets its id
        found = self._known.setdefault(key, (table, []))[1]
        for index in range(len(found), part.days):
            day = part.first + _DAY * index
            due_s = self._clock.midnight_s(day)
            if due_s > self._clock.now_s:
                break
            found.append(_day_charge(table, charge, part=part, day=day, nth=index, due_s=due_s))
        return found[: part.days]


def is_day_charge(kind: str, unit: str) -> bool:
    """Tell whether a timed charge is a standing charge by day."""
    return kind == "fixed" and unit == DAY


def due_items(
    prices: PriceList,
    *,
    parts: Sequence[PeriodPart],
    clock: WallClock,
    use: Use,
    is_off: Callable[[int], bool],
    days: DayCharges,
    since: date = date.min,
) -> Iterator[TimedItem]:
    """Yield what the parts owe by now: standing charges as they begin, what follows from use at the end.

    ``is_off`` says whether the supply was off at a UTC second. Of charges by day, those before ``since`` are
    not yielded, though a minimum counts them.
    """
    ended = [part for part in parts if clock.has_begun(part.until)]
    netted = dict(zip(ended, netted_parts(prices, parts=ended, use=use), strict=True))
    for part in parts:
        table = prices.versions[part.version]
        items: list[TimedItem] = []
        counted = date.min if table.minimums and part in netted else since
        for charge in table.fixed:
            items += _fixed(prices, charge, part=part, clock=clock, is_off=is_off, days=days, since=counted)
        if clock.has_begun(part.until):
            for demand in table.demands:
                peak = use.peak(prices, demand, part)
                if peak is not None:
                    item = demand_item(table, demand, part=part, peak=peak)
                    items.append(_at_end(prices, item, part=part, clock=clock))
            items += [_at_end(prices, item, part=part, clock=clock) for item in netted[part]]
            for minimum in table.minimums:
                written = use.written_micro(prices, part) + sum(each.written_micro for each in items)
                top_up = minimum_item(table, minimum, part=part, written_micro=written)
                if top_up is not None:
                    items.append(_at_end(prices, top_up, part=part, clock=clock))
        for each in items:
            if each.key.first >= since or not is_day_charge(each.key.kind, each.line.unit):
                yield each


def _fixed(
    prices: PriceList,
    charge: FixedCharge,
    *,
    part: PeriodPart,
    clock: WallClock,
    is_off: Callable[[int], bool],
    days: DayCharges,
    since: date,
) -> Iterator[TimedItem]:
    table = prices.versions[part.version]
    if charge.per != DAY:
        due_s = clock.midnight_s(part.first)
        if charge.is_due_while_off or not is_off(due_s):
            yield _timed(prices, fixed_item(table, charge, part=part), part=part, due_s=due_s)
        return
    all_days = days.of(table, charge, part)
    if charge.is_due_while_off:
        chosen = all_days[max(0, (since - part.first).days) :]
    else:
        lit = [each for each in all_days if not is_off(each.due_s)]
        chosen = [
            _day_charge(table, charge, part=part, day=each.day, nth=nth, due_s=each.due_s)
            for nth, each in enumerate(lit)
            if each.day >= since
        ]
    for each in chosen:
        yield TimedItem(
            key=ItemKey(prices.payer, prices.role, each.line.charge, each.line.kind, each.day),
            until=each.day + _DAY,
            due_s=each.due_s,
            rate_table_id=_table_id(prices, part),
            written_micro=each.written_micro,
            line=each.line,
        )


def _day_charge(
    table: RateTable, charge: FixedCharge, *, part: PeriodPart, day: date, nth: int, due_s: int
) -> DayCharge:
    # tax is rounded on the running total of the part, so that its days cost what the part does
    before, after = (
        fixed_item(table, charge, part=replace(part, until=part.first + _DAY * count)).amount
        for count in (nth, nth + 1)
    )
    line = fixed_item(table, charge, part=replace(part, first=day, until=day + _DAY)).line
    return DayCharge(
        day,
        due_s,
        after.written_micro - before.written_micro,
        replace(
            line, net_micro=after.net_micro - before.net_micro, tax_micro=after.tax_micro - before.tax_micro
        ),
    )


def _at_end(prices: PriceList, item: Item, *, part: PeriodPart, clock: WallClock) -> TimedItem:
    return _timed(prices, item, part=part, due_s=clock.midnight_s(part.until))


def _timed(prices: PriceList, item: Item, *, part: PeriodPart, due_s: int) -> TimedItem:
    return TimedItem(
        key=ItemKey(prices.payer, prices.role, item.line.charge, item.line.kind, part.first),
        until=part.until,
        due_s=due_s,
        rate_table_id=_table_id(prices, part),
        written_micro=item.amount.written_micro,
        line=item.line,
        parts=item.parts,
    )


def _table_id(prices: PriceList, part: PeriodPart) -> int:
    table_id = prices.listed[part.version].rate_table_id
    assert table_id is not None, "where no table is, nothing falls due"
    return table_id
