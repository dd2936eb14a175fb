"""Request and response shapes of the rule when residents read their meters."""

from datetime import date
from typing import Literal

from pydantic import Field

from mita.kit.shapes import Shape
from mita.rounds.domain import LATE_DAYS, LATE_DAYS_MAX, WindowRule
from mita.rounds.queries import Today

LeastRightWord = Literal["none", "view", "top_up", "manage"]
_RIGHT = (
    "Right to the unit's wallet that is enough; a resident of the unit needs none. `none`: only staff reads"
)
_LATE = (
    "For how many days after the window a reading that was made in it is taken still: it may have waited on a"
    " phone for a connection"
)


class WindowRuleOut(Shape):
    """On which days of the month residents read, both included, from a local date on."""

    effective_from: date
    from_day: int = Field(description="A day that a month does not have is its last one", examples=[25])
    to_day: int = Field(description="Below from_day it is in the next month", examples=[31])
    least_right: LeastRightWord = Field(description=_RIGHT)
    needs_photo: bool = Field(description="Residents show the meter")
    late_days: int = Field(description=_LATE, examples=[3])


class WindowOut(Shape):
    """Local dates, both included."""

    from_on: date
    last_on: date
    is_open: bool = Field(description="Today is one of them")


class ReadingWindowOut(Shape):
    """When an estate's residents read their meters; without a rule only staff does."""

    rule: WindowRuleOut | None = Field(description="In force today")
    coming: list[WindowRuleOut] = Field(
        description="In force from later dates on, in the order of their making"
    )
    window: WindowOut | None = Field(
        description="The one that is open, or the next; null where residents do not read"
    )


class ReadingWindowIn(Shape):
    """When residents are to read their meters."""

    from_day: int = Field(ge=1, le=31, examples=[25])
    to_day: int = Field(ge=1, le=31, examples=[31])
    least_right: LeastRightWord = Field(default="manage", description=_RIGHT)
    needs_photo: bool = Field(default=False, description="Residents show the meter")
    late_days: int = Field(default=LATE_DAYS, ge=0, le=LATE_DAYS_MAX, description=_LATE, examples=[3])
    effective_from: date | None = Field(default=None, description="Today if not said; never in the past")

    def rule(self, *, today: date) -> WindowRule:
        """Return it as the domain has it."""
        return WindowRule(
            today if self.effective_from is None else self.effective_from,
            self.from_day,
            self.to_day,
            self.least_right,
            self.needs_photo,
            self.late_days,
        )


def reading_window_out(today: Today) -> ReadingWindowOut:
    """Return an estate's rule as JSON shows it."""
    rule = today.rule
    has_window = rule is not None and rule.least_right != "none"
    return ReadingWindowOut(
        rule=None if rule is None else _rule_out(rule),
        coming=[_rule_out(each) for each in today.coming],
        window=WindowOut(
            from_on=today.window.from_on,
            last_on=today.window.last_on,
            is_open=today.window.contains(today.day),
        )
        if has_window
        else None,
    )


def _rule_out(rule: WindowRule) -> WindowRuleOut:
    return WindowRuleOut(
        effective_from=rule.effective_from,
        from_day=rule.from_day,
        to_day=rule.to_day,
        least_right=rule.least_right,
        needs_photo=rule.needs_photo,
        late_days=rule.late_days,
    )
