"""Intervals of a register into readings of a counter that goes on from what is known of it. Pure.

The counter's value at an instant is its value at an earlier one and what was used between. So a file that is
read again, and one that overlaps what is known, gives the values that are there already. What cannot be put
at a value without guessing waits; what says otherwise than the known readings is a fault.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mita.drivers.files.gathered import Fault, Quality
from mita.kit.money import format_micro
from mita.kit.quantity import VALUE_MICRO_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.drivers.files.gathered import Channel, Intervals, Values


@dataclass(frozen=True, slots=True)
class Known:
    """A register's timeline in the order of time: the readings that a file spans, and their neighbours."""

    taken_s: Sequence[int] = ()
    value_micro: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a file.

    ``opening_micro`` is the value of a register that nothing is known of, where the file begins;
    ``takes_estimates`` charges what will be replaced; ``crosses_gaps`` counts nothing where intervals are
    missing; ``keeps_known`` goes on from the newest known reading where the file says otherwise of the past.
    """

    opening_micro: int = 0
    takes_estimates: bool = False
    crosses_gaps: bool = False
    keeps_known: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """That a register is taken up to an instant only, and why."""

    channel: Channel
    since_s: int
    line: int
    why: str

    def __str__(self) -> str:
        meter, register, _ = self.channel
        return f"line {self.line}: {meter} {register} waits from {_shown(self.since_s)} on: {self.why}"


@dataclass(slots=True)
class Accumulated:
    """Readings of a register: new ones in the order of time, and how many were known already.

    With a fault there are none. ``notes`` are faults of the past that were left as they are.
    """

    taken_s: array[int] = field(default_factory=lambda: array("q"))
    value_micro: array[int] = field(default_factory=lambda: array("q"))
    known_count: int = 0
    waiting: Waiting | None = None
    fault: Fault | None = None
    notes: list[Fault] = field(default_factory=list)


class _Refused(Exception):
    def __init__(self, line: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.line, self.code, self.detail = line, code, detail


@dataclass(slots=True)
class _Step:
    """An interval in the order of time."""

    start_s: int
    end_s: int
    quantity_micro: int
    quality: int
    line: int


@dataclass(slots=True)
class _Points:
    """Instants at which the counter has a value: what was used since the first, and the line that says so."""

    taken_s: list[int] = field(default_factory=list)
    used_micro: list[int] = field(default_factory=list)
    line: list[int] = field(default_factory=list)

    def add(self, taken_s: int, used_micro: int, line: int) -> None:
        self.taken_s.append(taken_s)
        self.used_micro.append(used_micro)
        self.line.append(line)


def span_s(intervals: Intervals) -> tuple[int, int]:
    """Return the first and the last instant of intervals."""
    return min(intervals.start_s), max(intervals.end_s)


def accumulate(intervals: Intervals, channel: Channel, *, known: Known, rules: Rules) -> Accumulated:
    """Return the readings of a register that intervals make, beside what is ``known`` of it. Never raises."""
    found = Accumulated()
    try:
        points = _points(_steps(intervals), channel, known=known, rules=rules, found=found)
        if points.taken_s:
            _place(points, channel, known=known, rules=rules, found=found)
    except _Refused as refused:
        return Accumulated(fault=Fault(refused.line, refused.code, refused.detail, channel.meter))
    return found


def settled(values: Values, channel: Channel, *, rules: Rules) -> Accumulated:
    """Return the readings of a cumulative register in the order of time, without estimates unless asked.

    What stands there twice is one; two values at one instant are a fault.
    """
    found = Accumulated()
    order = sorted(range(len(values)), key=lambda place: (values.taken_s[place], values.quality[place]))
    line = 0
    for place in order:
        taken_s, value, quality = values.taken_s[place], values.value_micro[place], values.quality[place]
        if quality == Quality.NONE or (quality == Quality.ESTIMATE and not rules.takes_estimates):
            found.waiting = Waiting(
                channel, taken_s, values.line[place], "the value is an estimate or missing"
            )
        elif found.taken_s and found.taken_s[-1] == taken_s:
            if found.value_micro[-1] != value:
                detail = f"{_shown(taken_s)} has two values, the other one on line {line}"
                return Accumulated(fault=Fault(values.line[place], "two_values", detail, channel.meter))
        else:
            found.taken_s.append(taken_s)
            found.value_micro.append(value)
            line = values.line[place]
    if found.waiting and found.taken_s and found.taken_s[-1] > found.waiting.since_s:
        # a later value says what the estimate tried to
        found.waiting = None
    return found


def _steps(intervals: Intervals) -> list[_Step]:
    """Return intervals in the order of time, each once."""
    steps: list[_Step] = []
    columns = (
        intervals.start_s,
        intervals.end_s,
        intervals.quality,
        intervals.quantity_micro,
        intervals.line,
    )
    for start_s, end_s, quality, quantity_micro, line in sorted(zip(*columns, strict=True)):
        before = steps[-1] if steps else None
        if before is not None and start_s < before.end_s:
            is_same = (start_s, end_s) == (before.start_s, before.end_s)
            # an estimate and what replaced it may stand in one file
            if is_same and (quantity_micro == before.quantity_micro or quality > before.quality):
                continue
            detail = (
                f"the interval from {_shown(start_s)} meets that of line {before.line}, with another value"
            )
            raise _Refused(max(line, before.line), "overlapping", detail)
        steps.append(_Step(start_s, end_s, quantity_micro, quality, line))
    return steps


def _points(
    steps: list[_Step], channel: Channel, *, known: Known, rules: Rules, found: Accumulated
) -> _Points:
    """Return the points up to where something is missing."""
    at = dict(zip(known.taken_s, known.value_micro, strict=True))
    points = _Points()
    used = 0
    for step in steps:
        is_known = step.start_s in at and step.end_s in at
        why = None if is_known else _unknown(step, rules=rules)
        if why is not None:
            if step.quality == Quality.NONE and rules.crosses_gaps:
                continue
            found.waiting = Waiting(channel, step.start_s, step.line, why)
            break
        before_s = points.taken_s[-1] if points.taken_s else None
        if before_s is None:
            points.add(step.start_s, used, step.line)
        elif before_s < step.start_s:
            bridged = _bridged(before_s, step.start_s, at=at, rules=rules)
            if bridged is None:
                why = f"nothing is said of the time between {_shown(before_s)} and then"
                found.waiting = Waiting(channel, step.start_s, step.line, why)
                break
            used += bridged
            points.add(step.start_s, used, step.line)
        is_told = step.quality != Quality.NONE
        used += step.quantity_micro if is_told else at[step.end_s] - at[step.start_s]
        points.add(step.end_s, used, step.line)
    return points


def _unknown(step: _Step, *, rules: Rules) -> str | None:
    if step.quality == Quality.NONE:
        return "its value is missing (quality N)"
    if step.quality == Quality.ESTIMATE and not rules.takes_estimates:
        return "its value is an estimate, which will be replaced"
    return None


def _bridged(before_s: int, after_s: int, *, at: dict[int, int], rules: Rules) -> int | None:
    """Return what was used between two intervals, None if nobody knows."""
    if before_s in at and after_s in at:
        return max(0, at[after_s] - at[before_s])
    return 0 if rules.crosses_gaps else None


def _place(points: _Points, channel: Channel, *, known: Known, rules: Rules, found: Accumulated) -> None:
    """Give the points their values and tell the new ones."""
    at = dict(zip(known.taken_s, known.value_micro, strict=True))
    met = [place for place, taken_s in enumerate(points.taken_s) if taken_s in at]
    if not met:
        _place_anew(points, channel, known=known, rules=rules, found=found)
        return
    base = at[points.taken_s[met[0]]] - points.used_micro[met[0]]
    wrong = _contradiction(points, base, channel, known=known)
    if wrong is None:
        _tell(points, base, found, at=at)
    elif rules.keeps_known:
        _go_on(points, wrong, known=known, found=found)
    else:
        raise _Refused(wrong.line, wrong.code, wrong.detail)


def _go_on(points: _Points, wrong: Fault, *, known: Known, found: Accumulated) -> None:
    """Leave the past as it is known, and go on from the newest known reading."""
    found.notes.append(wrong)
    newest_s = known.taken_s[-1]
    if newest_s >= points.taken_s[-1]:
        found.known_count = len(points.taken_s)
        return
    if newest_s not in points.taken_s:
        raise _Refused(wrong.line, wrong.code, wrong.detail)
    first = points.taken_s.index(newest_s) + 1
    found.known_count = first
    rest = _Points(points.taken_s[first:], points.used_micro[first:], points.line[first:])
    _tell(rest, known.value_micro[-1] - points.used_micro[first - 1], found, at={})


def _place_anew(points: _Points, channel: Channel, *, known: Known, rules: Rules, found: Accumulated) -> None:
    """Place intervals none of whose ends is known."""
    first_s, line = points.taken_s[0], points.line[0]
    if not known.taken_s:
        _tell(points, rules.opening_micro, found, at={})
        return
    newest_s = known.taken_s[-1]
    if newest_s < first_s:
        if not rules.crosses_gaps:
            why = f"nothing is known of the time between {_shown(newest_s)} and then"
            found.waiting = Waiting(channel, first_s, line, why)
            return
        _tell(points, known.value_micro[-1], found, at={})
        return
    detail = (
        f"the file's intervals from {_shown(first_s)} on do not adjoin the known readings of"
        f" {channel.meter} {channel.register}, which are from {_shown(known.taken_s[0])}"
        f" to {_shown(newest_s)}: no value can be given to them"
    )
    raise _Refused(line, "not_adjoining", detail)


def _contradiction(points: _Points, base: int, channel: Channel, *, known: Known) -> Fault | None:
    """Return the first known reading that the file says otherwise."""
    places = {taken_s: place for place, taken_s in enumerate(points.taken_s)}
    # place of the last point up to a known reading
    before = -1
    for taken_s, value in zip(known.taken_s, known.value_micro, strict=True):
        while before + 1 < len(points.taken_s) and points.taken_s[before + 1] <= taken_s:
            before += 1
        place = places.get(taken_s)
        if place is not None:
            is_right = value == base + points.used_micro[place]
        else:
            lowest = base + points.used_micro[before] if before >= 0 else 0
            is_last = before + 1 == len(points.taken_s)
            is_right = value >= lowest and (is_last or value <= base + points.used_micro[before + 1])
            place = max(before, 0)
        if not is_right:
            at = dict(zip(known.taken_s, known.value_micro, strict=True))
            detail = _difference(points, place, base, at=at, taken_s=taken_s, unit=channel.unit)
            return Fault(points.line[place], "contradicts", detail, channel.meter)
    return None


def _difference(
    points: _Points, place: int, base: int, *, at: dict[int, int], taken_s: int, unit: str
) -> str:
    """Return in words how the file and a known reading differ."""
    before_s = points.taken_s[place - 1] if place else -1
    if place and before_s in at and points.taken_s[place] == taken_s:
        says = points.used_micro[place] - points.used_micro[place - 1]
        was = at[taken_s] - at[before_s]
        return (
            f"the interval from {_shown(before_s)} is {format_micro(says)} {unit} here, and was charged"
            f" as {format_micro(was)} {unit}: the past is not changed by a file"
        )
    return (
        f"the register stood at {format_micro(at[taken_s])} {unit} on {_shown(taken_s)}, and by the file"
        f" at {format_micro(base + points.used_micro[place])} {unit}: the past is not changed by a file"
    )


def _tell(points: _Points, base: int, found: Accumulated, *, at: dict[int, int]) -> None:
    """Tell the points that are not known yet."""
    for taken_s, used, line in zip(points.taken_s, points.used_micro, points.line, strict=True):
        value = base + used
        if value < 0:
            detail = (
                f"the register would have stood below nothing on {_shown(taken_s)}: give it a higher opening"
            )
            raise _Refused(line, "before_beginning", detail)
        if value > VALUE_MICRO_MAX:
            raise _Refused(line, "value_out_of_range", "the register would be larger than any")
        if taken_s in at:
            found.known_count += 1
        else:
            found.taken_s.append(taken_s)
            found.value_micro.append(value)


def _shown(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
