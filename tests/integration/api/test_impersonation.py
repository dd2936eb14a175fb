"""Support looks through a person's eyes: with a reason, for a while, only to look; the person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.identity.domain import Role

from .people import signed_in
from .place import made
from .test_roles import holder

if TYPE_CHECKING:
    import httpx
    import psycopg
    from fastapi import FastAPI

    from .place import Place

PATH = "/api/v1/persons/1/impersonations"


async def test_support_sees_what_the_person_sees_and_changes_nothing(
    app: FastAPI, client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    begun = await made(client, PATH, {"reason": "ticket 4711"})
    limit = f"{place.base}/wallets/{place.wallet_id}/grants"
    async with signed_in(app, begun["token"]) as support:
        seen = await support.get(f"{place.base}/wallets")
        assert seen.json() == (await member.get(f"{place.base}/wallets")).json()
        assert seen.headers["mita-impersonated-by"] == "staff:console"
        assert (await support.get("/api/v1/persons")).status_code == 403
        refused = await support.post(limit, json={"person_id": 1, "right": "view"})
        assert (refused.status_code, refused.json()["code"]) == (403, "read_only")
        again = await support.post(PATH, json={"reason": "more"})
        assert again.status_code == 403
        url = f"/api/v1/impersonations/{begun['impersonation']['impersonation_id']}"
        assert (await client.delete(url)).status_code == 200
        assert (await support.get(f"{place.base}/wallets")).status_code == 401
    assert (await client.delete(url)).json()["code"] == "impersonation_ended"
    told = (await member.get(f"{place.base}/alerts")).json()["items"]
    assert [each["kind"] for each in told] == ["impersonated"]
    assert "ticket 4711" in str(told[0])
    listed = (await client.get(PATH)).json()["items"]
    assert [(each["by"], each["reason"]) for each in listed] == [("staff:console", "ticket 4711")]


async def test_what_support_changes_names_both(
    app: FastAPI,
    client: httpx.AsyncClient,
    member: httpx.AsyncClient,
    place: Place,
    admin: psycopg.Connection,
) -> None:
    begun = await made(client, PATH, {"reason": "asked by phone", "may_write": True, "minutes": 5})
    alerts = (await member.get(f"{place.base}/alerts")).json()["items"]
    async with signed_in(app, begun["token"]) as support:
        answer = await support.post(f"{place.base}/wallet-groups", json={"name": "Home"})
        assert answer.status_code == 201, answer.text
    found = admin.execute(
        "SELECT actor, impersonator FROM audit_entry WHERE action = 'create_group'"
    ).fetchall()
    assert found == [("person:1", "staff:console")]
    assert len(alerts) == 1


async def test_nobody_looks_through_the_eyes_of_who_may_do_more(
    app: FastAPI, client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    person_id, token, _ = await holder(client, Role.PLATFORM_ADMIN)
    operator, operators_token, _ = await holder(client, Role.OPERATOR)
    async with signed_in(app, operators_token) as caller:
        path = f"/api/v1/persons/{person_id}/impersonations"
        assert (await caller.post(path, json={"reason": "x"})).json()["code"] == "permission_missing"
    async with signed_in(app, token) as caller:
        own = await caller.post(path, json={"reason": "x"})
        assert (own.status_code, own.json()["code"]) == (403, "not_to_be_impersonated")
        begun = await made(caller, f"/api/v1/persons/{operator}/impersonations", {"reason": "x"})
        async with signed_in(app, begun["token"]) as support:
            assert (await support.get(f"{place.base}/units")).status_code == 200
            admin.execute("UPDATE impersonation SET created_at = now() - interval '1 hour', ends_at = now()")
            assert (await support.get(f"{place.base}/units")).status_code == 401
    too_long = await client.post(
        f"/api/v1/persons/{operator}/impersonations", json={"reason": "x", "minutes": 61}
    )
    assert too_long.status_code == 422
