"""What registers used in each step, from readings that were taken at other times. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]


class Known(StrEnum):
    """How well the consumption of a step is known."""

    MEASURED = "measured"
    SPREAD = "spread"  # readings lie further apart than a step: evenly over the time between them
    PARTIAL = "partial"  # of a part of the step only
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Place:
    """The seconds [from_s, until_s) in which a register's rise belongs to a unit; until None it is there."""

    from_s: int
    until_s: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """What one register used in each step (millionths), of how many seconds that is known and should be."""

    used_micro: IntArray
    covered_s: IntArray
    expected_s: IntArray
    is_spread: BoolArray


def covered_place(place: Place, *, first_taken_s: int, last_taken_s: int) -> tuple[int, int]:
    """Return the seconds from which to which the readings say what a register used in its place."""
    low_s = max(place.from_s, first_taken_s)
    high_s = last_taken_s if place.until_s is None else min(place.until_s, last_taken_s)
    return low_s, max(low_s, high_s)


def values_at(taken_s: IntArray, value_micro: IntArray, *, at_s: IntArray) -> tuple[IntArray, IntArray]:
    """Return a timeline's value at instants within it, and how far apart the readings around each are.

    Between two readings the value rises evenly, rounded down. At a reading the distance is zero.
    """
    if len(taken_s) == 1:
        return np.repeat(value_micro, len(at_s)), np.zeros(len(at_s), dtype=np.int64)
    before = np.clip(np.searchsorted(taken_s, at_s, side="right") - 1, 0, len(taken_s) - 2)
    return between(
        (taken_s[before], value_micro[before]), (taken_s[before + 1], value_micro[before + 1]), at_s=at_s
    )


def between(
    before: tuple[IntArray, IntArray], after: tuple[IntArray, IntArray], *, at_s: IntArray
) -> tuple[IntArray, IntArray]:
    """Return the values at instants between readings (seconds, values), and the distance of the readings."""
    passed_s, distance_s = at_s - before[0], after[0] - before[0]
    # in two parts: seconds times millionths would not fit
    whole, rest = np.divmod(after[1] - before[1], np.maximum(distance_s, 1))
    values = before[1] + whole * passed_s + rest * passed_s // np.maximum(distance_s, 1)
    is_at_reading = (passed_s == 0) | (at_s == after[0])
    return values, np.where(is_at_reading, 0, distance_s)


def use_of(
    borders_s: IntArray,
    *,
    values: IntArray,
    distance_s: IntArray,
    at_s: IntArray,
    place: Place,
    longest_s: int,
) -> Use:
    """Return what a register used in the steps between borders.

    ``values`` and ``distance_s`` are those at ``at_s``: the borders, moved into what the readings cover.
    """
    ends = borders_s if place.until_s is None else np.minimum(borders_s, place.until_s)
    covered = np.diff(at_s)
    long = distance_s > longest_s
    return Use(
        used_micro=np.diff(values),
        covered_s=covered,
        expected_s=np.diff(np.maximum(ends, place.from_s)),
        is_spread=(long[:-1] | long[1:]) & (covered > 0),
    )


def total_use(uses: Sequence[Use], *, borders_s: IntArray) -> tuple[list[int | None], list[Known]]:
    """Add up what registers used in each step; None where nothing is known."""
    length = np.diff(borders_s)
    used, covered, expected = (np.zeros_like(length) for _ in range(3))
    spread = np.zeros(len(length), dtype=bool)
    for use in uses:
        used += use.used_micro
        covered += use.covered_s
        expected += use.expected_s
        spread |= use.is_spread
    is_whole = (covered >= expected) & (expected >= length)
    known = [
        _known(seconds, is_whole=whole, is_spread=far)
        for seconds, whole, far in zip(covered.tolist(), is_whole.tolist(), spread.tolist(), strict=True)
    ]
    amounts = [
        None if state is Known.MISSING else amount for amount, state in zip(used.tolist(), known, strict=True)
    ]
    return amounts, known


def _known(covered_s: int, *, is_whole: bool, is_spread: bool) -> Known:
    if not covered_s:
        return Known.MISSING
    if not is_whole:
        return Known.PARTIAL
    return Known.SPREAD if is_spread else Known.MEASURED


def percent_text(part_micro: int, *, of_micro: int, decimals: int = 1) -> str | None:
    """Return a percentage with some decimals, rounded half away from zero; None of nothing."""
    if of_micro == 0:
        return None
    one = 10**decimals
    parts, rest = divmod(abs(part_micro) * 100 * one, abs(of_micro))
    parts += 2 * rest >= abs(of_micro)
    sign = "-" if parts and (part_micro < 0) != (of_micro < 0) else ""
    return f"{sign}{parts // one}.{parts % one:0{decimals}d}"
