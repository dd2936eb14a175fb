"""Drafts of rate tables: read with their problems' lines, priced beside what is in force, never stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from .place import RATES, made
from .test_preview import DAILY, added, amounts, energy, table

if TYPE_CHECKING:
    import httpx

    from .place import Place


async def previewed(client: httpx.AsyncClient, place: Place, **body: Any) -> httpx.Response:
    return await client.post(f"{place.base}/rate-tables/preview", json=body)


async def test_a_draft_is_priced_beside_another_table_and_not_stored(
    client: httpx.AsyncClient, place: Place
) -> None:
    old = int((await added(client, place, table("Old", energy("2.00"), DAILY))).rpartition("/")[2])
    before = (await client.get(f"{place.base}/rate-tables")).json()["items"]
    asked = {"quantity": "10", "from": "2025-03-01", "to": "2025-03-11"}
    new = table("New", energy("3.00"), DAILY)
    answer = await previewed(client, place, document=new, consumption=asked, beside=old)

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert amounts(body["calculation"], "net") == ["40.000000"]
    assert amounts(body["beside"], "net") == ["30.000000"]
    assert (body["not_calculated"], body["beside_not_calculated"]) == (None, None)
    assert (await client.get(f"{place.base}/rate-tables")).json()["items"] == before

    # its text says the same, and what it says back is the same again
    again = await previewed(client, place, text=body["text"])
    assert again.status_code == 200, again.text
    assert {key: again.json()[key] for key in ("document", "text")} == {
        "document": body["document"],
        "text": body["text"],
    }
    assert again.json()["calculation"] is None


async def test_a_units_own_months_by_a_draft(client: httpx.AsyncClient, place: Place) -> None:
    assert (
        (
            await previewed(
                client,
                place,
                document=table("New", energy("3.00")),
                consumption={"unit_id": place.unit_id, "months": 1},
            )
        )
        .json()["not_calculated"]
        .startswith(f"unit {place.unit_id} has no readings")
    )
    stranger = {"unit_id": place.unit_id + 999, "months": 1}
    answer = await previewed(client, place, document=table("New", energy("3.00")), consumption=stranger)
    assert answer.status_code == 404


async def test_what_is_wrong_stands_at_its_line(client: httpx.AsyncClient, place: Place) -> None:
    text = yaml.safe_dump(
        table("Bad", {"name": "Energy", "kind": "usage", "price": "2.0000001"}), sort_keys=False
    )
    answer = await previewed(client, place, text=text)
    assert (answer.status_code, answer.json()["code"]) == (422, "rate_table_invalid")
    (problem,) = answer.json()["problems"]
    line = next(at for at, each in enumerate(text.splitlines(), start=1) if "2.0000001" in each)
    assert (problem["path"], problem["line"]) == ("charges[0].price", line)


async def test_a_draft_that_needs_times_is_read_and_says_so(client: httpx.AsyncClient, place: Place) -> None:
    demand = {"name": "Peak", "kind": "demand", "interval_minutes": 30, "unit": "kW", "price": "9.00"}
    answer = await previewed(
        client, place, document=table("Power", energy("1.00"), demand), consumption={"quantity": "10"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["calculation"] is None
    assert answer.json()["not_calculated"]


async def test_bodies_that_are_none(client: httpx.AsyncClient, place: Place) -> None:
    row = await made(client, f"{place.base}/rate-tables", {"document": RATES})
    for body in (
        {},
        {"text": "x", "document": RATES},
        {"document": RATES, "beside": row["rate_table_id"]},
        {"document": {**RATES, "currency": "EUR"}},
    ):
        answer = await previewed(client, place, **body)
        assert answer.status_code == 422, answer.text
