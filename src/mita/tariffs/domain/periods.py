"""Billing periods of a span of local dates, cut where one version gives way to the next."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from .asked import NotPriced
from .calendar import billing_period_start, next_billing_period_start
from .slots import NO_TABLE, BadSpan, VersionsNotInOrder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from .document import RateTable

WHOLE = (1, 1)
_DAYS_MAX = 60 * 366
_YEAR_MIN, _YEAR_MAX = 1970, 2199
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PeriodPart:
    """The local dates [first, until) of one billing period on which one version is in force.

    ``whole_days`` are those of the version's whole billing period. ``limits`` is (days, whole days) for block
    limits, allowances and demand: a part of the period if another version has the rest of it, else (1, 1).
    """

    version: int
    first: date
    until: date
    whole_days: int
    limits: tuple[int, int]

    @property
    def days(self) -> int:
        """How many local dates the part has."""
        return (self.until - self.first).days


def period_parts(
    versions: Sequence[RateTable], *, first: date, until: date, is_all: bool = False
) -> tuple[PeriodPart, ...]:
    """Return the parts of all billing periods in [first, until), in order.

    Where the price list changes inside a billing period, limits are shared by days between the versions: by
    the days of the whole period, as charging does. With ``is_all`` the span has all that was used of its
    periods, and limits are shared by the days of a period that lie in it, as on a supplier's bill.

    :raises VersionsNotInOrder: if the versions are not sorted by ``effective_from``
    :raises BadSpan: if the span is empty, longer than 60 years, or not between 1970 and 2200
    :raises NotPriced: if it begins before the first version
    """
    effective = [table.effective_from for table in versions]
    if not effective or any(later <= earlier for earlier, later in pairwise(effective)):
        raise VersionsNotInOrder("rate table versions must be sorted by effective_from, one per date")
    if not (first < until and first.year > _YEAR_MIN and until.year <= _YEAR_MAX):
        raise BadSpan(f"a span begins before it ends, between 1970 and 2200: {first} to {until}")
    if (until - first).days > _DAYS_MAX:
        raise BadSpan("a span has at most 60 years")
    if first < effective[0]:
        raise NotPriced(f"the rate table begins on {effective[0]}: {first} is before it", code=NO_TABLE)
    parts = []
    day = first
    while day < until:
        version = bisect_right(effective, day) - 1
        part = _part(versions, version=version, day=day, until=until, begins=first if is_all else None)
        parts.append(part)
        day = part.until
    return tuple(parts)


def local_midnight_s(day: date, *, zone: ZoneInfo) -> int:
    """Return the UTC second at which a local date begins; where its midnight occurs twice, the first one."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return (midnight.astimezone(UTC) - _EPOCH) // timedelta(seconds=1)


def _part(
    versions: Sequence[RateTable], *, version: int, day: date, until: date, begins: date | None
) -> PeriodPart:
    billing_day = versions[version].billing_day
    start = billing_period_start(day, billing_day=billing_day)
    end = next_billing_period_start(day, billing_day=billing_day)
    later = versions[version + 1].effective_from if version + 1 < len(versions) else end
    part_until = min(end, later, until)
    before = (
        versions[version - 1 : version] if version > 0 and versions[version].effective_from > start else ()
    )
    after = versions[version + 1 : version + 2] if later < end else ()
    # where no table was or will be, nothing is shared
    is_cut = any(table.charges for table in (*before, *after))
    in_force = (max(start, versions[version].effective_from), min(end, later))
    limits = (in_force[1] - in_force[0]).days, (end - start).days
    if begins is not None:
        limits = (part_until - day).days, (min(end, until) - max(start, begins)).days
    return PeriodPart(
        version=version,
        first=day,
        until=part_until,
        whole_days=(end - start).days,
        limits=limits if is_cut else WHOLE,
    )
