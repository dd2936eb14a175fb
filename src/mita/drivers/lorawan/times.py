"""Times as devices and servers write them: seconds, milliseconds or ISO 8601. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.kit.clock import to_us

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# before this a clock was never set: 2015-01-01
CLOCK_MIN_S = 1_420_070_400
# a clock that is further ahead than this is no clock
AHEAD_S_MAX = 86_400
_MILLISECONDS_MIN = 10**11
_SECONDS_MAX = 10**14
_FOLD_AHEAD_S = 300


def instant_s(value: Any, *, zone: ZoneInfo | None, received_s: int) -> int:
    """Return whole seconds since 1970 of a number of seconds or milliseconds, or of ISO 8601.

    Local times without an offset are in ``zone``; of an hour that repeats, the later one that is not ahead of
    when the message came.

    :raises ValueError: if it is no time, in words
    """
    if isinstance(value, str):
        text = value.strip()
        return (
            _seconds(Decimal(text)) if text.isascii() and text.isdecimal() else _iso_s(text, zone, received_s)
        )
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise ValueError("is neither a number nor a text")  # noqa: TRY004 - one kind of failure
    return _seconds(Decimal(value))


def _seconds(number: Decimal) -> int:
    if not number.is_finite() or not 0 <= number < _SECONDS_MAX:
        raise ValueError("is no number of seconds or milliseconds since 1970")
    whole = int(number)
    return whole // 1_000 if whole >= _MILLISECONDS_MIN else whole


def _iso_s(text: str, zone: ZoneInfo | None, received_s: int) -> int:
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text[:40]!r} is not a time in ISO 8601") from error
    if local.tzinfo is not None:
        return _utc_s(local)
    if zone is None:
        raise ValueError("is a local time, and no zone is set for the device")
    first, second = (_utc_s(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    return second if second <= received_s + _FOLD_AHEAD_S else first


def _utc_s(instant: datetime) -> int:
    try:
        return to_us(instant.astimezone(UTC)) // 1_000_000
    except OverflowError as error:
        raise ValueError("is beyond all calendars") from error
