"""Writes of credit control."""

from mita.credit import queries
from mita.credit.operations.commands import CommandFinished, record_command_state
from mita.credit.operations.deferral import tell_of_deferral
from mita.credit.operations.friendly import set_friendly_hours
from mita.credit.operations.held import record_limit
from mita.credit.operations.keyers import digits_for, require_token_sender, require_token_sight
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
from mita.credit.operations.tokens import (
    OPEN_TOKENS_MAX,
    MeterTakesNoTokens,
    MeterTokensWait,
    TokenInHand,
    TokenOutcome,
    Typed,
    claim_token,
    expire_tokens,
    key_in_token,
    note_token_sent,
    settle_token,
)

__all__ = [
    "ELECTRICITY",
    "OPEN_TOKENS_MAX",
    "CannotLimit",
    "CommandFinished",
    "MeterTakesNoTokens",
    "MeterTokensWait",
    "Stop",
    "TokenInHand",
    "TokenOutcome",
    "Typed",
    "ask_due_stops",
    "claim_token",
    "digits_for",
    "expire_tokens",
    "hold_supplies",
    "key_in_token",
    "lift_by_staff",
    "lift_ended_limits",
    "lift_ended_stops",
    "lift_limit",
    "lift_limit_by_staff",
    "lift_stop",
    "limit_by_staff",
    "note_attempt",
    "note_token_sent",
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
    "require_token_sender",
    "require_token_sight",
    "set_friendly_hours",
    "set_rule",
    "settle_token",
    "stop_by_staff",
    "tell_of_deferral",
    "watch_new_accounts",
]
