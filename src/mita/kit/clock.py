"""The one place that knows what time it is, and times as whole microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MONTHS_AHEAD = 3


def now_utc() -> datetime:
    """Return the present instant; only entrypoints call this and pass it on as ``now``."""
    return datetime.now(tz=UTC)


def to_us(instant: datetime) -> int:
    """Return microseconds since 1970; ``instant`` must carry a zone."""
    assert instant.tzinfo is not None, "an instant without a zone is not an instant"
    return (instant - EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the UTC instant of ``microseconds`` since 1970."""
    return EPOCH + timedelta(microseconds=int(microseconds))


def coming_months(*, now: datetime) -> list[date]:
    """Return the first days of this month (UTC) and the next three: what partitions are made ahead for."""
    first = now.year * 12 + now.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(first, first + 1 + _MONTHS_AHEAD)]


def month_named(text: str) -> date:
    """Return the first day of a month written as ``2026-10``.

    :raises ValueError: if it is none
    """
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
