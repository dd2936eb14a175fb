"""NEM12: consumption by intervals, a day a row. Pure.

``100`` header · ``200`` a data stream · ``300`` its values of a day · ``400`` the quality of a part of the
day, where the 300 row says V · ``500`` readings by people, which are passed over · ``900`` end. Value i is
what was used in the interval that ends at i times the interval's length. Suffix E1 is the import of the meter
that the NMI names, B1 its export; E2 is that of a meter ``NMI/2``. Other suffixes carry no money.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mita.drivers.files.gathered import BadLine, Channel, Gathered, Quality, UnreadableFile, quantity
from mita.drivers.files.nem import (
    LINE_MAX,
    QUALITY,
    check_header,
    fields_of,
    meter_name,
    midnight_s,
    quality_of,
)
from mita.drivers.localtime import LocalClock, NoSuchLocalTime
from mita.kit.quantity import BadValue, base_unit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

_REGISTERS = {"E": "import", "B": "export"}
_SUFFIX = re.compile(r"[A-Z][0-9A-Z]", re.IGNORECASE)
# a line that goes on with the values of the 300 row before it begins otherwise
_BEGINS_A_ROW = re.compile(
    r"\s*(100,\s*NEM|200,[^,]*,[^,]*,[^,]*,\s*[A-Z]|300,\s*\d{8},|400,\s*\d+,\s*\d+,\s*[A-Z]|500,|900\s*(,|$))",
    re.IGNORECASE,
)
_DAY_MINUTES = 1_440
_LENGTHS = {1, 5, 10, 15, 30, 60}
_STREAM_FIELDS = 9


@dataclass(slots=True)
class _Stream:
    """A 200 row; without a channel it carries no money, or something is wrong with it."""

    line: int
    minutes: int
    channel: Channel | None = None
    scale: int = 0
    left_out: str = ""

    @property
    def count(self) -> int:
        return _DAY_MINUTES // self.minutes


@dataclass(slots=True)
class _Day:
    """A 300 row, until its 400 rows are read."""

    line: int
    stream: _Stream
    start_s: int
    values: list[str]
    flag: str
    qualities: list[Quality | None] = field(default_factory=list)
    is_good: bool = True


def read_nem12(lines: Iterable[str], gathered: Gathered, *, zone: ZoneInfo, name: str) -> None:
    """Gather the intervals of a NEM12 file; ``zone`` is that of its days.

    :raises UnreadableFile: if it is no NEM12, or holds no values
    """
    reader = _Nem12(gathered, clock=LocalClock(zone), name=name)
    number = 0
    for number, line in enumerate(lines, start=1):
        reader.take(number, line.rstrip("\r\n"))
    reader.finish(number)


class _Nem12:
    def __init__(self, gathered: Gathered, *, clock: LocalClock, name: str) -> None:
        self._gathered = gathered
        self._clock = clock
        self._name = name
        self._has_header = False
        self._has_begun = False
        self._rows = 0
        self._stream: _Stream | None = None
        self._day: _Day | None = None
        # an unfinished 300 row: its line and what stands there so far
        self._open: tuple[int, str] | None = None

    def take(self, line: int, text: str) -> None:
        """Take the next line."""
        if self._open is not None:
            opened, before = self._open
            if not _BEGINS_A_ROW.match(text) and len(before) + len(text) < LINE_MAX:
                joint = "" if before.endswith(",") or text.startswith(",") else ","
                self._row_300(opened, before + joint + text.strip())
                return
            self._open = None
            self._day_of(opened, fields_of(before))
        if not text.strip():
            return
        if len(text) > LINE_MAX:
            self._fault(line, BadLine("too_long", f"the line has more than {LINE_MAX} characters"))
        elif text.lstrip().startswith("300,"):
            self._end_day()
            self._require_header(line, ["300"])
            self._row_300(line, text)
        else:
            self._row(line, fields_of(text))

    def finish(self, line: int) -> None:
        """End the file."""
        if self._open is not None:
            opened, before = self._open
            self._open = None
            self._day_of(opened, fields_of(before))
        self._end_day()
        if not self._has_begun:
            raise UnreadableFile(f"{self._name}: the file is empty")
        if self._has_header:
            self._fault(line, BadLine("no_end", "the file ends without a 900 row: what follows is missing"))
        if not self._rows:
            raise UnreadableFile(f"{self._name}: line {line}: there is no row of values (300) in the file")

    def _fault(self, line: int, error: BadLine | BadValue) -> None:
        channel = None if self._stream is None else self._stream.channel
        self._gathered.add_fault(line, error, meter=None if channel is None else channel.meter)

    def _require_header(self, line: int, fields: list[str]) -> None:
        if self._has_header:
            return
        if not self._has_begun:
            check_header(fields, version="NEM12", line=line, name=self._name)
        raise UnreadableFile(f"{self._name}: line {line}: a row stands after the 900 row, without a 100 row")

    def _row(self, line: int, fields: list[str]) -> None:
        kind = fields[0]
        if kind == "400":
            self._row_400(line, fields)
            return
        self._end_day()
        if kind == "100" and not self._has_header:
            check_header(fields, version="NEM12", line=line, name=self._name)
            self._has_header = self._has_begun = True
            return
        self._require_header(line, fields)
        if kind == "200":
            self._row_200(line, fields)
        elif kind == "900":
            self._has_header = False
            self._stream = None
        elif kind != "500":
            self._fault(line, BadLine("unknown_row", f"{kind[:20]!r} begins no row of a NEM12 file"))

    def _row_200(self, line: int, fields: list[str]) -> None:
        self._stream = None
        try:
            self._stream = self._stream_of(line, fields)
        except (BadLine, BadValue) as error:
            self._fault(line, error)

    def _stream_of(self, line: int, fields: list[str]) -> _Stream:
        if len(fields) < _STREAM_FIELDS:
            raise BadLine(
                "missing_fields", f"a 200 row has at least {_STREAM_FIELDS} fields, this one {len(fields)}"
            )
        nmi, suffix, unit, length = fields[1], fields[4].upper(), fields[7], fields[8]
        if not length.isascii() or not length.isdecimal() or int(length[:6]) not in _LENGTHS:
            raise BadLine("bad_interval", f"{length[:10]!r} is no length of an interval in minutes")
        if not _SUFFIX.fullmatch(suffix):
            raise BadLine("bad_suffix", f"{suffix[:10]!r} is no suffix such as E1")
        stream = _Stream(line, int(length))
        register = _REGISTERS.get(suffix[0])
        if register is None:
            stream.left_out = f"suffix {suffix[0]} ({unit.lower()[:10] or 'no unit'})"
            return stream
        base, stream.scale = base_unit(unit)
        if base != "kWh":
            raise BadLine("wrong_unit", f"suffix {suffix} counts energy, and not {unit[:10]!r}")
        stream.channel = Channel(meter_name(nmi, suffix[1]), register, base)
        return stream

    def _row_300(self, line: int, text: str) -> None:
        """Take a 300 row, which may go on in the next line."""
        fields = fields_of(text)
        stream = self._stream
        wanted = 0 if stream is None else stream.count + 3
        if len(fields) < wanted and not any(QUALITY.fullmatch(field) for field in fields[2:]):
            self._open = (line, text)
            return
        self._open = None
        self._day_of(line, fields)

    def _day_of(self, line: int, fields: list[str]) -> None:
        self._rows += 1
        stream = self._stream
        if stream is None:
            # the 200 row was bad, and was told so; 400 rows belong to this one
            self._day = _Day(line, _Stream(line, 30), 0, [], "A", is_good=False)
            return
        self._day = _Day(line, stream, 0, [], "A", is_good=False)
        try:
            self._day = _day(line, fields, stream, clock=self._clock)
        except (BadLine, NoSuchLocalTime) as error:
            self._fault(line, error if isinstance(error, BadLine) else BadLine("bad_time", str(error)))

    def _row_400(self, line: int, fields: list[str]) -> None:
        day = self._day
        if day is None:
            self._fault(line, BadLine("stray_row", "a 400 row belongs after a 300 row"))
        elif day.is_good:
            try:
                _set_quality(day, fields)
            except BadLine as error:
                day.is_good = False
                self._fault(line, error)

    def _end_day(self) -> None:
        day, self._day = self._day, None
        if day is None or not day.is_good:
            return
        if None in day.qualities:
            place = day.qualities.index(None) + 1
            detail = f"the quality of interval {place} of {len(day.values)} is told by no 400 row"
            self._fault(day.line, BadLine("missing_quality", detail))
        elif day.stream.channel is not None:
            self._add(day, day.stream.channel)
        else:
            self._gathered.left_out[day.stream.left_out] += len(day.values)

    def _add(self, day: _Day, channel: Channel) -> None:
        """Add the intervals of a day: all of them, or none."""
        try:
            found = [
                0 if quality is Quality.NONE and not text else quantity(text, day.stream.scale)
                for text, quality in zip(day.values, day.qualities, strict=True)
            ]
            seconds = day.stream.minutes * 60
            for place, (micro, quality) in enumerate(zip(found, day.qualities, strict=True)):
                start_s = day.start_s + place * seconds
                assert quality is not None, "a day whose qualities are not told is a fault"
                self._gathered.add_interval(
                    channel, start_s, start_s + seconds, micro, quality=quality, line=day.line
                )
        except (BadLine, BadValue) as error:
            self._fault(day.line, error)


def _day(line: int, fields: list[str], stream: _Stream, *, clock: LocalClock) -> _Day:
    """Return a 300 row."""
    found = next((place for place, text in enumerate(fields[2:]) if QUALITY.fullmatch(text)), None)
    if found is None:
        detail = f"the values are not followed by their quality; {stream.count} values are due"
        raise BadLine("missing_fields", detail)
    if found != stream.count:
        detail = (
            f"there are {found} values, and a day of {stream.minutes} minutes"
            f" (line {stream.line}) has {stream.count}"
        )
        raise BadLine("wrong_count", detail)
    flag = fields[2 + found]
    is_variable = flag.upper().startswith("V")
    qualities = [None if is_variable else quality_of(flag)] * stream.count
    start_s = midnight_s(fields[1], clock=clock)
    return _Day(line, stream, start_s, fields[2 : 2 + found], flag, list(qualities))


def _set_quality(day: _Day, fields: list[str]) -> None:
    if len(fields) < 4:  # noqa: PLR2004 - row, from, to, quality
        raise BadLine("missing_fields", f"a 400 row has at least 4 fields, this one {len(fields)}")
    first, last = (int(text) if text.isascii() and text.isdecimal() else 0 for text in fields[1:3])
    if not 1 <= first <= last <= len(day.values):
        detail = f"{fields[1][:6]} to {fields[2][:6]} is no part of the {len(day.values)} of line {day.line}"
        raise BadLine("bad_range", detail)
    quality = quality_of(fields[3])
    day.qualities[first - 1 : last] = [quality] * (last - first + 1)
