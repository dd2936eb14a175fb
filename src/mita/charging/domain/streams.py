"""Streams: a register's usage under one role of rate tables, from running state to running state. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mita.tariffs.domain import (
    NO_TABLE,
    NOT_PRICED,
    SLAB,
    PeriodTotals,
    Runs,
    SlotTable,
    TotalsState,
    UsageCharge,
    build_slots,
    cut_into_parts,
    needs_tallies,
    rate,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from mita.tariffs.domain import Parts, RateTable, Segment

# a running state: base units, cost, its rest, and the tallies of the table that needs some; () is zero
Numbers = tuple[int, ...]

_DAY_S = 86_400
_SPAN_S = 400 * _DAY_S
_WHOLE = (1, 1)
_COLUMNS = 3  # the numbers of a running state without tallies


@dataclass(slots=True)
class Stream:
    """What is in force under one role for registers of one name, and the slots built from it so far.

    ``needs_tallies``: some price of the register follows from the period's quantities by season and letter.
    """

    role: str
    register: str
    listed: tuple[Segment, ...]
    versions: Sequence[RateTable]
    zone: ZoneInfo
    slots: SlotTable | None = None
    needs_tallies: bool = field(init=False)
    tables: tuple[RateTable, ...] = field(init=False)  # the versions, tallied only where tallies decide

    def __post_init__(self) -> None:
        self.tables = tuple(_plain(table) for table in self.versions)
        self.needs_tallies = any(
            needs_tallies(charge) for table in self.versions for charge in table.charges_of(self.register)
        )

    def covering(self, *, start_s: int, end_s: int) -> SlotTable:
        """Return slots that cover [start_s, end_s), growing what was built before."""
        slots = self.slots
        if slots is None or start_s < slots.starts[0] or end_s > slots.starts[-1]:
            low, high = start_s - _DAY_S, end_s + _SPAN_S
            if slots is not None:
                low, high = min(low, int(slots.starts[0])), max(high, int(slots.starts[-1]))
            slots = build_slots(
                self.versions, zone=self.zone, register=self.register, start_s=low, end_s=high
            )
            self.slots = slots
        return slots


@dataclass(frozen=True, slots=True)
class Intervals:
    """Consumption in [start, end), int64[n] each; ``chain`` is the register: equal values are adjacent."""

    chain: NDArray[np.int64]
    start_s: NDArray[np.int64]
    end_s: NDArray[np.int64]
    quantity_micro: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.chain)

    def chains(self) -> Iterator[tuple[int, int]]:
        """Yield the first interval of each register, and the first of the next one."""
        begins = np.flatnonzero(np.r_[True, self.chain[1:] != self.chain[:-1]][: len(self)]).tolist()
        yield from zip(begins, [*begins[1:], len(self)], strict=True)


@dataclass(frozen=True, slots=True)
class Ran:
    """What intervals cost in a stream, arrays of their length, and the running state after each of them.

    ``unpriced`` is 0, or NO_TABLE or NOT_PRICED if some part has no price; ``is_priced``: some part has one.
    """

    net_micro: NDArray[np.int64]
    tax_micro: NDArray[np.int64]
    unpriced: NDArray[np.int64]
    is_priced: NDArray[np.bool_]
    after: list[Numbers]


def run_stream(
    stream: Stream, intervals: Intervals, *, opening: Mapping[int, Numbers], is_all_or_nothing: bool
) -> Ran:
    """Charge intervals under the tables of a stream, whatever their form; as columns where that can be.

    ``opening`` is the running state of each chain at the start of its first interval. A part without a price
    costs nothing; ``is_all_or_nothing``: nor does the rest of its interval.

    :raises mita.tariffs.domain.ChargeTooLarge: if a total does not fit 64 bits
    """
    if not stream.needs_tallies and len(intervals):
        ran = _run_columns(stream, intervals, opening=opening)
        if not ran.unpriced.any():
            return ran
    return run_one_by_one(stream, intervals, opening=opening, is_all_or_nothing=is_all_or_nothing)


def _run_columns(stream: Stream, intervals: Intervals, *, opening: Mapping[int, Numbers]) -> Ran:
    states = np.zeros((len(intervals), _COLUMNS), dtype=np.int64)
    for low, _ in intervals.chains():
        states[low] = opening.get(int(intervals.chain[low]), ())[:_COLUMNS] or 0
    rated = rate(
        stream.covering(start_s=int(intervals.start_s.min()), end_s=int(intervals.end_s.max())),
        chain=intervals.chain,
        start_s=intervals.start_s,
        end_s=intervals.end_s,
        quantity_micro=intervals.quantity_micro,
        opening=Runs(*states.T.copy()),
        opening_at_s=intervals.start_s,
    )
    columns = (rated.runs.quantity_micro, rated.runs.cost_micro, rated.runs.cost_rest)
    after = [each if any(each) else () for each in zip(*(c.tolist() for c in columns), strict=True)]
    return Ran(rated.net_micro, rated.tax_micro, rated.unpriced, rated.unpriced == 0, after)


def run_one_by_one(
    stream: Stream, intervals: Intervals, *, opening: Mapping[int, Numbers], is_all_or_nothing: bool
) -> Ran:
    """Charge intervals one after the other: what :func:`run_stream` does, for any form and any gap."""
    count = len(intervals)
    zeros = np.zeros(count, dtype=np.int64)
    ran = Ran(zeros, zeros.copy(), zeros.copy(), np.zeros(count, dtype=np.bool_), [()] * count)
    if count == 0:
        return ran
    slots = stream.covering(start_s=int(intervals.start_s.min()), end_s=int(intervals.end_s.max()))
    parts = cut_into_parts(
        slots, start_s=intervals.start_s, end_s=intervals.end_s, quantity_micro=intervals.quantity_micro
    )
    _note_prices(ran, slots, parts)
    slot, quantity = parts.slot.tolist(), parts.quantity_micro.tolist()
    first, last = parts.first.tolist(), parts.last.tolist()
    for low, high in intervals.chains():
        running = _Running(stream, slots)
        running.open(at_s=int(intervals.start_s[low]), numbers=opening.get(int(intervals.chain[low]), ()))
        for each in range(low, high):
            is_free = is_all_or_nothing and ran.unpriced[each] != 0
            net = tax = 0
            for part in range(first[each], last[each] + 1):
                more = running.add(slot[part], quantity_micro=0 if is_free else quantity[part])
                net, tax = net + more[0], tax + more[1]
            ran.net_micro[each], ran.tax_micro[each] = net, tax
            ran.after[each] = running.numbers
    return ran


def _note_prices(ran: Ran, slots: SlotTable, parts: Parts) -> None:
    row = slots.row[parts.slot]
    ran.is_priced[:] = np.logical_or.reduceat(row >= 0, parts.first)
    lacks = [np.logical_or.reduceat(row == lack, parts.first) for lack in (NO_TABLE, NOT_PRICED)]
    ran.unpriced[:] = np.select(lacks, [NO_TABLE, NOT_PRICED])


class _Running:
    """The totals of one register as they go from period to period."""

    def __init__(self, stream: Stream, slots: SlotTable) -> None:
        self._stream = stream
        self._slots = slots
        self._period: int | None = None
        self._totals: PeriodTotals | None = None

    def open(self, *, at_s: int, numbers: Numbers) -> None:
        """Go on from the state after a reading: it is of the billing period of the second before."""
        slot = int(np.searchsorted(self._slots.starts, at_s - 1, side="right")) - 1
        if 0 <= slot < len(self._slots.row):
            self._enter(slot, numbers=numbers)

    def add(self, slot: int, *, quantity_micro: int) -> tuple[int, int]:
        """Add a consumption that lies in a slot; return the signed net and tax that it adds."""
        if int(self._slots.period[slot]) != self._period:
            self._enter(slot, numbers=())
        if self._totals is None or quantity_micro == 0:
            return 0, 0
        row = int(self._slots.row[slot])
        return self._totals.add(
            season=self._slots.season[row], letter=self._slots.letter[row], quantity_micro=quantity_micro
        )

    @property
    def numbers(self) -> Numbers:
        """The running state now."""
        if self._totals is None:
            return ()
        numbers = self._totals.state.numbers
        return numbers if any(numbers) else ()

    def _enter(self, slot: int, *, numbers: Numbers) -> None:
        slots = self._slots
        self._period = int(slots.period[slot])
        row = int(slots.row[slot])
        if row < 0:
            self._totals = None
            return
        days, whole_days = int(slots.days[row]), int(slots.whole_days[row])
        self._totals = PeriodTotals(
            self._stream.tables[int(slots.version[row])],
            register=self._stream.register,
            limits=(days, whole_days) if whole_days else _WHOLE,
            state=TotalsState.of(numbers) if any(numbers) else None,
        )


def _plain(table: RateTable) -> RateTable:
    """Return a table of the same prices whose running states have tallies only where they decide a price.

    So a state that was reached by columns, without tallies, can be gone on from here.
    """
    charges = tuple(
        replace(charge, mode=SLAB, is_per_letter=False)
        if isinstance(charge, UsageCharge) and not needs_tallies(charge)
        else charge
        for charge in table.charges
    )
    return replace(table, charges=charges)
