"""The driver of the API's benchmark counts what it should: every fault is an error, and times are times."""

from __future__ import annotations

import asyncio
import json
from itertools import count
from typing import TYPE_CHECKING

import httpx
import pytest

from mita.entrypoints.bench.api import Run, summary
from mita.entrypoints.bench.bare import bare_application
from mita.entrypoints.bench.driver import drive
from mita.entrypoints.bench.users import Habits, User
from mita.entrypoints.bench.wire import request_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REQUEST = request_of("GET", "/x", token="t").decode()


def answer(status: int, body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


async def served(answers: dict[int, bytes | None], *, usual: bytes) -> AsyncIterator[int]:
    """Serve ``usual``, or at the n-th request another answer; None hangs up."""
    numbers = count()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            said = answers.get(next(numbers), usual)
            if said is None:
                break
            # in two parts, as it may come
            writer.write(said[:20])
            await writer.drain()
            await asyncio.sleep(0.001)
            writer.write(said[20:])
        writer.close()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(guarded, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def driven(answers: dict[int, bytes | None], *, usual: bytes = answer(200)) -> dict[str, float]:
    async for port in served(answers, usual=usual):
        plan = {"kind": "closed", "port": port, "requests": [REQUEST] * 2, "warm_up_s": 0.05, "seconds": 0.3}
        return await drive(plan)
    raise AssertionError("served once")


async def test_answers_are_counted_and_timed() -> None:
    found = await driven({})
    assert found["errors"] == 0
    assert found["answers"] > 20
    assert found["per_second"] == pytest.approx(found["answers"] / 0.3)
    assert 1 <= found["mean_ms"] <= found["p99_ms"] < 300


@pytest.mark.parametrize(
    ("answers", "errors", "said"),
    [
        ({3: answer(500, b"oh no")}, 1, "oh no"),
        ({0: answer(404), 4: answer(503)}, 2, "503"),
        ({2: None}, 1, "Broken"),
        ({2: None, 5: answer(429)}, 2, "429"),
    ],
)
async def test_refusals_and_lost_connections_are_errors(
    answers: dict[int, bytes | None], errors: int, said: str
) -> None:
    found = await driven(answers)
    assert found["errors"] == errors
    assert said in str(found["last_error"])
    assert found["answers"] > 5, "it goes on"


async def test_nobody_there_is_an_error_too() -> None:
    plan = {"kind": "closed", "port": 1, "requests": [REQUEST], "warm_up_s": 0.0, "seconds": 0.05}
    assert (await drive(plan))["errors"] > 0


def test_the_summary_says_medians() -> None:
    mix = {"per_second": 41.26, "mean_ms": 12.34, "p99_ms": 99.96}
    run = Run(100, mix, balance_per_s=[100, 300, 250], bare_per_s=[1_000, 500, 1_000], driver_busy=0.123)
    assert summary(run) == {
        "users": 100,
        "requests_per_second": 41.3,
        "mean_ms": 12.3,
        "p99_ms": 100.0,
        "errors": 0,
        "balance_of_bare": 0.25,
        "balance_per_second": 250,
        "bare_per_second": 1_000,
        "driver_busy": 0.12,
    }


async def test_the_yardstick_answers_what_it_was_given() -> None:
    transport = httpx.ASGITransport(app=bare_application(b'{"a": 1}'))
    async with httpx.AsyncClient(transport=transport, base_url="http://bare.test") as client:
        answered = await client.get("/api/v1/estates/1/wallets/2")
    assert (answered.content, answered.headers["content-type"]) == (b'{"a": 1}', "application/json")


def test_a_gateway_sends_every_register_further_each_time() -> None:
    user = User("gateway", "t", 1, [1], [1], ["E1"], ["E1", "E2"])
    habits = Habits(user, seed=1)
    sent = [json.loads(habits.next_request().partition(b"\r\n\r\n")[2]) for _ in range(2)]
    values = [[each["value"] for each in one["readings"]] for one in sent]
    assert values == [["1001.000", "1001.000"], ["1002.000", "1002.000"]]
    assert Habits(user, seed=1).pause_s(0) == 0


def test_no_two_top_ups_have_the_same_key() -> None:
    user = User("staff", "t", 1, [5], [1], ["E1"], [])
    keys = set()
    for seed in range(3):
        habits = Habits(user, seed=seed)
        asked = [habits.next_request() for _ in range(200)]
        top_ups = [each for each in asked if each.startswith(b"POST /api/v1/estates/1/wallets/5/top-ups")]
        assert 5 < len(top_ups) < 50
        found = {each.partition(b"Idempotency-Key: ")[2].partition(b"\r")[0] for each in top_ups}
        assert len(found) == len(top_ups)
        assert not found & keys
        keys |= found
