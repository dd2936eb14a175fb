"""Local times without a zone, as meters' files hold them, into instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_DAY_S = 86_400
_EPOCH_DAY = datetime(1970, 1, 1)  # noqa: DTZ001 - local days are counted without a zone


class NoSuchLocalTime(ValueError):
    """A local time that the clock skipped."""


class LocalClock:
    """Turns local seconds into UTC seconds, file row by file row.

    The hour that a zone repeats is told apart by the order of a meter's rows: once the local time does not
    advance, the rest of that hour is its second run.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._offsets: dict[int, int | None] = {}
        self._repeated: dict[str, tuple[int, bool]] = {}

    def to_utc_s(self, local_s: int, *, meter: str) -> int:
        """Return the UTC seconds of ``local_s`` (seconds since 1970, local clock) in a row of ``meter``.

        :raises NoSuchLocalTime: if the clock skipped that time
        """
        day = local_s // _DAY_S
        offset = self._offsets.get(day, 0) if day in self._offsets else self._offset_of(day)
        if offset is None:
            return self._on_a_change_day(local_s, meter=meter)
        return local_s - offset

    def _offset_of(self, day: int) -> int | None:
        """Return the day's offset in seconds, None if the clock changes near it."""
        midnight = _EPOCH_DAY + day * _DAY
        offsets = {
            (midnight + step * _DAY).replace(tzinfo=self._zone, fold=fold).utcoffset()
            for step in (0, 1)
            for fold in (0, 1)
        }
        found = None
        if len(offsets) == 1:
            (offset,) = offsets
            assert offset is not None, "a zone has an offset"
            found = offset // timedelta(seconds=1)
        self._offsets[day] = found
        return found

    def _on_a_change_day(self, local_s: int, *, meter: str) -> int:
        naive = _EPOCH_DAY + timedelta(seconds=local_s)
        first = naive.replace(tzinfo=self._zone, fold=0)
        second = naive.replace(tzinfo=self._zone, fold=1)
        first_offset, second_offset = first.utcoffset(), second.utcoffset()
        assert first_offset is not None, "a zone has an offset"
        assert second_offset is not None, "a zone has an offset"
        if first_offset == second_offset:
            return _seconds(first)
        if first_offset < second_offset:
            raise NoSuchLocalTime(f"{naive.isoformat()} was skipped by the clock in {self._zone.key}")
        before, is_second = self._repeated.get(meter, (-1, False))
        if before >= 0 and abs(local_s - before) < _DAY_S:
            is_second = is_second or local_s <= before
        else:
            is_second = False
        self._repeated[meter] = (local_s, is_second)
        return _seconds(second if is_second else first)


def _seconds(instant: datetime) -> int:
    return (instant.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
