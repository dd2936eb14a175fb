"""Times as DLMS meters write them (12 bytes), both ways. Pure."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_BYTES = 12
_UNKNOWN_BYTE, _UNKNOWN_DEVIATION = 0xFF, -0x8000
_INVALID, _SUMMER = 0x01, 0x80
_DEVIATION_MAX = 14 * 60
_MINUTE_S = 60


def clock_s(raw: bytes, *, zone: ZoneInfo | None, is_reversed: bool = False) -> int | None:
    """Return seconds since 1970 of a date-time; None if it is invalid or not whole.

    The deviation is what must be added to the wall clock to get UTC, in minutes; ``is_reversed`` is for
    meters that write it the other way round. Without one the time is that of ``zone``, else UTC; the
    summer flag tells which of two equal hours is meant.
    """
    if len(raw) != _BYTES or (raw[11] != _UNKNOWN_BYTE and raw[11] & _INVALID):
        return None
    second = 0 if raw[7] == _UNKNOWN_BYTE else raw[7]
    try:
        shown = datetime(  # noqa: DTZ001 - a wall clock; its zone follows
            int.from_bytes(raw[:2], "big"), raw[2], raw[3], raw[5], raw[6], second
        )
    except ValueError:
        return None
    deviation = int.from_bytes(raw[9:11], "big", signed=True)
    if deviation == _UNKNOWN_DEVIATION:
        return _in_zone(shown, zone, is_summer=raw[11] != _UNKNOWN_BYTE and bool(raw[11] & _SUMMER))
    if abs(deviation) > _DEVIATION_MAX:
        return None
    return calendar.timegm(shown.timetuple()) + (-deviation if is_reversed else deviation) * _MINUTE_S


def _in_zone(shown: datetime, zone: ZoneInfo | None, *, is_summer: bool) -> int:
    local = shown.replace(tzinfo=zone or UTC)
    folded = local.replace(fold=1)
    if not is_summer and local.dst() and not folded.dst():
        local = folded
    return calendar.timegm(local.astimezone(UTC).timetuple())


def clock_bytes(taken_s: int, *, zone: ZoneInfo | None, is_reversed: bool = False) -> bytes:
    """Return the date-time of seconds since 1970, as the clock on the wall of ``zone`` with its deviation."""
    taken = (datetime.fromtimestamp(0, UTC) + timedelta(seconds=taken_s)).astimezone(zone or UTC)
    offset = taken.utcoffset() or timedelta()
    minutes = (offset.days * 86_400 + offset.seconds) // _MINUTE_S
    deviation = (minutes if is_reversed else -minutes).to_bytes(2, "big", signed=True)
    day = [taken.month, taken.day, taken.isoweekday(), taken.hour, taken.minute, taken.second, 0]
    return taken.year.to_bytes(2, "big") + bytes(day) + deviation + bytes([_SUMMER if taken.dst() else 0])
