"""Thousands of messages that are no readings, among readings: each is listed, none stops the stream."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from mita.entrypoints.api import create_app
from mita.identity.domain import new_token
from mita.identity.operations import replace_token
from tests.integration.world import NOW, at, new_world

from .test_charging import KWH, item, ts
from .wire import client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import Connection

    from mita.kit.db import Database

    from .conftest import Line

ROUNDS = 100
DEEP = 100_000


def faults() -> list[tuple[bytes, list[str]]]:
    """Messages of a device with one electricity meter M1, and the codes of what becomes of each."""
    good = {"kwh": 1}

    def with_value(text: str) -> bytes:
        return b'{"ts": %d, "r": {"kwh": %s}}' % (ts(at(0)), text.encode())

    def with_time(text: str) -> bytes:
        return b'{"ts": %s, "r": {"kwh": 1}}' % text.encode()

    return [
        (b"", ["not_json"]),
        (b"\x00\x01\x02", ["not_json"]),
        (b"hello", ["not_json"]),
        (b'{"r": {"kwh": 1}', ["not_json"]),
        (b"\xff\xfe{}", ["not_utf8"]),
        (b'{"r": {"kwh\xc3\x28": 1}}', ["not_utf8"]),
        (b"[" * 40_000 + b"]" * 20_000, ["not_json"]),
        (b'{"r":' * 12_000, ["not_json"]),
        (b'{"r": {"kwh": 1}, "pad": "' + b"x" * 70_000 + b'"}', ["too_large"]),
        (b"[" + b"[]," * 1_500 + b"[]]", ["too_many_items"]),
        (b"[]", ["bad_shape"]),
        (b"null", ["bad_shape"]),
        (b"42", ["bad_shape"]),
        (b'[[[1]], 7, null, "x"]', ["bad_shape"] * 4),
        (b'{"r": [1, 2]}', ["bad_shape"]),
        (b'{"kwh": 12}', ["bad_shape"]),
        (json.dumps({"r": good, "meter": 7}).encode(), ["bad_meter"]),
        (json.dumps({"r": good, "meter": "M\x001"}).encode(), ["bad_meter"]),
        (json.dumps({"r": good, "meter": "\ud800"}).encode(), ["bad_meter"]),
        (json.dumps({"r": good, "meter": "x" * 500}).encode(), ["bad_meter"]),
        (json.dumps({"r": good, "meter": "M2"}).encode(), ["unknown_meter"]),
        (json.dumps({"r": {"\x00": 1}}).encode(), ["unknown_field"]),
        (json.dumps({"r": {"\ud800": 1, "kwh;DROP TABLE reading": 2}}).encode(), ["unknown_field"]),
        (json.dumps({"r": {"m3": 5}}).encode(), ["wrong_unit"]),
        (b'{"r": {"kwh": 1, "kwh": 2}}', ["repeated_key"]),
        (with_value('"12.5"'), ["not_a_number"]),
        (with_value("true"), ["not_a_number"]),
        (with_value("null"), ["not_a_number"]),
        (with_value("[1]"), ["not_a_number"]),
        (with_value("NaN"), ["not_a_number"]),
        (with_value("-Infinity"), ["not_a_number"]),
        (with_value("1e-999999999"), ["not_a_number"]),
        (with_value("9" * 5_000), ["not_a_number"]),
        (with_value("1e999999999"), ["value_out_of_range"]),
        (with_value("1000000000.000001"), ["value_out_of_range"]),
        (with_value("-1"), ["negative_value"]),
        (with_value("0.0000001"), ["too_many_decimals"]),
        (with_time("NaN"), ["bad_time"]),
        (with_time('"2026-03-01T00:00:00Z"'), ["bad_time"]),
        (with_time("-1"), ["time_out_of_range"]),
        (with_time("1772323200000"), ["time_out_of_range"]),
        (with_time("1e400000000"), ["time_out_of_range"]),
        (with_time("0"), ["time_out_of_range"]),
        (with_time(str(int(time.time()) + 86_400)), ["future_time"]),
    ]


@asynccontextmanager
async def operator(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """The API, to somebody who may see everything."""
    token = new_token()
    async with database.unit_of_work(estates=[]) as session:
        await replace_token(session, name="console", token=token, now=NOW)
    transport = httpx.ASGITransport(app=create_app(database, live=None))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://mita.test", headers=headers) as api:
        yield api


async def everything(api: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Return all pages of a list."""
    rows: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        answer = await api.get(httpx.URL(path).copy_merge_params({"limit": "500", **more}))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows += page["items"]
        if page["next"] is None:
            return rows
        more = {"before": page["next"]}


async def test_thousands_of_faults_do_not_stop_the_stream(line: Line, database: Database, admin: Connection):
    world = await new_world(database, meters=2)
    device = f"dev-{world.estate_id}-1"
    table = faults()
    await line.start_ingest()
    async with client(line.broker, device) as connection, client(line.broker, "stranger") as stranger:
        for hour in range(ROUNDS):
            for payload, _ in table[: len(table) if hour % 10 == 0 else 30]:
                await connection.publish(f"m/{device}/up", payload, qos=1)
            await connection.publish(f"m/{device}/up", json.dumps(item(hour, hour)), qos=1)
            await stranger.publish("m/stranger/up", json.dumps(item(hour, hour)), qos=1)
    sent = sum((len(table) if hour % 10 == 0 else 30) + 2 for hour in range(ROUNDS))
    assert sent > 3_000
    await line.all_acknowledged(sent)
    assert line.ingest.is_running

    expected: Counter[str] = Counter()
    for number, (_, codes) in enumerate(table):
        for code in codes:
            expected[code] += ROUNDS if number < 30 else ROUNDS // 10
    async with operator(database) as api:
        listed = await everything(api, f"/api/v1/estates/{world.estate_id}/readings?class=rejected")
        nobodys = await everything(api, "/api/v1/rejected-readings")
    assert Counter(row["code"] for row in listed) == expected
    assert Counter(row["code"] for row in nobodys) == {"unknown_device": ROUNDS}
    assert all(row["reason"] for row in listed + nobodys)

    assert await world.balances() == [-KWH * (ROUNDS - 1), 0]
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (ROUNDS,)
    assert await world.verified()
