"""Roles: given and taken, never more than the giver has; each role against each route, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mita.identity.domain import ROLES, Permission, Role, Scope

from .people import person_token, signed_in
from .place import made
from .routes import Operation, api_operations_of, is_problem

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from .place import Place


async def holder(
    client: httpx.AsyncClient, role: Role, *, path: str = "/api/v1/role-grants", **place: Any
) -> tuple[int, str, dict[str, Any]]:
    """Make a person with a role; return their id, token and the role."""
    token = await person_token(client, f"{role} holder")
    listed = (await client.get("/api/v1/persons", params={"limit": 1000})).json()["items"]
    person_id = max(each["person_id"] for each in listed)
    given = await made(client, path, {"person_id": person_id, "role": role, **place})
    return person_id, token, given


def needs_of(app: FastAPI) -> dict[str, Any]:
    """Return what each operation needs, by its name."""
    found: dict[str, Any] = {}

    def walk(routes: list[Any]) -> None:
        for route in routes:
            if hasattr(route, "original_router"):
                walk(route.original_router.routes)
            elif getattr(route, "operation_id", None) and hasattr(route.endpoint, "need"):
                found[route.operation_id] = route.endpoint.need

    walk(app.routes)
    return found


def is_missing(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and answer.json()["code"] == "permission_missing"


# refused to whoever has the permission, too: giving away, or taking, more than one has
MORE_THAN_OWN = {"grant_estate_role"}
BY_ESTATE = [role for role in Role if Scope.ESTATE in ROLES[role].scopes]
BY_UNIT = [role for role in Role if Scope.UNIT in ROLES[role].scopes]


async def asked(operation: Operation, caller: httpx.AsyncClient, place: Place) -> httpx.Response:
    # a day that is not there, so that what may be done changes nothing for the next role
    return await operation.ask(caller, estate_id=place.estate_id)


@pytest.mark.parametrize("role", BY_ESTATE)
async def test_a_role_over_an_estate_opens_its_routes_and_no_others(
    app: FastAPI, client: httpx.AsyncClient, place: Place, role: Role
) -> None:
    _, token, _ = await holder(client, role, path=f"{place.base}/role-grants")
    needs = needs_of(app)
    wrong = []
    async with signed_in(app, token) as caller:
        for operation in api_operations_of(app):
            need = needs.get(operation.operation_id)
            if need is None or "estate_id" not in operation.parameters:
                continue
            answer = await asked(operation, caller, place)
            has = need.permission in ROLES[role].permissions
            if answer.status_code in (401, 500) or not (answer.status_code < 400 or is_problem(answer)):
                wrong.append((operation.operation_id, answer.status_code))
            elif has and is_missing(answer):
                wrong.append((operation.operation_id, "refused with the permission"))
            elif not has and not need.or_own and not is_missing(answer):
                wrong.append((operation.operation_id, f"{answer.status_code} without {need.permission}"))
    assert wrong == []


@pytest.mark.parametrize("role", BY_UNIT)
async def test_a_role_over_a_unit_opens_what_persons_may_ask_and_no_more(
    app: FastAPI, client: httpx.AsyncClient, place: Place, role: Role
) -> None:
    path = f"{place.base}/role-grants"
    _, token, _ = await holder(client, role, path=path, unit_id=place.unit_id)
    needs = needs_of(app)
    wrong = []
    async with signed_in(app, token) as caller:
        for operation in api_operations_of(app):
            need = needs.get(operation.operation_id)
            if need is None or "estate_id" not in operation.parameters:
                continue
            answer = await asked(operation, caller, place)
            if answer.status_code in (401, 500) or (not need.or_own and not is_missing(answer)):
                wrong.append((operation.operation_id, answer.status_code))
    assert wrong == []


async def test_every_permission_of_a_role_is_one_and_every_role_is_given_somewhere() -> None:
    assert {each for rule in ROLES.values() for each in rule.permissions} == set(Permission)
    assert all(rule.scopes and rule.permissions for rule in ROLES.values())


async def test_a_role_is_given_listed_and_taken(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    path = f"{place.base}/role-grants"
    person_id, token, given = await holder(client, Role.AUDITOR, path=path)
    assert (given["role"], given["scope"], given["estate_id"]) == ("auditor", "estate", place.estate_id)
    assert (given["person_id"], given["granted_by"], given["unit_id"]) == (person_id, "staff:console", None)
    again = await client.post(path, json={"person_id": person_id, "role": "auditor"})
    assert (again.status_code, again.json()["code"]) == (409, "role_held_already")
    url = f"{path}/{given['role_grant_id']}"
    (listed,) = (await client.get(path)).json()["items"]
    assert listed == {**given, "person_name": "auditor holder"}
    async with signed_in(app, token) as caller:
        assert (await caller.get(f"{place.base}/units")).status_code == 200
        assert (await caller.delete(url)).status_code == 403
        assert (await client.delete(url)).json()["revoked_by"] == "staff:console"
        assert (await caller.get(f"{place.base}/units")).status_code == 404
    answer = await client.delete(url)
    assert (answer.status_code, answer.json()["code"]) == (409, "role_ended")
    assert (await client.get(path, params={"is_live": "true"})).json()["items"] == []
    assert len((await client.get(path)).json()["items"]) == 1


async def test_a_role_that_ended_by_itself_can_be_given_again(
    client: httpx.AsyncClient, place: Place, admin: Any
) -> None:
    path = f"{place.base}/role-grants"
    person_id, _, _ = await holder(client, Role.AUDITOR, path=path, until="2199-01-01T00:00:00Z")
    admin.execute("UPDATE role_grant SET granted_at = '2020-01-01', until = '2020-01-02'")
    assert (await client.get(path, params={"is_live": "true"})).json()["items"] == []
    await made(client, path, {"person_id": person_id, "role": "auditor"})
    past = {"person_id": person_id, "role": "installer", "until": "2020-01-01T00:00:00Z"}
    assert (await client.post(path, json=past)).status_code == 422


async def test_nobody_gives_more_than_they_have(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    path = f"{place.base}/role-grants"
    _, token, operator = await holder(client, Role.OPERATOR, path=path)
    other = await made(client, f"{place.base}/people", {"name": "Other"})
    person_id = other["person_id"]
    async with signed_in(app, token) as caller:
        for role in ("operator", "managing_agent", "auditor", "installer"):
            await made(caller, path, {"person_id": person_id, "role": role})
        await made(caller, path, {"person_id": person_id, "role": "owner", "unit_id": place.unit_id})
        for body in ({"role": "platform_admin"}, {"role": "operator"}):
            answer = await caller.post("/api/v1/role-grants", json={"person_id": person_id, **body})
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
        wrong = await caller.post(path, json={"person_id": person_id, "role": "platform_admin"})
        assert wrong.status_code == 422
        elsewhere = await caller.post(
            "/api/v1/estates/2/role-grants", json={"person_id": 1, "role": "auditor"}
        )
        assert elsewhere.status_code == 404
        unit = await caller.post(path, json={"person_id": person_id, "role": "owner", "unit_id": 999})
        assert (unit.status_code, unit.json()["code"]) == (404, "not_found")
        nobody = await caller.post(path, json={"person_id": 999, "role": "auditor"})
        assert nobody.status_code == 404
        # an operator takes their own role: somebody else of the estate's side goes on
        assert (await caller.delete(f"{path}/{operator['role_grant_id']}")).status_code == 200


async def test_an_operator_of_one_estate_gives_nothing_over_its_organisation(
    app: FastAPI, client: httpx.AsyncClient, place: Place, admin: Any
) -> None:
    admin.execute("INSERT INTO organisation (name, created_at) VALUES ('Agents', now())")
    admin.execute("UPDATE estate SET organisation_id = 1")
    _, of_estate, _ = await holder(client, Role.OPERATOR, path=f"{place.base}/role-grants")
    _, of_organisation, _ = await holder(client, Role.OPERATOR, organisation_id=1)
    body = {"person_id": 1, "role": "auditor", "organisation_id": 1}
    async with signed_in(app, of_estate) as caller:
        answer = await caller.post("/api/v1/role-grants", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
        assert (await caller.get("/api/v1/role-grants?organisation_id=1")).status_code == 403
    async with signed_in(app, of_organisation) as caller:
        assert (await caller.post("/api/v1/role-grants", json=body)).status_code == 201
        assert len((await caller.get("/api/v1/role-grants?organisation_id=1")).json()["items"]) == 2
        assert (await caller.get("/api/v1/role-grants")).status_code == 403


async def test_the_last_platform_admin_stays(app: FastAPI, client: httpx.AsyncClient) -> None:
    _, token, first = await holder(client, Role.PLATFORM_ADMIN)
    async with signed_in(app, token) as caller:
        answer = await caller.delete(f"/api/v1/role-grants/{first['role_grant_id']}")
        assert (answer.status_code, answer.json()["code"]) == (409, "last_platform_admin")
        await holder(caller, Role.PLATFORM_ADMIN)
        assert (await caller.delete(f"/api/v1/role-grants/{first['role_grant_id']}")).status_code == 200
        assert (await caller.get("/api/v1/persons")).status_code == 403
