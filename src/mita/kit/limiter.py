"""How often something may be asked for: counted in memory, or in Redis for all processes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from mita.kit.errors import RateLimited

if TYPE_CHECKING:
    from datetime import datetime

LIMITER = "limiter"


@dataclass(frozen=True, slots=True)
class Count:
    """What is left of a limit: requests, and seconds until there are more."""

    limit: int
    remaining: int
    reset_s: int
    is_allowed: bool


class Limiter:
    """Counts requests over the last minutes; ``store`` is ``memory`` or a ``redis://`` URL."""

    def __init__(self, store: str = "memory") -> None:
        url = "async+memory://" if store == "memory" else f"async+{store}"
        self._limiter = MovingWindowRateLimiter(storage_from_string(url))

    async def count(self, name: str, *, limit: int, minutes: int = 1, now: datetime) -> Count:
        """Count one request under a name; ``limit`` are allowed in any ``minutes``."""
        item = RateLimitItemPerMinute(limit, minutes)
        is_allowed = await self._limiter.hit(item, name)
        stats = await self._limiter.get_window_stats(item, name)
        reset_s = max(1, math.ceil(stats.reset_time - now.timestamp()))
        return Count(limit, stats.remaining, reset_s, is_allowed)

    async def check(self, name: str, *, limit: int, minutes: int = 1, now: datetime) -> None:
        """Count one request under a name.

        :raises RateLimited: if there were too many; this one counts as none
        """
        found = await self.count(name, limit=limit, minutes=minutes, now=now)
        if not found.is_allowed:
            raise RateLimited("too many attempts; try again later", retry_after_s=found.reset_s)
