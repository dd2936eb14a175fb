"""A bill of what somebody asks: of intervals, or of a quantity without times; with or without dates."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from .asked import Interval, TimesNeeded
from .bill import Bill, bill
from .calendar import billing_period_start, next_billing_period_start
from .document import APPARENT, DEFAULT_REGISTER
from .localtime import local_date
from .periods import local_midnight_s, period_parts
from .rating import BadIntervals
from .slots import BadSpan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from .document import RateTable

Days = tuple["date", "date"]
_MINUTE_S = 60
_INTERVALS_MAX = 1_200_000


class DaysNeeded(ValueError):
    """Several versions of the prices, and no dates that say which of them hold."""


def calculate_bill(
    versions: Sequence[RateTable],
    *,
    zone: ZoneInfo,
    uses: Mapping[str, Sequence[Interval]] | None = None,
    quantity_micro: int | None = None,
    register: str = DEFAULT_REGISTER,
    days: Days | None = None,
) -> tuple[Bill, Days]:
    """Return a bill and the local dates [first, until) that it is for.

    Either ``uses``, the intervals of each register, or ``quantity_micro`` of one ``register``, or neither:
    then it is of standing charges. Without ``days`` intervals are billed over the dates that they touch; a
    quantity is the first whole billing period's. With ``days`` a quantity is spread evenly over them, and is
    all that was used of their billing periods (``is_all`` of :func:`bill`). Where kVA are charged and no
    apparent power is given, it is what was drawn (:func:`with_power_factor_one`).

    :raises DaysNeeded: if a quantity has no dates and there are several versions
    :raises TimesNeeded: if a quantity has no dates and the price depends on the time of use or on power
    :raises BadIntervals: if both or neither are given without dates, or as :func:`bill` says
    """
    if (uses is not None and quantity_micro is not None) or not (uses or days or quantity_micro is not None):
        raise BadIntervals("give either intervals or a quantity")
    if quantity_micro is not None:
        days = days or _days_without_times(versions)
        spread = evenly(versions, quantity_micro=quantity_micro, zone=zone, first=days[0], until=days[1])
        uses = {register: spread}
    uses = with_power_factor_one(versions, uses=uses or {})
    days = days or _days_of(uses, zone=zone)
    is_all = quantity_micro is not None
    return bill(versions, zone=zone, uses=uses, first=days[0], until=days[1], is_all=is_all), days


def assumes_power_factor_one(versions: Sequence[RateTable], *, registers: Collection[str]) -> bool:
    """Say whether kVA are charged, and of these registers only the energy drawn is known."""
    charged = {charge.register for table in versions for charge in table.demands}
    return APPARENT in charged and APPARENT not in registers and DEFAULT_REGISTER in registers


def with_power_factor_one(
    versions: Sequence[RateTable], *, uses: Mapping[str, Sequence[Interval]]
) -> Mapping[str, Sequence[Interval]]:
    """Return ``uses`` with the energy drawn as apparent energy where only that is known; for what-ifs."""
    if not assumes_power_factor_one(versions, registers=uses):
        return uses
    drawn = uses[DEFAULT_REGISTER]
    is_charged = any(
        table.charges_of(DEFAULT_REGISTER) or any(each.register == DEFAULT_REGISTER for each in table.demands)
        for table in versions
    )
    # where power alone is charged, the energy is nothing but its measure
    others = uses if is_charged else {name: each for name, each in uses.items() if name != DEFAULT_REGISTER}
    return {**others, APPARENT: drawn}


def whole_period(table: RateTable) -> Days:
    """Return [first, until) of the first whole billing period on which a table is in force."""
    start = billing_period_start(table.effective_from, billing_day=table.billing_day)
    if start < table.effective_from:
        start = next_billing_period_start(table.effective_from, billing_day=table.billing_day)
    return start, next_billing_period_start(start, billing_day=table.billing_day)


def only_version(versions: Sequence[RateTable]) -> RateTable:
    """Return the one version there is.

    :raises DaysNeeded: if there are several
    """
    if len(versions) != 1:
        raise DaysNeeded("there are several versions of the prices: say which dates are asked for")
    return versions[0]


def evenly(
    versions: Sequence[RateTable], *, quantity_micro: int, zone: ZoneInfo, first: date, until: date
) -> list[Interval]:
    """Return a quantity spread over the local dates [first, until): one interval, or one for each window.

    Windows are for tables that charge power: there the remainder of one long interval would be a peak.

    :raises BadSpan: if there is no such span, or it has more than 1.2 million windows
    :raises NotPriced: if it begins before the first version
    """
    period_parts(versions, first=first, until=until)
    start_s, end_s = local_midnight_s(first, zone=zone), local_midnight_s(until, zone=zone)
    minutes = [charge.interval_minutes for table in versions for charge in table.demands]
    step_s = min(minutes) * _MINUTE_S if minutes else end_s - start_s
    if (end_s - start_s) // step_s > _INTERVALS_MAX:
        raise BadSpan("these are too many windows of power for one bill: ask about fewer days")
    edges = [*range(start_s, end_s, step_s), end_s]
    shares = [quantity_micro * (edge - start_s) // (end_s - start_s) for edge in edges]
    return [Interval(edges[at], edges[at + 1], shares[at + 1] - shares[at]) for at in range(len(edges) - 1)]


def _days_without_times(versions: Sequence[RateTable]) -> Days:
    table = only_version(versions)
    if table.clocks or table.seasons or table.demands:
        raise TimesNeeded("the price depends on when it is used: give dates for an even use, or intervals")
    return whole_period(table)


def _days_of(uses: Mapping[str, Sequence[Interval]], *, zone: ZoneInfo) -> Days:
    used = [interval for intervals in uses.values() for interval in intervals]
    if not used:
        raise BadIntervals("there is no interval")
    first = min(interval.start_s for interval in used)
    last = max(interval.end_s for interval in used)
    return local_date(first, zone=zone), local_date(last - 1, zone=zone) + timedelta(days=1)
