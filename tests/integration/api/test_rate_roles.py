"""Tables of several roles, assigned by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.charging.operations import weigh

from .place import RATES, made
from .test_rate_tables import charge_with

if TYPE_CHECKING:
    import httpx
    import pytest

    from .place import Place


async def test_a_table_of_another_role_charges_beside_supply(client: httpx.AsyncClient, place: Place) -> None:
    network = {**RATES, "name": "Network", "charges": charge_with(price="0.50")["charges"]}
    table = await made(client, f"{place.base}/rate-tables", {"document": network})
    body = {"rate_table_id": table["rate_table_id"], "role": "network", "unit_id": place.unit_id}
    path = f"{place.base}/rate-assignments"
    first, again = await client.post(path, json=body), await client.post(path, json=body)
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert {name: first.json()[name] for name in ("role", "scope", "target_id")} == {
        "role": "network",
        "scope": "unit",
        "target_id": place.unit_id,
    }
    assert [each["role"] for each in (await client.get(path)).json()["items"]] == ["supply", "network"]
    await place.send(("2025-07-01T00:00:00Z", "0"), ("2025-07-01T10:00:00Z", "10"))
    # 2.00 and 0.50, 15 % on both
    assert await place.balance() == "-28.750000"


async def test_a_role_that_is_none_is_refused(client: httpx.AsyncClient, place: Place) -> None:
    answer = await client.post(
        f"{place.base}/rate-assignments", json={"rate_table_id": 1, "role": "distribution"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_what_is_charged_again_is_seen_before(
    client: httpx.AsyncClient, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.send(("2025-07-01T00:00:00Z", "0"), ("2025-07-01T10:00:00Z", "10"))
    dearer = {**RATES, "name": "Dearer", "charges": charge_with(price="3.00")["charges"]}
    table = await made(client, f"{place.base}/rate-tables", {"document": dearer})
    path = f"{place.base}/rate-assignments"
    body = {"rate_table_id": table["rate_table_id"], "effective_from": "2025-06-01"}
    before = (await client.get(path)).json()

    async def seen(**more: object) -> dict[str, Any]:
        answer = await client.post(f"{path}/preview", json={**body, **more})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    found = await seen()
    assert found == {
        "utility": "electricity",
        "registers": 1,
        "charged_again": 1,
        # local midnight
        "since": "2025-05-31T22:00:00Z",
        "is_at_once": True,
        # ten at 3.00 instead of 2.00, with 15 %
        "money": {
            "wallets": 1,
            "more": {"amount": "11.500000", "currency": "ZAR"},
            "less": {"amount": "0.000000", "currency": "ZAR"},
            "largest": {
                "unit_id": place.unit_id,
                "change": {"amount": "11.500000", "currency": "ZAR"},
            },
        },
        "units": [
            {
                "unit_id": place.unit_id,
                "registers": 1,
                "since": "2025-05-31T22:00:00Z",
                "change": {"amount": "11.500000", "currency": "ZAR"},
            }
        ],
    }
    assert await seen(meter_id=place.meter_id) == found
    # later than all that was charged, over before it, or of a table that holds already
    nothing = await seen(effective_from="2025-07-02")
    assert nothing["charged_again"] == 0
    none = {"amount": "0.000000", "currency": "ZAR"}
    assert nothing["money"] == {"wallets": 0, "more": none, "less": none, "largest": None}
    assert (await seen(effective_until="2025-07-01"))["charged_again"] == 1
    assert (await seen(rate_table_id=place.rate_table_id))["charged_again"] == 0
    # refused as it would be; nothing was kept by any of these
    for wrong, status in (({"meter_id": 999_999}, 404), ({"effective_until": "2025-06-01"}, 422)):
        answer = await client.post(f"{path}/preview", json={**body, **wrong})
        kept = await client.post(path, json={**body, **wrong})
        assert (answer.status_code, answer.json()["code"]) == (status, kept.json()["code"])
    assert (await client.get(path)).json() == before
    assert await place.balance() == "-23.000000"
    await made(client, path, body)
    assert await place.balance() == "-34.500000"
    assert (await seen())["charged_again"] == 0
    # back to the price of before: what is given back is told as that
    back = {"rate_table_id": place.rate_table_id, "effective_from": "2025-06-01", "is_correction": True}
    found = await seen(**back, reason="a slip")
    assert found["money"] == {
        "wallets": 1,
        "more": none,
        "less": {"amount": "11.500000", "currency": "ZAR"},
        "largest": {"unit_id": place.unit_id, "change": {"amount": "-11.500000", "currency": "ZAR"}},
    }
    monkeypatch.setattr(weigh, "READINGS_MAX", 0)
    found = await seen(**back, reason="a slip")
    assert (found["money"], found["charged_again"]) == (None, 1)
    assert [each["change"] for each in found["units"]] == [None]
