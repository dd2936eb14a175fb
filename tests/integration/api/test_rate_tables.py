"""Rate tables over HTTP: JSON and YAML, what is refused and where, in force, and what a consumption costs."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import yaml
from jsonschema import Draft202012Validator

from tests.unit.tariffs.documents import EVERYTHING

from .place import RATES, made

if TYPE_CHECKING:
    import httpx

    from .place import Place

TIMED: dict[str, Any] = {
    "rate_table": 1,
    "name": "By the hour",
    "utility": "electricity",
    "currency": "ZAR",
    "effective_from": "2025-01-01",
    "tax": {"name": "VAT", "percent": "15", "prices": "exclusive"},
    "clocks": {
        "weekday": "OOOOOOPPSSSSSSSSSPPPSSOO",
        "saturday": "OOOOOOOSSSSSOOOOOSSOOOOO",
        "sunday": "OOOOOOOOOOOOOOOOOSSOOOOO",
    },
    "charges": [{"name": "Energy", "kind": "usage", "price": {"P": "6.00", "S": "3.00", "O": "1.00"}}],
}
BLOCKS: dict[str, Any] = {
    **RATES,
    "name": "Blocks",
    "charges": [
        {
            "name": "Energy",
            "kind": "usage",
            "blocks": [{"up_to": "20", "price": "1.00"}, {"up_to": "50", "price": "2.00"}, {"price": "3.00"}],
        }
    ],
}


HOUR = {"from": "2025-03-01T00:00:00Z", "to": "2025-03-01T01:00:00Z", "quantity": "1"}


def charge_with(**change: Any) -> dict[str, Any]:
    charge = {**RATES["charges"][0], **change}
    return {**RATES, "charges": [{key: value for key, value in charge.items() if value is not ...}]}


# ── adding ──


async def test_json_and_yaml_are_the_same_document(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/rate-tables"
    as_json = await client.post(path, json={"document": BLOCKS})
    as_yaml = await client.post(
        path, content=yaml.safe_dump(BLOCKS), headers={"Content-Type": "application/yaml; charset=utf-8"}
    )

    assert (as_json.status_code, as_yaml.status_code) == (201, 201)
    assert as_yaml.json() == as_json.json()
    table = as_json.json()
    assert (table["name"], table["utility"], table["currency"]) == ("Blocks", "electricity", "ZAR")
    assert table["effective_from"] == "2025-01-01"
    assert table["document"]["charges"][0]["blocks"][1] == {"up_to": "50", "price": "2.00"}
    assert (await client.get(f"{path}/{table['rate_table_id']}")).json() == table
    listed = (await client.get(path)).json()
    assert [each["name"] for each in listed["items"]] == ["Blocks", "Flat"]
    assert all("document" not in each for each in listed["items"])


async def test_a_document_with_everything_survives_the_database(
    client: httpx.AsyncClient, place: Place
) -> None:
    added = await client.post(
        f"{place.base}/rate-tables",
        content=yaml.safe_dump(EVERYTHING),
        headers={"Content-Type": "application/yaml"},
    )
    assert added.status_code == 201, added.text
    path = f"{place.base}/rate-tables/{added.json()['rate_table_id']}"
    kept = (await client.get(path)).json()["document"]
    assert kept == EVERYTHING
    again = await client.post(f"{place.base}/rate-tables", json={"document": kept})
    assert again.json()["rate_table_id"] == added.json()["rate_table_id"], (
        "the same document is the same table"
    )


BAD_DOCUMENTS: list[Any] = [
    (charge_with(price=...), "charges[0]", "price_or_blocks", "neither"),
    (charge_with(price="-1"), "charges[0].price", "not_decimal", ""),
    (charge_with(price="abc"), "charges[0].price", "not_decimal", ""),
    (charge_with(price=2.0), "charges[0].price", "not_text", ""),
    (charge_with(kind="fixed"), "charges[0]", "missing_key", "per"),
    (charge_with(kind="demand", unit="kW"), "charges[0]", "missing_key", "interval_minutes"),
    (charge_with(kind="gift"), "charges[0].kind", "unknown_kind", "minimum"),
    (charge_with(blocks_mode="volume"), "charges[0].blocks_mode", "nothing_to_count", "blocks"),
    (charge_with(allowance=6), "charges[0].allowance", "not_text", "string"),
    (charge_with(colour="red"), "charges[0].colour", "unknown_key", ""),
    ({**RATES, "tax": {**RATES["tax"], "percent": "400"}}, "tax.percent", "out_of_range", ""),
    ({**RATES, "utility": "steam"}, "utility", "", ""),
    ({**RATES, "effective_from": "yesterday"}, "effective_from", "", ""),
    ({**RATES, "charges": []}, "charges", "", ""),
    ({**RATES, "rate_table": 2}, "rate_table", "", ""),
    ({}, "", "", ""),
]


async def test_what_cannot_be_priced_is_refused_with_its_place(
    client: httpx.AsyncClient, place: Place
) -> None:
    for document, path, code, said in BAD_DOCUMENTS:
        answer = await client.post(f"{place.base}/rate-tables", json={"document": document})

        assert (answer.status_code, answer.json()["code"]) == (422, "rate_table_invalid"), answer.text
        problems = answer.json()["problems"]
        assert path in [each["path"] for each in problems] or not path, problems
        assert all(each["message"] and each["code"] for each in problems)
        if code:
            (at,) = [each for each in problems if each["path"] == path]
            assert at["code"] == code
            assert said in at["message"]
        assert len((await client.get(f"{place.base}/rate-tables")).json()["items"]) == 1, "nothing was added"


async def test_all_problems_are_told_at_once_and_with_their_line(
    client: httpx.AsyncClient, place: Place
) -> None:
    text = yaml.safe_dump(charge_with(kind="gift"), sort_keys=False).replace("percent: '15'", "percent: x")
    answer = await client.post(
        f"{place.base}/rate-tables", content=text, headers={"Content-Type": "application/yaml"}
    )
    found = {each["path"]: each["line"] for each in answer.json()["problems"]}
    lines = text.splitlines()
    assert lines[found["tax.percent"] - 1].strip() == "percent: x"
    assert lines[found["charges[0].kind"] - 1].strip() == "kind: gift"


async def test_a_table_in_another_currency_is_refused(client: httpx.AsyncClient, place: Place) -> None:
    answer = await client.post(f"{place.base}/rate-tables", json={"document": {**RATES, "currency": "EUR"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["problems"][0]["path"] == "currency"


BAD_BODIES: list[Any] = [
    ("application/json", b"", 422, "invalid"),
    ("application/json", b"{", 422, "invalid"),
    ("application/json", b"[]", 422, "invalid"),
    ("application/json", b'{"document": []}', 422, "invalid"),
    ("application/json", b'{"document": {}, "more": 1}', 422, "invalid"),
    ("application/json", b'{"document": {"charges": [{"price": "2.00", "price": "0.00"}]}}', 422, "invalid"),
    ("application/json", b'{"document": {"name": "\xff"}}', 422, "invalid"),
    ("application/json", b'{"document": ' + b'{"a":' * 50_000, 422, "invalid"),
    ("application/json", b'{"document": {"name": ' + b"9" * 5000 + b"}}", 422, "invalid"),
    ("application/json", b'{"document": {"name": NaN}}', 422, "rate_table_invalid"),
    ("application/json", b'{"document": {"name": "\\u0000\\ud800"}}', 422, "rate_table_invalid"),
    ("application/yaml", b"", 422, "rate_table_invalid"),
    ("application/yaml", b"\xff\xfe", 422, "invalid"),
    ("application/yaml", b"a: \x00", 422, "rate_table_invalid"),
    ("application/yaml", b"[" * 5000, 422, "rate_table_invalid"),
    ("application/yaml", b"!!python/object/apply:os.system ['true']", 422, "rate_table_invalid"),
    (
        "application/yaml",
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]",
        422,
        "rate_table_invalid",
    ),
    ("application/yaml", b"name: x\nname: y", 422, "rate_table_invalid"),
    ("application/json", b" " * 1_100_000, 422, "invalid"),
    ("text/plain", b"x", 415, "unsupported_media_type"),
    ("", b"x", 415, "unsupported_media_type"),
    ("application/json", b" " * 6_000_000, 413, "too_large"),
]


async def test_a_body_that_is_no_document(client: httpx.AsyncClient, place: Place) -> None:
    for kind, content, status, code in BAD_BODIES:
        answer = await client.post(
            f"{place.base}/rate-tables", content=content, headers={"Content-Type": kind} if kind else {}
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text[:300]
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_schema_is_published(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    path = "/api/v1/rate-tables/schema"
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    schema = Draft202012Validator(answer.json())
    schema.validate(TIMED)
    schema.validate(BLOCKS)
    assert not schema.is_valid(charge_with(colour="red"))
    assert (await stranger.get(path)).json() == answer.json()
    assert (await anonymous.get(path)).status_code == 401


# ── in force ──


async def test_a_table_is_in_force_once_assigned(client: httpx.AsyncClient, place: Place) -> None:
    later = {
        **RATES,
        "name": "Dearer",
        "effective_from": "2025-06-01",
        "charges": charge_with(price="3.00")["charges"],
    }
    table = await made(client, f"{place.base}/rate-tables", {"document": later})
    path = f"{place.base}/rate-tables/{table['rate_table_id']}/assign"

    first, again = await client.post(path), await client.post(path)

    assert (first.status_code, first.json()) == (
        200,
        {
            "rate_table_id": table["rate_table_id"],
            "utility": "electricity",
            "effective_from": "2025-06-01",
            "is_new": True,
        },
    )
    assert again.json() == {**first.json(), "is_new": False}
    await place.send(
        ("2025-05-30T00:00:00Z", "0"), ("2025-05-30T10:00:00Z", "10"), ("2025-06-02T00:00:00Z", "10"),
        ("2025-06-02T10:00:00Z", "20"),
    )  # fmt: skip
    # 10 kWh at 2.00 and 10 at 3.00, 15 % on both
    assert await place.balance() == "-57.500000"


async def test_one_table_for_one_date(client: httpx.AsyncClient, place: Place) -> None:
    table = await made(client, f"{place.base}/rate-tables", {"document": BLOCKS})
    answer = await client.post(f"{place.base}/rate-tables/{table['rate_table_id']}/assign")
    assert (answer.status_code, answer.json()["code"]) == (409, "rate_table_already_in_force")


async def test_a_table_that_reaches_back_charges_the_past_again(
    client: httpx.AsyncClient, place: Place
) -> None:
    await place.send(("2025-07-01T00:00:00Z", "0"), ("2025-07-01T10:00:00Z", "10"))
    table = await made(
        client, f"{place.base}/rate-tables", {"document": {**BLOCKS, "effective_from": "2025-06-01"}}
    )
    answer = await client.post(f"{place.base}/rate-tables/{table['rate_table_id']}/assign")
    assert (answer.status_code, answer.json()["is_new"]) == (200, True)
    # 10 kWh of the first block at 1.00 instead of 2.00, and 15 %
    assert await place.balance() == "-11.500000"


async def test_what_was_held_for_want_of_a_price_is_charged(client: httpx.AsyncClient, place: Place) -> None:
    created = await made(
        client, f"{place.base}/meters", {"unit_id": place.unit_id, "serial": "W1", "utility": "water"}
    )
    readings = [
        {"meter": "W1", "taken_at": f"2025-03-01T0{hour}:00:00Z", "value": str(hour), "unit": "m3"}
        for hour in (0, 1)
    ]
    sent = await client.post(f"{place.base}/readings", json={"readings": readings})
    assert [each["class"] for each in sent.json()["readings"]] == ["first", "held"]
    assert "no rate table" in sent.json()["readings"][1]["reason"]

    table = await made(
        client, f"{place.base}/rate-tables", {"document": {**RATES, "utility": "water", "name": "Water"}}
    )
    assert (await client.post(f"{place.base}/rate-tables/{table['rate_table_id']}/assign")).status_code == 200

    charged = await client.get(f"{place.base}/readings", params={"class": "charged"})
    assert [each["register_id"] for each in charged.json()["items"]] == [
        created["registers"][0]["register_id"]
    ]
    wallet = (await client.get(f"{place.base}/wallets/{place.wallet_id}")).json()
    assert {each["utility"]: each["balance"]["amount"] for each in wallet["balances"]} == {
        "electricity": "0.000000",
        "water": "-2.300000",
    }


# ── calculate ──


async def calculated(
    client: httpx.AsyncClient, place: Place, document: dict[str, Any], body: Any
) -> httpx.Response:
    table = await made(client, f"{place.base}/rate-tables", {"document": document})
    return await client.post(f"{place.base}/rate-tables/{table['rate_table_id']}/calculate", json=body)


async def test_blocks_are_shown_line_by_line(client: httpx.AsyncClient, place: Place) -> None:
    answer = await calculated(client, place, BLOCKS, {"quantity": "60"})

    # 20 at 1.00, 30 at 2.00, 10 at 3.00 are 110.00; 15 % are 16.50
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert [body[key]["amount"] for key in ("net", "tax", "gross")] == [
        "110.000000", "16.500000", "126.500000",
    ]  # fmt: skip
    assert [
        (line["block"], line["quantity"]["amount"], line["price"]["amount"], line["net"]["amount"])
        for line in body["lines"]
    ] == [
        (1, "20.000000", "1.000000", "20.000000"),
        (2, "30.000000", "2.000000", "60.000000"),
        (3, "10.000000", "3.000000", "30.000000"),
    ]
    assert body["lines"][0]["charge"] == "Energy"
    assert body["lines"][0]["quantity"]["unit"] == "kWh"
    assert await place.balance() == "0.000000"


async def test_intervals_are_priced_by_the_hour_of_the_estate(
    client: httpx.AsyncClient, place: Place
) -> None:
    # Monday 3 March 2025: 04:00Z is 06:00 in Johannesburg, P; 06:00Z is 08:00, S
    intervals = [
        {"from": "2025-03-03T04:00:00Z", "to": "2025-03-03T05:00:00Z", "quantity": "1"},
        {"from": "2025-03-03T08:00:00+02:00", "to": "2025-03-03T09:00:00+02:00", "quantity": "2.5"},
    ]
    answer = await calculated(client, place, TIMED, {"intervals": intervals})

    assert answer.status_code == 200, answer.text
    assert answer.json()["net"]["amount"] == "13.500000"
    assert answer.json()["tax"]["amount"] == "2.025000"
    lines = {line["letter"]: line["net"]["amount"] for line in answer.json()["lines"]}
    assert lines == {"P": "6.000000", "S": "7.500000"}


NO_PRICE: list[Any] = [
    (TIMED, {"quantity": "1"}, 409, "times_needed"),
    (RATES, {"quantity": "1", "register": "export"}, 409, "not_priced"),
    (
        RATES,
        {"intervals": [{"from": "2024-03-01T00:00:00Z", "to": "2024-03-01T01:00:00Z", "quantity": "1"}]},
        409,
        "not_priced",
    ),
    (
        RATES,
        {"intervals": [{"from": "2025-03-01T01:00:00Z", "to": "2025-03-01T00:00:00Z", "quantity": "1"}]},
        422,
        "intervals_invalid",
    ),
    (
        RATES,
        {
            "intervals": [
                {"from": "2025-03-01T00:00:00Z", "to": "2025-03-01T02:00:00Z", "quantity": "1"},
                {"from": "2025-03-01T01:00:00Z", "to": "2025-03-01T03:00:00Z", "quantity": "1"},
            ]
        },
        422,
        "intervals_invalid",
    ),
    (
        RATES,
        {"intervals": [{"from": "2025-01-01T00:00:00Z", "to": "2199-01-01T00:00:00Z", "quantity": "1"}]},
        422,
        "intervals_invalid",
    ),
    (RATES, {"quantity": "999999999999"}, 422, "intervals_invalid"),
    (RATES, {}, 422, "invalid"),
    (RATES, {"quantity": None}, 422, "invalid"),
    (RATES, {"quantity": "1", "intervals": []}, 422, "invalid"),
    (RATES, {"intervals": []}, 422, "invalid"),
    (RATES, {"quantity": "-1"}, 422, "invalid"),
    (RATES, {"quantity": 1}, 422, "invalid"),
    (RATES, {"quantity": "NaN"}, 422, "invalid"),
    (RATES, {"quantity": "1e400"}, 422, "invalid"),
    (RATES, {"quantity": "1", "register": "IMPORT"}, 422, "invalid"),
    (RATES, {"intervals": [{**HOUR, "from": "2025-03-01T00:00:00"}]}, 422, "invalid"),
    (RATES, {"intervals": [HOUR] * 2001}, 422, "invalid"),
]


async def test_a_consumption_that_has_no_price(client: httpx.AsyncClient, place: Place) -> None:
    for document, body, status, code in NO_PRICE:
        answer = await calculated(client, place, copy.deepcopy(document), body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_new_version_charges_wherever_the_old_one_did(
    client: httpx.AsyncClient, place: Place
) -> None:
    base = f"{place.base}/rate-tables/{place.rate_table_id}/versions"
    # the old one holds for the estate, and until April for the unit as a levy
    levy = {"rate_table_id": place.rate_table_id, "role": "levy", "unit_id": place.unit_id}
    await made(client, f"{place.base}/rate-assignments", {**levy, "effective_until": "2025-04-01"})
    newer = {**RATES, "effective_from": "2025-03-01", "charges": [{**RATES["charges"][0], "price": "3.00"}]}
    for wrong in (
        {**newer, "effective_from": "2025-01-01"},
        {**newer, "utility": "water"},
        {**newer, "currency": "EUR"},
    ):
        answer = await client.post(base, json={"document": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    found = await made(client, base, {"document": newer})
    assert [
        (each["role"], each["scope"], each["effective_from"], each["effective_until"])
        for each in found["assignments"]
    ] == [
        ("supply", "estate", "2025-03-01", None),
        ("levy", "unit", "2025-03-01", "2025-04-01"),
    ]
    assert await made(client, base, {"document": newer}) == found
    # an hour of February and an hour of March: 1 kWh at 2.00 and at 3.00, twice each, with 15 %
    await place.send(
        ("2025-02-28T20:00:00Z", "1"), ("2025-02-28T21:00:00Z", "2"), ("2025-02-28T22:00:00Z", "3")
    )
    assert await place.balance() == "-9.200000"
    await place.send(("2025-02-28T23:00:00Z", "4"))
    assert await place.balance() == "-16.100000"
    # held nowhere, it is stored and charges nothing
    other = await made(client, f"{place.base}/rate-tables", {"document": {**RATES, "name": "Idle"}})
    path = f"{place.base}/rate-tables/{other['rate_table_id']}/versions"
    later = await made(client, path, {"document": {**newer, "name": "Idle"}})
    assert later["assignments"] == []
