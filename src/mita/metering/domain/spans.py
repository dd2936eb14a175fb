"""Pulse counters and factors over time: what a source shows, and the register's value for it. Pure.

Each *span* holds from an instant until the next begins and turns what was shown into the register's value.
It depends on nothing but the span, so the same message gives the same reading whenever it is charged.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from .derived import BadDerivation, Factor, PulseRegister, pulse_weight, transformer_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .readings import Limits

SpanCause = Literal["set", "rolled_over", "reset"]

_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
_RATIO = re.compile(rf"{_NUMBER}(?:\s*/\s*{_NUMBER})?")
_RATIOS_MAX = 2
_FACTOR_MAX = 10**6
# a fall that ends less than this part of the range above zero again is a rollover
_ROLLOVER_PART = 4


@dataclass(frozen=True, slots=True)
class PulseSpan:
    """A pulse counter from an instant on: at the count ``since_count`` the register stands at ``base_micro``.

    ``weight`` is as it stands on the meter. ``first_count`` is what the counter showed when the span began;
    ``since_count`` is below zero once the counter has begun again.
    """

    from_s: int
    weight: str
    width_bits: int | None
    since_count: int
    base_micro: int
    first_count: int = 0
    cause: SpanCause = "set"

    @property
    def weight_micro(self) -> Fraction:
        """What one pulse is worth, in millionths of the base unit."""
        return pulse_weight(self.weight)[1]

    def value_micro(self, count: int) -> int:
        """Return what the register shows when the counter shows ``count``."""
        return PulseRegister(self.weight_micro, self.base_micro, self.since_count).value_micro(count)

    def count_at(self, value_micro: int) -> int:
        """Return the first count, not before the span's own, at which the register is at ``value_micro``.

        It is *the* count of that value, as a pulse is worth a millionth at least.
        """
        return self.since_count + max(0, -((self.base_micro - value_micro) // self.weight_micro))

    def begun_again(self, *, taken_s: int, last_count: int, count: int, cause: SpanCause) -> PulseSpan:
        """Return the span that follows once the counter, last at ``last_count``, began again at zero."""
        size = last_count if cause == "reset" or self.width_bits is None else 1 << self.width_bits
        return replace(
            self, from_s=taken_s, since_count=self.since_count - size, first_count=count, cause=cause
        )


@dataclass(frozen=True, slots=True)
class Counting:
    """What a count is as a reading; ``span`` is a new one that it begins.

    ``has_fallen``: it is below an earlier one and nothing says why; ``value_micro`` may then be below zero.
    """

    value_micro: int
    span: PulseSpan | None = None
    has_fallen: bool = False


def count_reading(
    spans: Sequence[PulseSpan],
    *,
    taken_s: int,
    count: int,
    before: tuple[int, int] | None,
    limits: Limits,
    is_newest: bool = True,
    is_reset: bool = False,
) -> Counting:
    """Return the register's value for a count, given its spans by time.

    ``before`` is (taken_s, value_micro) of the timeline reading before it; ``is_newest`` that no reading of
    the register is later; ``is_reset`` that the device says it began again at zero. A counter of a known
    width that fell is taken to have rolled over if it rose by at most a quarter of its range and not faster
    than the register may.

    :raises BadDerivation: if no weight is set for that time, or the counter cannot show ``count``
    """
    place = bisect_right(spans, taken_s, key=lambda each: each.from_s)
    if place == 0:
        raise BadDerivation("no weight is set for that time")
    span = spans[place - 1]
    if count < 0 or (span.width_bits is not None and count >> span.width_bits):
        raise BadDerivation(f"a counter of {span.width_bits} bits cannot show {count}")
    value = span.value_micro(count)
    # a message that comes again finds the span that it began
    if before is None or span.from_s == taken_s or (value >= before[1] and not is_reset):
        return Counting(value)
    if place < len(spans):
        return _late(spans[place], value, taken_s=taken_s, count=count, highest_micro=before[1])
    last = span.count_at(before[1])
    if is_reset:
        begun = span.begun_again(taken_s=taken_s, last_count=last, count=count, cause="reset")
        return Counting(begun.value_micro(count), begun)
    if span.width_bits is not None and is_newest:
        size = 1 << span.width_bits
        begun = span.begun_again(taken_s=taken_s, last_count=last, count=count, cause="rolled_over")
        rise_micro = begun.value_micro(count) - before[1]
        is_small = (count - last) % size * _ROLLOVER_PART <= size
        if is_small and rise_micro <= limits.allowed_micro(taken_s - before[0]):
            return Counting(begun.value_micro(count), begun)
    return Counting(value, has_fallen=True)


def _late(after: PulseSpan, value_micro: int, *, taken_s: int, count: int, highest_micro: int) -> Counting:
    """Judge a late count that fell: with it the next span may have begun, as a later one told."""
    if after.cause != "set" and count <= after.first_count and after.value_micro(count) >= highest_micro:
        return Counting(after.value_micro(count), replace(after, from_s=taken_s, first_count=count))
    return Counting(value_micro, has_fallen=True)


def following(span: PulseSpan, *, value_micro: int, from_s: int, cause: SpanCause) -> PulseSpan:
    """Return the span that a person asks for whose counter began again after the register's highest value."""
    last = span.count_at(value_micro)
    return span.begun_again(taken_s=from_s, last_count=last, count=0, cause=cause)


@dataclass(frozen=True, slots=True)
class FactorSpan:
    """What a register's source is multiplied by from an instant on; ``text`` is as a person wrote it."""

    from_s: int
    text: str
    factor: Factor


def factor_of(text: str) -> Fraction:
    """Return a factor of ``1.0025``, of ``200/5`` as transformers have it, or of ``200/5 x 11000/110``.

    :raises BadDerivation: if it is none, or not from a millionth to a million
    """
    found = Fraction(1)
    ratios = re.split(r"\s*[x*]\s*", text.strip())
    for ratio in ratios:
        match = _RATIO.fullmatch(ratio)
        if match is None or len(ratios) > _RATIOS_MAX:
            raise BadDerivation(f"{text[:40]!r} is neither like 40 or 1.0025 nor like 200/5")
        found *= transformer_ratio(primary=Fraction(match[1]), secondary=Fraction(match[2] or 1))
    if not Fraction(1, _FACTOR_MAX) <= found <= _FACTOR_MAX:
        raise BadDerivation("a factor lies between a millionth and a million")
    return found


def factored(spans: Sequence[FactorSpan], *, taken_s: int, value_micro: int) -> int:
    """Return what a register stands at when its source shows a value, given its factors by time.

    :raises BadDerivation: if it leaves what a register can show
    """
    place = bisect_right(spans, taken_s, key=lambda each: each.from_s)
    return value_micro if place == 0 else spans[place - 1].factor.value_micro(value_micro)


@dataclass(slots=True)
class Derivation:
    """How a register comes about: its pulse counter's spans and its factors, each by time."""

    pulses: list[PulseSpan]
    factors: list[FactorSpan]
