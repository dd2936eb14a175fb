"""Readings from files: rows into batches, every bad row with its line and reason."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import IO, TYPE_CHECKING

from mita.drivers.files import UnreadableFile
from mita.drivers.localtime import LocalClock, NoSuchLocalTime
from mita.kit.clock import to_us
from mita.kit.quantity import BadValue, base_unit, value_micro
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

DAIAD_HEADER = ["user key", "datetime", "meter reading", "diff"]
READINGS_HEADER = ["meter", "register", "taken_at", "value", "unit"]
_LITRE_MICRO = 1_000
_NAME_MAX = 100
_LINE_MAX = 10_000
_NO_TEXT = "\ufffd"  # what stands for bytes that are no text
_DAYS_1970 = 719_163


@dataclass(slots=True)
class Rows:
    """Some consecutive rows of a file: columns of the good ones, rejections of the others.

    ``progress`` is how much of the whole they are, in the measure in which the whole is told.
    """

    key: list[tuple[str, str, str]] = field(default_factory=list)
    taken_s: list[int] = field(default_factory=list)
    value_micro: list[int] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    progress: int = 0

    def __len__(self) -> int:
        return len(self.key) + len(self.rejected)


class _BadRow(ValueError):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@contextmanager
def opened(path: Path, *, suffix: str = ".csv") -> Iterator[tuple[IO[bytes], int]]:
    """Open a file, or the one file in a zip whose name ends so, and tell its size."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            members = [
                m
                for m in archive.infolist()
                if m.filename.lower().endswith(suffix)
                and not m.is_dir()
                and not m.filename.startswith("__MACOSX/")
            ]
            if len(members) != 1:
                kind = f"{suffix} file".lstrip()
                raise UnreadableFile(
                    f"{path.name}: a zip must hold one {kind}, this one holds {len(members)}"
                )
            try:
                stream = archive.open(members[0])
            except RuntimeError as error:
                # a password, or a way of packing that Python does not know
                raise UnreadableFile(f"{path.name}: {error}") from error
            with stream:
                yield stream, members[0].file_size
    else:
        with path.open("rb") as stream:
            yield stream, path.stat().st_size


def size_of(path: Path, *, suffix: str = ".csv") -> int:
    """Return how many bytes of text a file holds, unpacked."""
    with opened(path, suffix=suffix) as (_, size):
        return size


def read_rows(path: Path, *, layout: str, zone: ZoneInfo, rows_a_piece: int) -> Iterator[Rows]:
    """Yield the file's rows, ``rows_a_piece`` at a time.

    :raises UnreadableFile: if it cannot be opened, is no text, or its header is another
    """
    try:
        with opened(path) as (stream, _):
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
            yield from _pieces(text, path, layout=layout, zone=zone, rows_a_piece=rows_a_piece)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, csv.Error) as error:
        raise UnreadableFile(f"{path}: {error}") from error


def _pieces(
    text: Iterable[str], path: Path, *, layout: str, zone: ZoneInfo, rows_a_piece: int
) -> Iterator[Rows]:
    delimiter, header = (";", DAIAD_HEADER) if layout == "daiad" else (",", READINGS_HEADER)
    reader = csv.reader(_lines(text), delimiter=delimiter)
    found = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in header if name not in found]
    if missing:
        raise UnreadableFile(
            f"{path.name}: the first line must name {delimiter.join(header)}; missing: {missing[0]}"
        )
    places = [found.index(name) for name in header]
    parse = _daiad_parser(zone) if layout == "daiad" else _readings_parser(zone)
    source = f"file:{path.name}"[:_NAME_MAX]
    piece = Rows()
    for row in reader:
        if not row:
            continue
        _take(piece, row, places=places, parse=parse, line=reader.line_num, source=source)
        piece.progress += sum(map(len, row)) + len(row)
        if len(piece) >= rows_a_piece:
            yield piece
            piece = Rows()
    if len(piece):
        yield piece


def _lines(text: Iterable[str]) -> Iterator[str]:
    """Yield the lines so that none can hide another: a lone quote would swallow what follows it."""
    for line in text:
        if len(line) > _LINE_MAX or line.count('"') % 2:
            yield line[:_LINE_MAX].replace('"', _NO_TEXT)
        else:
            yield line


def _take(
    piece: Rows,
    row: list[str],
    *,
    places: list[int],
    parse: Callable[[list[str]], tuple[tuple[str, str, str], int, int]],
    line: int,
    source: str,
) -> None:
    try:
        key, taken_s, value = parse([row[place] for place in places])
    except IndexError:
        _refuse(piece, row, code="missing_columns", detail=f"line {line}: too few columns", source=source)
    except (BadValue, _BadRow) as error:
        _refuse(piece, row, code=error.code, detail=f"line {line}: {error}", source=source)
    except NoSuchLocalTime as error:
        _refuse(piece, row, code="no_such_local_time", detail=f"line {line}: {error}", source=source)
    except OverflowError:
        _refuse(piece, row, code="time_out_of_range", detail=f"line {line}: no such year", source=source)
    else:
        piece.key.append(key)
        piece.taken_s.append(taken_s)
        piece.value_micro.append(value)


def _refuse(piece: Rows, row: list[str], *, code: str, detail: str, source: str) -> None:
    meter = truncated(row[0])[:_NAME_MAX]
    piece.rejected.append(Rejection(source, meter, None, truncated(",".join(row)), code, detail[:500]))


def _name(text: str, *, what: str) -> str:
    if not 1 <= len(text) <= _NAME_MAX or not text.isprintable() or _NO_TEXT in text:
        raise _BadRow(f"bad_{what}", f"{what} {text[:40]!r} must be 1 to {_NAME_MAX} printable characters")
    return text


def _number(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise _BadRow("not_a_number", f"value {text[:40]!r} is not a number") from None


def _daiad_parser(zone: ZoneInfo) -> Callable[[list[str]], tuple[tuple[str, str, str], int, int]]:
    clock = LocalClock(zone)
    days: dict[str, int] = {}
    keys: dict[str, tuple[str, str, str]] = {}

    def parse(row: list[str]) -> tuple[tuple[str, str, str], int, int]:
        meter, taken, value, _ = row
        key = keys.get(meter)
        if key is None:
            key = keys[meter] = (_name(meter, what="meter"), "import", "m3")
        day = days.get(taken[:10])
        if day is None:
            day = days[taken[:10]] = _daiad_day(taken[:10])
        taken_s = clock.to_utc_s(day + _second_of_day(taken[10:]), meter=meter)
        if value.isdecimal() and len(value) <= 12:  # noqa: PLR2004 - 12 digits of litres stay far inside 64 bits
            return key, taken_s, int(value) * _LITRE_MICRO
        return key, taken_s, value_micro(_number(value), scale=_LITRE_MICRO)

    return parse


def _daiad_day(text: str) -> int:
    try:
        return (datetime.strptime(text, "%d/%m/%Y").toordinal() - _DAYS_1970) * 86_400  # noqa: DTZ007 - a local date
    except ValueError:
        raise _BadRow("bad_time", f"date {text!r} is not dd/mm/yyyy") from None


def _second_of_day(text: str) -> int:
    parts = text.strip().split(":")
    if len(parts) == 3 and all(part.isdecimal() and len(part) <= 2 for part in parts):  # noqa: PLR2004 - hh:mm:ss
        hours, minutes, seconds = map(int, parts)
        if hours < 24 and minutes < 60 and seconds < 60:  # noqa: PLR2004 - a clock
            return hours * 3600 + minutes * 60 + seconds
    raise _BadRow("bad_time", f"time {text.strip()[:20]!r} is not hh:mm:ss")


def _readings_parser(zone: ZoneInfo) -> Callable[[list[str]], tuple[tuple[str, str, str], int, int]]:
    clock = LocalClock(zone)
    keys: dict[tuple[str, str, str], tuple[tuple[str, str, str], int]] = {}

    def parse(row: list[str]) -> tuple[tuple[str, str, str], int, int]:
        meter, register, taken, value, unit = row
        known = keys.get((meter, register, unit))
        if known is None:
            base, scale = base_unit(unit)
            key = (_name(meter.strip(), what="meter"), _name(register.strip(), what="register"), base)
            known = keys[meter, register, unit] = (key, scale)
        return (
            known[0],
            _instant_s(taken, clock=clock, meter=meter),
            value_micro(_number(value), scale=known[1]),
        )

    return parse


def _instant_s(text: str, *, clock: LocalClock, meter: str) -> int:
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _BadRow(
            "bad_time", f"taken_at {text[:40]!r} is not ISO 8601, such as 2025-03-01T12:00:00Z"
        ) from None
    if instant.tzinfo is not None:
        return to_us(instant) // 1_000_000
    local_s = (instant - datetime(1970, 1, 1)) // timedelta(seconds=1)  # noqa: DTZ001 - local, counted without a zone
    return clock.to_utc_s(local_s, meter=meter)
