"""Credit rules, supply commands and supplies over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mita.credit.operations import record_command_state

if TYPE_CHECKING:
    import httpx

    from mita.kit.db import Database

    from .place import Place

RULE = {"is_cutting": True, "low_line": "50.00", "cut_line": "0.00", "restore_line": "10.00"}
NOW = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


async def use_up(place: Place) -> None:
    """Top up 100.00 and consume 50 kWh: 115.00, so that 15.00 are owed."""
    await place.top_up()
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T10:00:00Z", "50"))
    assert await place.balance() == "-15.000000"


async def commands(place: Place, **params: Any) -> list[dict[str, Any]]:
    answer = await place.client.get(f"{place.base}/supply-commands", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


# ── rules ──


async def test_rules_not_set_cut_nothing(client: httpx.AsyncClient, place: Place) -> None:
    items = (await client.get(f"{place.base}/credit-rules")).json()["items"]
    assert [each["utility"] for each in items] == ["electricity", "water", "hot_water", "gas", "solar"]
    assert all(each["is_default"] and not each["is_cutting"] for each in items)


async def test_a_rule_is_set_and_listed(client: httpx.AsyncClient, place: Place) -> None:
    answer = await client.put(f"{place.base}/credit-rules/electricity", json=RULE)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "utility": "electricity",
        "is_cutting": True,
        "low_line": {"amount": "50.000000", "currency": "ZAR"},
        "cut_line": {"amount": "0.000000", "currency": "ZAR"},
        "restore_line": {"amount": "10.000000", "currency": "ZAR"},
        "lifeline_w": None,
        "is_default": False,
    }
    items = (await client.get(f"{place.base}/credit-rules")).json()["items"]
    assert items[0] == answer.json()
    assert items[1]["is_default"]


async def test_water_may_have_a_debt_limit(client: httpx.AsyncClient, place: Place) -> None:
    rule = {"is_cutting": False, "low_line": "-100.00", "cut_line": "-500.00", "restore_line": "-400.00"}
    answer = await client.put(f"{place.base}/credit-rules/water", json=rule)
    assert answer.json()["cut_line"]["amount"] == "-500.000000"


BAD_RULES: list[Any] = [
    ("steam", {}, "path.utility"),
    ("electricity", {"restore_line": "-1.00"}, "restore_line"),
    ("electricity", {"low_line": "-1.00"}, "low_line"),
    ("electricity", {"cut_line": 0}, "body.cut_line"),
    ("electricity", {"cut_line": "1e2"}, "body.cut_line"),
    ("electricity", {"cut_line": "+5"}, "body.cut_line"),
    ("electricity", {"cut_line": "9" * 13}, "body.cut_line"),
    ("electricity", {"is_cutting": "maybe"}, "body.is_cutting"),
    ("electricity", {"is_cutting": None}, "body.is_cutting"),
    ("electricity", {"grace": "1"}, "body.grace"),
]


async def test_a_rule_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    for utility, change, path in BAD_RULES:
        answer = await client.put(f"{place.base}/credit-rules/{utility}", json={**RULE, **change})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
        assert path in [each["path"] for each in answer.json()["problems"]]
        items = (await client.get(f"{place.base}/credit-rules")).json()["items"]
        assert all(each["is_default"] for each in items)


async def test_the_largest_lines_fit(client: httpx.AsyncClient, place: Place) -> None:
    most = "9" * 12 + ".999999"
    rule = {"is_cutting": False, "low_line": most, "cut_line": "-" + most, "restore_line": most}
    answer = await client.put(f"{place.base}/credit-rules/electricity", json=rule)
    assert (answer.status_code, answer.json()["low_line"]["amount"]) == (200, most)


# ── commands and supplies ──


async def test_a_supply_is_cut_and_comes_back(
    client: httpx.AsyncClient, place: Place, database: Database
) -> None:
    await client.put(f"{place.base}/credit-rules/electricity", json=RULE)
    await use_up(place)

    # a balance of zero was out from the start; what the top-up and the charge asked came after
    off, *_ = await commands(place)
    assert (off["action"], off["state"], off["unit_id"]) == ("off", "asked", place.unit_id)
    assert off["balance"] == {"amount": "-15.000000", "currency": "ZAR"}
    assert off["reason"]
    assert off["expires_at"] > off["asked_at"]
    assert (await client.get(f"{place.base}/supplies")).json() == {"items": [], "next": None}
    unit = (await client.get(f"{place.base}/units/{place.unit_id}")).json()
    assert (unit["utilities"][0]["is_supply_on"], unit["utilities"][0]["open_command"]) == (True, "off")

    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await record_command_state(
            session,
            estate_id=place.estate_id,
            command_id=UUID(off["command_id"]),
            state="confirmed",
            now=NOW,
        )
    assert (await client.get(f"{place.base}/supplies")).json()["items"] == [
        {
            "unit_id": place.unit_id,
            "utility": "electricity",
            "is_on": False,
            "since": "2026-03-01T06:30:00Z",
            "command_id": off["command_id"],
        }
    ]
    unit = (await client.get(f"{place.base}/units/{place.unit_id}")).json()
    assert (unit["utilities"][0]["is_supply_on"], unit["utilities"][0]["open_command"]) == (False, None)

    await place.top_up("k2")
    on, confirmed, *_ = await commands(place)
    assert (on["action"], on["state"]) == ("on", "asked")
    assert (confirmed["action"], confirmed["state"]) == ("off", "confirmed")
    assert [each["action"] for each in await commands(place, state="confirmed")] == ["off"]
    assert [each["action"] for each in await commands(place, unit_id=place.unit_id, limit=1)] == ["on"]
    assert await commands(place, unit_id=place.unit_id + 1) == []


async def test_pages_of_commands_join(client: httpx.AsyncClient, place: Place) -> None:
    await client.put(f"{place.base}/credit-rules/electricity", json=RULE)
    await use_up(place)
    for turn in range(3):
        await place.top_up(f"in {turn}".replace(" ", "-"))
        used = str(50 + 50 * (turn + 1))
        await place.send((f"2025-03-02T{turn * 4 + 4:02d}:00:00Z", used))
    seen, cursor = [], None
    for _ in range(5):
        params = {"limit": 3, **({"before": cursor} if cursor else {})}
        answer = (await client.get(f"{place.base}/supply-commands", params=params)).json()
        seen += [each["command_id"] for each in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) >= 5
    assert seen == sorted(seen, reverse=True)


async def test_without_the_switch_nothing_is_cut(client: httpx.AsyncClient, place: Place) -> None:
    await client.put(f"{place.base}/credit-rules/electricity", json={**RULE, "is_cutting": False})
    await use_up(place)
    assert await commands(place) == []
    wallet = (await client.get(f"{place.base}/wallets/{place.wallet_id}")).json()
    assert wallet["balances"][0]["standing"] == "out"


async def test_a_new_line_acts_at_once(client: httpx.AsyncClient, place: Place) -> None:
    await use_up(place)
    assert await commands(place) == []
    await client.put(f"{place.base}/credit-rules/electricity", json=RULE)
    assert [each["action"] for each in await commands(place)] == ["off"]


BAD_LISTS: list[Any] = [
    {"state": "lost"},
    {"before": "x"},
    {"before": "\x00"},
    {"unit_id": 0},
    {"unit_id": 2**63},
    {"limit": 0},
]


async def test_commands_that_cannot_be_listed(client: httpx.AsyncClient, place: Place) -> None:
    for params in BAD_LISTS:
        answer = await client.get(f"{place.base}/supply-commands", params=params)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert answer.json()["problems"][0]["path"] == f"query.{next(iter(params))}"
