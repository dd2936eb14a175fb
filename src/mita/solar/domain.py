"""What the homes with a share in solar installations are credited for a month. Pure."""

from __future__ import annotations

from calendar import isleap
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from mita.kit.money import money_text
from mita.kit.zones import next_month
from mita.tariffs.domain import decimal_text
from mita.tariffs.domain.solar import WHOLE_SHARE, Installation, month_credits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Shares:
    """A home's share in an installation from a local date on, in millionths; the newest of a date holds."""

    unit_id: int
    from_on: date
    share_micro: int


@dataclass(frozen=True, slots=True)
class Panels:
    """An installation on the local dates [first_on, until_on), with its shares, the oldest row first.

    ``capacity_micro`` in millionths of a kW, ``price_micro`` per kW and year.
    """

    solar_installation_id: int
    name: str
    capacity_micro: int
    price_micro: int
    first_on: date
    until_on: date | None
    shares: tuple[Shares, ...]

    def shares_on(self, day: date) -> dict[int, int]:
        """Return each home's share on a local date, those that have one."""
        found: dict[int, tuple[date, int]] = {}
        for each in self.shares:
            if each.from_on <= day and each.from_on >= found.get(each.unit_id, (date.min, 0))[0]:
                found[each.unit_id] = (each.from_on, each.share_micro)
        return {unit_id: micro for unit_id, (_, micro) in sorted(found.items()) if micro}


@dataclass(frozen=True, slots=True)
class CreditPart:
    """What an installation credits a home for ``days`` of a month; its share over them in millionths."""

    solar_installation_id: int
    name: str
    capacity_micro: int
    price_micro: int
    days: int
    share_micro: int
    credit_micro: int


def month_parts(panels: Iterable[Panels], *, month: date) -> dict[int, tuple[CreditPart, ...]]:
    """Return what makes each home's credit of the month that begins on ``month``, by unit id.

    An installation's cents are shared by the days on which homes had their shares.
    """
    parts: dict[int, list[CreditPart]] = defaultdict(list)
    for each in panels:
        first, until = _days(each, month=month)
        days = (until - first).days
        if days <= 0:
            continue
        weights: dict[int, int] = defaultdict(int)
        changes = [first, *sorted({row.from_on for row in each.shares if first < row.from_on < until}), until]
        for day, after in pairwise(changes):
            for unit_id, share in each.shares_on(day).items():
                weights[unit_id] += share * (after - day).days
        whole = Installation(
            each.capacity_micro, each.price_micro, weights, whole=WHOLE_SHARE * days, days=days
        )
        for unit_id, credit in month_credits([whole], year=month.year, month=month.month).items():
            parts[unit_id].append(
                CreditPart(
                    each.solar_installation_id,
                    each.name,
                    each.capacity_micro,
                    each.price_micro,
                    days,
                    weights[unit_id] // days,
                    credit,
                )
            )
    return {unit_id: tuple(some) for unit_id, some in sorted(parts.items())}


def worth(parts: Iterable[CreditPart]) -> int:
    """Return what parts come to, in micro-money."""
    return sum(part.credit_micro for part in parts)


def too_much_on(panels: Panels, *, more: Sequence[Shares]) -> date | None:
    """Return the first local date on which homes would have more than all of it, None for never."""
    both = Panels(
        panels.solar_installation_id,
        panels.name,
        panels.capacity_micro,
        panels.price_micro,
        panels.first_on,
        panels.until_on,
        (*panels.shares, *more),
    )
    days = sorted({each.from_on for each in both.shares})
    return next((day for day in days if sum(both.shares_on(day).values()) > WHOLE_SHARE), None)


def left_out(panels: Panels, *, given: Mapping[int, int], from_on: date) -> list[Shares]:
    """Return the rows that give homes ``given`` shares from a date on, and whoever else had some none."""
    before = dict.fromkeys(panels.shares_on(from_on), 0)
    return [Shares(unit_id, from_on, micro) for unit_id, micro in sorted((before | dict(given)).items())]


def _days(panels: Panels, *, month: date) -> tuple[date, date]:
    after = next_month(month)
    until = after if panels.until_on is None else min(after, panels.until_on)
    return max(month, panels.first_on), until


@dataclass(frozen=True, slots=True)
class LaterCredit:
    """What the same month became later, by which entry."""

    seq: int
    booked_at: datetime
    old_micro: int
    new_micro: int


@dataclass(frozen=True, slots=True)
class ExplainedCredit:
    """A home's month as an entry found it and left it."""

    month: date
    currency: str
    old_micro: int
    parts: tuple[CreditPart, ...]
    later: tuple[LaterCredit, ...]


def days_of_year(month: date) -> int:
    """Return how many days the year of a month has."""
    return 366 if isleap(month.year) else 365


def credit_sentences(told: ExplainedCredit) -> list[str]:
    """Return an entry in short sentences that a resident understands, and can work out again."""
    found = [f"The solar credit of {told.month:%B %Y}."]
    year_days = days_of_year(told.month)
    found += [_said(part, told, year_days=year_days) for part in told.parts]
    new = worth(told.parts)
    found.append(f"Together the month is worth {money_text(new, currency=told.currency)} to you.")
    if told.old_micro:
        found.append(f"Booked before: {money_text(told.old_micro, currency=told.currency)}.")
    gain = new - told.old_micro
    way = "given to" if gain >= 0 else "taken from"
    found.append(f"{money_text(abs(gain), currency=told.currency)} was {way} the wallet by this entry.")
    found += [
        f"Later, on {each.booked_at.day} {each.booked_at:%B %Y}, it became"
        f" {money_text(each.new_micro, currency=told.currency)}; the difference is entry {each.seq}."
        for each in told.later
    ]
    return found


def _said(part: CreditPart, told: ExplainedCredit, *, year_days: int) -> str:
    capacity, share = (decimal_text(micro, places=0) for micro in (part.capacity_micro, part.share_micro))
    price, credit = (
        money_text(micro, currency=told.currency) for micro in (part.price_micro, part.credit_micro)
    )
    return (
        f"{part.name}: {capacity} kW at {price} a kW and year, {part.days} of {year_days} days;"
        f" your share of {share} is {credit}."
    )
