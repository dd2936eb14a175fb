"""Writes of credit control."""

from mita.credit import queries
from mita.credit.operations.commands import CommandFinished, record_command_state
from mita.credit.operations.deferral import tell_of_deferral
from mita.credit.operations.friendly import set_friendly_hours
from mita.credit.operations.stops import ask_due_stops, lift_by_staff, lift_ended_stops, stop_by_staff
from mita.credit.operations.supply import (
    react_to_crossing,
    react_to_spending,
    set_rule,
    watch_new_accounts,
)
from mita.credit.operations.switches import note_attempt, record_step, record_switch

__all__ = [
    "CommandFinished",
    "ask_due_stops",
    "lift_by_staff",
    "lift_ended_stops",
    "note_attempt",
    "queries",
    "react_to_crossing",
    "react_to_spending",
    "record_command_state",
    "record_step",
    "record_switch",
    "set_friendly_hours",
    "set_rule",
    "stop_by_staff",
    "tell_of_deferral",
    "watch_new_accounts",
]
