"""Credit control: an estate's lines, what stops a supply, and the hours in which none is cut. Pure."""

from .friendly import NO_FRIENDLY_HOURS, FriendlyHours, UnknownCalendar, next_cut_time, public_holidays
from .rule import COMMAND_VALID_FOR, OPEN_STATES, STATES, Rule, default_rule, may_become
from .stops import Cause, action_on_gone, action_on_new, is_worth_stopping

__all__ = [
    "COMMAND_VALID_FOR",
    "NO_FRIENDLY_HOURS",
    "OPEN_STATES",
    "STATES",
    "Cause",
    "FriendlyHours",
    "Rule",
    "UnknownCalendar",
    "action_on_gone",
    "action_on_new",
    "default_rule",
    "is_worth_stopping",
    "may_become",
    "next_cut_time",
    "public_holidays",
]
