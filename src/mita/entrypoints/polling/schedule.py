"""When a device is asked: at whole intervals of the wall clock, a little spread; later if it is silent."""

from __future__ import annotations

from zlib import crc32

_SPREAD_S_MAX = 30
_PATIENCE_FIRST_S = 30
PATIENCE_S_MAX = 900


def spread_s(name: str, *, every_s: int) -> int:
    """Return how many seconds after the full interval a device is asked: always the same, at most 30."""
    return crc32(name.encode()) % (min(every_s // 10, _SPREAD_S_MAX) + 1)


def next_s(now_s: int, *, name: str, every_s: int) -> int:
    """Return when a device is asked next, after ``now_s``: with 900 s at every quarter hour, UTC."""
    spread = spread_s(name, every_s=every_s)
    return ((now_s - spread) // every_s + 1) * every_s + spread


def first_s(now_s: int, *, name: str, every_s: int, last_s: int | None) -> int:
    """Return when a device is asked first: at once if it was not asked in this interval yet."""
    if last_s is None or last_s < next_s(now_s, name=name, every_s=every_s) - every_s:
        return now_s
    return next_s(now_s, name=name, every_s=every_s)


def after_failure_s(now_s: int, *, failures: int) -> int:
    """Return when a device that failed so often in a row is tried again: 30 s, a minute, .. 15 minutes."""
    return int(now_s + min(_PATIENCE_FIRST_S << min(failures - 1, 10), PATIENCE_S_MAX))


def kept_s(due_s: int, *, now_s: int, every_s: int) -> int:
    """Return a due time that is not further away than any can be: the wall clock may have been set back."""
    return min(due_s, now_s + max(every_s + _SPREAD_S_MAX, PATIENCE_S_MAX))
