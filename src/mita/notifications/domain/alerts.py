"""Alerts: their kinds, and the sentences that people read. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class AlertKind(StrEnum):
    """What an alert tells; the words are stored."""

    LOW_BALANCE = "low_balance"
    BALANCE_OUT = "balance_out"
    BALANCE_BACK = "balance_back"
    SPEND_WARNING = "spend_warning"
    SPEND_REACHED = "spend_reached"
    CUT_DEFERRED = "cut_deferred"
    TOP_UP_WANTED = "top_up_wanted"
    GROUP_LOW = "group_low"
    INVITATION = "invitation"
    CLEARING_OVERDUE = "clearing_overdue"
    MONTHS_MISSING = "months_missing"
    RATE_CHANGE = "rate_change"
    METER_SILENT = "meter_silent"
    METER_ISSUE = "meter_issue"
    WEBHOOK_OFF = "webhook_off"
    CHARGE_TOO_LARGE = "charge_too_large"
    IMPERSONATED = "impersonated"
    READING_DUE = "reading_due"
    READING_ACCEPTED = "reading_accepted"


# these tell of a moment, not of a state that lasts: a later one takes the place of the one before
MOMENTARY = frozenset(
    {
        AlertKind.BALANCE_BACK,
        AlertKind.INVITATION,
        AlertKind.RATE_CHANGE,
        AlertKind.IMPERSONATED,
        AlertKind.READING_DUE,
        AlertKind.READING_ACCEPTED,
    }
)

# kind -> the sentence with its details, and the one for when a detail was not given
_SENTENCES: dict[AlertKind, tuple[str, str]] = {
    AlertKind.IMPERSONATED: (
        "Support ({by}) looked at Mita as you see it, because of: {reason}.",
        "Support looked at Mita as you see it.",
    ),
    AlertKind.LOW_BALANCE: (
        "The {utility} balance of {unit} is low: {balance} {currency}.",
        "A balance is low.",
    ),
    AlertKind.BALANCE_OUT: (
        "The {utility} balance of {unit} is used up: {balance} {currency}.",
        "A balance is used up.",
    ),
    AlertKind.BALANCE_BACK: (
        "The {utility} balance of {unit} is back: {balance} {currency}.",
        "A balance is back.",
    ),
    AlertKind.SPEND_WARNING: (
        "{unit} has used {spent} of its limit of {limit} {currency} for the {span}.",
        "Most of a spending limit is used.",
    ),
    AlertKind.SPEND_REACHED: (
        "{unit} has reached its limit of {limit} {currency} for the {span}.",
        "A spending limit is reached.",
    ),
    AlertKind.CUT_DEFERRED: (
        "The {utility} of {unit} stays on until {until} although the money is used up.",
        "A supply stays on for now although the money is used up.",
    ),
    AlertKind.TOP_UP_WANTED: (
        "{unit} asks for a top-up of {amount} {currency}.",
        "A wallet asks for a top-up.",
    ),
    AlertKind.GROUP_LOW: (
        "The group {group} has {available} {currency} and its wallets lack {lacking} {currency}.",
        "A group has not enough money for its wallets.",
    ),
    AlertKind.INVITATION: (
        "{email} was invited to the wallet of {unit}.",
        "Somebody was invited to a wallet.",
    ),
    AlertKind.CLEARING_OVERDUE: (
        "The clearing account {account} holds {balance} {currency} past its time.",
        "A clearing account holds money past its time.",
    ),
    AlertKind.MONTHS_MISSING: (
        "Tables of coming months are missing: {months}.",
        "Tables of coming months are missing.",
    ),
    AlertKind.RATE_CHANGE: (
        "{unit}: {since} {utility} is charged {rates}: {changes}.",
        "Prices change.",
    ),
    AlertKind.METER_SILENT: (
        "The meter {meter} has sent nothing since {since}.",
        "A meter sends nothing.",
    ),
    AlertKind.METER_ISSUE: (
        "{name}: {issue}. {detail}. {remedy}.",
        "Something of a meter or a device is to be looked after.",
    ),
    AlertKind.WEBHOOK_OFF: (
        "Webhooks to {host} are turned off: {reason}.",
        "A webhook endpoint is turned off.",
    ),
    AlertKind.CHARGE_TOO_LARGE: (
        "{utility} of {unit}: {charge} of {since} is too large to book: {amount} {currency} for {measured}.",
        "A charge is too large to be booked.",
    ),
    AlertKind.READING_DUE: (
        "Please read {meters} in {unit} by {last_on}.",
        "A meter is to be read.",
    ),
    AlertKind.READING_ACCEPTED: (
        "Your reading of {meter}, {value} {measured}, was checked and accepted: {amount} {currency}.",
        "A reading of yours was checked and accepted.",
    ),
}


def sentence(kind: AlertKind, *, detail: Mapping[str, str | int]) -> str:
    """Return an alert in plain words; money in ``detail`` is text already."""
    full, plain = _SENTENCES[kind]
    words = {**detail}
    if "utility" in words:
        words["utility"] = str(words["utility"]).replace("_", " ")
    try:
        return full.format_map(words)
    except KeyError:
        return plain
