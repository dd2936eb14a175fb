"""Estates, units and meters over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .place import made

if TYPE_CHECKING:
    import httpx

    from .place import Place

OAK = {"name": "Oak Gardens", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}


# ── estates ──


async def test_an_estate_is_made_listed_and_found(client: httpx.AsyncClient) -> None:
    created = await made(client, "/api/v1/estates", OAK)

    assert {**created, "created_at": None} == {
        "estate_id": created["estate_id"],
        "created_at": None,
        "organisation_id": None,
        "kind": "building",
        "address": "",
        "languages": ["en"],
        "contact_name": None,
        "contact_email": None,
        "contact_phone": None,
        "version": 1,
        "archived_at": None,
        **OAK,
    }
    assert created["created_at"].endswith("Z")
    assert (await client.get(f"/api/v1/estates/{created['estate_id']}")).json() == created
    assert (await client.get("/api/v1/estates")).json() == {"items": [created], "next": None}


async def test_a_name_is_taken_once(client: httpx.AsyncClient) -> None:
    await made(client, "/api/v1/estates", OAK)
    again = await client.post("/api/v1/estates", json=OAK)

    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    assert len((await client.get("/api/v1/estates")).json()["items"]) == 1


async def test_two_at_once_make_one_estate(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/api/v1/estates", json=OAK) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


BAD_ESTATES: list[Any] = [
    ({"name": ""}, "body.name"),
    ({"name": "x" * 201}, "body.name"),
    ({"name": "two\nlines"}, "body.name"),
    ({"name": 7}, "body.name"),
    ({"name": None}, "body.name"),
    ({"currency": "zar"}, "body.currency"),
    ({"currency": "RAND"}, "body.currency"),
    ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ({"time_zone": "../../etc/passwd"}, "time_zone"),
    ({"time_zone": "/etc/passwd"}, "time_zone"),
    ({"owner": "x"}, "body.owner"),
]


async def test_an_estate_that_cannot_be(client: httpx.AsyncClient) -> None:
    for change, path in BAD_ESTATES:
        answer = await client.post("/api/v1/estates", json={**OAK, **change})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert [each["path"] for each in answer.json()["problems"]] == [path]
        assert (await client.get("/api/v1/estates")).json()["items"] == []


async def test_pages_of_estates_join(client: httpx.AsyncClient) -> None:
    for index in range(5):
        await made(client, "/api/v1/estates", {**OAK, "name": f"E{index}"})
    assert await all_pages(client, "/api/v1/estates", key="name") == ["E0", "E1", "E2", "E3", "E4"]


async def all_pages(client: httpx.AsyncClient, path: str, *, key: str) -> list[Any]:
    """Follow ``next`` two by two."""
    seen: list[Any] = []
    after = 0
    while True:
        answer = (await client.get(path, params={"after_id": after, "limit": 2})).json()
        assert len(answer["items"]) <= 2
        seen += [each[key] for each in answer["items"]]
        if answer["next"] is None:
            return seen
        assert answer["next"] > after
        after = answer["next"]


BAD_PAGES: list[Any] = [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"after_id": -1}, {"after_id": 2**63}]


async def test_a_page_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    for params in BAD_PAGES:
        (name,) = params
        for path in (
            "/api/v1/estates",
            f"{place.base}/units",
            f"{place.base}/meters",
            f"{place.base}/wallets",
        ):
            answer = await client.get(path, params=params)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
            assert answer.json()["problems"][0]["path"] == f"query.{name}"


# ── units ──


async def test_units_are_made_in_order_and_listed(client: httpx.AsyncClient, place: Place) -> None:
    created = await made(client, f"{place.base}/units", {"names": ["B2", "B1", "B3"]})

    assert [each["name"] for each in created["items"]] == ["B2", "B1", "B3"]
    assert await all_pages(client, f"{place.base}/units", key="name") == ["A1", "B2", "B1", "B3"]


async def test_units_are_made_all_or_none(client: httpx.AsyncClient, place: Place) -> None:
    for names in (["B1", "A1"], ["B1", "B1"]):
        answer = await client.post(f"{place.base}/units", json={"names": names})
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert await all_pages(client, f"{place.base}/units", key="name") == ["A1"]


BAD_NAMES: list[Any] = [[], [""], ["a\x00b"], [7], "A1", None, [f"U{i}" for i in range(1001)]]


async def test_units_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    for names in BAD_NAMES:
        answer = await client.post(f"{place.base}/units", json={"names": names})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert answer.json()["problems"][0]["path"].startswith("body.names")


async def test_a_unit_tells_all_about_itself(client: httpx.AsyncClient, place: Place) -> None:
    rule = {"is_cutting": False, "low_line": "50.00", "cut_line": "0.00", "restore_line": "10.00"}
    await client.put(f"{place.base}/credit-rules/electricity", json=rule)
    await place.send(("2025-03-01T00:00:00Z", "100"), ("2025-03-01T01:00:00Z", "110.5"))

    unit = (await client.get(f"{place.base}/units/{place.unit_id}")).json()

    assert unit["name"] == "A1"
    assert unit["wallet_id"] == place.wallet_id
    assert unit["meters"] == [
        {"meter_id": place.meter_id, "serial": "E1", "utility": "electricity", "device": None}
    ]
    (utility,) = unit["utilities"]
    del utility["account_id"]
    assert utility == {
        "utility": "electricity",
        "balance": {"amount": "-24.150000", "currency": "ZAR"},
        "standing": "out",
        "latest_reading": {
            "taken_at": "2025-03-01T01:00:00Z",
            "value": {"amount": "110.500000", "unit": "kWh"},
        },
        "is_supply_on": True,
        "open_command": None,
    }


async def test_a_bare_unit_has_nothing_yet(client: httpx.AsyncClient, place: Place) -> None:
    created = await made(client, f"{place.base}/units", {"names": ["B1"]})
    unit_id = created["items"][0]["unit_id"]
    unit = (await client.get(f"{place.base}/units/{unit_id}")).json()
    assert (unit["wallet_id"], unit["meters"], unit["utilities"]) == (None, [], [])


# ── meters ──


async def test_a_meter_is_installed_with_its_registers_and_a_wallet(
    client: httpx.AsyncClient, place: Place
) -> None:
    created = await made(client, f"{place.base}/units", {"names": ["B1"]})
    unit_id = created["items"][0]["unit_id"]
    meter = await made(
        client,
        f"{place.base}/meters",
        {
            "unit_id": unit_id,
            "serial": "W-1",
            "utility": "water",
            "registers": ["import", "leak"],
            "device": "wc-b1",
            "max_rate": "5",
            "burst": "0.25",
        },
    )

    assert (meter["serial"], meter["device"]) == ("W-1", "wc-b1")
    assert meter["max_rate"] == {"amount": "5.000000", "unit": "m3"}
    assert meter["burst"] == {"amount": "0.250000", "unit": "m3"}
    assert [(each["name"], each["unit"]) for each in meter["registers"]] == [("import", "m3"), ("leak", "m3")]
    assert (await client.get(f"{place.base}/meters/{meter['meter_id']}")).json() == meter
    unit = (await client.get(f"{place.base}/units/{unit_id}")).json()
    assert unit["wallet_id"] is not None
    assert unit["utilities"][0]["balance"] == {"amount": "0.000000", "currency": "ZAR"}


async def test_meters_are_listed_and_of_one_unit(client: httpx.AsyncClient, place: Place) -> None:
    created = await made(client, f"{place.base}/units", {"names": ["B1"]})
    unit_id = created["items"][0]["unit_id"]
    for serial in ("E2", "E3"):
        await made(
            client,
            f"{place.base}/meters",
            {"unit_id": unit_id, "serial": serial, "utility": "electricity"},
        )

    assert await all_pages(client, f"{place.base}/meters", key="serial") == ["E1", "E2", "E3"]
    of_unit = (await client.get(f"{place.base}/meters", params={"unit_id": unit_id})).json()["items"]
    assert [each["serial"] for each in of_unit] == ["E2", "E3"]
    assert of_unit[0]["max_rate"] is None


async def test_a_serial_and_a_device_are_taken_once(client: httpx.AsyncClient, place: Place) -> None:
    meter = {"unit_id": place.unit_id, "serial": "E2", "utility": "electricity", "device": "dev-1"}
    await made(client, f"{place.base}/meters", meter)
    again = await client.post(f"{place.base}/meters", json=meter)
    assert (again.status_code, again.json()["code"]) == (409, "serial_taken")

    # one device may speak for several meters, but only of one estate
    await made(client, f"{place.base}/meters", {**meter, "serial": "E3"})
    other = await made(client, "/api/v1/estates", OAK)
    base = f"/api/v1/estates/{other['estate_id']}"
    (unit,) = (await made(client, f"{base}/units", {"names": ["A1"]}))["items"]
    foreign = await client.post(f"{base}/meters", json={**meter, "unit_id": unit["unit_id"]})
    assert (foreign.status_code, foreign.json()["code"]) == (409, "serial_taken")
    assert (await client.get(f"{base}/meters")).json()["items"] == []
    await made(client, f"{base}/meters", {**meter, "unit_id": unit["unit_id"], "device": "dev-2"})


BAD_METERS: list[Any] = [
    ({"serial": ""}, "body.serial"),
    ({"serial": "x" * 101}, "body.serial"),
    ({"serial": "E\x002"}, "body.serial"),
    ({"utility": "steam"}, "body.utility"),
    ({"unit_id": 2**63}, "body.unit_id"),
    ({"unit_id": "1e0"}, "body.unit_id"),
    ({"registers": []}, "body.registers"),
    ({"registers": ["import", "import"]}, "body.registers"),
    ({"registers": ["Import"]}, "body.registers.0"),
    ({"registers": [f"r{i}" for i in range(9)]}, "body.registers"),
    ({"device": "a/b"}, "body.device"),
    ({"device": "+"}, "body.device"),
    ({"max_rate": "-1"}, "body.max_rate"),
    ({"max_rate": "0"}, "body.max_rate"),
    ({"max_rate": "10000001"}, "body.max_rate"),
    ({"max_rate": "1e3"}, "body.max_rate"),
    ({"max_rate": 5}, "body.max_rate"),
    ({"burst": "1000000001"}, "body.burst"),
    ({"burst": "0.0000001"}, "body.burst"),
    ({"burst": "NaN"}, "body.burst"),
]


async def test_a_meter_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    for change, path in BAD_METERS:
        meter = {"unit_id": place.unit_id, "serial": "E2", "utility": "electricity", **change}
        answer = await client.post(f"{place.base}/meters", json=meter)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert answer.json()["problems"][0]["path"] == path
        assert await all_pages(client, f"{place.base}/meters", key="serial") == ["E1"]


async def test_a_meter_needs_a_unit_of_its_estate(client: httpx.AsyncClient, place: Place) -> None:
    meter = {"unit_id": place.unit_id + 1, "serial": "E2", "utility": "electricity"}
    answer = await client.post(f"{place.base}/meters", json=meter)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
