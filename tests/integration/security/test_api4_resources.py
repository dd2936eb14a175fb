"""API4:2023, unrestricted resource consumption: long pages, bombs, slow senders, many addresses.

Elsewhere: `../api/test_hostile.py` (large and deep bodies, huge numbers), `../api/test_events.py` (streams of
a caller, which hold no database session), `../api/test_observed.py` (requests per person and address),
`../api/test_api_keys.py` (requests per key), `../ingest/test_malformed.py` (the wire).
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mita.entrypoints.api.guards import BodyLimit
from mita.entrypoints.api.key_limits import KeyLimits
from tests.integration.api.routes import Operation, api_operations_of, is_problem
from tests.integration.api.signing_in import AUTH

from .test_api3_properties import resolved, shape_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from .house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE_MAX = 1000


def limit_of(operation: Operation) -> dict[str, Any] | None:
    """Return the schema of an operation's page size, if it has one."""
    found = [each["schema"] for each in operation.spec.get("parameters", ()) if each["name"] == "limit"]
    return found[0] if found else None


async def test_no_page_is_longer_than_a_thousand(house: House) -> None:
    tried = 0
    for operation in api_operations_of(house.app):
        if (limit := limit_of(operation)) is None:
            continue
        assert limit["maximum"] <= PAGE_MAX, operation.operation_id
        assert (limit["minimum"], limit["default"] <= limit["maximum"]) == (1, True), operation.operation_id
        for wrong in (limit["maximum"] + 1, 0, "all"):
            answer = await house.client.get(
                operation.url(estate_id=house.here.estate_id), params={"limit": wrong}
            )
            assert answer.status_code in (404, 422), (operation.operation_id, wrong)
        tried += 1
    assert tried >= 25


def unbounded(document: dict[str, Any], schema: dict[str, Any], path: str, *, depth: int = 0) -> list[str]:
    """Return the lists and texts of a request that may be as long as the body."""
    schema, found = resolved(document, schema), []
    if depth > 8 or "const" in schema or "enum" in schema:
        return []
    kind = schema.get("type")
    if kind == "array":
        found += [] if "maxItems" in schema else [path]
        found += unbounded(document, schema.get("items", {}), f"{path}[]", depth=depth + 1)
    is_short = "maxLength" in schema or "format" in schema or "pattern" in schema
    if kind == "string" and not is_short:
        found.append(path)
    for name, inner in schema.get("properties", {}).items():
        found += unbounded(document, inner, f"{path}.{name}", depth=depth + 1)
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found += unbounded(document, part, path, depth=depth + 1)
    return found


# each reading is judged alone: `../api/test_hostile.py`
BOUNDED_WITHIN = {
    f"{operation}.readings[].{name}"
    for operation in ("send_readings", "send_readings_of_estate")
    for name in ("meter", "register", "temperature", "value")
}


async def test_everything_in_a_request_has_a_limit(house: House) -> None:
    document, found = house.app.openapi(), set()
    for operation in api_operations_of(house.app):
        shape = shape_of(document, operation.spec.get("requestBody", {}))
        if shape is not None:
            found |= set(unbounded(document, shape, operation.operation_id))
    assert sorted(found - BOUNDED_WITHIN) == []


async def test_a_compressed_body_is_never_blown_up(house: House) -> None:
    """Nothing here reads compressed bodies: a bomb stays as small as it came, and is no JSON."""
    zeros = b'{"names": ["' + b"0" * 50_000_000 + b'"]}'
    path = f"{house.here.base}/units"
    for name, bomb in (("gzip", gzip.compress(zeros)), ("deflate", zlib.compress(zeros))):
        assert len(bomb) < 100_000
        headers = {"Content-Encoding": name, "Content-Type": "application/json"}
        answer = await house.client.post(path, content=bomb, headers=headers)
        assert answer.status_code in (400, 422)
        assert is_problem(answer)
    answer = await house.client.post(path, json={"names": ["B9"]}, headers={"Content-Encoding": "br"})
    assert answer.status_code in (201, 422)


async def test_a_bomb_of_yaml_is_refused(house: House) -> None:
    path = f"{house.here.base}/rate-tables"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    for text in ("\n".join(lines), "[" * 50_000, "a: " * 50_000, "!!python/object/apply:os.system ['x']"):
        headers = {"Content-Type": "application/yaml"}
        answer = await asyncio.wait_for(
            house.client.post(path, content=text.encode(), headers=headers), timeout=10
        )
        assert answer.status_code == 422, answer.text[:200]


# ── slow senders ──


async def drip(first: bytes, gate: asyncio.Event, last: bytes) -> AsyncIterator[bytes]:
    yield first
    await gate.wait()
    yield last


async def test_who_sends_slowly_holds_no_connection_to_the_database(house: House) -> None:
    """With a condition, with a key, and plain: the pool is free until the body is there."""
    gate, unit = asyncio.Event(), f"{house.here.base}/units/{house.here.unit_id}"
    other = f"{house.here.base}/units/{house.neighbour_unit}"
    shown = await house.client.get(unit)
    own = {"Content-Type": "application/json"}
    asked = [
        ("PATCH", unit, {"If-Match": shown.headers["etag"], **own}, b'{"notes": "slow"}'),
        ("PATCH", other, own, b'{"notes": "slow too"}'),
        ("POST", f"{house.here.base}/units", {"Idempotency-Key": "slow-1", **own}, b'{"names": ["S1"]}'),
        ("POST", "/api/v1/readings", own, b'{"estate_id": 1, "readings": []}'),
    ]
    sending = [
        asyncio.create_task(
            house.client.request(
                method, path, content=drip(body[:5], gate, body[5:]), headers=headers, timeout=30
            )
        )
        for method, path, headers, body in asked
    ]
    pool = house.database.engine.pool
    await asyncio.sleep(0.5)
    held = pool.checkedout()
    gate.set()
    answers = await asyncio.gather(*sending)
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 201], [a.text for a in answers]
    assert held == 0


async def test_a_body_that_never_ends_is_given_up(house: House) -> None:
    app = BodyLimit(house.app, bytes_max=10_000, seconds_max=0.2)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    unit = f"{house.here.base}/units/{house.here.unit_id}"
    etag = (await house.client.get(unit)).headers["etag"]
    for method, path, more in (
        ("POST", f"{house.here.base}/units", {}),
        ("POST", f"{house.here.base}/units", {"Idempotency-Key": "never"}),
        ("PATCH", unit, {"If-Match": etag}),
    ):
        async with httpx.AsyncClient(transport=transport, base_url="http://mita.test") as caller:
            headers = {
                "Authorization": f"Bearer {house.console}",
                "Content-Type": "application/json",
                **more,
            }
            content = drip(b'{"na', asyncio.Event(), b"")
            answer = await asyncio.wait_for(
                caller.request(method, path, content=content, headers=headers), timeout=10
            )
        assert (answer.status_code, answer.json()["code"]) == (408, "too_slow"), answer.text
        assert is_problem(answer)


# ── addresses ──


def from_address(app: FastAPI, address: str, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="https://mita.test", headers=headers)


async def asked_from(app: FastAPI, addresses: list[str], **headers: str) -> list[int]:
    found = []
    for address in addresses:
        async with from_address(app, address, **headers) as caller:
            found.append((await caller.get(f"{AUTH}/keys")).status_code)
    return found


async def test_one_caller_is_one_caller_whatever_address_it_writes(house: House) -> None:
    """Of IPv6 a household has 2^64 addresses; and a header is what anybody can write."""
    limited = {"limits": KeyLimits(requests_per_minute=5)}
    app = house.new_app(**limited)
    found = await asked_from(app, [f"2001:db8:1:2::{n:x}" for n in range(1, 9)])
    assert found == [200] * 5 + [429] * 3
    # the next household has its own
    assert await asked_from(app, ["2001:db8:1:3::1"]) == [200]
    # IPv4 in the clothes of IPv6 is the same caller
    app = house.new_app(**limited)
    assert await asked_from(app, ["192.0.2.7", "::ffff:192.0.2.7"] * 4) == [200] * 5 + [429] * 3
    app, found = house.new_app(**limited), []
    for number in range(8):
        told = {"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": f"198.51.100.{number}"}
        told |= {"Forwarded": f"for=198.51.100.{number}", "Client-IP": "1.1.1.1"}
        found += await asked_from(app, ["192.0.2.9"], **told)
    assert found == [200] * 5 + [429] * 3
    # the limit of signing in, which has a count of its own
    app, found = house.new_app(), []
    for number in range(62):
        async with from_address(app, f"2001:db8:9:9::{number:x}") as caller:
            found.append((await caller.post(f"{AUTH}/refresh", json={"refresh_token": "x"})).status_code)
    assert found == [401] * 60 + [429] * 2
