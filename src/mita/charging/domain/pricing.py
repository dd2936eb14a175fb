"""What units' own consumption costs under one list of prices. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mita.tariffs.domain import (
    EXPORT,
    NotPriced,
    Runs,
    bill,
    build_slots,
    fixed_item,
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
    from mita.tariffs.domain import Bill, Interval, RateTable, SlotTable

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


class Pricing:
    """Prices consumption of local dates [first, until) under versions; ``versions_of`` chooses them.

    Usage under one version that prices by running quantity is priced for many registers at once, everything
    else unit by unit. ``may_lack``: what has no price costs nothing, as in every role but supply.
    """

    def __init__(
        self,
        versions_of: Callable[[Consumption], Versions],
        *,
        zone: ZoneInfo,
        first: date,
        until: date,
        may_lack: bool = False,
    ) -> None:
        self._versions_of = versions_of
        self._may_lack = may_lack
        self._zone = zone
        self._first = first
        self._until = until
        self._slots: dict[tuple[Versions, str], SlotTable] = {}

    def begins(self, consumption: Consumption) -> date | None:
        """Return the first date of the span that has a price for a register, None if none has."""
        if self._may_lack:
            return self._first
        versions = self._versions_of(consumption)
        if not versions or versions[0].effective_from >= self._until:
            return None
        return max(versions[0].effective_from, self._first)

    def bills(self, use: UnitUse, *, first: date) -> list[Bill]:
        """Return the bills of a unit from ``first`` on: one for each meter and list of prices.

        Standing charges, demand and the minimum are those of the first meter under each list; netting is
        each meter's own.

        :raises NotComparable: if some consumption has no price
        """
        found: list[Bill] = []
        for versions, meters in self._by_list(use, first=first).items():
            begins = max(first, versions[0].effective_from)
            for at, uses in enumerate(meters):
                chosen = versions if at == 0 else tuple(_without_standing(table) for table in versions)
                found.append(self._bill(chosen, uses, first=begins))
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
            for versions in dict.fromkeys(filter(None, map(self._versions_of, use.consumption))):
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
        return all(
            _is_quick(versions, self._until)
            and not (self._may_lack and self._is_lacking(versions, each.source.register))
            for each in use.consumption
            for versions in (self._versions_of(each),)
        )

    def _is_lacking(self, versions: Versions, register: str) -> bool:
        """Say whether a register has a price for a part of the span only."""
        begun = [each for each in versions if each.effective_from < self._until]
        if not begun:
            return False
        return begun[0].effective_from > self._first or (
            len({bool(each.charges_of(register)) for each in begun}) > 1
        )

    def _by_list(self, use: UnitUse, *, first: date) -> dict[Versions, list[dict[str, list[Interval]]]]:
        found: dict[Versions, dict[int, dict[str, list[Interval]]]] = {}
        for each in use.consumption:
            versions = self._versions_of(each)
            if self._may_lack and (not versions or versions[0].effective_from >= self._until):
                continue
            begins = max(first, versions[0].effective_from)
            uses = found.setdefault(versions, {}).setdefault(each.source.meter_id, {})
            if any(_is_priced(table, each.source.register) for table in versions):
                used = each.after(local_midnight_s(begins, zone=self._zone))
                uses[each.source.register] = self._priced(used, versions, first=begins)
        return {versions: list(meters.values()) for versions, meters in found.items()}

    def _priced(self, used: Consumption, versions: Versions, *, first: date) -> list[Interval]:
        """Return the intervals that are charged: where a price may lack, those of parts that have one."""
        register = used.source.register
        if not self._may_lack or all(_is_priced(table, register) for table in versions):
            return used.intervals()
        found: list[Interval] = []
        for part in period_parts(versions, first=first, until=self._until):
            if _is_priced(versions[part.version], register):
                start_s, end_s = (local_midnight_s(day, zone=self._zone) for day in (part.first, part.until))
                found += used.between(start_s, end_s).intervals()
        return found

    def _bill(self, versions: Versions, uses: Mapping[str, Sequence[Interval]], *, first: date) -> Bill:
        # a meter without the register that power is read from has no power
        needed = {charge.register for table in versions for charge in table.demands}
        whole = {**dict.fromkeys(needed, ()), **uses}
        try:
            return bill(versions, zone=self._zone, uses=whole, first=first, until=self._until)
        except NotPriced as error:
            raise NotComparable(_NO_PRICE) from error


_NO_PRICE = "some of the consumption has no price"


def as_if_in_force(table: RateTable, *, first: date) -> Versions:
    """Return a table as the only price from ``first`` on, whenever it begins."""
    return (replace(table, effective_from=min(table.effective_from, first)),)


def _is_priced(table: RateTable, register: str) -> bool:
    if register == EXPORT and table.nettings:
        return True
    return bool(table.charges_of(register)) or any(each.register == register for each in table.demands)


def _without_standing(table: RateTable) -> RateTable:
    return replace(table, charges=(*table.usage, *table.nettings))


def _is_quick(versions: Versions, until: date) -> bool:
    """Say whether usage is priced by running quantity, and nothing but usage and standing charges is due."""
    relevant = [each for each in versions if each.effective_from < until]
    is_shared = any(one.has_limits or other.has_limits for one, other in pairwise(relevant))
    return not is_shared and not any(
        table.follows_use or any(needs_tallies(charge) for charge in table.usage) for table in relevant
    )
