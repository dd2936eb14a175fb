"""The live stream: hints after every change, slow callers dropped, the listening connection comes back."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from mita.entrypoints.api import LiveHub, create_app
from mita.kit.live import CHANNEL, hint

from .place import settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import psycopg

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

    from .place import Place

PATIENCE_S = 30


class Stream:
    """Events of an open stream, as they come."""

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        self._events = events

    async def next(self) -> dict[str, Any]:
        """Return the next hint; comments are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            async for event in self._events:
                if event.startswith(b"event: units\n"):
                    return json.loads(event.partition(b"data: ")[2])
        raise AssertionError("the stream has ended")

    async def of(self, estate_id: int | None) -> dict[str, Any]:
        """Return the next hint of an estate."""
        while True:
            found = await self.next()
            if found["estate_id"] == estate_id:
                return found


async def opened(live: LiveHub, **more: float) -> Stream:
    """Subscribe to a hub that listens."""
    await live.start()
    async with asyncio.timeout(PATIENCE_S):
        await live.is_listening.wait()
    events = live.events(**more)
    assert await anext(events) == b": hello\n\n"
    return Stream(events)


async def test_a_charge_and_a_top_up_are_told(place: Place, live: LiveHub) -> None:
    stream = await opened(live)

    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T01:00:00Z", "5"))
    assert await stream.next() == {"estate_id": place.estate_id, "ids": [place.unit_id]}
    await place.top_up()
    assert await stream.next() == {"estate_id": place.estate_id, "ids": [place.unit_id]}


async def test_what_is_rolled_back_is_not_told(place: Place, live: LiveHub, database: Database) -> None:
    stream = await opened(live)
    with contextlib.suppress(RuntimeError):
        async with database.unit_of_work(estates=[place.estate_id]) as session:
            await hint(session, estate_id=place.estate_id, topic="units", ids=[99])
            raise RuntimeError
    assert (await place.top_up(amount="-1")).status_code == 422
    await place.top_up()
    assert (await stream.next())["ids"] == [place.unit_id]


async def test_a_hint_that_is_too_long_means_all_units(
    place: Place, live: LiveHub, database: Database
) -> None:
    stream = await opened(live)
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await hint(session, estate_id=place.estate_id, topic="units", ids=range(301))
    assert await stream.next() == {"estate_id": place.estate_id, "ids": []}


async def test_what_is_no_hint_is_passed_over(place: Place, live: LiveHub, admin: psycopg.Connection) -> None:
    stream = await opened(live)
    for payload in ("", "{", "[]", "7", "{}", '{"estate_id": "x", "ids": []}', '{"estate_id": 1, "ids": 5}'):
        admin.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
    await place.top_up()
    assert await stream.next() == {"estate_id": place.estate_id, "ids": [place.unit_id]}


async def test_a_slow_caller_is_dropped_and_others_are_not(live: LiveHub, admin: psycopg.Connection) -> None:
    slow = live.events()
    await anext(slow)
    quick = await opened(live)
    seen = 0
    for number in range(300):
        admin.execute(
            "SELECT pg_notify(%s, %s)", (CHANNEL, json.dumps({"estate_id": number + 1, "ids": [1]}))
        )
        assert await quick.of(number + 1) == {"estate_id": number + 1, "ids": [1]}
        seen += 1

    assert seen == 300
    assert [event async for event in slow] == [], "its hints are gone, so it must come back and look at all"


async def test_a_stream_that_is_silent_shows_that_it_lives(live: LiveHub) -> None:
    events = live.events(heartbeat_seconds=0.01)
    assert [await anext(events) for _ in range(3)] == [
        b": hello\n\n",
        b": still here\n\n",
        b": still here\n\n",
    ]


async def test_a_caller_that_goes_is_forgotten(live: LiveHub) -> None:
    events = live.events()
    await anext(events)
    assert len(live._queues) == 1
    await events.aclose()
    assert not live._queues


async def test_the_hub_comes_back_and_says_look_again(
    place: Place, live: LiveHub, admin: psycopg.Connection
) -> None:
    stream = await opened(live)
    ended = admin.execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN mita_live%'"
    ).fetchone()
    assert ended == (1,)

    assert await stream.next() == {"estate_id": None, "ids": []}
    await place.top_up()
    assert await stream.next() == {"estate_id": place.estate_id, "ids": [place.unit_id]}


async def test_closing_the_hub_ends_the_streams(live: LiveHub) -> None:
    stream = await opened(live)
    waiting = asyncio.create_task(stream.next())
    await asyncio.sleep(0)
    await live.close()
    with pytest.raises(AssertionError, match="has ended"):
        await waiting


# ── over the wire ──


@pytest.fixture
async def served(
    database: Database, postgres: EmbeddedPostgres, database_name: str
) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    """The application on a real socket: the in-process transport cannot stream."""
    app = create_app(database, live=LiveHub(postgres.app_url(database_name)))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=3)
    )
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE_S):
        while not server.started and not task.done():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", server
    server.should_exit = True
    await task


async def lines_of(response: httpx.Response) -> AsyncIterator[bytes]:
    event = b""
    async for line in response.aiter_lines():
        event += line.encode() + b"\n"
        if not line:
            yield event
            event = b""


async def test_the_stream_over_http(served: tuple[str, uvicorn.Server], token: str) -> None:
    url, _ = served
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE_S) as client:
        place = await settle(client)
        async with client.stream("GET", "/live") as one, client.stream("GET", "/live") as two:
            for response in (one, two):
                assert response.status_code == 200
                assert response.headers["content-type"].startswith("text/event-stream")
                assert response.headers["cache-control"] == "no-store"
            streams = [Stream(lines_of(one)), Stream(lines_of(two))]
            await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T01:00:00Z", "5"))
            for stream in streams:
                assert (await stream.of(place.estate_id))["ids"] == [place.unit_id]
            await place.top_up()
            for stream in streams:
                assert (await stream.of(place.estate_id))["ids"] == [place.unit_id]


async def test_the_stream_needs_a_caller(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/live")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_without_a_hub_the_stream_is_unavailable(database: Database, token: str) -> None:
    transport = httpx.ASGITransport(app=create_app(database, live=None))
    async with httpx.AsyncClient(transport=transport, base_url="http://mita.test") as client:
        answer = await client.get("/live", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
