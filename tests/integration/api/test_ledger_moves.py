"""What staff does to the books over HTTP: reversals, holds, adjustments, banking, closed months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mita.identity.domain import new_token
from mita.identity.operations import replace_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place


@pytest.fixture
async def second(app: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Another member of staff."""
    token = new_token()
    async with database.unit_of_work(estates=[]) as session:
        await replace_token(session, name="second", token=token, now=datetime(2025, 1, 1, tzinfo=UTC))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://mita.test", headers=headers) as client:
        yield client


async def account_id(place: Place, code_start: str = "wallet:", utility: str = "electricity") -> int:
    rows = (await place.client.get(f"{place.base}/ledger/accounts")).json()["items"]
    return next(
        row["account_id"] for row in rows if row["code"].startswith(code_start) and utility in row["code"]
    )


async def post(place: Place, path: str, body: Any, *, key: str = "", client: Any = None) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await (client or place.client).post(f"{place.base}{path}", json=body, headers=headers)


async def test_a_wrong_top_up_is_undone_once(place: Place) -> None:
    await place.top_up()
    wallet = await account_id(place)
    body = {"account_id": wallet, "seq": 1, "reason": "Paid in at the wrong unit"}
    done = await post(place, "/ledger/reversals", body)
    assert done.status_code == 201, done.text
    assert done.json()["balance"] == {"amount": "0.000000", "currency": "ZAR"}
    again = await post(place, "/ledger/reversals", body)
    assert (again.status_code, again.json()["code"]) == (409, "entry_already_reversed")
    clearing = await account_id(place, "clearing:", "cash")
    other = await post(place, "/ledger/reversals", {**body, "account_id": clearing})
    assert (other.status_code, other.json()["code"]) == (409, "entry_already_reversed")
    of_reversal = await post(place, "/ledger/reversals", {**body, "seq": 2})
    assert (of_reversal.status_code, of_reversal.json()["code"]) == (409, "entry_not_reversible")
    assert await place.balance() == "0.000000"


async def test_a_reversed_charge_gives_back_net_and_tax(place: Place) -> None:
    # 10 kWh at 2.00 and 15 %: 20 net, 3 tax; then 5 kWh: 10 and 1.50
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T01:00:00Z", "10"))
    await place.send(("2025-03-01T02:00:00Z", "15"))
    assert await place.balance() == "-34.500000"
    wallet = await account_id(place)
    body = {"account_id": wallet, "seq": 2, "reason": "The estate's own fault"}
    done = await post(place, "/ledger/reversals", body)
    assert done.status_code == 201, done.text
    assert done.json()["balance"]["amount"] == "-23.000000"
    trial = (await place.client.get(f"{place.base}/ledger/trial-balance")).json()
    closing = {line["code"]: line["closing"]["amount"] for line in trial["accounts"]}
    assert closing["income:electricity"] == "20.000000"
    assert closing["tax"] == "3.000000"
    assert trial["balanced"] is True
    income = await account_id(place, "income:")
    answer = await post(place, "/ledger/reversals", {**body, "account_id": income, "seq": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "entry_not_reversible")
    missing = await post(place, "/ledger/reversals", {**body, "seq": 99})
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_a_hold_is_taken_in_part_and_only_once(place: Place) -> None:
    await place.top_up()
    wallet = await account_id(place)
    soon = (datetime.now(tz=UTC) + timedelta(hours=1)).isoformat()
    body = {"account_id": wallet, "amount": "60.00", "purpose": "Electrician", "expires_at": soon}
    placed = await post(place, "/ledger/holds", body, key="h1")
    assert (placed.status_code, placed.json()["state"]) == (201, "open")
    repeat = await post(place, "/ledger/holds", body, key="h1")
    assert (repeat.status_code, repeat.json()) == (200, placed.json())
    other = await post(place, "/ledger/holds", {**body, "amount": "61.00"}, key="h1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    too_much = await post(place, "/ledger/holds", body, key="h2")
    assert (too_much.status_code, too_much.json()["code"]) == (409, "not_enough")
    row = (await place.client.get(f"{place.base}/ledger/accounts")).json()["items"]
    mine = next(each for each in row if each["account_id"] == wallet)
    assert (mine["held"]["amount"], mine["available"]["amount"]) == ("60.000000", "40.000000")

    path = f"/ledger/holds/{placed.json()['hold_id']}"
    nowhere = await post(place, f"{path}/resolve", {"amount": "35.00"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "invalid")
    more = await post(place, f"{path}/resolve", {"amount": "60.01", "payee": "electrician"})
    assert (more.status_code, more.json()["code"]) == (422, "invalid")
    taken = await post(place, f"{path}/resolve", {"amount": "35.00", "payee": "electrician"})
    assert (taken.status_code, taken.json()["state"], taken.json()["taken"]["amount"]) == (
        200,
        "taken",
        "35.000000",
    )
    again = await post(place, f"{path}/resolve", {"amount": "0"})
    assert (again.status_code, again.json()["code"]) == (409, "hold_resolved")
    assert await place.balance() == "65.000000"
    assert (await place.client.get(f"{place.base}/ledger/holds?account_id={wallet}")).json()["items"] == []


async def test_above_the_limit_a_second_person_approves(place: Place, second: httpx.AsyncClient) -> None:
    wallet = await account_id(place)
    body = {"account_id": wallet, "amount": "12.50", "reason": "Goodwill after an outage"}
    asked = await post(place, "/ledger/adjustments", body, key="a1")
    assert (asked.status_code, asked.json()["state"]) == (201, "waiting")
    assert await place.balance() == "0.000000"
    path = f"/ledger/adjustments/{asked.json()['adjustment_id']}/decision"
    alone = await post(place, path, {"approve": True})
    assert (alone.status_code, alone.json()["code"]) == (409, "second_person_needed")
    waiting = (await place.client.get(f"{place.base}/ledger/adjustments")).json()["items"]
    assert [each["adjustment_id"] for each in waiting] == [asked.json()["adjustment_id"]]
    approved = await post(place, path, {"approve": True}, client=second)
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    assert approved.json()["decided_by"] == "staff:second"
    again = await post(place, path, {"approve": False}, client=second)
    assert (again.status_code, again.json()["code"]) == (409, "adjustment_decided")
    assert await place.balance() == "12.500000"

    await place.client.put(
        f"{place.base}/ledger/rule", json={"adjustment_limit": "20.00", "clearing_due_hours": 24}
    )
    within = await post(place, "/ledger/adjustments", {**body, "amount": "-20.00"}, key="a2")
    assert (within.status_code, within.json()["state"]) == (201, "approved")
    assert await place.balance() == "-7.500000"
    repeat = await post(place, "/ledger/adjustments", {**body, "amount": "-20.00"}, key="a2")
    assert (repeat.status_code, repeat.json()) == (200, within.json())


async def test_cash_stands_on_its_clearing_account_until_it_is_banked(place: Place) -> None:
    await place.top_up()
    (cash,) = (await place.client.get(f"{place.base}/ledger/clearing")).json()["items"]
    assert (cash["method"], cash["balance"]["amount"], cash["is_overdue"]) == ("cash", "-100.000000", False)
    assert cash["since"] is not None
    body = {"amount": "100.00", "direction": "to_bank", "reference": "Slip 88"}
    banked = await post(place, "/ledger/clearing/cash/banking", body, key="b1")
    assert (banked.status_code, banked.json()["balance"]["amount"]) == (201, "0.000000")
    repeat = await post(place, "/ledger/clearing/cash/banking", body, key="b1")
    assert (repeat.status_code, repeat.json()["is_repeat"]) == (200, True)
    (cash,) = (await place.client.get(f"{place.base}/ledger/clearing")).json()["items"]
    assert (cash["balance"]["amount"], cash["since"]) == ("0.000000", None)


async def test_a_month_that_is_over_closes_once_and_for_ever(place: Place) -> None:
    await place.top_up()
    today = datetime.now(tz=UTC).date()
    this = f"{today:%Y-%m}"
    early = await post(place, "/ledger/periods", {"period": this})
    assert (early.status_code, early.json()["code"]) == (409, "month_not_over")
    last = f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    closed = await post(place, "/ledger/periods", {"period": last})
    assert (closed.status_code, closed.json()["state"]) == (202, "closing")
    again = await post(place, "/ledger/periods", {"period": last})
    assert (again.status_code, again.json()["code"]) == (409, "month_closed")
    listed = (await place.client.get(f"{place.base}/ledger/periods")).json()
    assert [each["period"] for each in listed["items"]] == [last]
    assert listed["first_open"] == this
    await place.top_up(key="k2")
    assert await place.balance() == "200.000000"
