"""The closed list of what webhooks tell, each with an example of its data."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Topic(StrEnum):
    """What kind of event a webhook tells: the ``type`` of its payload. The words are stored."""

    TOP_UP = "wallet.topup"
    LOW_BALANCE = "wallet.low_balance"
    BALANCE_OUT = "wallet.empty"
    BALANCE_BACK = "wallet.restored"
    READING = "meter.reading"
    READING_HELD = "reading.held"
    METER_OFFLINE = "meter.offline"
    METER_ONLINE = "meter.online"
    METER_ISSUE = "meter.issue"
    METER_INSTALLED = "meter.installed"
    METER_SWAPPED = "meter.swapped"
    ONBOARDED = "tenant.onboarded"
    OFFBOARDED = "tenant.offboarded"
    SUPPLY_CHANGED = "supply.changed"
    SUPPLY_LIMITED = "supply.limited"
    FLEXIBILITY_STARTED = "flexibility.started"
    FLEXIBILITY_ENDED = "flexibility.ended"
    RATE_ASSIGNED = "rate.assigned"
    PERIOD_CLOSED = "period.closed"
    IMPORT_FINISHED = "import.finished"


# sent to one endpoint when somebody asks for it; nobody subscribes to it
PING = "ping"

_MONEY = {"amount": "12.345600", "currency": "ZAR"}
_WALLET = {"wallet_id": 7, "unit_id": 12, "utility": "electricity", "balance": _MONEY}
_READING = {
    "meter_id": 21,
    "meter": "E-1001",
    "unit_id": 12,
    "register": "import",
    "taken_at": "2026-03-01T10:00:00Z",
    "value": {"amount": "1234.500000", "unit": "kWh"},
    "class": "charged",
}
_HANDOVER = {
    "handover_id": "01930000-0000-7000-8000-000000000005",
    "unit_id": 12,
    "occupancy_id": 5,
    "person_id": 31,
    "wallet_id": 7,
}

_FLEXIBILITY = {
    "flexibility_event_id": "01930000-0000-7000-8000-000000000008",
    "title": "Evening peak",
    "kind": "limit",
    "limit_w": 2000,
    "from_at": "2026-03-02T16:00:00Z",
    "until_at": "2026-03-02T18:00:00Z",
    "state": "running",
    "units": {"planned": 36},
}

EXAMPLES: dict[str, dict[str, Any]] = {
    Topic.TOP_UP: {
        "wallet_id": 7,
        "unit_id": 12,
        "journal_id": "01930000-0000-7000-8000-000000000001",
        "method": "cash",
        "received": {"amount": "100.000000", "currency": "ZAR"},
    },
    Topic.LOW_BALANCE: _WALLET,
    Topic.BALANCE_OUT: {**_WALLET, "balance": {"amount": "-0.120000", "currency": "ZAR"}},
    Topic.BALANCE_BACK: _WALLET,
    Topic.READING: {"readings": [_READING]},
    Topic.READING_HELD: {"readings": [{**_READING, "class": "held"}]},
    Topic.METER_OFFLINE: {
        "meter_id": 21,
        "meter": "E-1001",
        "unit_id": 12,
        "silent_since": "2026-03-01T10:00:00Z",
    },
    Topic.METER_ONLINE: {
        "meter_id": 21,
        "meter": "E-1001",
        "unit_id": 12,
        "silent_since": "2026-03-01T10:00:00Z",
    },
    Topic.METER_ISSUE: {
        "issue_id": "01930000-0000-7000-8000-000000000006",
        "state": "open",
        "kind": "reset",
        "severity": "urgent",
        "detail": "import showed 1000 kWh, now 0.5 kWh",
        "remedy": "Its register began anew: swap the meter in the registry.",
        "since": "2026-03-01T10:00:00Z",
        "name": "E-1001",
        "meter_id": 21,
        "device_id": None,
    },
    Topic.METER_INSTALLED: {"meters": [{"meter_id": 21, "unit_id": 12, "utility": "electricity"}]},
    Topic.METER_SWAPPED: {
        "swap_id": "01930000-0000-7000-8000-000000000004",
        "old_meter_id": 21,
        "new_meter_id": 44,
        "unit_id": 12,
        "utility": "electricity",
        "swapped_at": "2026-03-01T10:00:00Z",
    },
    Topic.ONBOARDED: _HANDOVER,
    Topic.OFFBOARDED: {**_HANDOVER, "balance": {"amount": "-4.500000", "currency": "ZAR"}},
    Topic.SUPPLY_CHANGED: {
        "unit_id": 12,
        "utility": "electricity",
        "is_on": False,
        "command_id": "01930000-0000-7000-8000-000000000002",
    },
    Topic.SUPPLY_LIMITED: {
        "unit_id": 12,
        "utility": "electricity",
        "limit_w": 2000,
        "command_id": "01930000-0000-7000-8000-000000000007",
    },
    Topic.FLEXIBILITY_STARTED: _FLEXIBILITY,
    Topic.FLEXIBILITY_ENDED: {
        **_FLEXIBILITY,
        "state": "over",
        "units": {"confirmed": 19, "failed": 1, "cannot": 3, "declined": 13},
    },
    Topic.RATE_ASSIGNED: {
        "utility": "electricity",
        "role": "supply",
        "rate_table_id": 3,
        "effective_from": "2026-04-01",
        "effective_until": None,
    },
    Topic.PERIOD_CLOSED: {
        "period": "2026-03",
        "entries": 18240,
        "turnover": {"amount": "98120.500000", "currency": "ZAR"},
    },
    Topic.IMPORT_FINISHED: {
        "import_id": "01930000-0000-7000-8000-000000000003",
        "kind": "units",
        "state": "done",
        "rows": 200,
        "failed": 3,
    },
    PING: {"endpoint_id": 1},
}
