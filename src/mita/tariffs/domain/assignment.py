"""Which rate table is in force for a register and when: the most specific one, then the newest."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Literal

from .calendar import billing_period_start

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .document import RateTable

SUPPLY: Final = "supply"
# what may be charged beside one another on the same register, each by a table of its own
ROLES = (SUPPLY, "network", "levy")
RoleWord = Literal["supply", "network", "levy"]
_NEVER = date.min


class Scope(IntEnum):
    """What an assignment is for; a later one is more specific."""

    ESTATE = 0
    UNIT = 1
    METER = 2
    REGISTER = 3

    @property
    def shown(self) -> Literal["estate", "unit", "meter", "register"]:
        """The word of the API."""
        return _SHOWN[self]


_SHOWN: dict[Scope, Literal["estate", "unit", "meter", "register"]] = {
    Scope.ESTATE: "estate",
    Scope.UNIT: "unit",
    Scope.METER: "meter",
    Scope.REGISTER: "register",
}


@dataclass(frozen=True, slots=True)
class Assignment:
    """A rate table for [effective_from, effective_until) in local dates; None: until another one begins.

    ``target_id`` names the unit, meter or register, 0 for the estate. A newer assignment of the same role,
    target and first date stands in the place of the older one.
    """

    assignment_id: int
    role: str
    scope: Scope
    target_id: int
    effective_from: date
    effective_until: date | None
    rate_table_id: int

    @property
    def place(self) -> tuple[str, Scope, int, date]:
        """What a newer assignment must have too in order to stand in its place."""
        return self.role, self.scope, self.target_id, self.effective_from

    def holds_on(self, day: date) -> bool:
        """Say whether it holds on a date, if nothing else does."""
        return self.effective_from <= day and (self.effective_until is None or day < self.effective_until)


@dataclass(frozen=True, slots=True)
class Target:
    """A register, with all that an assignment may name."""

    unit_id: int
    meter_id: int
    register_id: int

    def id_in(self, scope: Scope) -> int:
        """Return what an assignment of a scope names."""
        return (0, self.unit_id, self.meter_id, self.register_id)[scope]


@dataclass(frozen=True, slots=True)
class Segment:
    """From a date on, a table (None: none) until the next segment begins."""

    effective_from: date
    rate_table_id: int | None


def segments(assignments: Iterable[Assignment], *, target: Target, role: str) -> tuple[Segment, ...]:
    """Return what is in force for a register in a role, by date; two neighbours never have the same table."""
    standing: dict[tuple[str, Scope, int, date], Assignment] = {}
    for each in sorted(assignments, key=lambda each: each.assignment_id):
        if each.role == role and each.target_id == target.id_in(each.scope):
            standing[each.place] = each
    days = {each.effective_from for each in standing.values()}
    days |= {each.effective_until for each in standing.values() if each.effective_until is not None}
    found: list[Segment] = []
    for day in sorted(days):
        holding = [each for each in standing.values() if each.holds_on(day)]
        best = max(holding, key=lambda each: (each.scope, each.effective_from), default=None)
        table_id = best.rate_table_id if best else None
        if table_id != (found[-1].rate_table_id if found else None):
            found.append(Segment(day, table_id))
    return tuple(found)


def holding_on(assignments: Iterable[Assignment], *, rate_table_id: int, day: date) -> list[Assignment]:
    """Return the assignments by which a table holds on a date, one for each role and target at most.

    What is more specific than one of them does not count against it.
    """
    standing = {each.place: each for each in sorted(assignments, key=lambda each: each.assignment_id)}
    best: dict[tuple[str, Scope, int], Assignment] = {}
    for each in sorted(standing.values(), key=lambda each: each.effective_from):
        if each.holds_on(day):
            best[each.place[:3]] = each
    return [each for each in best.values() if each.rate_table_id == rate_table_id]


def changed_from(before: Sequence[RateTable], after: Sequence[RateTable]) -> date | None:
    """Return the first local date whose prices may differ between two lists of versions, None if none do.

    A change inside a billing period also shrinks the blocks of its days before, back to the period's start.
    """
    old, new = ([replace(each, effective_from=_NEVER) for each in side] for side in (before, after))
    days = sorted({each.effective_from for each in (*before, *after)})
    for day in days:
        at = [bisect_right([each.effective_from for each in side], day) - 1 for side in (before, after)]
        was = old[at[0]] if at[0] >= 0 else None
        now = new[at[1]] if at[1] >= 0 else None
        if was != now:
            sides = zip((before, after), at, strict=True)
            return min(_reaches_back(side, version, day=day) for side, version in sides)
    return None


def _reaches_back(versions: Sequence[RateTable], version: int, *, day: date) -> date:
    """Return where the limits begin that a change on ``day`` shrinks."""
    if version >= 0 and versions[version].effective_from == day:
        version -= 1  # it begins here: the one before it ends here
    if version < 0 or not versions[version].has_limits:
        return day
    table = versions[version]
    return min(day, max(table.effective_from, billing_period_start(day, billing_day=table.billing_day)))


def in_force(listed: Sequence[Segment], *, tables: Mapping[int, RateTable]) -> tuple[RateTable, ...]:
    """Return the segments as versions, each from its date on; one without any charge where no table is."""
    versions: list[RateTable] = []
    for each in listed:
        if each.rate_table_id is None:
            versions.append(replace(versions[-1], effective_from=each.effective_from, charges=()))
        else:
            versions.append(replace(tables[each.rate_table_id], effective_from=each.effective_from))
    return tuple(versions)
