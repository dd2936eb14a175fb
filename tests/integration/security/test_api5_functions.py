"""API5:2023, broken function level authorization: ways round a route's guard, and rights that grow.

Elsewhere: `../api/test_roles.py` (each role against each route; what nobody gives away),
`../api/test_sweep.py` (persons against routes), `../api/test_api_keys.py`, `../api/test_batch.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import pytest

from mita.identity.domain.permissions import NOT_BY_SUPPORT
from tests.integration.api.place import made
from tests.integration.api.routes import api_operations_of
from tests.integration.api.test_roles import needs_of

from .house import FOREIGN, House, key

if TYPE_CHECKING:
    from fastapi import FastAPI

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def raw(
    app: FastAPI, method: str, target: str, *, token: str = "", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Ask for a target exactly as it is written, as a server decodes it; no client tidies it up."""
    path, _, query = target.partition("?")
    sent = {"host": "mita.test", **(headers or {}), **({"authorization": f"Bearer {token}"} if token else {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "surrogateescape"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
        "server": ("mita.test", 80),
        "state": {},
    }
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages[0]["status"], b"".join(each.get("body", b"") for each in messages[1:])


def disguised(path: str) -> list[str]:
    """Return other ways to write a path that some servers take for it."""
    tail = path.removeprefix("/api/v1/")
    return [
        f"/{path}",
        f"//mita.test{path}",
        f"{path}/",
        f"{path}//",
        f"{path}/.",
        f"{path};x=1",
        f"{path}%00",
        f"{path}%20",
        f"{path}%0d%0a",
        f"{path}.json",
        path.upper(),
        path.replace("/api/v1", "/api//v1"),
        path.replace("/v1/", "/v1/./"),
        path.replace("/", "%2f"),
        path.replace("/", "\\"),
        path.replace("/api", "/%61pi", 1) + "/",
        f"/api/v1/auth/../{tail}",
        f"/api/v1/auth/%2e%2e/{tail}",
        f"/api/v1/auth%2f..%2f{tail}",
        f"/api/v1/auth/..;/{tail}",
        f"/api/v1/auth/sign-in/../../{tail}",
        f"/api/v1/auth//{tail}",
        f"/static/..{path}",
        f"/static/%2e%2e{path}",
        f"/healthz/..{path}",
        f"/healthz%2f..{path}",
        f"/docs/..{path}",
        f"http://mita.test{path}",
        path.replace("e", "\u0435"),
        path.replace("a", "\uff41"),
    ]


async def test_no_spelling_of_a_path_gets_past_the_guard(house: House) -> None:
    base = house.there.base
    for path in (base, "/api/v1/persons", f"{base}/units", f"{base}/audit", "/metrics", "/live"):
        for target in disguised(path):
            for token in ("", house.persons["anna"].token):
                status, body = await raw(house.app, "GET", target, token=token)
                assert status in (400, 401, 403, 404, 405, 422), (target, status, body[:200])
                assert FOREIGN.encode() not in body, target


async def test_the_plain_path_without_its_disguise_answers(house: House) -> None:
    """The spellings above prove something only if the plain one is served."""
    status, body = await raw(house.app, "GET", f"{house.there.base}/units", token=house.console)
    assert (status, b"A1" in body) == (200, True)


OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method")
REWRITES = ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path", "X-Forwarded-Prefix")


async def test_a_header_changes_neither_the_method_nor_the_path(house: House) -> None:
    unit, persons = f"{house.here.base}/units/{house.neighbour_unit}", "/api/v1/persons"
    before = house.state()
    anna = house.persons["anna"].token
    for name in OVERRIDES:
        status, _ = await raw(house.app, "GET", unit, token=house.console, headers={name: "DELETE"})
        assert status == 200
        status, _ = await raw(house.app, "POST", unit, token=house.console, headers={name: "DELETE"})
        assert status == 405
    for name in REWRITES:
        status, body = await raw(house.app, "GET", "/healthz", token=anna, headers={name: persons})
        assert (status, body) == (200, b'{"status":"ok"}')
    for query in ("_method=DELETE", "method=DELETE", "x-http-method=DELETE"):
        assert (await raw(house.app, "GET", f"{unit}?{query}", token=house.console))[0] == 200
    for method in ("TRACE", "CONNECT", "PROPFIND", "get", "GET ", "DELETE\r\n"):
        status, _ = await raw(house.app, method, persons, token=anna)
        assert status in (401, 403, 405), method
    assert house.state() == before


# ── rights that grow ──


async def test_a_key_never_gets_more_than_its_maker(house: House) -> None:
    """Not by making, not by rotating a stronger one, and it lives no longer than the one that made it."""
    estate = {"estate_ids": [house.there.estate_id]}
    keys = "/api/v1/api-keys"
    strong = await made(
        house.client, keys, {"name": "strong", "permissions": ["platform.manage", "ledger.approve"], **estate}
    )
    weak = await made(
        house.client,
        keys,
        {
            "name": "weak",
            "permissions": ["keys.manage", "units.read"],
            "expires_at": "2199-01-01T00:00:00Z",
            **estate,
        },
    )
    url = f"{keys}/{strong['api_key']['api_key_id']}/rotate"
    for token in (weak["secret"], house.persons["olga"].token):
        async with house.caller(token) as caller:
            answer = await caller.post(url, json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "beyond_own"), answer.text
    async with house.caller(weak["secret"]) as caller:
        for more in (
            {"permissions": ["ledger.approve"]},
            {"permissions": ["units.read", "roles.grant"]},
            {"permissions": ["units.read"], "estate_ids": [house.here.estate_id]},
            {"permissions": ["units.read"]},
            {"permissions": ["units.read"], "expires_at": "2199-01-02T00:00:00Z"},
        ):
            answer = await caller.post(keys, json={"name": "x", **estate, **more})
            assert answer.status_code == 403, (more, answer.text)
            assert answer.json()["code"] in ("beyond_own", "permission_missing")
        child = {"name": "child", "permissions": ["units.read"], "expires_at": "2198-01-01T00:00:00Z"}
        await made(caller, keys, {**child, **estate})
        # what is about persons is not for programs
        person = house.persons["ben"].person_id
        for method, path, body in (
            ("post", f"/api/v1/persons/{person}/impersonations", {"reason": "x"}),
            ("post", f"/api/v1/persons/{person}/tokens", {}),
            ("post", "/api/v1/invitations/accept", {"code": await house.invited()}),
            ("get", "/api/v1/me", None),
            ("get", "/api/v1/me/data", None),
            ("post", "/api/v1/me/data/erasure", {"reason": "x"}),
            ("get", f"/api/v1/persons/{person}/data", None),
            ("post", f"/api/v1/persons/{person}/erasure", {"reason": "x"}),
        ):
            answer = await caller.request(method, path, json=body)
            assert answer.status_code == 403, (path, answer.text)


async def test_nobody_exports_or_forgets_another_person(house: House) -> None:
    """Neither a neighbour nor the estate's agent nor the operator of another estate."""
    ben = house.persons["ben"].person_id
    before = house.state()
    for who in ("anna", "carla", "olga"):
        async with house.as_(who) as caller:
            for method, path in (
                ("get", f"/api/v1/persons/{ben}/data"),
                ("post", f"/api/v1/persons/{ben}/erasure"),
                ("delete", f"/api/v1/persons/{ben}/erasure"),
                ("get", f"/api/v1/persons/{ben}/consents"),
                ("post", f"/api/v1/persons/{ben}/consents"),
                ("post", f"/api/v1/persons/{ben}/second-factor/reset"),
                ("post", f"/api/v1/persons/{ben}/tokens"),
                ("post", f"/api/v1/persons/{ben}/impersonations"),
            ):
                body = {"reason": "x", "is_forced": True} if path.endswith("erasure") else None
                answer = await caller.request(method, path, json=body)
                assert answer.status_code in (403, 404, 422), (who, path, answer.text)
    assert house.state() == before


async def impersonating(house: House, who: str, *, by: str = "pat") -> str:
    """Look through somebody's eyes, and write; return the token."""
    async with house.as_(by) as support:
        path = f"/api/v1/persons/{house.persons[who].person_id}/impersonations"
        return (await made(support, path, {"reason": "ticket", "may_write": True}))["token"]


async def test_support_gets_nothing_through_anothers_eyes_that_lasts(house: House) -> None:
    """No keys, roles, passwords, factors, consents, erasures: nothing that would outlive the hour."""
    token = await impersonating(house, "olga")
    needs, before = needs_of(house.app), house.state()
    async with house.caller(token) as support:
        assert (await support.get(f"{house.there.base}/units")).status_code == 200
        for operation in api_operations_of(house.app):
            need = needs.get(operation.operation_id)
            of_oneself = operation.path.startswith("/api/v1/me") and operation.method != "get"
            if of_oneself or (need is not None and need.permission in NOT_BY_SUPPORT):
                answer = await operation.ask(support, estate_id=house.there.estate_id)
                # 422: a body that is no answer to a question is not looked at any further
                allowed = (403, 404, 422) if of_oneself else (403, 404)
                assert answer.status_code in allowed, (operation.operation_id, answer.text[:200])
        answer = await support.get("/api/v1/me/data")
        assert answer.json()["code"] == "read_only"
    assert house.state() == before
    async with house.as_("pat") as pat:
        another = await house.new_person("Other admin")
        role = {"person_id": another.person_id, "role": "platform_admin"}
        given = await made(pat, "/api/v1/role-grants", role)
        answer = await pat.post(
            f"/api/v1/persons/{another.person_id}/impersonations", json={"reason": "x", "may_write": True}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "not_to_be_impersonated")
        # who has lost the role looks no longer
        mine = await impersonating(house, "ben")
        (row,) = house.rows(
            "SELECT role_grant_id FROM role_grant WHERE person_id = %s", house.persons["pat"].person_id
        )
        async with house.caller(another.token) as other:
            assert (await other.delete(f"/api/v1/role-grants/{row[0]}")).status_code == 200
        async with house.caller(mine) as support:
            assert (await support.get("/api/v1/estates")).status_code == 401
        async with house.caller(another.token) as other:
            back = {"person_id": house.persons["pat"].person_id, "role": "platform_admin"}
            await made(other, "/api/v1/role-grants", back)
        await house.client.delete(f"/api/v1/role-grants/{given['role_grant_id']}")


async def test_two_people_are_two_people(house: House) -> None:
    """Above the limit nobody is both pairs of eyes: not by a key of one's own, nor through another's."""
    base = f"{house.there.base}/ledger"
    accounts = (await house.client.get(f"{house.there.base}/ledger/accounts")).json()["items"]
    account = next(each["account_id"] for each in accounts if "wallet" in str(each).lower())
    rule = {"adjustment_limit": "1.00", "clearing_due_hours": 72}
    assert (await house.client.put(f"{base}/rule", json=rule)).status_code == 200
    async with house.as_("olga") as olga:
        key_body = {
            "name": "own hand",
            "permissions": ["ledger.write", "ledger.approve", "ledger.read"],
            "estate_ids": [house.there.estate_id],
        }
        hand = (await made(olga, "/api/v1/api-keys", key_body))["secret"]
    through = await impersonating(house, "olga")
    asked: dict[str, str] = {"olga": house.persons["olga"].token, "hand": hand, "through": through}
    asked["pat"] = house.persons["pat"].token
    behind = {"olga": {"olga"}, "hand": {"olga"}, "through": {"olga", "pat"}, "pat": {"pat"}}
    for asking, token in asked.items():
        async with house.caller(token) as caller:
            body = {"account_id": account, "amount": "50.00", "reason": "goodwill"}
            made_one = await caller.post(f"{base}/adjustments", json=body, headers=key())
            assert made_one.status_code == 201, made_one.text
            assert made_one.json()["state"] == "waiting"
        path = f"{base}/adjustments/{made_one.json()['adjustment_id']}/decision"
        for deciding, other in asked.items():
            if not behind[asking] & behind[deciding]:
                continue
            async with house.caller(other) as caller:
                answer = await caller.post(path, json={"approve": True})
                refused = (answer.status_code, answer.json()["code"])
                assert refused in ((409, "second_person_needed"), (403, "permission_missing")), (
                    asking,
                    deciding,
                    answer.text,
                )
        if asking == "hand":
            async with house.as_("pat") as pat:
                assert (await pat.post(path, json={"approve": True})).json()["state"] == "approved"
