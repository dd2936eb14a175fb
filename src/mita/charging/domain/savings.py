"""What a unit's own consumption cost, and what it would have cost by a benchmark, month by month. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mita.charging.domain.payers import Payer, Payers
from mita.charging.domain.timed import PriceList, netted_parts
from mita.charging.domain.use import RegisterUse, UnitUse
from mita.tariffs.domain import (
    Interval,
    Scope,
    Segment,
    bill,
    demand_item,
    fixed_item,
    local_midnight_s,
    minimum_item,
    period_parts,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from mita.tariffs.domain import Columns, Item, RateTable


@dataclass(frozen=True, slots=True)
class Span:
    """The local dates [first, until)."""

    first: date
    until: date

    def since(self, day: date) -> Span | None:
        """Return the part of it from a date on, None if nothing is left."""
        first = max(self.first, day)
        return Span(first, self.until) if first < self.until else None


@dataclass(frozen=True, slots=True)
class Prices:
    """By what the registers of one unit and utility are charged: payers by role, and each one's prices."""

    payers: Mapping[str, Payers]
    lists: Sequence[PriceList]


def benchmark_prices(versions: tuple[RateTable, ...], *, role: str, unit_id: int) -> Prices:
    """Return a benchmark as the prices of a unit that pays nothing else."""
    payer = Payer(Scope.UNIT, unit_id)
    listed = tuple(Segment(table.effective_from, at) for at, table in enumerate(versions))
    return Prices({role: Payers({payer: listed}, {})}, [PriceList(payer, role, listed, versions)])


def costs_by_month(
    registers: Sequence[RegisterUse], *, prices: Prices, roles: Collection[str], zone: ZoneInfo, span: Span
) -> dict[str, int]:
    """Return gross micro-money by month (``2026-01``) of what registers used and of what fell due by time.

    Of some ``roles`` only.

    A month has the billing periods, or parts of them, that begin in it. The running quantity starts at zero
    at the beginning of the span, and the supply is taken to be on.
    """
    found: dict[str, int] = defaultdict(int)
    for register in registers:
        for versions in (register.versions[role] for role in register.versions if role in roles):
            for day, gross_micro in _usage(register, versions, zone=zone, span=span):
                found[_month(day)] += gross_micro
    use = UnitUse(registers, payers=prices.payers, zone=zone)
    for each in (listed for listed in prices.lists if listed.role in roles):
        for day, item in _timed(each, use=use, span=span):
            found[_month(day)] += item.amount.net_micro + item.amount.tax_micro
    return dict(found)


def _usage(
    register: RegisterUse, versions: tuple[RateTable, ...], *, zone: ZoneInfo, span: Span
) -> Iterator[tuple[date, int]]:
    """Yield (first date, gross) of each period part."""
    priced = span.since(versions[0].effective_from) if versions else None
    if priced is None:
        return
    used = tuple(replace(each, charges=each.usage) for each in versions)
    intervals: list[Interval] = []
    for part in period_parts(used, first=priced.first, until=priced.until):
        # a part without a price for the register charges nothing
        if used[part.version].charges_of(register.name):
            start_s, end_s = (local_midnight_s(day, zone=zone) for day in (part.first, part.until))
            intervals += _inside(register.columns, start_s=start_s, end_s=end_s)
    if not intervals:
        return
    made = bill(used, zone=zone, uses={register.name: intervals}, first=priced.first, until=priced.until)
    for period in made.periods:
        yield period.first, period.net_micro + period.tax_micro


def _timed(prices: PriceList, *, use: UnitUse, span: Span) -> Iterator[tuple[date, Item]]:
    """Yield (first date, item) of standing charges, demand, netting and minimum bills."""
    priced = span.since(prices.versions[0].effective_from) if prices.versions else None
    if priced is None:
        return
    parts = period_parts(prices.versions, first=priced.first, until=priced.until)
    for part, netted in zip(parts, netted_parts(prices, parts=parts, use=use), strict=True):
        table = prices.versions[part.version]
        items = [fixed_item(table, charge, part=part) for charge in table.fixed]
        for charge in table.demands:
            peak = use.peak(prices, charge, part)
            if peak is not None:
                items.append(demand_item(table, charge, part=part, peak=peak))
        items += netted
        for minimum in table.minimums:
            written = use.written_micro(prices, part) + sum(item.amount.written_micro for item in items)
            missing = minimum_item(table, minimum, part=part, written_micro=written)
            items += [missing] if missing else []
        for item in items:
            yield part.first, item


def _inside(columns: Columns, *, start_s: int, end_s: int) -> Iterator[Interval]:
    """Yield the intervals cut to [start_s, end_s): evenly over time, so that all cuts add up to the whole."""
    rows = (columns.start_s.tolist(), columns.end_s.tolist(), columns.quantity_micro.tolist())
    for begins_s, ends_s, quantity_micro in zip(*rows, strict=True):
        low, high = max(begins_s, start_s), min(ends_s, end_s)
        if low < high:
            until_low, until_high = (
                quantity_micro * (at - begins_s) // (ends_s - begins_s) for at in (low, high)
            )
            yield Interval(low, high, until_high - until_low)


def _month(day: date) -> str:
    return f"{day:%Y-%m}"
