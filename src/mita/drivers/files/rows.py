"""CSV files by a profile. Pure."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from mita.drivers.files.gathered import BadLine, Channel, Quality, UnreadableFile, checked_name, number
from mita.drivers.files.profile import POWERS
from mita.drivers.localtime import LocalClock, NoSuchLocalTime
from mita.kit.quantity import BadValue, base_unit, value_micro
from mita.metering.domain import is_register_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

    from mita.drivers.files.gathered import Gathered
    from mita.drivers.files.profile import Profile, Value

LINE_MAX = 20_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local seconds are counted without a zone
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_NO_TEXT = "\ufffd"
_HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class _Cell:
    """A place of values in a row; ``meter`` where the column is one."""

    place: int
    value: Value
    meter: str | None


def read_csv(
    lines: Iterable[str],
    gathered: Gathered,
    *,
    profile: Profile,
    zone: ZoneInfo,
    name: str,
    meter: str | None,
) -> None:
    """Gather what a CSV file holds by a profile; ``meter`` names the one meter of a file that names none.

    :raises UnreadableFile: if its first line does not name the columns, or there are no rows
    """
    reader = csv.reader(_guarded(lines), delimiter=profile.delimiter)
    header = [text.strip() for text in next(reader, [])]
    if not header:
        raise UnreadableFile(f"{name}: the file is empty")
    rows = _Rows(header, gathered, profile=profile, zone=zone, name=name, meter=meter)
    count = 0
    for row in reader:
        if any(row):
            count += 1
            rows.take(row, line=reader.line_num)
    if not count:
        raise UnreadableFile(f"{name}: there is no row below the first line")


def _guarded(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines so that none can hide another: a lone quote would swallow what follows it."""
    for line in lines:
        if len(line) > LINE_MAX or line.count('"') % 2:
            yield line[:LINE_MAX].replace('"', _NO_TEXT)
        else:
            yield line


class _Rows:
    def __init__(
        self,
        header: list[str],
        gathered: Gathered,
        *,
        profile: Profile,
        zone: ZoneInfo,
        name: str,
        meter: str | None,
    ) -> None:
        self._profile = profile
        self._gathered = gathered
        self._name = name
        self._header = [text.lower() for text in header]
        self._clock = LocalClock(zone)
        self._width = len(header)
        self._meter = meter
        self._time = self._required(profile.time.columns)
        self._end = self._place(profile.time.end)
        if self._end is None and profile.time.end and profile.minutes is None:
            self._required(profile.time.end)
        self._meter_place = self._place(profile.meter)
        self._register = self._place(profile.register)
        self._unit = self._place(profile.unit)
        self._quality = None if profile.quality is None else self._place(profile.quality.columns)
        self._cells = list(self._value_cells(header))
        if self._meter_place is None and meter is None and any(cell.meter is None for cell in self._cells):
            raise UnreadableFile(f"{name}: no column names the meter: say whose the file is (--meter)")

    def _place(self, columns: list[str]) -> int | None:
        """Return the place of the first of some columns that is there."""
        for column in columns:
            if (wanted := column.strip().lower()) in self._header:
                return self._header.index(wanted)
        return None

    def _required(self, columns: list[str]) -> int:
        place = self._place(columns)
        if place is None:
            raise UnreadableFile(f"{self._name}: the first line must name a column {' or '.join(columns)}")
        return place

    def _value_cells(self, header: list[str]) -> Iterator[_Cell]:
        profile = self._profile
        named = {self._time, self._end, self._meter_place, self._register, self._unit, self._quality}
        for value in profile.values:
            if "*" in value.columns:
                continue
            place = self._required(value.columns)
            named.add(place)
            yield _Cell(place, value, None)
        for value in profile.values:
            if "*" in value.columns:
                for place, text in enumerate(header):
                    if place not in named and text:
                        yield _Cell(place, value, text)

    def take(self, row: list[str], *, line: int) -> None:
        """Take a row."""
        meter = None
        try:
            self._check_width(row)
            if self._meter_place is not None:
                meter = checked_name(row[self._meter_place], what="meter")
            start_s, end_s = self._times(row, meter=meter or "")
            quality = self._quality_of(row)
        except (BadLine, BadValue) as error:
            self._gathered.add_fault(line, error, meter=meter)
            return
        except NoSuchLocalTime as error:
            self._gathered.add_fault(line, BadLine("no_such_local_time", str(error)), meter=meter)
            return
        for cell in self._cells:
            try:
                self._take_cell(row, cell, start_s, end_s, meter=meter, quality=quality, line=line)
            except (BadLine, BadValue) as error:
                self._gathered.add_fault(line, error, meter=meter or cell.meter or self._meter)

    def _check_width(self, row: list[str]) -> None:
        if len(row) < self._width:
            raise BadLine("missing_columns", f"{len(row)} columns, and the first line has {self._width}")

    def _take_cell(
        self,
        row: list[str],
        cell: _Cell,
        start_s: int,
        end_s: int,
        *,
        meter: str | None,
        quality: Quality,
        line: int,
    ) -> None:
        text = row[cell.place].strip()
        register = cell.value.register
        if self._register is not None:
            register = row[self._register].strip()
            if not is_register_name(register):
                raise BadLine("bad_register", f"register {register[:40]!r} is no name such as import")
        unit = row[self._unit].strip() if self._unit is not None else cell.value.unit or ""
        name = checked_name(meter or cell.meter or self._meter or "", what="meter")
        base, micro = _micro(text or "0", unit, end_s - start_s, cell.value.places, self._profile.decimal)
        channel = Channel(name, register, base)
        quality = quality if text else Quality.NONE
        if self._profile.kind == "interval":
            self._gathered.add_interval(channel, start_s, end_s, micro, quality=quality, line=line)
        else:
            self._gathered.add_value(channel, end_s, micro, quality=quality, line=line)

    def _times(self, row: list[str], *, meter: str) -> tuple[int, int]:
        """Return the seconds of an interval's start and end; both are that of a register's value."""
        time = self._profile.time
        # in a repeated hour, starts and ends are each told apart by their own order
        found = self._second(row[self._time], clock_of=f"{meter} start")
        if time.means == "instant":
            return found, found
        if self._end is not None:
            return found, self._second(row[self._end], clock_of=f"{meter} end")
        seconds = (self._profile.minutes or 0) * 60
        return (found, found + seconds) if time.means == "start" else (found - seconds, found)

    def _second(self, text: str, *, clock_of: str) -> int:
        form = self._profile.time.format
        try:
            if form == "iso":
                instant = datetime.fromisoformat(text.strip())
            else:
                instant = datetime.strptime(text.strip(), form)  # noqa: DTZ007 - the file's zone is the clock's
        except ValueError:
            wanted = "ISO 8601, such as 2025-03-01T12:00:00Z" if form == "iso" else form
            raise BadLine("bad_time", f"time {text.strip()[:40]!r} is not {wanted}") from None
        if instant.tzinfo is not None:
            return (instant - _EPOCH_UTC) // _SECOND
        try:
            return self._clock.to_utc_s((instant - _EPOCH) // _SECOND, meter=clock_of)
        except OverflowError:
            raise BadLine("time_out_of_range", "there is no such year") from None

    def _quality_of(self, row: list[str]) -> Quality:
        if self._quality is None or self._profile.quality is None:
            return Quality.FINAL
        found = row[self._quality].strip().lower()
        estimates = {word.lower() for word in self._profile.quality.estimates}
        return Quality.ESTIMATE if found in estimates else Quality.FINAL


@lru_cache(maxsize=65_536)
def _micro(text: str, unit: str, seconds: int, places: int | None, decimal: str) -> tuple[str, int]:
    """Return the base unit, and a value in millionths of it; of average power what it makes in ``seconds``.

    Average power makes the nearest millionth of a kWh, half of one upwards.
    """
    value = number(text.replace(".", "").replace(",", ".") if decimal == "," else text)
    if places is not None and value.is_finite() and value.adjusted() < 15:  # noqa: PLR2004 - inside 28 digits
        value = value.quantize(Decimal(1).scaleb(-places))
    power = POWERS.get(unit.strip().lower()) if seconds else None
    if power is None:
        base, scale = base_unit(unit)
        return base, value_micro(value, scale=scale)
    return "kWh", (2 * value_micro(value, scale=power) * seconds + _HOUR_S) // (2 * _HOUR_S)
