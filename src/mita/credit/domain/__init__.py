"""Credit control: an estate's lines, what stops a supply, and the hours in which none is cut. Pure."""

from .friendly import NO_FRIENDLY_HOURS, FriendlyHours, UnknownCalendar, next_cut_time, public_holidays
from .limits import LIMIT_W_MAX, Limit, LimitCause, is_held_to, lowest
from .rule import (
    COMMAND_VALID_FOR,
    LIMITING,
    OPEN_STATES,
    REPLACED,
    STATES,
    SWITCHING,
    Rule,
    default_rule,
    may_become,
    of_one_kind,
)
from .stops import Cause, action_on_gone, action_on_new, is_worth_stopping

__all__ = [
    "COMMAND_VALID_FOR",
    "LIMITING",
    "LIMIT_W_MAX",
    "NO_FRIENDLY_HOURS",
    "OPEN_STATES",
    "REPLACED",
    "STATES",
    "SWITCHING",
    "Cause",
    "FriendlyHours",
    "Limit",
    "LimitCause",
    "Rule",
    "UnknownCalendar",
    "action_on_gone",
    "action_on_new",
    "default_rule",
    "is_held_to",
    "is_worth_stopping",
    "lowest",
    "may_become",
    "next_cut_time",
    "of_one_kind",
    "public_holidays",
]
