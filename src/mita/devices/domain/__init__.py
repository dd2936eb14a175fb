"""How a device is: issues with their remedies, what is missing until it works, its clock and prices. Pure."""

from .checklist import Check, checklist
from .clocks import setting_time_s
from .frozen import FRESH, FROZEN_DAYS, REPORTS_MIN, frozen_meters
from .issues import (
    CLOCK_TOLERANCE_S,
    DRIFT_S_MAX,
    KINDS,
    REMEDIES,
    URGENT,
    IssueTold,
    Severity,
    Signs,
    drift_words,
    findings,
    known_kind,
    severity,
)
from .meter_prices import NotForMeters, meter_prices
from .registers import FALLS, NEWEST, OF_READINGS, Recent, judge
from .standins import meters_to_come
from .tasks import Intended, Outcome, TaskKind, TaskState, charges_differ, later_s, prices_shown
from .upkeep import Upkeep, for_driver, upkeep, upkeep_problems, upkeep_settings

__all__ = [
    "CLOCK_TOLERANCE_S",
    "DRIFT_S_MAX",
    "FALLS",
    "FRESH",
    "FROZEN_DAYS",
    "KINDS",
    "NEWEST",
    "OF_READINGS",
    "REMEDIES",
    "REPORTS_MIN",
    "URGENT",
    "Check",
    "Intended",
    "IssueTold",
    "NotForMeters",
    "Outcome",
    "Recent",
    "Severity",
    "Signs",
    "TaskKind",
    "TaskState",
    "Upkeep",
    "charges_differ",
    "checklist",
    "drift_words",
    "findings",
    "for_driver",
    "frozen_meters",
    "judge",
    "known_kind",
    "later_s",
    "meter_prices",
    "meters_to_come",
    "prices_shown",
    "setting_time_s",
    "severity",
    "upkeep",
    "upkeep_problems",
    "upkeep_settings",
]
