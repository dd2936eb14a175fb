"""All operations of the API, as its own document lists them, with a request that each would accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

METHODS = ("get", "put", "post", "patch", "delete")
# a schema's examples name things that a test's estate does not have; these are right wherever they stand
PARAMETERS: dict[str, Any] = {
    "estate_id": 1,
    "unit_id": 1,
    "meter_id": 1,
    "wallet_id": 1,
    "register_id": 1,
    "rate_table_id": 1,
    "taken_at": "2025-03-01T00:00:00Z",
    "utility": "electricity",
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
    "install_meter": {"unit_id": 1, "serial": "E9", "utility": "electricity"},
    "send_readings": {"readings": [READING]},
    "send_readings_of_estate": {"estate_id": 1, "readings": [READING]},
    "add_rate_table": {"document": RATES},
    "calculate_charge": {"quantity": "100"},
    "receive_top_up": {"amount": "10.00", "method": "cash", "utility": "electricity"},
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

    @property
    def parameters(self) -> list[str]:
        return [each["name"] for each in self.spec.get("parameters", []) if each["in"] == "path"]

    def url(self, **values: Any) -> str:
        return self.path.format(**{**PARAMETERS, **values})

    async def ask(
        self,
        client: httpx.AsyncClient,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> httpx.Response:
        """Send a request that is good but for ``values`` of the path."""
        sent = BODIES.get(self.operation_id) if body is None else body
        params = {"utility": "electricity"} if self.operation_id == "list_entries" else None
        return await client.request(
            self.method,
            self.url(**values),
            json=sent,
            params=params,
            headers={"Idempotency-Key": "sweep", **(headers or {})},
        )


def operations_of(app: FastAPI) -> list[Operation]:
    """Return every documented operation."""
    return [
        Operation(spec.get("operationId", ""), method, path, spec)
        for path, item in app.openapi()["paths"].items()
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
