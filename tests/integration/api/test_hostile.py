"""Input that means harm or comes from a broken program: a problem, never a 500, and nothing half done."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mita.kit.reads import ReadsAway
from mita.metering.domain import Rejection, truncated
from mita.metering.operations import record_rejections

from .routes import QUERIES, api_operations_of, is_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    import psycopg
    import pytest
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place

JSON = {"Content-Type": "application/json", "Idempotency-Key": "k"}
DEEP = b"[" * 100_000
# what each operation with a body may answer; 415 is of rate tables, which also take YAML
REFUSED = {400, 404, 409, 415, 422}
# these say no more than that the sign-in failed, whatever was wrong
SIGN_IN_FAILED = (401, "sign_in_failed")


# what devices and servers write has rules of its own, and tests of its own
OF_OTHERS = {"post_readings", "take_tts_message"}


def with_body(app: FastAPI) -> list[Any]:
    # only a device posts: tests/integration/posts
    return [
        each
        for each in api_operations_of(app)
        if "requestBody" in each.spec and each.operation_id not in OF_OTHERS
    ]


BROKEN = {
    "nothing": b"",
    "no JSON": b"{",
    "a word": b"hello",
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "overlong UTF-8": b'{"name": "\xc0\xaf"}',
    "UTF-16": '{"nobody": "x"}'.encode("utf-16"),
    "BOM": b"\xef\xbb\xbf{}",
    "raw NUL": b'{"name": "a\x00b"}',
    "deep": DEEP,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b"[" * 900 + b"]" * 900,
    "NaN": b'{"amount": NaN, "quantity": Infinity, "max_rate": -Infinity}',
    "huge integer": b'{"unit_id": ' + b"9" * 4000 + b"}",
    "integer beyond Python": b'{"unit_id": ' + b"9" * 5000 + b"}",
    "huge exponent": b'{"unit_id": 1e999999999, "estate_id": 1e400}',
    "array": b"[]",
    "null": b"null",
    "number": b"7",
    "text": b'"x"',
    "empty object": b"{}",
    "unknown field": b'{"\\u0000": "\\ud800"}',
}
# an empty object will do where nothing is needed; what some editors write before it is not looked at
MAY_DO = {"BOM", "empty object"}


def is_empty_enough(app: FastAPI, operation: Any) -> bool:
    """Tell whether an operation takes a body in which everything is left out."""
    schema = operation.spec["requestBody"]["content"]["application/json"]["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    return "required" not in app.openapi()["components"]["schemas"].get(name, schema)


async def test_a_broken_body_is_refused_by_every_route(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    operations = with_body(app)
    assert len(operations) >= 40
    for operation, (name, content) in itertools.product(operations, BROKEN.items()):
        answer = await client.request(operation.method, operation.url(), content=content, headers=JSON)
        if answer.status_code < 300 and name in MAY_DO and is_empty_enough(app, operation):
            continue
        assert is_problem(answer), (operation.operation_id, name, answer.text[:300])
        said = (answer.status_code, answer.json()["code"])
        assert answer.status_code in REFUSED or said == SIGN_IN_FAILED, (operation.operation_id, name, said)
    assert await place.balance() == "0.000000"


KINDS = (
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/xml",
    "\xff",
)


async def test_a_body_of_another_kind_is_refused(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    for operation, kind in itertools.product(with_body(app), KINDS):
        headers = {"Idempotency-Key": "k", **({"Content-Type": kind.encode("latin-1")} if kind else {})}
        content = json.dumps(operation.body).encode()
        answer = await client.request(operation.method, operation.url(), content=content, headers=headers)
        assert answer.status_code in (400, 415, 422), (operation.operation_id, answer.text[:300])
        assert is_problem(answer), operation.operation_id
    assert await place.balance() == "0.000000"


STRINGS = ["a\x00b", "\ud800", "a\ud83d", "\u202e" * 300, "\x7f", "x" * 100_000]


def changed(body: Any, text: Any) -> list[Any]:
    """Return copies of a JSON value, in each of which one text or number has become ``text``."""
    if isinstance(body, dict):
        return [{**body, key: variant} for key, value in body.items() for variant in changed(value, text)] + [
            {**body, text: 1} if isinstance(text, str) else {**body, "x": text}
        ]
    if isinstance(body, list):
        return [
            [*body[:i], variant, *body[i + 1 :]]
            for i, each in enumerate(body)
            for variant in changed(each, text)
        ]
    return [text]


async def test_a_text_that_cannot_be_stored_is_refused_in_every_field(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    # a text that only looks odd may be taken, and then its key is
    keys = itertools.count()
    for operation, text in itertools.product(with_body(app), STRINGS):
        for body in changed(operation.body, text):
            content = json.dumps(body).encode()
            headers = {**JSON, "Idempotency-Key": f"odd-{next(keys)}"}
            answer = await client.request(operation.method, operation.url(), content=content, headers=headers)
            # a bad reading is rejected alone and answers 200
            is_reading = operation.operation_id.startswith("send_readings") and answer.status_code == 200
            # a text that only looks odd may be somebody's name
            is_odd_only = text.isprintable() or "\u202e" in text
            # no account has such a password, and none is told why it was refused
            is_sign_in = operation.path.startswith("/api/v1/auth/") and answer.status_code == 401
            assert is_reading or is_odd_only or is_sign_in or answer.status_code in (403, 404, 415, 422), (
                body,
                answer.text[:300],
            )
            assert answer.status_code < 500, (operation.operation_id, body, answer.text[:300])


NUMBERS: list[Any] = [2**63, -(2**63) - 1, 10**4000, 1.5, 1e308, True, None, []]


async def test_a_number_in_place_of_anything_is_refused(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    for operation, number in itertools.product(with_body(app), NUMBERS):
        for body in changed(operation.body, number):
            answer = await client.request(
                operation.method, operation.url(), content=json.dumps(body).encode(), headers=JSON
            )
            assert answer.status_code < 500, (operation.operation_id, body, answer.text[:300])
            if answer.status_code >= 400:
                assert is_problem(answer)
    # 10.00 once: null may stand for the utility, which may be left out
    assert await place.balance() == "10.000000"


async def test_every_query_parameter_may_hold_anything(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    values = ["\x00", "a\x00b", "%ED%A0%80", "9" * 5000, "-1", "1e9", "NaN", "'; --", "\u202e", "", "٣"]
    for operation in api_operations_of(app):
        names = [each["name"] for each in operation.spec.get("parameters", []) if each["in"] == "query"]
        for name in names:
            for value in values:
                raw = f"{operation.url()}?{name}={value}" if value.startswith("%") else operation.url()
                params = None if value.startswith("%") else {name: value}
                answer = await client.request(operation.method, raw, params=params)
                # 404: the path names what is not there; 415: the body of a file that was not sent
                assert answer.status_code in (200, 404, 415, 422), (
                    operation.operation_id,
                    name,
                    value,
                    answer.text,
                )


async def test_a_repeated_key_is_read_once(client: httpx.AsyncClient, place: Place) -> None:
    content = b'{"amount": "1.00", "method": "cash", "amount": "2.00"}'
    path = f"{place.base}/wallets/{place.wallet_id}/top-ups"
    answer = await client.post(path, content=content, headers=JSON)
    assert answer.status_code < 500
    assert await place.balance() in ("0.000000", "2.000000")


# ── size ──


async def stream(total: int) -> AsyncIterator[bytes]:
    yield b'{"readings": ["'
    for _ in range(total // 100_000):
        yield b"x" * 100_000
    yield b'"]}'


async def test_a_body_that_is_too_large_is_refused_by_every_route(
    app: FastAPI, client: httpx.AsyncClient, anonymous: httpx.AsyncClient, place: Place
) -> None:
    for operation in with_body(app):
        send = partial(
            client.request,
            operation.method,
            operation.url(),
            params=QUERIES.get(operation.operation_id),
            headers={**JSON, "Content-Type": next(iter(operation.spec["requestBody"]["content"]))},
        )
        told = await send(content=b" " * (5 * 1024 * 1024 + 1))
        streamed = await send(content=stream(6_000_000))
        for answer in (told, streamed):
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large"), operation
            assert is_problem(answer)
            assert answer.headers["x-content-type-options"] == "nosniff"
    nobody = await anonymous.post("/api/v1/readings", content=b" " * 6_000_000, headers=JSON)
    assert nobody.status_code == 401


async def test_a_length_that_is_no_number_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/readings", content=b"{}", headers={"Content-Length": "9" * 5000, **JSON}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


# ── readings ──


HOSTILE_READINGS: list[Any] = [
    {"meter": "E1\x00", "taken_at": "2025-03-01T01:00:00Z", "value": "1", "unit": "kWh"},
    {"meter": "\ud800", "taken_at": "2025-03-01T01:00:00Z", "value": "1", "unit": "kWh"},
    {
        "meter": "E1",
        "register": "\udfff\x00",
        "taken_at": "2025-03-01T01:00:00Z",
        "value": "1",
        "unit": "kWh",
    },
    {"meter": "E1", "taken_at": "2025-03-01T01:00:00Z", "value": "1e9999", "unit": "kWh"},
    {"meter": "E1", "taken_at": "2025-03-01T01:00:00Z", "value": float("nan"), "unit": "kWh"},
    {"meter": "E1", "taken_at": "2025-03-01T01:00:00Z", "value": float("inf"), "unit": "kWh"},
    {"meter": "E1", "taken_at": "2025-03-01T01:00:00Z", "value": 10**4000, "unit": "kWh"},
    {"meter": "E1", "taken_at": "2025-03-01T01:00:00Z", "value": "9" * 5000, "unit": "kWh"},
    {"meter": "E1", "taken_at": "2025-03-01T01:00:00Z", "value": "0." + "0" * 5000 + "1", "unit": "kWh"},
    {"meter": "x" * 200, "taken_at": "2025-03-01T01:00:00Z", "value": "1", "unit": "kWh"},
    {"meter": "x" * 100_000, "taken_at": "2025-03-01T01:00:00Z", "value": "1", "unit": "kWh"},
    {"meter": "M", "register": "r" * 200, "taken_at": "2025-03-01T01:00:00Z", "value": "1", "unit": "kWh"},
    {"meter": "'; DROP TABLE reading; --", "taken_at": "2025-03-01T01:00:00Z", "value": "1", "unit": "kWh"},
    {"meter": "\u202eE1", "taken_at": "2025-03-01T01:00:00Z", "value": "1", "unit": "kWh"},
    {"x" * 100_000: 1},
    {"\x00": "\ud800"},
    "\x00\ud800",
    [],
    [[[[]]]],
    None,
    True,
    10**4000,
    {},
]


async def test_every_hostile_reading_is_rejected_and_listed_and_others_are_charged(
    client: httpx.AsyncClient, place: Place
) -> None:
    good = [
        {"meter": "E1", "taken_at": f"2025-03-01T{hour:02d}:00:00Z", "value": value, "unit": "kWh"}
        for hour, value in ((0, "100"), (2, "110.5"))
    ]
    content = json.dumps({"readings": [good[0], *HOSTILE_READINGS, good[1]]}).encode()
    answer = await client.post(f"{place.base}/readings", content=content, headers=JSON)

    assert answer.status_code == 200, answer.text[:500]
    results = answer.json()["readings"]
    assert [each["class"] for each in results] == ["first", *["rejected"] * len(HOSTILE_READINGS), "charged"]
    assert all(each["code"] and each["reason"] for each in results[1:-1])
    assert await place.balance() == "-24.150000"
    listed = (await client.get(f"{place.base}/readings", params={"class": "rejected"})).json()["items"]
    assert len(listed) == len(HOSTILE_READINGS) == answer.json()["counts"]["rejected"]
    assert sorted(each["code"] for each in listed) == sorted(each["code"] for each in results[1:-1])
    assert all(each["reason"] and each["raw"] and len(each["raw"]) <= 500 for each in listed)


async def test_a_reading_nested_deeply_is_rejected_alone(client: httpx.AsyncClient, place: Place) -> None:
    deep = b"[" * 800 + b"]" * 800
    content = b'{"readings": [' + deep + b"]}"
    answer = await client.post(f"{place.base}/readings", content=content, headers=JSON)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.json()["readings"][0]["code"] == "malformed"


async def test_a_batch_of_ten_thousand(client: httpx.AsyncClient, place: Place) -> None:
    """The most that a batch may hold, then the same again; half a minute apart, one Wh a reading."""
    start = datetime(2025, 3, 1, tzinfo=UTC)
    readings = [
        {
            "meter": "E1",
            "taken_at": (start + timedelta(seconds=30 * row)).isoformat(),
            "value": str(row),
            "unit": "Wh",
        }
        for row in range(10_000)
    ]
    body = {"estate_id": place.estate_id, "readings": readings}
    first = await client.post("/api/v1/readings", json=body)
    again = await client.post("/api/v1/readings", json=body)

    counts = first.json()["counts"]
    assert (counts["first"], counts["charged"], sum(counts.values())) == (1, 9_999, 10_000)
    assert again.json()["counts"]["duplicate"] == 10_000
    # 9.999 kWh at 2.00 and 15 %
    assert await place.balance() == "-22.997700"
    more = await client.post("/api/v1/readings", json={**body, "readings": [*readings, readings[0]]})
    assert (more.status_code, more.json()["code"]) == (422, "invalid")


KEPT: list[tuple[Any, str]] = [
    ("a\x00b", "a\ufffdb"),
    ("\ud800x\udfff", "\ufffdx\ufffd"),
    (b"a\x00\xffb", "a\ufffd\ufffdb"),
    (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
    ("x" * 600, "x" * 500),
    ("\U0001f4a7", "\U0001f4a7"),
    (7, "7"),
]


async def test_what_is_kept_of_a_rejection_can_be_stored(
    database: Database, admin: psycopg.Connection
) -> None:
    kept = [truncated(raw) for raw, _ in KEPT]
    assert kept == [shown for _, shown in KEPT]
    rejections = [Rejection("test", each[:100], each[:100], each, "malformed", each) for each in kept]
    async with database.unit_of_work(estates=[0]) as session:
        await record_rejections(session, estate_id=0, rejections=rejections, received_us=0)
    stored = admin.execute("SELECT raw FROM rejected_reading ORDER BY rejected_reading_id").fetchall()
    assert [raw for (raw,) in stored] == kept


async def test_the_database_away_is_503_and_nothing_else(
    app: FastAPI, client: httpx.AsyncClient, place: Place, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    async def away(*_: Any, **__: Any) -> Any:
        raise psycopg.OperationalError("the connection is lost, and here is a password")

    async def reads_away(*_: Any, **__: Any) -> Any:
        raise ReadsAway

    monkeypatch.setattr("mita.estates.queries.estate", away)
    monkeypatch.setattr("mita.kit.reads.Reads.rows", reads_away)
    for operation in api_operations_of(app):
        if "estate_id" in operation.parameters:
            answer = await operation.ask(client, estate_id=place.estate_id)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), operation
            assert "password" not in answer.text
            assert answer.headers["retry-after"] == "2"


async def test_an_unexpected_error_tells_no_internals(
    client: httpx.AsyncClient, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("here is a password")

    monkeypatch.setattr("mita.estates.queries.estate", broken)
    answer = await client.get(place.base)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert is_problem(answer)
    assert "password" not in answer.text


async def test_many_hostile_requests_at_once_leave_the_connections_free(
    client: httpx.AsyncClient, place: Place
) -> None:
    path = f"{place.base}/wallets/{place.wallet_id}/top-ups"
    refused = await asyncio.gather(*(client.post(path, content=b"{", headers=JSON) for _ in range(60)))
    assert {answer.status_code for answer in refused} == {422}
    assert (await place.top_up()).status_code == 201
