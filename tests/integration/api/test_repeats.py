"""Whatever creates something is carried out once under its idempotency key."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from mita.entrypoints.api.operation_index import OperationIndex
from mita.identity.operations import forget_answers
from mita.kit.clock import now_utc

from .routes import api_operations_of, is_problem

if TYPE_CHECKING:
    import httpx
    import psycopg
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place

KEY = {"Idempotency-Key": "one"}


async def test_a_repeat_is_answered_again_and_not_carried_out(
    client: httpx.AsyncClient, place: Place
) -> None:
    body = {"names": ["B1", "B2"]}
    first = await client.post(f"{place.base}/units", json=body, headers=KEY)
    again = await client.post(f"{place.base}/units", json=body, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    units = (await client.get(f"{place.base}/units")).json()["items"]
    assert [each["name"] for each in units] == ["A1", "B1", "B2"]


async def test_another_request_under_the_key_is_refused(client: httpx.AsyncClient, place: Place) -> None:
    await client.post(f"{place.base}/units", json={"names": ["B1"]}, headers=KEY)
    other = await client.post(f"{place.base}/units", json={"names": ["B2"]}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert is_problem(other)
    elsewhere = await client.post(f"{place.base}/wallet-groups", json={"name": "G"}, headers=KEY)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_refused_request_has_not_used_its_key(client: httpx.AsyncClient, place: Place) -> None:
    taken = await client.post(f"{place.base}/units", json={"names": ["A1"]}, headers=KEY)
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    wrong = await client.post(f"{place.base}/units", json={"name": 1}, headers=KEY)
    assert wrong.status_code == 422
    made = await client.post(f"{place.base}/units", json={"names": ["B1"]}, headers=KEY)
    assert made.status_code == 201


async def test_at_the_same_time_one_is_carried_out(client: httpx.AsyncClient, place: Place) -> None:
    answers = await asyncio.gather(
        *(client.post(f"{place.base}/units", json={"names": ["B1"]}, headers=KEY) for _ in range(8))
    )
    assert [each.status_code for each in answers] == [201] * 8
    assert len({each.content for each in answers}) == 1
    assert sum("idempotency-replayed" in each.headers for each in answers) == 7


async def test_keys_are_the_callers_own(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    first = await client.post(f"{place.base}/wallet-groups", json={"name": "G"}, headers=KEY)
    second = await member.post(f"{place.base}/wallet-groups", json={"name": "H"}, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["group_id"] != second.json()["group_id"]


async def test_who_may_no_more_is_not_answered_again(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    made = await member.post(f"{place.base}/wallet-groups", json={"name": "H"}, headers=KEY)
    assert made.status_code == 201
    (grant,) = (await client.get(f"{place.base}/wallets/{place.wallet_id}/grants")).json()["items"]
    await client.delete(f"{place.base}/wallets/{place.wallet_id}/grants/{grant['grant_id']}")
    group = made.json()["group_id"]
    gone = await member.post(
        f"{place.base}/wallet-groups/{group + 100}/members", json={"wallet_id": 1}, headers=KEY
    )
    assert gone.status_code in (403, 404, 409)


async def test_things_of_no_estate_have_keys_too(client: httpx.AsyncClient) -> None:
    body = {"name": "Oak", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
    first = await client.post("/api/v1/estates", json=body, headers=KEY)
    again = await client.post("/api/v1/estates", json=body, headers=KEY)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    without = await client.post("/api/v1/estates", json=body)
    assert without.status_code == 409


async def test_a_secret_is_told_again_and_lies_sealed(
    client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    body = {"name": "Export", "permissions": ["units.read"], "estate_ids": [place.estate_id]}
    first = await client.post("/api/v1/api-keys", json=body, headers=KEY)
    again = await client.post("/api/v1/api-keys", json=body, headers=KEY)
    assert again.json() == first.json()
    (kept,) = admin.execute("SELECT answer_sealed FROM kept_answer").fetchone() or (b"",)
    assert first.json()["secret"].encode() not in bytes(kept)


async def test_a_lost_answer_keeps_key_and_thing_together(
    client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    """The answer cannot be kept: then nothing was created either."""
    admin.execute("ALTER TABLE kept_answer ADD CHECK (status IS NULL OR status <> 201)")
    failed = await client.post(f"{place.base}/units", json={"names": ["B1"]}, headers=KEY)
    assert failed.status_code == 500
    units = (await client.get(f"{place.base}/units")).json()["items"]
    assert [each["name"] for each in units] == ["A1"]


async def test_odd_keys_are_refused(client: httpx.AsyncClient, place: Place) -> None:
    for key in ("", " ", "x" * 201, "a b", b"\xff"):
        answer = await client.post(
            f"{place.base}/units", json={"names": ["B1"]}, headers={"Idempotency-Key": key}
        )
        assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "header.Idempotency-Key")


async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient, place: Place) -> None:
    async def chunks() -> object:
        for _ in range(6):
            yield b"x" * 1024 * 1024

    answer = await client.post(f"{place.base}/units", content=chunks(), headers=KEY)
    assert answer.status_code == 413


async def test_answers_are_forgotten(
    client: httpx.AsyncClient, place: Place, database: Database, admin: psycopg.Connection
) -> None:
    await client.post(f"{place.base}/units", json={"names": ["B1"]}, headers=KEY)
    for older_than, left in ((now_utc() - timedelta(days=7), 1), (now_utc() + timedelta(seconds=1), 0)):
        async with database.unit_of_work(estates=[]) as session:
            assert await forget_answers(session, older_than=older_than) == 1 - left
        assert (admin.execute("SELECT count(*) FROM kept_answer").fetchone() or ())[0] == left


async def test_everything_that_creates_takes_a_key(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    """Each operation that creates, sent twice with its own example: what is made once is answered twice."""
    index = OperationIndex(app)
    replayed = []
    for operation in api_operations_of(app):
        found = index.of(operation.method.upper(), operation.url())
        names = [each["name"] for each in operation.spec.get("parameters", []) if each["in"] == "header"]
        is_own = found is None or not found.takes_key
        if operation.method == "post" and "201" in operation.spec["responses"]:
            of_person = operation.path.startswith(("/api/v1/me", "/api/v1/auth"))
            assert ("Idempotency-Key" in names) is not of_person, operation.operation_id
        if is_own:
            continue
        headers = {"Idempotency-Key": f"twice-{operation.operation_id}"}
        first = await operation.ask(client, headers=headers)
        again = await operation.ask(client, headers=headers)
        assert again.status_code == first.status_code, operation.operation_id
        if first.status_code == 201:
            assert again.headers.get("idempotency-replayed") == "true", operation.operation_id
            assert json.loads(again.content) == json.loads(first.content)
            replayed.append(operation.operation_id)
    assert len(replayed) >= 15, replayed
