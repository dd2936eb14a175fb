"""What the registers of a unit used, as far as demand charges and minimum bills ask for it. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from mita.tariffs.domain import (
    NO_TABLE,
    SUPPLY,
    WHOLE,
    Columns,
    PeriodTotals,
    PowerWindows,
    build_slots,
    cut_into_parts,
    local_date,
    local_midnight_s,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from mita.charging.domain.payers import Payers
    from mita.charging.domain.timed import PriceList
    from mita.tariffs.domain import DemandCharge, Parts, Peak, PeriodPart, RateTable, SlotTable, Target

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RegisterUse:
    """A register's timeline as intervals, and its versions by role."""

    target: Target
    name: str
    columns: Columns
    versions: Mapping[str, tuple[RateTable, ...]]


def intervals_of(timeline: Sequence[tuple[int, int]]) -> Columns:
    """Return readings (taken_s, value_micro) in time order as the intervals between them."""
    taken_s = np.array([each[0] for each in timeline], dtype=np.int64)
    value = np.array([each[1] for each in timeline], dtype=np.int64)
    return Columns(taken_s[:-1], taken_s[1:], np.diff(value))


class UnitUse:
    """What the registers of one unit and utility used, register by register as they are charged."""

    def __init__(
        self, registers: Sequence[RegisterUse], *, payers: Mapping[str, Payers], zone: ZoneInfo
    ) -> None:
        self._registers = registers
        self._payers = payers
        self._zone = zone
        self._written: dict[tuple[int, str], list[tuple[date, int]]] = {}

    def written_micro(self, prices: PriceList, part: PeriodPart) -> int:
        """Return what usage of a part costs as the prices are written; credits count as minus."""
        total = 0
        for register in self._registers:
            key = (register.target.register_id, prices.role)
            if key not in self._written:
                self._written[key] = self._periods(register, role=prices.role)
            for day, written in self._written[key]:
                if part.first <= day < part.until and self._pays(prices, register, day=day):
                    total += written
        return total

    def peak(self, prices: PriceList, charge: DemandCharge, part: PeriodPart) -> Peak | None:
        """Return the window of a part that decides a demand charge, None if nothing counts."""
        start_s, end_s = (local_midnight_s(day, zone=self._zone) for day in (part.first, part.until))
        columns = [
            _inside(register.columns, start_s=start_s, end_s=end_s)
            for register in self._registers
            if register.name == charge.register and self._pays(prices, register, day=part.first)
        ]
        joined = Columns(*(np.concatenate([_NONE, *each]) for each in zip(*columns, strict=True)))
        if not len(joined.start_s):
            return None
        first = local_date(int(joined.start_s.min()), zone=self._zone)
        last = local_date(int(joined.end_s.max()), zone=self._zone)
        windows = PowerWindows(
            joined,
            zone=self._zone,
            minutes=charge.interval_minutes,
            start_s=min(start_s, local_midnight_s(first, zone=self._zone)),
            end_s=max(end_s, local_midnight_s(last + _DAY, zone=self._zone)),
        )
        return windows.peak(prices.versions[part.version], charge, start_s=start_s, end_s=end_s)

    def _pays(self, prices: PriceList, register: RegisterUse, *, day: date) -> bool:
        return self._payers[prices.role].of(register.target, day=day) == prices.payer

    def _periods(self, register: RegisterUse, *, role: str) -> list[tuple[date, int]]:
        """Return (first local date of use, written price) of each period of a register in a role."""
        versions, columns = register.versions[role], self._charged(register, role=role)
        if not versions or not len(columns.start_s):
            return []
        slots, parts = self._cut(versions, register.name, columns)
        quantity: dict[int, int] = defaultdict(int)
        begins: dict[int, int] = {}
        starts = np.maximum(slots.starts[parts.slot], columns.start_s[parts.interval])
        rows = zip(parts.slot.tolist(), starts.tolist(), parts.quantity_micro.tolist(), strict=True)
        for slot, start_s, micro in rows:
            if slots.row[slot] >= 0:
                quantity[slot] += micro
                begins.setdefault(slot, start_s)
        totals: dict[int, tuple[int, PeriodTotals]] = {}
        for slot in sorted(quantity):
            period, row = int(slots.period[slot]), int(slots.row[slot])
            if period not in totals:
                shrunk = int(slots.days[row]), int(slots.whole_days[row])
                table = versions[int(slots.version[row])]
                limits = shrunk if shrunk[1] else WHOLE
                totals[period] = begins[slot], PeriodTotals(table, register=register.name, limits=limits)
            totals[period][1].add(
                season=slots.season[row], letter=slots.letter[row], quantity_micro=quantity[slot]
            )
        return [
            (local_date(begin_s, zone=self._zone), each.charged.written_micro)
            for begin_s, each in totals.values()
        ]

    def _charged(self, register: RegisterUse, *, role: str) -> Columns:
        """Return the intervals that are charged: one that touches a time without a supply table waits."""
        columns, supply = register.columns, register.versions.get(SUPPLY, ())
        if not supply or not len(columns.start_s):
            return Columns(_NONE, _NONE, _NONE)
        slots, parts = self._cut(supply, register.name, columns)
        row = slots.row[parts.slot]
        is_bad = row < 0 if role == SUPPLY else row == NO_TABLE
        good = np.ones(len(columns.start_s), dtype=np.bool_)
        good[parts.interval[is_bad]] = False
        return Columns(columns.start_s[good], columns.end_s[good], columns.quantity_micro[good])

    def _cut(
        self, versions: tuple[RateTable, ...], register: str, columns: Columns
    ) -> tuple[SlotTable, Parts]:
        slots = build_slots(
            versions,
            zone=self._zone,
            register=register,
            start_s=int(columns.start_s[0]),
            end_s=int(columns.end_s[-1]),
        )
        parts = cut_into_parts(
            slots, start_s=columns.start_s, end_s=columns.end_s, quantity_micro=columns.quantity_micro
        )
        return slots, parts


_NONE: NDArray[np.int64] = np.empty(0, dtype=np.int64)


def _inside(
    columns: Columns, *, start_s: int, end_s: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    chosen = (columns.end_s > start_s) & (columns.start_s < end_s)
    return columns.start_s[chosen], columns.end_s[chosen], columns.quantity_micro[chosen]
