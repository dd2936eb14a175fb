"""Orders that arrive together: one transaction, each order whole or not at all, none twice, none lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from mita.kit.desk import TOGETHER_MAX, Desk
from mita.ledger import operations as ledger
from mita.ledger.models import Account
from mita.ledger.operations import NotEnough, Order, StaleHeads

from .small import NOW, RAND, SmallLedger, small_ledger

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database
    from mita.ledger.operations import Booked


def _desk(books: SmallLedger) -> Desk:
    return Desk(books.database, contention=(StaleHeads,))


async def _give(
    desk: Desk, books: SmallLedger, amount_micro: int, *, key: str, from_: int = 0, to: int = 1
) -> Booked:
    async def work(session: AsyncSession) -> Booked:
        return await ledger.transfer(
            session,
            estate_id=books.estate_id,
            from_id=books.wallet(from_),
            to_id=books.wallet(to),
            order=Order(amount_micro, "a gift", key, "staff:ann"),
            now=NOW,
        )

    return await desk.run(books.estate_id, work)


def _transfers(admin: psycopg.Connection) -> int:
    row = admin.execute("SELECT count(*) FROM request WHERE scope = 'transfer'").fetchone()
    assert row is not None
    return int(row[0])


async def test_orders_that_arrive_together_share_a_transaction(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=100)
    desk = _desk(books)
    done = await asyncio.gather(*(_give(desk, books, RAND, key=f"k{i}") for i in range(40)))
    assert len({each.journal_id for each in done}) == 40
    assert not any(each.is_repeat for each in done)
    # each was told the balance that it left
    assert sorted(each.balances_micro[books.wallet(1)] for each in done) == [
        (101 + i) * RAND for i in range(40)
    ]
    assert await books.balances() == [60 * RAND, 140 * RAND, 100 * RAND, 100 * RAND]
    row = admin.execute("SELECT count(DISTINCT xmin::text) FROM request WHERE scope = 'transfer'").fetchone()
    assert row is not None
    assert row[0] == -(-40 // TOGETHER_MAX)
    assert await books.breaks() == []


async def test_a_refusal_is_told_to_its_own_asker_only(database: Database, admin: psycopg.Connection) -> None:
    books = await small_ledger(database, money=10)
    desk = _desk(books)
    told = await asyncio.gather(
        _give(desk, books, RAND, key="a"),
        _give(desk, books, 50 * RAND, key="too much", from_=2, to=3),
        _give(desk, books, 2 * RAND, key="b"),
        return_exceptions=True,
    )
    assert isinstance(told[1], NotEnough)
    assert not isinstance(told[0], BaseException)
    assert not isinstance(told[2], BaseException)
    assert await books.balances() == [7 * RAND, 13 * RAND, 10 * RAND, 10 * RAND]
    # what went together first and was undone left nothing
    assert _transfers(admin) == 2
    assert await books.breaks() == []


async def test_the_same_key_twice_at_once_moves_money_once(database: Database) -> None:
    books = await small_ledger(database, money=10)
    desk = _desk(books)
    done = await asyncio.gather(*(_give(desk, books, RAND, key="k") for _ in range(6)))
    assert len({each.journal_id for each in done}) == 1
    assert sum(each.is_repeat for each in done) == 5
    assert await books.balances() == [9 * RAND, 11 * RAND, 10 * RAND, 10 * RAND]


async def test_a_row_that_somebody_holds_stops_nobody_for_good(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=10)
    desk = _desk(books)
    with admin.transaction():
        admin.execute(
            "SELECT 1 FROM account WHERE estate_id = %s AND account_id = %s FOR UPDATE",
            (books.estate_id, books.wallet(0)),
        )
        waiting = [
            asyncio.ensure_future(_give(desk, books, RAND, key="a", from_=2, to=3)),
            asyncio.ensure_future(_give(desk, books, RAND, key="b")),
            asyncio.ensure_future(_give(desk, books, 3 * RAND, key="c", from_=2, to=3)),
        ]
        # those that need other rows go on, the one that needs this row waits
        await asyncio.gather(waiting[0], waiting[2])
        assert await books.balances() == [10 * RAND, 10 * RAND, 6 * RAND, 14 * RAND]
        assert not waiting[1].done()
    await waiting[1]
    assert await books.balances() == [9 * RAND, 11 * RAND, 6 * RAND, 14 * RAND]


async def test_a_row_that_one_work_read_is_read_again_by_the_next(database: Database) -> None:
    books = await small_ledger(database, money=10)
    desk = _desk(books)
    kept = []

    async def seen_then_moved(session: AsyncSession, number: int) -> int:
        account = await session.get(Account, (books.estate_id, books.wallet(0)))
        assert account is not None
        kept.append(account)  # or the session would forget it by itself
        await ledger.transfer(
            session,
            estate_id=books.estate_id,
            from_id=books.wallet(0),
            to_id=books.wallet(1),
            order=Order(RAND, "a gift", f"k{number}", "staff:ann"),
            now=NOW,
        )
        return account.posted_micro

    seen = await asyncio.gather(
        *(desk.run(books.estate_id, lambda s, n=number: seen_then_moved(s, n)) for number in range(3))
    )
    assert seen == [10 * RAND, 9 * RAND, 8 * RAND]


async def test_who_gave_up_before_the_turn_came_is_not_served(database: Database) -> None:
    books = await small_ledger(database, money=10)
    desk = _desk(books)
    asked = [asyncio.ensure_future(_give(desk, books, RAND, key=f"k{number}")) for number in range(3)]
    await asyncio.sleep(0)
    asked[1].cancel()
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(done[1], asyncio.CancelledError)
    assert await books.balances() == [8 * RAND, 12 * RAND, 10 * RAND, 10 * RAND]


async def test_a_fault_of_the_database_reaches_every_asker(database: Database) -> None:
    books = await small_ledger(database, money=10)
    desk = _desk(books)

    async def broken(session: AsyncSession) -> None:
        raise psycopg.OperationalError("the server is away")

    told = await asyncio.gather(
        *(desk.run(books.estate_id, broken) for _ in range(3)), return_exceptions=True
    )
    assert [str(each) for each in told] == ["the server is away"] * 3
    # and the desk goes on
    await _give(desk, books, RAND, key="k")


@pytest.mark.parametrize("askers", [1, 3])
async def test_contention_is_tried_again(database: Database, askers: int) -> None:
    books = await small_ledger(database, money=10)
    desk = _desk(books)
    tries = 0

    async def unlucky(session: AsyncSession) -> str:
        nonlocal tries
        tries += 1
        if tries <= 4:
            raise StaleHeads("somebody was faster")
        return "done"

    assert (
        await asyncio.gather(*(desk.run(books.estate_id, unlucky) for _ in range(askers)))
        == ["done"] * askers
    )
