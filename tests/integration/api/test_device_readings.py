"""A device sends readings over HTTP with its own token: of its own meters, and does nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .people import signed_in
from .place import made
from .routes import READING, api_operations_of

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from .place import Place

OF_DEVICES = {"send_readings_of_estate", "post_readings", "renew_device_token"}


async def test_a_device_sends_readings_of_its_own_meters_only(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    path = f"{place.base}/device-tokens"
    unknown = await client.post(path, json={"device": "gateway-9"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    meter = {"unit_id": place.unit_id, "serial": "W1", "utility": "water", "device": "gateway-1"}
    await made(client, f"{place.base}/meters", meter)
    issued = await made(client, path, {"device": "gateway-1"})
    own = {"meter": "W1", "taken_at": "2025-03-01T00:00:00Z", "value": "1", "unit": "m3"}
    async with signed_in(app, issued["token"]) as device:
        body = {"estate_id": place.estate_id, "readings": [own, READING]}
        answer = await device.post("/api/v1/readings", json=body)
        assert answer.status_code == 200, answer.text
        found = [(each["class"], each.get("code")) for each in answer.json()["readings"]]
        assert found == [("first", None), ("rejected", "unknown_meter")]
        elsewhere = await device.post("/api/v1/readings", json={**body, "estate_id": 999})
        assert elsewhere.status_code == 404
        for operation in api_operations_of(app):
            own_work = operation.operation_id in OF_DEVICES
            if own_work or operation.path.startswith("/api/v1/auth/"):
                continue
            refused = await operation.ask(device, estate_id=place.estate_id)
            assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing"), operation
        listed = (await client.get(path, params={"device": "gateway-1"})).json()["items"]
        assert [each["device"] for each in listed] == ["gateway-1"]
        url = f"{path}/{issued['device_token']['device_token_id']}"
        assert (await client.delete(url)).json()["revoked_by"] == "staff:console"
        assert (await device.post("/api/v1/readings", json=body)).status_code == 401
    again = await client.delete(url)
    assert (again.status_code, again.json()["code"]) == (409, "device_token_ended")
