"""Communities that share generation: terms over time, energy of intervals, what it is worth. Pure."""

from .amounts import NOTHING, ROOF, TAX, MemberMonth, Money, interval_costs, usage_cost
from .energy import Grid, energy_between, grid_of
from .explained import ExplainedMonth, LaterChange, ShareLine, share_lines, sharing_sentences
from .prices import PriceTerms, charged_in, prices_by_date, saved_in, versions_of
from .shares import IntervalKeys, KeysMissing, Shares, share_generation
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
    "ROOF",
    "TAX",
    "VIRTUAL",
    "ExplainedMonth",
    "Grid",
    "GroupRule",
    "IntervalKeys",
    "KeysMissing",
    "LaterChange",
    "MemberMonth",
    "Money",
    "PriceTerms",
    "ShareLine",
    "Shares",
    "Spell",
    "change_days",
    "charged_in",
    "energy_between",
    "grid_of",
    "holding",
    "interval_costs",
    "is_double",
    "prices_by_date",
    "rule_of",
    "saved_in",
    "settled_until",
    "share_generation",
    "share_lines",
    "sharing_sentences",
    "usage_cost",
    "versions_of",
]
