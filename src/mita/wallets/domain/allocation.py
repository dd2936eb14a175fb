"""How a top-up is spread over a wallet's accounts. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

K = TypeVar("K", int, str)

GENERAL = "general"
ALLOCATION_KINDS = ("general", "percentages", "arrears_first")
WHOLE = 10_000  # in hundredths of a percent


@dataclass(frozen=True, slots=True)
class Allocation:
    """A rule: all to ``general``, by ``percentages``, or ``arrears_first`` and the rest to general.

    ``shares`` are hundredths of a percent by utility; what they leave goes to the general account.
    """

    kind: str
    shares: Mapping[str, int] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """Return what is wrong with it, in sentences."""
        found = []
        if self.kind not in ALLOCATION_KINDS:
            found.append(f"kind must be one of {', '.join(ALLOCATION_KINDS)}")
        if (self.kind == "percentages") != bool(self.shares):
            found.append("shares belong to percentages, which need at least one")
        if any(share <= 0 for share in self.shares.values()) or sum(self.shares.values()) > WHOLE:
            found.append("each share must be above zero and all together at most 100 percent")
        return found


@dataclass(frozen=True, slots=True)
class AllocationRules:
    """An estate's rules; ``allocation`` None: it has set none.

    ``cover_micro`` is how far above its lines a utility is lifted when the general account covers it.
    """

    allocation: Allocation | None = None
    residents_may_choose: bool = False
    cover_micro: int = 100_000_000


def allocate(
    amount_micro: int, *, allocation: Allocation | None, balances_micro: Mapping[str, int]
) -> dict[str, int]:
    """Return what each account gets of an amount above or equal to zero; the parts sum to it, none is zero.

    ``balances_micro`` are the wallet's balances by utility, ``general`` among them. Without a rule a wallet
    of one utility gets all there, any other pays its arrears first.
    """
    assert amount_micro >= 0, "nothing is taken by spreading"
    utilities = sorted(set(balances_micro) - {GENERAL})
    if allocation is None:
        if len(utilities) == 1:
            return _without_nothing({utilities[0]: amount_micro})
        return _arrears_first(amount_micro, balances_micro)
    if allocation.kind == "percentages":
        return _by_percentages(amount_micro, allocation.shares, utilities=utilities)
    if allocation.kind == "arrears_first":
        return _arrears_first(amount_micro, balances_micro)
    return _without_nothing({GENERAL: amount_micro})


def _arrears_first(amount_micro: int, balances_micro: Mapping[str, int]) -> dict[str, int]:
    parts: dict[str, int] = {}
    rest = amount_micro
    for word in sorted(balances_micro, key=lambda each: (balances_micro[each], each)):
        parts[word] = min(rest, max(0, -balances_micro[word]))
        rest -= parts[word]
    parts[GENERAL] = parts.get(GENERAL, 0) + rest
    return _without_nothing(parts)


def _by_percentages(amount_micro: int, shares: Mapping[str, int], *, utilities: list[str]) -> dict[str, int]:
    mine = {word: share for word, share in shares.items() if word in utilities}
    return split(amount_micro, weights={**mine, GENERAL: WHOLE - sum(mine.values())})


def split(amount_micro: int, *, weights: Mapping[K, int]) -> dict[K, int]:
    """Return an amount split by weights: largest remainder, ties by key, so the order does not matter."""
    total = sum(weights.values())
    parts = {word: amount_micro * weight // total for word, weight in weights.items()}
    missing = amount_micro - sum(parts.values())
    by_remainder = sorted(weights, key=lambda word: (-(amount_micro * weights[word] % total), word))
    for word in by_remainder[:missing]:
        parts[word] += 1
    return _without_nothing(parts)


def _without_nothing(parts: Mapping[K, int]) -> dict[K, int]:
    return {word: part for word, part in sorted(parts.items()) if part}
