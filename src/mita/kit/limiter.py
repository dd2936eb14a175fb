"""How often something may be asked for: counted in memory, or in Redis for all processes."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from mita.kit.errors import RateLimited

if TYPE_CHECKING:
    from datetime import datetime

    from limits import RateLimitItem, WindowStats
    from limits.aio.strategies import RateLimiter

logger = logging.getLogger(__name__)
LIMITER = "limiter"
# nobody waits longer for a store that does not answer
_STORE_WAIT_S = 1


@dataclass(frozen=True, slots=True)
class Count:
    """What is left of a limit: requests, and seconds until there are more."""

    limit: int
    remaining: int
    reset_s: int
    is_allowed: bool


class Counting:
    """Counts by one strategy: in this process, or in a store of all of them, unless that is away.

    ``store`` is ``memory`` or a ``redis://`` URL. While the store is away each process counts for itself:
    limits are looser then, and nobody is shut out.
    """

    def __init__(self, store: str, *, strategy: type[RateLimiter]) -> None:
        self._own = strategy(MemoryStorage())
        self._shared: RateLimiter | None = None
        self._is_away = False
        if store != "memory":
            waits = {"socket_connect_timeout": _STORE_WAIT_S, "socket_timeout": _STORE_WAIT_S}
            self._shared = strategy(
                storage_from_string(f"async+{store}", implementation="redispy", wrap_exceptions=True, **waits)
            )

    async def hit(self, item: RateLimitItem, name: str) -> tuple[bool, WindowStats]:
        """Count one request under a name; return whether it is allowed, and what is left."""
        if self._shared is not None:
            try:
                found = await self._shared.hit(item, name), await self._shared.get_window_stats(item, name)
            except StorageError as error:
                if not self._is_away:
                    logger.warning("the store of limits is away, counting alone error=%r", error)
                self._is_away = True
            else:
                self._is_away = False
                return found
        return await self._own.hit(item, name), await self._own.get_window_stats(item, name)


class Limiter:
    """Counts requests over the last minutes; ``store`` is ``memory`` or a ``redis://`` URL."""

    def __init__(self, store: str = "memory") -> None:
        self._counting = Counting(store, strategy=MovingWindowRateLimiter)

    async def count(self, name: str, *, limit: int, minutes: int = 1, now: datetime) -> Count:
        """Count one request under a name; ``limit`` are allowed in any ``minutes``."""
        item = RateLimitItemPerMinute(limit, minutes)
        is_allowed, stats = await self._counting.hit(item, name)
        reset_s = max(1, math.ceil(stats.reset_time - now.timestamp()))
        return Count(limit, stats.remaining, reset_s, is_allowed)

    async def check(self, name: str, *, limit: int, minutes: int = 1, now: datetime) -> None:
        """Count one request under a name.

        :raises RateLimited: if there were too many; this one counts as none
        """
        found = await self.count(name, limit=limit, minutes=minutes, now=now)
        if not found.is_allowed:
            raise RateLimited("too many attempts; try again later", retry_after_s=found.reset_s)
