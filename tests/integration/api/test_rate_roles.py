"""Tables of several roles, assigned by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .place import RATES, made
from .test_rate_tables import charge_with

if TYPE_CHECKING:
    import httpx

    from .place import Place


async def test_a_table_of_another_role_charges_beside_supply(client: httpx.AsyncClient, place: Place) -> None:
    network = {**RATES, "name": "Network", "charges": charge_with(price="0.50")["charges"]}
    table = await made(client, f"{place.base}/rate-tables", {"document": network})
    body = {"rate_table_id": table["rate_table_id"], "role": "network", "unit_id": place.unit_id}
    path = f"{place.base}/rate-assignments"
    first, again = await client.post(path, json=body), await client.post(path, json=body)
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert {name: first.json()[name] for name in ("role", "scope", "target_id")} == {
        "role": "network",
        "scope": "unit",
        "target_id": place.unit_id,
    }
    assert [each["role"] for each in (await client.get(path)).json()["items"]] == ["supply", "network"]
    await place.send(("2025-07-01T00:00:00Z", "0"), ("2025-07-01T10:00:00Z", "10"))
    # 2.00 and 0.50, 15 % on both
    assert await place.balance() == "-28.750000"


async def test_a_role_that_is_none_is_refused(client: httpx.AsyncClient, place: Place) -> None:
    answer = await client.post(
        f"{place.base}/rate-assignments", json={"rate_table_id": 1, "role": "distribution"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
