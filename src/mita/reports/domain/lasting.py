"""How long a balance lasts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

LOOKED_BACK_DAYS = 28
_DAY_S = 86_400
# of less nobody can tell what a day costs: a morning has no evening in it
_KNOWN_MIN_S = _DAY_S // 2


@dataclass(frozen=True, slots=True)
class Lasting:
    """How many whole days a balance lasts at what was charged a day.

    ``days`` is None where nothing was charged, or too little is known.
    """

    balance_micro: int
    charged_micro: int
    counted_s: int
    days: int | None

    @property
    def per_day_micro(self) -> int:
        """What was charged a day, rounded down; nothing where too little is known."""
        return self.charged_micro * _DAY_S // self.counted_s if self.counted_s >= _KNOWN_MIN_S else 0

    @property
    def days_counted(self) -> int:
        """Over how many days that is the average, to the nearest; at least one."""
        return max(1, (self.counted_s + _DAY_S // 2) // _DAY_S)


def lasting(*, balance_micro: int, charged_micro: int, counted_s: int) -> Lasting:
    """Return how long a balance lasts, rounded down; one at or below nothing lasts no day.

    ``counted_s`` is how long the charges took that ``charged_micro`` adds up: a home that began to be charged
    two days ago is told by those two.
    """
    days = None
    if charged_micro > 0 and counted_s >= _KNOWN_MIN_S:
        days = max(balance_micro, 0) * counted_s // (charged_micro * _DAY_S)
    return Lasting(balance_micro, charged_micro, counted_s, days)


def days_together(found: Collection[Lasting]) -> int | None:
    """Return how many whole days several balances last if they stand in for each other."""
    per_day_micro = sum(each.per_day_micro for each in found)
    if per_day_micro <= 0:
        return None
    return max(sum(each.balance_micro for each in found), 0) // per_day_micro
