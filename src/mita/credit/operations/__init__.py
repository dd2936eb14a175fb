"""Writes of credit control."""

from mita.credit import queries
from mita.credit.operations.commands import CommandFinished, record_command_state
from mita.credit.operations.deferral import tell_of_deferral
from mita.credit.operations.friendly import set_friendly_hours
from mita.credit.operations.held import record_limit
from mita.credit.operations.limits import (
    ELECTRICITY,
    CannotLimit,
    lift_ended_limits,
    lift_limit,
    lift_limit_by_staff,
    limit_by_staff,
    put_limit,
    renew_limit,
)
from mita.credit.operations.stops import (
    Stop,
    ask_due_stops,
    hold_supplies,
    lift_by_staff,
    lift_ended_stops,
    lift_stop,
    put_stop,
    stop_by_staff,
)
from mita.credit.operations.supply import (
    react_to_crossing,
    react_to_spending,
    set_rule,
    watch_new_accounts,
)
from mita.credit.operations.switches import note_attempt, record_step, record_switch

__all__ = [
    "ELECTRICITY",
    "CannotLimit",
    "CommandFinished",
    "Stop",
    "ask_due_stops",
    "hold_supplies",
    "lift_by_staff",
    "lift_ended_limits",
    "lift_ended_stops",
    "lift_limit",
    "lift_limit_by_staff",
    "lift_stop",
    "limit_by_staff",
    "note_attempt",
    "put_limit",
    "put_stop",
    "queries",
    "react_to_crossing",
    "react_to_spending",
    "record_command_state",
    "record_limit",
    "record_step",
    "record_switch",
    "renew_limit",
    "set_friendly_hours",
    "set_rule",
    "stop_by_staff",
    "tell_of_deferral",
    "watch_new_accounts",
]
