"""What wallets spend, transactions, and an estate's reports, through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from .place import Place

SPAN = {"from": "2025-03-01", "to": "2025-03-05"}


@pytest.fixture
async def used(place: Place) -> None:
    """Three days of 1, 2 and 3 kWh at 2.30 each, and 100.00 paid in."""
    assert (await place.top_up(utility="electricity", reference="Receipt 7")).status_code == 201
    await place.send(
        ("2025-02-28T22:00:00Z", "100"),
        ("2025-03-01T22:00:00Z", "101"),
        ("2025-03-02T22:00:00Z", "103"),
        ("2025-03-03T22:00:00Z", "106"),
    )


async def asked(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.usefixtures("used")
async def test_what_a_wallet_spends(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/wallets/{place.wallet_id}/spending-summary"
    found = await asked(client, path, **SPAN)
    assert found["total"] == {"amount": "13.800000", "currency": "ZAR"}
    assert found["average_per_day"]["amount"] == "3.450000"
    assert found["values"] == ["2.300000", "4.600000", "6.900000", "0.000000"]
    (utility,) = found["utilities"]
    assert (utility["utility"], utility["amount"]["amount"]) == ("electricity", "13.800000")
    assert utility["values"] == found["values"]
    assert [(each["kind"], each["amount"]["amount"]) for each in utility["kinds"]] == [
        ("charge", "13.800000")
    ]
    # long ago: nothing in the last 28 days
    assert found["lasts"]["days"] is None
    assert found["lasts"]["balance"]["amount"] == "86.200000"
    assert found["lasts"]["how"] == "nothing was charged in the last 28 days"


@pytest.mark.usefixtures("used")
async def test_transactions_newest_first_with_filters(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    path = f"{place.base}/transactions"
    every = (await asked(client, path))["items"]
    assert [each["seq"] for each in every] == [4, 3, 2, 1]
    assert (await asked(member, path))["items"] == every

    async def seqs(**query: Any) -> list[int]:
        return [each["seq"] for each in (await asked(client, path, **query))["items"]]

    assert await seqs(kind="top_up") == [1]
    assert await seqs(kind=["top_up", "charge"]) == [4, 3, 2, 1]
    assert await seqs(q="receipt 7") == [1]
    assert await seqs(amount_min="4.60", amount_max="6.89") == [3]
    assert await seqs(utility="general") == []
    assert await seqs(wallet_id=place.wallet_id) == [4, 3, 2, 1]
    assert await seqs(to="2020-01-01T00:00:00Z") == []
    assert await seqs(**{"from": "2020-01-01T00:00:00Z"}) == [4, 3, 2, 1]
    first = await asked(client, path, limit=3)
    rest = await asked(client, path, limit=3, before=first["next"])
    assert [each["seq"] for each in first["items"] + rest["items"]] == [4, 3, 2, 1]
    assert rest["next"] is None
    for bad in ({"kind": "bribe"}, {"before": "x"}, {"before": "2025-01-01T00:00:00Z~1"}):
        answer = await client.get(path, params=bad)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.usefixtures("used")
async def test_what_an_estate_used(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/reports/consumption"
    found = await asked(client, path, step="day", **SPAN)
    (total,) = found["totals"]
    assert total["values"] == ["1.000000", "2.000000", "3.000000", "0.000000"]
    assert total["incomplete"] == [0, 0, 0, 1]
    (row,) = found["items"]
    assert (row["name"], row["values"][:3], row["values"][3]) == ("A1", total["values"][:3], None)
    sheet = await client.get(path, params={"step": "day", **SPAN}, headers={"Accept": "text/csv"})
    assert sheet.text.splitlines()[:2] == [
        "name,utility,register,unit,2025-03-01,2025-03-02,2025-03-03,2025-03-04",
        "A1,electricity,import,kWh,1.000000,2.000000,3.000000,",
    ]


async def test_who_owes_and_who_has_little_left(client: httpx.AsyncClient, place: Place) -> None:
    rule = {"is_cutting": False, "low_line": "50.00", "cut_line": "0.00", "restore_line": "10.00"}
    answer = await client.put(f"{place.base}/credit-rules/electricity", json=rule)
    assert answer.status_code == 200, answer.text
    await place.send(("2025-03-01T00:00:00Z", "1"), ("2025-03-02T00:00:00Z", "8"))
    low = await asked(client, f"{place.base}/reports/low-credit")
    assert (low["low"], low["out"], low["is_totals_only"]) == (0, 1, False)
    (row,) = low["items"]
    assert (row["name"], row["balance"]["amount"], row["standing"]) == ("A1", "-16.100000", "out")
    owed = await asked(client, f"{place.base}/reports/arrears")
    assert owed["total"]["amount"] == "16.100000"
    assert [each["amount"]["amount"] for each in owed["ages"]] == ["16.100000", *["0.000000"] * 3]
    assert (owed["items"][0]["amount"]["amount"], owed["items"][0]["age"]) == ("16.100000", "0-30")
    body = {"name": "Scheme", "permissions": ["reports.read"], "estate_ids": [place.estate_id]}
    secret = (await client.post("/api/v1/api-keys", json=body)).json()["secret"]
    for name in ("low-credit", "arrears", "consumption"):
        answer = await client.get(
            f"{place.base}/reports/{name}", params=SPAN, headers={"Authorization": f"Bearer {secret}"}
        )
        assert answer.json()["is_totals_only"] is True, answer.text
        assert answer.json()["items"] == []
