"""A wallet's rules and orders over HTTP: who may, what is answered, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .people import signed_in
from .place import made

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI

    from .place import Place

CUTTING = {"is_cutting": True, "low_line": "20.00", "cut_line": "0.00", "restore_line": "10.00"}
SOON = "2199-01-01T00:00:00Z"


def zar(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "ZAR"}


@pytest.fixture
async def manager(app: FastAPI, client: httpx.AsyncClient, place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """A person who manages the place's wallet."""
    person = await made(client, "/api/v1/persons", {"name": "Manager"})
    path = f"{place.base}/wallets/{place.wallet_id}/grants"
    await made(client, path, {"person_id": person["person_id"], "right": "manage"})
    answer = await client.post(f"/api/v1/persons/{person['person_id']}/tokens")
    async with signed_in(app, answer.json()["token"]) as caller:
        yield caller


async def order(
    client: httpx.AsyncClient, place: Place, what: str, body: dict[str, Any], *, key: str = "k"
) -> httpx.Response:
    path = f"{place.base}/wallets/{place.wallet_id}/{what}"
    return await client.post(path, json=body, headers={"Idempotency-Key": key})


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def wallet(client: httpx.AsyncClient, place: Place) -> dict[str, str]:
    found = (await client.get(f"{place.base}/wallets/{place.wallet_id}")).json()
    balances = {each["utility"]: each["balance"]["amount"] for each in found["balances"]}
    return {**balances, "general": found["general"]["balance"]["amount"]}


# ── allocation ──


async def test_an_allocation_is_set_chosen_and_followed(
    client: httpx.AsyncClient, manager: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    rule, mine = f"{place.base}/allocation-rule", f"{place.base}/wallets/{place.wallet_id}/allocation"
    default = {"kind": None, "shares": {}, "residents_may_choose": False, "cover": zar("100.000000")}
    assert (await client.get(rule)).json() == default
    assert refusal(await manager.put(mine, json={"kind": "general"})) == (409, "choice_not_offered")

    body = {"kind": "percentages", "shares": {"electricity": "33.3"}, "residents_may_choose": True}
    shown = {**body, "shares": {"electricity": "33.30"}, "cover": zar("100.000000")}
    answer = await client.put(rule, json=body)
    assert (answer.status_code, answer.json()) == (200, shown)
    assert (await member.get(rule)).json() == shown
    assert refusal(await manager.put(rule, json=body)) == (403, "permission_missing")

    topped_up = (await place.top_up("a")).json()
    assert topped_up["parts"] == [
        {"utility": "electricity", "amount": zar("33.300000")},
        {"utility": "general", "amount": zar("66.700000")},
    ]
    assert (topped_up["repaid"], topped_up["recovered"]) == (zar("0.000000"), zar("0.000000"))
    assert topped_up["balance"] == zar("66.700000")

    assert refusal(await member.put(mine, json={"kind": "general"})) == (403, "right_missing")
    chosen = await manager.put(mine, json={"kind": "general"})
    expected = {"kind": "general", "shares": {}, "is_chosen": True, "residents_may_choose": True}
    assert (chosen.status_code, chosen.json()) == (200, expected)
    assert (await member.get(mine)).json() == expected
    await place.top_up("b")
    assert await wallet(client, place) == {"electricity": "33.300000", "general": "166.700000"}
    entries = await member.get(
        f"{place.base}/wallets/{place.wallet_id}/entries", params={"utility": "general"}
    )
    assert [each["amount"]["amount"] for each in entries.json()["items"]] == ["100.000000", "66.700000"]


BAD_RULES: list[dict[str, Any]] = [
    {"kind": "wishes"},
    {"kind": "percentages"},
    {"kind": "general", "shares": {"water": "5"}},
    {"kind": "percentages", "shares": {"water": "60", "gas": "40.01"}},
    {"kind": "percentages", "shares": {"steam": "5"}},
    {"kind": "percentages", "shares": {"general": "5"}},
    {"kind": "percentages", "shares": {"water": "0"}},
    {"kind": "percentages", "shares": {"water": "-5"}},
    {"kind": "percentages", "shares": {"water": "5.001"}},
    {"kind": "percentages", "shares": {"water": 5}},
    {"kind": "general", "cover": "-1"},
]


async def test_rules_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    for bad in BAD_RULES:
        answer = await client.put(
            f"{place.base}/allocation-rule", json={"residents_may_choose": False, **bad}
        )
        assert refusal(answer) == (422, "invalid"), bad
    assert (await client.get(f"{place.base}/allocation-rule")).json()["kind"] is None


# ── transfers and pay-outs ──


async def test_money_moves_once_per_key_and_never_below_nothing(
    client: httpx.AsyncClient, manager: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    await place.top_up("a")
    body = {
        "from_utility": "electricity",
        "to": {"utility": "general"},
        "amount": "40.00",
        "memo": "To general",
    }
    first = await order(manager, place, "transfers", body)
    again = await order(manager, place, "transfers", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["balance"] == zar("60.000000")
    assert again.json() == {**first.json(), "is_repeat": True}
    assert await wallet(client, place) == {"electricity": "60.000000", "general": "40.000000"}

    more = await order(manager, place, "transfers", {**body, "amount": "60.01"}, key="more")
    assert refusal(more) == (409, "not_enough")
    assert refusal(await order(manager, place, "transfers", {**body, "amount": "41.00"})) == (
        409,
        "idempotency_key_reused",
    )
    assert refusal(await order(member, place, "transfers", body, key="m")) == (403, "right_missing")
    nowhere = {**body, "to": {"utility": "water"}}
    assert refusal(await order(manager, place, "transfers", nowhere, key="w")) == (
        409,
        "utility_not_in_wallet",
    )
    same = {**body, "to": {"utility": "electricity"}}
    assert refusal(await order(manager, place, "transfers", same, key="s")) == (422, "invalid")
    far = {**body, "to": {"wallet_id": place.wallet_id + 1, "utility": "general"}}
    assert refusal(await order(manager, place, "transfers", far, key="f")) == (404, "not_found")
    # what was refused has not used the key up
    assert (await order(manager, place, "transfers", body, key="more")).status_code == 201


async def test_staff_pays_out(client: httpx.AsyncClient, manager: httpx.AsyncClient, place: Place) -> None:
    await place.top_up("a")
    body = {"utility": "electricity", "amount": "99.99", "memo": "Moved out"}
    assert refusal(await order(manager, place, "pay-outs", body)) == (403, "permission_missing")
    paid = await order(client, place, "pay-outs", body)
    assert (paid.status_code, paid.json()["balance"]) == (201, zar("0.010000"))
    assert (await order(client, place, "pay-outs", body)).status_code == 200
    assert refusal(await order(client, place, "pay-outs", body, key="b")) == (409, "not_enough")


# ── promotions ──


async def test_promotional_credit_and_what_is_left_of_it(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    body = {"amount": "25.00", "expires_at": SOON, "reason": "Welcome"}
    first = await order(client, place, "promotions", body)
    again = await order(client, place, "promotions", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    await place.send(("2025-03-01T00:00:00Z", "100"), ("2025-03-01T01:00:00Z", "104"))
    (shown,) = (await member.get(f"{place.base}/wallets/{place.wallet_id}/promotions")).json()["items"]
    # 4 kWh at 2.00 and 15 %
    assert (shown["spent"], shown["remaining"]) == (zar("9.200000"), zar("15.800000"))
    assert shown == {**first.json(), "spent": zar("9.200000"), "remaining": zar("15.800000")}

    for change, expected in (
        ({"expires_at": "2025-01-01T00:00:00Z"}, (422, "invalid")),
        ({"amount": "0"}, (422, "invalid")),
        ({"reason": " "}, (422, "invalid")),
        ({"utility": "general"}, (422, "invalid")),
        ({"utility": "water"}, (409, "utility_not_in_wallet")),
    ):
        answer = await order(client, place, "promotions", {**body, **change}, key="bad")
        assert refusal(answer) == expected, change
    assert refusal(await order(member, place, "promotions", body, key="m")) == (403, "permission_missing")


# ── emergency credit and debt ──


async def test_emergency_credit_is_drawn_by_who_may(
    client: httpx.AsyncClient, manager: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    rule = f"{place.base}/emergency-rule"
    assert (await member.get(rule)).json() == {"is_on": False, "amount": zar("0.000000"), "who": "staff"}
    assert refusal(await order(client, place, "emergency-draws", {})) == (409, "no_emergency_credit")
    await client.put(rule, json={"is_on": True, "amount": "30.00", "who": "staff"})
    assert refusal(await order(client, place, "emergency-draws", {})) == (409, "balance_not_low")
    await client.put(f"{place.base}/credit-rules/electricity", json=CUTTING)
    assert refusal(await order(manager, place, "emergency-draws", {})) == (403, "permission_missing")
    await client.put(rule, json={"is_on": True, "amount": "30.00", "who": "manage"})
    assert refusal(await order(member, place, "emergency-draws", {})) == (403, "right_missing")

    drawn = await order(manager, place, "emergency-draws", {})
    assert (drawn.status_code, drawn.json()["amount"], drawn.json()["balance"]) == (
        201,
        zar("30.000000"),
        zar("30.000000"),
    )
    assert (await order(manager, place, "emergency-draws", {})).status_code == 200
    assert refusal(await order(manager, place, "emergency-draws", {}, key="b")) == (
        409,
        "no_emergency_credit",
    )
    owed = (await member.get(f"{place.base}/wallets/{place.wallet_id}/debts")).json()
    assert owed == {"emergency": zar("30.000000"), "debt": zar("0.000000"), "plans": []}
    topped_up = (await place.top_up("a")).json()
    assert topped_up["repaid"] == zar("30.000000")
    assert topped_up["parts"] == [{"utility": "electricity", "amount": zar("70.000000")}]


async def test_arrears_are_set_aside_and_recovered(
    client: httpx.AsyncClient, manager: httpx.AsyncClient, place: Place
) -> None:
    await place.send(("2025-03-01T00:00:00Z", "100"), ("2025-03-01T01:00:00Z", "110"))  # 23.00
    body = {"percent_of_top_ups": 20, "utility": "electricity"}
    assert refusal(await order(manager, place, "debt-plans", body)) == (403, "permission_missing")
    more = await order(client, place, "debt-plans", {**body, "amount": "23.01"})
    assert refusal(more) == (409, "not_in_arrears")
    first = await order(client, place, "debt-plans", body)
    assert (first.status_code, first.json()["debt"]) == (201, zar("23.000000"))
    assert [plan["percent_of_top_ups"] for plan in first.json()["plans"]] == [20]
    assert (await order(client, place, "debt-plans", body)).status_code == 200
    topped_up = (await place.top_up("a")).json()
    assert topped_up["recovered"] == zar("20.000000")
    owed = (await manager.get(f"{place.base}/wallets/{place.wallet_id}/debts")).json()
    assert owed["debt"] == zar("3.000000")
    for bad in (0, 101, 1.5):
        answer = await order(client, place, "debt-plans", {**body, "percent_of_top_ups": bad}, key="bad")
        assert refusal(answer) == (422, "invalid"), bad


# ── targets ──


async def test_a_target_asks_for_a_top_up(
    client: httpx.AsyncClient, manager: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    path = f"{place.base}/wallets/{place.wallet_id}"
    assert (await member.get(f"{path}/balance-target")).json() == {
        "is_on": False,
        "minimum": None,
        "target": None,
    }
    body = {"minimum": "50.00", "target": "200.00"}
    assert refusal(await member.put(f"{path}/balance-target", json=body)) == (403, "right_missing")
    answer = await manager.put(f"{path}/balance-target", json=body)
    assert answer.json() == {"is_on": True, "minimum": zar("50.000000"), "target": zar("200.000000")}
    (asked,) = (await member.get(f"{path}/top-up-requests", params={"state": "open"})).json()["items"]
    assert (asked["amount"], asked["state"], asked["ended_at"]) == (zar("200.000000"), "open", None)
    await place.top_up("a")
    assert (await member.get(f"{path}/top-up-requests", params={"state": "open"})).json()["items"] == []
    (met,) = (await member.get(f"{path}/top-up-requests")).json()["items"]
    assert met["state"] == "met"
    worse = await manager.put(f"{path}/balance-target", json={"minimum": "50.00", "target": "49.99"})
    assert refusal(worse) == (422, "invalid")


# ── a unit's general account ──


async def test_a_unit_shows_what_its_general_account_holds(place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}"
    before = (await place.client.get(path)).json()["general"]
    assert before in (None, zar("0.000000"))
    await place.top_up("a", utility="general", amount="1234.50")
    unit = (await place.client.get(path)).json()
    assert unit["general"] == zar("1234.500000")
    assert [each["utility"] for each in unit["utilities"]] == ["electricity"]
