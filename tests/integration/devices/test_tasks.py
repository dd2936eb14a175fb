"""Tasks of devices over the API: asked, seen, taken back, and refused in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from tests.integration.api.place import Place

EMLITE = {"driver": "emop", "address": "flat-1", "settings": {"url": "tcp://127.0.0.1:9"}}


async def test_a_task_is_asked_shown_and_taken_back(place: Place, admin: psycopg.Connection) -> None:
    client, base = place.client, place.base
    refused = await client.post(
        f"{base}/devices", json={**EMLITE, "settings": {**EMLITE["settings"], "sync_clock": 1}}
    )
    assert (refused.status_code, "sync_clock" in refused.text) == (422, True)
    answer = await client.post(f"{base}/devices", json=EMLITE)
    assert answer.status_code == 201, answer.text
    one = f"{base}/devices/{answer.json()['device_id']}"

    # no meter names it yet
    answer = await client.post(f"{one}/prices", json={})
    assert (answer.status_code, answer.json()["code"]) == (422, "prices_not_for_meter")
    assert "that of 0" in answer.json()["problems"][0]["message"]
    shown = (await client.get(f"{one}/prices")).json()
    assert (shown["intended"], shown["differs"], shown["task"]) == (None, None, None)
    admin.execute("UPDATE meter SET device = 'emop:flat-1'")

    answer = await client.post(f"{one}/prices", json={"from_on": "1999-01-01"})
    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "body.from_on")
    answer = await client.post(f"{one}/prices", json={})
    assert answer.status_code == 201, answer.text
    task: dict[str, Any] = answer.json()
    assert (task["kind"], task["state"], task["verified_at"]) == ("prices", "asked", None)
    assert task["intended"]["unit_price"] == "2.300000"
    shown = (await client.get(f"{one}/prices")).json()
    assert (shown["differs"], shown["task"]["device_task_id"]) == (None, task["device_task_id"])
    admin.execute(
        """UPDATE device_task SET active = '{"unit_prices": ["2.000000"], "day_price": "0.000000",
           "has_blocks": false}'"""
    )
    assert (await client.get(f"{one}/prices")).json()["differs"] is True

    answer = await client.post(f"{one}/clock", json={"may_cross": True})
    assert answer.status_code == 201, answer.text
    listed = (await client.get(f"{base}/device-tasks", params={"limit": 1})).json()
    assert [each["kind"] for each in listed["items"]] == ["clock"]
    listed = (await client.get(f"{base}/device-tasks", params={"before": listed["next"]})).json()
    assert [each["device_task_id"] for each in listed["items"]] == [task["device_task_id"]]

    withdraw = f"{base}/device-tasks/{task['device_task_id']}/withdraw"
    taken_back = await client.post(withdraw)
    assert (taken_back.status_code, taken_back.json()["state"]) == (200, "withdrawn")
    again = await client.post(withdraw)
    assert (again.status_code, again.json()["code"]) == (409, "device_task_over")
    kinds = (await client.get(f"{base}/device-tasks", params={"state": "asked"})).json()["items"]
    assert [each["kind"] for each in kinds] == ["clock"]

    # what is open of a device goes with it
    assert (await client.delete(one)).status_code == 204
    listed = (await client.get(f"{base}/device-tasks")).json()["items"]
    assert [(each["kind"], each["state"]) for each in listed] == [
        ("clock", "withdrawn"),
        ("prices", "withdrawn"),
    ]

    plug = await client.post(f"{base}/devices", json={"driver": "tasmota", "address": "plug-1"})
    for what in ("clock", "prices"):
        answer = await client.post(f"{base}/devices/{plug.json()['device_id']}/{what}", json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "device_cannot")
