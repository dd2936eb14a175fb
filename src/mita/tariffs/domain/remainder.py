"""A whole amount shared out by weights, to the last millionth."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

K = TypeVar("K", int, str)


def share_out(amount: int, *, weights: Mapping[K, int], rest: int = 0) -> dict[K, int]:
    """Return what each key gets of an amount that is not negative: largest remainder, ties by key.

    The parts and what stays with nobody, ``rest`` of the sum of all weights, add up to the amount. Without
    any weight nobody gets anything.
    """
    whole = sum(weights.values()) + rest
    if whole == 0:
        return dict.fromkeys(sorted(weights), 0)
    parts = {key: amount * weights[key] // whole for key in sorted(weights)}
    missing = amount - sum(parts.values()) - amount * rest // whole
    remainders = {key: amount * weights[key] % whole for key in parts}
    # stable, and the parts are in the order of their keys; nobody comes last among equals
    ranking = sorted(parts, key=lambda key: -remainders[key])
    nobodys = amount * rest % whole
    if missing > sum(remainder >= nobodys for remainder in remainders.values()):
        missing -= 1
    for key in ranking[:missing]:
        parts[key] += 1
    return parts
