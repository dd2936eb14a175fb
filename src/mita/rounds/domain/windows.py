"""Days of the month on which residents read their meters, and when they are reminded. Pure."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

LeastRight = Literal["none", "view", "top_up", "manage"]
NO_RIGHT = "none"
LATE_DAYS, LATE_DAYS_MAX = 3, 14
_EARLY = timedelta(days=3)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WindowRule:
    """On which days of the month residents may read, from a local date on; both days are included.

    A day that a month does not have is its last one; where ``from_day`` comes after ``to_day`` the window
    goes over the end of the month. ``least_right`` is the right to the unit's wallet that is enough; for
    ``none`` only staff reads. ``needs_photo`` says that residents show the meter. What was read in the window
    and had no way to us is taken for ``late_days`` after it.
    """

    effective_from: date
    from_day: int
    to_day: int
    least_right: LeastRight = "manage"
    needs_photo: bool = False
    late_days: int = LATE_DAYS


@dataclass(frozen=True, slots=True)
class Window:
    """The local dates [from_on, until_on)."""

    from_on: date
    until_on: date

    @property
    def last_on(self) -> date:
        """The last date in it."""
        return self.until_on - _DAY

    def contains(self, day: date) -> bool:
        """Tell whether a local date lies in it."""
        return self.from_on <= day < self.until_on


class Stage(StrEnum):
    """Which reminder of a window; the words are stored."""

    EARLY = "early"
    LAST = "last"


def rule_on(rules: Sequence[WindowRule], *, day: date) -> WindowRule | None:
    """Return the rule that is in force on a local date, of ``rules`` in the order in which they were made."""
    found = None
    for rule in rules:
        if rule.effective_from <= day and (found is None or rule.effective_from >= found.effective_from):
            found = rule
    return found


def open_window(rule: WindowRule, *, day: date) -> Window | None:
    """Return the window that a local date lies in, None between two windows."""
    window = coming_window(rule, day=day)
    return window if window.contains(day) else None


def coming_window(rule: WindowRule, *, day: date) -> Window:
    """Return the window that a local date lies in, or the next one after it."""
    month = day.replace(day=1)
    windows = (_beginning_in(begin, rule=rule) for begin in (_before(month), month, _after(month)))
    # the one that begins next month ends after today
    return next(window for window in windows if window.until_on > day)


def late_window(rule: WindowRule, *, day: date) -> Window | None:
    """Return the window that ended so shortly before a local date that its readings are still taken.

    None while a window is open, once ``late_days`` after the last one are over, and for one that ended before
    the rule began.
    """
    if open_window(rule, day=day) is not None:
        return None
    month = day.replace(day=1)
    windows = (_beginning_in(begin, rule=rule) for begin in (_before(_before(month)), _before(month), month))
    ended = [each for each in windows if each.until_on <= day]
    last = max(ended, key=lambda each: each.until_on)
    is_late = (day - last.until_on).days < rule.late_days and last.last_on >= rule.effective_from
    return last if is_late else None


def month_of(day: date) -> Window:
    """Return the month of a local date: the round of an estate that has no rule."""
    month = day.replace(day=1)
    return Window(month, _after(month))


def stage_due(window: Window, *, day: date) -> Stage | None:
    """Return of which reminder it is time on a local date: three days before the last one, and on the last.

    Who was away three days before hears on the next day; who was away until the last day hears once.
    """
    if not window.contains(day):
        return None
    if day == window.last_on:
        return Stage.LAST
    return Stage.EARLY if day >= window.last_on - _EARLY else None


def _beginning_in(month: date, *, rule: WindowRule) -> Window:
    end_month = month if rule.from_day <= rule.to_day else _after(month)
    until_on = _day_of(end_month, rule.to_day) + _DAY
    # in a short month the next window may begin before this one would end
    return Window(_day_of(month, rule.from_day), min(until_on, _day_of(_after(month), rule.from_day)))


def _day_of(month: date, day: int) -> date:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))


def _after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _before(month: date) -> date:
    return (month - _DAY).replace(day=1)
