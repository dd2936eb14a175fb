"""Windows in which residents read their meters, what is due, what a round expects. Pure."""

from .expected import Expected, expected_value
from .order import in_walking_order, natural_key
from .sheet import ROUND_COLUMNS, sheet_text
from .windows import (
    LATE_DAYS,
    LATE_DAYS_MAX,
    NO_RIGHT,
    LeastRight,
    Stage,
    Window,
    WindowRule,
    coming_window,
    late_window,
    month_of,
    open_window,
    rule_on,
    stage_due,
)

__all__ = [
    "LATE_DAYS",
    "LATE_DAYS_MAX",
    "NO_RIGHT",
    "ROUND_COLUMNS",
    "Expected",
    "LeastRight",
    "Stage",
    "Window",
    "WindowRule",
    "coming_window",
    "expected_value",
    "in_walking_order",
    "late_window",
    "month_of",
    "natural_key",
    "open_window",
    "rule_on",
    "sheet_text",
    "stage_due",
]
