"""What a price is asked for, and why there may be none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A consumption in [start, end), UTC seconds, micro base units."""

    start_s: int
    end_s: int
    quantity_micro: int


class NotPriced(ValueError):
    """Consumption for which no price exists; ``code`` is NO_TABLE or NOT_PRICED."""

    def __init__(self, message: str, *, code: int) -> None:
        super().__init__(message)
        self.code = code


class TimesNeeded(ValueError):
    """A quantity without times, although the price depends on when it was used."""
