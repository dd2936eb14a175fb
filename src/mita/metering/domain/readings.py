"""Registers, readings and the rules that class them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mita.kit.quantity import VALUE_MICRO_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from numpy.typing import NDArray

    from mita.estates.domain import Days

_REGISTER_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# PostgreSQL holds no NUL, and UTF-8 no half of a surrogate pair
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
UTILITIES = ("electricity", "water", "hot_water", "gas", "solar")
BASE_UNIT = {"electricity": "kWh", "solar": "kWh", "water": "m3", "hot_water": "m3", "gas": "m3"}

# what a device's clock may run ahead of ours before its reading is refused
FUTURE_SECONDS_MAX = 300
# ten million units an hour; keeps rate times elapsed inside 64 bits for a century
RATE_MICRO_MAX = 10**13
_DEGREES_MIN, _DEGREES_MAX = -50, 150
# before this no meter spoke; 1990-01-01 in seconds
TAKEN_SECONDS_MIN = 631_152_000


class ReadingClass(IntEnum):
    """What became of a reading. Numbers are stored. Classes 1 to 5 stand on the register's timeline."""

    FIRST = 1
    CHARGED = 2
    UNCHANGED = 3
    LATE = 4
    UNPRICED = 5
    BACKWARDS = 6
    HELD = 7
    DUPLICATE = 8
    CONFLICT = 9
    REJECTED = 10

    @property
    def shown(self) -> str:
        """The word people and programs see; an unpriced reading is held for a person like any other."""
        return "held" if self is ReadingClass.UNPRICED else self.name.lower()


TIMELINE_MAX = int(ReadingClass.UNPRICED)
SHOWN_CLASSES = (
    "first",
    "charged",
    "unchanged",
    "late",
    "duplicate",
    "conflict",
    "backwards",
    "held",
    "rejected",
)
ClassWord = Literal[
    "first", "charged", "unchanged", "late", "duplicate", "conflict", "backwards", "held", "rejected"
]


class Reason(IntEnum):
    """Why a reading has its class. Numbers are stored."""

    NONE = 0
    IMPLAUSIBLE_RISE = 1
    NO_RATE_TABLE = 2
    REGISTER_NOT_PRICED = 3
    BELOW_HIGHEST = 4
    ACCEPTED_BY_PERSON = 5

    @property
    def sentence(self) -> str:
        """The reason as a person reads it."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.NONE: "",
    Reason.IMPLAUSIBLE_RISE: "rises faster than the meter's max_rate and burst allow",
    Reason.NO_RATE_TABLE: "no rate table was in force for the whole interval",
    Reason.REGISTER_NOT_PRICED: "the rate table has no usage charge for this register",
    Reason.BELOW_HIGHEST: "is below the highest accepted value",
    Reason.ACCEPTED_BY_PERSON: "was held and then accepted by a person",
}


@dataclass(slots=True)
class ReadingBatch:
    """Readings as they came, in order of arrival; sequences and arrays of equal length.

    ``key`` is (meter serial, register name, base unit); ``taken_s`` whole seconds since 1970;
    ``value_micro`` millionths of the base unit, or whole pulses where the unit is ``imp``; ``resets`` are the
    places of those whose device says that its counter began again at zero. ``temperature_centi`` is
    hundredths of a degree Celsius by place in the batch, of those that came with one.
    """

    key: Sequence[tuple[str, str, str]]
    taken_s: NDArray[np.int64]
    value_micro: NDArray[np.int64]
    source: str
    received_us: int
    temperature_centi: Mapping[int, int] | None = None
    resets: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something that is no reading, and why."""

    source: str
    meter: str | None
    register: str | None
    raw: str
    code: str
    detail: str


@dataclass(slots=True)
class RegisterState:
    """A register's state after its newest reading on the timeline; ``None`` times before the first."""

    newest_s: int | None = None  # newest stored reading of any class
    anchor_s: int | None = None  # newest reading on the timeline
    value_micro: int = 0  # highest accepted value
    run_quantity_micro: int = 0
    run_cost_micro: int = 0
    run_rest: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast a register may rise: ``max_rate_micro`` per hour (None: any), and ``burst_micro`` on top.

    ``cap_micro`` bounds any single rise, so that no charge leaves 64 bits.
    """

    max_rate_micro: int | None
    burst_micro: int
    cap_micro: int = VALUE_MICRO_MAX

    def allowed_micro(self, elapsed_s: int) -> int:
        """Return the largest plausible rise in ``elapsed_s`` seconds."""
        if self.max_rate_micro is None:
            return self.cap_micro
        return min(
            self.cap_micro, min(self.max_rate_micro, RATE_MICRO_MAX) * elapsed_s // 3600 + self.burst_micro
        )


def allowed_rise_micro(
    *,
    max_rate_micro: NDArray[np.int64],
    burst_micro: NDArray[np.int64],
    cap_micro: NDArray[np.int64],
    elapsed_s: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return :meth:`Limits.allowed_micro` of many, inside 64 bits; a rate of 0 means no limit but the cap."""
    per_second, rest = np.divmod(np.minimum(max_rate_micro, RATE_MICRO_MAX), 3600)
    allowed = per_second * elapsed_s + rest * elapsed_s // 3600 + burst_micro
    return np.where(max_rate_micro == 0, cap_micro, np.minimum(allowed, cap_micro))


@dataclass(frozen=True, slots=True)
class Judged:
    """Classes and reasons of a register's readings in time order; charges are decided later."""

    class_: list[int] = field(default_factory=list)
    reason: list[int] = field(default_factory=list)


def judge(
    *,
    taken_s: Sequence[int],
    value_micro: Sequence[int],
    is_accepted_by_person: Sequence[bool],
    state: RegisterState,
    limits: Limits,
) -> Judged:
    """Class the readings of one register, given in time order and all after ``state.anchor_s``.

    The rules: the first opens the register; below the highest accepted value is backwards; a rise above
    ``max_rate * elapsed + burst`` is held; neither becomes the point from which the next rise is measured.
    """
    judged = Judged()
    anchor, highest = state.anchor_s, state.value_micro
    for taken, value, forced in zip(taken_s, value_micro, is_accepted_by_person, strict=True):
        class_, reason = ReadingClass.CHARGED, Reason.ACCEPTED_BY_PERSON if forced else Reason.NONE
        if anchor is None:
            class_ = ReadingClass.FIRST
        elif value < highest:
            class_, reason = ReadingClass.BACKWARDS, Reason.BELOW_HIGHEST
        elif value == highest:
            class_ = ReadingClass.UNCHANGED
        elif not forced and value - highest > limits.allowed_micro(taken - anchor):
            class_, reason = ReadingClass.HELD, Reason.IMPLAUSIBLE_RISE
        if class_ <= TIMELINE_MAX:
            anchor, highest = taken, value
        judged.class_.append(int(class_))
        judged.reason.append(int(reason))
    return judged


def temperature_centi(degrees: Decimal) -> int | None:
    """Return degrees Celsius in hundredths, rounded half up; None for what no water has, -50 to 150."""
    if not degrees.is_finite() or not _DEGREES_MIN <= degrees <= _DEGREES_MAX:
        return None
    return int((degrees * 100).to_integral_value(ROUND_HALF_UP))


def is_register_name(name: str) -> bool:
    """Tell whether ``name`` can name a register: lower case, digits and underscores."""
    return _REGISTER_NAME.fullmatch(name) is not None


def truncated(raw: Any) -> str:
    """Return the first 500 characters of something that came over a wire, fit for UTF-8 and PostgreSQL."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes | bytearray) else str(raw)
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text[:500])


@dataclass(frozen=True, slots=True)
class SilentMeter:
    """A meter that sends nothing since a time, its last reading or its installation."""

    meter_id: int
    serial: str
    unit_id: int
    silent_since: datetime


@dataclass(frozen=True, slots=True)
class BulkArea:
    """What a bulk meter measures, on which local days: ``sub_meter_ids``, or None for its whole estate.

    Ids are those of *roots*: a meter and all that took its place by swaps count as the first of them.
    """

    bulk_meter_id: int
    meter_id: int
    utility: str
    days: Days
    sub_meter_ids: frozenset[int] | None


def roots_of(swaps: Mapping[int, int]) -> dict[int, int]:
    """Return the first meter of each row of swaps, given who took whose place (old -> new meter)."""
    before = {new: old for old, new in swaps.items()}
    found = {}
    for meter_id in before:
        root = meter_id
        while root in before:
            root = before[root]
        found[meter_id] = root
    return found


def area_fault(new: BulkArea, *, others: Iterable[BulkArea]) -> str | None:
    """Return why a bulk meter cannot measure an area beside the others, None if it can.

    On each day a meter is behind one bulk meter at most, has one area itself, and areas lie inside each other
    without a ring; one bulk meter of a utility has the whole estate, which is the outermost.
    """
    beside = [each for each in others if each.utility == new.utility and each.days.meets(new.days)]
    if any(each.meter_id == new.meter_id for each in beside):
        return "is a bulk meter on some of these days already"
    outermost = [each.meter_id for each in beside if each.sub_meter_ids is None]
    listed = [each for each in beside if each.sub_meter_ids is not None]
    if new.sub_meter_ids is None:
        return _outermost_fault(new, outermost=outermost, listed=listed)
    if not new.sub_meter_ids.isdisjoint(outermost):
        return "cannot have the bulk meter of the whole estate behind it"
    for each in listed:
        if twice := (each.sub_meter_ids or frozenset()) & new.sub_meter_ids:
            return f"cannot have meter {min(twice)} behind it, which is behind meter {each.meter_id}"
    return "is behind one of its own sub-meters" if _above(new, listed) & new.sub_meter_ids else None


def _outermost_fault(new: BulkArea, *, outermost: Sequence[int], listed: Sequence[BulkArea]) -> str | None:
    if outermost:
        return f"cannot measure the whole estate, as meter {outermost[0]} does"
    if any(new.meter_id in (each.sub_meter_ids or ()) for each in listed):
        return "is behind another bulk meter, so it does not measure the whole estate"
    return None


def _above(new: BulkArea, areas: Sequence[BulkArea]) -> set[int]:
    """Return the bulk meters that a new one would be behind, over any number of areas."""
    found: set[int] = set()
    wanted = {new.meter_id}
    while wanted:
        wanted = {each.meter_id for each in areas if wanted & (each.sub_meter_ids or frozenset())} - found
        found |= wanted
    return found
