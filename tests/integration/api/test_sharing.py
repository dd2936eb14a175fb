"""Communities over HTTP: made, settled and looked at; persons see their own; and tables from a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .people import signed_in
from .place import RATES, made

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from .place import Place

SOLAR: dict[str, Any] = {
    **RATES,
    "name": "Roof",
    "charges": [{"name": "Solar", "kind": "usage", "price": "1.00"}],
}


async def register_of(place: Place, *, unit_id: int, serial: str, register: str = "import") -> int:
    body = {"unit_id": unit_id, "serial": serial, "utility": "electricity", "registers": [register]}
    return (await made(place.client, f"{place.base}/meters", body))["registers"][0]["register_id"]


async def new_group(place: Place, **more: Any) -> dict[str, Any]:
    """Make a group of the roof's meter S1 and two homes, the place's own and another one."""
    (other,) = (await made(place.client, f"{place.base}/units", {"names": ["A2"]}))["items"]
    solar = await made(place.client, f"{place.base}/rate-tables", {"document": SOLAR})
    roof = await register_of(place, unit_id=other["unit_id"], serial="S1", register="export")
    theirs = await register_of(place, unit_id=other["unit_id"], serial="E2")
    body = {
        "name": "The roof",
        "country": "AT",
        "rule": "static",
        "rate_table_id": solar["rate_table_id"],
        "first_on": "2025-03-01",
        "sources": [{"register_id": roof}],
        "members": [
            {"unit_id": place.unit_id, "register_id": place.register_id, "key": "0.5"},
            {"unit_id": other["unit_id"], "register_id": theirs, "key": "0.25"},
        ],
        **more,
    }
    return await made(place.client, f"{place.base}/sharing-groups", body)


async def read(place: Place) -> None:
    # local midnights of 1 and 2 March 2025 in Johannesburg
    begin, end = "2025-02-28T22:00:00Z", "2025-03-01T22:00:00Z"
    await place.send((begin, "0"), (end, "12"))
    readings = [
        {"meter": "S1", "register": "export", "taken_at": at, "value": value, "unit": "kWh"}
        for at, value in ((begin, "0"), (end, "24"))
    ]
    answer = await place.client.post(f"{place.base}/readings", json={"readings": readings})
    assert answer.status_code == 200, answer.text
    await place.send((begin, "0"), (end, "24"), meter="E2")


async def test_a_group_is_made_settled_and_looked_at(
    app: FastAPI, place: Place, member: httpx.AsyncClient
) -> None:
    group = await new_group(place)
    base = f"{place.base}/sharing-groups/{group['sharing_group_id']}"
    assert (group["interval_minutes"], group["settled_until"]) == (15, "2025-03-01")
    waiting = (await place.client.get(f"{base}/allocations", params={"month": "2025-03"})).json()
    assert (len(waiting["waiting_for"]), waiting["until_on"], waiting["days"]) == (3, "2025-03-01", [])
    await read(place)
    before = await place.balance()
    settled = await place.client.post(f"{base}/settle", json={"from_on": "2025-03-01"})
    assert settled.json() == {"settled_until": "2025-03-02", "changed": 2}
    assert before == "-27.600000"
    # 12 kWh: 2.00 less 1.00, 15 % on both
    assert await place.balance() == "-13.800000"

    shown = (await place.client.get(f"{base}/allocations", params={"month": "2025-03"})).json()
    assert [day["allocated"]["amount"] for day in shown["days"]] == ["18.000000"]
    assert [day["surplus"]["amount"] for day in shown["days"]] == ["6.000000"]
    assert [each["booked"]["saved"]["tax"]["amount"] for each in shown["members"]] == ["3.600000", "1.800000"]

    entry = f"{place.base}/wallets/{place.wallet_id}/entries/electricity"
    seq = shown["members"][0]["booked"]["seq"]
    for caller in (place.client, member):
        told = (await caller.get(f"{entry}/{seq}/explanation")).json()
        assert (told["subject"], told["amount"]["amount"]) == ("sharing", "13.800000")
        assert told["total"]["quantity"]["amount"] == "12.000000"
        assert (told["total"]["net"]["amount"], told["total"]["tax"]["amount"]) == ("-12.000000", "-1.800000")
        parts = [(each["what"], each["role"], each["net"]["amount"]) for each in told["parts"]]
        assert parts == [("grid_saved", "supply", "-24.000000"), ("roof", None, "12.000000")]
        assert (told["group"], told["used"]["amount"]) == ("The roof", "12.000000")
        plain = await caller.get(f"{entry}/{seq}/explanation", headers={"Accept": "text/plain"})
        assert plain.text.splitlines() == [
            "The roof in March 2025, counted up to 2 March 2025 (not included).",
            "You used 12.000 kWh.",
            "Of this 12.000 kWh came from the roof.",
            "From the grid this would have cost R27.60 more.",
            "From the roof it costs R13.80.",
            "The tax in these amounts is R1.80 less than without the roof.",
            "Together the month is worth R13.80 to you.",
            "The difference, R13.80, was given to the wallet by this entry.",
        ]

    for caller, homes in ((place.client, 2), (member, 1)):
        (listed,) = (await caller.get(f"{place.base}/sharing-groups")).json()["items"]
        assert len(listed["members"]) == homes
        day = (await caller.get(f"{base}/intervals", params={"day": "2025-03-01"})).json()
        assert (len(day["intervals"]), len(day["intervals"][0]["members"])) == (96, homes)
        assert day["intervals"][0]["generation"]["amount"] == "0.250000"
        month = (await caller.get(f"{base}/allocations", params={"month": "2025-03"})).json()
        assert len(month["members"]) == homes
    # who came during the day sees of the home nothing of that day
    person = await made(place.client, f"{place.base}/people", {"name": "Late"})
    late = {"person_id": person["person_id"], "right": "view", "sees_from": "2025-03-01T12:00:00Z"}
    await made(place.client, f"{place.base}/wallets/{place.wallet_id}/grants", late)
    token = (await place.client.post(f"/api/v1/persons/{person['person_id']}/tokens")).json()["token"]
    async with signed_in(app, token) as caller:
        day = (await caller.get(f"{base}/intervals", params={"day": "2025-03-01"})).json()
        assert (len(day["intervals"]), day["intervals"][0]["members"]) == (96, [])
        month = (await caller.get(f"{base}/allocations", params={"month": "2025-03"})).json()
        assert [each["days"] for each in month["members"]] == [[]]
    left = {
        "members": [{"unit_id": place.unit_id, "register_id": place.register_id, "until_on": "2025-03-01"}]
    }
    assert (await place.client.post(f"{base}/members", json=left)).status_code == 200
    assert (await member.get(base)).status_code == 200, "what was theirs stays theirs to see"


async def test_terms_that_do_not_fit_are_refused(place: Place) -> None:
    group = await new_group(place)
    base = f"{place.base}/sharing-groups"
    refused = [
        ({"rule": "priority"}, "sharing_invalid"),
        ({"country": "IT", "rule": "virtual"}, "sharing_invalid"),
        ({"interval_minutes": 60}, "sharing_invalid"),
        ({"surplus_rate_table_id": place.rate_table_id}, "sharing_invalid"),
        ({"first_on": "2024-12-31"}, "sharing_invalid"),
        ({"members": [{"unit_id": place.unit_id, "register_id": place.register_id}]}, "already_shared"),
        ({"members": [{"unit_id": 10**6, "register_id": place.register_id}]}, "sharing_invalid"),
    ]
    body = {
        "name": "B",
        "country": "AT",
        "rate_table_id": group["prices"][0]["rate_table_id"],
        "first_on": "2025-03-01",
    }
    for more, code in refused:
        answer = await place.client.post(base, json={**body, **more})
        assert answer.json()["code"] == code, (more, answer.text)
    keys = {"keys": [{"starts_at": "2025-03-01T00:05:00Z", "unit_id": place.unit_id, "key": "0.1"}]}
    answer = await place.client.post(f"{base}/{group['sharing_group_id']}/keys", json=keys)
    assert (answer.status_code, answer.json()["code"]) == (422, "sharing_invalid")
    too_much = {"unit_id": place.unit_id, "register_id": place.register_id, "key": "0.750001"}
    answer = await place.client.post(
        f"{base}/{group['sharing_group_id']}/members", json={"members": [too_much]}
    )
    assert "sum to 1000001" in answer.json()["detail"]


async def test_rate_tables_from_a_benchmark(place: Place) -> None:
    path = f"{place.base}/rate-tables/from-benchmark"
    body = {
        "name": "Less 10 %",
        "discount_percent": "10",
        "tax": {"name": "VAT", "percent": "5", "prices": "inclusive"},
        "quarters": [
            {"first_on": "2026-04-01", "standing": "0.5475", "unit": "0.24671"},
            {"first_on": "2026-01-01", "standing": "0.5375", "unit": "0.276917"},
        ],
    }
    made_of_it = await made(place.client, path, body)
    documents = [each["table"]["document"] for each in made_of_it["items"]]
    assert [each["effective_from"] for each in documents] == ["2026-01-01", "2026-04-01"]
    # 0.2492253 and 0.222039, cut off
    assert [each["charges"][0]["price"] for each in documents] == ["0.24922", "0.22203"]
    assert [each["charges"][1]["price"] for each in documents] == ["0.48375", "0.49275"]
    assert [each["meter_warnings"] for each in made_of_it["items"]] == [[], []]
    assert (await made(place.client, path, body)) == made_of_it
    for more in (
        {"discount_percent": "101"},
        {"quarters": [{**body["quarters"][0], "first_on": "2026-02-01"}]},
    ):
        answer = await place.client.post(path, json={**body, **more})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text


@pytest.mark.parametrize("path", ["/allocations?month=2025-13", "/intervals?day=9999-01-01", "/intervals"])
async def test_odd_dates_are_refused(place: Place, path: str) -> None:
    group = await new_group(place)
    answer = await place.client.get(f"{place.base}/sharing-groups/{group['sharing_group_id']}{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
