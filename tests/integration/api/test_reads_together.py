"""Small reads that share a statement: each gets its own, and nobody suffers from another's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mita.kit.reads import Read, ReadsAway
from mita.wallets.queries import seen_wallet

from .people import person_token, signed_in
from .place import made
from .test_quick import neighbour_of

if TYPE_CHECKING:
    import httpx
    import psycopg
    import pytest
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place

BOTH = Read(
    "both",
    "SELECT asked.place, asked.one, asked.two, pg_backend_pid()"
    " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked(one, two, place)"
    " ORDER BY asked.place DESC",
    of_many=True,
)
# as many rows as are asked for
ROWS = Read(
    "rows",
    "SELECT asked.place, n FROM unnest($1::text[]) WITH ORDINALITY AS asked(count, place),"
    " generate_series(1, asked.count::int) AS n",
    of_many=True,
)
SEEN = Read(
    "seen",
    "SELECT asked.place, w.wallet_id, count(*) OVER () FROM unnest($1::text[]) WITH ORDINALITY"
    " AS asked(wallet_id, place) JOIN wallet w ON w.wallet_id = asked.wallet_id::bigint",
    of_many=True,
)


async def test_each_gets_its_own_in_whatever_order_it_is_found(database: Database) -> None:
    texts = ["plain", "", 'a "quoted" one', "back\\slash", "{a,b}", "NULL", "ümläut €", "a,b", " "]
    found = await asyncio.gather(
        *(database.reads.rows(BOTH, text, number) for number, text in enumerate(texts))
    )
    assert [[row[:2] for row in rows] for rows in found] == [
        [(text.encode(), str(number).encode())] for number, text in enumerate(texts)
    ]
    counts = [2, 0, 3, 1]
    many = await asyncio.gather(*(database.reads.rows(ROWS, count) for count in counts))
    assert [len(rows) for rows in many] == counts


async def test_those_that_are_asked_at_once_are_one_statement(database: Database) -> None:
    told: list[float] = []
    await database.reads.rows(BOTH, "x", "y")
    database.reads.observe = told.append
    await asyncio.gather(*(database.reads.rows(BOTH, "x", number) for number in range(30)))
    assert len(told) == 1
    # one that comes alone waits for nobody
    await database.reads.rows(BOTH, "x", "y")
    assert len(told) == 2
    # more than go together are several
    await asyncio.gather(*(database.reads.rows(BOTH, "x", number) for number in range(100)))
    assert len(told) == 4


async def test_those_of_different_sight_do_not_share(
    database: Database, client: httpx.AsyncClient, place: Place
) -> None:
    neighbour = await neighbour_of(client, place)
    here, elsewhere = [place.estate_id], [place.estate_id + 1]
    found = await asyncio.gather(
        database.reads.rows(SEEN, place.wallet_id, estates=here),
        database.reads.rows(SEEN, place.wallet_id),
        database.reads.rows(SEEN, place.wallet_id, estates=elsewhere),
        database.reads.rows(SEEN, neighbour, estates=here),
    )
    # of two that see the same, each finds its own row of the two
    assert found == [[(str(place.wallet_id).encode(), b"2")], [], [], [(str(neighbour).encode(), b"2")]]


async def test_one_that_fails_spoils_none_of_its_statement(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask() -> list[object]:
        asked = (database.reads.rows(ROWS, count) for count in (1, "no number", 2, "nor this"))
        beside = (database.reads.rows(BOTH, "x", "y") for _ in range(2))
        return [
            len(each) if isinstance(each, list) else type(each)
            for each in await asyncio.gather(*asked, *beside, return_exceptions=True)
        ]

    # the second time everything is prepared
    for _ in range(2):
        assert await ask() == [1, ReadsAway, 2, ReadsAway, 1, 1]
    assert "invalid input syntax" in caplog.text


async def test_what_cannot_be_prepared_harms_only_itself(database: Database) -> None:
    wrong = Read("wrong", "SELECT asked.place FROM nowhere AS asked", of_many=True)
    fresh = Read("fresh", ROWS.sql, of_many=True)
    for _ in range(2):
        # what is prepared in a transaction that fails is prepared again
        found = await asyncio.gather(
            database.reads.rows(wrong, 1), database.reads.rows(fresh, 3), return_exceptions=True
        )
        assert isinstance(found[0], ReadsAway)
        assert isinstance(found[1], list)
        assert len(found[1]) == 3
    assert len(await database.reads.rows(fresh, 2)) == 2


async def test_who_gives_up_harms_nobody(database: Database) -> None:
    reads = database.reads
    await reads.rows(BOTH, "x", "y")
    tasks = [asyncio.create_task(reads.rows(BOTH, "x", number)) for number in range(6)]
    await asyncio.sleep(0)
    # before it is sent
    tasks[1].cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    # while it is under way
    tasks[4].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    kept = [each[0][1] if isinstance(each, list) else type(each) for each in found]
    assert kept == [b"0", asyncio.CancelledError, b"2", b"3", asyncio.CancelledError, b"5"]
    assert [row[1] for row in await reads.rows(BOTH, "x", "after")] == [b"after"]


async def test_an_answer_that_fits_nobody_is_told_to_everybody(database: Database) -> None:
    """The place is of nobody: the connection is given up, and nobody waits for ever."""
    wrong = Read("wrong", "SELECT 7, u FROM unnest($1::text[]) AS u", of_many=True)
    found = await asyncio.gather(
        database.reads.rows(wrong, "a"), database.reads.rows(BOTH, "x", "y"), return_exceptions=True
    )
    assert [type(each) for each in found] == [ReadsAway, ReadsAway]
    assert len(await database.reads.rows(BOTH, "x", "y")) == 1


async def test_persons_of_one_statement_see_their_own(
    database: Database, client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    """Two persons and a stranger ask for two wallets, all at once."""
    neighbour = await neighbour_of(client, place)
    persons = []
    for name, wallet_id in (("Sipho", place.wallet_id), ("Naledi", neighbour), ("Nobody", None)):
        person = (await made(client, "/api/v1/persons", {"name": name}))["person_id"]
        persons.append(person)
        if wallet_id is not None:
            body = {"person_id": person, "right": "view"}
            await made(client, f"{place.base}/wallets/{wallet_id}/grants", body)
    told: list[float] = []
    database.reads.observe = told.append

    async def seen() -> list[int | None]:
        asked = [
            seen_wallet(database.reads, estate_id=place.estate_id, wallet_id=wallet_id, person_id=person)
            for person in persons
            for wallet_id in (place.wallet_id, neighbour)
        ]
        return [each and each.wallet_id for each in await asyncio.gather(*asked)]

    await database.reads.rows(BOTH, "x", "y")
    told.clear()
    assert await seen() == [place.wallet_id, None, None, neighbour, None, None]
    assert len(told) == 1, "they share a statement"
    admin.execute(
        "UPDATE access_grant SET revoked_at = now(), revoked_by = 'staff:ann' WHERE person_id = %s",
        [persons[0]],
    )
    assert await seen() == [None, None, None, neighbour, None, None]


async def test_whose_token_was_taken_back_is_refused_among_others(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    """Callers ask at the same instant, again and again; the one whose token is replaced is out at once."""
    tokens, persons = [], []
    for number in range(4):
        token = await person_token(client, f"Many {number}")
        tokens.append(token)
        async with signed_in(app, token) as caller:
            persons.append((await caller.get("/api/v1/me")).json()["person_id"])
        body = {"person_id": persons[-1], "right": "view"}
        await made(client, f"{place.base}/wallets/{place.wallet_id}/grants", body)
    path = f"{place.base}/wallets/{place.wallet_id}"

    async def statuses() -> list[int]:
        async def ask(token: str) -> int:
            async with signed_in(app, token) as caller:
                return (await caller.get(path)).status_code

        return await asyncio.gather(*(ask(token) for token in tokens))

    assert await statuses() == [200] * 4
    assert await statuses() == [200] * 4
    await client.post(f"/api/v1/persons/{persons[2]}/tokens")
    assert await statuses() == [200, 200, 401, 200]
