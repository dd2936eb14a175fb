"""Communities that share generation: terms over time, energy of intervals, what it is worth. Pure."""

from .amounts import NOTHING, MemberMonth, Money, usage_cost
from .energy import Grid, energy_between, grid_of
from .shares import IntervalKeys, KeysMissing, Shares, Timelines, share_generation
from .terms import (
    VIRTUAL,
    GroupRule,
    Spell,
    change_days,
    holding,
    is_double,
    rule_of,
    settled_until,
)

__all__ = [
    "NOTHING",
    "VIRTUAL",
    "Grid",
    "GroupRule",
    "IntervalKeys",
    "KeysMissing",
    "MemberMonth",
    "Money",
    "Shares",
    "Spell",
    "Timelines",
    "change_days",
    "energy_between",
    "grid_of",
    "holding",
    "is_double",
    "rule_of",
    "settled_until",
    "share_generation",
    "usage_cost",
]
