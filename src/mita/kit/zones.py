"""Local days and months of a zone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from datetime import datetime, tzinfo


class UnknownZone(ValueError):
    """A time zone name that is not in the IANA list."""


def zone(name: str) -> ZoneInfo:
    """Return the zone called ``name``, such as ``Africa/Johannesburg``.

    :raises UnknownZone: if there is none
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(f"{name[:60]!r} is not a time zone such as Africa/Johannesburg") from error


def local_month(instant: datetime, *, local: tzinfo) -> date:
    """Return the first day of the local month that ``instant`` lies in."""
    day = instant.astimezone(local).date()
    return day.replace(day=1)


def last_months(day: date, *, count: int) -> list[date]:
    """Return the first days of ``count`` months up to that of ``day``, and of the one after it."""
    number = day.year * 12 + day.month - 1
    return [date(each // 12, each % 12 + 1, 1) for each in range(number - count + 1, number + 2)]


def next_month(month: date) -> date:
    """Return the first day of the month after the one that ``month`` lies in."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
