"""Persons over HTTP: their tokens, the access they get, what they see, the groups they own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mita.identity import queries as identity_queries
from mita.identity.operations import replace_token

from .people import person_token, signed_in
from .place import made

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def invited(client: httpx.AsyncClient, place: Place, **body: Any) -> str:
    """Invite somebody; return the code."""
    answer = await made(
        client,
        f"{place.base}/wallets/{place.wallet_id}/invitations",
        {"email": "x@example.com", "right": "manage", **body},
    )
    return answer["code"]


@pytest.fixture
async def manager(app: FastAPI, client: httpx.AsyncClient, place: Place):
    """A person who manages the place's wallet, by an invitation."""
    async with signed_in(app, await person_token(client, "Manager")) as caller:
        answer = await caller.post("/api/v1/invitations/accept", json={"code": await invited(client, place)})
        assert answer.status_code == 200, answer.text
        yield caller


# ── persons and tokens ──


async def test_a_person_is_made_and_listed(client: httpx.AsyncClient) -> None:
    body = {"name": "Thandi Mokoena", "email": "Thandi@example.com", "phone": "+27 82 555 0101"}
    person = await made(client, "/api/v1/persons", body)
    assert {key: person[key] for key in body} == body
    second = await made(client, "/api/v1/persons", {"name": "Thandi Mokoena"})
    answer = await client.post("/api/v1/persons", json={"name": "X", "email": "thandi@EXAMPLE.com"})
    assert refused(answer) == (409, "email_taken")
    listed = (await client.get("/api/v1/persons", params={"limit": 1})).json()
    assert listed == {"items": [person], "next": person["person_id"]}
    listed = (await client.get("/api/v1/persons", params={"after_id": listed["next"]})).json()
    assert listed == {"items": [second], "next": None}


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "X", "email": "no address"},
        {"name": "X", "email": "a@b@c"},
        {"name": "X", "phone": "call me"},
        {"name": "X", "phone": ""},
        {"name": "X\x00"},
    ],
)
async def test_a_person_that_cannot_be(client: httpx.AsyncClient, body: Any) -> None:
    assert refused(await client.post("/api/v1/persons", json=body)) == (422, "invalid")


async def test_a_new_token_takes_the_place_of_the_one_before(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    person = await made(client, "/api/v1/persons", {"name": "P"})
    tokens = [
        (await client.post(f"/api/v1/persons/{person['person_id']}/tokens")).json()["token"] for _ in "12"
    ]
    async with signed_in(app, tokens[0]) as old, signed_in(app, tokens[1]) as new:
        assert refused(await old.get("/api/v1/estates")) == (401, "unauthorized")
        assert (await new.get("/api/v1/estates")).json() == {"items": [], "next": None}


async def test_a_person_called_like_staff_is_not_staff(
    app: FastAPI, client: httpx.AsyncClient, database: Database, place: Place
) -> None:
    token = await person_token(client, "console")
    async with signed_in(app, token) as person:
        assert refused(await person.get("/api/v1/persons")) == (403, "permission_missing")
    # and staff's next token does not end the person's
    async with database.unit_of_work(estates=[]) as session:
        now = (await identity_queries.person(session, person_id=1)).created_at
        await replace_token(session, name="console", token="mita_other", now=now)
        found = await identity_queries.principal_of_token(session, token=token)
    assert found is not None
    assert (found.person_id, found.actor) == (1, "person:1")


async def test_a_person_does_not_hear_of_every_estate(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with signed_in(app, await person_token(client, "P")) as person:
        assert refused(await person.get("/live")) == (403, "permission_missing")


# ── what a person sees ──


async def test_a_person_sees_what_is_theirs_and_nothing_else(
    app: FastAPI, client: httpx.AsyncClient, place: Place, manager: httpx.AsyncClient
) -> None:
    (other,) = (await made(client, f"{place.base}/units", {"names": ["B1"]}))["items"]
    meter = {"unit_id": other["unit_id"], "serial": "E2", "utility": "electricity"}
    await made(client, f"{place.base}/meters", meter)
    await made(
        client, "/api/v1/estates", {"name": "Oak", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
    )
    assert len((await client.get("/api/v1/estates")).json()["items"]) == 2
    assert len((await client.get(f"{place.base}/wallets")).json()["items"]) == 2

    estates = (await manager.get("/api/v1/estates")).json()["items"]
    assert [each["estate_id"] for each in estates] == [place.estate_id]
    wallets = (await manager.get(f"{place.base}/wallets")).json()["items"]
    assert [each["wallet_id"] for each in wallets] == [place.wallet_id]
    assert refused(await manager.get(f"{place.base}/wallets/{place.wallet_id + 1}")) == (404, "not_found")
    entries = f"{place.base}/wallets/{{}}/entries?utility=electricity"
    assert (await manager.get(entries.format(place.wallet_id))).status_code == 200
    assert refused(await manager.get(entries.format(place.wallet_id + 1))) == (404, "not_found")
    assert refused(await manager.get("/api/v1/estates/2")) == (404, "not_found")
    units = (await manager.get(f"{place.base}/units")).json()["items"]
    assert [each["unit_id"] for each in units] == [place.unit_id]
    assert refused(await manager.get(f"{place.base}/rate-tables")) == (403, "permission_missing")


async def test_who_only_looks_changes_nothing(member: httpx.AsyncClient, place: Place) -> None:
    base = f"{place.base}/wallets/{place.wallet_id}"
    assert (await member.get(base)).status_code == 200
    bodies = {"grants": {"person_id": 1, "right": "view"}, "invitations": {"email": "x@y.z", "right": "view"}}
    for path, body in bodies.items():
        assert refused(await member.post(f"{base}/{path}", json=body)) == (403, "right_missing")
    for path in ("access-events", "invitations"):
        assert refused(await member.get(f"{base}/{path}")) == (403, "right_missing")
    receipt = {"amount": "5", "method": "cash"}
    answer = await member.post(f"{base}/top-ups", json=receipt, headers={"Idempotency-Key": "k"})
    assert refused(answer) == (403, "permission_missing")


# ── grants, invitations, the trail ──


async def test_access_is_given_changed_and_revoked(
    app: FastAPI, client: httpx.AsyncClient, place: Place, manager: httpx.AsyncClient
) -> None:
    base = f"{place.base}/wallets/{place.wallet_id}"
    son = await made(client, f"{place.base}/people", {"name": "Son"})
    body = {"person_id": son["person_id"], "right": "top_up", "top_up_limit": "500.00"}
    grant = await made(manager, f"{base}/grants", body)
    assert (grant["right"], grant["top_up_limit"]) == ("top_up", {"amount": "500.000000", "currency": "ZAR"})
    assert grant["hears"] == [
        "low_balance",
        "balance_out",
        "spend_warning",
        "spend_reached",
        "rate_change",
        "reading_due",
    ]
    assert grant["granted_by"] == "person:1"
    assert refused(await manager.post(f"{base}/grants", json=body)) == (409, "access_exists")
    answer = await manager.put(f"{base}/grants/{grant['grant_id']}", json={"right": "view", "hears": []})
    assert (answer.json()["right"], answer.json()["top_up_limit"]) == ("view", None)
    assert answer.json()["hears"] == []
    assert len((await client.get(f"{base}/grants")).json()["items"]) == 2
    token = (await client.post(f"/api/v1/persons/{son['person_id']}/tokens")).json()["token"]
    async with signed_in(app, token) as asking:
        mine = (await asking.get(f"{base}/grants")).json()["items"]
        assert [each["grant_id"] for each in mine] == [grant["grant_id"]]
        answer = await manager.delete(f"{base}/grants/{grant['grant_id']}")
        assert answer.json()["revoked_at"] is not None
        assert refused(await asking.get(base)) == (404, "not_found")
    answer = await manager.delete(f"{base}/grants/{grant['grant_id']}")
    assert refused(answer) == (404, "not_found")

    trail = (await manager.get(f"{base}/access-events", params={"limit": 3})).json()
    assert [(each["kind"], each["actor"]) for each in trail["items"]] == [
        ("revoked", "person:1"),
        ("changed", "person:1"),
        ("granted", "person:1"),
    ]
    assert trail["items"][1]["old"]["top_up_limit"]["amount"] == "500.000000"
    rest = (await manager.get(f"{base}/access-events", params={"before": trail["next"]})).json()
    assert [(each["kind"], each["actor"]) for each in rest["items"]] == [
        ("granted", "staff:console"),
        ("invited", "staff:console"),
    ]


BAD_ACCESS: list[Any] = [
    {"right": "own"},
    {"right": "view", "top_up_limit": "0"},
    {"right": "view", "top_up_limit": "-5"},
    {"right": "view", "top_up_limit": 5},
    {"right": "view", "hears": ["gossip"]},
    {"right": "view", "hears": ["low_balance"] * 100},
    {"right": "view", "person_id": 0},
    {"right": "view", "person_id": 2**63},
]


async def test_access_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    person = await made(client, "/api/v1/persons", {"name": "P"})
    for body in BAD_ACCESS:
        answer = await client.post(
            f"{place.base}/wallets/{place.wallet_id}/grants",
            json={"person_id": person["person_id"], **body},
        )
        assert refused(answer) == (422, "invalid"), body
    answer = await client.post(
        f"{place.base}/wallets/{place.wallet_id}/grants", json={"person_id": 10**9, "right": "view"}
    )
    assert refused(answer) == (404, "not_found")


async def test_an_invitation_is_accepted_once(app: FastAPI, client: httpx.AsyncClient, place: Place) -> None:
    base = f"{place.base}/wallets/{place.wallet_id}"
    code = await invited(client, place, right="view")
    (listed,) = (await client.get(f"{base}/invitations")).json()["items"]
    assert "code" not in listed
    accept = "/api/v1/invitations/accept"
    assert refused(await client.post(accept, json={"code": code})) == (403, "persons_only")
    async with (
        signed_in(app, await person_token(client, "One")) as one,
        signed_in(app, await person_token(client, "Two")) as two,
    ):
        for wrong in (
            "x",
            code[:-1] + ("A" if code[-1] != "A" else "B"),
            code.replace("1.", "2.", 1),
            "9" * 200,
        ):
            assert refused(await one.post(accept, json={"code": wrong})) == (404, "not_found"), wrong
        first = await one.post(accept, json={"code": code})
        again = await one.post(accept, json={"code": code})
        assert first.json() == again.json()
        assert (first.status_code, first.json()["right"]) == (200, "view")
        assert refused(await two.post(accept, json={"code": code})) == (409, "invitation_over")
    assert (await client.get(f"{base}/invitations")).json()["items"] == []
    answer = await client.delete(f"{base}/invitations/{listed['invitation_id']}")
    assert refused(answer) == (409, "invitation_over")


# ── alerts ──


async def test_a_persons_alerts_are_theirs(
    client: httpx.AsyncClient, place: Place, manager: httpx.AsyncClient, member: httpx.AsyncClient
) -> None:
    rule = {"is_cutting": True, "low_line": "50.00", "cut_line": "0.00", "restore_line": "10.00"}
    await place.top_up()
    await client.put(f"{place.base}/credit-rules/electricity", json=rule)
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T03:00:00Z", "30"))
    path = f"{place.base}/alerts"
    seen_by_staff = (await client.get(path)).json()["items"]
    assert sorted(each["person_id"] for each in seen_by_staff) == [1, 2]
    (mine,) = (await manager.get(path)).json()["items"]
    # 100.00 less 30 kWh at 2.30
    assert mine["sentence"] == "The electricity balance of A1 is low: 31.00 ZAR."
    assert (mine["kind"], mine["subject"]) == ("low_balance", f"wallet:{place.wallet_id}:electricity")
    assert refused(await member.post(f"{path}/{mine['alert_id']}/seen")) == (404, "not_found")
    seen = (await manager.post(f"{path}/{mine['alert_id']}/seen")).json()
    assert (await manager.post(f"{path}/{mine['alert_id']}/seen")).json() == seen
    assert seen["seen_at"] is not None
    await place.top_up("k2")
    assert (await manager.get(path, params={"is_open": True})).json()["items"] == []
    (over,) = (await manager.get(path, params={"is_open": False})).json()["items"]
    assert over["resolved_at"] is not None


# ── groups ──


async def test_a_person_pays_for_the_wallets_they_manage(
    client: httpx.AsyncClient, place: Place, manager: httpx.AsyncClient, member: httpx.AsyncClient
) -> None:
    groups = f"{place.base}/wallet-groups"
    group = await made(manager, groups, {"name": "The Mokoenas"})
    path = f"{groups}/{group['group_id']}"
    assert group["owner_person_id"] == 1
    assert group["members"] == []
    joined = await made(manager, f"{path}/members", {"wallet_id": place.wallet_id})
    nothing = {"amount": "0.000000", "currency": "ZAR"}
    assert joined["members"] == [{"wallet_id": place.wallet_id, "balance": nothing}]
    # another group, another person
    other = await made(member, groups, {"name": "Theirs"})
    answer = await client.post(f"{groups}/{other['group_id']}/members", json={"wallet_id": place.wallet_id})
    assert refused(answer) == (409, "wallet_in_group")
    answer = await member.post(f"{groups}/{other['group_id']}/members", json={"wallet_id": place.wallet_id})
    assert refused(answer) == (403, "right_missing")
    assert refused(await member.get(path)) == (404, "not_found")
    assert [each["name"] for each in (await member.get(groups)).json()["items"]] == ["Theirs"]
    assert len((await client.get(groups)).json()["items"]) == 2

    # staff books what the owner paid
    receipt = {"amount": "300.00", "method": "eft", "reference": "R 7"}
    answer = await manager.post(f"{path}/top-ups", json=receipt, headers={"Idempotency-Key": "t1"})
    assert refused(answer) == (403, "permission_missing")
    for status in (201, 200):
        answer = await client.post(f"{path}/top-ups", json=receipt, headers={"Idempotency-Key": "t1"})
        assert (answer.status_code, answer.json()["balance"]["amount"]) == (status, "300.000000")

    # a preview, the distribution, a repeat of it
    asked = {"way": "need", "target": "120.00"}
    shown = await manager.post(
        f"{path}/distributions?preview=true", json=asked, headers={"Idempotency-Key": "d1"}
    )
    assert (shown.status_code, shown.json()["journal_id"]) == (200, None)
    for status in (201, 200):
        answer = await manager.post(f"{path}/distributions", json=asked, headers={"Idempotency-Key": "d1"})
        assert answer.status_code == status
        assert answer.json()["parts"] == shown.json()["parts"]
        assert answer.json()["total"] == {"amount": "120.000000", "currency": "ZAR"}
    assert await place.balance() == "120.000000"
    now = (await manager.get(path)).json()
    assert (now["balance"]["amount"], now["total"]["amount"]) == ("180.000000", "300.000000")

    rule = {"is_on": True, "threshold": "50.00", "target": "150.00"}
    answer = await manager.put(f"{path}/distribution-rule", json=rule)
    assert answer.json()["target"] == {"amount": "150.000000", "currency": "ZAR"}
    assert (await manager.get(path)).json()["distribution_rule"] == answer.json()
    left = await manager.delete(f"{path}/members/{place.wallet_id}")
    assert left.status_code == 200
    assert (await manager.get(path)).json()["members"] == []


BAD_DISTRIBUTIONS: list[Any] = [
    ({"way": "fair"}, "body.way"),
    ({"way": "need"}, "body.target"),
    ({"way": "equal", "target": "5"}, "body.target"),
    ({"way": "equal", "total": "0"}, "body.total"),
    ({"way": "percent"}, "body.percents"),
    ({"way": "amounts"}, "body.amounts"),
    ({"way": "percent", "percents": [{"wallet_id": 1, "percent": "100.01"}]}, "body.percents"),
    ({"way": "percent", "percents": [{"wallet_id": 1, "percent": "0"}]}, "body.percents"),
    ({"way": "percent", "percents": [{"wallet_id": 1, "percent": "1.001"}]}, "body.percents.0.percent"),
    ({"way": "percent", "percents": [{"wallet_id": 1, "percent": "1"}] * 2}, "body.percents"),
    ({"way": "percent", "amounts": [{"wallet_id": 1, "amount": "1"}]}, "body.way"),
    ({"way": "amounts", "amounts": [{"wallet_id": 99, "amount": "1"}]}, "body.amounts"),
]


async def test_a_distribution_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    group = await made(client, f"{place.base}/wallet-groups", {"name": "G"})
    path = f"{place.base}/wallet-groups/{group['group_id']}"
    await made(client, f"{path}/members", {"wallet_id": place.wallet_id})
    receipt = {"amount": "300.00", "method": "cash"}
    await client.post(f"{path}/top-ups", json=receipt, headers={"Idempotency-Key": "t1"})
    for body, at in BAD_DISTRIBUTIONS:
        answer = await client.post(f"{path}/distributions", json=body, headers={"Idempotency-Key": "d1"})
        assert refused(answer) == (422, "invalid"), body
        assert [each["path"] for each in answer.json()["problems"]] == [at], body
    asked = {"way": "equal", "total": "300.000001"}
    answer = await client.post(f"{path}/distributions", json=asked, headers={"Idempotency-Key": "d1"})
    assert refused(answer) == (409, "not_enough")
    await client.post(f"{path}/distributions", json={"way": "equal"}, headers={"Idempotency-Key": "d2"})
    answer = await client.post(
        f"{path}/distributions", json={"way": "equal"}, headers={"Idempotency-Key": "d3"}
    )
    assert refused(answer) == (409, "nothing_to_distribute")
    answer = await client.put(
        f"{path}/distribution-rule", json={"is_on": True, "threshold": "5", "target": "4.99"}
    )
    assert refused(answer) == (422, "invalid")


async def test_a_person_owns_what_it_makes(
    app: FastAPI, client: httpx.AsyncClient, place: Place, member: httpx.AsyncClient
) -> None:
    person = await made(client, "/api/v1/persons", {"name": "Other"})
    body = {"name": "G", "owner_person_id": person["person_id"]}
    assert refused(await member.post(f"{place.base}/wallet-groups", json=body)) == (422, "invalid")
    group = await made(client, f"{place.base}/wallet-groups", body)
    assert group["owner_person_id"] == person["person_id"]
    answer = await client.post(f"{place.base}/wallet-groups", json={"name": "G", "owner_person_id": 10**9})
    assert refused(answer) == (404, "not_found")
    # whoever may read wallets sees the groups of others, and changes none of them
    auditor = await made(client, f"{place.base}/people", {"name": "Auditor"})
    role = {"person_id": auditor["person_id"], "role": "auditor"}
    await made(client, f"{place.base}/role-grants", role)
    token = (await client.post(f"/api/v1/persons/{auditor['person_id']}/tokens")).json()["token"]
    async with signed_in(app, token) as reader:
        (seen,) = (await reader.get(f"{place.base}/wallet-groups")).json()["items"]
        path = f"{place.base}/wallet-groups/{group['group_id']}"
        assert seen == (await reader.get(path)).json()
        refusal = await reader.post(f"{path}/members", json={"wallet_id": place.wallet_id})
        assert refused(refusal) == (403, "permission_missing")
    assert (await member.get(f"{place.base}/wallet-groups")).json()["items"] == []
