"""Several operations in one transaction: all or none, each under its own route's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.entrypoints.api.batch_paths import ALLOWED

from .people import signed_in
from .place import made
from .routes import api_operations_of

if TYPE_CHECKING:
    import httpx
    import pytest
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place

BATCH = "/api/v1/batch"


def op(path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    return {"path": path, "body": body, **more}


async def run(client: httpx.AsyncClient, *operations: dict[str, Any], key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post(BATCH, json={"operations": list(operations)}, headers=headers)


async def names(client: httpx.AsyncClient, base: str) -> list[str]:
    return [each["name"] for each in (await client.get(f"{base}/units")).json()["items"]]


def test_every_path_is_a_route_that_writes(app: FastAPI) -> None:
    known = {(each.method.upper(), each.path) for each in api_operations_of(app)}
    assert known >= ALLOWED
    assert not {
        path for _, path in ALLOWED if path.endswith(("/readings", "/batch", "/imports", "/documents"))
    }


async def test_a_flat_with_its_meter_its_tenant_and_money(client: httpx.AsyncClient, place: Place) -> None:
    answer = await run(
        client,
        op(f"{place.base}/units", {"names": ["B1"]}, id="unit"),
        op(
            f"{place.base}/meters",
            {"unit_id": {"$ref": "unit.items.0.unit_id"}, "serial": "B-1", "utility": "water"},
            id="meter",
        ),
        op(f"{place.base}/people", {"name": "Thandi", "email": "t@example.com"}, id="person"),
        op(
            f"{place.base}/units/{{unit.items.0.unit_id}}/assign-resident",
            {"person_id": {"$ref": "person.person_id"}, "from_on": "2026-03-01"},
        ),
        op(
            f"{place.base}/wallets/{place.wallet_id}/top-ups",
            {"amount": "25.00", "method": "cash", "utility": "electricity"},
            idempotency_key="b-1",
        ),
        op(f"{place.base}/units/{{unit.items.0.unit_id}}", {"door": "7"}, method="PATCH"),
    )
    assert answer.status_code == 201, answer.text
    items = answer.json()["items"]
    assert [(each["id"], each["status"]) for each in items] == [
        ("unit", 201),
        ("meter", 201),
        ("person", 201),
        (None, 201),
        (None, 201),
        (None, 200),
    ]
    assert items[1]["body"]["unit_id"] == items[0]["body"]["items"][0]["unit_id"]
    assert items[5]["body"]["door"] == "7"
    assert items[4]["body"]["balance"]["amount"] == "25.000000"
    log = (await client.get(f"{place.base}/audit")).json()["items"]
    # living there is recorded, and the role that follows from it
    assert list(dict.fromkeys(each["action"] for each in log))[:6] == [
        "update_unit",
        "receive_top_up",
        "assign_resident",
        "add_person",
        "install_meter",
        "create_units",
    ]


async def test_one_refusal_undoes_everything(client: httpx.AsyncClient, place: Place) -> None:
    money = f"{place.base}/wallets/{place.wallet_id}"
    before = (await client.get(money)).json()
    answer = await run(
        client,
        op(f"{place.base}/units", {"names": ["B1"]}),
        op(f"{money}/top-ups", {"amount": "25.00", "method": "cash"}, idempotency_key="b-2"),
        op(f"{place.base}/units", {"names": ["B2", "A1"]}, id="third"),
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "batch_failed")
    (problem,) = answer.json()["problems"]
    assert (problem["path"], problem["operation"], problem["status"], problem["code"]) == (
        "body.operations.2",
        "third",
        409,
        "name_taken",
    )
    assert problem["instance"] == f"{place.base}/units"
    assert await names(client, place.base) == ["A1"]
    assert (await client.get(money)).json() == before
    # the key was not used up
    again = await run(
        client, op(f"{money}/top-ups", {"amount": "25.00", "method": "cash"}, idempotency_key="b-2")
    )
    assert again.status_code == 201, again.text
    # faults of a body are told with their place in it
    answer = await run(client, op(f"{place.base}/units", {"names": [""]}))
    (problem,) = answer.json()["problems"]
    assert [each["path"] for each in problem["problems"]] == ["body.names.0"]


async def test_a_batch_may_create_its_estate(client: httpx.AsyncClient, place: Place) -> None:
    made_estate = op(
        "/api/v1/estates", {"name": "Oak", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}, id="estate"
    )
    units = op("/api/v1/estates/{estate.estate_id}/units", {"names": ["O1"]})
    answer = await run(client, made_estate, units)
    assert answer.status_code == 201, answer.text
    estate_id = answer.json()["items"][0]["body"]["estate_id"]
    assert await names(client, f"/api/v1/estates/{estate_id}") == ["O1"]
    answer = await run(client, units | {"path": f"{place.base}/units"}, made_estate | {"body": {}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert await names(client, place.base) == ["A1"]


async def test_an_operator_creates_an_estate_of_their_organisation_and_goes_on_in_it(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    organisation = await made(client, "/api/v1/organisations", {"name": "Willow"})
    person = await made(client, "/api/v1/persons", {"name": "Olga"})
    number = organisation["organisation_id"]
    grant = {"person_id": person["person_id"], "role": "operator", "organisation_id": number}
    await made(client, "/api/v1/role-grants", grant)
    secret = (await client.post(f"/api/v1/persons/{person['person_id']}/tokens")).json()["token"]
    estate = {"name": "Oak", "currency": "ZAR", "time_zone": "Africa/Johannesburg", "organisation_id": number}
    async with signed_in(app, secret) as operator:
        answer = await run(
            operator,
            op("/api/v1/estates", estate, id="estate"),
            op("/api/v1/estates/{estate.estate_id}/units", {"names": ["O1"]}),
        )
        assert answer.status_code == 201, answer.text
        other = await run(operator, op("/api/v1/estates", {**estate, "name": "Elm", "organisation_id": None}))
        assert other.json()["problems"][0]["code"] == "permission_missing"


async def test_there_is_no_way_round_a_permission(
    client: httpx.AsyncClient, member: httpx.AsyncClient, stranger: httpx.AsyncClient, place: Place
) -> None:
    units = op(f"{place.base}/units", {"names": ["B1"]})
    for caller, status, code in ((member, 403, "permission_missing"), (stranger, 404, "not_found")):
        answer = await run(caller, units)
        assert (answer.status_code, answer.json()["code"]) == (422, "batch_failed")
        (problem,) = answer.json()["problems"]
        assert (problem["status"], problem["code"]) == (status, code)
    assert await names(client, place.base) == ["A1"]
    key = await made(
        client,
        "/api/v1/api-keys",
        {"name": "Desk", "permissions": ["imports.write", "people.write"], "estate_ids": [place.estate_id]},
    )
    client.headers["Authorization"] = (
        f"Bearer {key['secret']}" if "secret" in key else f"Bearer {key['token']}"
    )
    answer = await run(client, op(f"{place.base}/people", {"name": "Thandi"}), units)
    (problem,) = answer.json()["problems"]
    assert (problem["path"], problem["code"]) == ("body.operations.1", "permission_missing")


async def test_what_a_batch_may_not_hold(client: httpx.AsyncClient, place: Place) -> None:
    other = await made(
        client, "/api/v1/estates", {"name": "Oak", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
    )
    units = op(f"{place.base}/units", {"names": ["B1"]}, id="unit")
    for bad, path in (
        (op(BATCH, {"operations": []}), "body.operations.1.path"),
        (op(f"{place.base}/readings", {"readings": []}), "body.operations.1.path"),
        (op("/api/v1/persons", {"name": "X"}), "body.operations.1.path"),
        (op(f"/api/v1/estates/{other['estate_id']}/units", {"names": ["B1"]}), "body.operations.1.path"),
        (op(f"{place.base}/units/{{unit.items.0.name}}/../..", {}), "body.operations.1.path"),
        (op(f"{place.base}/units/{{unit.items.9.unit_id}}/assign-owner", {}), "body.operations.1.path"),
        (op(f"{place.base}/units/{{later.unit_id}}/assign-owner", {}), "body.operations.1.path"),
        (op(f"{place.base}/meters", {"unit_id": {"$ref": "unit"}}), "body.operations.1.body.unit_id"),
        (op(f"{place.base}/meters", {"unit_id": {"$ref": 7}}), "body.operations.1.body.unit_id"),
        (op("/healthz", {}), "body.operations.1.path"),
        (op(f"{place.base}/units", {}, method="GET"), "body.operations.1.method"),
        (op(f"{place.base}/units", {"names": ["B2"]}, id="unit"), "body.operations"),
    ):
        answer = await run(client, units, bad)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), bad
        assert answer.json()["problems"][0]["path"] == path, bad
    assert (await run(client, *[units] * 101)).status_code == 422
    assert (await run(client)).status_code == 422
    assert await names(client, place.base) == ["A1"]


async def test_the_key_of_a_batch(client: httpx.AsyncClient, place: Place) -> None:
    units = op(f"{place.base}/units", {"names": ["B1"]})
    first = await run(client, units, key="whole")
    again = await run(client, units, key="whole")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    other = await run(client, op(f"{place.base}/units", {"names": ["B2"]}), key="whole")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert await names(client, place.base) == ["A1", "B1"]
    bad = await run(client, units, key="failed")
    assert bad.status_code == 422
    # what was refused has not taken its key
    assert (await run(client, op(f"{place.base}/units", {"names": ["B3"]}), key="failed")).status_code == 201


async def test_a_batch_is_one_transaction(
    client: httpx.AsyncClient, place: Place, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[int, ...]] = []
    real = database.unit_of_work

    def counted(*, estates: Any, **more: Any) -> Any:
        opened.append(tuple(estates))
        return real(estates=estates, **more)

    operations = [
        op(f"{place.base}/units", {"names": ["B1"]}, id="unit"),
        op(
            f"{place.base}/wallets/{place.wallet_id}/top-ups",
            {"amount": "1", "method": "cash"},
            idempotency_key="k",
        ),
        op(
            f"{place.base}/charging-rule",
            (await client.get(f"{place.base}/charging-rule")).json(),
            method="PUT",
        ),
        op(f"{place.base}/people", {"name": "Thandi"}, id="person"),
        op(
            f"{place.base}/units/{{unit.items.0.unit_id}}/assign-owner",
            {"person_id": {"$ref": "person.person_id"}, "from_on": "2026-03-01"},
        ),
    ]
    monkeypatch.setattr(database, "unit_of_work", counted)
    answer = await run(client, *operations)
    assert answer.status_code == 201, answer.text
    # its own, which belongs to no estate at first; that the caller is still the same was a small read
    assert len(opened) == 1
