"""When a device's clock may be set, so that no interval that it counts by is cut or counted twice. Pure."""

from __future__ import annotations

# how long the conversation may take, before and after
_MARGIN_S = 60


def setting_time_s(now_s: int, *, drift_s: int | None, interval_s: int) -> int | None:
    """Return the earliest time, from ``now_s`` on, at which a clock that is so far ahead may be set.

    Its time and ours must then lie in the same interval, a minute away from both edges; None: they never do.
    A device that counts by no interval (0) may be set at any time. Of one whose drift is not known it is
    taken to be small.
    """
    if not interval_s:
        return now_s
    early, late = min(0, drift_s or 0) - _MARGIN_S, max(0, drift_s or 0) + _MARGIN_S
    if late - early >= interval_s:
        return None
    start_s = (now_s + early) // interval_s * interval_s
    if now_s + late < start_s + interval_s:
        return now_s
    return start_s + interval_s - early
