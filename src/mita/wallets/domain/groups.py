"""Groups: how the money of a group is distributed over its wallets. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from .allocation import WHOLE, split

if TYPE_CHECKING:
    from collections.abc import Mapping


class Way(StrEnum):
    """How money is distributed."""

    EQUAL = "equal"
    NEED = "need"
    PERCENT = "percent"
    AMOUNTS = "amounts"


class MoreThanAvailable(Exception):
    """A distribution asks for more than the group has; amounts in micro-money."""

    def __init__(self, *, asked_micro: int, available_micro: int) -> None:
        super().__init__(f"{asked_micro} micro is asked for and {available_micro} is available")
        self.asked_micro = asked_micro
        self.available_micro = available_micro


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is asked for; amounts in micro-money.

    ``total_micro`` is what to distribute, for need at most (None: all that is available). ``target_micro``
    belongs to need: what each wallet is brought to. ``parts`` are by wallet: hundredths of a percent for
    percent, micro-money for amounts.
    """

    way: Way
    total_micro: int | None = None
    target_micro: int | None = None
    parts: Mapping[int, int] = field(default_factory=dict)

    def problems(self) -> dict[str, str]:
        """Return what is wrong with it: a sentence by the name of the field."""
        found = {}
        parts = "amounts" if self.way is Way.AMOUNTS else "percents"
        if self.total_micro is not None and (self.way is Way.AMOUNTS or self.total_micro <= 0):
            found["total"] = "must be above zero, and amounts have none"
        if (self.way is Way.NEED) != (self.target_micro is not None):
            found["target"] = "belongs to need, which must have one"
        if (self.way in (Way.PERCENT, Way.AMOUNTS)) != bool(self.parts):
            found[parts] = "belong to percent and amounts, which need at least one"
        if any(part <= 0 for part in self.parts.values()):
            found[parts] = "must each be above zero"
        if self.way is Way.PERCENT and sum(self.parts.values()) > WHOLE:
            found[parts] = "must be at most 100 percent together"
        return found

    @property
    def body(self) -> list[object]:
        """What a repeat must ask for again."""
        return [self.way.value, self.total_micro, self.target_micro, sorted(map(list, self.parts.items()))]


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """A group's rule: wallets whose total is below the threshold are brought to the target (micro-money)."""

    is_on: bool
    threshold_micro: int
    target_micro: int

    def short(self, balances_micro: Mapping[int, int]) -> dict[int, int]:
        """Return those of the wallets' totals that are below the threshold."""
        return {wallet: total for wallet, total in balances_micro.items() if total < self.threshold_micro}


def plan_distribution(
    distribution: Distribution, *, balances_micro: Mapping[int, int], available_micro: int
) -> dict[int, int]:
    """Return what each wallet gets, none of it zero; the order of the wallets does not matter.

    ``balances_micro`` are the members' totals by wallet. The parts of equal and percent sum to what they
    distribute, rounded down to the micro; need gives the neediest first and no more than there is.

    :raises MoreThanAvailable: if equal, percent or amounts ask for more than there is
    """
    assert not distribution.problems(), "what is wrong is refused before"
    assert distribution.parts.keys() <= balances_micro.keys(), "parts are the members'"
    money = max(0, available_micro)
    total = money if distribution.total_micro is None else distribution.total_micro
    if distribution.way is Way.NEED:
        assert distribution.target_micro is not None, "need has a target"
        return fill(balances_micro, target_micro=distribution.target_micro, money_micro=min(money, total))
    parts = _parts(distribution, total, members=list(balances_micro))
    asked = sum(parts.values())
    if asked > money:
        raise MoreThanAvailable(asked_micro=asked, available_micro=money)
    return parts


def _parts(distribution: Distribution, total: int, *, members: list[int]) -> dict[int, int]:
    if distribution.way is Way.AMOUNTS:
        return dict(sorted(distribution.parts.items()))
    if distribution.way is Way.PERCENT:
        share = sum(distribution.parts.values())
        return split(total * share // WHOLE, weights=distribution.parts)
    return split(total, weights=dict.fromkeys(members, 1)) if members else {}


def fill(balances_micro: Mapping[int, int], *, target_micro: int, money_micro: int) -> dict[int, int]:
    """Return what brings each total up to the target or, where the money ends before, to one level.

    Like water in a vessel: the lowest are lifted first, so nobody who gets something ends above somebody
    who gets less. What does not divide goes to the smallest ids.
    """
    needy = sorted((total, wallet) for wallet, total in balances_micro.items() if total < target_micro)
    if not needy or money_micro <= 0:
        return {}
    level, lifted = _level([total for total, _ in needy], target=target_micro, money=money_micro)
    wallets = sorted(wallet for _, wallet in needy[:lifted])
    spent = sum(level - total for total, _ in needy[:lifted])
    # at the target nothing is left over for anybody
    over = money_micro - spent if level < target_micro else 0
    parts = {wallet: level - balances_micro[wallet] for wallet in wallets}
    for wallet in wallets[:over]:
        parts[wallet] += 1
    return {wallet: part for wallet, part in parts.items() if part}


def _level(totals: list[int], *, target: int, money: int) -> tuple[int, int]:
    """Return the level to which money lifts the first of the sorted totals, and how many those are."""
    count, below = 1, totals[0]
    while count < len(totals) and totals[count] * count - below < money:
        below += totals[count]
        count += 1
    return min(target, (below + money) // count), count
