"""How long a balance lasts. Pure."""

from __future__ import annotations

from dataclasses import dataclass

LOOKED_BACK_DAYS = 28


@dataclass(frozen=True, slots=True)
class Lasting:
    """How many whole days a balance lasts at what was charged a day; None: nothing was charged."""

    balance_micro: int
    charged_micro: int
    days_counted: int
    days: int | None

    @property
    def per_day_micro(self) -> int:
        """What was charged a day, rounded down."""
        return self.charged_micro // self.days_counted


def lasting(*, balance_micro: int, charged_micro: int, days_counted: int) -> Lasting:
    """Return how long a balance lasts, rounded down; one at or below nothing lasts no day."""
    assert days_counted > 0, "an average is over some days"
    days = None
    if charged_micro > 0:
        days = max(balance_micro, 0) * days_counted // charged_micro
    return Lasting(balance_micro, charged_micro, days_counted, days)
