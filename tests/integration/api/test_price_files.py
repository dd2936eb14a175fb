"""Files of prices over HTTP: a draft, what it would change, and a table only when everything is decided."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from .place import RATES, made

if TYPE_CHECKING:
    import httpx

    from .place import Place

CSV = """name,kind,price,unit,prices
Energy,usage,225.48,c/kWh,net
Service,fixed,3.24,ZAR/day,net
"""
CSV_TYPE = {"Content-Type": "text/csv"}
URDB: dict[str, Any] = {
    "items": [
        {
            "label": "1",
            "name": "Residential",
            "utility": "A utility",
            "startdate": 1751328000,
            "energyratestructure": [[{"rate": 0.12}]],
            "energyweekdayschedule": [[0] * 24] * 12,
            "energyweekendschedule": [[0] * 24] * 12,
        }
    ]
}


async def imported(place: Place, content: str, **query: Any) -> httpx.Response:
    return await place.client.post(
        f"{place.base}/rate-tables/import", content=content, params=query, headers=CSV_TYPE
    )


async def tables(place: Place) -> list[str]:
    found = (await place.client.get(f"{place.base}/rate-tables")).json()["items"]
    return [each["name"] for each in found]


async def test_a_filled_in_template_is_compared_with_what_is_in_force(place: Place):
    asked = {"format": "csv", "like": place.rate_table_id, "effective_from": "2026-07-01", "name": "2026/27"}
    answer = await imported(place, CSV, **asked)
    assert answer.status_code == 200, answer.text
    draft = answer.json()
    (document,) = draft["documents"]
    assert document["effective_from"] == "2026-07-01"
    assert document["tax"] == {"name": "VAT", "percent": "15", "prices": "exclusive"}
    assert document["charges"][0] == {"name": "Energy", "kind": "usage", "price": "2.2548"}
    assert (draft["rate_table_id"], draft["to_decide"], draft["left_out"]) == (None, [], [])
    assert draft["difference"] == {
        "rate_table_id": place.rate_table_id,
        "with_tax": False,
        "changes": [
            {
                "charge": "Energy",
                "kind": "usage",
                "what": "price",
                "season": None,
                "letter": None,
                "block": 1,
                "old": "2.00",
                "new": "2.2548",
                "percent": "+12.74",
            },
            {
                "charge": "Service",
                "kind": "fixed",
                "what": "price",
                "season": None,
                "letter": None,
                "block": None,
                "old": None,
                "new": "3.24",
                "percent": None,
            },
        ],
        "also": [],
    }
    assert await tables(place) == ["Flat"], "nothing is stored unless it is accepted"
    stored = (await imported(place, CSV, **asked, accept=True)).json()
    assert await tables(place) == ["2026/27", "Flat"]
    found = await place.client.get(f"{place.base}/rate-tables/{stored['rate_table_id']}")
    assert found.json()["document"] == document
    again = (await imported(place, CSV, **asked, accept=True)).json()
    assert again["rate_table_id"] == stored["rate_table_id"]


async def test_prices_that_look_odd_are_confirmed_first(place: Place):
    slip = CSV.replace("c/kWh", "ZAR/kWh")
    asked = {"format": "csv", "like": place.rate_table_id, "effective_from": "2026-07-01"}
    draft = (await imported(place, slip, **asked)).json()
    assert draft["to_decide"] == ["some prices look odd: confirm that they are right"]
    ((path, line),) = {(each["path"], each["line"]) for each in draft["to_confirm"]}
    assert line == 2, path
    refused = await imported(place, slip, **asked, accept=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "import_undecided")
    assert [each["message"] for each in refused.json()["problems"]] == draft["to_decide"]
    assert await tables(place) == ["Flat"]
    assert (await imported(place, slip, **asked, accept=True, confirm=True)).status_code == 200
    assert await tables(place) == ["Flat", "Flat"]


async def test_a_document_of_another_utility_has_nothing_to_be_compared_with(place: Place):
    water = {**RATES, "utility": "water", "charges": [{"name": "W", "kind": "usage", "price": "25.00"}]}
    draft = (await imported(place, yaml.safe_dump(water), format="document")).json()
    assert draft["difference"] is None
    assert draft["documents"][0]["utility"] == "water"


async def test_a_table_before_anything_was_in_force_is_compared_with_nothing(place: Place):
    early = {**RATES, "effective_from": "2024-12-31"}
    assert (await imported(place, json.dumps(early), format="document")).json()["difference"] is None


async def test_urdb_maps_what_maps_and_says_what_does_not(place: Place):
    draft = (await imported(place, json.dumps(URDB), format="urdb", effective_from="2026-07-01")).json()
    (document,) = draft["documents"]
    assert (document["currency"], document["effective_from"]) == ("USD", "2026-07-01")
    asked = {"format": "urdb", "accept": True, "leave_out": True, "confirm": True}
    refused = await imported(place, json.dumps(URDB), **asked)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), "the estate pays in ZAR"


async def test_one_of_several_rates_is_picked(place: Place):
    two = {"items": [URDB["items"][0], {**URDB["items"][0], "label": "2", "name": "Farm"}]}
    draft = (await imported(place, json.dumps(two), format="urdb")).json()
    assert len(draft["documents"]) == 2
    assert "the file has 2 rates that map: pick one, from 1" in draft["to_decide"]
    picked = (await imported(place, json.dumps(two), format="urdb", pick=2)).json()
    assert not any("pick" in each for each in picked["to_decide"])
    beyond = (await imported(place, json.dumps(two), format="urdb", pick=3)).json()
    assert any("pick" in each for each in beyond["to_decide"])


@pytest.mark.parametrize(
    ("content", "query", "status", "code"),
    [
        ("", {"format": "document"}, 422, "rate_table_invalid"),
        ("rate_table: 1", {"format": "document"}, 422, "rate_table_invalid"),
        ("{", {"format": "urdb"}, 422, "rate_table_invalid"),
        ("name,price\n", {"format": "csv"}, 422, "rate_table_invalid"),
        (CSV, {"format": "csv"}, 422, "rate_table_invalid"),
        (CSV, {"format": "xlsx"}, 422, "invalid"),
        (CSV, {}, 422, "invalid"),
        (CSV, {"format": "csv", "like": 99}, 404, "not_found"),
        (CSV, {"format": "csv", "pick": 0}, 422, "invalid"),
        (CSV, {"format": "csv", "tax": "VAT"}, 422, "invalid"),
        (CSV, {"format": "csv", "surprise": 1}, 422, "invalid"),
        (CSV, {"format": "csv", "name": "a\0b"}, 422, "invalid"),
    ],
)
async def test_what_is_no_file_of_prices_is_refused(
    place: Place, content: str, query: dict[str, Any], status: int, code: str
):
    answer = await imported(place, content, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await tables(place) == ["Flat"]


async def test_bytes_and_types_that_are_no_text_are_refused(place: Place):
    path = f"{place.base}/rate-tables/import"
    for content, kind, status, code in (
        (b"\xff\xfe", "text/csv", 422, "invalid"),
        (CSV.encode(), "image/png", 415, "unsupported_media_type"),
        (CSV.encode(), "multipart/form-data; boundary=x", 415, "unsupported_media_type"),
    ):
        answer = await place.client.post(
            path, content=content, params={"format": "csv"}, headers={"Content-Type": kind}
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(place: Place):
    asked = {"format": "csv", "like": place.rate_table_id, "effective_from": "2026-07-01"}
    answer = await imported(place, "\ufeff" + CSV.replace("\n", "\r\n"), **asked)
    assert answer.status_code == 200, answer.text


async def test_a_table_given_as_a_model_must_be_of_this_estate(client: httpx.AsyncClient, place: Place):
    body = {"name": "Oak", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
    other = (await made(client, "/api/v1/estates", body))["estate_id"]
    answer = await client.post(
        f"/api/v1/estates/{other}/rate-tables/import",
        content=CSV,
        params={"format": "csv", "like": place.rate_table_id},
        headers=CSV_TYPE,
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# ── the rule ──


async def test_the_rule_says_thirty_days_until_it_says_otherwise(place: Place):
    path = f"{place.base}/rate-rule"
    assert (await place.client.get(path)).json() == {"notice_days": 30, "benchmarks": {}}
    body = {"notice_days": None, "benchmarks": {"electricity": [place.rate_table_id]}}
    assert (await place.client.put(path, json=body)).json() == body
    assert (await place.client.get(path)).json() == body
    shorter = {"notice_days": 0, "benchmarks": {}}
    assert (await place.client.put(path, json=shorter)).json() == shorter


async def test_a_benchmark_is_a_table_of_its_utility_one_for_each_date(
    client: httpx.AsyncClient, place: Place
):
    path = f"{place.base}/rate-rule"
    first = place.rate_table_id
    same_date = await made(client, f"{place.base}/rate-tables", {"document": {**RATES, "name": "Other"}})
    for benchmarks, status in (
        ({"water": [first]}, 422),
        ({"electricity": [first, same_date["rate_table_id"]]}, 422),
        ({"electricity": [99]}, 404),
        ({"electricity": []}, 422),
        ({"steam": [first]}, 422),
        ({"electricity": [first, first]}, 200),
    ):
        answer = await client.put(path, json={"notice_days": 30, "benchmarks": benchmarks})
        assert answer.status_code == status, answer.text
    for days in (-1, 367, "x", 1.5):
        assert (await client.put(path, json={"notice_days": days})).status_code == 422
