"""What units' own consumption costs under one list of prices and under another. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mita.tariffs.domain import Bill, BillPeriod, local_date

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from mita.charging.domain.pricing import Pricing, UnitUse

NO_READINGS = "there are no readings in that time"
NO_TABLE_IN_FORCE = "no rate table is in force"


@dataclass(frozen=True, slots=True)
class UnitComparison:
    """What a unit's consumption costs the old and the new way, signed micro-money without and with tax.

    ``unchanged_gross_micro`` is what the other roles cost, either way. ``reason`` says why it could not be
    compared; then there are no amounts.
    """

    unit_id: int
    name: str
    first: date | None = None
    old_net_micro: int = 0
    old_gross_micro: int = 0
    new_net_micro: int = 0
    new_gross_micro: int = 0
    unchanged_gross_micro: int = 0
    reason: str = ""

    @property
    def difference_micro(self) -> int:
        """What the unit pays more under the new prices, with tax."""
        return self.new_gross_micro - self.old_gross_micro


@dataclass(slots=True)
class ComparedTotals:
    """Sums over units, taken one at a time; ``best`` pays the least more, ``worst`` the most more."""

    keep: int = 5
    units: int = 0
    gains: int = 0
    loses: int = 0
    same: int = 0
    not_compared: int = 0
    old_gross_micro: int = 0
    new_gross_micro: int = 0
    old_net_micro: int = 0
    new_net_micro: int = 0
    unchanged_gross_micro: int = 0
    best: list[UnitComparison] = field(default_factory=list)
    worst: list[UnitComparison] = field(default_factory=list)

    def add(self, row: UnitComparison) -> None:
        """Count a unit in."""
        self.units += 1
        if row.reason:
            self.not_compared += 1
            return
        self.old_gross_micro += row.old_gross_micro
        self.new_gross_micro += row.new_gross_micro
        self.old_net_micro += row.old_net_micro
        self.new_net_micro += row.new_net_micro
        self.unchanged_gross_micro += row.unchanged_gross_micro
        change = row.difference_micro
        self.gains += change < 0
        self.loses += change > 0
        self.same += change == 0
        if change < 0:
            self.best = sorted([*self.best, row], key=lambda r: (r.difference_micro, r.unit_id))[: self.keep]
        if change > 0:
            worse = sorted([*self.worst, row], key=lambda r: (-r.difference_micro, r.unit_id))
            self.worst = worse[: self.keep]


def compare_units(
    uses: Sequence[UnitUse], *, old: Pricing, new: Pricing, unchanged: Sequence[Pricing] = (), zone: ZoneInfo
) -> list[UnitComparison]:
    """Return each unit's comparison, both sides over the same dates: those with readings and with prices.

    ``unchanged`` prices what the consumption costs in other roles; there, what has no price costs nothing.
    """
    rows: dict[int, UnitComparison] = {}
    firsts: dict[int, date] = {}
    for use in uses:
        if not any(len(each.start_s) for each in use.consumption):
            rows[use.unit_id] = UnitComparison(use.unit_id, use.name, reason=NO_READINGS)
            continue
        begins = [side.begins(each) for side in (old, new) for each in use.consumption]
        if None in begins:
            rows[use.unit_id] = UnitComparison(use.unit_id, use.name, reason=NO_TABLE_IN_FORCE)
            continue
        read = local_date(min(each.since_s for each in use.consumption), zone=zone)
        firsts[use.unit_id] = max([read, *(day for day in begins if day is not None)])
    chosen = [use for use in uses if use.unit_id in firsts]
    sides = [side.totals(chosen, firsts=firsts) for side in (old, new)]
    others = [side.totals(chosen, firsts=firsts) for side in unchanged]
    for use in chosen:
        before, after = (side[use.unit_id] for side in sides)
        if isinstance(before, str) or isinstance(after, str):
            reason = before if isinstance(before, str) else str(after)
            rows[use.unit_id] = UnitComparison(use.unit_id, use.name, reason=reason)
        else:
            rows[use.unit_id] = UnitComparison(
                use.unit_id,
                use.name,
                firsts[use.unit_id],
                *before,
                *after,
                unchanged_gross_micro=sum(_gross(side[use.unit_id]) for side in others),
            )
    return [rows[use.unit_id] for use in uses]


def _gross(cost: tuple[int, int] | str) -> int:
    assert not isinstance(cost, str), "what has no price costs nothing here"
    return cost[1]


def added_up(bills: Sequence[Bill]) -> Bill:
    """Return several bills of the same dates as one: the lines of a period together."""
    found: dict[tuple[date, date], BillPeriod] = {}
    for period in (period for each in bills for period in each.periods):
        known = found.get((period.first, period.until))
        found[period.first, period.until] = (
            period
            if known is None
            else replace(
                known,
                lines=(*known.lines, *period.lines),
                net_micro=known.net_micro + period.net_micro,
                tax_micro=known.tax_micro + period.tax_micro,
            )
        )
    return Bill(currency=bills[0].currency, periods=tuple(found[key] for key in sorted(found)))
