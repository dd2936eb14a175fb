"""Local wall-clock time as arrays: where a zone's clock stands, second by second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

# shorter than any stretch between two clock changes of one zone
_PROBE_S = 6 * 3_600


@dataclass(frozen=True, slots=True, eq=False)
class LocalGrid:
    """Instants ``utc_s`` int64[m], ascending, and ``local_s``: wall-clock seconds since 1970-01-01 local."""

    utc_s: npt.NDArray[np.int64]
    local_s: npt.NDArray[np.int64]


def local_date(instant_s: int, *, zone: ZoneInfo) -> date:
    """Return the local date at a UTC second."""
    return datetime.fromtimestamp(instant_s, tz=UTC).astimezone(zone).date()


def local_grid(zone: ZoneInfo, *, start_s: int, end_s: int, step_s: int) -> LocalGrid:
    """Return every instant in [start_s, end_s) at which the wall clock shows a multiple of ``step_s``.

    The start and every clock change are in it too, so nothing that follows the wall clock changes in between.
    """
    utc, local = [], []
    for since, until, offset in _offsets(zone, start_s=start_s, end_s=end_s):
        first = -(-(since + offset) // step_s) * step_s
        marks = np.arange(first, until + offset, step_s, dtype=np.int64)
        if not len(marks) or marks[0] != since + offset:
            marks = np.concatenate((np.array([since + offset], dtype=np.int64), marks))
        local.append(marks)
        utc.append(marks - offset)
    return LocalGrid(utc_s=np.concatenate(utc), local_s=np.concatenate(local))


def _offsets(zone: ZoneInfo, *, start_s: int, end_s: int) -> list[tuple[int, int, int]]:
    spans = []
    since, offset = start_s, _offset_s(start_s, zone=zone)
    for probe in range(start_s, end_s + _PROBE_S, _PROBE_S):
        at = min(probe, end_s)
        if _offset_s(at, zone=zone) != offset:
            change = _change(zone, low=max(since, at - _PROBE_S), high=at)
            spans.append((since, change, offset))
            since, offset = change, _offset_s(change, zone=zone)
    spans.append((since, end_s, offset))
    return [span for span in spans if span[0] < span[1]]


def _change(zone: ZoneInfo, *, low: int, high: int) -> int:
    before = _offset_s(low, zone=zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_s(middle, zone=zone) == before:
            low = middle
        else:
            high = middle
    return high


def _offset_s(instant_s: int, *, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(instant_s, tz=zone).utcoffset()
    assert offset is not None, "a zone has an offset at any instant"
    return offset.days * 86_400 + offset.seconds
