"""How a device is: issues with their remedies, and what is missing until it works. Pure."""

from .checklist import Check, checklist
from .issues import KINDS, REMEDIES, URGENT, IssueTold, Severity, Signs, findings, known_kind, severity
from .registers import FALLS, NEWEST, OF_READINGS, Recent, judge
from .standins import meters_to_come

__all__ = [
    "FALLS",
    "KINDS",
    "NEWEST",
    "OF_READINGS",
    "REMEDIES",
    "URGENT",
    "Check",
    "IssueTold",
    "Recent",
    "Severity",
    "Signs",
    "checklist",
    "findings",
    "judge",
    "known_kind",
    "meters_to_come",
    "severity",
]
