"""The generation of an interval shared out over the members of an energy community. Pure and exact.

Quantities are whole numbers of any one unit (millionths of a kWh, watt-hours); keys are millionths of one.
The countries' rules are summaries: no official test files were at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .remainder import share_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

K = TypeVar("K", int, str)

STATIC, DYNAMIC, PRIORITY, EQUAL = "static", "dynamic", "priority", "equal"
KINDS = (STATIC, DYNAMIC, PRIORITY, EQUAL)
NO_KEYS, FIXED_KEYS, KEYS_BEFORE, KEYS_AFTER = "none", "fixed", "before", "after"
WHOLE_KEY = 1_000_000


class SharingInvalid(ValueError):
    """Quantities, keys or an order by which generation cannot be shared."""


@dataclass(frozen=True, slots=True)
class SharingRule:
    """How generation is shared, and whose the surplus is.

    ``static``: by keys, each share capped by what the member used. ``dynamic``: by what the members used.
    ``priority``: in an order. ``equal``: equally, and what a member cannot use again over the others.
    With ``is_own_surplus`` the unused part of a static share is its member's, else the community's.
    ``keys`` says where they come from: none, fixed, for each interval before or after it.
    """

    kind: str
    is_own_surplus: bool = False
    keys: str = NO_KEYS

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SharingInvalid(f"{self.kind!r} is not one of {', '.join(KINDS)}")


@dataclass(frozen=True, slots=True)
class CountryRules:
    """What a country shares by: the length of its intervals and its rules by name, the usual one first.

    ``is_virtual``: nothing is given to a member; what counts is the energy that was shared in the interval.
    """

    country: str
    interval_minutes: int
    rules: Mapping[str, SharingRule] = field(default_factory=dict)
    is_virtual: bool = False


COUNTRIES: dict[str, CountryRules] = {
    "AT": CountryRules(
        country="AT",
        interval_minutes=15,
        rules={"static": SharingRule(STATIC, keys=FIXED_KEYS), "dynamic": SharingRule(DYNAMIC)},
    ),
    "FR": CountryRules(
        country="FR",
        interval_minutes=30,
        rules={
            "dynamic": SharingRule(DYNAMIC),
            "static": SharingRule(STATIC, keys=FIXED_KEYS),
            "full_dynamic": SharingRule(STATIC, keys=KEYS_AFTER),
        },
    ),
    "ES": CountryRules(
        country="ES",
        interval_minutes=60,
        rules={
            "static": SharingRule(STATIC, is_own_surplus=True, keys=FIXED_KEYS),
            "hourly": SharingRule(STATIC, is_own_surplus=True, keys=KEYS_BEFORE),
        },
    ),
    "IT": CountryRules(country="IT", interval_minutes=60, is_virtual=True),
}


@dataclass(frozen=True, slots=True)
class Allocation(Generic[K]):
    """What each member gets of an interval's generation, and what is left.

    The parts of ``allocated`` and ``surplus`` add up to the generation. ``surplus_of`` are the members' own
    parts of the surplus, without nothing; the rest of it is the community's.
    """

    allocated: dict[K, int]
    surplus: int
    surplus_of: dict[K, int] = field(default_factory=dict)


def allocate(
    rule: SharingRule,
    *,
    generation: int,
    consumption: Mapping[K, int],
    keys: Mapping[K, int] | None = None,
    order: Sequence[K] | None = None,
) -> Allocation[K]:
    """Return who gets what of an interval's generation, given what each member used in it.

    Nobody gets more than was used; the order of the members does not matter but for ``priority``. ``keys``
    (static) and ``order`` (priority) name every member once.

    :raises SharingInvalid: for quantities below zero, keys above one together, missing or strange members
    """
    _check_quantities(generation, consumption.values())
    members = sorted(consumption)
    if rule.kind == STATIC:
        return _static(rule, generation, consumption, checked_keys(keys, members=members))
    if rule.kind == DYNAMIC:
        allocated = _dynamic(generation, consumption)
    elif rule.kind == PRIORITY:
        allocated = _priority(generation, consumption, checked_order(order, members=members))
    else:
        allocated = _equal(generation, consumption)
    in_order = {member: allocated[member] for member in members}
    return Allocation(in_order, generation - sum(allocated.values()))


def checked_keys(keys: Mapping[Any, int] | None, *, members: Sequence[Any]) -> dict[Any, int]:
    """Return the keys in the order of the members.

    :raises SharingInvalid: if a member has none, one belongs to nobody, or they sum to more than one
    """
    found = keys or {}
    missing = [member for member in members if member not in found]
    strange = [member for member in found if member not in members]
    if missing or strange:
        which = f"{missing[0]!r} has no key" if missing else f"{strange[0]!r} has a key and is no member"
        raise SharingInvalid(f"{which}; write one for each member, 0 for none")
    if any(key < 0 for key in found.values()):
        raise SharingInvalid("a key is below zero")
    total = sum(found.values())
    if total > WHOLE_KEY:
        raise SharingInvalid(f"the keys sum to {total} millionths, more than one; make them smaller")
    return {member: found[member] for member in members}


def checked_order(order: Sequence[Any] | None, *, members: Sequence[Any]) -> tuple[Any, ...]:
    """Return the order of a priority.

    :raises SharingInvalid: if it does not name every member once
    """
    found = tuple(order or ())
    if len(found) != len(members) or set(found) != set(members):
        raise SharingInvalid("the order must name every member exactly once")
    return found


def _check_quantities(generation: int, quantities: Iterable[int]) -> None:
    if generation < 0:
        raise SharingInvalid(f"generation {generation} is below zero")
    lowest = min(quantities, default=0)
    if lowest < 0:
        raise SharingInvalid(f"a quantity of {lowest} is below zero")


def _static(
    rule: SharingRule, generation: int, consumption: Mapping[K, int], keys: Mapping[K, int]
) -> Allocation[K]:
    shares = share_out(generation, weights=keys, rest=WHOLE_KEY - sum(keys.values()))
    allocated = {member: min(consumption[member], share) for member, share in shares.items()}
    own = {member: shares[member] - got for member, got in allocated.items() if shares[member] > got}
    return Allocation(allocated, generation - sum(allocated.values()), own if rule.is_own_surplus else {})


def _dynamic(generation: int, consumption: Mapping[K, int]) -> dict[K, int]:
    if sum(consumption.values()) <= generation:
        return dict(consumption)
    return share_out(generation, weights=consumption)


def _priority(generation: int, consumption: Mapping[K, int], order: Sequence[K]) -> dict[K, int]:
    left = generation
    allocated = {}
    for member in order:
        allocated[member] = min(left, consumption[member])
        left -= allocated[member]
    return allocated


def _equal(generation: int, consumption: Mapping[K, int]) -> dict[K, int]:
    left, allocated = generation, dict(consumption)
    by_need = sorted(consumption, key=lambda member: (consumption[member], member))
    for place, member in enumerate(by_need):
        level, more = divmod(left, len(by_need) - place)
        if consumption[member] > level:
            # nobody who is left can be satisfied: all get the level, the first ones one more
            for rank, other in enumerate(sorted(by_need[place:])):
                allocated[other] = level + (rank < more)
            break
        left -= consumption[member]
    return allocated
