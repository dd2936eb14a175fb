"""What the newest readings of a register say about its meter. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.kit.clock import from_us
from mita.kit.money import format_micro
from mita.metering.domain import ReadingClass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# so many of a register's newest readings are looked at
NEWEST = 13
MISSED_MIN = 3
_MISSED_S_MIN = 3_600
_STEPS_MIN = 6
_CADENCE_S_MAX = 2 * 86_400
# a value that is shown with fewer digits than it is counted with may fall by one of them
_FALL_MICRO_MIN = 100_000
_FALLS_MIN = 2
_ROUND_MICRO_MIN = 10_000_000_000
FALLS = ("rollover", "reset", "reverse_flow")
OF_READINGS = (*FALLS, "implausible", "gaps")
_BESIDE = (ReadingClass.BACKWARDS, ReadingClass.HELD)


@dataclass(frozen=True, slots=True)
class Recent:
    """A register's newest readings in the order of ``taken_s``, sequences of equal length.

    Times are whole seconds since 1970, values millionths of ``unit``. ``accepted_micro`` is the newest
    accepted value, None where there is none. ``every_s`` is how often its device is to speak, if known.
    """

    register: str
    unit: str
    taken_s: Sequence[int]
    received_s: Sequence[int]
    value_micro: Sequence[int]
    class_: Sequence[int]
    accepted_micro: int | None
    every_s: int | None = None


def judge(recent: Recent, *, now_s: int, is_missed: bool, fell_as: str | None) -> Iterator[tuple[str, str]]:
    """Yield (kind, detail) of what is wrong with a register.

    With ``is_missed`` somebody looks for the whole meter already, so nothing is said of single readings.
    ``fell_as`` is what an earlier fall was taken for: it stays that while the register has not recovered.
    """
    fall = _fall(recent, fell_as=fell_as)
    if fall is not None:
        yield fall
    held = [row for row in _beside(recent) if recent.class_[row] == ReadingClass.HELD]
    if held:
        shown = _shown(recent, recent.value_micro[held[-1]])
        yield (
            "implausible",
            f"{recent.register} shows {shown} since {_time(recent.taken_s[held[0]])}, and waits",
        )
    gaps = None if is_missed else _gaps(recent, now_s=now_s)
    if gaps is not None:
        yield "gaps", gaps


def _beside(recent: Recent) -> list[int]:
    """Return the places of the newest readings that stand beside the timeline, one after the other."""
    places: list[int] = []
    for row in range(len(recent.class_) - 1, -1, -1):
        if recent.class_[row] not in _BESIDE:
            break
        places.append(row)
    return places[::-1]


def _fall(recent: Recent, *, fell_as: str | None) -> tuple[str, str] | None:
    falls = [row for row in _beside(recent) if recent.class_[row] == ReadingClass.BACKWARDS]
    highest = recent.accepted_micro
    # a single one may be a slip of the wire
    if len(falls) < _FALLS_MIN or highest is None:
        return None
    first, last = recent.value_micro[falls[0]], recent.value_micro[falls[-1]]
    if highest - last < _FALL_MICRO_MIN:
        return None
    kind = fell_as or _kind_of_fall(highest, first, last)
    return kind, f"{recent.register} showed {_shown(recent, highest)}, now {_shown(recent, last)}"


def _kind_of_fall(highest: int, first: int, last: int) -> str:
    end = 1
    while end <= highest:
        end *= 10
    is_near_end = end >= _ROUND_MICRO_MIN and highest * 100 >= end * 95
    if is_near_end and first * 100 < end * 5:
        return "rollover"
    return "reverse_flow" if last < first and first * 2 >= highest else "reset"


def _gaps(recent: Recent, *, now_s: int) -> str | None:
    steps = [after - before for before, after in zip(recent.taken_s, recent.taken_s[1:], strict=False)]
    every_s = _cadence(steps) or recent.every_s
    if every_s is None or not 0 < every_s <= _CADENCE_S_MAX or not recent.taken_s:
        return None
    inside = sum((step + every_s // 2) // every_s - 1 for step in steps if step > every_s)
    overdue = 0
    if _is_live(recent, every_s):
        # the one that is due now is on its way
        overdue = max(0, (now_s - recent.taken_s[-1]) // every_s - 1)
    missed = inside + overdue
    if missed < MISSED_MIN or missed * every_s < _MISSED_S_MIN:
        return None
    if overdue:
        return f"{recent.register} comes every {_span(every_s)}; nothing since {_time(recent.taken_s[-1])}"
    expected = len(recent.taken_s) + missed
    return f"{recent.register} comes every {_span(every_s)}; {missed} of its last {expected} are missing"


def _cadence(steps: Sequence[int]) -> int | None:
    """Return the usual step, if most of them are about as long."""
    if len(steps) < _STEPS_MIN:
        return None
    usual = sorted(steps)[len(steps) // 2]
    alike = sum(abs(step - usual) * 5 <= usual for step in steps)
    return usual if alike * 3 >= len(steps) * 2 else None


def _is_live(recent: Recent, every_s: int) -> bool:
    """Tell whether readings come as they are taken, not many at once, such as in files."""
    pairs = zip(recent.taken_s, recent.received_s, strict=True)
    prompt = sum(received - taken <= 2 * every_s for taken, received in pairs)
    return prompt * 3 >= len(recent.taken_s) * 2


def _shown(recent: Recent, value_micro: int) -> str:
    return f"{format_micro(value_micro).rstrip('0').rstrip('.')} {recent.unit}"


def _time(at_s: int) -> str:
    return f"{from_us(at_s * 1_000_000):%Y-%m-%d %H:%M} UTC"


def _span(seconds: int) -> str:
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} s" if seconds < 3_600 else f"{(seconds + 30) // 60} min"  # noqa: PLR2004 - an hour
