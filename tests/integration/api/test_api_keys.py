"""API keys: never more than their maker, shown once, rotated with an overlap, counted, revoked."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from mita.identity.domain import Role

from .people import signed_in
from .place import made, settle
from .test_roles import holder

if TYPE_CHECKING:
    import httpx
    import psycopg
    from fastapi import FastAPI

    from .place import Place

KEYS = "/api/v1/api-keys"


async def new_key(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    return await made(client, KEYS, {"name": "Export", "permissions": ["units.read"], **body})


async def test_a_key_does_what_it_was_made_for_and_nothing_else(
    app: FastAPI, client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    other = await settle(client, name="Oak")
    key = await new_key(client, estate_ids=[place.estate_id])
    secret = key["secret"]
    assert secret.startswith("mita_key_")
    assert secret.startswith(key["api_key"]["shown_prefix"])
    stored = admin.execute("SELECT key_hash, api_key::text FROM api_key").fetchone()
    assert stored is not None
    assert stored[0] == hashlib.sha256(secret.encode()).digest()
    assert secret not in stored[1]
    async with signed_in(app, secret) as program:
        assert (await program.get(f"{place.base}/units")).status_code == 200
        assert [each["estate_id"] for each in (await program.get("/api/v1/estates")).json()["items"]] == [
            place.estate_id
        ]
        refused = await program.post(f"{place.base}/units", json={"names": ["B1"]})
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")
        assert (await program.get(f"{place.base}/wallets")).status_code == 403
        assert (await program.get(f"{other.base}/units")).status_code == 404
        assert (await program.get("/api/v1/persons")).status_code == 403
        assert (await program.get(KEYS)).status_code == 403
    (used,) = admin.execute("SELECT extract(second FROM last_used_at) FROM api_key").fetchone() or (None,)
    assert used == 0


async def test_nobody_makes_a_key_for_more_than_they_have(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    other = await settle(client, name="Oak")
    _, token, _ = await holder(client, Role.OPERATOR, path=f"{place.base}/role-grants")
    async with signed_in(app, token) as caller:
        made_key = await new_key(caller, estate_ids=[place.estate_id])
        cases = [
            ({"estate_ids": [place.estate_id, other.estate_id]}, 403, "permission_missing"),
            ({"estate_ids": [other.estate_id]}, 403, "permission_missing"),
            ({"estate_ids": [999]}, 403, "permission_missing"),
            ({"organisation_id": 1}, 403, "permission_missing"),
            ({"estate_ids": [place.estate_id], "permissions": ["platform.manage"]}, 403, "beyond_own"),
            ({}, 422, "invalid"),
            ({"estate_ids": [place.estate_id], "organisation_id": 1}, 422, "invalid"),
            ({"estate_ids": [place.estate_id], "permissions": ["fly"]}, 422, "invalid"),
            ({"estate_ids": [place.estate_id], "expires_at": "2020-01-01T00:00:00Z"}, 422, "invalid"),
        ]
        for body, status, code in cases:
            answer = await caller.post(KEYS, json={"name": "X", "permissions": ["units.read"], **body})
            assert (answer.status_code, answer.json()["code"]) == (status, code), body
        foreign = await new_key(client, estate_ids=[other.estate_id])
        both = await new_key(client, estate_ids=[place.estate_id, other.estate_id])
        listed = [each["api_key_id"] for each in (await caller.get(KEYS)).json()["items"]]
        assert listed == [made_key["api_key"]["api_key_id"]]
        for hidden in (foreign, both):
            url = f"{KEYS}/{hidden['api_key']['api_key_id']}"
            assert (await caller.get(url)).status_code == 404
            assert (await caller.delete(url)).status_code == 404
            assert (await caller.post(f"{url}/rotate", json={})).status_code == 404
    for nowhere in ({"estate_ids": [place.estate_id, 999]}, {"organisation_id": 999}):
        answer = await client.post(KEYS, json={"name": "X", "permissions": ["units.read"], **nowhere})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), nowhere
    assert len((await client.get(KEYS)).json()["items"]) == 3


async def test_a_key_is_rotated_and_both_work_until_the_overlap_is_over(
    app: FastAPI, client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    old = await new_key(client, estate_ids=[place.estate_id])
    url = f"{KEYS}/{old['api_key']['api_key_id']}"
    new = await made(client, f"{url}/rotate", {})
    assert new["api_key"]["replaces_id"] == old["api_key"]["api_key_id"]
    assert new["secret"] != old["secret"]
    async with signed_in(app, old["secret"]) as first, signed_in(app, new["secret"]) as second:
        assert [(await each.get(f"{place.base}/units")).status_code for each in (first, second)] == [200, 200]
        admin.execute("UPDATE api_key SET expires_at = now() WHERE replaces_id IS NULL")
        assert [(await each.get(f"{place.base}/units")).status_code for each in (first, second)] == [401, 200]
        again = await client.post(f"{url}/rotate", json={})
        assert (again.status_code, again.json()["code"]) == (409, "key_ended")
        await client.delete(f"{KEYS}/{new['api_key']['api_key_id']}")
        assert (await second.get(f"{place.base}/units")).status_code == 401
    answer = await client.delete(f"{KEYS}/{new['api_key']['api_key_id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "key_ended")


async def test_a_key_that_asks_too_often_waits(app: FastAPI, client: httpx.AsyncClient, place: Place) -> None:
    key = await new_key(client, estate_ids=[place.estate_id], requests_per_minute=2)
    other = await new_key(client, estate_ids=[place.estate_id], requests_per_minute=2)
    async with signed_in(app, key["secret"]) as program, signed_in(app, other["secret"]) as neighbour:
        answers = [await program.get(f"{place.base}/units") for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 429, 429]
        assert [each.headers["ratelimit-remaining"] for each in answers] == ["1", "0", "0", "0"]
        assert {each.headers["ratelimit-limit"] for each in answers} == {"2"}
        refused = answers[-1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "rate_limited"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert 1 <= int(refused.headers["ratelimit-reset"]) <= 60
        assert (await neighbour.get(f"{place.base}/units")).status_code == 200
    assert "ratelimit-limit" not in (await client.get(f"{place.base}/units")).headers


async def test_what_is_done_to_a_key_is_in_the_log_and_the_secret_is_not(
    client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    key = await new_key(client, estate_ids=[place.estate_id])
    await client.delete(f"{KEYS}/{key['api_key']['api_key_id']}")
    items = (await client.get(f"{place.base}/audit", params={"subject": "api_key:1"})).json()["items"]
    assert [each["action"] for each in items] == ["revoke_api_key", "create_api_key"]
    assert items[0]["old"]["revoked_at"] is None
    assert items[0]["new"]["revoked_at"] is not None
    assert items[1]["new"]["permissions"] == ["units.read"]
    (text,) = admin.execute("SELECT string_agg(e::text, ' ') FROM audit_entry AS e").fetchone() or ("",)
    assert key["secret"] not in text


@pytest.mark.parametrize("token", ["mita_key_", "mita_key_" + "a" * 43, "mita_device_x", "mita_as_x"])
async def test_a_secret_that_nobody_made_is_refused(anonymous: httpx.AsyncClient, token: str) -> None:
    answer = await anonymous.get("/api/v1/estates", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
