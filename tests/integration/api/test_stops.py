"""Stops, friendly hours and spending limits over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

    from .place import Place

RULE = {"is_cutting": True, "low_line": "50.00", "cut_line": "0.00", "restore_line": "10.00"}
STOP = {"utility": "electricity", "reason": "Water in the board"}
NIGHTS = {"is_on": True, "night_from": "22:00", "night_until": "06:00", "weekends": True}


async def actions(place: Place) -> list[str]:
    answer = await place.client.get(f"{place.base}/supply-commands")
    return [each["action"] for each in answer.json()["items"]]


# ── stops ──


async def test_staff_stops_and_lifts(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}/supply-stops"
    made = await client.post(path, json=STOP)
    assert made.status_code == 201, made.text
    stop = made.json()
    assert {name: stop[name] for name in ("unit_id", "utility", "cause", "reason", "set_by", "is_asked")} == {
        "unit_id": place.unit_id,
        "utility": "electricity",
        "cause": "staff",
        "reason": "stopped by staff: Water in the board",
        "set_by": "staff:console",
        "is_asked": True,
    }
    assert (stop["until"], stop["since"]) == (None, stop["due_at"])
    again = await client.post(path, json={**STOP, "reason": "other"})
    assert (again.status_code, again.json()) == (200, stop)
    assert (await client.get(f"{place.base}/supply-stops")).json()["items"] == [stop]
    assert (await client.get(f"{place.base}/supply-stops", params={"unit_id": 99})).json()["items"] == []
    assert await actions(place) == ["off"]

    lifted = await client.delete(f"{path}/electricity")
    assert (lifted.status_code, lifted.json()) == (200, {"items": []})
    assert await actions(place) == ["on", "off"]
    gone = await client.delete(f"{path}/electricity")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


async def test_lifting_answers_what_is_left(client: httpx.AsyncClient, place: Place) -> None:
    await client.put(f"{place.base}/credit-rules/electricity", json=RULE)
    path = f"{place.base}/units/{place.unit_id}/supply-stops"
    await client.post(path, json=STOP)
    left = (await client.delete(f"{path}/electricity")).json()["items"]
    assert [each["cause"] for each in left] == ["balance"]
    assert await actions(place) == ["off"]


async def test_stops_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/units/{place.unit_id}/supply-stops"
    for body, status in [
        ({**STOP, "utility": "gas"}, 404),
        ({**STOP, "utility": "general"}, 422),
        ({**STOP, "utility": "steam"}, 422),
        ({**STOP, "reason": ""}, 422),
        ({**STOP, "reason": "a\nb"}, 422),
        ({"utility": "electricity"}, 422),
    ]:
        answer = await client.post(path, json=body)
        assert answer.status_code == status, answer.text
    assert await actions(place) == []


# ── friendly hours ──


async def test_friendly_hours_are_off_until_they_are_set(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/friendly-hours"
    before = (await client.get(path)).json()
    next_cut_at = before.pop("next_cut_at")
    assert next_cut_at
    assert before == {
        "is_on": False,
        "night_from": None,
        "night_until": None,
        "weekends": False,
        "holidays_country": None,
        "holidays_subdivision": None,
    }
    hours = {**NIGHTS, "holidays_country": "DE", "holidays_subdivision": "BY"}
    answer = await client.put(path, json=hours)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert {name: shown[name] for name in hours} == hours
    assert shown["next_cut_at"] >= next_cut_at
    again = (await client.get(path)).json()
    assert {name: again[name] for name in hours} == hours


BAD_HOURS: list[Any] = [
    ({"night_until": None}, "night_until"),
    ({"night_until": "22:00"}, "night_until"),
    ({"night_from": "24:00"}, "body.night_from"),
    ({"night_from": "6:00"}, "body.night_from"),
    ({"night_from": "22:00:30"}, "body.night_from"),
    ({"night_from": 22}, "body.night_from"),
    ({"holidays_country": "za"}, "body.holidays_country"),
    ({"holidays_country": "XX"}, "holidays_country"),
    ({"holidays_country": "ZA", "holidays_subdivision": "BY"}, "holidays_country"),
    ({"holidays_subdivision": "BY"}, "holidays_country"),
    ({"holidays_country": "DE", "holidays_subdivision": "\x00"}, "body.holidays_subdivision"),
    ({"is_on": "perhaps"}, "body.is_on"),
]


async def test_hours_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    for change, path in BAD_HOURS:
        answer = await client.put(f"{place.base}/friendly-hours", json={**NIGHTS, **change})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
        assert path in [each["path"] for each in answer.json()["problems"]], change


# ── spending limits ──


async def test_a_limit_and_what_is_spent(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/wallets/{place.wallet_id}/spend-limit"
    none = await client.get(path)
    assert (none.status_code, none.json()["code"]) == (404, "not_found")
    await place.top_up()
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T10:00:00Z", "10"))

    answer = await client.put(path, json={"daily": "50.00", "monthly": "500.00"})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown.pop("updated_at")
    assert shown == {
        "wallet_id": place.wallet_id,
        "daily": {"amount": "50.000000", "currency": "ZAR"},
        "monthly": {"amount": "500.000000", "currency": "ZAR"},
        "is_cutting": False,
        # 10 kWh at 2.00 and 15 %
        "spent_today": {"amount": "23.000000", "currency": "ZAR"},
        "spent_this_month": {"amount": "23.000000", "currency": "ZAR"},
        "is_reached": False,
        "set_by": "staff:console",
    }
    await place.send(("2025-03-01T20:00:00Z", "30"))
    found = (await client.get(path)).json()
    assert (found["spent_today"]["amount"], found["is_reached"]) == ("69.000000", True)
    assert await actions(place) == []
    await client.put(path, json={"daily": "50.00", "is_cutting": True})
    assert await actions(place) == ["off"]
    removed = await client.delete(path)
    assert (removed.status_code, removed.json()["daily"]["amount"]) == (200, "50.000000")
    assert await actions(place) == ["on", "off"]
    assert (await client.get(path)).status_code == 404


BAD_LIMITS: list[Any] = [
    {},
    {"daily": None, "monthly": None},
    {"daily": "0"},
    {"daily": "-1.00"},
    {"monthly": 5},
    {"daily": "5.00", "weekly": "30.00"},
    {"daily": "5.00", "is_cutting": None},
]


async def test_limits_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/wallets/{place.wallet_id}/spend-limit"
    for body in BAD_LIMITS:
        answer = await client.put(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert (await client.get(path)).status_code == 404
