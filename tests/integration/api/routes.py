"""All operations of the API, as its own document lists them, with a request that each would accept."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.entrypoints.api.docs import _example

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

# each request is one of its own
_KEYS = itertools.count()
METHODS = ("get", "put", "post", "patch", "delete")
# a schema's examples name things that a test's estate does not have; these are right wherever they stand
PARAMETERS: dict[str, Any] = {
    "estate_id": 1,
    "unit_id": 1,
    "meter_id": 1,
    "wallet_id": 1,
    "register_id": 1,
    "device_id": 1,
    "codec_id": 1,
    "rate_table_id": 1,
    "organisation_id": 1,
    "occupancy_id": 1,
    "ownership_id": 1,
    "handover_id": "01930000-0000-7000-8000-000000000008",
    "document_id": "01930000-0000-7000-8000-000000000009",
    "group_id": 1,
    "sharing_group_id": 1,
    "solar_installation_id": 1,
    "person_id": 1,
    "grant_id": "01930000-0000-7000-8000-000000000002",
    "invitation_id": "01930000-0000-7000-8000-000000000003",
    "role_grant_id": "01930000-0000-7000-8000-000000000005",
    "device_token_id": "01930000-0000-7000-8000-000000000006",
    "meter_token_id": "01930000-0000-7000-8000-000000000012",
    "device_task_id": "01930000-0000-7000-8000-000000000010",
    "flexibility_event_id": "01930000-0000-7000-8000-000000000011",
    "impersonation_id": "01930000-0000-7000-8000-000000000007",
    "api_key_id": 1,
    "kind": "api_keys",
    "alert_id": "01930000-0000-7000-8000-000000000004",
    "account_id": 1,
    "bulk_meter_id": 1,
    "virtual_meter_id": 1,
    "journal_id": "01930000-0000-7000-8000-000000000001",
    "taken_at": "2025-03-01T00:00:00Z",
    "utility": "electricity",
}
# of the query, where an operation needs them
QUERIES: dict[str, dict[str, str]] = {
    "verify_wallet": {"wallet_id": "1"},
    "list_entries": {"utility": "electricity"},
    "import_rate_table": {"format": "document"},
    "start_import": {"kind": "units"},
    "list_allocations": {"month": "2025-03"},
    "list_solar_credits": {"month": "2025-03"},
    "list_shared_intervals": {"day": "2025-03-01"},
    "search_estate": {"q": "A1"},
    "add_document": {"subject": "estate", "subject_id": "1", "name": "plan.pdf"},
    "get_savings": {"from": "2025-01-01", "to": "2025-04-01"},
    "get_consumption_history": {"from": "2025-03-01", "to": "2025-03-08"},
    "get_spending_summary": {"from": "2025-03-01", "to": "2025-03-08"},
    "get_wallet_statement": {"from": "2025-03-01", "to": "2025-04-01"},
    "get_reconciliation": {"from": "2025-03-01", "to": "2025-04-01"},
    "get_estate_consumption": {"from": "2025-01-01", "to": "2025-04-01"},
    "get_statement": {"from": "2025-01-01T00:00:00Z", "to": "2025-04-01T00:00:00Z"},
}
READING = {"meter": "E1", "taken_at": "2025-03-01T00:00:00Z", "value": "1", "unit": "kWh"}
RATES: dict[str, Any] = {
    "rate_table": 1,
    "name": "Other",
    "utility": "electricity",
    "currency": "ZAR",
    "effective_from": "2025-06-01",
    "tax": {"name": "VAT", "percent": "15", "prices": "exclusive"},
    "charges": [{"name": "Energy", "kind": "usage", "price": "2.50"}],
}
BODIES: dict[str, Any] = {
    "create_estate": {"name": "Oak Gardens", "currency": "ZAR", "time_zone": "Africa/Johannesburg"},
    "create_units": {"names": ["B1"]},
    "onboard_occupant": {"person": {"name": "Thandi"}, "dry_run": True},
    "offboard_occupant": {"dry_run": True},
    "assign_resident": {"person_id": 1, "from_on": "2025-03-01"},
    "assign_owner": {"person_id": 1, "from_on": "2025-03-01"},
    "swap_meter": {
        "serial": "E8",
        "swapped_at": "2025-03-01T00:00:00Z",
        "reason": "broken",
        "closing": {},
        "opening": {"import": "0"},
    },
    "set_bulk_meter": {"meter_id": 1, "covers": "estate", "from_on": "2025-03-01"},
    "end_bulk_meter": {"until_on": "2025-03-02"},
    "set_pulse_counter": {"weight": "1000 imp/kWh"},
    "set_factor": {"factor": "200/5", "reason": "transformers", "dry_run": True},
    "set_virtual_meter": {"of": [1], "into": [{"register_id": 2}], "from_at": "2025-03-01T00:00:00Z"},
    "preview_virtual_meter": {"of": [1], "into": [{"register_id": 2}], "from_at": "2025-03-01T00:00:00Z"},
    "end_virtual_meter": {"until_at": "2025-03-02T00:00:00Z"},
    "install_meter": {"unit_id": 1, "serial": "E9", "utility": "electricity"},
    "send_readings": {"readings": [READING]},
    "send_readings_of_estate": {"estate_id": 1, "readings": [READING]},
    "take_tts_message": {"end_device_ids": {"dev_eui": "A84041D4F1AA0001"}, "join_accept": {}},
    "add_rate_table": {"document": RATES},
    "add_rate_table_version": {"document": RATES},
    "add_rate_assignment": {"rate_table_id": 1},
    "preview_rate_assignment": {"rate_table_id": 1},
    "import_rate_table": RATES,
    "set_rate_rule": {"notice_days": 30, "benchmarks": {"electricity": [1]}},
    "calculate_charge": {"quantity": "100"},
    "calculate_purchase": {"units": "50"},
    "compare_rate_tables": {"from": "2025-01-01", "to": "2025-02-01"},
    "top_up_in_sandbox": {"amount": "10.00", "utility": "electricity"},
    "top_up_group_in_sandbox": {"amount": "10.00"},
    "receive_top_up": {"amount": "10.00", "method": "cash", "utility": "electricity"},
    "create_sharing_group": {"name": "Roof", "country": "AT", "rate_table_id": 1, "first_on": "2025-03-01"},
    "add_sharing_sources": {"sources": [{"register_id": 1, "until_on": "2025-03-01"}]},
    "add_sharing_members": {"members": [{"unit_id": 1, "register_id": 1}]},
    "add_sharing_keys": {"keys": [{"starts_at": "2025-03-01T00:00:00Z", "unit_id": 1, "key": "0"}]},
    "add_sharing_prices": {"prices": [{"from_on": "2025-03-01", "rate_table_id": 1}]},
    "create_solar_installation": {
        "name": "Roof A",
        "capacity_kw": "3.5",
        "price": "36.50",
        "first_on": "2025-01-01",
    },
    "set_solar_shares": {"from_on": "2025-03-01", "shares": []},
    "end_solar_installation": {"until_on": "2025-03-01"},
    "settle_sharing_group": {"from_on": "2025-03-01"},
    "create_person": {"name": "Thandi"},
    "sign_up": {"name": "Thandi", "identifier": "t@example.com", "join_code": "1-ABCD2345"},
    "change_password": {"password": "seven lamps by the river"},
    "set_join_code": {"is_on": True},
    "approve_join_request": {"unit_id": 1},
    "sign_in": {"identifier": "t@example.com", "password": "seven lamps by the river"},
    "grant_role": {"person_id": 1, "role": "auditor"},
    "grant_estate_role": {"person_id": 1, "role": "auditor"},
    "create_api_key": {"name": "Export", "permissions": ["units.read"], "estate_ids": [1]},
    "rotate_api_key": {},
    "limit_supply": {"limit_w": 2000},
    "set_aside_held_reading": {"reason": "Tested on the bench"},
    "set_flexibility_consent": {"takes_part": True},
    "plan_flexibility_event": {
        "title": "Evening peak",
        "limit_w": 2000,
        "from_at": "2025-03-01T16:00:00Z",
        "until_at": "2025-03-01T18:00:00Z",
    },
    "register_device": {"driver": "tasmota", "address": "plug-9"},
    "set_device": {"notes": "In the cellar"},
    "issue_device_token": {"device": "gateway-1"},
    "start_impersonation": {"reason": "ticket 4711"},
    "record_consent": {"purpose": "benchmarking", "text_version": "2026-03", "is_given": True},
    "give_consent": {"purpose": "benchmarking", "text_version": "2026-03", "is_given": True},
    "erase_person": {"reason": "moved away"},
    "ask_own_erasure": {"reason": "moved away"},
    "set_retention_rule": {"days": 365},
    "grant_access": {"person_id": 1, "right": "view"},
    "change_access": {"right": "view"},
    "invite_person": {"email": "thandi@example.com", "right": "view"},
    "accept_invitation": {"code": "1." + "0" * 32 + "." + "a" * 32},
    "create_group": {"name": "The Mokoenas"},
    "add_group_member": {"wallet_id": 1},
    "receive_group_top_up": {"amount": "10.00", "method": "cash"},
    "distribute_group": {"way": "equal"},
    "set_distribution_rule": {"is_on": True, "threshold": "50.00", "target": "100.00"},
    "create_webhook_endpoint": {"url": "https://example.com/hook", "types": ["wallet.topup"]},
    "update_webhook_endpoint": {"url": "https://example.com/hook", "types": ["wallet.topup"]},
    "replay_webhook_deliveries": {"since": "2025-03-01T00:00:00Z"},
    "key_in_token": {"token": "6647-5648-3167-5682-1785"},
    "send_manual_reading": {"value": "1", "unit": "kWh", "taken_at": "2025-03-01T00:00:00Z"},
    "set_reading_window": {"from_day": 25, "to_day": 31, "least_right": "view"},
    "set_silence_rule": {"silent_hours": 24},
    "set_loss_rule": {"limit_percent": "7.5"},
    "set_issue_rule": {"kinds": ["leak"]},
    "run_batch": {"operations": [{"path": "/api/v1/estates/1/units", "body": {"names": ["B7"]}}]},
    "set_credit_rule": {
        "is_cutting": False,
        "low_line": "50.00",
        "cut_line": "0.00",
        "restore_line": "10.00",
    },
}


@dataclass(frozen=True)
class Operation:
    operation_id: str
    method: str
    path: str
    spec: dict[str, Any]
    example: Any = None

    @property
    def parameters(self) -> list[str]:
        return [each["name"] for each in self.spec.get("parameters", []) if each["in"] == "path"]

    @property
    def body(self) -> Any:
        """A body that it would accept, if it takes one."""
        return BODIES.get(self.operation_id, self.example)

    def url(self, **values: Any) -> str:
        made_up = {name: _value_of(self.parameter(name)) for name in self.parameters}
        return self.path.format(**{**made_up, **PARAMETERS, **values})

    def parameter(self, name: str) -> dict[str, Any]:
        """Return the schema of a parameter of the path."""
        (found,) = [each for each in self.spec["parameters"] if each["name"] == name and each["in"] == "path"]
        return found["schema"]

    async def ask(
        self,
        client: httpx.AsyncClient,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> httpx.Response:
        """Send a request that is good but for ``values`` of the path."""
        sent = self.body if body is None else body
        return await client.request(
            self.method,
            self.url(**values),
            json=sent,
            params=QUERIES.get(self.operation_id),
            headers={"Idempotency-Key": f"sweep-{next(_KEYS)}", **(headers or {})},
        )


def _value_of(schema: dict[str, Any]) -> Any:
    if schema.get("format") == "uuid":
        return "01930000-0000-7000-8000-00000000000f"
    return (schema.get("examples") or schema.get("enum") or [1])[0]


def _body_of(document: dict[str, Any], spec: dict[str, Any]) -> Any:
    """Return the body that an operation's own examples make, if it has one."""
    content = spec.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else _example(document, content["schema"], depth=0)


def operations_of(app: FastAPI) -> list[Operation]:
    """Return every documented operation."""
    document = app.openapi()
    return [
        Operation(spec.get("operationId", ""), method, path, spec, _body_of(document, spec))
        for path, item in document["paths"].items()
        for method, spec in item.items()
        if method in METHODS
    ]


def api_operations_of(app: FastAPI) -> list[Operation]:
    """Return every operation under /api."""
    return [each for each in operations_of(app) if each.path.startswith("/api/")]


def is_problem(answer: httpx.Response) -> bool:
    """Tell whether an answer is an error as the document promises it."""
    if answer.headers["content-type"] != "application/problem+json":
        return False
    found = answer.json()
    return (
        set(found) == {"type", "title", "status", "detail", "code", "problems", "instance"}
        and found["status"] == answer.status_code
        and bool(found["title"] and found["detail"] and found["code"])
        and all({"path", "message"} <= set(each) for each in found["problems"])
    )
