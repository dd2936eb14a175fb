"""What a unit used and was charged over time, through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .place import made

if TYPE_CHECKING:
    import httpx

    from .place import Place


@pytest.fixture
async def days(place: Place) -> None:
    """Readings at local midnight (UTC+2): 1, 2, 3 kWh a day, then nothing for two days, then 6 kWh."""
    await place.send(
        ("2025-02-28T22:00:00Z", "100"),
        ("2025-03-01T22:00:00Z", "101"),
        ("2025-03-02T22:00:00Z", "103"),
        ("2025-03-03T22:00:00Z", "106"),
        ("2025-03-05T22:00:00Z", "112"),
    )


async def history(client: httpx.AsyncClient, place: Place, **query: str) -> dict[str, Any]:
    answer = await client.get(f"{place.base}/units/{place.unit_id}/consumption-history", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.usefixtures("days")
async def test_days_with_a_gap_and_what_is_not_known(client: httpx.AsyncClient, place: Place) -> None:
    found = await history(client, place, **{"from": "2025-02-28", "to": "2025-03-07"})
    assert found["labels"] == [
        f"2025-0{day}" for day in ("2-28", "3-01", "3-02", "3-03", "3-04", "3-05", "3-06")
    ]
    (line,) = found["series"]
    assert (line["utility"], line["register"], line["unit"]) == ("electricity", "import", "kWh")
    assert line["values"] == [None, "1.000000", "2.000000", "3.000000", "3.000000", "3.000000", None]
    assert line["known"] == ["missing", "measured", "measured", "measured", "spread", "spread", "missing"]
    assert line["total"] == "12.000000"
    # 2.00 and 15 % a kWh; six of them at once, with the reading that ended the gap
    assert found["charged"]["values"] == [
        "0.000000",
        "2.300000",
        "4.600000",
        "6.900000",
        "0.000000",
        "13.800000",
        "0.000000",
    ]
    assert found["charged"]["total"] == {"amount": "27.600000", "currency": "ZAR"}
    assert found["charged"]["not_posted"]["amount"] == "0.000000"


@pytest.mark.usefixtures("days")
async def test_a_span_is_compared_with_the_one_before(client: httpx.AsyncClient, place: Place) -> None:
    found = await history(client, place, **{"from": "2025-03-03", "to": "2025-03-05"})
    (line,) = found["series"]
    # 3 and 3 against 1 and 2
    assert line["before"] == {
        "from": "2025-03-01",
        "to": "2025-03-03",
        "total": "3.000000",
        "change_percent": "100.0",
    }
    # one day of two is known: against one day
    found = await history(client, place, **{"from": "2025-03-05", "to": "2025-03-07"})
    assert found["series"][0]["before"]["total"] == "3.000000"
    assert found["series"][0]["before"]["change_percent"] == "0.0"
    found = await history(client, place, **{"from": "2025-03-01", "to": "2025-03-03"})
    assert found["series"][0]["before"]["total"] is None


@pytest.mark.usefixtures("days")
async def test_hours_weeks_and_months(client: httpx.AsyncClient, place: Place) -> None:
    hours = await history(client, place, **{"from": "2025-03-01", "to": "2025-03-02", "step": "hour"})
    assert len(hours["labels"]) == 24
    assert hours["labels"][0] == "2025-03-01T00:00+02:00"
    (line,) = hours["series"]
    assert set(line["known"]) == {"spread"}
    assert line["values"][0] == "0.041666"
    assert line["total"] == "1.000000"
    weeks = await history(client, place, **{"from": "2025-03-01", "to": "2025-03-05", "step": "week"})
    assert (weeks["from"], weeks["to"], weeks["labels"]) == (
        "2025-02-24",
        "2025-03-10",
        ["2025-W09", "2025-W10"],
    )
    assert weeks["series"][0]["values"] == ["3.000000", "9.000000"]
    assert weeks["series"][0]["known"] == ["partial", "partial"]
    months = await history(client, place, **{"from": "2025-03-01", "to": "2025-03-02", "step": "month"})
    assert months["labels"] == ["2025-03"]
    assert months["series"][0]["values"] == ["12.000000"]


@pytest.mark.usefixtures("days")
async def test_a_resident_sees_the_own_unit_only(
    client: httpx.AsyncClient, member: httpx.AsyncClient, stranger: httpx.AsyncClient, place: Place
) -> None:
    span = {"from": "2025-03-01", "to": "2025-03-04"}
    assert await history(member, place, **span) == await history(client, place, **span)
    (unit,) = (await made(client, f"{place.base}/units", {"names": ["B1"]}))["items"]
    path = f"{place.base}/units/{unit['unit_id']}/consumption-history"
    assert (await member.get(path, params=span)).status_code == 404
    assert (await client.get(path, params=span)).json()["series"] == []
    own = f"{place.base}/units/{place.unit_id}/consumption-history"
    assert (await stranger.get(own, params=span)).status_code == 404


@pytest.mark.usefixtures("days")
async def test_who_may_not_see_the_wallet_sees_no_money(app, client: httpx.AsyncClient, place: Place) -> None:
    body = {"name": "Meters", "permissions": ["readings.read"], "estate_ids": [place.estate_id]}
    answer = await client.post("/api/v1/api-keys", json=body)
    assert answer.status_code == 201, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['secret']}"}
    path = f"{place.base}/units/{place.unit_id}/consumption-history"
    answer = await client.get(path, params={"from": "2025-03-01", "to": "2025-03-04"}, headers=headers)
    assert answer.json()["charged"] is None
    assert answer.json()["series"][0]["total"] == "6.000000"


@pytest.mark.parametrize(
    ("first", "until", "step"),
    [
        ("2025-03-02", "2025-03-02", "day"),
        ("2025-03-03", "2025-03-02", "day"),
        ("1900-01-01", "2025-03-02", "month"),
        ("2020-01-01", "2025-03-02", "hour"),
        ("2025-01-01", "2025-03-02", "minute"),
    ],
)
async def test_a_span_that_is_none(
    client: httpx.AsyncClient, place: Place, first: str, until: str, step: str
) -> None:
    path = f"{place.base}/units/{place.unit_id}/consumption-history"
    answer = await client.get(path, params={"from": first, "to": until, "step": step})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
