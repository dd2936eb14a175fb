"""What a group's wallets hold, lack and spend; and the entries of several wallets, newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .people import signed_in
from .place import made

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from .place import Place


async def second_home(client: httpx.AsyncClient, place: Place) -> int:
    """Install E2 in unit A2 and return its wallet."""
    (unit,) = (await made(client, f"{place.base}/units", {"names": ["A2"]}))["items"]
    body = {"unit_id": unit["unit_id"], "serial": "E2", "utility": "electricity"}
    await made(client, f"{place.base}/meters", body)
    return (await client.get(f"{place.base}/wallets")).json()["items"][1]["wallet_id"]


async def test_a_group_at_a_glance(
    app: FastAPI, client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    other = await second_home(client, place)
    now = datetime.now(UTC)
    at = [(now - timedelta(days=days)).isoformat(timespec="seconds") for days in (40, 5, 4, 3)]
    # 14 and 9 kilowatt-hours at 2.30: 32.20 and 20.70
    await place.send((at[0], "100"), (at[1], "100"), (at[2], "110"), (at[3], "114"))
    await place.send((at[0], "10"), (at[1], "10"), (at[2], "19"), meter="E2")
    owner = (await made(client, "/api/v1/persons", {"name": "Owner"}))["person_id"]
    group = await made(client, f"{place.base}/wallet-groups", {"name": "Home", "owner_person_id": owner})
    base = f"{place.base}/wallet-groups/{group['group_id']}"
    for wallet_id in (place.wallet_id, other):
        await made(client, f"{base}/members", {"wallet_id": wallet_id})
    paid = {"amount": "110.00", "method": "cash"}
    answer = await client.post(f"{base}/top-ups", json=paid, headers={"Idempotency-Key": "g1"})
    assert answer.status_code == 201, answer.text
    assert (await place.top_up(utility="electricity")).status_code == 201
    target = {"minimum": "10.00", "target": "150.00"}
    answer = await client.put(f"{place.base}/wallets/{place.wallet_id}/balance-target", json=target)
    assert answer.status_code == 200, answer.text
    path = f"{place.base}/wallet-groups/{group['group_id']}/summary"
    found = (await client.get(path)).json()
    one, two = found["wallets"]
    # 100 - 32.20; 67.80 * 28 / 32.20 is 58.9 days
    assert (one["name"], one["balance"]["amount"], one["spent"]["amount"]) == ("A1", "67.800000", "32.200000")
    assert (one["target"]["amount"], one["lacking"]["amount"], one["days_left"]) == (
        "150.000000",
        "82.200000",
        58,
    )
    assert (two["balance"]["amount"], two["target"], two["lacking"]["amount"]) == (
        "-20.700000",
        None,
        "0.000000",
    )
    assert two["days_left"] == 0
    assert (found["available"]["amount"], found["is_enough"]) == ("110.000000", True)
    assert found["total"] == {
        "balance": {"amount": "47.100000", "currency": "ZAR"},
        "lacking": {"amount": "82.200000", "currency": "ZAR"},
        "spent": {"amount": "52.900000", "currency": "ZAR"},
        "days_left": 24,
    }
    # the other has the target of the group's rule, and then there is not enough: 82.20 and 50.70
    rule = {"is_on": True, "threshold": "0.00", "target": "30.00"}
    assert (await client.put(f"{base}/distribution-rule", json=rule)).status_code == 200
    later = (await client.get(path)).json()
    assert [each["lacking"]["amount"] for each in later["wallets"]] == ["82.200000", "50.700000"]
    assert later["is_enough"] is False
    # its owner sees it, somebody who may look at one of the wallets does not
    token = await client.post(f"/api/v1/persons/{owner}/tokens")
    async with signed_in(app, token.json()["token"]) as caller:
        answer = await caller.get(path)
        assert answer.status_code == 200, answer.text
        assert [each["wallet_id"] for each in answer.json()["wallets"]] == [place.wallet_id, other]
        assert answer.json()["available"] == found["available"]
    assert (await member.get(path)).status_code == 404


async def test_transactions_of_many_accounts_come_newest_first(
    client: httpx.AsyncClient, place: Place
) -> None:
    other = await second_home(client, place)
    for number, wallet_id in enumerate([place.wallet_id, other, other, place.wallet_id, other]):
        answer = await client.post(
            f"{place.base}/wallets/{wallet_id}/top-ups",
            json={"amount": f"{number + 1}.00", "method": "cash", "utility": "electricity"},
            headers={"Idempotency-Key": f"t{number}"},
        )
        assert answer.status_code == 201, answer.text
    # what one charge books on both is told by account
    await place.send(("2025-03-01T00:00:00Z", "1"), ("2025-03-02T00:00:00Z", "8"))
    path = f"{place.base}/transactions"

    async def amounts(**query: Any) -> list[str]:
        found: list[str] = []
        before: dict[str, str] = {}
        while True:
            page = (await client.get(path, params={**query, **before})).json()
            found += [each["amount"]["amount"].removesuffix(".000000") for each in page["items"]]
            if page["next"] is None:
                return found
            before = {"before": page["next"]}

    every = ["-16.100000", "5", "4", "3", "2", "1"]
    for limit in (1, 2, 3, 100):
        assert await amounts(limit=limit) == every
        assert await amounts(limit=limit, kind="top_up") == every[1:]
        assert await amounts(limit=limit, amount_min="2.00", amount_max="4.00") == ["4", "3", "2"]
