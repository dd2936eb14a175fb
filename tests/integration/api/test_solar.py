"""The routes of solar installations, from making one to the explanation of what it credits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mita.solar import operations

from .place import made

if TYPE_CHECKING:
    import httpx

    from mita.kit.db import Database

    from .place import Place


async def test_panels_are_added_shared_credited_explained_and_ended(
    database: Database, member: httpx.AsyncClient, place: Place
) -> None:
    shares = [{"unit_id": place.unit_id, "share": "0.5"}]
    body = {
        "name": "Roof A",
        "capacity_kw": "3.5",
        "price": "36.50",
        "first_on": "2025-01-01",
        "shares": shares,
    }
    added = await made(place.client, f"{place.base}/solar-installations", body)
    assert added["shares"] == [{"unit_id": place.unit_id, "share": "0.5", "from_on": "2025-01-01"}]
    assert (added["capacity_kw"], added["price"]["amount"]) == ("3.5", "36.500000")
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        now = datetime(2025, 2, 2, tzinfo=UTC)
        assert await operations.post_solar_credits(session, estate_id=place.estate_id, now=now) == 1
    for caller in (place.client, member):
        (credit,) = (await caller.get(f"{place.base}/solar-credits?month=2025-01")).json()["items"]
        assert (credit["unit_id"], credit["credit"]["amount"]) == (place.unit_id, "5.430000")
        assert [part["share"] for part in credit["parts"]] == ["0.5"]
        told = await caller.get(
            f"{place.base}/wallets/{place.wallet_id}/entries/electricity/{credit['seq']}/explanation"
        )
        assert told.status_code == 200, told.text
        assert (told.json()["subject"], told.json()["amount"]["amount"]) == ("solar_credit", "5.430000")
        assert told.json()["total"]["gross"]["amount"] == "-5.430000"
        assert "your share of 0.5 is R5.43" in told.json()["text"]
        panels = told.json()["parts"][0]["panels"]
        assert (panels["capacity"]["amount"], panels["share"]) == ("3.500000", "0.5")
        assert (panels["days"], panels["year_days"]) == (31, 365)
    base = f"{place.base}/solar-installations/{added['solar_installation_id']}"
    twice = await place.client.post(f"{base}/shares", json={"from_on": "2025-02-01", "shares": shares * 2})
    assert (twice.status_code, twice.json()["code"]) == (422, "invalid")
    nobody = await place.client.post(f"{base}/shares", json={"from_on": "2025-02-01", "shares": []})
    assert [row["share"] for row in nobody.json()["shares"]] == ["0.5", "0"]
    ended = await place.client.post(f"{base}/end", json={"until_on": "2025-03-01"})
    assert ended.json()["until_on"] == "2025-03-01"
    again = await place.client.post(f"{base}/end", json={"until_on": "2025-03-01"})
    assert (again.status_code, again.json()["code"]) == (409, "solar_installation_ended")
    listed = (await place.client.get(f"{place.base}/solar-installations")).json()
    assert listed["items"] == [ended.json()]
