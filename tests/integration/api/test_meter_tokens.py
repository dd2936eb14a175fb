"""Tokens are keyed in: who may, who sees what, and what is never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .place import Place, made
from .test_manual_readings import person, refused

if TYPE_CHECKING:
    import httpx
    import psycopg
    from fastapi import FastAPI

DIGITS = "66475648316756821785"
TOKEN = {"token": "6647-5648-3167-5682-1785"}
MASKED = "****-****-****-****-1785"


@pytest.fixture
async def path(client: httpx.AsyncClient, place: Place, admin: psycopg.Connection) -> str:
    device = {"driver": "emop", "address": "flat-1", "settings": {"url": "tcp://127.0.0.1:8080"}}
    await made(client, f"{place.base}/devices", device)
    admin.execute("UPDATE meter SET device = 'emop:flat-1' WHERE meter_id = %s", (place.meter_id,))
    return f"{place.base}/meters/{place.meter_id}/tokens"


async def test_who_may_key_one_in_and_who_sees_it(
    app: FastAPI,
    client: httpx.AsyncClient,
    place: Place,
    path: str,
    stranger: httpx.AsyncClient,
    admin: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    payer = await person(app, client, place, "Payer", right="top_up", role="resident")
    viewer = await person(app, client, place, "Viewer", right="view", role=None)
    resident = await person(app, client, place, "Resident", right=None, role="resident")
    owner = await person(app, client, place, "Owner", right=None, role="owner")
    async with payer, viewer, resident, owner:
        assert refused(await viewer.post(path, json=TOKEN))[:2] == (403, "right_missing")
        assert refused(await resident.post(path, json=TOKEN))[:2] == (403, "permission_missing")
        assert refused(await owner.post(path, json=TOKEN))[:2] == (403, "permission_missing")
        assert refused(await stranger.post(path, json=TOKEN))[:2] == (404, "not_found")
        answer = await payer.post(path, json=TOKEN, headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 201, answer.text
        token = answer.json()
        shown = {name: token[name] for name in ("token", "is_masked", "state", "reason", "typed_by")}
        assert shown == {
            "token": MASKED,
            "is_masked": True,
            "state": "waiting",
            "reason": None,
            "typed_by": None,
        }
        again = await payer.post(path, json=TOKEN, headers={"Idempotency-Key": "k1"})
        assert (again.status_code, again.json()) == (201, token)
        # by somebody else, with another key: the same one
        by_staff = await client.post(path, json={"token": DIGITS})
        assert by_staff.status_code == 200
        assert by_staff.json() == {**token, "typed_by": by_staff.json()["typed_by"]}
        assert by_staff.json()["typed_by"].startswith("person:")
        for caller in (payer, viewer, resident, client):
            assert (await caller.get(f"{path}/{token['meter_token_id']}")).json()["token"] == MASKED
            assert [each["token"] for each in (await caller.get(path)).json()["items"]] == [MASKED]
        for caller in (owner, stranger):
            for url in (path, f"{path}/{token['meter_token_id']}"):
                assert refused(await caller.get(url))[:2] == (404, "not_found")
        # nothing that is kept of it says more, nor does a log
        for table in ("audit_entry", "audit_change", "kept_answer", "meter_token"):
            kept = "\n".join(str(row) for row in admin.execute(f"SELECT * FROM {table}").fetchall())
            assert kept, table
            assert TOKEN["token"] not in kept + caplog.text
            assert DIGITS not in kept + caplog.text
        supplies = f"{place.base}/wallets/{place.wallet_id}/supplies"
        for caller in (payer, viewer, client):
            (found,) = (await caller.get(supplies)).json()["items"]
            assert found["token_meter_ids"] == [place.meter_id]


async def test_the_digits_are_shown_to_who_typed_them_once_they_failed(
    app: FastAPI, client: httpx.AsyncClient, place: Place, path: str, admin: psycopg.Connection
) -> None:
    payer = await person(app, client, place, "Payer", right="top_up", role=None)
    other = await person(app, client, place, "Other", right="manage", role=None)
    async with payer, other:
        one = f"{path}/{(await payer.post(path, json=TOKEN)).json()['meter_token_id']}"
        admin.execute("UPDATE meter_token SET state = 'failed', reason = 'refused', failure = 'it refuses'")
        mine = (await payer.get(one)).json()
        assert (mine["token"], mine["is_masked"], mine["reason"]) == (TOKEN["token"], False, "refused")
        for caller in (other, client):
            assert (await caller.get(one)).json()["token"] == MASKED
        assert (await payer.get(path)).json()["items"][0]["token"] == MASKED
        # support that looks through the payer's eyes does not see them
        me = (await payer.get("/api/v1/me")).json()["person_id"]
        looked = await client.post(
            f"/api/v1/persons/{me}/impersonations", json={"reason": "they called", "minutes": 5}
        )
        if looked.status_code == 201:
            headers = {"Authorization": f"Bearer {looked.json()['token']}"}
            assert (await payer.get(one, headers=headers)).json()["token"] == MASKED


@pytest.mark.parametrize(
    "typed", ["", "x", "6647-5648-3167-5682-178", "9" * 20, "1" * 61, "6" * 21, "\uff16" * 20]
)
async def test_what_is_no_token_is_refused_and_not_repeated(
    client: httpx.AsyncClient, path: str, admin: psycopg.Connection, typed: str
) -> None:
    answer = await client.post(path, json={"token": typed})
    assert refused(answer) == (422, "invalid", "body.token")
    assert len(typed) < 2 or typed not in answer.text
    assert admin.execute("SELECT count(*) FROM meter_token").fetchone() == (0,)


async def test_a_meter_that_takes_none_says_so(client: httpx.AsyncClient, place: Place) -> None:
    answer = await client.post(f"{place.base}/meters/{place.meter_id}/tokens", json=TOKEN)
    assert refused(answer)[:2] == (409, "meter_takes_no_tokens")
    supplies = (await client.get(f"{place.base}/wallets/{place.wallet_id}/supplies")).json()["items"]
    assert [each["token_meter_ids"] for each in supplies] == [[]]


async def test_they_are_listed_in_pages_newest_first(client: httpx.AsyncClient, path: str) -> None:
    tokens = [await made(client, path, {"token": f"{number:020d}"}) for number in range(3)]
    first = (await client.get(path, params={"limit": 2})).json()
    rest = (await client.get(path, params={"limit": 2, "before": first["next"]})).json()
    found = [each["meter_token_id"] for each in first["items"] + rest["items"]]
    assert found == [each["meter_token_id"] for each in reversed(tokens)]
    assert rest["next"] is None
