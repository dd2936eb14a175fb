"""How often a caller may ask: counted by the minute, told in every answer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter

from mita.kit.clock import now_utc
from mita.kit.context import counted_address
from mita.kit.limiter import Counting

if TYPE_CHECKING:
    from mita.identity.domain import Principal

_WINDOW_S = 60


class KeyLimits:
    """Counts requests over the last minute, in this process or in a store for all of them.

    An API key has a limit of its own, counted to the request; a person, a device, and an address that has
    shown no token, may ask ``requests_per_minute`` times, about: 0 counts none of them.
    """

    def __init__(self, store: str = "memory", *, requests_per_minute: int = 0) -> None:
        self._exact = Counting(store, strategy=MovingWindowRateLimiter)
        self._rough = Counting(store, strategy=SlidingWindowCounterRateLimiter)
        self._requests_per_minute = requests_per_minute

    async def headers(self, principal: Principal) -> tuple[dict[str, str], bool]:
        """Count a request; return what the answer tells of the limit, and whether the request is let in."""
        if principal.key_id is not None and principal.requests_per_minute is not None:
            key = f"api_key:{principal.key_id}"
            return await self._count(self._exact, key, allowed=principal.requests_per_minute)
        who = _counted(principal)
        if who is None or not self._requests_per_minute:
            return {}, True
        return await self._count(self._rough, who, allowed=self._requests_per_minute)

    async def headers_of_address(self, address: str | None) -> tuple[dict[str, str], bool]:
        """Count a request of somebody who has shown no token, as :meth:`headers` does."""
        if address is None or not self._requests_per_minute:
            return {}, True
        return await self._count(
            self._rough, f"address:{counted_address(address)}", allowed=self._requests_per_minute
        )

    async def _count(self, counting: Counting, key: str, *, allowed: int) -> tuple[dict[str, str], bool]:
        item = RateLimitItemPerMinute(allowed)
        is_let_in, window = await counting.hit(item, key)
        wait_s = max(1, math.ceil(window.reset_time - now_utc().timestamp()))
        told = {
            "RateLimit-Limit": str(allowed),
            "RateLimit-Remaining": str(max(0, window.remaining)),
            "RateLimit-Reset": str(wait_s),
            "RateLimit-Policy": f"{allowed};w={_WINDOW_S}",
        }
        if not is_let_in:
            told["Retry-After"] = str(wait_s)
        return told, is_let_in


def _counted(principal: Principal) -> str | None:
    if principal.person_id is not None:
        return f"person:{principal.person_id}"
    return None if principal.device is None else f"device:{principal.device}"
