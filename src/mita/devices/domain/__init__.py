"""How a device is: issues with their remedies, and what is missing until it works. Pure."""

from .checklist import Check, checklist
from .issues import KINDS, REMEDIES, Signs, findings, known_kind
from .standins import meters_to_come

__all__ = ["KINDS", "REMEDIES", "Check", "Signs", "checklist", "findings", "known_kind", "meters_to_come"]
