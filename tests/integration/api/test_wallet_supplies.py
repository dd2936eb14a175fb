"""Whether a wallet's utilities are on, told to those who live from them."""

from __future__ import annotations

import json

RULE = {"is_cutting": True, "low_line": "50", "cut_line": "-10", "restore_line": "10"}


async def _supplies(caller, place):
    answer = await caller.get(f"{place.base}/wallets/{place.wallet_id}/supplies")
    assert answer.status_code == 200, answer.text
    (supply,) = answer.json()["items"]
    return supply


async def test_a_member_sees_that_all_is_on(member, place):
    supply = await _supplies(member, place)
    assert supply["utility"] == "electricity"
    assert supply["is_on"] is True
    assert supply["asked"] is None
    assert supply["stops"] == []
    assert supply["to_restore"] is None
    assert supply["is_cutting"] is False


async def test_a_member_sees_what_is_asked_and_what_brings_it_back(client, member, place):
    await place.send(("2026-03-01T00:00:00Z", "100"))
    answer = await client.put(f"{place.base}/credit-rules/electricity", json=RULE)
    assert answer.status_code == 200, answer.text
    # ten kilowatt-hours at 2.00 and 15 % tax
    await place.send(("2026-03-01T10:00:00Z", "110"))
    supply = await _supplies(member, place)
    assert [each["cause"] for each in supply["stops"]] == ["balance"]
    # asked, and still on: only the device's word changes that
    assert (supply["is_on"], supply["asked"]) == (True, "off")
    assert supply["to_restore"] == {"amount": "33.000000", "currency": "ZAR"}
    await place.top_up(amount="33.00")
    supply = await _supplies(member, place)
    assert supply["stops"] == []
    assert supply["to_restore"] is None
    assert supply["restore_line"]["amount"] == "10.000000"


async def test_money_does_not_help_where_staff_switched_it_off(client, member, place):
    path = f"{place.base}/units/{place.unit_id}/supply-stops"
    answer = await client.post(path, json={"utility": "electricity", "reason": "the board is repaired"})
    assert answer.status_code in (200, 201), answer.text
    supply = await _supplies(member, place)
    assert [(each["cause"], each["reason"]) for each in supply["stops"]] == [
        ("staff", "stopped by staff: the board is repaired")
    ]
    assert supply["to_restore"] is None
    # who did it is staff's own business
    assert "staff:console" not in json.dumps(supply)


async def test_it_is_nothing_to_strangers(stranger, anonymous, place):
    path = f"{place.base}/wallets/{place.wallet_id}/supplies"
    assert (await stranger.get(path)).status_code == 404
    assert (await anonymous.get(path)).status_code == 401
