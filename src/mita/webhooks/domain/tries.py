"""What follows a try: it arrived, it is tried again later, it is given up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_MINUTE, _HOUR = 60, 3600
# 5 seconds to 24 hours, three days in all: a receiver may be away over a weekend
DELAYS_S = (
    5,
    30,
    2 * _MINUTE,
    10 * _MINUTE,
    30 * _MINUTE,
    _HOUR,
    3 * _HOUR,
    6 * _HOUR,
    12 * _HOUR,
    24 * _HOUR,
    24 * _HOUR,
)
TRIES_MAX = len(DELAYS_S) + 1
# a delay is longer by up to a fifth, so that receivers that come back are not met by all at once
SPREAD_PERMILLE = 200
WAIT_S_MAX = 24 * _HOUR
FAILING_FOR_MAX = timedelta(days=5)
_OK, _OK_END, _GONE = 200, 300, 410


class DeliveryState(StrEnum):
    """How far a delivery got; the words are stored."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try: the receiver's status, or why there is none; the start of what it said.

    ``wait_s`` is how long the receiver asked to be left alone (``Retry-After``).
    """

    status: int | None
    error: str | None
    duration_ms: int
    text: str = ""
    wait_s: int = 0

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and _OK <= self.status < _OK_END

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == _GONE

    @property
    def problem(self) -> str | None:
        """Why it did not arrive; None if it did."""
        if self.is_delivered:
            return None
        return self.error or f"answered {self.status}"


@dataclass(frozen=True, slots=True)
class Next:
    """What follows a try; ``next_at`` is None when nothing does."""

    state: DeliveryState
    next_at: datetime | None


def next_of(answer: Answer, *, tries: int, spread_permille: int, now: datetime) -> Next:
    """Return what follows the try number ``tries`` since the delivery was made or replayed.

    ``spread_permille`` is by how much this delay is longer, 0 to :data:`SPREAD_PERMILLE`, picked at random.
    """
    assert tries >= 1
    assert 0 <= spread_permille <= SPREAD_PERMILLE
    if answer.is_delivered:
        return Next(DeliveryState.DELIVERED, None)
    if answer.is_gone or tries >= TRIES_MAX:
        return Next(DeliveryState.FAILED, None)
    delay_ms = DELAYS_S[tries - 1] * (1000 + spread_permille)
    delay_ms = max(delay_ms, min(answer.wait_s, WAIT_S_MAX) * 1000)
    return Next(DeliveryState.WAITING, now + timedelta(milliseconds=delay_ms))


def off_reason(answer: Answer, *, failing_since: datetime, now: datetime) -> str | None:
    """Return why the endpoint is turned off after a try, or None if it is not."""
    if answer.is_delivered:
        return None
    if answer.is_gone:
        return "it answered 410: it wants nothing any more"
    if now - failing_since >= FAILING_FOR_MAX:
        return f"nothing arrived for {FAILING_FOR_MAX.days} days; the last try: {answer.problem}"
    return None
