"""Tenants move in and out over HTTP: one call, whole or not at all, previewed and undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .people import signed_in
from .place import Place, made

if TYPE_CHECKING:
    import httpx
    import psycopg
    from fastapi import FastAPI

THANDI = {"name": "Thandi", "email": "thandi@example.com"}


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def onboard(place: Place, *, key: str = "in", status: int = 201, **body: Any) -> dict[str, Any]:
    answer = await place.client.post(
        f"{place.base}/units/{place.unit_id}/onboard-tenant",
        json={"person": THANDI, **body},
        headers={"Idempotency-Key": key},
    )
    assert answer.status_code == status, answer.text
    return answer.json()


async def offboard(place: Place, *, key: str = "out", status: int = 201, **body: Any) -> dict[str, Any]:
    answer = await place.client.post(
        f"{place.base}/units/{place.unit_id}/offboard-tenant", json=body, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == status, answer.text
    return answer.json()


async def undo(place: Place, handover_id: str, *, key: str = "undo") -> httpx.Response:
    return await place.client.post(
        f"{place.base}/handovers/{handover_id}/undo",
        json={"reason": "a slip"},
        headers={"Idempotency-Key": key},
    )


def codes(admin: psycopg.Connection) -> dict[str, int]:
    """Return the balances of the accounts that are not at zero, in micro, by code."""
    query = "SELECT code, posted_micro - accrued_micro FROM account WHERE posted_micro <> accrued_micro"
    return dict(admin.execute(query).fetchall())


def value(amount: str, at: str, meter: str = "E1") -> dict[str, str]:
    return {"meter": meter, "value": amount, "taken_at": at}


@pytest.fixture
async def used(place: Place) -> Place:
    """The place, where 10 kWh were used while nobody lived there: 10 at 2.00 with 15 % are 23.00."""
    await place.send(("2025-03-01T00:00:00Z", "100"), ("2025-03-02T00:00:00Z", "110"))
    assert await place.balance() == "-23.000000"
    return place


# ── moving in ──


async def test_a_tenant_moves_in_and_begins_at_zero(
    used: Place, app: FastAPI, admin: psycopg.Connection
) -> None:
    done = await onboard(used, from_on="2025-03-03", readings=[value("115", "2025-03-03T08:00:00Z")])

    # 5 more kWh were used before: 11.50, and together 34.50 are the vacancy's
    assert done["charged"] == {"amount": "11.500000", "currency": "ZAR"}
    assert done["moved"] == [
        {"account": "electricity", "amount": {"amount": "-34.500000", "currency": "ZAR"}}
    ]
    assert (done["outcome"], done["messages"]) == ("vacancy", ["email"])
    assert await used.balance() == "0.000000"
    assert codes(admin)[f"vacancy:{used.unit_id}"] == -34_500_000
    unit = (await used.client.get(f"{used.base}/units/{used.unit_id}")).json()
    assert (unit["state"], unit["occupancy"]["person_id"]) == ("occupied", done["person_id"])
    for path in ("occupancies", "handovers"):
        (named,) = (await used.client.get(f"{used.base}/{path}")).json()["items"]
        assert (named["person_name"], named["unit_name"]) == (THANDI["name"], unit["name"])
    listed = (await used.client.get(f"{used.base}/units")).json()["items"]
    assert [each["occupant_name"] for each in listed if each["unit_id"] == used.unit_id] == [THANDI["name"]]
    # the tenant sees the wallet and reads the meter, and nothing of the estate's people
    answer = await used.client.post(f"/api/v1/persons/{done['person_id']}/tokens")
    async with signed_in(app, answer.json()["token"]) as tenant:
        assert (await tenant.get(f"{used.base}/wallets/{used.wallet_id}")).status_code == 200
        (own,) = (await tenant.get(f"{used.base}/occupancies")).json()["items"]
        assert own["occupancy_id"] == done["occupancy_id"]
        # an own session reads no names
        assert (own["person_name"], own["unit_name"]) == (None, unit["name"])
        (mine,) = (await tenant.get(f"{used.base}/units")).json()["items"]
        assert (mine["occupant_name"], mine["standing"]) == (None, "in_credit")
        assert refused(await tenant.get(f"{used.base}/people")) == (403, "permission_missing")


async def test_a_repeat_answers_what_the_first_did(used: Place) -> None:
    first = await onboard(used)
    again = await onboard(used, status=200)
    assert again == first
    other = await used.client.post(
        f"{used.base}/units/{used.unit_id}/onboard-tenant",
        json={"person": {"name": "Another"}},
        headers={"Idempotency-Key": "in"},
    )
    assert refused(other) == (409, "idempotency_key_reused")
    assert len((await used.client.get(f"{used.base}/people")).json()["items"]) == 1


async def test_a_dry_run_does_nothing_and_says_what_would_happen(
    used: Place, admin: psycopg.Connection
) -> None:
    before = codes(admin)
    reading = value("115", "2025-03-03T08:00:00Z")
    tried = await onboard(used, dry_run=True, status=200, readings=[reading])

    assert (tried["handover_id"], tried["occupancy_id"], tried["person_id"]) == (None, None, None)
    assert tried["total"]["amount"] == "-34.500000"
    assert codes(admin) == before
    for path in ("people", "occupancies", "handovers"):
        assert (await used.client.get(f"{used.base}/{path}")).json()["items"] == [], path
    stored = (await used.client.get(f"{used.base}/readings?class=charged")).json()["items"]
    assert [each["value"]["amount"] for each in stored] == ["110.000000"]
    # the key is free, and the same thing happens for real
    done = await onboard(used, readings=[reading])
    assert {**done, "handover_id": None, "occupancy_id": None, "person_id": None, "given_to": []} == {
        **tried,
        "given_to": [],
    }


async def test_a_value_that_is_not_believed_refuses_all(used: Place) -> None:
    for amount, at in (
        ("109", "2025-03-03T00:00:00Z"),
        ("99999", "2025-03-02T01:00:00Z"),
        ("115", "2025-03-01T12:00:00Z"),
        ("111", "2199-01-01T00:00:00Z"),
    ):
        answer = await used.client.post(
            f"{used.base}/units/{used.unit_id}/onboard-tenant",
            json={"person": THANDI, "readings": [value(amount, at)]},
            headers={"Idempotency-Key": "in"},
        )
        assert refused(answer) == (409, "reading_refused"), amount
        assert answer.json()["problems"][0]["path"].startswith("body.readings.0")
    assert (await used.client.get(f"{used.base}/people")).json()["items"] == []
    assert (await used.client.get(f"{used.base}/readings?class=held")).json()["items"] == []


async def test_who_cannot_move_in(used: Place) -> None:
    path = f"{used.base}/units/{used.unit_id}/onboard-tenant"
    for body, wanted in (
        ({"person": THANDI, "from_on": "2199-01-01"}, (422, "invalid")),
        ({}, (422, "invalid")),
        ({"person": THANDI, "person_id": 1}, (422, "invalid")),
        ({"person_id": 10**9}, (404, "not_found")),
        ({"person": THANDI, "readings": [value("1", "2025-03-03T00:00:00Z", "X")]}, (422, "invalid")),
    ):
        answer = await used.client.post(path, json=body, headers={"Idempotency-Key": "in"})
        assert refused(answer) == wanted, body
    await onboard(used)
    answer = await used.client.post(
        path, json={"person": {"name": "Another"}}, headers={"Idempotency-Key": "k2"}
    )
    assert refused(answer) == (409, "unit_occupied")
    created = await made(used.client, f"{used.base}/units", {"names": ["B1"]})
    answer = await used.client.post(
        f"{used.base}/units/{created['items'][0]['unit_id']}/onboard-tenant",
        json={"person": {"name": "Another"}},
        headers={"Idempotency-Key": "k3"},
    )
    assert refused(answer) == (409, "wallet_missing")


# ── moving out ──


@pytest.fixture
async def lived_in(used: Place) -> Place:
    """The place with Thandi in it since the third of March, at 115 kWh."""
    await onboard(used, from_on="2025-03-03", readings=[value("115", "2025-03-03T08:00:00Z")])
    return used


async def test_what_is_left_is_refunded_and_the_next_begins_at_zero(
    lived_in: Place, admin: psycopg.Connection
) -> None:
    place = lived_in
    await place.top_up(amount="100.00")
    left = await offboard(place, readings=[value("125", "2025-03-20T08:00:00Z")], reference="ABSA 1")

    # 10 kWh are 23.00 of the 100.00
    assert left["charged"]["amount"] == "23.000000"
    assert (left["outcome"], left["total"]["amount"]) == ("refund", "77.000000")
    assert left["taken_from"] == [left["person_id"]]
    assert await place.balance() == "0.000000"
    assert codes(admin)["clearing:transfers"] == 77_000_000
    unit = (await place.client.get(f"{place.base}/units/{place.unit_id}")).json()
    assert (unit["state"], unit["occupancy"]) == ("vacant", None)
    after = await onboard(place, key="in2", person={"name": "Sipho"})
    assert (after["outcome"], after["moved"]) == ("nothing", [])
    assert await place.balance() == "0.000000"


async def test_what_is_owed_is_the_leavers_debt(lived_in: Place, admin: psycopg.Connection) -> None:
    left = await offboard(lived_in, readings=[value("125", "2025-03-20T08:00:00Z")])
    assert (left["outcome"], left["total"]["amount"]) == ("debt", "-23.000000")
    assert await lived_in.balance() == "0.000000"
    assert codes(admin)[f"occupancy:{left['occupancy_id']}"] == -23_000_000
    answer = await lived_in.client.post(
        f"{lived_in.base}/units/{lived_in.unit_id}/offboard-tenant",
        json={},
        headers={"Idempotency-Key": "o2"},
    )
    assert refused(answer) == (409, "unit_vacant")


async def test_what_is_left_is_carried_to_where_the_person_lives_now(lived_in: Place) -> None:
    place = lived_in
    await place.top_up(amount="50.00")
    created = await made(place.client, f"{place.base}/units", {"names": ["B1"]})
    other = created["items"][0]["unit_id"]
    await made(
        place.client, f"{place.base}/meters", {"unit_id": other, "serial": "E2", "utility": "electricity"}
    )
    (person,) = (await place.client.get(f"{place.base}/people")).json()["items"]
    answer = await place.client.post(
        f"{place.base}/units/{place.unit_id}/offboard-tenant",
        json={"carry_to_person_id": person["person_id"]},
        headers={"Idempotency-Key": "out"},
    )
    assert refused(answer) == (404, "not_found")
    body = {"person_id": person["person_id"], "from_on": "2025-03-01"}
    await made(place.client, f"{place.base}/units/{other}/assign-resident", body)
    left = await offboard(place, carry_to_person_id=person["person_id"])
    assert left["outcome"] == "carried"
    unit = (await place.client.get(f"{place.base}/units/{other}")).json()
    assert unit["general"] == {"amount": "50.000000", "currency": "ZAR"}


async def test_a_dry_run_of_moving_out_does_nothing(lived_in: Place, admin: psycopg.Connection) -> None:
    await lived_in.top_up(amount="100.00")
    before = codes(admin)
    tried = await offboard(
        lived_in, dry_run=True, status=200, readings=[value("125", "2025-03-20T08:00:00Z")]
    )
    assert (tried["outcome"], tried["total"]["amount"]) == ("refund", "77.000000")
    assert codes(admin) == before
    assert await lived_in.balance() == "100.000000"
    grants = (await lived_in.client.get(f"{lived_in.base}/wallets/{lived_in.wallet_id}/grants")).json()
    assert len(grants["items"]) == 1


# ── undoing ──


async def test_moving_out_is_undone(lived_in: Place, admin: psycopg.Connection) -> None:
    place = lived_in
    await place.top_up(amount="100.00")
    limit = {"daily": "500.00", "is_cutting": False}
    path = f"{place.base}/wallets/{place.wallet_id}/spend-limit"
    assert (await place.client.put(path, json=limit)).status_code == 200
    left = await offboard(place, readings=[value("125", "2025-03-20T08:00:00Z")])
    assert refused(await place.client.get(path)) == (404, "not_found")

    answer = await undo(place, left["handover_id"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["undone_because"] == "a slip"
    # the 23.00 that were used stay charged
    assert await place.balance() == "77.000000"
    assert "clearing:transfers" not in codes(admin)
    assert (await place.client.get(path)).json()["daily"]["amount"] == "500.000000"
    unit = (await place.client.get(f"{place.base}/units/{place.unit_id}")).json()
    assert (unit["state"], unit["occupancy"]["until_on"]) == ("occupied", None)
    grants = (await place.client.get(f"{place.base}/wallets/{place.wallet_id}/grants")).json()["items"]
    assert [each["right"] for each in grants] == ["manage"]
    # once
    assert (await undo(place, left["handover_id"])).json() == answer.json()
    assert refused(await undo(place, left["handover_id"], key="u2")) == (409, "handover_not_undoable")


async def test_moving_in_is_undone(used: Place, app: FastAPI) -> None:
    done = await onboard(used)
    answer = await undo(used, done["handover_id"])
    assert answer.status_code == 200, answer.text
    assert await used.balance() == "-23.000000"
    assert (await used.client.get(f"{used.base}/occupancies")).json()["items"] == []
    grants = (await used.client.get(f"{used.base}/wallets/{used.wallet_id}/grants")).json()["items"]
    assert [each for each in grants if each.get("revoked_at") is None] == []
    token = (await used.client.post(f"/api/v1/persons/{done['person_id']}/tokens")).json()["token"]
    async with signed_in(app, token) as tenant:
        assert (await tenant.get(f"{used.base}")).status_code == 404
    # and the unit can be handed over again
    await onboard(used, key="again")


async def test_a_payment_or_a_reading_ends_the_time_for_undoing(lived_in: Place) -> None:
    (first,) = (await lived_in.client.get(f"{lived_in.base}/handovers")).json()["items"]
    await lived_in.top_up(amount="10.00")
    assert refused(await undo(lived_in, first["handover_id"])) == (409, "handover_not_undoable")
    left = await offboard(lived_in)
    assert refused(await undo(lived_in, first["handover_id"])) == (409, "handover_not_undoable")
    await lived_in.send(("2025-04-01T00:00:00Z", "116"))
    assert refused(await undo(lived_in, left["handover_id"])) == (409, "handover_not_undoable")
