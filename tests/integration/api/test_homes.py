"""Homes: what somebody has access to at one glance, in one question for each estate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mita.entrypoints.api import create_app
from tests.integration.api.people import signed_in
from tests.integration.api.place import made
from tests.integration.api.test_group_summary import second_home

RULE = {"is_cutting": True, "low_line": "50", "cut_line": "-10", "restore_line": "10"}


def _days_ago(days):
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")


async def _person(client, name="Nomsa"):
    person = await made(client, "/api/v1/persons", {"name": name})
    answer = await client.post(f"/api/v1/persons/{person['person_id']}/tokens")
    assert answer.status_code == 201, answer.text
    return person["person_id"], answer.json()["token"]


async def _homes(caller, place, **asked):
    answer = await caller.get(f"{place.base}/homes", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_a_home_of_two_days_lasts_by_those_two(app, client, place):
    today = datetime.now(ZoneInfo("Africa/Johannesburg")).replace(hour=0, minute=0, second=0, microsecond=0)
    read = [(today - timedelta(hours=hours)).isoformat() for hours in (48, 24, 1)]
    # 8 kilowatt-hours in two days at 2.30: 9.20 a day
    await place.send((read[0], "100"), (read[1], "103"), (read[2], "108"))
    await place.top_up(amount="64.40", utility="electricity")
    (home,) = await _homes(client, place)
    assert (home["balance"]["amount"], home["spent_per_day"]["amount"]) == ("46.000000", "9.200000")
    assert home["days_left"] == 5
    path = f"{place.base}/wallets/{place.wallet_id}/spending-summary"
    span = {"from": str(today.date()), "to": str(today.date() + timedelta(days=1))}
    lasts = (await client.get(path, params=span)).json()["lasts"]
    assert (lasts["days"], lasts["days_counted"]) == (5, 2)
    low = {"is_cutting": False, "low_line": "50", "cut_line": "-10", "restore_line": "10"}
    assert (await client.put(f"{place.base}/credit-rules/electricity", json=low)).status_code == 200
    (row,) = (await client.get(f"{place.base}/reports/low-credit")).json()["items"]
    assert row["days_left"] == 5


async def test_a_home_says_what_is_left_how_long_and_what_is_on(app, client, place):
    person_id, token = await _person(client)
    grant = {"person_id": person_id, "right": "manage"}
    await made(client, f"{place.base}/wallets/{place.wallet_id}/grants", grant)
    # 28 kilowatt-hours in 28 days, at 2.00 and 15 % tax: 2.30 a day
    await place.send((_days_ago(40), "100"), (_days_ago(2), "128"))
    await place.top_up(amount="87.40", utility="electricity")
    async with signed_in(app, token) as caller:
        (home,) = await _homes(caller, place)
        assert (home["name"], home["right"], home["top_up_limit"]) == ("A1", "manage", None)
        assert home["balance"] == {"amount": "23.000000", "currency": "ZAR"}
        assert (home["spent_per_day"]["amount"], home["days_left"]) == ("2.300000", 10)
        assert (home["standing"], home["spend_limit"], home["group_id"]) == ("in_credit", None, None)
        assert [(each["utility"], each["is_on"]) for each in home["supplies"]] == [("electricity", True)]
        answer = await client.put(f"{place.base}/credit-rules/electricity", json=RULE)
        assert answer.status_code == 200, answer.text
        limit = {"daily": None, "monthly": "500.00"}
        answer = await caller.put(f"{place.base}/wallets/{place.wallet_id}/spend-limit", json=limit)
        assert answer.status_code == 200, answer.text
        (home,) = await _homes(caller, place, unit_id=place.unit_id)
        assert home["standing"] == "low"
        assert home["spend_limit"] == answer.json()
        await place.send((_days_ago(1), "148"))
        (home,) = await _homes(caller, place)
        assert (home["standing"], home["days_left"]) == ("out", 0)
        assert [(each["is_on"], each["asked"]) for each in home["supplies"]] == [(True, "off")]


async def test_somebody_sees_the_homes_that_they_have_access_to_and_staff_all(app, client, place):
    other = await second_home(client, place)
    person_id, token = await _person(client)
    grant = {"person_id": person_id, "right": "top_up", "top_up_limit": "50.00"}
    await made(client, f"{place.base}/wallets/{other}/grants", grant)
    async with signed_in(app, token) as caller:
        homes = await _homes(caller, place)
        assert [(each["wallet_id"], each["name"], each["right"]) for each in homes] == [
            (other, "A2", "top_up")
        ]
        assert homes[0]["top_up_limit"]["amount"] == "50.000000"
        assert await _homes(caller, place, unit_id=place.unit_id) == []
    first = await client.get(f"{place.base}/homes", params={"limit": 1})
    assert [(each["name"], each["right"]) for each in first.json()["items"]] == [("A1", None)]
    rest = await _homes(client, place, after_id=first.json()["next"])
    assert [each["name"] for each in rest] == ["A2"]


@pytest.fixture
def sandbox(database, live):
    return create_app(database, live=live, takes_pretend_money=True)


async def test_the_owner_of_a_group_pays_pretend_money_into_it_once(app, sandbox, client, place):
    person_id, token = await _person(client)
    await made(
        client, f"{place.base}/wallets/{place.wallet_id}/grants", {"person_id": person_id, "right": "manage"}
    )
    _, stranger = await _person(client, "Somebody")
    async with signed_in(sandbox, token) as owner, signed_in(sandbox, stranger) as other:
        group = await made(owner, f"{place.base}/wallet-groups", {"name": "The Mokoenas"})
        base = f"{place.base}/wallet-groups/{group['group_id']}"
        await made(owner, f"{base}/members", {"wallet_id": place.wallet_id})
        assert (await _homes(owner, place))[0]["group_id"] == group["group_id"]
        ways = (await owner.get(f"{base}/payment-ways")).json()
        assert ways == {"ways": ["sandbox"], "may_top_up": True, "limit": None}
        asked = {"json": {"amount": "500.00"}, "headers": {"Idempotency-Key": "g1"}}
        declined = await owner.post(
            f"{base}/sandbox-top-ups",
            json={"amount": "500.00", "outcome": "declined"},
            headers={"Idempotency-Key": "g0"},
        )
        assert (declined.status_code, declined.json()["code"]) == (402, "payment_declined")
        first = await owner.post(f"{base}/sandbox-top-ups", **asked)
        assert (first.status_code, first.json()["balance"]["amount"]) == (201, "500.000000")
        again = await owner.post(f"{base}/sandbox-top-ups", **asked)
        assert (again.status_code, again.json()["journal_id"]) == (200, first.json()["journal_id"])
        assert (await owner.get(base)).json()["balance"]["amount"] == "500.000000"
        for answer in (
            await other.get(f"{base}/payment-ways"),
            await other.post(f"{base}/sandbox-top-ups", **asked),
        ):
            assert answer.status_code == 404
    async with signed_in(app, token) as owner:
        assert (await owner.get(f"{base}/payment-ways")).json()["ways"] == []
        refused = await owner.post(
            f"{base}/sandbox-top-ups", **asked | {"headers": {"Idempotency-Key": "g2"}}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "no_sandbox")
