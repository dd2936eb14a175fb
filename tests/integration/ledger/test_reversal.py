"""Reversals: one entry is mirrored, at most once, with its own time, in a month that is open."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mita.kit.errors import Invalid, NotFound
from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind
from mita.ledger.operations import AlreadyReversed, Counter, NotReversible

from .small import NOW, RAND, WALLETS, SmallLedger, small_ledger
from .tables import picture
from .writing import Charge, charge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import psycopg

    from mita.kit.db import Database

DAY = timedelta(days=1)


async def charged(books: SmallLedger, amounts: Sequence[int], *, has_tax: bool = False) -> None:
    charges = [Charge(books.wallet(place), amount, NOW - DAY) for place, amount in enumerate(amounts)]
    async with books.unit_of_work() as session:
        await charge(
            session,
            estate_id=books.estate_id,
            charges=charges,
            income=books.ids["income:electricity"],
            tax=books.ids["tax"] if has_tax else None,
            now=NOW,
        )


async def reverse(
    books: SmallLedger, account_id: int, seq: int, *, counters: Sequence[Counter] = (), reason: str = "wrong"
) -> UUID:
    async with books.unit_of_work() as session:
        booked = await ledger.reverse_entry(
            session,
            estate_id=books.estate_id,
            account_id=account_id,
            seq=seq,
            reason=reason,
            actor="staff:ben",
            now=NOW + DAY,
            counters=counters,
        )
    return booked.journal_id


async def test_a_wrong_top_up_is_undone_on_both_sides(database: Database, admin: psycopg.Connection) -> None:
    books = await small_ledger(database, money=10)
    journal_id = await reverse(books, books.wallet(0), 1)
    assert await books.balances([WALLETS[0], "clearing:cash"]) == [0, -30 * RAND]
    mirror = admin.execute(
        "SELECT account_id, amount_micro, kind, source_kind, source_id, event_at FROM entry"
        " WHERE journal_id = %s ORDER BY line",
        (journal_id,),
    ).fetchall()
    assert mirror == [
        (books.wallet(0), -10 * RAND, int(EntryKind.REVERSAL), 2, 1, NOW),
        (books.ids["clearing:cash"], 10 * RAND, int(EntryKind.REVERSAL), 0, 0, NOW),
    ]
    journal = admin.execute(
        "SELECT kind, actor, memo, booked_at FROM journal WHERE journal_id = %s", (journal_id,)
    ).fetchone()
    assert journal == (3, "staff:ben", "reversal of entry 1: wrong", NOW + DAY)
    rows = admin.execute(
        "SELECT account_id, seq, journal_id, reason, actor FROM reversal ORDER BY 1"
    ).fetchall()
    assert rows == [
        (books.wallet(0), 1, journal_id, "wrong", "staff:ben"),
        (books.ids["clearing:cash"], 1, journal_id, "wrong", "staff:ben"),
    ]
    assert await books.breaks() == []


async def test_an_entry_is_reversed_once_from_whichever_side(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=10)
    await reverse(books, books.wallet(0), 1)
    before = picture(admin, estate_id=books.estate_id)
    for account_id in (books.wallet(0), books.ids["clearing:cash"]):
        with pytest.raises(AlreadyReversed) as refused:
            await reverse(books, account_id, 1)
        assert refused.value.code == "entry_already_reversed"
        # the mirror itself stays
        with pytest.raises(NotReversible):
            await reverse(books, account_id, 2 if account_id == books.wallet(0) else 5)
    assert picture(admin, estate_id=books.estate_id) == before


async def test_reversals_of_one_entry_at_once_move_money_once(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=10)
    await books.transfer(books.wallet(0), books.wallet(1), 4 * RAND)
    # from both sides: they lock the same two accounts
    found = await asyncio.gather(
        *(reverse(books, books.wallet(n % 2), 2) for n in range(8)), return_exceptions=True
    )
    refused = [each for each in found if isinstance(each, BaseException)]
    assert [type(each) for each in refused] == [AlreadyReversed] * 7
    assert (await books.balances())[:2] == [10 * RAND, 10 * RAND]
    assert admin.execute("SELECT count(*) FROM journal WHERE kind = 3").fetchone() == (1,)
    assert admin.execute("SELECT count(*) FROM reversal").fetchone() == (2,)
    assert await books.breaks() == []


async def test_one_charge_of_a_batch_is_reversed_alone(database: Database) -> None:
    books = await small_ledger(database, money=10)
    await charged(books, [8 * RAND, 16 * RAND], has_tax=True)
    assert await books.balances(["income:electricity", "tax"]) == [21 * RAND, 3 * RAND]
    with pytest.raises(NotReversible):
        await reverse(books, books.wallet(1), 2)
    parts = [
        Counter(books.ids["income:electricity"], -14 * RAND),
        Counter(books.ids["tax"], -2 * RAND),
    ]
    await reverse(books, books.wallet(1), 2, counters=parts)
    found = await books.balances([*WALLETS[:2], "income:electricity", "tax"])
    assert found == [2 * RAND, 10 * RAND, 7 * RAND, RAND]
    with pytest.raises(AlreadyReversed):
        await reverse(books, books.wallet(1), 2, counters=parts)
    await reverse(
        books,
        books.wallet(0),
        2,
        counters=[Counter(books.ids["income:electricity"], -7 * RAND), Counter(books.ids["tax"], -RAND)],
    )
    assert await books.balances([WALLETS[0], "income:electricity", "tax"]) == [10 * RAND, 0, 0]
    assert await books.breaks() == []


async def test_the_income_of_a_batch_is_not_reversed_by_itself(database: Database) -> None:
    books = await small_ledger(database, money=10)
    await charged(books, [8 * RAND])
    with pytest.raises(NotReversible):
        await reverse(books, books.ids["income:electricity"], 1)
    await reverse(books, books.wallet(0), 2)
    assert await books.balances([WALLETS[0], "income:electricity"]) == [10 * RAND, 0]


async def test_what_does_not_exist_or_has_no_reason_is_not_reversed(database: Database) -> None:
    books, others = await small_ledger(database, money=10), await small_ledger(database, money=10)
    for account_id, seq in ((books.wallet(0), 2), (books.wallet(0), 0), (others.wallet(0), 1)):
        with pytest.raises(NotFound):
            await reverse(books, account_id, seq)
    with pytest.raises(Invalid):
        await reverse(books, books.wallet(0), 1, reason="  ")


async def test_money_that_was_spent_can_be_taken_back_below_nothing(database: Database) -> None:
    books = await small_ledger(database, money=10)
    await books.transfer(books.wallet(0), books.ids["bank"], 9 * RAND)
    await reverse(books, books.wallet(0), 1)
    assert (await books.balances())[0] == -9 * RAND
