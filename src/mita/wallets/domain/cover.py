"""The general account pays what a utility lacks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .standing import Standing, WatchLines, standing_after

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Lacking:
    """An account below its lines: what brings it back into credit, and what keeps it there a while."""

    account_id: int
    standing: Standing
    least_micro: int
    wanted_micro: int


def find_lacking(
    account_id: int, *, standing: Standing, balance_micro: int, lines: WatchLines, cover_micro: int
) -> Lacking | None:
    """Return what an account lacks that comes from ``standing``, None if its balance is in credit."""
    after = standing_after(standing, balance_micro=balance_micro, lines=lines)
    if after is Standing.IN_CREDIT:
        return None
    # at a line is below it; at the restore line is back
    marks = [
        *(line + 1 for line in (lines.low_micro, lines.cut_micro) if line is not None),
        *(line for line in (lines.restore_micro,) if line is not None),
    ]
    least = max(marks) - balance_micro
    return Lacking(account_id, after, least, least + cover_micro)


def plan_covers(available_micro: int, *, lacking: Sequence[Lacking]) -> dict[int, int]:
    """Return what the general account pays to each account, at most ``available_micro`` in all.

    First everybody is brought back into credit, who is out before who is low; then each gets what is wanted.
    """
    parts = dict.fromkeys((each.account_id for each in lacking), 0)
    rest = max(0, available_micro)
    ordered = sorted(lacking, key=lambda each: (-each.standing, each.account_id))
    for goal in ("least_micro", "wanted_micro"):
        for each in ordered:
            part = min(rest, max(0, getattr(each, goal) - parts[each.account_id]))
            parts[each.account_id] += part
            rest -= part
    return {account_id: part for account_id, part in parts.items() if part}
