"""A meter's Limiter (class 71): powers in watts and the numbers that its threshold counts in. Pure.

The threshold is in the unit and with the power of ten of the register that the limiter watches. What happens
above it is set up in the meter (its action, and after how long).
"""

from __future__ import annotations

from dataclasses import dataclass

from mita.drivers.dlms.data import BadData

_WATT, _VOLTAMPERE, _AMPERE = 27, 28, 33
_POWER_MAX = 9


@dataclass(frozen=True, slots=True)
class Limiter:
    """Where a meter limits. ``none_w`` is what it is set to without one; ``volts`` those of all phases."""

    obis: str
    none_w: int
    volts: int | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """How a limiter counts: power of ten and unit of what it watches, and the volts behind amperes."""

    power: int
    unit: int
    volts: int | None

    @property
    def problem(self) -> str | None:
        """Why nothing can be made of it, in plain words; None if something can."""
        if self.unit == _AMPERE and self.volts is None:
            return "the limiter watches a current: set volts beside its OBIS code"
        if self.unit not in (_WATT, _VOLTAMPERE, _AMPERE) or abs(self.power) > _POWER_MAX:
            return f"the limiter watches neither a power nor a current (unit {self.unit})"
        return None

    @property
    def _each(self) -> tuple[int, int]:
        """One step in watts, as a fraction."""
        volts = (self.volts or 1) if self.unit == _AMPERE else 1
        return (volts * 10**self.power, 1) if self.power >= 0 else (volts, 10**-self.power)

    @property
    def step_w(self) -> int:
        """One step in watts, rounded up."""
        numerator, denominator = self._each
        return -(-numerator // denominator)

    def raw_of(self, watts: int) -> int:
        """Return the number of a power, rounded down: never more than was asked."""
        numerator, denominator = self._each
        return watts * denominator // numerator

    def watts_of(self, raw: int) -> int:
        """Return the power of a number, rounded up: what holds is at most that."""
        numerator, denominator = self._each
        return -(-raw * numerator // denominator)


def held_w(raw: int, threshold: Threshold, *, limiter: Limiter) -> int | None:
    """Return to which power a threshold holds the supply; None: it is as high as without a limit."""
    return None if raw >= threshold.raw_of(limiter.none_w) else threshold.watts_of(raw)


def threshold_of(power: object, unit: object, *, limiter: Limiter) -> Threshold:
    """Return how a limiter counts.

    :raises BadData: if it cannot be a limit of a power
    """
    if not isinstance(power, int) or not isinstance(unit, int):
        raise BadData("has no power of ten and no unit")
    found = Threshold(power, unit, limiter.volts)
    if found.problem is not None:
        raise BadData(found.problem)
    return found
