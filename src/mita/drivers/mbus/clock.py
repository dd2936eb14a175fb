"""The time that an M-Bus meter tells (type F): a wall clock, with or without summer time. Pure."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_BYTES = 4
_INVALID, _SUMMER = 0x80, 0x80
# years are two digits; the standard's century bits are wrong in as many meters as they are right
_CENTURY_ENDS = 81
_HOUR_S = 3_600


def wall_clock(data: bytes) -> tuple[datetime, bool] | None:
    """Return what a clock of type F shows, and whether it says it is summer time; None if it is invalid."""
    if len(data) != _BYTES or data[0] & _INVALID:
        return None
    year = (data[2] >> 5) | (data[3] >> 4) << 3
    year += 2000 if year < _CENTURY_ENDS else 1900
    try:
        shown = datetime(  # noqa: DTZ001 - a wall clock has no zone of its own
            year, data[3] & 0x0F, data[2] & 0x1F, data[1] & 0x1F, data[0] & 0x3F
        )
    except ValueError:
        return None
    return shown, bool(data[1] & _SUMMER)


def taken_s(data: bytes, *, zone: ZoneInfo | None, near_s: int) -> int | None:
    """Return the seconds since 1970 that a clock of type F means; None if it is invalid.

    Many meters stay on standard time all year, others follow summer time without saying so: of the two times
    that it may mean, the one nearer to ``near_s`` is taken.
    """
    found = wall_clock(data)
    if found is None:
        return None
    shown, is_summer = found
    if zone is None:
        return calendar.timegm(shown.timetuple())
    local = shown.replace(tzinfo=zone)
    offset = local.utcoffset() or timedelta()
    standard = offset - (local.dst() or timedelta())
    base_s = calendar.timegm(shown.timetuple())
    if is_summer:
        return base_s - _seconds(standard) - _HOUR_S
    meant = {base_s - _seconds(standard), base_s - _seconds(offset), _folded(local)}
    return min(meant, key=lambda each: (abs(each - near_s), each))


def _folded(local: datetime) -> int:
    return calendar.timegm(local.replace(fold=1).astimezone(UTC).timetuple())


def _seconds(span: timedelta) -> int:
    return span.days * 86_400 + span.seconds
