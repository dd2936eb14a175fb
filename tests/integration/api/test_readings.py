"""Readings over HTTP: each gets its class, bad ones do not fail the batch, held ones can be accepted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from .place import Place


async def test_readings_become_money(place: Place) -> None:
    answer = await place.send(("2025-03-01T00:00:00Z", "100"), ("2025-03-01T01:00:00Z", "110.5"))

    assert [each["class"] for each in answer["readings"]] == ["first", "charged"]
    assert answer["counts"]["charged"] == 1
    # 10.5 kWh at 2.00 is 21.00, and 15 % of it 3.15
    assert await place.balance() == "-24.150000"


async def test_sending_again_charges_nothing(place: Place) -> None:
    rows = (("2025-03-01T00:00:00Z", "100"), ("2025-03-01T01:00:00Z", "110.5"))
    await place.send(*rows)
    again = await place.send(*rows)

    assert [each["class"] for each in again["readings"]] == ["duplicate", "duplicate"]
    assert again["counts"] == {
        "first": 0,
        "charged": 0,
        "unchanged": 0,
        "late": 0,
        "duplicate": 2,
        "conflict": 0,
        "backwards": 0,
        "held": 0,
        "rejected": 0,
    }
    assert await place.balance() == "-24.150000"


GOOD = {"meter": "E1", "taken_at": "2025-03-01T02:00:00Z", "value": "100", "unit": "kWh"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"value": "NaN"}, "not_a_number"),
        ({"value": "Infinity"}, "not_a_number"),
        ({"value": "1_000"}, "not_a_number"),
        ({"value": "١٢"}, "not_a_number"),
        ({"value": "12,5"}, "not_a_number"),
        ({"value": "-1"}, "negative_value"),
        ({"value": "1e9999"}, "value_out_of_range"),
        ({"value": "9" * 100}, "too_many_decimals"),
        ({"value": "0.1234567"}, "too_many_decimals"),
        ({"value": "0." + "1" * 40}, "too_many_decimals"),
        ({"value": 12.5}, "malformed"),
        ({"value": None}, "malformed"),
        ({"value": ["1"]}, "malformed"),
        ({"unit": "bushel"}, "unknown_unit"),
        ({"unit": "m3"}, "wrong_unit"),
        ({"taken_at": "2025-03-01T02:00:00"}, "naive_time"),
        ({"taken_at": "yesterday"}, "bad_time"),
        ({"taken_at": "2025-02-30T02:00:00Z"}, "bad_time"),
        ({"taken_at": "0001-01-01T00:00:00+14:00"}, "bad_time"),
        ({"taken_at": "9999-12-31T23:59:59-14:00"}, "bad_time"),
        ({"taken_at": 1700000000}, "malformed"),
        ({"taken_at": "2150-01-01T00:00:00Z"}, "future_time"),
        ({"taken_at": "1950-01-01T00:00:00Z"}, "time_out_of_range"),
        ({"meter": "nobody"}, "unknown_meter"),
        ({"meter": "E1\x00"}, "malformed"),
        ({"meter": "E1\ud800"}, "malformed"),
        ({"meter": ""}, "malformed"),
        ({"register": "sideways"}, "unknown_register"),
        ({"colour": "red"}, "malformed"),
        ({"\x00\ud800": 1}, "malformed"),
    ],
)
async def test_a_bad_reading_is_rejected_alone(
    place: Place, client: httpx.AsyncClient, change: dict[str, object], code: str
) -> None:
    bad = {**GOOD, **change}
    content = __import__("json").dumps({"readings": [GOOD, bad, 7, None]})
    answer = await client.post(
        f"{place.base}/readings", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 200, answer.text
    classes = [each["class"] for each in answer.json()["readings"]]
    assert classes == ["first", "rejected", "rejected", "rejected"]
    assert answer.json()["readings"][1]["code"] == code
    assert answer.json()["readings"][1]["reason"]
    listed = (await client.get(f"{place.base}/readings", params={"class": "rejected"})).json()["items"]
    assert sorted(each["code"] for each in listed) == sorted([code, "malformed", "malformed"])
    assert all(each["reason"] and each["raw"] for each in listed)


async def test_readings_of_the_estate_in_the_body(place: Place, client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/readings", json={"estate_id": place.estate_id, "readings": [GOOD]})
    assert answer.json()["readings"][0]["class"] == "first"

    contradiction = await client.post(
        f"{place.base}/readings", json={"estate_id": place.estate_id + 1, "readings": [GOOD]}
    )
    assert contradiction.status_code == 422
    assert contradiction.json()["problems"][0]["path"] == "body.estate_id"


async def test_a_malformed_body_is_refused_whole(place: Place, client: httpx.AsyncClient) -> None:
    for body in ({}, {"readings": []}, {"readings": "x"}, {"readings": [GOOD] * 10_001}, [GOOD]):
        answer = await client.post(f"{place.base}/readings", json=body)
        assert answer.status_code == 422, body
        assert answer.json()["code"] == "invalid"


async def test_each_class_is_listed(place: Place, client: httpx.AsyncClient) -> None:
    await place.send(
        ("2025-03-01T00:00:00Z", "100"),
        ("2025-03-01T02:00:00Z", "110"),
        ("2025-03-01T03:00:00Z", "110"),
        ("2025-03-01T04:00:00Z", "90"),
        ("2025-03-01T05:00:00Z", "9000"),
    )
    await place.send(
        ("2025-03-01T01:00:00Z", "105"), ("2025-03-01T02:00:00Z", "110"), ("2025-03-01T03:00:00Z", "111")
    )
    found = {}
    for word in ("first", "charged", "unchanged", "late", "duplicate", "conflict", "backwards", "held"):
        items = (await client.get(f"{place.base}/readings", params={"class": word})).json()["items"]
        assert all(each["class"] == word for each in items)
        found[word] = [
            (each["taken_at"][11:13], each["value"]["amount"], bool(each["reason"])) for each in items
        ]

    assert found == {
        "first": [("00", "100.000000", False)],
        "charged": [("02", "110.000000", False)],
        "unchanged": [("03", "110.000000", False)],
        "late": [("01", "105.000000", False)],
        "duplicate": [("02", "110.000000", False)],
        "conflict": [("03", "111.000000", True)],
        "backwards": [("04", "90.000000", True)],
        "held": [("05", "9000.000000", True)],
    }


async def test_pages_of_readings_join_without_loss(place: Place, client: httpx.AsyncClient) -> None:
    await client.post(
        f"{place.base}/meters", json={"unit_id": place.unit_id, "serial": "E2", "utility": "electricity"}
    )
    rows = [(f"2025-03-01T0{hour}:00:00Z", str(hour)) for hour in range(4)]
    await place.send(*rows)
    await place.send(*rows, meter="E2")
    seen, cursor = [], None
    for _ in range(10):
        params = {"limit": 3, **({"before": cursor} if cursor else {})}
        answer = (await client.get(f"{place.base}/readings", params=params)).json()
        seen += [(each["taken_at"], each["meter"]) for each in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break

    # newest first; at one instant by register: no reading twice, none left out at a page's end
    assert seen == [(f"2025-03-01T0{hour}:00:00Z", meter) for hour in (3, 2, 1, 0) for meter in ("E1", "E2")]
    by_instant = await client.get(f"{place.base}/readings", params={"before": "2025-03-01T01:00:00Z"})
    assert [each["taken_at"][11:13] for each in by_instant.json()["items"]] == ["00", "00"]


@pytest.mark.parametrize("class_", ["duplicate", "rejected"])
async def test_pages_of_what_did_not_become_readings(
    place: Place, client: httpx.AsyncClient, class_: str
) -> None:
    rows = [(f"2025-03-01T0{hour}:00:00Z", str(hour)) for hour in range(5)]
    await place.send(*rows)
    await place.send(*rows, meter="E1" if class_ == "duplicate" else "nobody")
    seen, cursor = [], None
    for _ in range(10):
        params = {"class": class_, "limit": 2, **({"before": cursor} if cursor else {})}
        answer = (await client.get(f"{place.base}/readings", params=params)).json()
        seen += [each["value"]["amount"] if each["value"] else each["raw"] for each in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert len(seen) == 5
    assert len(set(seen)) == 5


async def test_a_bad_cursor_is_refused(place: Place, client: httpx.AsyncClient) -> None:
    for params in ({"before": "x"}, {"before": "2025-01-01"}, {"class": "rejected", "before": "-1"}):
        answer = await client.get(f"{place.base}/readings", params=params)
        assert answer.status_code == 422
        assert answer.json()["problems"][0]["path"] == "query.before"


async def test_a_held_reading_is_accepted(place: Place, client: httpx.AsyncClient) -> None:
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T01:00:00Z", "500"))
    assert await place.balance() == "0.000000"
    path = f"{place.base}/registers/{place.register_id}/readings/2025-03-01T01:00:00Z/accept"

    accepted = await client.post(path)

    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["class"] == "charged"
    assert accepted.json()["quantity"] == {"amount": "500.000000", "unit": "kWh"}
    assert accepted.json()["net"] == {"amount": "1000.000000", "currency": "ZAR"}
    assert await place.balance() == "-1150.000000"
    again = await client.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "reading_not_held")
    missing = await client.post(path.replace("T01", "T02"))
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_a_dry_run_says_what_accepting_charges_and_charges_nothing(
    place: Place, client: httpx.AsyncClient
) -> None:
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T01:00:00Z", "500"))
    path = f"{place.base}/registers/{place.register_id}/readings/2025-03-01T01:00:00Z/accept"

    tried = await client.post(path, params={"dry_run": "true"})

    assert tried.status_code == 200, tried.text
    assert await place.balance() == "0.000000"
    assert [each["class"] for each in await listed(place, **{"class": "held"})] == ["held"]
    accepted = await client.post(path)
    assert accepted.json() == tried.json()
    assert accepted.json()["net"]["amount"] == "1000.000000"
    assert await place.balance() == "-1150.000000"


async def test_a_held_reading_that_is_wrong_is_set_aside_and_waits_for_nobody(
    place: Place, client: httpx.AsyncClient
) -> None:
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T01:00:00Z", "500"))
    (held,) = await listed(place, **{"class": "held"}, is_set_aside="false")
    assert (held["code"], held["set_aside"]) == ("implausible_rise", None)
    one = f"{place.base}/registers/{place.register_id}/readings/2025-03-01T01:00:00Z"

    told = await client.post(f"{one}/set-aside", json={"reason": "Tested on the bench"})

    assert told.status_code == 200, told.text
    assert told.json()["reason"] == "Tested on the bench"
    assert await place.balance() == "0.000000"
    assert await listed(place, **{"class": "held"}, is_set_aside="false") == []
    (aside,) = await listed(place, **{"class": "held"}, is_set_aside="true")
    assert (aside["class"], aside["set_aside"]) == ("held", told.json())
    again = await client.post(f"{one}/set-aside", json={"reason": "Twice"})
    assert (again.status_code, again.json()["code"]) == (409, "reading_not_waiting")
    first = one.replace("T01", "T00")
    refused = await client.post(f"{first}/set-aside", json={"reason": "No doubt"})
    assert (refused.status_code, refused.json()["code"]) == (409, "reading_not_waiting")
    empty = await client.post(f"{one}/set-aside", json={"reason": ""})
    assert (empty.status_code, empty.json()["problems"][0]["path"]) == (422, "body.reason")
    # somebody may have been wrong about it
    assert (await client.post(f"{one}/accept")).json()["class"] == "charged"


async def test_of_many_who_set_a_reading_aside_at_once_one_does(
    place: Place, client: httpx.AsyncClient
) -> None:
    hours = [f"2025-03-01T{hour:02d}:00:00Z" for hour in range(1, 7)]
    await place.send(("2025-03-01T00:00:00Z", "0"), *((at, "50000") for at in hours))
    assert len(await listed(place, **{"class": "held"})) == len(hours)
    for at in hours:
        one = f"{place.base}/registers/{place.register_id}/readings/{at}/set-aside"
        answers = await asyncio.gather(
            *(client.post(one, json={"reason": f"Said by {number}"}) for number in range(4))
        )
        told = [(each.status_code, each.json().get("code")) for each in answers]
        assert sorted(told, key=str) == [(200, None)] + [(409, "reading_not_waiting")] * 3
        (won,) = [each.json() for each in answers if each.status_code == 200]
        aside = await listed(place, **{"class": "held"}, is_set_aside="true")
        assert won in [each["set_aside"] for each in aside]


async def listed(place: Place, **params: str) -> list[dict[str, Any]]:
    answer = await place.client.get(f"{place.base}/readings", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_the_lane_goes_on_after_an_acceptance(place: Place, client: httpx.AsyncClient) -> None:
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T01:00:00Z", "500"))
    await client.post(f"{place.base}/registers/{place.register_id}/readings/2025-03-01T01:00:00Z/accept")
    await place.send(("2025-03-01T02:00:00Z", "501"))
    # one kWh more, 2.30 with tax: the lane's memory knows that 500 is accepted now
    assert await place.balance() == "-1152.300000"


async def test_many_requests_at_once_charge_each_reading_once(place: Place) -> None:
    await place.send(("2025-03-01T00:00:00Z", "0"))
    rows = [(f"2025-03-01T{hour:02d}:00:00Z", str(hour)) for hour in range(1, 9)]
    answers = await asyncio.gather(*(place.send(*rows) for _ in range(6)))

    assert sum(each["counts"]["charged"] for each in answers) == 8
    assert sum(each["counts"]["duplicate"] for each in answers) == 40
    assert await place.balance() == "-18.400000"


async def test_what_nobodys_device_sent_is_listed(client: httpx.AsyncClient, database: object) -> None:
    from mita.metering.domain import Rejection
    from mita.metering.operations import record_rejections

    async with database.unit_of_work(estates=[0]) as session:
        rejection = Rejection("mqtt", None, None, "{", "malformed", "no JSON")
        await record_rejections(
            session, estate_id=0, rejections=[rejection], received_us=1_700_000_000_000_000
        )
    answer = await client.get("/api/v1/rejected-readings")
    (item,) = answer.json()["items"]
    assert (item["code"], item["raw"], item["received_at"]) == ("malformed", "{", "2023-11-14T22:13:20Z")


async def test_a_temperature_is_kept_and_shown_with_its_reading(place: Place) -> None:
    readings = [
        {"meter": "E1", "taken_at": f"2025-03-0{day}T00:00:00Z", "value": str(day), "unit": "kWh", **more}
        for day, more in (
            (1, {"temperature": "58.25"}),
            (2, {}),
            (3, {"temperature": "-0.5"}),
            (4, {"temperature": "151"}),
            (5, {"temperature": "warm"}),
            (6, {"temperature": 58.25}),
        )
    ]
    answer = (await place.client.post(f"{place.base}/readings", json={"readings": readings})).json()
    assert [each["class"] for each in answer["readings"]] == ["first", "charged", "charged"] + [
        "rejected"
    ] * 3
    assert [each["code"] for each in answer["readings"][3:]] == ["bad_temperature"] * 2 + ["malformed"]
    listed = (await place.client.get(f"{place.base}/readings")).json()["items"]
    assert [each["temperature"] for each in listed] == ["-0.50", None, "58.25"]
