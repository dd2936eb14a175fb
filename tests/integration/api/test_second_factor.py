"""Authenticator apps, backup codes, passkeys, and the roles that need them."""

from __future__ import annotations

import hashlib
import hmac
import struct
import time
from base64 import b32decode
from typing import TYPE_CHECKING, Any

import pytest

from .authenticator import Authenticator
from .signing_in import AUTH, Thandi, bearing, browser, new_thandi, signed_in_again

if TYPE_CHECKING:
    import httpx
    import psycopg
    from fastapi import FastAPI

    from .place import Place


@pytest.fixture
async def thandi(app: FastAPI, client: httpx.AsyncClient, admin: psycopg.Connection) -> Thandi:
    return await new_thandi(app, client, admin)


def totp(secret: str, *, steps: int = 0) -> str:
    """Return the code of RFC 6238, computed by hand."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.digest(b32decode(secret), counter, hashlib.sha1)
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


async def enrolled(thandi: Thandi) -> tuple[str, list[str]]:
    async with thandi.client() as own:
        made = await own.post("/api/v1/me/second-factor")
        assert made.status_code == 201, made.text
        secret = made.json()["secret"]
        assert f"secret={secret}" in made.json()["uri"]
        assert (
            await own.post("/api/v1/me/second-factor/confirm", json={"code": "000000"})
        ).status_code == 401
        # a code of the step before, so that later ones are fresh
        body = {"code": totp(secret, steps=-1)}
        answer = await own.post("/api/v1/me/second-factor/confirm", json=body)
        assert answer.status_code == 200, answer.text
        return secret, answer.json()["codes"]


async def shown(app: FastAPI, ticket: str, code: str) -> httpx.Response:
    async with browser(app) as own:
        return await own.post(f"{AUTH}/second-factor", json={"ticket": ticket, "code": code, "keep": "body"})


async def test_an_app_is_asked_for_and_its_codes_work_once(
    app: FastAPI, thandi: Thandi, admin: psycopg.Connection
) -> None:
    secret, _ = await enrolled(thandi)
    (sealed,) = admin.execute("SELECT secret_sealed FROM second_factor").fetchone() or (b"",)
    assert secret.encode() not in bytes(sealed)
    half = (await signed_in_again(app)).json()
    assert (half["state"], half["tokens"]) == ("second_factor_needed", None)
    code = totp(secret)
    answer = await shown(app, half["ticket"], code)
    assert (answer.status_code, answer.json()["state"]) == (200, "signed_in")
    # neither the ticket nor the code again, also not within its 30 seconds
    assert (await shown(app, half["ticket"], totp(secret, steps=1))).status_code == 401
    other = (await signed_in_again(app)).json()
    replayed = await shown(app, other["ticket"], code)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "sign_in_failed")
    assert (await shown(app, other["ticket"], totp(secret, steps=1))).status_code == 200


async def test_a_backup_code_works_once(app: FastAPI, thandi: Thandi) -> None:
    _, codes = await enrolled(thandi)
    assert len(set(codes)) == 10
    for code, status in ((codes[3].lower().replace("-", " "), 200), (codes[3], 401), (codes[4], 200)):
        half = (await signed_in_again(app)).json()
        answer = await shown(app, half["ticket"], code)
        assert answer.status_code == status
    async with bearing(app, answer.json()["tokens"]["access_token"]) as own:
        assert (await own.get("/api/v1/me")).json()["backup_codes_left"] == 8
        assert (await own.post("/api/v1/me/second-factor/remove", json={"code": codes[5]})).status_code == 204
    assert (await signed_in_again(app)).json()["state"] == "signed_in"


async def test_guessing_a_second_factor_ends_soon(app: FastAPI, thandi: Thandi) -> None:
    await enrolled(thandi)
    statuses = []
    for _ in range(2):
        half = (await signed_in_again(app)).json()
        statuses += [(await shown(app, half["ticket"], "abcd-efgh")).status_code for _ in range(3)]
    assert statuses == [401] * 5 + [429]


async def test_a_role_that_needs_a_second_factor_gives_nothing_without(
    app: FastAPI, thandi: Thandi, place: Place, admin: psycopg.Connection
) -> None:
    admin.execute(
        "INSERT INTO role_grant (role_grant_id, person_id, role, scope, estate_id, granted_by, granted_at)"
        " VALUES (gen_random_uuid(), %s, 'managing_agent', 'estate', %s, 'staff:console', now())",
        (thandi.person_id, place.estate_id),
    )
    async with thandi.client() as own:
        me = (await own.get("/api/v1/me")).json()
        assert (me["needs_second_factor"], me["session_has_second_factor"]) == (True, False)
        assert [role["needs_second_factor"] for role in me["roles"]] == [True]
        assert (await own.get(f"{place.base}/units")).status_code == 404
    secret, _ = await enrolled(thandi)
    async with thandi.client() as own:
        assert (await own.get(f"{place.base}/units")).status_code == 200
    half = (await signed_in_again(app)).json()
    tokens = (await shown(app, half["ticket"], totp(secret))).json()["tokens"]
    async with bearing(app, tokens["access_token"]) as own:
        assert (await own.get(f"{place.base}/units")).status_code == 200
        assert (await own.get("/api/v1/me")).json()["estate_ids"] == [place.estate_id]


async def test_staff_takes_a_lost_factor_away(
    app: FastAPI, thandi: Thandi, client: httpx.AsyncClient
) -> None:
    await enrolled(thandi)
    answer = await client.post(f"/api/v1/persons/{thandi.person_id}/second-factor/reset")
    assert answer.status_code == 200
    async with thandi.client() as own:
        assert (await own.get("/api/v1/me")).status_code == 401
    assert (await signed_in_again(app)).json()["state"] == "signed_in"


# ── passkeys ──


async def added(thandi: Thandi, device: Authenticator, *, name: str = "Phone") -> httpx.Response:
    async with thandi.client() as own:
        asked = (await own.post("/api/v1/me/passkeys/options")).json()
        body = {
            "challenge_id": asked["challenge_id"],
            "credential": device.create(asked["options"]),
            "name": name,
        }
        return await own.post("/api/v1/me/passkeys", json=body)


async def signed(app: FastAPI, device: Authenticator, **changes: Any) -> httpx.Response:
    async with browser(app) as own:
        asked = (await own.post(f"{AUTH}/passkeys/options")).json()
        body = {
            "challenge_id": asked["challenge_id"],
            "credential": device.get(asked["options"]),
            "keep": "body",
            **changes,
        }
        answer = await own.post(f"{AUTH}/passkeys/verify", json=body)
        # an answered question is answered
        assert (await own.post(f"{AUTH}/passkeys/verify", json=body)).status_code == 401
        return answer


async def test_a_passkey_opens_and_is_two_factors(app: FastAPI, thandi: Thandi) -> None:
    device = Authenticator()
    made = await added(thandi, device)
    assert made.status_code == 201, made.text
    assert (await added(thandi, device)).json()["code"] == "passkey_taken"
    answer = await signed(app, device)
    assert answer.status_code == 200, answer.text
    async with bearing(app, answer.json()["tokens"]["access_token"]) as own:
        me = (await own.get("/api/v1/me")).json()
        assert (me["person_id"], me["session_has_second_factor"]) == (thandi.person_id, True)
        path = f"/api/v1/me/passkeys/{made.json()['passkey_id']}"
        assert (await own.put(path, json={"name": "Old phone"})).json()["name"] == "Old phone"
        (listed,) = (await own.get("/api/v1/me/passkeys")).json()["items"]
        assert (listed["name"], listed["last_used_at"] is None) == ("Old phone", False)
        assert (await own.delete(path)).status_code == 204
    assert (await signed(app, device)).status_code == 401


async def test_a_copied_passkey_shows_by_its_counter(app: FastAPI, thandi: Thandi) -> None:
    device = Authenticator()
    await added(thandi, device)
    for _ in range(2):
        assert (await signed(app, device)).status_code == 200
    device.count = 0
    assert (await signed(app, device)).status_code == 401


async def test_a_passkey_is_bound_to_the_site_the_question_and_its_user(app: FastAPI, thandi: Thandi) -> None:
    assert (await added(thandi, Authenticator(origin="https://evil.test"))).status_code == 401
    assert (await added(thandi, Authenticator(verifies=False))).status_code == 401
    device = Authenticator()
    assert (await added(thandi, device)).status_code == 201
    device.origin = "https://evil.test"
    assert (await signed(app, device)).status_code == 401
    device.origin = "https://mita.test"
    async with browser(app) as own:
        old = (await own.post(f"{AUTH}/passkeys/options")).json()
    assert (await signed(app, device, credential=device.get(old["options"]))).status_code == 401
    unknown = Authenticator()
    unknown._user = str(thandi.person_id).encode()
    assert (await signed(app, unknown)).status_code == 401
    odd = [{}, {"id": 1}, {"id": "x", "rawId": "x", "type": "public-key", "response": {}}]
    for credential in odd:
        assert (await signed(app, device, credential=credential)).status_code == 401
    assert (await signed(app, device)).status_code == 200
