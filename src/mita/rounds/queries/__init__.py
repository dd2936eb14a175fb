"""Reads of readings by hand."""

from mita.rounds.queries.kept import (
    Today,
    due_registers,
    manual_reading,
    manual_readings,
    read_by_residents,
    reminded_units,
    today,
    window_rules,
)
from mita.rounds.queries.walk import RoundMeter, RoundRegister, Walk, walk, with_values

__all__ = [
    "RoundMeter",
    "RoundRegister",
    "Today",
    "Walk",
    "due_registers",
    "manual_reading",
    "manual_readings",
    "read_by_residents",
    "reminded_units",
    "today",
    "walk",
    "window_rules",
    "with_values",
]
