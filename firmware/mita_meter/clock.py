"""Time: milliseconds since the start that do not come round, and seconds since 1970 once they are known."""

from .pulses import ticks_since

# 2025-01-01: a clock that says less was never set
_KNOWN_S = 1_735_689_600


class Clock:
    """``ticks_ms`` comes round after twelve days; ``wall_s`` is what the board's clock says."""

    def __init__(self, *, ticks_ms, wall_s) -> None:
        self._ticks_ms, self._wall_s = ticks_ms, wall_s
        self._last = ticks_ms()
        self.uptime_ms = 0

    def turn(self) -> None:
        """Note that time passes; to be called at least once a week."""
        ticks = self._ticks_ms()
        self.uptime_ms += ticks_since(ticks, self._last)
        self._last = ticks

    @property
    def uptime_s(self) -> int:
        """Whole seconds since the start."""
        return self.uptime_ms // 1000

    def now_s(self) -> int | None:
        """Return seconds since 1970, UTC; None as long as nobody has told them."""
        wall_s = self._wall_s()
        return wall_s if wall_s >= _KNOWN_S else None
