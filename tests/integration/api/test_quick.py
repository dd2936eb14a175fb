"""A balance goes the shorter way, and it is the same answer; who may ask is looked up at each request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mita.entrypoints.api import create_app
from mita.kit.reads import Read, Reads, ReadsAway
from mita.kit.web import QUICK
from mita.wallets.api.accounts import get_wallet
from mita.wallets.queries import seen_wallet

from .people import person_token, signed_in
from .place import made
from .signing_in import bearing, new_thandi, signed_in_again

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    import psycopg
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place

OWN = "x-correlation-id"


@pytest.fixture
def quick_answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Whether each balance that was asked for was answered the shorter way."""
    found: list[bool] = []
    way = getattr(get_wallet, QUICK)

    async def watched(*args: object, **ids: int) -> bytes | None:
        body = await way(*args, **ids)
        found.append(body is not None)
        return body

    monkeypatch.setattr(get_wallet, QUICK, watched)
    return found


async def neighbour_of(client: httpx.AsyncClient, place: Place) -> int:
    (unit,) = (await made(client, f"{place.base}/units", {"names": ["B2"]}))["items"]
    meter = {"unit_id": unit["unit_id"], "serial": "E2", "utility": "electricity"}
    await made(client, f"{place.base}/meters", meter)
    listed = (await client.get(f"{place.base}/wallets")).json()["items"]
    (wallet_id,) = [each["wallet_id"] for each in listed if each["unit_id"] == unit["unit_id"]]
    return wallet_id


async def test_both_ways_answer_the_same_bytes(
    client: httpx.AsyncClient,
    member: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    place: Place,
    quick_answers: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    neighbour = await neighbour_of(client, place)
    assert (await place.top_up(amount="123.456789", utility="electricity")).status_code == 201
    await place.send(("2025-03-01T00:00:00Z", "1"), ("2025-03-02T00:00:00Z", "8"))
    callers = {"staff": client, "member": member, "stranger": stranger}
    paths = [
        f"{place.base}/wallets/{text}"
        for text in (place.wallet_id, neighbour, 999, f"0{place.wallet_id}", f"{place.wallet_id}?x=1", "x")
    ]

    async def answers() -> dict[tuple[str, str], tuple[int, str, list[tuple[str, str]]]]:
        found = {}
        for name, caller in callers.items():
            for path in paths:
                answer = await caller.get(path)
                headers = sorted(pair for pair in answer.headers.items() if pair[0] != OWN)
                found[name, path] = answer.status_code, answer.text, headers
        return found

    # whom this process does not know yet goes the long way
    for caller in callers.values():
        await caller.get(f"{place.base}/wallets")
    first = await answers()
    assert quick_answers.count(True) == 3, "staff both wallets, the member their own"
    tag = dict(first["member", paths[0]][2])["etag"]
    not_again = await member.get(paths[0], headers={"If-None-Match": tag})
    monkeypatch.delattr(get_wallet, QUICK)
    assert await answers() == first
    long_not_again = await member.get(paths[0], headers={"If-None-Match": tag})
    assert (not_again.status_code, not_again.content) == (304, b"")
    assert {k: v for k, v in not_again.headers.items() if k != OWN} == {
        k: v for k, v in long_not_again.headers.items() if k != OWN
    }
    # 123.456789 less 7 kWh at 2.00 and 15 %
    assert '"balance":{"amount":"107.356789","currency":"ZAR"}' in first["member", paths[0]][1]
    assert [first[name, paths[1]][0] for name in callers] == [200, 404, 404]


async def test_what_was_taken_back_is_gone_at_once_in_every_process(
    app: FastAPI,
    database: Database,
    client: httpx.AsyncClient,
    place: Place,
    admin: psycopg.Connection,
    quick_answers: list[bool],
) -> None:
    """Everything is changed through one application, and asked of another, which knew the caller before."""
    other = create_app(database, live=None)
    path = f"{place.base}/wallets/{place.wallet_id}"
    person = await made(client, "/api/v1/persons", {"name": "Thandi"})
    token = (await client.post(f"/api/v1/persons/{person['person_id']}/tokens")).json()["token"]
    async with signed_in(other, token) as there, signed_in(app, token) as here:

        async def seen() -> tuple[int, int]:
            return (await there.get(path)).status_code, (await here.get(path)).status_code

        assert await seen() == (404, 404)
        body = {"person_id": person["person_id"], "right": "view"}
        grant = await made(client, f"{path}/grants", body)
        assert await seen() == (200, 200)
        await client.delete(f"{path}/grants/{grant['grant_id']}")
        assert await seen() == (404, 404)

        role = {"person_id": person["person_id"], "role": "auditor"}
        granted = await made(client, f"{place.base}/role-grants", role)
        assert await seen() == (200, 200)
        await client.delete(f"{place.base}/role-grants/{granted['role_grant_id']}")
        assert await seen() == (404, 404)

        granted = await made(client, f"{place.base}/role-grants", role)
        assert await seen() == (200, 200)
        # a role that ends by itself
        admin.execute("UPDATE role_grant SET until = now() WHERE revoked_at IS NULL")
        assert await seen() == (404, 404)

        organisation = await made(client, "/api/v1/organisations", {"name": "Agents"})
        number = organisation["organisation_id"]
        await made(client, "/api/v1/role-grants", {**role, "organisation_id": number})
        assert await seen() == (404, 404)
        admin.execute("UPDATE estate SET organisation_id = %s", [number])
        assert await seen() == (200, 200)
        admin.execute("UPDATE estate SET organisation_id = NULL")
        assert await seen() == (404, 404)
        admin.execute("UPDATE estate SET organisation_id = %s", [number])
        assert await seen() == (200, 200)
        admin.execute("UPDATE estate SET archived_at = now()")
        assert await seen() == (404, 404)
        admin.execute("UPDATE estate SET archived_at = NULL")
        assert await seen() == (200, 200)

        await client.post(f"/api/v1/persons/{person['person_id']}/tokens")
        assert await seen() == (401, 401), "a new token takes the place of the old one"
    assert quick_answers.count(True) == 12


async def test_a_session_and_its_key_end_at_once_in_every_process(
    app: FastAPI, database: Database, client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    other = create_app(database, live=None)
    thandi = await new_thandi(app, client, admin)
    second = (await signed_in_again(app)).json()["tokens"]
    role = {"person_id": thandi.person_id, "role": "auditor"}
    await made(client, f"{place.base}/role-grants", role)
    path = f"{place.base}/wallets/{place.wallet_id}"
    async with (
        bearing(other, thandi.tokens["access_token"]) as first_there,
        bearing(other, second["access_token"]) as second_there,
        bearing(app, second["access_token"]) as here,
    ):

        async def seen() -> list[int]:
            return [(await caller.get("/api/v1/me")).status_code for caller in (first_there, second_there)]

        assert await seen() == [200, 200]
        # an auditor without a second factor is none; with one, from the next request on
        assert (await second_there.get(path)).status_code == 404
        admin.execute("UPDATE person_session SET has_second_factor = true")
        assert (await second_there.get(path)).status_code == 200
        answer = await here.delete(f"/api/v1/me/sessions/{thandi.tokens['session_id']}")
        assert answer.status_code == 204, answer.text
        assert await seen() == [401, 200]
        admin.execute("UPDATE signing_key SET created_at = now() - interval '31 days'")
        assert await seen() == [401, 401]


async def test_each_read_has_its_own_sight(
    database: Database, client: httpx.AsyncClient, place: Place
) -> None:
    neighbour = await neighbour_of(client, place)
    read = Read(
        "all_of_estate",
        "SELECT coalesce(current_setting('mita.estates', true), ''), "
        "coalesce(string_agg(wallet_id::text, ',' ORDER BY wallet_id), '') FROM wallet WHERE $1::text <> ''",
    )
    reads, both = database.reads, f"{place.wallet_id},{neighbour}".encode()
    for _ in range(2):
        # they go together, and nothing of one is left for the next
        found = await asyncio.gather(
            reads.rows(read, "x"),
            reads.rows(read, "x", estates=[place.estate_id]),
            reads.rows(read, "x"),
            reads.rows(read, "x", estates=[place.estate_id + 1]),
        )
        assert [rows[0] for rows in found] == [
            (b"", b""),
            (str(place.estate_id).encode(), both),
            (b"", b""),
            (str(place.estate_id + 1).encode(), b""),
        ]


async def test_a_balance_is_of_whoever_has_a_live_grant(
    database: Database, client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    neighbour = await neighbour_of(client, place)
    person = await made(client, "/api/v1/persons", {"name": "Sipho"})
    body = {"person_id": person["person_id"], "right": "view"}
    await made(client, f"{place.base}/wallets/{place.wallet_id}/grants", body)
    me = person["person_id"]

    async def seen(wallet_id: int, person_id: int, estate_id: int = place.estate_id) -> bool:
        found = await seen_wallet(
            database.reads, estate_id=estate_id, wallet_id=wallet_id, person_id=person_id
        )
        return found is not None

    assert await seen(place.wallet_id, me)
    assert not await seen(neighbour, me)
    assert not await seen(place.wallet_id, me + 1)
    assert not await seen(place.wallet_id, me, place.estate_id + 1)
    admin.execute("UPDATE access_grant SET revoked_at = now(), revoked_by = 'staff:ann'")
    assert not await seen(place.wallet_id, me)


async def test_one_that_fails_harms_nobody_else(database: Database) -> None:
    wrong, right = Read("wrong", "SELECT 1 / $1::text::int"), Read("right", "SELECT $1::text")
    reads = database.reads
    found = await asyncio.gather(
        reads.rows(right, "a"), reads.rows(wrong, 0), reads.rows(right, "b"), return_exceptions=True
    )
    assert [found[0], found[2]] == [[(b"a",)], [(b"b",)]], "what went with it is asked again"
    assert isinstance(found[1], ReadsAway)
    assert await reads.rows(wrong, 1) == [(b"1",)]
    assert await reads.rows(right, "c") == [(b"c",)]


async def test_without_its_connection_everything_goes_the_long_way(
    client: httpx.AsyncClient, place: Place, admin: psycopg.Connection, quick_answers: list[bool]
) -> None:
    path = f"{place.base}/wallets/{place.wallet_id}"
    assert (await client.get(path)).status_code == 200
    admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert [(await client.get(path)).status_code for _ in range(3)] == [200, 200, 200]
    assert quick_answers[-1], "the connection is made again"


async def test_a_server_that_is_not_there_is_said_so_and_not_asked_again_at_once() -> None:
    reads = Reads("postgresql://mita_app@127.0.0.1:1/none")
    with pytest.raises(ReadsAway, match="OperationalError"):
        await reads.rows(Read("any", "SELECT 1"))
    with pytest.raises(ReadsAway, match="a moment ago"):
        await reads.rows(Read("any", "SELECT 1"))
    await reads.close()


async def test_many_at_once_are_each_answered_with_their_own(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    """Callers whose reads go together are not mixed up."""
    names = [f"Many {number}" for number in range(6)]
    tokens = [await person_token(client, name) for name in names]
    async with asyncio.TaskGroup() as group:
        asked = []
        for token, name in zip(tokens, names, strict=True):

            async def ask(token: str = token, name: str = name) -> None:
                async with signed_in(app, token) as caller:
                    for _ in range(5):
                        assert (await caller.get("/api/v1/me")).json()["name"] == name
                        path = f"{place.base}/wallets/{place.wallet_id}"
                        assert (await caller.get(path)).status_code == 404

            asked.append(group.create_task(ask()))
