"""Adjustments by hand: alone within the limit, above it with a second person."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from mita.kit.errors import Invalid, KeyReused, NotFound
from mita.kit.ids import new_id
from mita.ledger import operations as ledger
from mita.ledger.operations import AdjustmentDecided, SecondPersonNeeded

from .small import NOW, RAND, WALLETS, SmallLedger, small_ledger
from .tables import picture

if TYPE_CHECKING:
    from uuid import UUID

    from mita.kit.db import Database
    from mita.ledger.operations.adjust import Asked

SIDES = [WALLETS[0], "adjustments"]


async def with_limit(database: Database, limit_micro: int) -> SmallLedger:
    books = await small_ledger(database, money=10)
    await set_limit(books, limit_micro)
    return books


async def set_limit(books: SmallLedger, limit_micro: int) -> None:
    async with books.unit_of_work() as session:
        await ledger.set_ledger_rule(
            session,
            estate_id=books.estate_id,
            adjustment_limit_micro=limit_micro,
            clearing_due_hours=24,
            now=NOW,
        )


async def ask(
    books: SmallLedger, amount_micro: int, *, key: str = "k", actor: str = "staff:ann", reason: str = "rust"
) -> Asked:
    async with books.unit_of_work() as session:
        return await ledger.ask_adjustment(
            session,
            estate_id=books.estate_id,
            account_id=books.wallet(0),
            amount_micro=amount_micro,
            reason=reason,
            key=key,
            actor=actor,
            now=NOW,
        )


async def decide(
    books: SmallLedger, adjustment_id: UUID, *, is_approved: bool = True, actor: str = "staff:ben"
) -> UUID | None:
    async with books.unit_of_work() as session:
        return await ledger.decide_adjustment(
            session,
            estate_id=books.estate_id,
            adjustment_id=adjustment_id,
            is_approved=is_approved,
            actor=actor,
            now=NOW,
        )


@pytest.mark.parametrize("amount", [5 * RAND, -5 * RAND])
async def test_within_the_limit_it_is_booked_at_once(
    database: Database, admin: psycopg.Connection, amount: int
) -> None:
    books = await with_limit(database, 5 * RAND)
    asked = await ask(books, amount)
    assert asked.journal_id is not None
    assert await books.balances(SIDES) == [10 * RAND + amount, -amount]
    found = admin.execute("SELECT is_approved, journal_id, decided_by FROM adjustment_decision").fetchall()
    assert found == [(True, asked.journal_id, "staff:ann")]
    with pytest.raises(AdjustmentDecided):
        await decide(books, asked.adjustment_id)
    assert await books.breaks() == []


@pytest.mark.parametrize("amount", [5 * RAND + 1, -5 * RAND - 1])
async def test_above_the_limit_it_waits_for_a_second_person(
    database: Database, admin: psycopg.Connection, amount: int
) -> None:
    books = await with_limit(database, 5 * RAND)
    asked = await ask(books, amount)
    assert asked.journal_id is None
    assert await books.balances(SIDES) == [10 * RAND, 0]
    before = picture(admin, estate_id=books.estate_id)
    with pytest.raises(SecondPersonNeeded):
        await decide(books, asked.adjustment_id, actor="staff:ann")
    assert picture(admin, estate_id=books.estate_id) == before
    journal_id = await decide(books, asked.adjustment_id)
    assert await books.balances(SIDES) == [10 * RAND + amount, -amount]
    assert (await ask(books, amount)).journal_id == journal_id
    assert await books.breaks() == []


async def test_without_a_rule_nobody_adjusts_alone(database: Database) -> None:
    books = await small_ledger(database, money=10)
    assert (await ask(books, 1)).journal_id is None


async def test_the_limit_is_that_of_the_asking(database: Database) -> None:
    books = await with_limit(database, 5 * RAND)
    asked = await ask(books, 6 * RAND)
    await set_limit(books, 100 * RAND)
    with pytest.raises(SecondPersonNeeded):
        await decide(books, asked.adjustment_id, actor="staff:ann")


async def test_a_refused_adjustment_moves_nothing_and_is_decided(database: Database) -> None:
    books = await with_limit(database, 0)
    asked = await ask(books, RAND)
    # who asked may think again
    assert await decide(books, asked.adjustment_id, is_approved=False, actor="staff:ann") is None
    for is_approved in (True, False):
        with pytest.raises(AdjustmentDecided):
            await decide(books, asked.adjustment_id, is_approved=is_approved)
    assert await books.balances(SIDES) == [10 * RAND, 0]


async def test_a_key_asks_once(database: Database, admin: psycopg.Connection) -> None:
    books = await with_limit(database, 5 * RAND)
    first = await ask(books, RAND)
    before = picture(admin, estate_id=books.estate_id)
    again = await ask(books, RAND)
    assert (again.adjustment_id, again.journal_id, again.is_repeat) == (
        first.adjustment_id,
        first.journal_id,
        True,
    )
    with pytest.raises(KeyReused):
        await ask(books, 2 * RAND)
    with pytest.raises(KeyReused):
        await ask(books, RAND, reason="age")
    for amount, reason in ((0, "rust"), (RAND, " ")):
        with pytest.raises(Invalid):
            await ask(books, amount, key="other", reason=reason)
    with pytest.raises(NotFound):
        await decide(books, new_id())
    assert picture(admin, estate_id=books.estate_id) == before


async def test_approvals_at_once_move_money_once(database: Database, admin: psycopg.Connection) -> None:
    books = await with_limit(database, 0)
    asked = await ask(books, RAND)
    found = await asyncio.gather(
        *(decide(books, asked.adjustment_id, actor=f"staff:{n}", is_approved=n % 4 != 3) for n in range(8)),
        return_exceptions=True,
    )
    refused = [each for each in found if isinstance(each, BaseException)]
    assert [type(each) for each in refused] == [AdjustmentDecided] * 7
    moved = RAND if any(not isinstance(each, BaseException) and each for each in found) else 0
    assert await books.balances(SIDES) == [10 * RAND + moved, -moved]
    assert admin.execute("SELECT count(*) FROM adjustment_decision").fetchone() == (1,)
    assert await books.breaks() == []


async def test_one_key_asked_by_many_at_once_is_one_adjustment(database: Database) -> None:
    books = await with_limit(database, 5 * RAND)
    found = await asyncio.gather(*(ask(books, RAND) for _ in range(8)))
    assert len({each.journal_id for each in found}) == 1
    assert sorted(each.is_repeat for each in found) == [False] + [True] * 7
    assert await books.balances(SIDES) == [11 * RAND, -RAND]


async def test_adjustments_race_the_first_opening_of_their_account(database: Database) -> None:
    books = await small_ledger(database, codes=WALLETS)
    await set_limit(books, 5 * RAND)
    await asyncio.gather(*(ask(books, RAND, key=str(n)) for n in range(8)))
    await books.open(["adjustments"])
    assert await books.balances(SIDES) == [8 * RAND, -8 * RAND]
    assert await books.breaks() == []


async def test_the_database_too_wants_a_second_person(database: Database, admin: psycopg.Connection) -> None:
    books = await with_limit(database, 0)
    asked = await ask(books, RAND)
    row = (books.estate_id, asked.adjustment_id, new_id())
    decision = "INSERT INTO adjustment_decision VALUES (%s, %s, true, %s, 'staff:ann', now())"
    with pytest.raises(psycopg.Error) as refused:
        admin.execute(decision, row)
    assert refused.value.sqlstate == "MT006"
