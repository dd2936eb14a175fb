"""Spending limits of a wallet: how much a local day or month may cost, and what is told of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from mita.kit.zones import next_month

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

WARNING_PERCENT = 80


class Span(StrEnum):
    """What a limit is for. The words are stored."""

    DAY = "day"
    MONTH = "month"

    def ends_at(self, day: date, *, zone: ZoneInfo) -> datetime:
        """Return when the span that ``day`` lies in is over: the next local midnight, or month."""
        following = day + timedelta(days=1) if self is Span.DAY else next_month(day)
        return start_of_day(following, zone=zone)


def start_of_day(day: date, *, zone: ZoneInfo) -> datetime:
    """Return the first moment of a local day, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


class Told(StrEnum):
    """What was told of a span. The words are stored."""

    DAY_WARNED = "day_warned"
    DAY_REACHED = "day_reached"
    MONTH_WARNED = "month_warned"
    MONTH_REACHED = "month_reached"


WARNED = {Span.DAY: Told.DAY_WARNED, Span.MONTH: Told.MONTH_WARNED}
REACHED = {Span.DAY: Told.DAY_REACHED, Span.MONTH: Told.MONTH_REACHED}


def span_of(told: Told) -> Span:
    """Return the span of which something was told."""
    return Span.DAY if told in (Told.DAY_WARNED, Told.DAY_REACHED) else Span.MONTH


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """What a wallet may spend in a local day and a local month, in micro-money; None is not limited."""

    daily_micro: int | None
    monthly_micro: int | None
    is_cutting: bool = False

    def problems(self) -> list[str]:
        """Return what is wrong with it, as sentences."""
        amounts = [each for each in (self.daily_micro, self.monthly_micro) if each is not None]
        if not amounts:
            return ["a limit needs an amount for the day, the month or both"]
        return ["a limit must be above zero"] if min(amounts) <= 0 else []

    def of(self, span: Span) -> int | None:
        """Return the limit of a span."""
        return self.daily_micro if span is Span.DAY else self.monthly_micro


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent today and this month, today included, in micro-money; minus after a correction."""

    day_micro: int = 0
    month_micro: int = 0

    def of(self, span: Span) -> int:
        """Return what was spent in a span, nothing less than nothing."""
        return max(0, self.day_micro if span is Span.DAY else self.month_micro)


def reached_spans(limit: SpendLimit, *, spent: Spent) -> list[Span]:
    """Return the spans whose limit is reached."""
    return [span for span in Span if (most := limit.of(span)) is not None and spent.of(span) >= most]


def spans_beyond(limit: SpendLimit, *, spent: Spent, more_micro: int) -> list[Span]:
    """Return the spans whose limit would not hold if ``more_micro`` were spent."""
    return [
        span for span in Span if (most := limit.of(span)) is not None and spent.of(span) + more_micro > most
    ]


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be told of a wallet's spending, and what will have been told then."""

    told: frozenset[Told]
    warned: tuple[Span, ...] = ()
    reached: tuple[Span, ...] = ()
    left: tuple[Span, ...] = ()


def settle_spend(limit: SpendLimit, *, spent: Spent, told: Collection[Told]) -> Telling:
    """Decide what is to be told: a warning once a span, that the limit is reached once until it is left.

    A span that reaches its limit at once is not warned of first. Corrections may take it below again.
    """
    after, warned, reached, left = set(told), [], [], []
    for span in Span:
        most = limit.of(span)
        if most is None:
            if REACHED[span] in after:
                left.append(span)
            after -= {WARNED[span], REACHED[span]}
        elif spent.of(span) >= most:
            if REACHED[span] not in after:
                reached.append(span)
            after |= {WARNED[span], REACHED[span]}
        else:
            if REACHED[span] in after:
                left.append(span)
            after.discard(REACHED[span])
            if spent.of(span) * 100 >= most * WARNING_PERCENT and WARNED[span] not in after:
                warned.append(span)
                after.add(WARNED[span])
    return Telling(frozenset(after), tuple(warned), tuple(reached), tuple(left))


def cut_until(limit: SpendLimit, *, told: Collection[Told], day: date, zone: ZoneInfo) -> datetime | None:
    """Return until when the supply is to be cut: to the end of the longest span that reached its limit."""
    ends = [span.ends_at(day, zone=zone) for span in Span if REACHED[span] in told]
    return max(ends) if limit.is_cutting and ends else None
