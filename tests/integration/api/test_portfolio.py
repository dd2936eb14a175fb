"""How all estates do, in one answer; what an estate charged by month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from mita.kit.zones import last_months, zone
from mita.reports.jobs import measure_estate

from .people import signed_in
from .place import made, settle

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place


async def got(client: httpx.AsyncClient, path: str, **asked: Any) -> dict[str, Any]:
    answer = await client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def token_of(client: httpx.AsyncClient, place: Place, *, role: str, **more: Any) -> str:
    person = await made(client, "/api/v1/persons", {"name": f"A {role}"})
    given = {"person_id": person["person_id"], "role": role, **more}
    await made(client, f"{place.base}/role-grants", given)
    return (await client.post(f"/api/v1/persons/{person['person_id']}/tokens")).json()["token"]


async def test_estates_come_with_their_figures(client: httpx.AsyncClient, place: Place) -> None:
    other = await settle(client, name="Baobab Court")
    now = datetime.now(tz=UTC).replace(microsecond=0)
    await place.send(((now - timedelta(minutes=90)).isoformat(), "0"), (now.isoformat(), "10"))
    assert (await place.top_up(amount="20.00", utility="electricity")).status_code == 201
    found = await got(client, "/api/v1/portfolio", limit=1)
    (first,) = found["items"]
    assert (first["estate"]["estate_id"], found["next"]) == (place.estate_id, place.estate_id)
    assert (first["units"], first["occupied"], first["vacant"]) == (1, 0, 1)
    assert (first["meters"], first["silent_meters"], first["accounts"]) == (1, 0, 1)
    # 10 at 2.00, and 15 % tax on the wallet; the tax is no revenue
    money = {"currency": "ZAR"}
    assert first["revenue"] == {"amount": "20.000000", **money}
    assert first["revenue_before"] == {"amount": "0.000000", **money}
    assert first["balances"] == {"amount": "-3.000000", **money}
    told = await got(client, f"{place.base}/statistics")
    assert (first["accounts_low"], first["accounts_out"]) == (told["accounts_low"], told["accounts_out"])
    (second,) = (await got(client, "/api/v1/portfolio", after_id=found["next"]))["items"]
    assert second["estate"]["estate_id"] == other.estate_id
    assert (second["silent_meters"], second["revenue"]["amount"]) == (1, "0.000000")


async def test_a_portfolio_shows_what_one_may_read(
    app: FastAPI, client: httpx.AsyncClient, stranger: httpx.AsyncClient, place: Place
) -> None:
    await settle(client, name="Baobab Court")
    async with signed_in(app, await token_of(client, place, role="trustee")) as trustee:
        (one,) = (await got(trustee, "/api/v1/portfolio"))["items"]
        assert one["estate"]["name"] == "Willow Creek"
        assert (await got(trustee, f"{place.base}/reports/revenue"))["labels"]
    # of a unit alone nobody learns how the estate does
    owner = await token_of(client, place, role="owner", unit_id=place.unit_id)
    async with signed_in(app, owner) as caller:
        assert (await got(caller, "/api/v1/portfolio"))["items"] == []
        assert (await caller.get(f"{place.base}/reports/revenue")).status_code == 403
    assert (await got(stranger, "/api/v1/portfolio"))["items"] == []


async def test_revenue_by_month(client: httpx.AsyncClient, place: Place) -> None:
    found = await got(client, f"{place.base}/reports/revenue", months=3)
    assert (len(found["labels"]), found["totals"]) == (3, ["0.000000"] * 3)
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T02:00:00Z", "5"))
    found = await got(client, f"{place.base}/reports/revenue", months=2)
    # booked now, whenever it was used
    assert found["labels"][-1] == f"{datetime.now(tz=UTC) + timedelta(hours=2):%Y-%m}"
    assert found["totals"] == ["0.000000", "10.000000"]
    (line,) = found["items"]
    assert (line["code"], line["values"]) == ("income:electricity", ["0.000000", "10.000000"])
    assert (await client.get(f"{place.base}/reports/revenue", params={"months": 37})).status_code == 422


async def adjusted(place: Place, *, code: str, amount: str) -> None:
    """Book an adjustment against an account of the estate, as staff books a supplier's bill."""
    rule = {"adjustment_limit": "1000000.00", "clearing_due_hours": 72}
    assert (await place.client.put(f"{place.base}/ledger/rule", json=rule)).status_code == 200
    listed = (await got(place.client, f"{place.base}/ledger/accounts", limit=200))["items"]
    (account,) = (each for each in listed if each["code"] == code)
    body = {"account_id": account["account_id"], "amount": amount, "reason": "The supplier's bill"}
    answer = await place.client.post(
        f"{place.base}/ledger/adjustments", json=body, headers={"Idempotency-Key": f"bill-{amount}"}
    )
    assert answer.status_code == 201, answer.text


async def test_surplus_is_what_was_taken_in_less_the_costs_that_are_booked(
    client: httpx.AsyncClient, place: Place
) -> None:
    now = datetime.now(tz=UTC).replace(microsecond=0)
    await place.send(((now - timedelta(minutes=90)).isoformat(), "0"), (now.isoformat(), "10"))
    (figures,) = (await got(client, "/api/v1/portfolio"))["items"]
    # without costs, all of the revenue would look like profit
    assert (figures["costs"]["amount"], figures["surplus"]) == ("0.000000", None)
    assert (await place.top_up(method="cash")).status_code == 201
    banking = {"amount": "100.00", "direction": "to_bank", "reference": "Slip 7"}
    answer = await client.post(
        f"{place.base}/ledger/clearing/cash/banking", json=banking, headers={"Idempotency-Key": "b1"}
    )
    assert answer.status_code == 201, answer.text
    # paid from the bank
    await adjusted(place, code="bank", amount="12.340001")
    (figures,) = (await got(client, "/api/v1/portfolio"))["items"]
    assert figures["costs"] == {"amount": "12.340001", "currency": "ZAR"}
    assert figures["surplus"] == {"amount": "7.659999", "currency": "ZAR"}
    assert (figures["costs_before"]["amount"], figures["surplus_before"]) == ("0.000000", None)
    # more than was taken in: the estate lost
    await adjusted(place, code="bank", amount="10.00")
    (figures,) = (await got(client, "/api/v1/portfolio"))["items"]
    assert figures["surplus"]["amount"] == "-2.340001"


async def test_many_estates_cost_no_more_statements_than_one(
    client: httpx.AsyncClient, database: Database
) -> None:
    await settle(client)
    said: list[str] = []
    engine = database.engine.sync_engine

    def tell(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    async def statements() -> int:
        said.clear()
        await got(client, "/api/v1/portfolio")
        return len(said)

    event.listen(engine, "before_cursor_execute", tell)
    try:
        # what is known of a caller is read once
        await statements()
        one = await statements()
        for number in range(3):
            await settle(client, name=f"Court {number}")
        await statements()
        assert await statements() == one
    finally:
        event.remove(engine, "before_cursor_execute", tell)


async def lose(place: Place, *, bulk: str, sub: str | None) -> None:
    """Let the last whole local month's readings of a bulk meter and of the one behind it be known."""
    base = {"unit_id": place.unit_id, "utility": "electricity", "max_rate": "1000", "burst": "1"}
    meter = await made(place.client, f"{place.base}/meters", {**base, "serial": "B1"})
    whole = {"meter_id": meter["meter_id"], "covers": "estate", "from_on": "2025-01-01"}
    await made(place.client, f"{place.base}/bulk-meters", whole)
    local = zone("Africa/Johannesburg")
    first, until, _ = last_months(datetime.now(tz=local).date(), count=2)
    ends = [datetime(each.year, each.month, 1, tzinfo=local).isoformat() for each in (first, until)]
    await place.send((ends[0], "0"), (ends[1], bulk), meter="B1")
    await place.send((ends[0], "0"), *([(ends[1], sub)] if sub is not None else []))


async def measured(database: Database, place: Place) -> None:
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await measure_estate(session, estate_id=place.estate_id, now=datetime.now(tz=UTC))


async def test_losses_above_the_limit_of_the_estate_are_counted(
    client: httpx.AsyncClient, place: Place, database: Database
) -> None:
    await lose(place, bulk="125", sub="100")
    await measured(database, place)
    rule = f"{place.base}/loss-rule"
    assert await got(client, rule) == {"limit_percent": "10.0000"}
    # 25 of 125 are 20 %
    for limit, above in (("19.9999", 1), ("20", 0), (None, 0), ("0", 1)):
        assert (await client.put(rule, json={"limit_percent": limit})).status_code == 200
        (figures,) = (await got(client, "/api/v1/portfolio"))["items"]
        assert figures["losses_above"] == above, limit
    assert await got(client, rule) == {"limit_percent": "0.0000"}
    for wrong in ("100.0001", "-1", "1.23456", "ten"):
        answer = await client.put(rule, json={"limit_percent": wrong})
        assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "body.limit_percent")
    # what somebody else changed meanwhile is not written over
    told = (await client.get(rule)).headers["etag"]
    assert (await client.put(rule, json={"limit_percent": "5"})).status_code == 200
    stale = await client.put(rule, json={"limit_percent": "6"}, headers={"If-Match": told})
    assert stale.status_code == 412


async def test_a_month_of_which_a_reading_is_missing_is_no_loss(
    client: httpx.AsyncClient, place: Place, database: Database
) -> None:
    await lose(place, bulk="125", sub=None)
    await measured(database, place)
    (figures,) = (await got(client, "/api/v1/portfolio"))["items"]
    assert figures["losses_above"] == 0
    (bulk,) = (await got(client, f"{place.base}/reports/reconciliation", **_last_month()))["items"]
    assert bulk["steps"][0]["known"] == "partial"


def _last_month() -> dict[str, str]:
    first, until, _ = last_months(datetime.now(tz=zone("Africa/Johannesburg")).date(), count=2)
    return {"from": first.isoformat(), "to": until.isoformat()}
