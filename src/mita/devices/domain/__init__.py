"""How a device is: issues with their remedies, what is missing until it works, its clock and prices. Pure."""

from .checklist import Check, checklist
from .clocks import setting_time_s
from .issues import CLOCK_TOLERANCE_S, DRIFT_S_MAX, KINDS, REMEDIES, Signs, drift_words, findings, known_kind
from .meter_prices import NotForMeters, meter_prices
from .standins import meters_to_come
from .tasks import Intended, Outcome, TaskKind, TaskState, charges_differ, later_s, prices_shown
from .upkeep import Upkeep, for_driver, upkeep, upkeep_problems

__all__ = [
    "CLOCK_TOLERANCE_S",
    "DRIFT_S_MAX",
    "KINDS",
    "REMEDIES",
    "Check",
    "Intended",
    "NotForMeters",
    "Outcome",
    "Signs",
    "TaskKind",
    "TaskState",
    "Upkeep",
    "charges_differ",
    "checklist",
    "drift_words",
    "findings",
    "for_driver",
    "known_kind",
    "later_s",
    "meter_prices",
    "meters_to_come",
    "prices_shown",
    "setting_time_s",
    "upkeep",
    "upkeep_problems",
]
