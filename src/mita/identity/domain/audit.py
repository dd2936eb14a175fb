"""What the audit log may keep of what was sent: no secret, nothing that only names a person."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "(hidden)"
TOO_LONG = "(left out: too long)"
# tables of settings and records of things: a trigger writes down what becomes of each row
AUDITED = frozenset(
    {
        "access_grant",
        "allocation_rule",
        "api_key",
        "api_token",
        "balance_target",
        "benchmark_table",
        "bulk_meter",
        "charging_rule",
        "codec",
        "credit_rule",
        "debt_plan",
        "device",
        "device_task",
        "device_token",
        "distribution_rule",
        "document",
        "emergency_rule",
        "erasure",
        "estate",
        "estate_person",
        "flexibility_consent",
        "flexibility_event",
        "friendly_hours",
        "group_member",
        "identifier",
        "impersonation",
        "invitation",
        "issue_rule",
        "join_code",
        "join_request",
        "ledger_rule",
        "load_limit",
        "loss_rule",
        "meter",
        "meter_placement",
        "meter_token",
        "occupancy",
        "organisation",
        "ownership",
        "passkey",
        "password",
        "period",
        "person",
        "pulse_counter",
        "rate_assignment",
        "rate_rule",
        "rate_table",
        "register_factor",
        "retention_rule",
        "role_grant",
        "second_factor",
        "sharing_group",
        "sharing_member",
        "sharing_price",
        "sharing_source",
        "silence_rule",
        "solar_installation",
        "solar_share",
        "spend_limit",
        "supply_stop",
        "unit",
        "virtual_meter",
        "virtual_part",
        "wallet_allocation",
        "wallet_group",
        "webhook_endpoint",
    }
)
_DEPTH_MAX = 6
_ITEMS_MAX = 50
_TEXT_MAX = 500
# whole words of a field's name, whatever stands around them
_SECRET = frozenset(
    {
        "password",
        "secret",
        "token",
        "code",
        "pin",
        "otp",
        "credential",
        "assertion",
        "attestation",
        "signature",
        # of a device: somebody may write a key into the wrong place
        "settings",
    }
)
_PERSONAL = frozenset({"email", "phone", "address", "identifier", "notes", "contact_name", "file"})
_NAMES = frozenset({"name", "names", "full_name", "first_name", "last_name"})
# wherever they stand in a text
_ADDRESS = re.compile(r"[^\s@<>\"',;:]+@[^\s@<>\"',;:]+\.[^\s@<>\"',;:]+|(?<![\w.+-])\+\d[\d ().-]{6,18}\d\b")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
# operations whose bodies name persons
_OF_PERSONS = frozenset(
    {
        "person",
        "persons",
        "people",
        "invite",
        "invitation",
        "me",
        "member",
        "occupancy",
        "ownership",
        "tenant",
        "occupant",
        "group",
    }
)


def masked(value: Any, *, with_names: bool = True) -> Any:
    """Return JSON as the audit log keeps it: secrets, addresses and phone numbers hidden, long parts cut.

    Without ``with_names`` names are hidden too: they are those of persons, who may be forgotten one day, and
    nothing of the log can be changed.
    """
    return _masked(value, hidden=_SECRET | _PERSONAL | (frozenset() if with_names else _NAMES), depth=0)


def names_persons(action: str) -> bool:
    """Tell whether what an operation is sent names persons."""
    return bool(_OF_PERSONS & set(action.replace(".", "_").split("_")))


def _masked(value: Any, *, hidden: frozenset[str], depth: int) -> Any:
    if depth > _DEPTH_MAX:
        return TOO_LONG
    if isinstance(value, dict):
        shown = list(value.items())[:_ITEMS_MAX]
        return {
            str(key)[:100].replace("\x00", ""): HIDDEN
            if _is_hidden(str(key), hidden=hidden) and each is not None
            else _masked(each, hidden=hidden, depth=depth + 1)
            for key, each in shown
        }
    if isinstance(value, list | tuple):
        found = [_masked(each, hidden=hidden, depth=depth + 1) for each in value[:_ITEMS_MAX]]
        return [*found, TOO_LONG] if len(value) > _ITEMS_MAX else found
    if isinstance(value, bool | int) or value is None:
        return value
    text = _ADDRESS.sub(HIDDEN, str(value).replace("\x00", "").encode("utf-8", "replace").decode())
    return text if len(text) <= _TEXT_MAX else text[:_TEXT_MAX] + "…"


def _is_hidden(key: str, *, hidden: frozenset[str]) -> bool:
    words = {each.lower() for each in _WORD.findall(key)}
    return key.lower() in hidden or bool(words & (hidden - _NAMES))
