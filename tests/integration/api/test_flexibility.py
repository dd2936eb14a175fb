"""Limits and flexibility events over HTTP: who may, what is refused, what is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mita.kit.clock import now_utc
from mita.kit.shapes import show_instant

from .place import made
from .test_manual_readings import person, refused

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from .place import Place

NOWHERE = "01930000-0000-7000-8000-000000000011"


async def install(client: httpx.AsyncClient, place: Place, *, limits: bool) -> None:
    """Put a device of our own convention behind the meter."""
    device = {"driver": "mita", "address": "plug-1", "settings": {"limit": limits}}
    await made(client, f"{place.base}/devices", device)
    answer = await client.patch(f"{place.base}/meters/{place.meter_id}", json={"device": "plug-1"})
    assert answer.status_code == 200, answer.text


def event(*, since_s: int = 3_600, **more: Any) -> dict[str, Any]:
    begins = now_utc() + timedelta(seconds=since_s)
    hours = {"from_at": show_instant(begins), "until_at": show_instant(begins + timedelta(hours=2))}
    return {"title": "Evening peak", "limit_w": 2_000, **hours, **more}


async def test_staff_limits_and_lifts(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}/supply-limits/electricity"
    answer = await client.put(path, json={"limit_w": 2_000})
    assert refused(answer)[:2] == (409, "supply_cannot_be_limited")
    await install(client, place, limits=True)
    answer = await client.put(path, json={"limit_w": 2_000})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["wanted_w"], shown["held_w"], shown["limits"][0]["cause"]) == (2_000, None, "staff")
    (command,) = (await client.get(f"{place.base}/supply-commands")).json()["items"]
    assert (command["action"], command["limit_w"], command["state"]) == ("limit", 2_000, "asked")
    assert (await client.get(f"{place.base}/supply-limits")).json()["items"] == [shown]
    for body, field in (
        ({"limit_w": 0}, "body.limit_w"),
        ({"limit_w": 1.5}, "body.limit_w"),
        ({"limit_w": 5, "until": "2020-01-01T00:00:00Z"}, "until"),
    ):
        assert refused(await client.put(path, json=body)) == (422, "invalid", field), body
    water = path.replace("electricity", "water")
    assert refused(await client.put(water, json={"limit_w": 5}))[:2] == (422, "invalid")
    away = path.replace(f"units/{place.unit_id}", "units/999")
    assert refused(await client.put(away, json={"limit_w": 5}))[:2] == (404, "not_found")
    lifted = await client.delete(path)
    assert (lifted.status_code, lifted.json()["limits"]) == (200, [])
    assert (await client.delete(path)).status_code == 200


async def test_an_event_is_planned_listed_left_and_cancelled(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    path = f"{place.base}/flexibility-events"
    body = event()
    planned = await made(client, path, body)
    assert (planned["state"], planned["kind"], planned["units"]["planned"]) == ("planned", "limit", 1)
    assert refused(await client.post(path, json=body))[:2] == (409, "flexibility_events_overlap")
    later = await made(client, path, event(since_s=20_000, limit_w=None, unit_ids=[place.unit_id]))
    assert later["kind"] == "shed"
    page = (await client.get(path, params={"limit": 1})).json()
    assert [each["flexibility_event_id"] for each in page["items"]] == [later["flexibility_event_id"]]
    page = (await client.get(path, params={"limit": 1, "before": page["next"]})).json()
    assert (page["items"], page["next"]) == ([planned], None)
    one = f"{path}/{planned['flexibility_event_id']}"
    assert (await client.get(one)).json() == planned
    (unit,) = (await client.get(f"{one}/units")).json()["items"]
    assert (unit["unit_id"], unit["state"]) == (place.unit_id, "planned")
    resident = await person(app, client, place, "Resident", right=None, role="resident")
    async with resident:
        left = await resident.post(f"{one}/units/{place.unit_id}/opt-out")
        assert (left.status_code, left.json()["state"]) == (200, "left")
        assert refused(await resident.post(f"{one}/cancel"))[:2] == (403, "permission_missing")
    cancelled = await client.post(f"{one}/cancel")
    assert (cancelled.json()["state"], (await client.post(f"{one}/cancel")).status_code) == ("cancelled", 200)
    over = await client.post(f"{one}/units/{place.unit_id}/opt-out")
    assert refused(over)[:2] == (409, "flexibility_event_over")
    for body, field in (
        (event(limit_w=0), "body.limit_w"),
        (event(until_at="2020-01-01T00:00:00Z"), "until_at"),
        (event(unit_ids=[]), "body.unit_ids"),
        (event(title=" "), "title"),
    ):
        status, code, at = refused(await client.post(path, json=body))
        assert (status, code, at) == (422, "invalid", field), body
    assert refused(await client.post(path, json=event(unit_ids=[999])))[:2] == (404, "not_found")
    assert refused(await client.get(f"{path}/{NOWHERE}"))[:2] == (404, "not_found")


async def test_who_lives_there_takes_part_and_nobody_else_says_so(
    app: FastAPI, client: httpx.AsyncClient, place: Place, stranger: httpx.AsyncClient
) -> None:
    path = f"{place.base}/units/{place.unit_id}/flexibility-consent"
    (other,) = (await made(client, f"{place.base}/units", {"names": ["A2"]}))["items"]
    foreign = path.replace(f"units/{place.unit_id}", f"units/{other['unit_id']}")
    never = {"takes_part": False, "is_protected": False, "changed_by": None, "changed_at": None}
    assert (await client.get(path)).json() == {"unit_id": place.unit_id, **never}
    resident = await person(app, client, place, "Resident", right=None, role="resident")
    manager = await person(app, client, place, "Manager", right="manage", role=None)
    viewer = await person(app, client, place, "Viewer", right="view", role=None)
    owner = await person(app, client, place, "Owner", right=None, role="owner")
    async with resident, manager, viewer, owner:
        for caller in (resident, manager):
            said = await caller.put(path, json={"takes_part": True})
            assert (said.status_code, said.json()["takes_part"]) == (200, True), said.text
        for caller in (viewer, owner, stranger):
            assert refused(await caller.put(path, json={"takes_part": True}))[:2] == (404, "not_found")
        assert refused(await resident.put(foreign, json={"takes_part": True}))[:2] == (404, "not_found")
        protected = {"takes_part": True, "is_protected": False}
        assert refused(await resident.put(path, json=protected))[:2] == (403, "permission_missing")
        assert (await resident.get(path)).json()["takes_part"]
    staff = await client.put(path, json={"takes_part": True, "is_protected": True})
    assert staff.json()["is_protected"]
    # without it nothing changes
    kept = await client.put(path, json={"takes_part": False})
    assert (kept.json()["takes_part"], kept.json()["is_protected"]) == (False, True)
    listed = (await client.get(f"{place.base}/flexibility-consents")).json()["items"]
    assert [each["unit_id"] for each in listed] == [place.unit_id]
