"""Signing up with an invitation or an estate's code."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .place import made
from .signing_in import AUTH, PASSWORD, bearing, browser, last_code, new_thandi, sent

if TYPE_CHECKING:
    import httpx
    import psycopg
    from fastapi import FastAPI

    from .place import Place

NEW = {"name": "Sipho Dlamini", "identifier": "Sipho@example.com", "password": PASSWORD}


async def invitation(place: Place) -> str:
    path = f"{place.base}/wallets/{place.wallet_id}/invitations"
    body = {"email": "sipho@example.com", "right": "top_up"}
    return (await made(place.client, path, body))["code"]


async def signed_up(app: FastAPI, admin: psycopg.Connection, **body: Any) -> httpx.Response:
    async with browser(app) as own:
        asked = await own.post(f"{AUTH}/sign-up", json={**NEW, **body})
        if asked.status_code != 202:
            return asked
        shown = {"code_id": asked.json()["code_id"], "code": last_code(admin), "keep": "body"}
        return await own.post(f"{AUTH}/sign-up/verify", json=shown)


async def test_an_invitation_makes_a_person_with_their_access(
    app: FastAPI, place: Place, admin: psycopg.Connection
) -> None:
    code = await invitation(place)
    answer = await signed_up(app, admin, invitation=code)
    assert answer.status_code == 200, answer.text
    async with bearing(app, answer.json()["tokens"]["access_token"]) as own:
        me = (await own.get("/api/v1/me")).json()
        assert (me["name"], me["estate_ids"]) == ("Sipho Dlamini", [place.estate_id])
        assert me["identifiers"] == [{"kind": "email", "value": "sipho@example.com", "is_verified": True}]
        assert (await own.get(f"{place.base}/wallets/{place.wallet_id}")).status_code == 200
    again = await signed_up(app, admin, invitation=code, identifier="other@example.com")
    assert (again.status_code, again.json()["code"]) == (409, "invitation_over")
    async with browser(app) as own:
        body = {"identifier": "sipho@example.com", "password": PASSWORD}
        assert (await own.post(f"{AUTH}/sign-in", json=body)).status_code == 200


async def test_an_invitation_is_used_once_however_many_come(
    app: FastAPI, place: Place, admin: psycopg.Connection
) -> None:
    code = await invitation(place)
    shown = []
    async with browser(app) as own:
        for number in range(4):
            body = {**NEW, "identifier": f"sipho{number}@example.com", "invitation": code}
            asked = await own.post(f"{AUTH}/sign-up", json=body)
            shown.append({"code_id": asked.json()["code_id"], "code": last_code(admin), "keep": "body"})
        answers = await asyncio.gather(*[own.post(f"{AUTH}/sign-up/verify", json=each) for each in shown])
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert admin.execute("SELECT count(*) FROM person WHERE name = 'Sipho Dlamini'").fetchone() == (1,)


async def test_who_has_an_account_is_told_by_mail_only(
    app: FastAPI, place: Place, client: httpx.AsyncClient, admin: psycopg.Connection
) -> None:
    await new_thandi(app, client, admin)
    code = await invitation(place)
    answers = []
    async with browser(app) as own:
        for identifier in ("thandi@example.com", "new@example.com"):
            body = {**NEW, "identifier": identifier, "invitation": code}
            answers.append(await own.post(f"{AUTH}/sign-up", json=body))
    assert [answer.status_code for answer in answers] == [202, 202]
    assert set(answers[0].json()) == set(answers[1].json())
    told = sent(admin)[-2:]
    assert [each["template"] for each in told] == ["account_exists", "sign_up_code"]
    async with browser(app) as own:
        shown = {"code_id": answers[0].json()["code_id"], "code": told[0]["values"]["code"]}
        assert (await own.post(f"{AUTH}/sign-up/verify", json=shown)).status_code == 401


async def test_an_estates_code_waits_for_staff(
    app: FastAPI, place: Place, client: httpx.AsyncClient, admin: psycopg.Connection
) -> None:
    off = await client.get(f"{place.base}/join-code")
    assert off.json() == {"code": None, "is_on": False}
    code = (await client.put(f"{place.base}/join-code", json={"is_on": True})).json()["code"]
    answer = await signed_up(app, admin, join_code=code.lower(), unit_name="A1")
    assert answer.status_code == 200, answer.text
    async with bearing(app, answer.json()["tokens"]["access_token"]) as own:
        assert (await own.get("/api/v1/me")).json()["estate_ids"] == []
        (waiting,) = (await client.get(f"{place.base}/join-requests")).json()["items"]
        assert (waiting["name"], waiting["unit_name"], waiting["state"]) == ("Sipho Dlamini", "A1", "waiting")
        path = f"{place.base}/join-requests/{waiting['join_request_id']}"
        assert (await client.post(f"{path}/approve", json={"unit_id": 999})).status_code == 404
        approved = await client.post(f"{path}/approve", json={"unit_id": place.unit_id})
        assert approved.json()["state"] == "approved"
        assert (await client.post(f"{path}/refuse")).json()["code"] == "join_decided"
        me = (await own.get("/api/v1/me")).json()
        assert [(role["role"], role["unit_id"]) for role in me["roles"]] == [("resident", place.unit_id)]
        assert me["estate_ids"] == [place.estate_id]
    renewed = await client.put(f"{place.base}/join-code", json={"is_on": True, "is_new": True})
    assert renewed.json()["code"] != code
    for bad in (code, renewed.json()["code"][:-1] + "!", "999-AAAAAAAA", "x"):
        answer = await signed_up(app, admin, join_code=bad, identifier="third@example.com")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), bad


async def test_a_sign_up_needs_exactly_one_code(app: FastAPI, admin: psycopg.Connection) -> None:
    for body in ({}, {"invitation": "a", "join_code": "b"}, {"join_code": "1-AAAAAAAA", "password": "x"}):
        assert (await signed_up(app, admin, **body)).status_code == 422
