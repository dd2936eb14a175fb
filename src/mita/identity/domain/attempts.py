"""How often somebody may try, and how long it takes after that."""

from __future__ import annotations

from datetime import timedelta

FREE_FAILURES = 5
_LOCK_FIRST = timedelta(seconds=30)
_LOCK_MAX = timedelta(minutes=15)
# failures that are older than this are forgotten
FORGOTTEN_AFTER = timedelta(hours=24)


def lock_after(failures: int) -> timedelta | None:
    """Return how long an account is closed after failures in a row: 30 s, doubling, at most 15 minutes."""
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, 10)
    return min(_LOCK_FIRST * (1 << doublings), _LOCK_MAX)
