"""Holds: what is authorised is not there for anything else, and is resolved at most once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from mita.kit.errors import Invalid, KeyReused
from mita.ledger import operations as ledger
from mita.ledger.operations import Authorisation, HoldResolved, NotEnough

from .small import NOW, RAND, WALLETS, SmallLedger, small_ledger
from .tables import picture

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

    from mita.kit.db import Database

HOUR = timedelta(hours=1)


async def hold(
    books: SmallLedger, amount_micro: int, *, key: str = "k", place: int = 0, hours: int = 24
) -> UUID:
    asked = Authorisation(books.wallet(place), amount_micro, "a geyser", NOW + hours * HOUR)
    async with books.unit_of_work() as session:
        hold_id, _ = await ledger.place_hold(
            session, estate_id=books.estate_id, asked=asked, key=key, actor="staff:ann", now=NOW
        )
    return hold_id


async def resolve(
    books: SmallLedger, hold_id: UUID, taken_micro: int, *, to: str | None = "bank", now: datetime = NOW
) -> UUID | None:
    async with books.unit_of_work() as session:
        return await ledger.resolve_hold(
            session,
            estate_id=books.estate_id,
            hold_id=hold_id,
            taken_micro=taken_micro,
            to_account_id=None if to is None else books.ids[to],
            actor="staff:ben",
            now=now,
        )


async def expire(books: SmallLedger, *, now: datetime) -> int:
    async with books.unit_of_work() as session:
        return await ledger.expire_holds(session, estate_id=books.estate_id, now=now)


async def test_what_is_held_cannot_be_given_away_and_the_balance_does_not_move(database: Database) -> None:
    books = await small_ledger(database, money=10)
    await hold(books, 7 * RAND)
    assert (await books.balances())[0] == 10 * RAND
    assert await books.held(books.wallet(0)) == 7 * RAND
    with pytest.raises(NotEnough):
        await books.transfer(books.wallet(0), books.wallet(1), 3 * RAND + 1)
    with pytest.raises(NotEnough):
        await hold(books, 3 * RAND + 1, key="k2")
    await books.transfer(books.wallet(0), books.wallet(1), 3 * RAND)
    assert await books.breaks() == []


@pytest.mark.parametrize(
    ("taken", "left"), [(0, 10 * RAND), (1, 10 * RAND - 1), (6 * RAND, 4 * RAND), (7 * RAND, 3 * RAND)]
)
async def test_a_hold_is_taken_in_part_in_whole_or_not_and_the_rest_is_free(
    database: Database, admin: psycopg.Connection, taken: int, left: int
) -> None:
    books = await small_ledger(database, money=10)
    hold_id = await hold(books, 7 * RAND)
    journal_id = await resolve(books, hold_id, taken)
    assert await books.balances([WALLETS[0], "bank"]) == [left, taken]
    assert await books.held(books.wallet(0)) == 0
    found = admin.execute("SELECT outcome, taken_micro, journal_id, actor FROM hold_resolution").fetchall()
    assert found == [("taken" if taken else "released", taken, journal_id, "staff:ben")]
    with pytest.raises(HoldResolved):
        await resolve(books, hold_id, 0)
    assert await books.breaks() == []


async def test_a_hold_that_was_authorised_is_taken_even_if_the_meter_was_faster(database: Database) -> None:
    books = await small_ledger(database, money=10)
    hold_id = await hold(books, 7 * RAND)
    # used energy is never refused; here staff mends a top-up, which is not either
    await books.reverse(books.wallet(0), 1)
    await resolve(books, hold_id, 7 * RAND)
    assert (await books.balances())[0] == -7 * RAND
    assert await books.breaks() == []


@pytest.mark.parametrize(("taken", "to"), [(-1, "bank"), (7 * RAND + 1, "bank"), (1, None), (1, WALLETS[0])])
async def test_more_than_was_held_or_to_nowhere_is_refused_and_changes_no_byte(
    database: Database, admin: psycopg.Connection, taken: int, to: str | None
) -> None:
    books = await small_ledger(database, money=10)
    hold_id = await hold(books, 7 * RAND)
    before = picture(admin, estate_id=books.estate_id)
    with pytest.raises(Invalid):
        await resolve(books, hold_id, taken, to=to)
    assert picture(admin, estate_id=books.estate_id) == before


async def test_a_key_places_one_hold(database: Database, admin: psycopg.Connection) -> None:
    books = await small_ledger(database, money=10)
    first = await hold(books, 7 * RAND)
    before = picture(admin, estate_id=books.estate_id)
    assert await hold(books, 7 * RAND) == first
    for other in (
        hold(books, 6 * RAND),
        hold(books, 7 * RAND, place=1),
        hold(books, 7 * RAND, hours=25),
    ):
        with pytest.raises(KeyReused):
            await other
    assert picture(admin, estate_id=books.estate_id) == before


async def test_a_hold_expires_at_its_instant_and_not_before(database: Database) -> None:
    books = await small_ledger(database, money=10)
    early, late = await hold(books, RAND, key="a", hours=1), await hold(books, 2 * RAND, key="b", hours=2)
    assert await expire(books, now=NOW + HOUR - timedelta(microseconds=1)) == 0
    # nobody has swept yet, but its time is over
    with pytest.raises(HoldResolved):
        await resolve(books, early, RAND, now=NOW + HOUR)
    assert await books.held(books.wallet(0)) == 3 * RAND
    assert await expire(books, now=NOW + HOUR) == 1
    assert await books.held(books.wallet(0)) == 2 * RAND
    assert await expire(books, now=NOW + HOUR) == 0
    await resolve(books, late, RAND, now=NOW + HOUR)
    assert await expire(books, now=NOW + 9 * HOUR) == 0
    assert (await books.balances())[0] == 9 * RAND
    assert await books.breaks() == []


async def test_a_hold_resolved_by_many_at_once_is_resolved_by_one(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=10)
    hold_id = await hold(books, 7 * RAND)
    found = await asyncio.gather(
        *(resolve(books, hold_id, n * RAND, to="bank" if n % 2 else WALLETS[1]) for n in range(8)),
        return_exceptions=True,
    )
    won = [n for n, each in enumerate(found) if not isinstance(each, BaseException)]
    assert len(won) == 1
    assert [type(each) for each in found if isinstance(each, BaseException)] == [HoldResolved] * 7
    assert (await books.balances())[0] == (10 - won[0]) * RAND
    assert await books.held(books.wallet(0)) == 0
    assert admin.execute("SELECT count(*) FROM hold_resolution").fetchone() == (1,)
    assert await books.breaks() == []


async def test_the_sweep_and_people_resolve_the_same_holds_at_once(database: Database) -> None:
    books = await small_ledger(database, money=10)
    names = [
        await hold(books, RAND, key=f"{place}-{n}", place=place, hours=1)
        for place in range(4)
        for n in range(8)
    ]
    # the people's clock is a little behind the sweep's
    sweeps = [expire(books, now=NOW + HOUR) for _ in range(3)]
    people = [resolve(books, name, RAND, now=NOW) for name in names[::-1]]
    found = await asyncio.gather(*people[:16], *sweeps, *people[16:], return_exceptions=True)
    swept = sum(each for each in found if isinstance(each, int))
    taken = sum(isinstance(each, UUID) for each in found)
    refused = [each for each in found if isinstance(each, BaseException)]
    assert [type(each) for each in refused] == [HoldResolved] * (len(names) - taken)
    assert swept + taken == len(names)
    assert [await books.held(books.wallet(place)) for place in range(4)] == [0] * 4
    assert await books.balances(["bank"]) == [taken * RAND]
    assert await books.breaks() == []


async def test_holds_placed_at_once_do_not_promise_the_same_money(database: Database) -> None:
    books = await small_ledger(database, money=10)
    found = await asyncio.gather(
        *(hold(books, 3 * RAND, key=str(n)) for n in range(8)), return_exceptions=True
    )
    assert [type(each) for each in found if isinstance(each, BaseException)] == [NotEnough] * 5
    assert await books.held(books.wallet(0)) == 9 * RAND
