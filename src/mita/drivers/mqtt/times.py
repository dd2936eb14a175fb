"""When a device says that something was: its own time, or why it cannot be taken. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.metering.domain import FUTURE_SECONDS_MAX

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(?P<zone>Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
# 2015-01-01: no gadget that is set was built before, and clocks that are not set begin at 1970 or 2000
SET_SECONDS_MIN = 1_420_070_400
# later than this in seconds is a time in milliseconds
_SECONDS_MAX = 10**11
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadTime(ValueError):
    """A device's time that means no instant, or none that can be."""


@dataclass(frozen=True, slots=True)
class Taken:
    """When something was said: seconds UTC, and whether the device's own time says so.

    ``fault`` tells why a time that it did send was not taken.
    """

    taken_s: int
    is_timed: bool = False
    fault: str | None = None

    @property
    def clock_s(self) -> int | None:
        """The device's own time, if it told one."""
        return self.taken_s if self.is_timed else None


def taken(value: Any, *, zone: ZoneInfo | None, received_s: int) -> Taken:
    """Return when something was said, from the time in a message; when it arrived if that tells none.

    ``value`` is a Decimal of seconds or milliseconds since 1970, a text in ISO 8601, or None. A text without
    an offset is local time in ``zone``; without a zone it tells nothing. An hour that the clock repeats is
    taken for its second run, unless the message came before that could be.
    """
    if value is None:
        return Taken(received_s)
    try:
        found = _instant_s(value, zone, received_s)
    except BadTime as bad:
        return Taken(received_s, fault=str(bad))
    if found is None:
        return Taken(received_s)
    if found < SET_SECONDS_MIN:
        return Taken(received_s, fault=f"the device's clock is not set: it says {str(value)[:40]}")
    if found > received_s + FUTURE_SECONDS_MAX:
        return Taken(received_s, fault=f"the device's clock is ahead: it says {str(value)[:40]}")
    return Taken(found, is_timed=True)


def _instant_s(value: Any, zone: ZoneInfo | None, received_s: int) -> int | None:
    if isinstance(value, Decimal):
        return _epoch_s(value)
    if isinstance(value, str) and len(value) < 40 and (match := _ISO.fullmatch(value)):  # noqa: PLR2004 - longer than any time
        try:
            read = datetime.fromisoformat(value.replace(",", "."))
            if match["zone"]:
                return (read - _EPOCH) // timedelta(seconds=1)
            return None if zone is None else _local_s(read, zone, received_s)
        except (ValueError, OverflowError) as error:
            if isinstance(error, BadTime):
                raise
            raise BadTime(f"{value!r} is no time") from error
    raise BadTime("the time is neither seconds since 1970 nor ISO 8601")


def _epoch_s(value: Decimal) -> int:
    if not value.is_finite() or value < 0 or value >= _SECONDS_MAX * 1000:
        raise BadTime("the time is no number of seconds since 1970")
    return int(value) if value < _SECONDS_MAX else int(value) // 1000


def _local_s(naive: datetime, zone: ZoneInfo, received_s: int) -> int:
    first, second = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    first_offset, second_offset = first.utcoffset(), second.utcoffset()
    assert first_offset is not None, "a zone has an offset"
    assert second_offset is not None, "a zone has an offset"
    if first_offset < second_offset:
        raise BadTime(f"the clock in {zone.key} skipped {naive.isoformat()}")
    # datetimes of one zone are subtracted as clocks on a wall
    first_s = (naive.replace(tzinfo=UTC) - first_offset - _EPOCH) // timedelta(seconds=1)
    second_s = (naive.replace(tzinfo=UTC) - second_offset - _EPOCH) // timedelta(seconds=1)
    return second_s if second_s <= received_s + FUTURE_SECONDS_MAX else first_s
