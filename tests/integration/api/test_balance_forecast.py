"""Where a wallet's balance goes, from what it spent day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

if TYPE_CHECKING:
    import httpx

    from .place import Place

LOCAL = ZoneInfo("Africa/Johannesburg")


def midnight(day: date) -> str:
    return datetime.combine(day, time(), LOCAL).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def today() -> date:
    return datetime.now(LOCAL).date()


async def used(place: Place, *, today: date, days: int) -> None:
    """Let the unit use 10 kWh a day until today, at 2.00 and 15 % tax: 23.00 a day."""
    readings = [
        (midnight(today - timedelta(days=back)), str(100 + 10 * (days - back)))
        for back in range(days, -1, -1)
    ]
    await place.send(*readings)
    rule = {"is_cutting": False, "low_line": "50", "cut_line": "-10", "restore_line": "10"}
    answer = await place.client.put(f"{place.base}/credit-rules/electricity", json=rule)
    assert answer.status_code == 200, answer.text


async def test_a_balance_is_looked_at_backwards_and_forwards(
    place: Place, member: httpx.AsyncClient, today: date
):
    await used(place, today=today, days=20)
    await place.top_up(amount="1000.00")
    path = f"{place.base}/wallets/{place.wallet_id}/balance-forecast"
    answer = await member.get(path)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["balance"] == {"amount": "540.000000", "currency": "ZAR"}
    # the money came today; each day before was 23.00 further down, the first one only from its charge on
    past = {each["on"]: each["balance"] for each in found["past"]}
    assert past[str(today - timedelta(days=1))] == "-460.000000"
    assert past[str(today - timedelta(days=19))] == "-46.000000"
    assert len(past) == 19
    assert (found["days_counted"], found["counted_from"]) == (18, str(today - timedelta(days=18)))
    ahead = found["days"]
    assert [each["on"] for each in ahead[:2]] == [str(today), str(today + timedelta(days=1))]
    assert ahead[0] | {"on": None} == {
        "on": None,
        "least": "517.000000",
        "likely": "517.000000",
        "most": "517.000000",
    }
    assert ahead[-1]["likely"] == "-104.000000"
    gone = str(today + timedelta(days=23))
    assert found["runs_out"] == {"early": gone, "likely": gone, "late": gone}
    assert found["lines"] == [{"utility": "electricity", "low": "50.000000", "cut": "-10.000000"}]
    assert "18 days" in found["how"]
    # all of it is electricity's, and nothing is known of the account beside it
    answer = await member.get(path, params={"utility": "electricity"})
    assert answer.json() == found
    beside = (await member.get(path, params={"utility": "general"})).json()
    assert (beside["balance"]["amount"], beside["days"], beside["lines"]) == ("0.000000", [], [])
    answer = await member.get(path, params={"utility": "water"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_wallet_of_which_little_is_known_has_no_forecast(place: Place, today: date):
    path = f"{place.base}/wallets/{place.wallet_id}/balance-forecast"
    found = (await place.client.get(path)).json()
    assert (found["days"], found["past"], found["days_counted"]) == ([], [], 0)
    await used(place, today=today, days=10)
    found = (await place.client.get(path)).json()
    assert (found["days"], found["days_counted"]) == ([], 8)
    assert found["runs_out"] == {"early": None, "likely": None, "late": None}
    assert found["how"] == "only 8 whole days are known, and 14 are needed"
    assert len(found["past"]) == 9


async def test_what_is_asked_of_no_wallet_is_not_found(place: Place):
    answer = await place.client.get(f"{place.base}/wallets/999999/balance-forecast")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
