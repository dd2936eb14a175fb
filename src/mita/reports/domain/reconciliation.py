"""What a bulk meter measured, held against the meters behind it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mita.tariffs.domain import EXPORT, local_midnight_s

from .consumption import Known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from mita.estates.domain import Days
    from mita.metering.domain import BulkArea

    IntArray = npt.NDArray[np.int64]

_FAR_S = 2**62
Windows = dict[int, list[tuple[int, int]]]


class PlacedRegister(Protocol):
    """A register while its meter measured in a unit (``metering.queries.PlacedRegister``)."""

    @property
    def register_id(self) -> int: ...
    @property
    def register(self) -> str: ...
    @property
    def meter_id(self) -> int: ...
    @property
    def from_s(self) -> int: ...
    @property
    def until_s(self) -> int | None: ...
    @property
    def is_first(self) -> bool: ...


class ChangeKind(StrEnum):
    """What happened to a meter behind a bulk meter, or to the bulk meter itself."""

    INSTALLED = "installed"
    SWAPPED = "swapped"
    MOVED = "moved"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class MeterChange:
    """What happened to a meter in the span, and when; a swap names the meter that came."""

    kind: ChangeKind
    at_s: int
    meter_id: int
    new_meter_id: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A register that counts for an area in the seconds [low_s, high_s); its readings cover [from_s, to_s].

    ``root`` is the first meter of its row of swaps. An export register takes away (``sign`` -1).
    """

    register_id: int
    root: int
    sign: int
    low_s: int
    high_s: int
    from_s: int
    to_s: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """An area step by step, in millionths of the base unit.

    ``steps`` are the numbers of the steps that it has a part in. ``difference_micro`` is bulk less
    sub-meters, None where the bulk meter is not known. ``gaps``: by root, in how many steps its readings are
    missing, and in how many they tell of a part only. ``counted``: the sub-meters that should have measured.
    """

    steps: list[int]
    bulk_micro: list[int | None]
    sub_micro: list[int]
    difference_micro: list[int | None]
    known: list[Known]
    gaps: dict[int, tuple[int, int]]
    counted: int

    @property
    def is_partial(self) -> bool:
        """Whether something was not known."""
        return any(each in (Known.PARTIAL, Known.MISSING) for each in self.known)

    @property
    def totals_micro(self) -> tuple[int, int]:
        """Bulk and sub-meters together, of the steps in which the bulk meter is known."""
        pairs = [
            (bulk, sub) for bulk, sub in zip(self.bulk_micro, self.sub_micro, strict=True) if bulk is not None
        ]
        return sum(bulk for bulk, _ in pairs), sum(sub for _, sub in pairs)


def windows_of(
    area: BulkArea,
    *,
    areas: Iterable[BulkArea],
    roots: Iterable[int],
    span: tuple[date, date],
    zone: ZoneInfo,
) -> Windows:
    """Return in which seconds of the local dates ``span`` each meter is behind a bulk meter, by root.

    The whole estate's has every one of ``roots`` on the days on which no other bulk meter has it.
    """
    own = _clipped(area.days, span=span)
    if own is None:
        return {}
    if area.sub_meter_ids is not None:
        return {root: [_seconds(own, zone)] for root in area.sub_meter_ids}
    taken: dict[int, list[tuple[date, date]]] = {}
    for other in areas:
        days = None if other.sub_meter_ids is None else _clipped(other.days, span=own)
        if days is not None:
            for root in other.sub_meter_ids or ():
                taken.setdefault(root, []).append(days)
    found = {}
    for root in set(roots) - {area.meter_id}:
        left = _without(own, sorted(taken.get(root, [])))
        if left:
            found[root] = [_seconds(each, zone) for each in left]
    return found


def own_window(area: BulkArea, *, span: tuple[date, date], zone: ZoneInfo) -> tuple[int, int] | None:
    """Return in which seconds of the local dates ``span`` a meter is a bulk meter."""
    own = _clipped(area.days, span=span)
    return None if own is None else _seconds(own, zone)


def _clipped(days: Days, *, span: tuple[date, date]) -> tuple[date, date] | None:
    first = max(days.from_on, span[0])
    until = span[1] if days.until_on is None else min(days.until_on, span[1])
    return (first, until) if first < until else None


def _without(own: tuple[date, date], taken: Sequence[tuple[date, date]]) -> list[tuple[date, date]]:
    found, first = [], own[0]
    for begin, end in taken:
        if first < begin:
            found.append((first, begin))
        first = max(first, end)
    return [*found, (first, own[1])] if first < own[1] else found


def _seconds(days: tuple[date, date], zone: ZoneInfo) -> tuple[int, int]:
    return local_midnight_s(days[0], zone=zone), local_midnight_s(days[1], zone=zone)


def stretches_of(
    placed: Iterable[PlacedRegister],
    *,
    roots: Mapping[int, int],
    windows: Windows,
    ends: Mapping[int, tuple[int, int]],
) -> Iterator[Stretch]:
    """Return which registers count in which seconds; ``ends`` are the first and last reading of each."""
    for each in placed:
        root = roots.get(each.meter_id, each.meter_id)
        taken = ends.get(each.register_id)
        begin_s = begins_s(each, ends=ends)
        for since_s, until_s in windows.get(root, ()):
            low_s = max(begin_s, since_s)
            high_s = min(_FAR_S if each.until_s is None else each.until_s, until_s)
            if low_s >= high_s:
                continue
            from_s = low_s if taken is None else max(low_s, taken[0])
            to_s = from_s if taken is None else max(from_s, min(high_s, taken[1]))
            sign = -1 if each.register == EXPORT else 1
            yield Stretch(each.register_id, root, sign, low_s, high_s, from_s, to_s)


def begins_s(placed: PlacedRegister, *, ends: Mapping[int, tuple[int, int]]) -> int:
    """Return from when on a register measures in its place: what it read before we knew it counts too."""
    taken = ends.get(placed.register_id)
    return min(placed.from_s, taken[0]) if placed.is_first and taken is not None else placed.from_s


@dataclass(frozen=True, slots=True)
class StretchUse:
    """What stretches used in steps, of how many seconds that is known and should be: a row for each."""

    stretches: Sequence[Stretch]
    used_micro: IntArray
    covered_s: IntArray
    expected_s: IntArray
    is_spread: npt.NDArray[np.bool_]


def instants_of(stretches: Sequence[Stretch], *, borders_s: IntArray) -> IntArray:
    """Return at which seconds the values of stretches are needed: borders, moved into what is covered."""
    low, high = (_column([getattr(each, name) for each in stretches]) for name in ("from_s", "to_s"))
    return np.clip(borders_s[None, :], low, high)


def _column(numbers: Sequence[int]) -> IntArray:
    return np.array(numbers, dtype=np.int64).reshape(-1, 1)


def _steps(borders_s: IntArray) -> IntArray:
    return borders_s[..., 1:] - borders_s[..., :-1]


def stretch_use(
    stretches: Sequence[Stretch],
    *,
    borders_s: IntArray,
    at_s: IntArray,
    values: IntArray,
    distance_s: IntArray,
    longest_s: int,
) -> StretchUse:
    """Return what stretches used, given the values at :func:`instants_of` and how far apart readings lie."""
    low, high = (_column([getattr(each, name) for each in stretches]) for name in ("low_s", "high_s"))
    covered = _steps(at_s)
    is_long = distance_s > longest_s
    return StretchUse(
        stretches,
        _steps(values) * _column([each.sign for each in stretches]),
        covered,
        _steps(np.clip(borders_s[None, :], low, high)),
        (is_long[:, :-1] | is_long[:, 1:]) & (covered > 0),
    )


def reconciled(
    bulk: StretchUse, sub: StretchUse, *, borders_s: IntArray, window: tuple[int, int]
) -> Reconciled:
    """Hold a bulk meter against its sub-meters in each step that its window has a part in."""
    length = _steps(np.clip(borders_s, *window))
    of_bulk = _sum(bulk.used_micro)
    imports = np.array([each.sign > 0 for each in bulk.stretches], dtype=bool)
    measured = bulk.covered_s[imports].sum(axis=0)
    missing, partial = _gaps(sub)
    is_partial = np.any([measured < length, *(bulk.covered_s < bulk.expected_s), *missing, *partial], axis=0)
    is_spread = np.any([length < 0, *bulk.is_spread, *sub.is_spread], axis=0)
    of_subs = _sum(sub.used_micro)
    steps = np.flatnonzero(length > 0).tolist()
    amounts = [of_bulk[step] if measured[step] else None for step in steps]
    order = sorted({each.root for each in sub.stretches})
    return Reconciled(
        steps=steps,
        bulk_micro=amounts,
        sub_micro=[of_subs[step] for step in steps],
        difference_micro=[
            None if amount is None else amount - of_subs[step]
            for step, amount in zip(steps, amounts, strict=True)
        ],
        known=[
            _known(amount, is_partial=is_partial[step], is_spread=is_spread[step])
            for step, amount in zip(steps, amounts, strict=True)
        ],
        gaps={
            root: (int(missing[at].sum()), int(partial[at].sum()))
            for at, root in enumerate(order)
            if missing[at].any() or partial[at].any()
        },
        counted=len(order),
    )


def _sum(used_micro: IntArray) -> list[int]:
    # thousands of large registers may not fit into 64 bits together
    return [sum(column) for column in used_micro.T.tolist()]


def _gaps(sub: StretchUse) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return by root and step where nothing is known that should be, and where a part is."""
    order = sorted({each.root for each in sub.stretches})
    place = {root: at for at, root in enumerate(order)}
    at = np.array([place[each.root] for each in sub.stretches], dtype=np.int64)
    covered, expected = (np.zeros((len(order), sub.covered_s.shape[1]), dtype=np.int64) for _ in range(2))
    np.add.at(covered, at, sub.covered_s)
    np.add.at(expected, at, sub.expected_s)
    is_missing = (covered == 0) & (expected > 0)
    return is_missing, (covered < expected) & ~is_missing


def _known(amount: int | None, *, is_partial: bool, is_spread: bool) -> Known:
    if amount is None:
        return Known.MISSING
    if is_partial:
        return Known.PARTIAL
    return Known.SPREAD if is_spread else Known.MEASURED


def changes_of(
    placed: Sequence[PlacedRegister],
    *,
    roots: Mapping[int, int],
    windows: Windows,
    ends: Mapping[int, tuple[int, int]],
    swaps: Sequence[tuple[int, int, int]],
) -> list[MeterChange]:
    """Return what happened to meters while they counted, in the order of time.

    ``swaps`` are (old meter, new meter, second).
    """
    gone, came = {old for old, _, _ in swaps}, {new for _, new, _ in swaps}
    found = [
        MeterChange(ChangeKind.SWAPPED, at_s, old, new)
        for old, new, at_s in swaps
        if _is_inside(at_s, windows.get(roots.get(old, old), ()))
    ]
    places: dict[int, list[PlacedRegister]] = {}
    for each in placed:
        places.setdefault(each.meter_id, []).append(each)
    for meter_id, rows in places.items():
        inside = windows.get(roots.get(meter_id, meter_id), ())
        first = min(rows, key=lambda row: row.from_s)
        begins = {row.from_s for row in rows}
        moved = sorted(begins - {first.from_s})
        found += [MeterChange(ChangeKind.MOVED, at_s, meter_id) for at_s in moved if _is_inside(at_s, inside)]
        at_s = min(begins_s(row, ends=ends) for row in rows if row.from_s == first.from_s)
        if meter_id not in came and first.is_first and _is_inside(at_s, inside):
            found.append(MeterChange(ChangeKind.INSTALLED, at_s, meter_id))
        lasts = [row.until_s for row in rows]
        end_s = max((each for each in lasts if each is not None), default=_FAR_S)
        if meter_id not in gone and None not in lasts and _is_inside(end_s, inside):
            found.append(MeterChange(ChangeKind.REMOVED, end_s, meter_id))
    return sorted(found, key=lambda each: (each.at_s, each.meter_id))


def _is_inside(at_s: int, windows: Iterable[tuple[int, int]]) -> bool:
    return any(low < at_s < high for low, high in windows)
