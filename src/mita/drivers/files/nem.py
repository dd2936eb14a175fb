"""What NEM12 and NEM13 files (AEMO's meter data file format) have in common. Pure."""

from __future__ import annotations

import csv
import re
from datetime import datetime
from typing import TYPE_CHECKING

from mita.drivers.files.gathered import BadLine, Quality, UnreadableFile, checked_name

if TYPE_CHECKING:
    from mita.drivers.localtime import LocalClock

LINE_MAX = 20_000
QUALITY = re.compile(r"([ASFEVN])\d{0,2}", re.IGNORECASE)
# actual, substituted, finally substituted; an estimate will be replaced, and null is not known
_QUALITIES = {
    "A": Quality.FINAL,
    "S": Quality.FINAL,
    "F": Quality.FINAL,
    "E": Quality.ESTIMATE,
    "N": Quality.NONE,
}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local seconds are counted without a zone
_DATE = 8


def fields_of(line: str) -> list[str]:
    """Return the fields of a line without blanks around them."""
    fields = next(csv.reader([line]), []) if '"' in line else line.split(",")
    return [field.strip() for field in fields]


def quality_of(text: str) -> Quality:
    """Return a quality flag's meaning; V has none of its own.

    :raises BadLine: ``bad_quality``
    """
    found = QUALITY.fullmatch(text)
    quality = None if found is None else _QUALITIES.get(found[1].upper())
    if quality is None:
        raise BadLine("bad_quality", f"quality {text[:10]!r} is not A, S, F, E or N with perhaps a method")
    return quality


def check_header(fields: list[str], *, version: str, line: int, name: str) -> None:
    """Look whether the file begins as it must.

    :raises UnreadableFile: if it does not
    """
    if fields[0] != "100":
        raise UnreadableFile(
            f"{name}: line {line}: the file must begin with a 100 row that says {version},"
            f" and not with {fields[0][:20]!r}"
        )
    found = fields[1].upper() if len(fields) > 1 else ""
    if found != version:
        hint = f": read it with --format {found.lower()}" if found in {"NEM12", "NEM13"} else ""
        raise UnreadableFile(f"{name}: line {line}: the 100 row says {found[:20]!r}, not {version}{hint}")


def midnight_s(text: str, *, clock: LocalClock) -> int:
    """Return the second at which a day ``yyyymmdd`` begins.

    :raises BadLine: ``bad_time``
    """
    if len(text) != _DATE:
        raise BadLine("bad_time", f"date {text[:20]!r} is not yyyymmdd")
    return _local_s(text, "%Y%m%d", clock=clock)


def instant_s(text: str, *, clock: LocalClock) -> int:
    """Return the second of ``yyyymmddhhmmss``.

    :raises BadLine: ``bad_time``
    """
    if len(text) != _DATE + 6:
        raise BadLine("bad_time", f"time {text[:20]!r} is not yyyymmddhhmmss")
    return _local_s(text, "%Y%m%d%H%M%S", clock=clock)


def _local_s(text: str, form: str, *, clock: LocalClock) -> int:
    try:
        local = datetime.strptime(text, form)  # noqa: DTZ007 - the clock knows the zone
    except ValueError:
        raise BadLine("bad_time", f"{text[:20]!r} is no date and time") from None
    since = local - _EPOCH
    return clock.to_utc_s(since.days * 86_400 + since.seconds, meter="")


def meter_name(nmi: str, place: str) -> str:
    """Return the name of the meter behind a data stream: the NMI alone for the first one."""
    return checked_name(nmi if place in {"1", "11"} else f"{nmi}/{place}", what="meter")
