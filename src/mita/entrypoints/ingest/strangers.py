"""Messages of devices that nobody knows: listed for whoever looks for a device, without drowning the list."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mita.entrypoints.ingest.decoding import source_of
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mita.entrypoints.ingest.inbox import Arrival

# a gadget of a convention may speak every second, and is perhaps not ours at all
AGAIN_S = 3_600.0
_STRANGERS_MAX = 10_000


class Strangers:
    """Tells of each message of our own convention, and of other devices once an hour."""

    def __init__(self) -> None:
        self._told_at: dict[str, float] = {}

    def told_of(self, arrivals: Iterable[Arrival]) -> list[Rejection]:
        """Return what is to be listed of messages that belong to no estate."""
        now = time.monotonic()
        return [_unknown(each) for each in arrivals if self._is_news(each, now=now)]

    def _is_news(self, arrival: Arrival, *, now: float) -> bool:
        if arrival.route is None or arrival.route.driver == "mita":
            return arrival.route is None or arrival.route.channel != "state"
        if now - self._told_at.get(arrival.device, -AGAIN_S) < AGAIN_S:
            return False
        if len(self._told_at) >= _STRANGERS_MAX:
            self._told_at.clear()
        self._told_at[arrival.device] = now
        return True


def _unknown(arrival: Arrival) -> Rejection:
    detail = f"no estate has a device {truncated(arrival.device)[:200]!r}"
    return Rejection(source_of(arrival), None, None, truncated(arrival.payload), "unknown_device", detail)
