"""The stream of hints: each caller only their own, resumable, bounded, over with its token."""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from mita.entrypoints.api import LiveHub, create_app
from mita.entrypoints.api.hints import STREAMS, Sight, Streams
from mita.entrypoints.api.live import Hint
from mita.identity import operations as identity
from mita.identity.domain import Grant, Principal, Role, RolePlace
from mita.kit.live import hint

from .people import person_token
from .place import Place, made, settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

PATIENCE_S = 30
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Stream:
    """An open stream: its events as they come, with the id to come back to."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id = ""
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """Return the next event; comments are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            found = None
            async for line in self._lines:
                name, _, value = line.partition(":")
                if name == "id":
                    self.last_id = value.strip()
                elif name == "data":
                    found = json.loads(value)
                elif not line and found is not None:
                    return found
        raise AssertionError("the stream has ended")

    async def until_end(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(AssertionError):
                while True:
                    await self.next()


@asynccontextmanager
async def opened(client: httpx.AsyncClient, *, last_id: str = "", **params: Any) -> AsyncIterator[Stream]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with client.stream("GET", "/api/v1/events", headers=headers, params=params) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer)
        async with asyncio.timeout(PATIENCE_S):
            # the greeting comes when everything is in place
            async for line in stream._lines:
                if line.startswith(":"):
                    break
        yield stream


@pytest.fixture
async def served(
    database: Database, postgres: EmbeddedPostgres, database_name: str
) -> AsyncIterator[tuple[str, FastAPI]]:
    """The application on a real socket: the in-process transport cannot stream."""
    hub = LiveHub(postgres.app_url(database_name))
    app = create_app(database, live=hub)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE_S):
        while not server.started and not task.done():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
        await hub.is_listening.wait()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", app
    server.should_exit = True
    hub.end_streams()
    await task


@pytest.fixture
async def staff(served: tuple[str, FastAPI], token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with with_token(served[0], token) as client:
        yield client


def with_token(url: str, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_S)


async def new_person(staff: httpx.AsyncClient, name: str) -> tuple[int, httpx.AsyncClient]:
    """Make a person with a token of their own."""
    person = await made(staff, "/api/v1/persons", {"name": name})
    answer = await staff.post(f"/api/v1/persons/{person['person_id']}/tokens")
    return person["person_id"], with_token(str(staff.base_url), answer.json()["token"])


async def tell(database: Database, place: Place, *ids: int, topic: str = "balance.low") -> None:
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await hint(session, estate_id=place.estate_id, topic=topic, ids=ids)


async def test_each_sees_their_own_and_nothing_else(staff: httpx.AsyncClient, database: Database) -> None:
    """Two residents, a manager of one estate, and staff look at the same time."""
    place, other = await settle(staff), await settle(staff, name="Oak", serial="E2")
    (second,) = (await made(staff, f"{place.base}/units", {"names": ["A2"]}))["items"]
    await made(
        staff,
        f"{place.base}/meters",
        {"unit_id": second["unit_id"], "serial": "E3", "utility": "electricity"},
    )
    wallets = (await staff.get(f"{place.base}/wallets")).json()["items"]
    people = []
    for wallet in wallets:
        person_id, client = await new_person(staff, f"Resident of {wallet['wallet_id']}")
        path = f"{place.base}/wallets/{wallet['wallet_id']}/grants"
        await made(staff, path, {"person_id": person_id, "right": "view"})
        people.append(client)
    manager_id, manager = await new_person(staff, "Manager")
    async with database.unit_of_work(estates=[other.estate_id]) as session:
        await identity.grant_role(
            session,
            person_id=manager_id,
            role=Role.MANAGING_AGENT,
            place=RolePlace(estate_id=other.estate_id),
            until=None,
            actor="staff:test",
            now=NOW,
        )
    one, two = people
    async with (
        one, two, manager,
        opened(one) as of_one, opened(two) as of_two,
        opened(manager) as of_manager, opened(staff) as of_staff,
    ):  # fmt: skip
        first_id, second_id = place.unit_id, second["unit_id"]
        await tell(database, place, first_id)
        await tell(database, other, other.unit_id)
        await tell(database, place, first_id, second_id)
        await tell(database, other, topic="access")  # nobody's business
        await tell(database, place, topic="units")
        for client_sees, expected in (
            (of_one, [(place, [first_id]), (place, [first_id]), (place, [first_id])]),
            (of_two, [(place, [second_id]), (place, [second_id])]),
            (of_manager, [(other, [other.unit_id])]),
            (
                of_staff,
                [(place, [first_id]), (other, [other.unit_id]), (place, [first_id, second_id]), (place, [])],
            ),
        ):
            seen = [await client_sees.next() for _ in expected]
            assert [(each["estate_id"], each["ids"]) for each in seen] == [
                (at.estate_id, ids) for at, ids in expected
            ]
            assert all(set(each) == {"type", "estate_id", "ids"} for each in seen)
        # nothing else was on its way to the manager
        await tell(database, other, other.unit_id, topic="supply")
        assert (await of_manager.next())["type"] == "supply"


async def test_access_that_is_given_or_taken_away_counts_at_once(
    staff: httpx.AsyncClient, database: Database
) -> None:
    place = await settle(staff)
    person_id, client = await new_person(staff, "Resident")
    async with client, opened(client) as stream:
        await tell(database, place, place.unit_id, topic="balance.out")
        path = f"{place.base}/wallets/{place.wallet_id}/grants"
        grant = await made(staff, path, {"person_id": person_id, "right": "view"})
        await tell(database, place, place.unit_id)
        assert (await stream.next())["type"] == "balance.low", "what was before is not told"
        answer = await staff.delete(f"{path}/{grant['grant_id']}")
        assert answer.status_code == 200, answer.text
        await tell(database, place, place.unit_id, topic="balance.out")
        async with database.unit_of_work(estates=[place.estate_id]) as session:
            await identity.grant_role(
                session,
                person_id=person_id,
                role=Role.RESIDENT,
                place=RolePlace(estate_id=place.estate_id, unit_id=place.unit_id),
                until=None,
                actor="staff:test",
                now=NOW,
            )
        await tell(database, place, place.unit_id)  # the wallet is not theirs
        await tell(database, place, place.unit_id, topic="supply")
        assert (await stream.next())["type"] == "supply"


async def test_who_comes_back_gets_what_was_missed(staff: httpx.AsyncClient, database: Database) -> None:
    place = await settle(staff)
    async with opened(staff) as stream:
        await tell(database, place, 1)
        assert (await stream.next())["ids"] == [1]
    for number in range(2, 60):
        await tell(database, place, number)
    async with opened_raw(staff, last_id=stream.last_id) as again:
        assert [(await again.next())["ids"] for _ in range(58)] == [[number] for number in range(2, 60)]
        await tell(database, place, 99)
        assert (await again.next())["ids"] == [99]
    async with opened_raw(staff, last_id=again.last_id) as third:
        await tell(database, place, 100)
        assert (await third.next())["ids"] == [100], "nothing twice"
    for unknown in ("01930000-0000-7000-8000-00000000000f", "x"):
        async with opened_raw(staff, last_id=unknown) as lost:
            assert await lost.next() == {"type": "reset"}
            assert lost.last_id == ""


@asynccontextmanager
async def opened_raw(client: httpx.AsyncClient, *, last_id: str) -> AsyncIterator[Stream]:
    async with client.stream("GET", "/api/v1/events", headers={"Last-Event-ID": last_id}) as answer:
        assert answer.status_code == 200
        yield Stream(answer)


async def test_another_process_knows_the_same_ids(
    staff: httpx.AsyncClient, database: Database, postgres: EmbeddedPostgres, database_name: str
) -> None:
    place = await settle(staff)
    hub = await LiveHub(postgres.app_url(database_name)).start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await hub.is_listening.wait()
        async with opened(staff) as stream:
            for number in (1, 2, 3):
                await tell(database, place, number)
            assert (await stream.next())["ids"] == [1]
            first = stream.last_id
            for _ in range(2):
                await stream.next()
        async with asyncio.timeout(PATIENCE_S):
            while hub.newest_id != stream.last_id:  # noqa: ASYNC110 - the other one hears it in its own time
                await asyncio.sleep(0.01)
        followed = hub.since(first)
        assert followed is not None
        assert [each.ids for each in followed] == [(2,), (3,)]
    finally:
        await hub.close()


async def test_only_the_types_that_are_asked_for(staff: httpx.AsyncClient, database: Database) -> None:
    place = await settle(staff)
    async with opened(staff, types=["supply", "meter.offline"]) as stream:
        await tell(database, place, 1)
        await tell(database, place, 2, topic="meter.offline")
        await tell(database, place, 3, topic="supply")
        assert [(await stream.next())["type"] for _ in range(2)] == ["meter.offline", "supply"]
    answer = await staff.get("/api/v1/events", params={"types": "access"})
    assert answer.status_code == 422


async def test_a_caller_has_so_many_streams_and_no_more(
    served: tuple[str, FastAPI], staff: httpx.AsyncClient
) -> None:
    streams: Streams = served[1].state.edge.parts[STREAMS]
    streams.most = 2
    _, client = await new_person(staff, "Somebody else")
    async with client, opened(staff), opened(staff):
        answer = await staff.get("/api/v1/events")
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")
        async with opened(client):
            pass
    async with asyncio.timeout(PATIENCE_S):
        while streams.open:  # noqa: ASYNC110 - the server notices in its own time
            await asyncio.sleep(0.01)
    async with opened(staff):
        pass


async def test_the_stream_ends_with_the_token(
    served: tuple[str, FastAPI], staff: httpx.AsyncClient, database: Database
) -> None:
    served[1].state.edge.parts[STREAMS].look_again_seconds = 0.2
    person_id, client = await new_person(staff, "Resident")
    async with client, opened(client) as stream:
        answer = await staff.post(f"/api/v1/persons/{person_id}/tokens")  # takes the place of the one before
        assert answer.status_code == 201
        await stream.until_end()
        assert (await client.get("/api/v1/events")).status_code == 401


async def test_open_streams_hold_no_database_session(
    served: tuple[str, FastAPI], staff: httpx.AsyncClient, database: Database
) -> None:
    _, client = await new_person(staff, "Resident")
    async with client, opened(client), opened(client), opened(staff):
        await asyncio.sleep(0.2)
        assert database.engine.pool.checkedout() == 0


async def test_many_hints_are_not_lost_on_who_keeps_up(staff: httpx.AsyncClient, database: Database) -> None:
    place = await settle(staff)
    async with opened(staff) as stream:
        for start in range(0, 1000, 50):
            async with database.unit_of_work(estates=[place.estate_id]) as session:
                for number in range(start, start + 50):
                    await hint(session, estate_id=place.estate_id, topic="supply", ids=[number + 1])
            for number in range(start, start + 50):
                assert (await stream.next())["ids"] == [number + 1]


async def test_the_greeting_names_where_to_come_back_to(staff: httpx.AsyncClient, database: Database) -> None:
    place = await settle(staff)
    await tell(database, place, 1)
    async with opened_raw(staff, last_id="") as stream:
        async with asyncio.timeout(PATIENCE_S):
            lines = [await anext(stream._lines) for _ in range(2)]
    assert lines[0] == ": hello"
    async with opened_raw(staff, last_id=lines[1].removeprefix("id: ")) as again:
        await tell(database, place, 2)
        assert (await again.next())["ids"] == [2]


async def test_without_a_hub_that_listens_it_is_unavailable(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/events")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


# ── who is told what, by role ──


@pytest.mark.parametrize(
    ("role", "unit_id", "told"),
    [
        (Role.OPERATOR, None, {"units", "balance.low", "supply", "meter.offline"}),
        (Role.AUDITOR, None, {"units", "balance.low", "supply", "meter.offline"}),
        (Role.TRUSTEE, None, set()),
        (Role.INSTALLER, None, {"units", "supply", "meter.offline"}),
        (Role.OWNER, 7, {"units", "meter.offline"}),
        (Role.RESIDENT, 7, {"units", "supply", "meter.offline"}),
    ],
)
def test_what_a_role_is_told(role: Role, unit_id: int | None, told: set[str]) -> None:
    grant = Grant.of_role(role, estate_ids=[1], unit_id=unit_id)
    sight = Sight(Principal("x", 5, (grant,)))
    seen = {}
    for topic in ("units", "balance.low", "supply", "meter.offline", "access", "reset", "new"):
        assert sight.seen(Hint("a", topic, 2, (7,))) is None, "another estate"
        found = sight.seen(Hint("a", topic, 1, (7, 8)))
        if found is not None:
            seen[topic] = found.ids
    assert set(seen) == told
    assert set(seen.values()) <= {(7, 8) if unit_id is None else (7,)}


def test_a_stranger_is_told_nothing() -> None:
    sight = Sight(Principal("x", 5), {1: frozenset({7})})
    assert sight.seen(Hint("a", "balance.low", 1, (8,))) is None
    assert sight.seen(Hint("a", "balance.low", 2, (7,))) is None
    assert sight.seen(Hint("a", "balance.low", 1, ())) == Hint("a", "balance.low", 1, (7,))
    assert sight.seen(Hint("a", "balance.low", None, ())) is None


async def test_a_stranger_hears_nothing(staff: httpx.AsyncClient, database: Database) -> None:
    place = await settle(staff)
    token = await person_token(staff, "Stranger")
    async with with_token(str(staff.base_url), token) as client, opened(client) as stream:
        await tell(database, place, place.unit_id)
        await tell(database, place, topic="units")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await stream.next()
