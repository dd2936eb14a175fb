"""Consumption by intervals from a CSV file: ``from,to,quantity`` and perhaps ``register``."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING

from mita.drivers.files import UnreadableFile
from mita.drivers.localtime import LocalClock, NoSuchLocalTime
from mita.kit.clock import to_us
from mita.kit.money import NotExact, parse_micro
from mita.kit.quantity import VALUE_MICRO_MAX
from mita.metering.domain import is_register_name
from mita.tariffs.domain import Interval

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

COLUMNS = ("from", "to", "quantity")
REGISTER = "register"
_SHOWN_MAX = 20
_TEXT_MAX = 40
_YEAR_MIN, _YEAR_MAX = 1970, 2199
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local seconds are counted without a zone


class BadRows(ValueError):
    """Rows that are no intervals, each with its line and reason; ``count`` of them, the first ones shown."""

    def __init__(self, name: str, reasons: list[str]) -> None:
        super().__init__(f"{name}: {len(reasons)} bad rows")
        self.name = name
        self.count = len(reasons)
        self.reasons = reasons[:_SHOWN_MAX]


class _BadRow(ValueError):
    pass


@dataclass(slots=True)
class _Registers:
    """Intervals by register, and for each the end and the line of its last one."""

    intervals: dict[str, list[Interval]] = field(default_factory=dict)
    last: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, register: str, interval: Interval, *, line: int) -> None:
        """Add the next interval of a register.

        :raises _BadRow: if it begins before the one before it ends
        """
        end_s, before = self.last.get(register, (interval.start_s, line))
        if interval.start_s < end_s:
            raise _BadRow(f"begins before the interval of line {before} ends; sort the rows by time")
        self.intervals.setdefault(register, []).append(interval)
        self.last[register] = (interval.end_s, line)


def read_intervals(path: Path, *, zone: ZoneInfo, register: str) -> dict[str, list[Interval]]:
    """Return the intervals of each register in the order of time; ``register`` where there is no such column.

    Times are ISO 8601; one without an offset is local time of ``zone``.

    :raises UnreadableFile: if it cannot be opened, is no text, has no rows, or its header is another
    :raises BadRows: if rows are no intervals, or not in order
    """
    try:
        with path.open(encoding="utf-8-sig", errors="strict", newline="") as text:
            found, reasons = _rows(text, path, zone=zone, register=register)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise UnreadableFile(f"{path}: {cause}") from error
    if reasons:
        raise BadRows(path.name, reasons)
    if not found:
        raise UnreadableFile(f"{path}: there is no interval in it")
    return found


def _rows(
    text: IO[str], path: Path, *, zone: ZoneInfo, register: str
) -> tuple[dict[str, list[Interval]], list[str]]:
    reader = csv.reader(text, strict=True)
    header = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in COLUMNS if header.count(name) != 1]
    if missing:
        raise UnreadableFile(
            f"{path}: the first line must name from,to,quantity and perhaps register, each once;"
            f" look at: {missing[0]}"
        )
    reading = _Reading(header, zone=zone, register=register)
    registers = _Registers()
    reasons: list[str] = []
    try:
        for row in reader:
            if not any(row):
                continue
            try:
                name, interval = reading.interval(row)
                registers.add(name, interval, line=reader.line_num)
            except (_BadRow, NotExact, NoSuchLocalTime) as error:
                reasons.append(f"line {reader.line_num}: {error}")
    except csv.Error as error:
        raise UnreadableFile(f"{path}: line {reader.line_num} and what follows is no CSV: {error}") from error
    return registers.intervals, reasons


class _Reading:
    """Rows of one file into intervals."""

    def __init__(self, header: list[str], *, zone: ZoneInfo, register: str) -> None:
        self._from, self._to, self._quantity = (header.index(name) for name in COLUMNS)
        self._register = header.index(REGISTER) if REGISTER in header else None
        self._width = len(header)
        self._default = register
        self._clock = LocalClock(zone)

    def interval(self, row: list[str]) -> tuple[str, Interval]:
        """Return the register and the interval of a row."""
        if len(row) != self._width:
            raise _BadRow(f"{len(row)} columns, and the first line has {self._width}")
        register = self._default if self._register is None else row[self._register].strip() or self._default
        if not is_register_name(register):
            raise _BadRow(f"register {register[:_TEXT_MAX]!r} is no name of a register, such as import")
        # a repeated hour is told by the order of the rows: beginnings and ends each have their own
        start_s = self._second(row[self._from], what="from", register=register)
        end_s = self._second(row[self._to], what="to", register=register)
        if end_s <= start_s:
            raise _BadRow("ends before it begins, or with its beginning")
        quantity = parse_micro(row[self._quantity], what="quantity")
        if not 0 <= quantity <= VALUE_MICRO_MAX:
            raise _BadRow(f"quantity {row[self._quantity].strip()[:_TEXT_MAX]} is negative or out of range")
        return register, Interval(start_s, end_s, quantity)

    def _second(self, text: str, *, what: str, register: str) -> int:
        try:
            instant = datetime.fromisoformat(text.strip())
        except ValueError:
            raise _BadRow(
                f"{what} {text.strip()[:_TEXT_MAX]!r} is not ISO 8601, such as 2025-03-01T12:00:00Z"
            ) from None
        if instant.microsecond:
            raise _BadRow(f"{what} {text.strip()[:_TEXT_MAX]!r} is finer than a second")
        if not _YEAR_MIN < instant.year < _YEAR_MAX:
            raise _BadRow(f"{what} {text.strip()[:_TEXT_MAX]!r} is not between 1971 and 2198")
        if instant.tzinfo is not None:
            return to_us(instant) // 1_000_000
        local_s = (instant - _EPOCH) // timedelta(seconds=1)
        return self._clock.to_utc_s(local_s, meter=f"{what} {register}")
