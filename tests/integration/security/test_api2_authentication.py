"""API2:2023, broken authentication: tokens in the wrong place, and forged ones.

Elsewhere: `../api/test_sign_in.py` (algorithm none, the public key as an HMAC secret, other keys, lock-out,
reuse of a refresh token, what codes open),
`../api/test_sweep.py` (no token, tokens of nobody).
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mita.entrypoints.embedded.issued import IssuedTokens
from tests.integration.api.place import made
from tests.integration.api.signing_in import AUTH, PASSWORD, Thandi, bearing, browser, new_thandi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from fastapi import FastAPI

    from .house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def admin(house: House) -> Iterator[psycopg.Connection]:
    with house.admin() as connection:
        yield connection


@pytest.fixture
def app(house: House) -> FastAPI:
    """An application that has counted no attempt yet."""
    return house.new_app()


async def signed_up(house: House, app: FastAPI, admin: psycopg.Connection, name: str) -> Thandi:
    """Make a person with an email address and a password."""
    admin.execute("DELETE FROM sign_in_failure")
    client = house.caller(house.console, app=app)
    return await new_thandi(app, client, admin, email=f"{name}@example.com")


# ── a token in the place of another ──


async def secrets_of(house: House, app: FastAPI, admin: psycopg.Connection) -> dict[str, str]:
    """Return one secret of each kind, all of them good in their own place."""
    thandi = await signed_up(house, app, admin, "confused")
    client, base = house.client, house.here.base
    meter = {"unit_id": house.here.unit_id, "serial": "W9", "utility": "water", "device": "gateway-9"}
    await made(client, f"{base}/meters", meter)
    issued = await made(client, f"{base}/device-tokens", {"device": "gateway-9"})
    api_key = {"name": "K", "permissions": ["units.read"], "estate_ids": [house.here.estate_id]}
    hook = {"url": "https://example.com/hook", "types": ["wallet.topup"]}
    path = f"/api/v1/persons/{house.persons['anna'].person_id}/impersonations"
    join = (await client.put(f"{base}/join-code", json={"is_on": True})).json()["code"]
    async with browser(app) as own:
        asked = await own.post(f"{AUTH}/passkeys/options")
    return {
        "console": house.console,
        "person": house.persons["anna"].token,
        "access": thandi.tokens["access_token"],
        "refresh": thandi.tokens["refresh_token"],
        "key": (await made(client, "/api/v1/api-keys", api_key))["secret"],
        "device": issued["token"],
        "impersonation": (await made(client, path, {"reason": "x"}))["token"],
        "webhook": (await made(client, f"{base}/webhooks", hook))["secret"],
        "invitation": await house.invited(),
        "join_code": join,
        "password": PASSWORD,
        "challenge": asked.json()["options"]["challenge"],
    }


BEARERS = {"console", "person", "access", "key", "device", "impersonation"}


async def test_no_secret_is_taken_for_one_of_another_kind(
    house: House, app: FastAPI, admin: psycopg.Connection
) -> None:
    secrets = await secrets_of(house, app, admin)
    zero = "01930000-0000-7000-8000-000000000001"

    async def bearer(secret: str) -> bool:
        async with house.caller(secret, app=app) as caller:
            return (await caller.get("/api/v1/estates")).status_code != 401

    async def refresh(secret: str) -> bool:
        async with browser(app) as own:
            answer = await own.post(f"{AUTH}/refresh", json={"refresh_token": secret[:200]})
            return answer.status_code == 200

    async def refresh_cookie(secret: str) -> bool:
        async with browser(app) as own:
            own.cookies.set("mita_refresh", secret)
            return (await own.post(f"{AUTH}/refresh", json={})).status_code == 200

    async def ticket(secret: str) -> bool:
        async with browser(app) as own:
            body = {"ticket": secret[:200], "code": "123456"}
            return (await own.post(f"{AUTH}/second-factor", json=body)).status_code == 200

    async def code(secret: str) -> bool:
        async with browser(app) as own:
            body = {"code_id": zero, "code": secret[:40]}
            return (await own.post(f"{AUTH}/codes/verify", json=body)).status_code == 200

    async def invited(secret: str) -> bool:
        async with house.as_("ben") as ben:
            answer = await ben.post("/api/v1/invitations/accept", json={"code": secret[:200]})
            return answer.status_code == 200

    async def sign_up(secret: str, field: str) -> bool:
        async with browser(house.new_app()) as own:
            body = {"name": "X", "identifier": "x1@example.com", field: secret[:200]}
            return (await own.post(f"{AUTH}/sign-up", json=body)).status_code == 202

    async def broker(secret: str) -> bool:
        return await IssuedTokens(house.database).opens(device="gateway-9", token=secret)

    places: dict[str, tuple[Callable[[str], Any], set[str]]] = {
        "Authorization": (bearer, BEARERS),
        "refresh": (refresh, {"refresh"}),
        "the refresh cookie": (refresh_cookie, {"refresh"}),
        "second factor": (ticket, set()),
        "code": (code, set()),
        "join code": (lambda each: sign_up(each, "join_code"), {"join_code"}),
        "invitation of a sign-up": (lambda each: sign_up(each, "invitation"), {"invitation"}),
        "invitation": (invited, {"invitation"}),
        "broker": (broker, {"device"}),
    }
    wrong = []
    for place, (opens, right) in places.items():
        for kind, secret in secrets.items():
            if await opens(secret) != (kind in right):
                wrong.append((place, kind))
    assert wrong == []


async def test_a_secret_belongs_into_its_own_place_of_the_request(house: House, app: FastAPI) -> None:
    """Not into the query, where logs keep it, another header, basic authentication, or a cookie."""
    token, path = house.console, "/api/v1/estates"
    basic = base64.b64encode(f"{token}:".encode()).decode()
    async with house.nobody(app) as caller:
        for query in ("access_token", "token", "api_key", "key", "authorization"):
            assert (await caller.get(path, params={query: token})).status_code == 401
        for header in ("X-Api-Key", "Api-Key", "X-Auth-Token", "Proxy-Authorization", "X-Authorization"):
            assert (await caller.get(path, headers={header: f"Bearer {token}"})).status_code == 401
        for value in (f"Basic {basic}", f"Token {token}", token, f"Bearer Bearer {token}", f"Bearer,{token}"):
            assert (await caller.get(path, headers={"Authorization": value})).status_code == 401
        two = [("Authorization", "Bearer mita_nobody"), ("Authorization", f"Bearer {token}")]
        assert (await caller.get(path, headers=two)).status_code == 401
        caller.cookies.set("Authorization", f"Bearer {token}")
        assert (await caller.get(path)).status_code == 401


def signed(claims: dict[str, Any], head: dict[str, Any], key: Ed25519PrivateKey) -> str:
    """Return a JWT with whatever header."""

    def encoded(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    text = f"{encoded(head)}.{encoded(claims)}"
    return f"{text}.{base64.urlsafe_b64encode(key.sign(text.encode())).rstrip(b'=').decode()}"


async def test_what_a_forger_writes_into_a_token_is_not_believed(
    house: House, app: FastAPI, admin: psycopg.Connection
) -> None:
    """A key that the token brings along, is named by address, is another purpose's; claims of odd types."""
    thandi = await signed_up(house, app, admin, "forged")
    good = thandi.tokens["access_token"]
    head, claims = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    mine = Ed25519PrivateKey.generate()
    x = base64.urlsafe_b64encode(mine.public_key().public_bytes_raw()).rstrip(b"=").decode()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": head["kid"]}
    heads = [
        {**head, "jwk": jwk},
        {**head, "jku": "http://127.0.0.1:9/keys"},
        {**head, "x5u": "http://127.0.0.1:9/cert", "x5c": ["AAAA"]},
        {**head, "kid": "0' UNION SELECT 1 --"},
        {**head, "kid": "/dev/null"},
        {**head, "kid": ["a"]},
        {**head, "kid": None},
        {**head, "alg": "eddsa"},
        {**head, "alg": "None"},
        {**head, "typ": "JWT"},
        {**head, "crit": ["exp"]},
        {**head, "b64": False, "crit": ["b64"]},
        [],
        "x",
    ]
    texts = [signed(claims, each, mine) for each in heads]
    async with bearing(app, good) as own:
        # what is remembered of a good one does not pass for another that names the same key and session
        assert (await own.get("/api/v1/me")).status_code == 200
    async with house.nobody(app) as caller:
        for text in [*texts, f"{good}.{good}", good.replace(".", ".."), good[:-4] + "AAAA", f" {good}."]:
            answer = await caller.get("/api/v1/me", headers={"Authorization": f"Bearer {text}"})
            assert answer.status_code == 401, jwt.get_unverified_header(text) if "." in text else text
    # what our own key signs for another purpose opens nothing either
    with house.admin() as connection:
        (sealed,) = connection.execute("SELECT secret_sealed FROM signing_key").fetchone() or (b"",)
    from mita.identity.models.sign_in import SIGNING_SECRET
    from tests.integration.api.signing_in import SEALS

    ours = Ed25519PrivateKey.from_private_bytes(SEALS.open(bytes(sealed), about=SIGNING_SECRET.about))
    later = claims["exp"] + 10**6
    odd: list[dict[str, Any]] = [
        {"aud": "mita-page"},
        {"aud": None},
        {"iss": "https://mita"},
        {"exp": claims["iat"] - 1},
        {"exp": str(later) + "x"},
        {"exp": 10**400},
        {"exp": None},
        {"sub": "0"},
        {"sub": f"{claims['sub']} OR 1=1"},
        {"sub": str(house.persons["pat"].person_id)},
        {"sid": "00000000-0000-0000-0000-000000000000"},
        {"sid": [claims["sid"]]},
        {"sid": None},
    ]
    for change in odd:
        async with bearing(app, signed({**claims, **change}, head, ours)) as own:
            assert (await own.get("/api/v1/me")).status_code == 401, change
    # a session that had one factor does not get the second by saying so
    async with bearing(app, signed({**claims, "amr": ["otp"]}, head, ours)) as own:
        assert (await own.get("/api/v1/me")).json()["session_has_second_factor"] is False
