"""On which dates assignments change what a register is charged by: what residents are told of. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .assignment import segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from .assignment import Assignment, Target

NOTICE_DAYS_DEFAULT = 30
NOTICE_DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class Changeover:
    """A local date on which an assignment begins, or ends (``is_end``).

    ``is_correction``: the date was over when it was assigned.
    """

    assignment: Assignment
    day: date
    is_end: bool
    is_correction: bool


def changeovers(assigned: Iterable[tuple[Assignment, date]]) -> tuple[Changeover, ...]:
    """Return all changeovers of assignments, given with the local date on which each was made, by date.

    The end of one that was over when it was assigned is no changeover: its beginning tells of all of it.
    """
    found = []
    for each, made_on in assigned:
        begins = each.effective_from
        found.append(Changeover(each, begins, is_end=False, is_correction=begins < made_on))
        if each.effective_until is not None and each.effective_until > made_on:
            found.append(Changeover(each, each.effective_until, is_end=True, is_correction=False))
    return tuple(sorted(found, key=lambda changeover: (changeover.day, changeover.assignment.assignment_id)))


def tables_at(
    changeover: Changeover, *, assignments: Sequence[Assignment], target: Target
) -> tuple[int | None, int | None] | None:
    """Return by which rate tables a register is charged before and after it; None if it changes nothing.

    Of a correction "before" is what was in force for the same date until then.
    """
    own = changeover.assignment
    eve = changeover.day.fromordinal(changeover.day.toordinal() - 1)
    through = [each for each in assignments if each.assignment_id <= own.assignment_id]
    earlier = [each for each in through if each != own]

    def table(known: Sequence[Assignment], day: date) -> int | None:
        return _table(known, target=target, role=own.role, day=day)

    holds_on = eve if changeover.is_end else changeover.day
    if table(assignments, holds_on) != own.rate_table_id or table(through, holds_on) != own.rate_table_id:
        return None  # a more specific one is in force, or a newer one took its place
    after = table(assignments, changeover.day)
    before = table(earlier, changeover.day) if changeover.is_correction else table(assignments, eve)
    if before == after or (not changeover.is_end and table(earlier, changeover.day) == after):
        return None
    return before, after


def _table(assignments: Sequence[Assignment], *, target: Target, role: str, day: date) -> int | None:
    listed = segments(assignments, target=target, role=role)
    at = bisect_right([each.effective_from for each in listed], day) - 1
    return listed[at].rate_table_id if at >= 0 else None
