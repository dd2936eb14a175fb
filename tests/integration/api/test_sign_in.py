"""Signing in by password and code; sessions; who tries too often; what is never told."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from mita.identity.api import sign_in as routes
from mita.identity.domain import passwords
from mita.identity.operations import forget_proofs, rotate_signing_key

from .signing_in import AUTH, PASSWORD, Thandi, bearing, browser, last_code, new_thandi, sent, signed_in_again

if TYPE_CHECKING:
    import httpx
    import psycopg
    from fastapi import FastAPI

    from mita.kit.db import Database


@pytest.fixture
async def thandi(app: FastAPI, client: httpx.AsyncClient, admin: psycopg.Connection) -> Thandi:
    return await new_thandi(app, client, admin)


async def test_a_password_opens(app: FastAPI, thandi: Thandi) -> None:
    answer = await signed_in_again(app, identifier="  THANDI@Example.com ")
    assert (answer.status_code, answer.json()["state"]) == (200, "signed_in")
    assert "set-cookie" not in answer.headers
    async with bearing(app, answer.json()["tokens"]["access_token"]) as own:
        me = (await own.get("/api/v1/me")).json()
    assert (me["person_id"], me["name"]) == (thandi.person_id, "Thandi Mokoena")
    assert me["identifiers"] == [{"kind": "email", "value": "thandi@example.com", "is_verified": True}]
    assert (me["has_password"], me["has_second_factor"], me["roles"]) == (True, False, [])


async def test_what_is_wrong_is_never_told(
    app: FastAPI, thandi: Thandi, monkeypatch: pytest.MonkeyPatch
) -> None:
    work: list[str] = []
    real = passwords._HASHER.verify

    def counted(stored: str, password: str) -> bool:
        work.append(stored)
        return real(stored, password)

    monkeypatch.setattr(passwords, "_HASHER", _Counting(passwords._HASHER, counted))
    answers = []
    for identifier, password in (
        ("thandi@example.com", "another password"),
        ("nobody@example.com", PASSWORD),
        ("no address at all", PASSWORD),
        ("+27 82 555 0199", PASSWORD),
    ):
        before = len(work)
        answer = await signed_in_again(app, identifier=identifier, password=password)
        assert len(work) == before + 1, "the same work for everybody"
        answers.append((answer.status_code, answer.json()))
    assert {status for status, _ in answers} == {401}
    assert all(body == answers[0][1] for _, body in answers)
    assert answers[0][1]["code"] == "sign_in_failed"


class _Counting:
    def __init__(self, real: Any, verify: Any) -> None:
        self._real, self.verify = real, verify

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


async def test_codes_and_resets_do_not_tell_who_exists(
    app: FastAPI, thandi: Thandi, admin: psycopg.Connection
) -> None:
    for path in ("codes", "password-resets"):
        async with browser(app) as own:
            known = await own.post(f"{AUTH}/{path}", json={"identifier": "thandi@example.com"})
            unknown = await own.post(f"{AUTH}/{path}", json={"identifier": "nobody@example.com"})
        assert (known.status_code, set(known.json())) == (unknown.status_code, set(unknown.json()))
    rows = admin.execute("SELECT state, count(*) FROM message GROUP BY 1 ORDER BY 1").fetchall()
    # two for nobody; for Thandi these two and the one with which she began
    assert rows == [("nobody", 2), ("queued", 3)]


async def test_too_many_failures_close_the_account_for_a_while(app: FastAPI, thandi: Thandi) -> None:
    for identifier in ("thandi@example.com", "nobody@example.com"):
        answers = [
            await signed_in_again(app, identifier=identifier, password="another password") for _ in range(6)
        ]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert answers[-1].json()["code"] == "rate_limited"
        assert 20 <= int(answers[-1].headers["retry-after"]) <= 31
    # the right password waits as well
    assert (await signed_in_again(app)).status_code == 429


async def test_sign_ins_are_in_the_audit_log(app: FastAPI, thandi: Thandi, admin: psycopg.Connection) -> None:
    await signed_in_again(app, password="another password")
    await signed_in_again(app)
    rows = admin.execute(
        "SELECT actor, action, outcome, subject FROM audit_entry ORDER BY audit_entry_id DESC LIMIT 2"
    ).fetchall()
    (begun, refused) = rows
    assert begun[:3] == (f"person:{thandi.person_id}", "identity.session.begun", "done")
    assert refused == ("anonymous", "identity.session.refused", "refused", "identifier:t…@example.com")


async def test_what_a_person_signs_in_with_can_be_forgotten(
    app: FastAPI, thandi: Thandi, database: Database, admin: psycopg.Connection
) -> None:
    async with database.unit_of_work(estates=[]) as session:
        await forget_proofs(session, person_id=thandi.person_id, now=datetime.now(tz=UTC))
    async with thandi.client() as own:
        assert (await own.get("/api/v1/me")).status_code == 401
    assert (await signed_in_again(app)).status_code == 401
    assert admin.execute("SELECT count(*) FROM identifier").fetchone() == (0,)


async def test_a_success_forgets_the_failures(app: FastAPI, thandi: Thandi) -> None:
    for _ in range(3):
        for _ in range(4):
            assert (await signed_in_again(app, password="another password")).status_code == 401
        assert (await signed_in_again(app)).status_code == 200


async def test_an_address_that_asks_too_often_waits(app: FastAPI) -> None:
    async with browser(app) as own:
        statuses = [(await own.post(f"{AUTH}/passkeys/options")).status_code for _ in range(61)]
    assert statuses == [200] * 60 + [429]


async def test_codes_are_sent_to_an_address_five_times_at_most(app: FastAPI) -> None:
    async with browser(app) as own:
        body = {"identifier": "nobody@example.com"}
        answers = [await own.post(f"{AUTH}/codes", json=body) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 500


async def test_a_code_works_once_and_five_wrong_ones_end_it(
    app: FastAPI, thandi: Thandi, admin: psycopg.Connection
) -> None:
    async with browser(app) as own:
        asked = (await own.post(f"{AUTH}/codes", json={"identifier": "thandi@example.com"})).json()
        code = last_code(admin)
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        shown = {"code_id": asked["code_id"], "code": code}
        assert (await own.post(f"{AUTH}/codes/verify", json={**shown, "code": wrong})).status_code == 401
        assert (await own.post(f"{AUTH}/codes/verify", json=shown)).status_code == 200
        assert (await own.post(f"{AUTH}/codes/verify", json=shown)).status_code == 401
        asked = (await own.post(f"{AUTH}/codes", json={"identifier": "thandi@example.com"})).json()
        shown = {"code_id": asked["code_id"], "code": last_code(admin)}
        for _ in range(4):
            assert (await own.post(f"{AUTH}/codes/verify", json={**shown, "code": "0"})).status_code == 422
        statuses = [
            (await own.post(f"{AUTH}/codes/verify", json={**shown, "code": "abcdef"})).status_code
            for _ in range(5)
        ]
        assert statuses[:4] == [401] * 4
        assert (await own.post(f"{AUTH}/codes/verify", json=shown)).status_code in (401, 429)
    assert sent(admin)[-1]["address"] == "thandi@example.com"


async def test_a_code_is_over_after_ten_minutes(
    app: FastAPI, thandi: Thandi, admin: psycopg.Connection
) -> None:
    async with browser(app) as own:
        asked = (await own.post(f"{AUTH}/codes", json={"identifier": "thandi@example.com"})).json()
        admin.execute("UPDATE one_time_code SET expires_at = now() - interval '1 second'")
        shown = {"code_id": asked["code_id"], "code": last_code(admin)}
        assert (await own.post(f"{AUTH}/codes/verify", json=shown)).status_code == 401


async def test_a_code_of_a_sign_in_sets_no_password(
    app: FastAPI, thandi: Thandi, admin: psycopg.Connection
) -> None:
    async with browser(app) as own:
        asked = (await own.post(f"{AUTH}/codes", json={"identifier": "thandi@example.com"})).json()
        body = {"code_id": asked["code_id"], "code": last_code(admin), "password": "nine owls on a wire"}
        assert (await own.post(f"{AUTH}/password-resets/confirm", json=body)).status_code == 401


async def test_a_reset_ends_all_sessions(app: FastAPI, thandi: Thandi, admin: psycopg.Connection) -> None:
    async with browser(app) as own:
        asked = (await own.post(f"{AUTH}/password-resets", json={"identifier": "thandi@example.com"})).json()
        body = {"code_id": asked["code_id"], "code": last_code(admin), "keep": "body"}
        refused = await own.post(f"{AUTH}/password-resets/confirm", json={**body, "password": "password123"})
        assert (refused.status_code, refused.json()["code"]) == (422, "password_refused")
        new = {**body, "password": "nine owls on a wire"}
        answer = await own.post(f"{AUTH}/password-resets/confirm", json=new)
        assert answer.status_code == 200, answer.text
    async with thandi.client() as before:
        assert (await before.get("/api/v1/me")).status_code == 401
    assert (await signed_in_again(app)).status_code == 401
    assert (await signed_in_again(app, password="nine owls on a wire")).status_code == 200


REFUSED = ["short", "password123", "aaaaaaaaaaaaaa", "Qwertyuiop1!", "my name is Thandi", "x" * 201]


async def test_easy_and_known_passwords_are_refused(thandi: Thandi) -> None:
    async with thandi.client() as own:
        for password in REFUSED:
            answer = await own.put("/api/v1/me/password", json={"password": password})
            assert answer.status_code == 422, password
        wrong = {"password": "nine owls on a wire", "current_password": "another password"}
        assert (await own.put("/api/v1/me/password", json=wrong)).status_code == 401
        right = {**wrong, "current_password": PASSWORD}
        assert (await own.put("/api/v1/me/password", json=right)).status_code == 204


async def test_a_stale_session_changes_no_password_by_itself(
    thandi: Thandi, admin: psycopg.Connection
) -> None:
    admin.execute("UPDATE person_session SET created_at = now() - interval '31 minutes'")
    async with thandi.client() as own:
        body = {"password": "nine owls on a wire"}
        answer = await own.put("/api/v1/me/password", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "sign_in_again")
        assert (await own.post("/api/v1/me/second-factor")).json()["code"] == "sign_in_again"
        again = {**body, "current_password": PASSWORD}
        assert (await own.put("/api/v1/me/password", json=again)).status_code == 204


# ── refresh tokens ──


async def refreshed(app: FastAPI, token: str) -> httpx.Response:
    async with browser(app) as own:
        return await own.post(f"{AUTH}/refresh", json={"refresh_token": token})


async def test_a_refresh_token_works_once_and_its_theft_ends_the_session(
    app: FastAPI, thandi: Thandi, admin: psycopg.Connection
) -> None:
    first = (await signed_in_again(app)).json()["tokens"]
    second = (await refreshed(app, first["refresh_token"])).json()
    # an answer that was lost is given again, the very same
    assert (await refreshed(app, first["refresh_token"])).json()["refresh_token"] == second["refresh_token"]
    third = (await refreshed(app, second["refresh_token"])).json()
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    # the thief comes with a token whose successor is used already
    stolen = await refreshed(app, first["refresh_token"])
    assert (stolen.status_code, stolen.json()["code"]) == (401, "sign_in_failed")
    assert (await refreshed(app, third["refresh_token"])).status_code == 401
    async with bearing(app, third["access_token"]) as own:
        assert (await own.get("/api/v1/me")).status_code == 401
    why = admin.execute("SELECT ended_because FROM person_session WHERE ended_at IS NOT NULL").fetchall()
    assert ("token_reused",) in why


def a_day_passes(admin: psycopg.Connection) -> None:
    admin.execute("UPDATE refresh_token SET created_at = created_at - interval '1 day'")


async def test_answers_that_never_arrived_sign_nobody_out(
    app: FastAPI, thandi: Thandi, admin: psycopg.Connection
) -> None:
    first = (await signed_in_again(app)).json()["tokens"]["refresh_token"]
    # the phone is put away before the answer comes, three days in a row
    lost = []
    for _ in range(3):
        lost.append((await refreshed(app, first)).json()["refresh_token"])
        a_day_passes(admin)
    arrived = (await refreshed(app, first)).json()["refresh_token"]
    assert len({first, *lost, arrived}) == 5
    following = (await refreshed(app, arrived)).json()["refresh_token"]
    assert (await refreshed(app, following)).status_code == 200


@pytest.mark.parametrize("nth", [0, 1])
async def test_a_successor_that_was_passed_over_ends_the_session(
    app: FastAPI, thandi: Thandi, admin: psycopg.Connection, nth: int
) -> None:
    first = (await signed_in_again(app)).json()["tokens"]["refresh_token"]
    lost = []
    for _ in range(2):
        lost.append((await refreshed(app, first)).json()["refresh_token"])
        a_day_passes(admin)
    arrived = (await refreshed(app, first)).json()["refresh_token"]
    # it had arrived after all: somebody else holds the first one
    assert (await refreshed(app, lost[nth])).status_code == 401
    assert (await refreshed(app, arrived)).status_code == 401
    why = admin.execute("SELECT ended_because FROM person_session WHERE ended_at IS NOT NULL").fetchall()
    assert ("token_reused",) in why


async def test_a_used_token_ends_the_session_once_its_successor_was_used(
    app: FastAPI, thandi: Thandi, admin: psycopg.Connection
) -> None:
    first = (await signed_in_again(app)).json()["tokens"]["refresh_token"]
    await refreshed(app, first)
    a_day_passes(admin)
    second = (await refreshed(app, first)).json()["refresh_token"]
    third = (await refreshed(app, second)).json()["refresh_token"]
    assert (await refreshed(app, first)).status_code == 401
    assert (await refreshed(app, third)).status_code == 401


async def test_a_browser_has_its_refresh_token_in_a_cookie(app: FastAPI, thandi: Thandi) -> None:
    async with browser(app) as own:
        body = {"identifier": "thandi@example.com", "password": PASSWORD}
        answer = await own.post(f"{AUTH}/sign-in", json=body)
        assert answer.json()["tokens"]["refresh_token"] is None
        cookie = answer.headers["set-cookie"].lower()
        for word in ("mita_refresh=", "httponly", "secure", "samesite=strict", "path=/api/v1/auth"):
            assert word in cookie
        assert (await own.post(f"{AUTH}/refresh", json={})).status_code == 200
        for origin in ({"Origin": "https://evil.test"}, {"Origin": "null"}, {"Origin": "http://mita.test"}):
            for path in ("refresh", "sign-out"):
                answer = await own.post(f"{AUTH}/{path}", json={}, headers=origin)
                assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin")
        assert (await own.post(f"{AUTH}/sign-out", json={})).status_code == 200
        assert (await own.post(f"{AUTH}/refresh", json={})).status_code == 401


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [("http://127.0.0.1:8100", []), ("http://localhost:8100", []), ("http://mita.test", ["secure"])],
)
async def test_only_this_machine_itself_goes_without_encryption(
    app: FastAPI, thandi: Thandi, origin: str, wanted: list[str]
) -> None:
    async with browser(app, origin=origin) as own:
        body = {"identifier": "thandi@example.com", "password": PASSWORD}
        answer = await own.post(f"{AUTH}/sign-in", json=body)
    parts = answer.headers["set-cookie"].lower().split("; ")
    assert [part for part in parts if part == "secure"] == wanted


# ── access tokens ──


def tampered(token: str, **changes: Any) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    encoded = base64.urlsafe_b64encode(json.dumps({**claims, **changes}).encode()).rstrip(b"=").decode()
    return f"{head}.{encoded}.{signature}"


async def test_no_other_token_passes_for_an_access_token(
    app: FastAPI, thandi: Thandi, anonymous: httpx.AsyncClient
) -> None:
    good = thandi.tokens["access_token"]
    head = jwt.get_unverified_header(good)
    claims = jwt.decode(good, options={"verify_signature": False})
    (key,) = (await anonymous.get(f"{AUTH}/keys")).json()["keys"]
    public = base64.urlsafe_b64decode(key["x"] + "==")
    assert (head["alg"], head["kid"], claims["aud"], claims["iss"]) == (
        "EdDSA",
        key["kid"],
        "mita-api",
        "mita",
    )
    assert claims["exp"] - claims["iat"] == 600
    named = {"kid": head["kid"], "typ": head["typ"]}
    no_one = {**claims, "sub": str(thandi.person_id + 1)}
    forged = [
        tampered(good, sub="1"),
        jwt.encode(no_one, None, algorithm="none", headers=named),
        # the public key as the secret of another algorithm
        _hmac_signed(no_one, public, headers=named),
        jwt.encode(claims, _other_key(), algorithm="EdDSA", headers=named),
        jwt.encode(claims, _other_key(), algorithm="EdDSA", headers={**named, "kid": "../../etc"}),
        good + "x",
        good.rpartition(".")[0] + ".",
        "a.b.c",
    ]
    for token in forged:
        async with bearing(app, token) as own:
            answer = await own.get("/api/v1/me")
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), token
    async with bearing(app, good) as own:
        assert (await own.get("/api/v1/me")).status_code == 200


def _other_key() -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def _hmac_signed(claims: dict[str, Any], secret: bytes, *, headers: dict[str, str]) -> str:
    import hashlib
    import hmac

    def encoded(value: Any) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    text = encoded({**headers, "alg": "HS256"}) + b"." + encoded(claims)
    signature = hmac.digest(secret, text, hashlib.sha256)
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


async def test_a_token_is_over_after_its_time_and_a_refresh_token_is_none(
    app: FastAPI, thandi: Thandi
) -> None:
    from mita.identity.domain.sessions import read_access

    async with browser(app) as own:
        (key,) = (await own.get(f"{AUTH}/keys")).json()["keys"]
    public = base64.urlsafe_b64decode(key["x"] + "==")
    token, now = thandi.tokens["access_token"], datetime.now(tz=UTC)
    assert read_access(token, public_key=public, now=now) is not None
    assert read_access(token, public_key=public, now=now + timedelta(minutes=10)) is None
    async with bearing(app, thandi.tokens["refresh_token"]) as own:
        assert (await own.get("/api/v1/me")).status_code == 401


async def test_keys_rotate_and_old_tokens_stay_good_for_their_time(
    app: FastAPI, thandi: Thandi, database: Database, admin: psycopg.Connection
) -> None:
    async with database.unit_of_work(estates=[]) as session:
        newer = await rotate_signing_key(session, now=datetime.now(tz=UTC))
    tokens = (await signed_in_again(app)).json()["tokens"]
    assert jwt.get_unverified_header(tokens["access_token"])["kid"] == newer.kid
    async with thandi.client() as own:
        assert (await own.get("/api/v1/me")).status_code == 200
    # a month later somebody else signs by themselves, and what the oldest signed is believed no more
    admin.execute("UPDATE signing_key SET created_at = created_at - interval '31 days'")
    later = (await signed_in_again(app)).json()["tokens"]
    assert jwt.get_unverified_header(later["access_token"])["kid"] not in (
        newer.kid,
        jwt.get_unverified_header(thandi.tokens["access_token"])["kid"],
    )
    async with thandi.client() as own:
        assert (await own.get("/api/v1/me")).status_code == 401


# ── sessions ──


async def test_sessions_are_listed_and_end_at_once(app: FastAPI, thandi: Thandi) -> None:
    others = [(await signed_in_again(app)).json()["tokens"] for _ in range(3)]
    async with thandi.client() as own:
        listed = (await own.get("/api/v1/me/sessions")).json()["items"]
        assert len(listed) == 4
        assert [each["is_this"] for each in listed] == [False, False, False, True]
        assert {each["device"] for each in listed} == {"Firefox on Windows"}
        answer = await own.delete(f"/api/v1/me/sessions/{others[0]['session_id']}")
        assert answer.status_code == 204
        async with bearing(app, others[0]["access_token"]) as ended:
            assert (await ended.get("/api/v1/me")).status_code == 401
        left = (await own.post("/api/v1/me/sessions/end-others")).json()["items"]
        assert [each["is_this"] for each in left] == [True]
    for tokens in others:
        assert (await refreshed(app, tokens["refresh_token"])).status_code == 401


async def test_nobody_ends_anothers_session(
    app: FastAPI, thandi: Thandi, client: httpx.AsyncClient, admin: psycopg.Connection
) -> None:
    other = await new_thandi(app, client, admin, email="sipho@example.com")
    async with other.client() as own:
        answer = await own.delete(f"/api/v1/me/sessions/{thandi.tokens['session_id']}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    async with thandi.client() as own:
        assert (await own.get("/api/v1/me")).status_code == 200


async def test_staff_and_issued_tokens_have_no_self(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    answer = await client.get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "persons_only")
    assert (await stranger.get("/api/v1/me")).status_code == 200
    answer = await stranger.put("/api/v1/me/password", json={"password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (403, "persons_only")


def test_every_route_below_auth_is_public_and_no_other(app: FastAPI) -> None:
    from .routes import api_operations_of

    found = {each.operation_id for each in api_operations_of(app) if each.path.startswith(AUTH)}
    marked = {
        name
        for module in (routes, __import__("mita.entrypoints.api.sign_up", fromlist=["x"]))
        for name in vars(module)
        if getattr(vars(module)[name], "is_public", False)
    }
    assert found == marked
    assert len(found) == 13
