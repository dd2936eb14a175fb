"""What an amount buys over HTTP, and how much units take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .place import RATES, made

if TYPE_CHECKING:
    import httpx

    from .place import Place

ENERGY = {"name": "Energy", "kind": "usage", "price": "2.00"}
LINE = {"name": "Line", "kind": "fixed", "per": "month", "price": "100.00"}


async def bought(
    client: httpx.AsyncClient, place: Place, body: dict[str, Any], *charges: dict[str, Any]
) -> httpx.Response:
    document = {**RATES, "name": "Sold", "charges": list(charges or (ENERGY, LINE))}
    row = await made(client, f"{place.base}/rate-tables", {"document": document})
    return await client.post(f"{place.base}/rate-tables/{row['rate_table_id']}/purchase", json=body)


async def test_how_much_fifty_units_take_and_what_that_buys(client: httpx.AsyncClient, place: Place) -> None:
    terms = {"arrears_percent": "25", "arrears": "50"}
    answer = await bought(client, place, {"units": "50", **terms})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    # (50 * 2 + 100) * 1.15 = 230, and 50 of arrears, which are less than a quarter
    parts = ("amount", "net", "tax", "arrears", "fixed", "remainder", "unpaid")
    assert [body[name]["amount"] for name in parts] == [
        "280.000000",
        "200.000000",
        "30.000000",
        "50.000000",
        "100.000000",
        "0.000000",
        "0.000000",
    ]
    assert body["units"] == {"amount": "50.000000", "unit": "kWh"}
    assert [(line["charge"], line["net"]["amount"]) for line in body["lines"]] == [
        ("Line", "100.000000"),
        ("Energy", "100.000000"),
    ]
    again = await bought(client, place, {"amount": "280.00", **terms})
    assert again.json() == body


async def test_a_second_purchase_of_the_month(client: httpx.AsyncClient, place: Place) -> None:
    blocks = {
        "name": "Energy",
        "kind": "usage",
        "blocks": [{"up_to": "50", "price": "1.00"}, {"price": "3.00"}],
    }
    body = {"amount": "46.00", "used": "40", "standing_due": "0", "unit_step": "0.5"}
    answer = (await bought(client, place, body, blocks, LINE)).json()
    # 40 without tax: 10 at 1.00, 10 at 3.00
    assert (answer["units"]["amount"], answer["fixed"]["amount"]) == ("20.000000", "0.000000")


@pytest.mark.parametrize(
    ("body", "charges", "status", "code"),
    [
        ({}, (), 422, "invalid"),
        ({"amount": "1", "units": "1"}, (), 422, "invalid"),
        ({"amount": "0"}, (), 422, "invalid"),
        ({"units": "5", "arrears_percent": "100"}, (), 422, "invalid"),
        ({"units": "999999999999"}, (), 422, "invalid"),
        ({"amount": "5", "unit_step": "0"}, (), 422, "invalid"),
        ({"amount": "5", "from": "2025-02-01"}, (), 422, "invalid"),
        ({"amount": "5", "from": "2020-01-01", "to": "2020-02-01"}, (), 409, "not_priced"),
        ({"amount": "5"}, ({**ENERGY, "price": "0.00"},), 409, "units_free"),
        (
            {"amount": "5"},
            (ENERGY, {"name": "D", "kind": "demand", "interval_minutes": 30, "unit": "kW", "price": "1.00"}),
            409,
            "times_needed",
        ),
    ],
)
async def test_what_cannot_be_bought(
    client: httpx.AsyncClient,
    place: Place,
    body: dict[str, Any],
    charges: tuple[dict[str, Any], ...],
    status: int,
    code: str,
) -> None:
    answer = await bought(client, place, body, *charges)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
