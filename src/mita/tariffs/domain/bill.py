"""What consumption and standing charges of a span of days cost under rate tables: exact, form by form."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mita.kit.quantity import VALUE_MICRO_MAX

from .asked import NotPriced
from .document import DEFAULT_REGISTER, EXPORT
from .due import Item, demand_item, fixed_item, minimum_item
from .netting import Metered, carries_on, net_part
from .parts import cut_into_parts
from .periods import PeriodPart, local_midnight_s, period_parts
from .power import Columns, PowerWindows
from .rating import BadIntervals, ChargeTooLarge
from .running import PeriodTotals
from .slots import NOT_PRICED, SlotTable, build_slots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from .asked import Interval
    from .bill_lines import BillLine
    from .document import DemandCharge, RateTable

_INT64_SAFE = 2**62


class IntervalsMissing(ValueError):
    """A demand charge on a register of which no interval is given."""


@dataclass(frozen=True, slots=True)
class BillPeriod:
    """The local dates [first, until) of one billing period under one version, and what they cost.

    ``net_micro`` and ``tax_micro`` are signed and exact sums of the rounded totals; the lines add up to them.
    """

    version: int
    first: date
    until: date
    lines: tuple[BillLine, ...]
    net_micro: int
    tax_micro: int
    is_inclusive: bool


@dataclass(frozen=True, slots=True)
class Bill:
    """All of it, period by period, in one currency."""

    currency: str
    periods: tuple[BillPeriod, ...]

    @property
    def net_micro(self) -> int:
        """The price without tax, signed."""
        return sum(period.net_micro for period in self.periods)

    @property
    def tax_micro(self) -> int:
        """The tax, signed."""
        return sum(period.tax_micro for period in self.periods)

    @property
    def gross_micro(self) -> int:
        """Net and tax together."""
        return self.net_micro + self.tax_micro


def bill(
    versions: Sequence[RateTable],
    *,
    zone: ZoneInfo,
    uses: Mapping[str, Sequence[Interval]],
    first: date,
    until: date,
    is_all: bool = False,
) -> Bill:
    """Return what the local dates [first, until) cost: each register's intervals, and what is due by time.

    ``versions`` are tables of one utility and currency, sorted by ``effective_from``. The running quantity
    starts at zero at ``first``, with each billing period and where a version begins. Where a version takes
    over inside a billing period, limits, allowances and demand prices are shared by days (``period_parts``),
    as charging does; with ``is_all`` the span has all that was used of its periods. Monthly amounts of a part
    are always its days of the whole period.

    :raises VersionsNotInOrder: if the versions are not sorted
    :raises BadSpan: if the span is empty, longer than 60 years, or not between 1970 and 2200
    :raises NotPriced: if it begins before the first version, or a register is used that has no price
    :raises IntervalsMissing: if a demand charge's register is not in ``uses``
    :raises BadIntervals: if intervals are empty, negative, out of order or outside the span
    :raises ChargeTooLarge: if a total does not fit 64 bits
    """
    parts = period_parts(versions, first=first, until=until, is_all=is_all)
    span = _Span(versions, zone, parts)
    columns = {register: span.columns(intervals) for register, intervals in uses.items()}
    for register, column in columns.items():
        span.add_usage(register, column)
    span.add_demand(columns)
    span.add_netting(columns)
    return Bill(currency=versions[0].currency, periods=tuple(span.periods()))


class _Span:
    """The parts of a bill's billing periods while they are filled."""

    def __init__(self, versions: Sequence[RateTable], zone: ZoneInfo, parts: Sequence[PeriodPart]) -> None:
        self._versions = versions
        self._zone = zone
        self._parts = parts
        self._starts_s = [local_midnight_s(part.first, zone=zone) for part in parts]
        self._starts_s.append(local_midnight_s(parts[-1].until, zone=zone))
        self._usage: list[dict[str, PeriodTotals]] = [{} for _ in parts]
        self._items: list[list[Item]] = [[] for _ in parts]

    def columns(self, intervals: Sequence[Interval]) -> Columns:
        """Return a register's intervals as arrays, checked."""
        if any(not 0 <= each.quantity_micro <= VALUE_MICRO_MAX for each in intervals):
            raise BadIntervals("a consumption is negative, or larger than any register")
        if any(each.end_s <= each.start_s for each in intervals):
            raise BadIntervals("an interval ends before it starts, or with its start")
        if any(after.start_s < before.end_s for before, after in pairwise(intervals)):
            raise BadIntervals("the intervals overlap or are not in time order")
        first_s, end_s = self._starts_s[0], self._starts_s[-1]
        if intervals and not first_s <= intervals[0].start_s < intervals[-1].end_s <= end_s:
            raise BadIntervals("an interval lies outside the days that are asked for")
        if sum(each.quantity_micro for each in intervals) >= _INT64_SAFE:
            raise ChargeTooLarge("the consumption does not fit a 64-bit number of millionths")
        return Columns(
            start_s=np.array([each.start_s for each in intervals], dtype=np.int64),
            end_s=np.array([each.end_s for each in intervals], dtype=np.int64),
            quantity_micro=np.array([each.quantity_micro for each in intervals], dtype=np.int64),
        )

    def add_usage(self, register: str, columns: Columns) -> None:
        """Add a register's consumption, slot by slot: inside a slot any cut of it costs the same."""
        if not len(columns.start_s):
            return
        slots = build_slots(
            self._versions,
            zone=self._zone,
            register=register,
            start_s=self._starts_s[0],
            end_s=self._starts_s[-1],
        )
        by_slot = _by_slot(slots, columns)
        parts = np.searchsorted(self._starts_s, slots.starts[:-1], side="right") - 1
        for slot, quantity in by_slot.items():
            # the slots begin with the whole billing period, the span may begin inside it
            part, row = max(int(parts[slot]), 0), int(slots.row[slot])
            if row < 0:
                self._check_unpriced(register, part=part)
                continue
            self._totals(register, part=part).add(
                season=slots.season[row], letter=slots.letter[row], quantity_micro=quantity
            )

    def add_demand(self, columns: Mapping[str, Columns]) -> None:
        """Add the demand charges of every part."""
        windows: dict[tuple[str, int], PowerWindows] = {}
        for at, part in enumerate(self._parts):
            table = self._versions[part.version]
            for charge in table.demands:
                key = (charge.register, charge.interval_minutes)
                if key not in windows:
                    windows[key] = self._windows(charge, columns)
                peak = windows[key].peak(
                    table, charge, start_s=self._starts_s[at], end_s=self._starts_s[at + 1]
                )
                if peak is not None:
                    self._items[at].append(demand_item(table, charge, part=part, peak=peak))

    def add_netting(self, columns: Mapping[str, Columns]) -> None:
        """Add what export saves, part after part, as surplus goes on from one to the next."""
        if not any(table.nettings for table in self._versions):
            return
        imports, exports = (self._metered(columns.get(name)) for name in (DEFAULT_REGISTER, EXPORT))
        carried: Mapping[str, int] = {}
        for at, part in enumerate(self._parts):
            table = self._versions[part.version]
            if not table.nettings:
                carried = {}
                continue
            netted = net_part(
                table,
                part=part,
                imports=[imports[at]],
                exports=[exports[at]],
                carried=carried,
                goes_on=carries_on(self._versions, part=part),
            )
            self._items[at] += netted.items
            carried = netted.carried

    def periods(self) -> Iterator[BillPeriod]:
        """Yield the filled parts, with what is due by time, and the minimum last."""
        for at, part in enumerate(self._parts):
            table = self._versions[part.version]
            items = [fixed_item(table, charge, part=part) for charge in table.fixed] + self._items[at]
            usage = self._usage[at].values()
            for minimum in table.minimums:
                written = sum(each.charged.written_micro for each in usage)
                written += sum(item.amount.written_micro for item in items)
                top_up = minimum_item(table, minimum, part=part, written_micro=written)
                items += [top_up] if top_up else []
            lines = [line for each in usage for line in each.lines()]
            lines += [line for item in items for line in item.lines]
            order = {charge.name: index for index, charge in reversed(list(enumerate(table.charges)))}
            amounts = [each.charged for each in usage] + [item.amount for item in items]
            yield BillPeriod(
                version=part.version,
                first=part.first,
                until=part.until,
                lines=tuple(sorted(lines, key=lambda line: order[line.charge])),
                net_micro=sum(amount.net_micro for amount in amounts),
                tax_micro=sum(amount.tax_micro for amount in amounts),
                is_inclusive=table.prices_include_tax,
            )

    def _metered(self, columns: Columns | None) -> list[Metered]:
        """Return a register's consumption by part, in the seasons and letters of what is drawn."""
        uses: list[list[tuple[tuple[str, str], int]]] = [[] for _ in self._parts]
        if columns is not None and len(columns.start_s):
            slots = build_slots(
                self._versions,
                zone=self._zone,
                register=DEFAULT_REGISTER,
                start_s=self._starts_s[0],
                end_s=self._starts_s[-1],
            )
            parts = np.searchsorted(self._starts_s, slots.starts[:-1], side="right") - 1
            for slot, quantity in sorted(_by_slot(slots, columns).items()):
                row = int(slots.row[slot])
                if row >= 0:
                    part = max(int(parts[slot]), 0)
                    uses[part].append(((slots.season[row], slots.letter[row]), quantity))
        return [Metered(0, tuple(each), part.limits) for each, part in zip(uses, self._parts, strict=True)]

    def _totals(self, register: str, *, part: int) -> PeriodTotals:
        found = self._usage[part].get(register)
        if found is None:
            table = self._versions[self._parts[part].version]
            found = PeriodTotals(table, register=register, limits=self._parts[part].limits)
            self._usage[part][register] = found
        return found

    def _windows(self, charge: DemandCharge, columns: Mapping[str, Columns]) -> PowerWindows:
        if charge.register not in columns:
            raise IntervalsMissing(
                f'the charge "{charge.name}" is on the highest {charge.unit} of the register'
                f' "{charge.register}": give the intervals of that register too'
            )
        return PowerWindows(
            columns[charge.register],
            zone=self._zone,
            minutes=charge.interval_minutes,
            start_s=self._starts_s[0],
            end_s=self._starts_s[-1],
        )

    def _check_unpriced(self, register: str, *, part: int) -> None:
        table = self._versions[self._parts[part].version]
        is_netted = register == EXPORT and bool(table.nettings)
        if not is_netted and all(charge.register != register for charge in table.demands):
            raise NotPriced(f'the table has no charge on the register "{register}"', code=NOT_PRICED)


def _by_slot(slots: SlotTable, columns: Columns) -> dict[int, int]:
    cut = cut_into_parts(
        slots, start_s=columns.start_s, end_s=columns.end_s, quantity_micro=columns.quantity_micro
    )
    found: dict[int, int] = defaultdict(int)
    for slot, quantity in zip(cut.slot.tolist(), cut.quantity_micro.tolist(), strict=True):
        found[slot] += quantity
    return found
