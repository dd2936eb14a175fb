"""What a consumption would cost, over HTTP: a quantity, dates, intervals, a unit's own months; compared."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from .place import RATES, made

if TYPE_CHECKING:
    import httpx

    from .place import Place


def table(name: str, *charges: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**RATES, "name": name, "charges": list(charges), **more}


def energy(price: str) -> dict[str, Any]:
    return {"name": "Energy", "kind": "usage", "price": price}


DAILY = {"name": "Line", "kind": "fixed", "per": "day", "price": "1.00"}


async def added(client: httpx.AsyncClient, place: Place, document: dict[str, Any]) -> str:
    row = await made(client, f"{place.base}/rate-tables", {"document": document})
    return f"{place.base}/rate-tables/{row['rate_table_id']}"


def amounts(body: dict[str, Any], *names: str) -> list[str]:
    return [body[name]["amount"] for name in names or ("net", "tax", "gross")]


# ── a quantity, dates, intervals ──


async def test_sums_are_exact_and_beside_them_in_cents(client: httpx.AsyncClient, place: Place) -> None:
    path = await added(client, place, table("City", energy("2.0967")))
    answer = await client.post(f"{path}/calculate", json={"quantity": "350"})

    # 350 * 2.0967 = 733.845; 15 % = 110.07675. Published: 733.85 and 843.93
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert amounts(body) == ["733.845000", "110.076750", "843.921750"]
    assert amounts(body["cents"]) == ["733.850000", "110.080000", "843.930000"]
    assert (body["from"], body["to"], body["charged"]) == ("2025-01-01", "2025-02-01", None)


async def test_dates_spread_a_quantity_and_bring_standing_charges(
    client: httpx.AsyncClient, place: Place
) -> None:
    path = await added(client, place, table("Line", energy("2.00"), DAILY))
    body = (
        await client.post(
            f"{path}/calculate", json={"quantity": "10", "from": "2025-03-01", "to": "2025-03-11"}
        )
    ).json()
    assert amounts(body) == ["30.000000", "4.500000", "34.500000"]
    assert [(line["charge"], line["kind"], line["days"]) for line in body["lines"]] == [
        ("Energy", "usage", None),
        ("Line", "fixed", 10),
    ]
    alone = (await client.post(f"{path}/calculate", json={"from": "2025-01-20", "to": "2025-03-02"})).json()
    assert amounts(alone)[0] == "41.000000"
    assert [(each["from"], each["to"], each["net"]["amount"]) for each in alone["exact"]["periods"]] == [
        ("2025-01-20", "2025-02-01", "12.000000"),
        ("2025-02-01", "2025-03-01", "28.000000"),
        ("2025-03-01", "2025-03-02", "1.000000"),
    ]


async def test_a_demand_charge_needs_times(client: httpx.AsyncClient, place: Place) -> None:
    demand = {"name": "Peak", "kind": "demand", "interval_minutes": 30, "unit": "kW", "price": "10.00"}
    path = await added(client, place, table("Power", energy("1.00"), demand))
    assert (await client.post(f"{path}/calculate", json={"quantity": "1"})).json()["code"] == "times_needed"
    intervals = [
        {"from": "2025-03-01T00:00:00Z", "to": "2025-03-01T00:30:00Z", "quantity": "1"},
        {"from": "2025-03-01T00:30:00Z", "to": "2025-03-01T01:00:00Z", "quantity": "3"},
    ]
    body = (await client.post(f"{path}/calculate", json={"intervals": intervals})).json()
    # 4 kWh, and 3 kWh in half an hour are 6 kW
    assert amounts(body)[0] == "64.000000"
    assert [line["at"] for line in body["lines"]] == [None, "2025-03-01T00:30:00Z"]


BAD: list[Any] = [
    {"from": "2025-03-01"},
    {"quantity": "1", "from": "2025-03-01", "to": "2025-03-01"},
    {"unit_id": 1},
    {"unit_id": 1, "months": 0},
    {"unit_id": 1, "months": 25},
    {"unit_id": 1, "months": 1, "from": "2025-03-01", "to": "2025-04-01"},
    {"unit_id": 1, "months": 1, "quantity": "1"},
    {"months": 1, "quantity": "1"},
]


async def test_what_does_not_go_together(client: httpx.AsyncClient, place: Place) -> None:
    for body in BAD:
        answer = await client.post(f"{place.base}/rate-tables/{place.rate_table_id}/calculate", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), body


# ── a unit's own months ──


async def test_a_units_own_months_beside_what_it_was_charged(client: httpx.AsyncClient, place: Place) -> None:
    # local midnights; the last reading of February lies in March: its interval is split
    await place.send(
        ("2025-01-10T22:00:00Z", "100"), ("2025-01-31T22:00:00Z", "140"), ("2025-02-27T22:00:00Z", "180"),
        ("2025-03-01T22:00:00Z", "190"), ("2025-03-10T22:00:00Z", "200"),
    )  # fmt: skip
    path = await added(client, place, table("Dear", energy("3.00"), DAILY, effective_from="2026-01-01"))
    answer = await client.post(
        f"{path}/calculate", json={"unit_id": place.unit_id, "from": "2025-01-01", "to": "2025-03-01"}
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    # it begins with the first reading, on 11 January: 21 days and 40 kWh; 28 days and 45 kWh
    assert (body["from"], body["to"]) == ("2025-01-11", "2025-03-01")
    periods = body["exact"]["periods"]
    assert [(each["from"], each["net"]["amount"]) for each in periods] == [
        ("2025-01-11", "141.000000"),
        ("2025-02-01", "163.000000"),
    ]
    # charged at 2.00 and 15 %: 40 kWh; 40 kWh, and not those of the reading of 2 March
    assert [each["charged"]["amount"] for each in periods] == ["92.000000", "92.000000"]
    assert body["charged"]["amount"] == "184.000000"


async def test_a_unit_without_readings_and_one_that_is_not_there(
    client: httpx.AsyncClient, place: Place
) -> None:
    path = f"{place.base}/rate-tables/{place.rate_table_id}/calculate"
    answer = await client.post(path, json={"unit_id": place.unit_id, "months": 12})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_used")
    answer = await client.post(path, json={"unit_id": 999, "months": 12})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# ── compared ──


async def three_units(client: httpx.AsyncClient, place: Place) -> list[int]:
    """One unit uses 10 kWh, one 100, one has no readings; A1 is the place's own, and uses nothing."""
    units = (await made(client, f"{place.base}/units", {"names": ["=A2", "A3"]}))["items"]
    for unit, serial, used in ((units[0], "E2", "10"), (units[1], "E3", "100")):
        await made(
            client,
            f"{place.base}/meters",
            {"unit_id": unit["unit_id"], "serial": serial, "utility": "electricity"},
        )
        await place.send(("2025-02-28T22:00:00Z", "0"), ("2025-03-31T22:00:00Z", used), meter=serial)
    return [unit["unit_id"] for unit in units]


MARCH = {"from": "2025-03-01", "to": "2025-04-01"}


async def test_who_gains_and_who_loses_against_what_is_in_force(
    client: httpx.AsyncClient, place: Place
) -> None:
    small, big = await three_units(client, place)
    # cheaper energy, and a line to pay for: 10 kWh 15.50 + 31 against 20; 100 kWh 155 + 31 against 200
    path = await added(client, place, table("Line", energy("1.55"), DAILY))
    answer = await client.post(f"{path}/compare", json=MARCH)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert [(row["unit_id"], row["unit"], row["reason"]) for row in body["units"]] == [
        (place.unit_id, "A1", "there are no readings in that time"),
        (small, "=A2", None),
        (big, "A3", None),
    ]
    assert [amounts(row, "old", "new", "difference") for row in body["units"][1:]] == [
        ["23.000000", "53.475000", "30.475000"],
        ["230.000000", "213.900000", "-16.100000"],
    ]
    assert amounts(body, "old", "new", "difference") == ["253.000000", "267.375000", "14.375000"]
    assert [body[name] for name in ("gains", "loses", "same", "not_compared")] == [1, 1, 0, 1]
    assert [row["unit_id"] for row in body["best"]] == [big]
    assert [row["unit_id"] for row in body["worst"]] == [small]
    page = (
        await client.post(f"{path}/compare", json={**MARCH, "limit": 1, "after_id": place.unit_id})
    ).json()
    assert ([row["unit_id"] for row in page["units"]], page["next"]) == ([small], small)
    assert amounts(page, "old") == ["253.000000"]
    one = (await client.post(f"{path}/compare", json={**MARCH, "unit_id": big})).json()
    assert amounts(one, "difference") == ["-16.100000"]


async def test_two_tables_by_either_way_of_pricing(client: httpx.AsyncClient, place: Place) -> None:
    small, big = await three_units(client, place)
    blocks = [{"up_to": "20", "price": "1.00"}, {"price": "3.00"}]
    slab = await added(client, place, table("Slab", {"name": "E", "kind": "usage", "blocks": blocks}, DAILY))
    volume = await added(
        client,
        place,
        table("Volume", {"name": "E", "kind": "usage", "blocks": blocks, "blocks_mode": "volume"}, DAILY),
    )
    other = int(slab.rsplit("/", 1)[1])
    body = (await client.post(f"{volume}/compare", json={**MARCH, "with": other})).json()
    rows = {row["unit_id"]: amounts(row, "old", "new", "difference") for row in body["units"][1:]}
    # 10 kWh are in the first block both ways; 100: 20 + 80 * 3 = 260, or 300; 31 days; 15 %
    assert rows == {
        small: ["47.150000", "47.150000", "0.000000"],
        big: ["334.650000", "380.650000", "46.000000"],
    }
    assert [body[name] for name in ("gains", "loses", "same")] == [0, 1, 1]


async def assigned(client: httpx.AsyncClient, place: Place, path: str, **more: Any) -> None:
    body = {"rate_table_id": int(path.rsplit("/", 1)[1]), **more}
    answer = await client.post(f"{place.base}/rate-assignments", json=body)
    assert answer.status_code == 201, answer.text


async def test_a_table_may_stand_in_any_role(client: httpx.AsyncClient, place: Place) -> None:
    small, big = await three_units(client, place)
    wires = await added(client, place, table("Wires", energy("0.50"), DAILY))
    await assigned(client, place, wires, role="network")
    untaxed = {"name": "VAT", "percent": "0", "prices": "exclusive"}
    await assigned(
        client, place, await added(client, place, table("Levy", energy("0.03"), tax=untaxed)), role="levy"
    )
    least = {"name": "Least", "kind": "minimum", "per": "month", "price": "50.00"}
    dear = await added(client, place, table("Dear wires", energy("0.80"), least))

    body = (await client.post(f"{dear}/compare", json={**MARCH, "role": "network"})).json()
    rows = {
        row["unit_id"]: amounts(row, "old", "new", "difference", "unchanged") for row in body["units"][1:]
    }
    # old: 5 or 50, and 31 days; new: at least 50, or 80; 15 %. Supply at 2.00 with 15 %, the levy without
    assert rows == {
        small: ["41.400000", "57.500000", "16.100000", "23.300000"],
        big: ["93.150000", "92.000000", "-1.150000", "233.000000"],
    }
    sums = ("old", "new", "difference", "unchanged", "old_total", "new_total")
    assert amounts(body, *sums) == [
        *("134.550000", "149.500000", "14.950000"),
        *("256.300000", "390.850000", "405.800000"),
    ]
    assert body["role"] == "network"
    body = (await client.post(f"{dear}/compare", json=MARCH)).json()
    # in the place of supply: 20 and 200 against 50 and 80; network and levy stay
    assert amounts(body, *sums) == [
        *("253.000000", "149.500000", "-103.500000"),
        *("137.850000", "390.850000", "287.350000"),
    ]
    other = int(wires.rsplit("/", 1)[1])
    body = (await client.post(f"{dear}/compare", json={**MARCH, "role": "network", "with": other})).json()
    assert amounts(body, "old", "new", "unchanged") == ["134.550000", "149.500000", "256.300000"]
    bad = await client.post(f"{dear}/compare", json={**MARCH, "role": "tax"})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid")


async def test_a_role_without_a_table_costs_nothing_until_it_has_one(
    client: httpx.AsyncClient, place: Place
) -> None:
    small, big = await three_units(client, place)
    wires = await added(client, place, table("Wires", energy("0.50"), DAILY))
    # from the middle of the month on, for one unit
    await assigned(client, place, wires, role="network", unit_id=small, effective_from="2025-03-17")
    body = (await client.post(f"{wires}/compare", json={**MARCH, "role": "network"})).json()
    rows = {row["unit_id"]: amounts(row, "old", "new") for row in body["units"][1:]}
    assert rows[big] == ["0.000000", "93.150000"]
    # 15 of the 31 days: 4.838710 kWh and 15 lines: 17.419355, and 15 %
    old = "20.032258"
    assert rows[small] == [old, "41.400000"]
    body = (await client.post(f"{place.base}/rate-tables/{place.rate_table_id}/compare", json=MARCH)).json()
    assert {row["unit_id"]: amounts(row, "unchanged") for row in body["units"][1:]} == {
        small: [old],
        big: ["0.000000"],
    }


async def test_a_file_with_every_unit_in_which_no_name_is_a_formula(
    client: httpx.AsyncClient, place: Place
) -> None:
    small, big = await three_units(client, place)
    path = await added(client, place, table("Dear", energy("3.00")))
    answer = await client.post(f"{path}/compare", json={**MARCH, "limit": 1}, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows == [
        [
            *("unit_id", "unit", "from", "currency"),
            *("old", "new", "difference", "unchanged", "outcome", "reason"),
        ],
        [
            str(place.unit_id),
            "A1",
            "",
            "ZAR",
            "",
            "",
            "",
            "",
            "not compared",
            "there are no readings in that time",
        ],
        [
            str(small),
            "'=A2",
            "2025-03-01",
            "ZAR",
            "23.000000",
            "34.500000",
            "11.500000",
            "0.000000",
            "loses",
            "",
        ],
        [
            str(big),
            "A3",
            "2025-03-01",
            "ZAR",
            "230.000000",
            "345.000000",
            "115.000000",
            "0.000000",
            "loses",
            "",
        ],
    ]


async def test_what_cannot_be_compared(client: httpx.AsyncClient, place: Place, monkeypatch: Any) -> None:
    path = f"{place.base}/rate-tables/{place.rate_table_id}/compare"
    water = await added(client, place, table("Water", energy("3.00"), utility="water"))
    for body, status, code in (
        ({"from": "2025-03-01", "to": "2025-03-01"}, 422, "invalid"),
        ({**MARCH, "with": 999}, 404, "not_found"),
        ({**MARCH, "unit_id": 999}, 404, "not_found"),
        ({**MARCH, "with": int(water.rsplit("/", 1)[1])}, 422, "invalid"),
        ({"from": "0001-01-01", "to": "2025-02-01"}, 422, "invalid"),
        ({"from": "2025-02-01", "to": "9999-12-31"}, 422, "invalid"),
    ):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    monkeypatch.setattr("mita.charging.api.calculation.UNIT_DAYS_MAX", 30)
    answer = await client.post(path, json=MARCH)
    assert (answer.status_code, answer.json()["code"]) == (409, "comparison_too_large")
    assert "mita rate-table compare" in answer.json()["detail"]


# ── explained ──


async def test_an_entry_is_explained_to_whoever_may_see_the_wallet(
    client: httpx.AsyncClient, member: httpx.AsyncClient, stranger: httpx.AsyncClient, place: Place
) -> None:
    await place.send(("2025-03-01T10:00:00Z", "0"), ("2025-03-01T10:30:00Z", "1.25"))
    path = f"{place.base}/wallets/{place.wallet_id}/entries/electricity/1/explanation"
    answer = await member.get(path)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["amount"]["amount"] == "-2.875000"
    assert amounts(body["total"]) == ["2.500000", "0.375000", "2.875000"]
    (line,) = body["lines"]
    assert (line["rate_table"], line["in_force_from"], line["price"]["amount"]) == (
        "Flat",
        "2025-01-01",
        "2.000000",
    )
    assert (line["from"], line["to"]) == ("2025-03-01T10:00:00Z", "2025-03-01T10:30:00Z")
    text = await client.get(path, headers={"Accept": "text/plain"})
    assert text.headers["content-type"].startswith("text/plain")
    assert text.text == body["text"]
    assert text.text.startswith(
        "From 12:00 to 12:30 on 1 March 2025 you used 1.250 kWh.\n1.250 kWh at R2.00 = R2.50.\n"
    )
    assert (await stranger.get(path)).status_code == 404
    assert (await client.get(path.replace("/1/exp", "/2/exp"))).status_code == 404
    assert (await client.get(path.replace("electricity", "water"))).status_code == 404
