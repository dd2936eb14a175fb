"""Decide what becomes of the readings of a batch: sorted out, judged, rated. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mita.charging.domain.memory import NEVER, LaneMemory, RateBook, Registers
from mita.charging.domain.streams import Intervals, Numbers, Ran, run_stream
from mita.kit.quantity import VALUE_MICRO_MAX
from mita.metering.domain import (
    FUTURE_SECONDS_MAX,
    TAKEN_SECONDS_MIN,
    TIMELINE_MAX,
    ReadingClass,
    Reason,
    allowed_rise_micro,
    judge,
)
from mita.tariffs.domain import NO_TABLE, NOT_PRICED, SUPPLY, Rated, Runs, rate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mita.metering.domain import ReadingBatch

_RUNS = ("run_quantity_micro", "run_cost_micro", "run_rest")


@dataclass(frozen=True, slots=True)
class Sorted:
    """A batch in the order (register, time, arrival); ``origin`` is each row's place in the batch."""

    origin: NDArray[np.int64]
    register: NDArray[np.int64]
    taken_s: NDArray[np.int64]
    value_micro: NDArray[np.int64]
    is_standing: NDArray[np.bool_]  # the first of its register and instant in the batch
    standing: NDArray[np.int64]  # place of the row that stands for this instant

    def take(self, rows: NDArray[np.bool_]) -> Rows:
        """Return the chosen rows."""
        return Rows(self.origin[rows], self.register[rows], self.taken_s[rows], self.value_micro[rows])


@dataclass(frozen=True, slots=True)
class Rows:
    """Distinct readings of known registers in the order (register, time)."""

    origin: NDArray[np.int64]
    register: NDArray[np.int64]
    taken_s: NDArray[np.int64]
    value_micro: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.origin)

    def take(self, rows: NDArray[np.bool_]) -> Rows:
        """Return the chosen rows."""
        return Rows(self.origin[rows], self.register[rows], self.taken_s[rows], self.value_micro[rows])

    def chain_starts(self) -> NDArray[np.bool_]:
        """Return where a new register begins."""
        starts: NDArray[np.bool_] = np.r_[True, self.register[1:] != self.register[:-1]][: len(self)]
        return starts


def resolve(registers: Registers, batch: ReadingBatch) -> NDArray[np.int64]:
    """Return each reading's register place, -1 for one that is not known under its key."""
    place = registers.place
    return np.fromiter((place.get(key, -1) for key in batch.key), dtype=np.int64, count=len(batch))


def fault_codes(
    batch: ReadingBatch, register: NDArray[np.int64], *, memory: LaneMemory
) -> dict[int, tuple[str, str]]:
    """Return {place in the batch: (code, sentence)} of the readings that must be rejected."""
    now_s = batch.received_us // 1_000_000
    removed_s = memory.registers.removed_s
    is_after = (register >= 0) & (batch.taken_s > removed_s[register] if len(removed_s) else False)
    faults: dict[int, tuple[str, str]] = {}
    for code, sentence, bad in (
        ("estate_archived", "came after the estate was archived", np.full(len(batch), memory.is_archived)),
        ("unknown_register", "", register < 0),
        ("meter_removed", "is taken after the meter was removed", is_after),
        ("future_time", "is taken in the future", batch.taken_s > now_s + FUTURE_SECONDS_MAX),
        ("time_out_of_range", "is taken before 1990", batch.taken_s < TAKEN_SECONDS_MIN),
        (
            "value_out_of_range",
            "is negative or larger than any register",
            (batch.value_micro < 0) | (batch.value_micro > VALUE_MICRO_MAX),
        ),
    ):
        for row in np.flatnonzero(bad).tolist():
            faults.setdefault(row, (code, sentence))
    return faults


def sort_batch(register: NDArray[np.int64], *, batch: ReadingBatch, rows: NDArray[np.int64]) -> Sorted:
    """Sort the given rows of a batch by register, time and arrival, and find repeats among them."""
    register, taken_s = register[rows], batch.taken_s[rows]
    order = np.lexsort((rows, taken_s, register))
    register, taken_s, origin = register[order], taken_s[order], rows[order]
    is_standing = np.r_[True, (register[1:] != register[:-1]) | (taken_s[1:] != taken_s[:-1])][: len(rows)]
    standing = np.maximum.accumulate(np.where(is_standing, np.arange(len(rows)), 0))
    return Sorted(origin, register, taken_s, batch.value_micro[origin], is_standing, standing)


def late_labels(rows: Rows, *, newest_s: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows came after a later reading of their register, in the batch or before it."""
    count = len(rows)
    if count == 0:
        return np.zeros(0, dtype=np.bool_)
    # chains scanned backwards: earlier-scanned chains carry larger numbers, so the minimum restarts by itself
    chain = np.cumsum(rows.chain_starts())
    arrival = rows.origin + chain * (int(rows.origin.max()) + 1)
    earliest_later = np.r_[np.minimum.accumulate(arrival[::-1])[::-1][1:], np.iinfo(np.int64).max]
    is_late: NDArray[np.bool_] = (earliest_later < arrival) | (rows.taken_s < newest_s[rows.register])
    return is_late


@dataclass(slots=True)
class Decided:
    """What becomes of rows, arrays of equal length. Money in micro, positive when the customer pays.

    ``net_micro`` and ``tax_micro`` are of all roles together; ``net_by_role`` says what of the net is for
    other roles than supply. ``kept`` are the running states after a row, by row and role, that do not fit the
    columns; where there is none it is zero.
    """

    class_: NDArray[np.int64]
    reason: NDArray[np.int64]
    quantity_micro: NDArray[np.int64]
    net_micro: NDArray[np.int64]
    tax_micro: NDArray[np.int64]
    run_quantity_micro: NDArray[np.int64]
    run_cost_micro: NDArray[np.int64]
    run_rest: NDArray[np.int64]
    net_by_role: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    kept: dict[tuple[int, str], Numbers] = field(default_factory=dict)


def judge_rows(rows: Rows, *, registers: Registers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return class and reason of rows that are all newer than anything stored of their registers.

    Registers without any fault are judged as columns; the others one reading after the other.
    """
    starts = rows.chain_starts()
    value_before = np.where(starts, registers.value_micro[rows.register], np.r_[0, rows.value_micro[:-1]])
    taken_before = np.where(starts, registers.anchor_s[rows.register], np.r_[0, rows.taken_s[:-1]])
    is_first = taken_before == NEVER
    rise = rows.value_micro - value_before
    allowed = allowed_rise_micro(
        max_rate_micro=registers.max_rate_micro[rows.register],
        burst_micro=registers.burst_micro[rows.register],
        cap_micro=registers.cap_micro[rows.register],
        elapsed_s=np.where(is_first, 0, rows.taken_s - taken_before),
    )
    class_ = np.where(is_first, int(ReadingClass.FIRST), int(ReadingClass.CHARGED))
    class_[~is_first & (rise == 0)] = int(ReadingClass.UNCHANGED)
    reason = np.zeros(len(rows), dtype=np.int64)
    is_bad = ~is_first & ((rise < 0) | (rise > allowed))
    for place in np.unique(rows.register[is_bad]).tolist():
        low, high = np.searchsorted(rows.register, [place, place + 1])
        judged = judge(
            taken_s=rows.taken_s[low:high].tolist(),
            value_micro=rows.value_micro[low:high].tolist(),
            is_accepted_by_person=[False] * int(high - low),
            state=registers.state(place),
            limits=registers.limits(place),
        )
        class_[low:high] = judged.class_
        reason[low:high] = judged.reason
    return class_, reason


def decide(
    rows: Rows, *, is_late: NDArray[np.bool_], registers: Registers, books: Sequence[RateBook]
) -> Decided:
    """Judge and rate rows that are all newer than anything stored of their registers."""
    class_, reason = judge_rows(rows, registers=registers)
    decided = _undecided(class_, reason)
    line = np.flatnonzero(class_ <= TIMELINE_MAX)
    on_line = Rows(rows.origin[line], rows.register[line], rows.taken_s[line], rows.value_micro[line])
    starts = on_line.chain_starts()
    start_s = np.where(
        starts, registers.anchor_s[on_line.register], np.r_[0, on_line.taken_s[:-1]][: len(line)]
    )
    value_before = np.where(
        starts, registers.value_micro[on_line.register], np.r_[0, on_line.value_micro[:-1]][: len(line)]
    )
    has_interval = class_[line] != int(ReadingClass.FIRST)
    book_of = registers.book[on_line.register]
    for book in np.unique(book_of[has_interval]).tolist():
        chosen = np.flatnonzero(has_interval & (book_of == book))
        register = on_line.register[chosen]
        _rate_into(
            decided,
            line[chosen],
            Intervals(
                chain=register,
                start_s=start_s[chosen],
                end_s=on_line.taken_s[chosen],
                quantity_micro=on_line.value_micro[chosen] - value_before[chosen],
            ),
            book=books[book],
            opening=Runs(
                registers.run_quantity_micro[register],
                registers.run_cost_micro[register],
                registers.run_rest[register],
            ),
            kept=registers.kept,
        )
    label_late(decided, is_late)
    return decided


def decide_timeline(
    *,
    taken_s: Sequence[int],
    value_micro: Sequence[int],
    class_: Sequence[int],
    reason: Sequence[int],
    is_rated: Sequence[bool],
    book: RateBook,
    anchor_s: int | None,
    value_before_micro: int,
    opening: tuple[int, int, int],
    kept: Mapping[str, Numbers] = MappingProxyType({}),
) -> Decided:
    """Rate one register's judged readings, in time order, from the state before the first of them.

    Readings that are not ``is_rated`` stand on the timeline if their class does, and cost nothing. ``kept``
    is the rest of that state, by role.
    """
    decided = _undecided(np.array(class_, dtype=np.int64), np.array(reason, dtype=np.int64))
    line = np.flatnonzero(decided.class_ <= TIMELINE_MAX)
    times = np.array(taken_s, dtype=np.int64)[line]
    values = np.array(value_micro, dtype=np.int64)[line]
    start_s = np.r_[NEVER if anchor_s is None else anchor_s, times[:-1]][: len(line)]
    quantity = np.diff(np.r_[value_before_micro, values])[: len(line)]
    chosen = decided.class_[line] != int(ReadingClass.FIRST)
    if chosen.any():
        count = int(chosen.sum())
        # what is not rated uses nothing, but time goes on: totals end with their billing period
        quantity = np.where(np.array(is_rated, dtype=np.bool_)[line], quantity, 0)
        _rate_into(
            decided,
            line[chosen],
            Intervals(
                chain=np.zeros(count, dtype=np.int64),
                start_s=start_s[chosen],
                end_s=times[chosen],
                quantity_micro=quantity[chosen],
            ),
            book=book,
            opening=Runs(*(np.full(count, number, dtype=np.int64) for number in opening)),
            kept={(0, role): numbers for role, numbers in kept.items()},
        )
    return decided


def _undecided(class_: NDArray[np.int64], reason: NDArray[np.int64]) -> Decided:
    def zeros() -> NDArray[np.int64]:
        return np.zeros(len(class_), dtype=np.int64)

    return Decided(class_, reason, zeros(), zeros(), zeros(), zeros(), zeros(), zeros())


def _rate_into(
    decided: Decided,
    places: NDArray[np.int64],
    intervals: Intervals,
    *,
    book: RateBook,
    opening: Runs,
    kept: Mapping[tuple[int, str], Numbers],
) -> None:
    """Charge intervals in every stream of a book; ``opening`` and ``kept`` are read where a chain begins."""
    rated = _supply(decided, places, intervals, book=book, opening=opening, kept=kept)
    decided.net_micro[places] = rated.net_micro
    decided.tax_micro[places] = rated.tax_micro
    decided.run_quantity_micro[places] = rated.runs.quantity_micro
    decided.run_cost_micro[places] = rated.runs.cost_micro
    decided.run_rest[places] = rated.runs.cost_rest
    # what waits for a table of supply is charged by nobody
    waits = rated.unpriced == NO_TABLE
    quantity_micro = np.where(waits, 0, intervals.quantity_micro)
    is_unused = rated.unpriced == NOT_PRICED
    for stream in book.others:
        ran = run_stream(
            stream,
            replace(intervals, quantity_micro=quantity_micro),
            opening=_opening(intervals, kept=kept, role=stream.role),
            is_all_or_nothing=False,
        )
        _add_role(decided, places, ran, role=stream.role)
        is_unused = is_unused & ~ran.is_priced
    used = intervals.quantity_micro > 0
    decided.quantity_micro[places] = np.where(is_unused, 0, quantity_micro)
    decided.class_[places[waits & used]] = int(ReadingClass.UNPRICED)
    decided.reason[places[waits & used]] = int(Reason.NO_RATE_TABLE)
    decided.class_[places[is_unused & used]] = int(ReadingClass.UNCHANGED)
    decided.reason[places[is_unused & used]] = int(Reason.REGISTER_NOT_PRICED)


def _supply(
    decided: Decided,
    places: NDArray[np.int64],
    intervals: Intervals,
    *,
    book: RateBook,
    opening: Runs,
    kept: Mapping[tuple[int, str], Numbers],
) -> Rated:
    stream = book.supply
    if not stream.needs_tallies:
        return rate(
            stream.covering(start_s=int(intervals.start_s.min()), end_s=int(intervals.end_s.max())),
            chain=intervals.chain,
            start_s=intervals.start_s,
            end_s=intervals.end_s,
            quantity_micro=intervals.quantity_micro,
            opening=opening,
            opening_at_s=intervals.start_s,
        )
    columns = (opening.quantity_micro, opening.cost_micro, opening.cost_rest)
    at_start = {
        int(intervals.chain[low]): tuple(int(column[low]) for column in columns)
        for low, _ in intervals.chains()
    }
    # without tallies beside them, the columns are all there is
    at_start |= _opening(intervals, kept=kept, role=SUPPLY)
    ran = run_stream(stream, intervals, opening=at_start, is_all_or_nothing=True)
    _keep(decided, places, ran, role=SUPPLY)
    runs = np.array([after[: len(_RUNS)] or (0,) * len(_RUNS) for after in ran.after], dtype=np.int64)
    return Rated(ran.net_micro, ran.tax_micro, Runs(*runs.T.copy()), ran.unpriced)


def _opening(
    intervals: Intervals, *, kept: Mapping[tuple[int, str], Numbers], role: str
) -> dict[int, Numbers]:
    chains = (int(intervals.chain[low]) for low, _ in intervals.chains())
    return {chain: kept[chain, role] for chain in chains if (chain, role) in kept}


def _add_role(decided: Decided, places: NDArray[np.int64], ran: Ran, *, role: str) -> None:
    if role not in decided.net_by_role:
        decided.net_by_role[role] = np.zeros(len(decided.class_), dtype=np.int64)
    decided.net_by_role[role][places] = ran.net_micro
    decided.net_micro[places] += ran.net_micro
    decided.tax_micro[places] += ran.tax_micro
    _keep(decided, places, ran, role=role)


def _keep(decided: Decided, places: NDArray[np.int64], ran: Ran, *, role: str) -> None:
    fits_columns = len(_RUNS) if role == SUPPLY else 0
    for place, numbers in zip(places.tolist(), ran.after, strict=True):
        if len(numbers) > fits_columns:
            decided.kept[place, role] = numbers


def label_late(decided: Decided, is_late: NDArray[np.bool_]) -> None:
    """Call accepted readings late that came after a later one; held and flagged ones keep their class."""
    accepted = (decided.class_ == int(ReadingClass.CHARGED)) | (decided.class_ == int(ReadingClass.UNCHANGED))
    decided.class_[is_late & accepted] = int(ReadingClass.LATE)
