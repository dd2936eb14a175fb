"""What a file of a head-end holds, gathered by channel in columns. Pure."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from mita.kit.quantity import BadValue, value_micro
from mita.metering.domain import BASE_UNIT, TAKEN_SECONDS_MIN

# about 40 bytes each
READINGS_MAX = 5_000_000
FAULTS_MAX = 1_000
NAME_MAX = 100
# the year 2200; a file that says more is none
_TIME_S_MAX = 7_258_118_400


class UnreadableFile(ValueError):
    """A file that is not of the format it was said to be."""


class BadLine(ValueError):
    """Something on a line that cannot be taken, with a stable ``code``."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Channel(NamedTuple):
    """A register of a file: meter, register, base unit."""

    meter: str
    register: str
    unit: str


class Quality(IntEnum):
    """How a value came about: measured or final; to be replaced; nothing is known."""

    FINAL = 0
    ESTIMATE = 1
    NONE = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line of a file; line 0 is the file as a whole."""

    line: int
    code: str
    detail: str
    meter: str | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.detail}"


@dataclass(slots=True)
class Intervals:
    """Consumption by intervals as the file gives it: columns of equal length; seconds UTC, millionths."""

    start_s: array[int] = field(default_factory=lambda: array("q"))
    end_s: array[int] = field(default_factory=lambda: array("q"))
    quantity_micro: array[int] = field(default_factory=lambda: array("q"))
    quality: array[int] = field(default_factory=lambda: array("b"))
    line: array[int] = field(default_factory=lambda: array("i"))

    def __len__(self) -> int:
        return len(self.start_s)


@dataclass(slots=True)
class Values:
    """Values of a cumulative register as the file gives them: columns of equal length."""

    taken_s: array[int] = field(default_factory=lambda: array("q"))
    value_micro: array[int] = field(default_factory=lambda: array("q"))
    quality: array[int] = field(default_factory=lambda: array("b"))
    line: array[int] = field(default_factory=lambda: array("i"))

    def __len__(self) -> int:
        return len(self.taken_s)


@dataclass(slots=True)
class Gathered:
    """All of a file: ``left_out`` counts what is in it and no money, by what it is.

    ``utility_of`` is the utility of meters of which the file says it.
    """

    intervals: dict[Channel, Intervals] = field(default_factory=dict)
    values: dict[Channel, Values] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    utility_of: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def add_interval(
        self, channel: Channel, start_s: int, end_s: int, quantity_micro: int, *, quality: Quality, line: int
    ) -> None:
        """Add an interval of a channel.

        :raises BadLine: if it is in no time that a meter can mean
        :raises UnreadableFile: if the file holds more than can be kept in mind
        """
        if end_s <= start_s:
            raise BadLine("bad_interval", "the interval ends before it begins, or with its beginning")
        _check_time(start_s)
        _check_time(end_s)
        self._count()
        found = self.intervals.get(channel)
        if found is None:
            found = self.intervals[channel] = Intervals()
        found.start_s.append(start_s)
        found.end_s.append(end_s)
        found.quantity_micro.append(quantity_micro)
        found.quality.append(quality)
        found.line.append(line)

    def add_value(
        self, channel: Channel, taken_s: int, value_micro: int, *, quality: Quality, line: int
    ) -> None:
        """Add a register's value.

        :raises BadLine: if it is in no time that a meter can mean
        :raises UnreadableFile: if the file holds more than can be kept in mind
        """
        _check_time(taken_s)
        self._count()
        found = self.values.get(channel)
        if found is None:
            found = self.values[channel] = Values()
        found.taken_s.append(taken_s)
        found.value_micro.append(value_micro)
        found.quality.append(quality)
        found.line.append(line)

    def add_fault(self, line: int, error: BadLine | BadValue, *, meter: str | None = None) -> None:
        """Note what is wrong with a line; the first thousand are kept."""
        self.fault_count += 1
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(line, error.code, str(error)[:400], meter))

    def is_of(self, channel: Channel, utility: str) -> bool:
        """Tell whether a channel can be one of a utility."""
        if channel.unit != BASE_UNIT[utility]:
            return False
        said = self.utility_of.get(channel.meter, utility)
        # panels are measured by electricity meters
        return said == utility or {said, utility} == {"electricity", "solar"}

    def _count(self) -> None:
        self.count += 1
        if self.count > READINGS_MAX:
            raise UnreadableFile(f"the file holds more than {READINGS_MAX:,} values: split it")


def _check_time(second: int) -> None:
    if not TAKEN_SECONDS_MIN <= second < _TIME_S_MAX:
        raise BadLine("time_out_of_range", "the time is before 1990 or after 2199")


def checked_name(text: str, *, what: str) -> str:
    """Return a meter's name without blanks around it.

    :raises BadLine: if it is none
    """
    name = text.strip()
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable() or "\ufffd" in name:
        raise BadLine(f"bad_{what}", f"{what} {name[:40]!r} must be 1 to {NAME_MAX} printable characters")
    return name


def number(text: str) -> Decimal:
    """Return a number as it is written.

    :raises BadLine: ``not_a_number``
    """
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise BadLine("not_a_number", f"value {text.strip()[:40]!r} is not a number") from None


# a household says few numbers, and says them again and again
@lru_cache(maxsize=65_536)
def quantity(text: str, scale: int) -> int:
    """Return a quantity in millionths, ``scale`` of them in one of its unit.

    :raises BadLine: ``not_a_number``
    :raises BadValue: as :func:`mita.kit.quantity.value_micro`
    """
    return value_micro(number(text), scale=scale)
