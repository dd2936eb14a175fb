"""What the registers of a unit used, as far as demand charges, netting and minimum bills ask for it. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from mita.kit.money import BIGINT_MAX
from mita.tariffs.domain import (
    DEFAULT_REGISTER,
    EXPORT,
    NO_TABLE,
    SUPPLY,
    WHOLE,
    ChargeTooLarge,
    Columns,
    Metered,
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
_NEAR_S = 400 * 86_400


@dataclass(frozen=True, slots=True)
class RegisterUse:
    """A register's timeline as intervals, and its versions by role."""

    target: Target
    name: str
    columns: Columns
    versions: Mapping[str, tuple[RateTable, ...]]


@dataclass(frozen=True, slots=True)
class _Used:
    """What a register counted in one period: when that begins, ((season, letter), quantity) in time order."""

    begins: date
    table: RateTable
    limits: tuple[int, int]
    uses: tuple[tuple[tuple[str, str], int], ...]


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
        self._used: dict[tuple[int, str], list[_Used]] = {}

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
        if not columns:  # whoever pays for the registers has a table of their own
            return None
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

    def metered(self, prices: PriceList, part: PeriodPart) -> tuple[list[Metered], list[Metered]]:
        """Return what the import and the export registers counted in a part, where both are charged."""
        found: dict[str, list[Metered]] = {DEFAULT_REGISTER: [], EXPORT: []}
        for register in self._registers:
            if register.name not in found:
                continue
            key = (register.target.register_id, prices.role)
            if key not in self._used:
                self._used[key] = self._uses(register, role=prices.role, priced_as=DEFAULT_REGISTER)
            found[register.name] += [
                Metered(register.target.meter_id, used.uses, used.limits)
                for used in self._used[key]
                if part.first <= used.begins < part.until and self._pays(prices, register, day=used.begins)
            ]
        return found[DEFAULT_REGISTER], found[EXPORT]

    def _pays(self, prices: PriceList, register: RegisterUse, *, day: date) -> bool:
        return self._payers[prices.role].of(register.target, day=day) == prices.payer

    def _periods(self, register: RegisterUse, *, role: str) -> list[tuple[date, int]]:
        """Return (first local date of use, written price) of each period of a register in a role."""
        found = []
        for used in self._uses(register, role=role, priced_as=register.name):
            totals = PeriodTotals(used.table, register=register.name, limits=used.limits)
            try:
                for (season, letter), quantity in used.uses:
                    totals.add(season=season, letter=letter, quantity_micro=quantity)
                written = totals.charged.written_micro
            except ChargeTooLarge:
                # whatever it is exactly, no minimum is missing
                written = BIGINT_MAX
            found.append((used.begins, written))
        return found

    def _uses(self, register: RegisterUse, *, role: str, priced_as: str) -> list[_Used]:
        """Return the periods of a register in a role, by season and letter of the register ``priced_as``."""
        versions = register.versions[role]
        columns = self._charged(register, role=role, priced_as=priced_as)
        if not versions or not len(columns.start_s):
            return []
        slots, parts = self._cut(versions, priced_as, columns)
        quantity: dict[int, int] = defaultdict(int)
        begins: dict[int, int] = {}
        starts = np.maximum(slots.starts[parts.slot], columns.start_s[parts.interval])
        rows = zip(parts.slot.tolist(), starts.tolist(), parts.quantity_micro.tolist(), strict=True)
        for slot, start_s, micro in rows:
            if slots.row[slot] >= 0:
                quantity[slot] += micro
                begins.setdefault(slot, start_s)
        periods: dict[int, list[int]] = defaultdict(list)
        for slot in sorted(quantity):
            periods[int(slots.period[slot])].append(slot)
        found = []
        for some in periods.values():
            row = int(slots.row[some[0]])
            shrunk = int(slots.days[row]), int(slots.whole_days[row])
            of_rows = [(int(slots.row[slot]), quantity[slot]) for slot in some]
            found.append(
                _Used(
                    begins=local_date(begins[some[0]], zone=self._zone),
                    table=versions[int(slots.version[row])],
                    limits=shrunk if shrunk[1] else WHOLE,
                    uses=tuple(((slots.season[at], slots.letter[at]), micro) for at, micro in of_rows),
                )
            )
        return found

    def _charged(self, register: RegisterUse, *, role: str, priced_as: str) -> Columns:
        """Return the intervals that are charged: one that touches a time without a supply table waits."""
        columns, supply = register.columns, register.versions.get(SUPPLY, ())
        if not supply or not len(columns.start_s):
            return Columns(_NONE, _NONE, _NONE)
        slots, parts = self._cut(supply, register.name, columns)
        row = slots.row[parts.slot]
        is_bad = row < 0 if role == SUPPLY and priced_as == register.name else row == NO_TABLE
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
    starts, ends, quantity = columns.start_s[chosen], columns.end_s[chosen], columns.quantity_micro[chosen]
    # of a gap of years only what is near: a window for each minute of it would fill the memory
    low, high = np.maximum(starts, start_s - _NEAR_S), np.minimum(ends, end_s + _NEAR_S)
    far = high - low < ends - starts
    if far.any():
        quantity = quantity.copy()
        quantity[far] = [
            micro * kept // whole
            for micro, kept, whole in zip(
                quantity[far].tolist(), (high - low)[far].tolist(), (ends - starts)[far].tolist(), strict=True
            )
        ]
    return low, high, quantity
