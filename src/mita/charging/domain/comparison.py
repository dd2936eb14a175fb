"""What units' own consumption costs under one list of prices and under another. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mita.tariffs.domain import (
    Bill,
    BillPeriod,
    NotPriced,
    Runs,
    bill,
    build_slots,
    fixed_item,
    local_date,
    local_midnight_s,
    needs_tallies,
    period_parts,
    rate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from mita.charging.domain.consumption import Consumption
    from mita.tariffs.domain import Interval, RateTable, SlotTable

# what a register is charged by, with [first, until) in mind: versions in order, the first not after ``first``
Versions = tuple["RateTable", ...]


class NotComparable(ValueError):
    """A consumption that one side has no price for, with the reason."""


@dataclass(frozen=True, slots=True)
class UnitUse:
    """The consumption of a unit's registers of one utility, by register id."""

    unit_id: int
    name: str
    consumption: tuple[Consumption, ...]


@dataclass(frozen=True, slots=True)
class UnitComparison:
    """What a unit's consumption costs the old and the new way, signed micro-money without and with tax.

    ``reason`` says why it could not be compared; then there are no amounts.
    """

    unit_id: int
    name: str
    first: date | None = None
    old_net_micro: int = 0
    old_gross_micro: int = 0
    new_net_micro: int = 0
    new_gross_micro: int = 0
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
        change = row.difference_micro
        self.gains += change < 0
        self.loses += change > 0
        self.same += change == 0
        if change < 0:
            self.best = sorted([*self.best, row], key=lambda r: (r.difference_micro, r.unit_id))[: self.keep]
        if change > 0:
            worse = sorted([*self.worst, row], key=lambda r: (-r.difference_micro, r.unit_id))
            self.worst = worse[: self.keep]


class Pricing:
    """Prices consumption of local dates [first, until) under versions; ``versions_of`` chooses them.

    Usage under one version that prices by running quantity is priced for many registers at once, everything
    else unit by unit.
    """

    def __init__(
        self,
        versions_of: Callable[[Consumption], Versions],
        *,
        zone: ZoneInfo,
        first: date,
        until: date,
    ) -> None:
        self._versions_of = versions_of
        self._zone = zone
        self._first = first
        self._until = until
        self._slots: dict[tuple[Versions, str], SlotTable] = {}

    def begins(self, consumption: Consumption) -> date | None:
        """Return the first date of the span that has a price for a register, None if none has."""
        versions = self._versions_of(consumption)
        if not versions or versions[0].effective_from >= self._until:
            return None
        return max(versions[0].effective_from, self._first)

    def bills(self, use: UnitUse, *, first: date) -> list[Bill]:
        """Return the bills of a unit from ``first`` on: one for each meter and list of prices.

        Standing charges, demand and the minimum are those of the first meter under each list.

        :raises NotComparable: if some consumption has no price
        """
        found: list[Bill] = []
        for versions, meters in self._by_list(use, first=first).items():
            for at, uses in enumerate(meters):
                chosen = versions if at == 0 else tuple(_usage_only(table) for table in versions)
                found.append(self._bill(chosen, uses, first=first))
        return found

    def totals(
        self, uses: Sequence[UnitUse], *, firsts: Mapping[int, date]
    ) -> dict[int, tuple[int, int] | str]:
        """Return (net, gross) of each unit by id, or why it has none; ``firsts`` are their first dates."""
        quick = [use for use in uses if self._is_quick(use)]
        found: dict[int, tuple[int, int] | str] = {}
        for use in uses:
            if use not in quick:
                found[use.unit_id] = self._slowly(use, first=firsts[use.unit_id])
        found.update(self._quickly(quick, firsts=firsts))
        return found

    def _slowly(self, use: UnitUse, *, first: date) -> tuple[int, int] | str:
        try:
            bills = self.bills(use, first=first)
        except NotComparable as error:
            return str(error)
        net = sum(each.net_micro for each in bills)
        return net, net + sum(period.tax_micro for each in bills for period in each.periods)

    def _quickly(
        self, uses: Sequence[UnitUse], *, firsts: Mapping[int, date]
    ) -> dict[int, tuple[int, int] | str]:
        found: dict[int, tuple[int, int] | str] = {}
        usage = self._usage_by_register([each for use in uses for each in use.consumption], firsts=firsts)
        for use in uses:
            first = firsts[use.unit_id]
            net = gross = 0
            reason = ""
            for versions in dict.fromkeys(self._versions_of(each) for each in use.consumption):
                for more_net, more_tax in self._standing(versions, first=first):
                    net, gross = net + more_net, gross + more_net + more_tax
            for each in use.consumption:
                priced = usage.get(each.source.register_id, (0, 0))
                if isinstance(priced, str):
                    reason = priced
                else:
                    net, gross = net + priced[0], gross + sum(priced)
            found[use.unit_id] = reason or (net, gross)
        return found

    def _usage_by_register(
        self, consumption: Sequence[Consumption], *, firsts: Mapping[int, date]
    ) -> dict[int, tuple[int, int] | str]:
        groups: dict[tuple[Versions, str], list[Consumption]] = {}
        for each in consumption:
            versions = self._versions_of(each)
            if any(table.charges_of(each.source.register) for table in versions):
                groups.setdefault((versions, each.source.register), []).append(each)
        found: dict[int, tuple[int, int] | str] = {}
        for key, members in groups.items():
            found.update(self._rated(self._slot_table(key), members, firsts=firsts))
        return found

    def _rated(
        self, slots: SlotTable, members: Sequence[Consumption], *, firsts: Mapping[int, date]
    ) -> dict[int, tuple[int, int] | str]:
        parts = [
            each.after(local_midnight_s(firsts[each.source.unit_id], zone=self._zone)) for each in members
        ]
        chain = np.repeat(np.arange(len(parts)), [len(each.start_s) for each in parts])
        start, end, quantity = (
            np.concatenate([getattr(each, name) for each in parts])
            for name in ("start_s", "end_s", "quantity_micro")
        )
        rated = rate(
            slots,
            chain=chain,
            start_s=start,
            end_s=end,
            quantity_micro=quantity,
            opening=Runs.zero(len(chain)),
            opening_at_s=start,
        )
        lacking = set(chain[(rated.unpriced != 0) & (quantity > 0)].tolist())
        net, tax = (np.zeros(len(members), dtype=np.int64) for _ in range(2))
        np.add.at(net, chain, rated.net_micro)
        np.add.at(tax, chain, rated.tax_micro)
        return {
            each.source.register_id: _NO_PRICE if at in lacking else (int(net[at]), int(tax[at]))
            for at, each in enumerate(members)
        }

    def _slot_table(self, key: tuple[Versions, str]) -> SlotTable:
        if key not in self._slots:
            versions, register = key
            start_s, end_s = (local_midnight_s(day, zone=self._zone) for day in (self._first, self._until))
            self._slots[key] = build_slots(
                versions, zone=self._zone, register=register, start_s=start_s, end_s=end_s
            )
        return self._slots[key]

    def _standing(self, versions: Versions, *, first: date) -> Iterable[tuple[int, int]]:
        for part in period_parts(versions, first=first, until=self._until):
            table = versions[part.version]
            for charge in table.fixed:
                amount = fixed_item(table, charge, part=part).amount
                yield amount.net_micro, amount.tax_micro

    def _is_quick(self, use: UnitUse) -> bool:
        return all(_is_quick(self._versions_of(each), self._until) for each in use.consumption)

    def _by_list(self, use: UnitUse, *, first: date) -> dict[Versions, list[dict[str, list[Interval]]]]:
        from_s = local_midnight_s(first, zone=self._zone)
        found: dict[Versions, dict[int, dict[str, list[Interval]]]] = {}
        for each in use.consumption:
            versions = self._versions_of(each)
            meters = found.setdefault(versions, {})
            uses = meters.setdefault(each.source.meter_id, {})
            if any(_is_priced(table, each.source.register) for table in versions):
                uses[each.source.register] = each.after(from_s).intervals()
        return {versions: list(meters.values()) for versions, meters in found.items()}

    def _bill(self, versions: Versions, uses: Mapping[str, Sequence[Interval]], *, first: date) -> Bill:
        # a meter without the register that power is read from has no power
        needed = {charge.register for table in versions for charge in table.demands}
        whole = {**dict.fromkeys(needed, ()), **uses}
        try:
            return bill(versions, zone=self._zone, uses=whole, first=first, until=self._until)
        except NotPriced as error:
            raise NotComparable(_NO_PRICE) from error


_NO_PRICE = "some of the consumption has no price"
NO_READINGS = "there are no readings in that time"
NO_TABLE_IN_FORCE = "no rate table is in force"


def compare_units(
    uses: Sequence[UnitUse], *, old: Pricing, new: Pricing, zone: ZoneInfo
) -> list[UnitComparison]:
    """Return each unit's comparison, both sides over the same dates: those with readings and with prices."""
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
    for use in chosen:
        before, after = (side[use.unit_id] for side in sides)
        if isinstance(before, str) or isinstance(after, str):
            reason = before if isinstance(before, str) else str(after)
            rows[use.unit_id] = UnitComparison(use.unit_id, use.name, reason=reason)
        else:
            rows[use.unit_id] = UnitComparison(
                use.unit_id, use.name, firsts[use.unit_id], before[0], before[1], after[0], after[1]
            )
    return [rows[use.unit_id] for use in uses]


def as_if_in_force(table: RateTable, *, first: date) -> Versions:
    """Return a table as the only price from ``first`` on, whenever it begins."""
    return (replace(table, effective_from=min(table.effective_from, first)),)


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


def _is_priced(table: RateTable, register: str) -> bool:
    return bool(table.charges_of(register)) or any(each.register == register for each in table.demands)


def _usage_only(table: RateTable) -> RateTable:
    return replace(table, charges=table.usage)


def _is_quick(versions: Versions, until: date) -> bool:
    """Say whether usage is priced by running quantity, and nothing but usage and standing charges is due."""
    relevant = [each for each in versions if each.effective_from < until]
    is_shared = any(one.has_limits or other.has_limits for one, other in pairwise(relevant))
    return not is_shared and not any(
        table.demands or table.minimums or any(needs_tallies(charge) for charge in table.usage)
        for table in relevant
    )
