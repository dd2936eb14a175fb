"""Time cut into slots: runs in which one price list holds."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mita.kit.money import MICRO

from .calendar import billing_period_start, day_type_on, next_billing_period_start, season_on
from .document import DAY_TYPES
from .localtime import local_date, local_grid
from .prices import PriceRows, RowKey, price_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from .document import RateTable

T = TypeVar("T")

NO_TABLE = -1
NOT_PRICED = -2

_DAY_S = 86_400
_HALF_HOUR_S = 1_800
_HALF_HOURS = 48
_MARGIN = timedelta(days=3)
_YEARS_MAX = 60
_LATEST_S = 7_258_118_400  # 2200-01-01
_EPOCH = date(1970, 1, 1)
_LETTERS = 128


class VersionsNotInOrder(ValueError):
    """Rate table versions that are not sorted by ``effective_from``, or two of the same date."""


class BadSpan(ValueError):
    """A span of time that is empty, backwards, too long, or not between 1970 and 2200."""


@dataclass(frozen=True, slots=True, eq=False)
class SlotTable:
    """Consecutive half-open slots in UTC seconds, n of them, and r price rows of up to k blocks.

    ``starts`` int64[n+1] (the last one ends the table) · ``period`` int64[n], the second at which the slot's
    billing period starts, a version's first second included · ``row`` int64[n] into the price rows, or
    NO_TABLE, NOT_PRICED · ``season``, ``letter`` and ``version`` by row · ``lower``, ``upper``, ``price``
    int64[r, k] in micro · ``tax_num``, ``tax_den`` the reduced tax rate · ``inclusive`` · ``sign`` -1 credit
    · ``factor`` micro-units of the price in a base unit · ``days`` of ``whole_days``: how far the limits of
    the row have shrunk, 0 if not at all · ``is_tallied``: no prices here, see ``needs_tallies``.
    """

    starts: npt.NDArray[np.int64]
    period: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    version: npt.NDArray[np.int64]
    season: tuple[str, ...]
    letter: tuple[str, ...]
    lower: npt.NDArray[np.int64]
    upper: npt.NDArray[np.int64]
    price: npt.NDArray[np.int64]
    tax_num: npt.NDArray[np.int64]
    tax_den: npt.NDArray[np.int64]
    inclusive: npt.NDArray[np.bool_]
    sign: npt.NDArray[np.int64]
    factor: npt.NDArray[np.int64]
    days: npt.NDArray[np.int64]
    whole_days: npt.NDArray[np.int64]
    is_tallied: npt.NDArray[np.bool_]

    @property
    def needs_tallies(self) -> bool:
        """Whether some slot has a price that follows from the period's quantities by season and letter."""
        return bool(self.is_tallied.any())

    @property
    def converts(self) -> bool:
        """Whether some price is for another unit than the register's base unit."""
        return bool((self.factor != MICRO).any())


def build_slots(
    versions: Sequence[RateTable], *, zone: ZoneInfo, register: str, start_s: int, end_s: int
) -> SlotTable:
    """Return the slots of a register over at least [start_s, end_s), extended to whole billing periods.

    ``versions`` are the rate tables of one utility, sorted by ``effective_from``; each holds until the next.

    :raises VersionsNotInOrder: if they are not sorted
    :raises BadSpan: if the span is empty, longer than 60 years, or not between 1970 and 2200
    """
    _check(versions, start_s=start_s, end_s=end_s)
    calendar = _Billing(versions)
    first = calendar.start(local_date(start_s, zone=zone))
    until = calendar.next_start(local_date(end_s - 1, zone=zone))
    table = _build(calendar, zone=zone, register=register, first=first, until=until)
    if table.starts[-1] < end_s:
        # a clock set back over midnight: the last second was on the day before once more
        table = _build(calendar, zone=zone, register=register, first=first, until=calendar.next_start(until))
    return table


class _Billing:
    """Versions and billing periods of local dates."""

    def __init__(self, versions: Sequence[RateTable]) -> None:
        self.versions = versions
        self.effective = [version.effective_from for version in versions]

    def version_on(self, day: date) -> int:
        """Return the index of the version in force, -1 before the first."""
        return bisect_right(self.effective, day) - 1

    def start(self, day: date) -> date:
        """Return the first date of the day's billing period, cut where its version begins."""
        version = self.version_on(day)
        start = billing_period_start(day, billing_day=self._billing_day(version))
        return max(start, self.effective[version]) if version >= 0 else start

    def next_start(self, day: date) -> date:
        """Return the first date of the next billing period, cut where the next version begins."""
        version = self.version_on(day)
        following = next_billing_period_start(day, billing_day=self._billing_day(version))
        later = self.effective[version + 1 : version + 2]
        return min(following, *later) if later else following

    def shrunk(self, day: date) -> tuple[int, int]:
        """Return (days, whole days) of the part of a billing period that another version shares, else zeros.

        A part shrinks limits if another version was in force on the day before it, or comes inside its
        period; the whole period is that of the part's own billing day.
        """
        version = self.version_on(day)
        if version < 0:
            return 0, 0
        billing_day = self._billing_day(version)
        first = billing_period_start(day, billing_day=billing_day)
        until = next_billing_period_start(day, billing_day=billing_day)
        since, end = self.start(day), self.next_start(day)
        before = self.versions[version - 1 : version] if since > first else ()
        after = self.versions[version + 1 : version + 2] if end < until else ()
        # where no table was or will be, nothing is shared
        if any(table.charges for table in (*before, *after)):
            return (end - since).days, (until - first).days
        return 0, 0

    def _billing_day(self, version: int) -> int:
        return self.versions[max(version, 0)].billing_day if self.versions else 1


def _check(versions: Sequence[RateTable], *, start_s: int, end_s: int) -> None:
    dates = [version.effective_from for version in versions]
    if any(later <= earlier for earlier, later in pairwise(dates)):
        raise VersionsNotInOrder("rate table versions must be sorted by effective_from, one per date")
    if not 0 <= start_s < end_s <= min(start_s + _YEARS_MAX * 366 * _DAY_S, _LATEST_S):
        raise BadSpan(
            f"slots need 1970 <= start < end < 2200 and at most {_YEARS_MAX} years: {start_s}, {end_s}"
        )


def _build(billing: _Billing, *, zone: ZoneInfo, register: str, first: date, until: date) -> SlotTable:
    days = _Days(billing, first=first - _MARGIN, until=until + _MARGIN)
    grid = local_grid(
        zone,
        start_s=days.first * _DAY_S,
        end_s=(days.first + len(days.version)) * _DAY_S,
        step_s=_step_s(billing.versions),
    )
    # a clock set back over midnight does not bring the day before, and its billing period, back to life
    day = np.clip(np.maximum.accumulate(grid.local_s // _DAY_S - days.first), 0, len(days.version) - 1)
    low, high = (int(at) for at in np.searchsorted(day, [_MARGIN.days, len(days.version) - _MARGIN.days]))
    half_hour = grid.local_s % _DAY_S // _HALF_HOUR_S
    keys = days.keys(day[low:high], half_hour=half_hour[low:high], register=register)
    period = days.period[day[low:high]]
    utc_s = grid.utc_s[low : high + 1]

    begins_period = np.concatenate(([True], period[1:] != period[:-1]))
    begins = np.flatnonzero(begins_period | np.concatenate(([True], keys[1:] != keys[:-1])))
    period_at = np.maximum.accumulate(np.where(begins_period, np.arange(len(period)), 0))
    slot_keys = keys[begins]
    known, row = np.unique(slot_keys, return_inverse=True)
    unpriced = int((known < 0).sum())
    rows = price_rows(
        billing.versions, register=register, keys=[days.row_key(int(key)) for key in known[unpriced:]]
    )
    return _slot_table(
        rows,
        starts=np.append(utc_s[begins], utc_s[-1]),
        period=utc_s[period_at[begins]],
        row=np.where(slot_keys < 0, slot_keys, row - unpriced),
    )


def _slot_table(
    rows: PriceRows,
    *,
    starts: npt.NDArray[np.int64],
    period: npt.NDArray[np.int64],
    row: npt.NDArray[np.int64],
) -> SlotTable:
    return SlotTable(
        starts=starts,
        period=period,
        row=row.astype(np.int64),
        version=np.array([key.version for key in rows.keys], dtype=np.int64),
        season=tuple(key.season for key in rows.keys),
        letter=tuple(key.letter for key in rows.keys),
        lower=rows.lower,
        upper=rows.upper,
        price=rows.price,
        tax_num=rows.tax_num,
        tax_den=rows.tax_den,
        inclusive=rows.inclusive,
        sign=rows.sign,
        factor=rows.factor,
        days=np.array([key.days for key in rows.keys], dtype=np.int64),
        whole_days=np.array([key.whole_days for key in rows.keys], dtype=np.int64),
        is_tallied=rows.is_tallied,
    )


def _step_s(versions: Sequence[RateTable]) -> int:
    lengths = {len(clock.day(each)) for version in versions for clock in version.clocks for each in DAY_TYPES}
    if not lengths:
        return _DAY_S
    return _HALF_HOUR_S if _HALF_HOURS in lengths else 2 * _HALF_HOUR_S


class _Days:
    """Arrays by local date, from ``first`` (days since 1970): version, period, part, season, clock."""

    def __init__(self, billing: _Billing, *, first: date, until: date) -> None:
        dates = [first + timedelta(days=index) for index in range((until - first).days)]
        versions = [billing.version_on(day) for day in dates]
        self.billing = billing
        self.first = (first - _EPOCH).days
        self.version = np.array(versions, dtype=np.int64)
        starts = [billing.start(day) for day in dates]
        self.period = np.array([(start - _EPOCH).days for start in starts], dtype=np.int64)
        self.parts: list[tuple[int, int]] = [(0, 0)]
        part = {start: _place(self.parts, billing.shrunk(start)) for start in dict.fromkeys(starts)}
        self.part = np.array([part[start] for start in starts], dtype=np.int64)
        self.seasons: list[str] = [""]
        self.clocks: list[str] = [" "]
        facts = [self._fact(version, day) for version, day in zip(versions, dates, strict=True)]
        self.season = np.array([season for season, _ in facts], dtype=np.int64)
        self.clock = np.array([clock for _, clock in facts], dtype=np.int64)

    def _fact(self, version: int, day: date) -> tuple[int, int]:
        if version < 0:
            return 0, 0
        table = self.billing.versions[version]
        season = season_on(table, day=day)
        clocks = [clock.day(day_type_on(table, day=day)) for clock in table.clocks if clock.season == season]
        return _place(self.seasons, season), _place(self.clocks, *clocks) if clocks else 0

    def keys(
        self, day: npt.NDArray[np.int64], *, half_hour: npt.NDArray[np.int64], register: str
    ) -> npt.NDArray[np.int64]:
        """Return one number per instant for (version, season, part, letter), or NO_TABLE, NOT_PRICED."""
        faces = ["".join(letter * (_HALF_HOURS // len(clock)) for letter in clock) for clock in self.clocks]
        codes = np.array([[ord(letter) for letter in face] for face in faces], dtype=np.int64)
        version = self.version[day]
        key = (version * len(self.seasons) + self.season[day]) * len(self.parts) + self.part[day]
        key = key * _LETTERS + codes[self.clock[day], half_hour]
        # the last element answers for version -1
        priced = [bool(table.charges_of(register)) for table in self.billing.versions] + [False]
        has_none = [not table.charges for table in self.billing.versions] + [True]
        unpriced = np.where(np.array(has_none)[version], NO_TABLE, NOT_PRICED)
        return np.where(np.array(priced)[version], key, unpriced)

    def row_key(self, key: int) -> RowKey:
        """Return what a number of ``keys`` stands for."""
        rest, letter = divmod(key, _LETTERS)
        rest, part = divmod(rest, len(self.parts))
        version, season = divmod(rest, len(self.seasons))
        days, whole_days = self.parts[part]
        return RowKey(version, self.seasons[season], chr(letter).strip(), days, whole_days)


def _place(words: list[T], word: T) -> int:
    if word not in words:
        words.append(word)
    return words.index(word)
