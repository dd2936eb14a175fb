"""Registers made of others: pulses, calibrated and transformed values, virtual meters. Pure and exact.

Every weight is a ``Fraction``; a register is worked out from the whole count or value since its opening and
cut down to a millionth there, so that nothing is lost between readings and any split of the same consumption
adds up to the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from mita.kit.quantity import VALUE_MICRO_MAX, BadValue, base_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# (seconds UTC, millionths of the base unit), times rising
Timeline = list[tuple[int, int]]

_WEIGHT = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(imp|[A-Za-z³0-9]{1,4})\s*/\s*(imp|[A-Za-z³0-9]{1,4})")
_POINTS_MAX = 1_000_000


class BadDerivation(ValueError):
    """Weights or a step that no register can be made with."""


# ── pulses ──


@dataclass(frozen=True, slots=True)
class PulseRegister:
    """A register that follows pulses: it stands at ``base_micro`` when ``since_count`` have been counted.

    ``weight_micro`` is what one pulse is worth, in millionths of the base unit.
    """

    weight_micro: Fraction
    base_micro: int = 0
    since_count: int = 0

    def value_micro(self, count: int) -> int:
        """Return what the register shows after ``count`` pulses in all, cut down to a millionth."""
        return self.base_micro + (count - self.since_count) * self.weight_micro // 1


def pulse_weight(text: str) -> tuple[str, Fraction]:
    """Return the base unit and the millionths of it in one pulse, of ``1000 imp/kWh`` or ``10 L/imp``.

    :raises BadDerivation: if it is neither
    """
    match = _WEIGHT.fullmatch(text.strip())
    if match is None or (match[2] == "imp") == (match[3] == "imp"):
        raise BadDerivation(f"{text[:40]!r} is neither like 1000 imp/kWh nor like 10 L/imp")
    number = Fraction(match[1])
    try:
        unit, micro = base_unit(match[3] if match[2] == "imp" else match[2])
    except BadValue as bad:
        raise BadDerivation(str(bad)) from bad
    if not number:
        raise BadDerivation("a pulse is worth something")
    return unit, Fraction(micro) * (Fraction(1, number) if match[2] == "imp" else number)


# ── factors ──


@dataclass(frozen=True, slots=True)
class Factor:
    """What a register's values are multiplied by.

    It holds from ``since_micro`` on, where the result stands at ``base_micro``.
    """

    factor: Fraction
    since_micro: int = 0
    base_micro: int = 0

    def value_micro(self, value_micro: int) -> int:
        """Return the register's value multiplied, cut down to a millionth.

        :raises BadDerivation: if it leaves what a register can show
        """
        value = self.base_micro + (value_micro - self.since_micro) * self.factor // 1
        if not 0 <= value <= VALUE_MICRO_MAX:
            raise BadDerivation(f"{value} millionths is not what a register shows")
        return value

    def changed(self, *, factor: Fraction, at_micro: int) -> Factor:
        """Return another factor from the register's value ``at_micro`` on; the result does not jump."""
        return Factor(factor, at_micro, self.value_micro(at_micro))


def transformer_ratio(
    *, primary: Fraction, secondary: Fraction, volts: tuple[Fraction, Fraction] | None = None
) -> Fraction:
    """Return what a meter behind current transformers is multiplied by: 200 A to 5 A is 40.

    ``volts`` are primary and secondary of voltage transformers.

    :raises BadDerivation: if one of them is not above zero
    """
    if min(primary, secondary, *(volts or ())) <= 0:
        raise BadDerivation("both sides of a transformer are above zero")
    ratio = Fraction(primary, secondary)
    return ratio if volts is None else ratio * Fraction(*volts)


# ── virtual meters ──


def value_at(timeline: Timeline, taken_s: int) -> tuple[int, bool] | None:
    """Return a register's value at an instant, and whether it is estimated; None outside its readings.

    Between two readings it is on the line between them, cut down to a millionth.
    """
    place = bisect_right(timeline, taken_s, key=lambda reading: reading[0])
    if place == 0:
        return None
    before_s, before = timeline[place - 1]
    if before_s == taken_s:
        return before, False
    if place == len(timeline):
        return None
    after_s, after = timeline[place]
    return before + (after - before) * (taken_s - before_s) // (after_s - before_s), True


def common_times(timelines: Sequence[Timeline], *, step_s: int | None = None) -> list[int]:
    """Return the times at which all registers have a value, rising.

    Without ``step_s`` those at which each has a reading; with it the multiples of it since 1970 that lie
    within all of them, at most a million.

    :raises BadDerivation: if the step is not above zero or there are more
    """
    if not timelines or not all(timelines):
        return []
    if step_s is None:
        times = [{taken_s for taken_s, _ in timeline} for timeline in timelines]
        return sorted(set.intersection(*times))
    if step_s <= 0:
        raise BadDerivation("a step is longer than nothing")
    first = max(timeline[0][0] for timeline in timelines)
    last = min(timeline[-1][0] for timeline in timelines)
    found = range(-(-first // step_s) * step_s, last + 1, step_s)
    if len(found) > _POINTS_MAX:
        raise BadDerivation(f"{len(found)} times are more than {_POINTS_MAX}")
    return list(found)


def shares_micro(total_micro: int, *, weights: Mapping[str, Fraction]) -> dict[str, int]:
    """Return what each share of a register shows; they add up to it, to the millionth.

    No share falls while the register rises, and each depends on nothing but the register's value: millionths
    go one by one to whoever is furthest below its weight (Sainte-Laguë), never more than one from exact per
    share beside it.

    :raises BadDerivation: if the weights are not above zero with the sum of one, or the total is negative
    """
    if min(weights.values(), default=Fraction(0)) <= 0 or sum(weights.values()) != 1 or total_micro < 0:
        raise BadDerivation("shares are above zero and add up to one, of a register that is not below zero")
    # so much everybody has in any case; the rest is given one by one
    sure_micro = total_micro - len(weights)
    given = {name: max(0, sure_micro * weight // 1 - 1) for name, weight in weights.items()}
    for _ in range(total_micro - sum(given.values())):
        # the first of equals, in the order of the names, whatever the order they are given in
        furthest = max(sorted(given), key=lambda name: Fraction(weights[name], 2 * given[name] + 1))
        given[furthest] += 1
    return given
