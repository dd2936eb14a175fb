"""What a stretch of a register's timeline cost, worked out again line by line. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mita.metering.domain import TIMELINE_MAX, ReadingClass, RegisterState, judge
from mita.tariffs.domain import NO_TABLE, SUPPLY, Interval, PeriodTotals, build_slots, cut_into_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from mita.charging.domain.streams import Stream
    from mita.metering.domain import Limits
    from mita.tariffs.domain import BillLine, RateTable, SlotTable, TotalsState

# a reading over more pieces of time than this is told in sums
PARTS_MAX = 12
_WHOLE = (1, 1)


@dataclass(frozen=True, slots=True)
class KnownReading:
    """A stored reading; ``is_accepted``: a person had accepted it by then."""

    taken_s: int
    value_micro: int
    is_accepted: bool = False


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of a charge, with the table that it follows; [start, end) in UTC seconds, or None in a sum.

    A charge by time has local dates instead. The line's money is positive when the customer pays.
    """

    role: str
    rate_table_id: int | None
    table: RateTable
    line: BillLine
    start_s: int | None = None
    end_s: int | None = None
    first_day: date | None = None
    until_day: date | None = None

    @property
    def in_force_from(self) -> date:
        """The local date from which the table holds here."""
        return self.table.effective_from

    @property
    def has_blocks(self) -> bool:
        """Whether the price of its charge depends on how much was used before."""
        return any(
            len(rule.blocks) > 1
            for charge in self.table.usage
            for rule in charge.rules
            if charge.name in (self.line.charge, self.line.of_charge)
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """What intervals cost; the lines add up to ``net_micro`` and ``tax_micro``.

    ``start_s`` and ``end_s`` are those of all of them, None if there are none.
    """

    quantity_micro: int
    net_micro: int
    tax_micro: int
    lines: tuple[CostLine, ...]
    start_s: int | None
    end_s: int | None

    @property
    def gross_micro(self) -> int:
        """Net and tax together."""
        return self.net_micro + self.tax_micro


def intervals_of(
    readings: Sequence[KnownReading], *, anchor: tuple[int, int] | None, limits: Limits
) -> list[Interval]:
    """Return the consumption between the readings that are on the timeline, judged in the order of time.

    ``anchor`` is (second, value) of the timeline reading before the first of them; None is none.
    """
    state = RegisterState() if anchor is None else RegisterState(anchor[0], anchor[0], anchor[1])
    judged = judge(
        taken_s=[each.taken_s for each in readings],
        value_micro=[each.value_micro for each in readings],
        is_accepted_by_person=[each.is_accepted for each in readings],
        state=state,
        limits=limits,
    )
    found: list[Interval] = []
    before = anchor
    for reading, class_ in zip(readings, judged.class_, strict=True):
        if class_ > TIMELINE_MAX:
            continue
        if before is not None and class_ != ReadingClass.FIRST:
            found.append(Interval(before[0], reading.taken_s, reading.value_micro - before[1]))
        before = (reading.taken_s, reading.value_micro)
    return found


def cost_of(streams: Sequence[Stream], *, intervals: Sequence[Interval], since_s: int) -> Cost:
    """Return what the intervals from ``since_s`` on cost; those before it only fill their billing periods.

    ``streams`` are those of one register, with the supply among them: an interval of which any part has no
    table of the supply costs nothing in any role.
    """
    priced = _priced(streams, intervals=intervals)
    lines: list[CostLine] = []
    quantity = net = tax = 0
    for stream in streams:
        chosen = priced[stream.role]
        counted = sum(each.quantity_micro for each in chosen if each.start_s >= since_s)
        quantity = max(quantity, counted)
        if counted and stream.versions:
            running = _Running(stream, intervals=chosen, since_s=since_s)
            running.run()
            net, tax = net + running.net_micro, tax + running.tax_micro
            lines += running.lines
    shown = [each for each in intervals if each.start_s >= since_s]
    return Cost(
        quantity_micro=quantity,
        net_micro=net,
        tax_micro=tax,
        lines=tuple(lines),
        start_s=shown[0].start_s if shown else None,
        end_s=shown[-1].end_s if shown else None,
    )


def difference(old: Cost, new: Cost) -> Cost:
    """Return what charging again changed: the new lines, and the old ones taken back."""
    back = tuple(replace(each, line=_negated(each.line)) for each in old.lines)
    starts = [each.start_s for each in (old, new) if each.start_s is not None]
    ends = [each.end_s for each in (old, new) if each.end_s is not None]
    return Cost(
        quantity_micro=new.quantity_micro - old.quantity_micro,
        net_micro=new.net_micro - old.net_micro,
        tax_micro=new.tax_micro - old.tax_micro,
        lines=(*back, *new.lines),
        start_s=min(starts, default=None),
        end_s=max(ends, default=None),
    )


def _negated(line: BillLine) -> BillLine:
    return replace(
        line, quantity_micro=-line.quantity_micro, net_micro=-line.net_micro, tax_micro=-line.tax_micro
    )


def _slots(stream: Stream, *, intervals: Sequence[Interval]) -> SlotTable:
    return build_slots(
        stream.versions,
        zone=stream.zone,
        register=stream.register,
        start_s=intervals[0].start_s,
        end_s=intervals[-1].end_s,
    )


def _columns(intervals: Sequence[Interval]) -> dict[str, NDArray[np.int64]]:
    return {
        name: np.array([getattr(each, name) for each in intervals], dtype=np.int64)
        for name in ("start_s", "end_s", "quantity_micro")
    }


def _priced(streams: Sequence[Stream], *, intervals: Sequence[Interval]) -> dict[str, list[Interval]]:
    """Return the intervals that each role charges.

    The supply charges what it prices from end to end, others what they price in part; without a table of the
    supply nobody charges.
    """
    found: dict[str, list[Interval]] = {stream.role: [] for stream in streams}
    supply = next((each for each in streams if each.role == SUPPLY and each.versions), None)
    if supply is None or not intervals:
        return found
    waiting = _where(supply, intervals, lambda row: row == NO_TABLE)
    for stream in streams:
        if stream is supply:
            left_out = _where(stream, intervals, lambda row: row < 0)
        else:
            left_out = waiting | (
                set(range(len(intervals))) - _where(stream, intervals, lambda row: row >= 0)
            )
        found[stream.role] = [each for at, each in enumerate(intervals) if at not in left_out]
    return found


def _where(
    stream: Stream,
    intervals: Sequence[Interval],
    is_meant: Callable[[NDArray[np.int64]], NDArray[np.bool_]],
) -> set[int]:
    """Return which intervals have a part whose price row is meant."""
    slots = _slots(stream, intervals=intervals)
    parts = cut_into_parts(slots, **_columns(intervals))
    return set(parts.interval[is_meant(slots.row[parts.slot])].tolist())


class _Running:
    """One stream over a register's intervals; what lies before ``since_s`` only moves the totals."""

    def __init__(
        self,
        stream: Stream,
        *,
        intervals: Sequence[Interval],
        since_s: int,
    ) -> None:
        self.net_micro = self.tax_micro = 0
        self.lines: list[CostLine] = []
        self._stream = stream
        self._since_s = since_s
        self._intervals = intervals
        self._slots = _slots(stream, intervals=intervals)
        self._period: int | None = None
        self._state: TotalsState | None = None
        self._slot = 0
        self._open: PeriodTotals | None = None  # what is told in a sum, of one billing period

    def run(self) -> None:
        """Price everything in the order of time."""
        pieces = self._pieces()
        counted = sum(1 for start_s, *_ in pieces if start_s >= self._since_s)
        by_time = counted <= PARTS_MAX
        for start_s, end_s, slot, quantity in pieces:
            if self._slots.row[slot] < 0:
                continue  # a role without a price for that time charges nothing
            self._enter(slot)
            if start_s < self._since_s:
                totals = self._totals(slot)
                self._add(totals, slot, quantity)
            elif by_time:
                totals = self._totals(slot)
                self._add(totals, slot, quantity, is_counted=True)
                self._tell(totals, slot, start_s=start_s, end_s=end_s)
            else:
                self._open = self._open or self._totals(slot)
                self._add(self._open, slot, quantity, is_counted=True)
        self._close()
        if not by_time:
            self.lines = merged(self.lines)

    def _pieces(self) -> list[tuple[int, int, int, int]]:
        """Return (start, end, slot, quantity); neighbours in a slot are one: any cut of it costs the same."""
        parts = cut_into_parts(self._slots, **_columns(self._intervals))
        pieces: list[tuple[int, int, int, int]] = []
        for at, slot, quantity in zip(
            parts.interval.tolist(), parts.slot.tolist(), parts.quantity_micro.tolist(), strict=True
        ):
            interval = self._intervals[at]
            start_s = max(interval.start_s, int(self._slots.starts[slot]))
            end_s = min(interval.end_s, int(self._slots.starts[slot + 1]))
            last = pieces[-1] if pieces else None
            if last is not None and last[1:3] == (start_s, slot) and start_s != self._since_s:
                pieces[-1] = (last[0], end_s, slot, last[3] + quantity)
            else:
                pieces.append((start_s, end_s, slot, quantity))
        return pieces

    def _enter(self, slot: int) -> None:
        period = int(self._slots.period[slot])
        if period != self._period:
            self._close()
            self._period, self._state = period, None

    def _totals(self, slot: int) -> PeriodTotals:
        row = int(self._slots.row[slot])
        days = int(self._slots.days[row])
        limits = (days, int(self._slots.whole_days[row])) if days else _WHOLE
        return PeriodTotals(
            self._table(slot), register=self._stream.register, limits=limits, state=self._state
        )

    def _add(self, totals: PeriodTotals, slot: int, quantity: int, *, is_counted: bool = False) -> None:
        row = int(self._slots.row[slot])
        net, tax = totals.add(
            season=self._slots.season[row], letter=self._slots.letter[row], quantity_micro=quantity
        )
        self._state = totals.state
        if is_counted:
            self.net_micro += net
            self.tax_micro += tax
            self._slot = slot

    def _close(self) -> None:
        if self._open is not None:
            self._tell(self._open, self._slot)
            self._open = None

    def _tell(
        self, totals: PeriodTotals, slot: int, *, start_s: int | None = None, end_s: int | None = None
    ) -> None:
        version = int(self._slots.version[int(self._slots.row[slot])])
        self.lines += [
            CostLine(
                self._stream.role,
                self._stream.listed[version].rate_table_id,
                self._table(slot),
                line,
                start_s=start_s,
                end_s=end_s,
            )
            for line in totals.lines()
        ]

    def _table(self, slot: int) -> RateTable:
        return self._stream.versions[int(self._slots.version[int(self._slots.row[slot])])]


def merged(lines: Iterable[CostLine]) -> list[CostLine]:
    """Return lines in which equal prices of several billing periods are one."""
    found: dict[tuple[object, ...], CostLine] = {}
    for each in lines:
        line = each.line
        key = (
            *(each.role, each.rate_table_id, each.in_force_from, line.charge, line.kind, line.register),
            *(line.season, line.letter, line.block, line.price_micro),
        )
        known = found.get(key)
        if known is not None:
            both = replace(
                line,
                quantity_micro=known.line.quantity_micro + line.quantity_micro,
                net_micro=known.line.net_micro + line.net_micro,
                tax_micro=known.line.tax_micro + line.tax_micro,
            )
            found[key] = replace(known, line=both)
        else:
            found[key] = each
    return [each for each in found.values() if each.line.quantity_micro or each.line.net_micro]
