"""A bank with eight tellers: overlapping orders, duplicates, charges; and the test of this test."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement, StaleHeads

from .small import NOW, RAND, SmallLedger, small_ledger
from .writing import Charge, charge

if TYPE_CHECKING:
    from mita.kit.db import Database

TELLERS = 8
ORDERS = 120
BATCHES = 4  # of each teller
PURSES = [f"payable:{number:02}" for number in range(12)]
CODES = (*PURSES, "income:electricity", "tax")


@dataclass
class Day:
    """What happened at the bank."""

    repeats: int = 0
    again: int = 0  # batches that somebody was faster than
    rings: int = 0  # orders that had to begin again because two waited for each other
    faults: list[BaseException] = field(default_factory=list)


def orders_of(books: SmallLedger, chance: random.Random) -> list[Movement]:
    orders = []
    for number in range(ORDERS):
        chosen = [books.ids[code] for code in chance.sample(PURSES, chance.randint(2, 6))]
        amounts = [chance.randint(-9 * RAND, 9 * RAND) for _ in chosen[1:]]
        lines = [
            Line(account_id, amount, EntryKind.DEBT)
            for account_id, amount in zip(chosen, [*amounts, -sum(amounts)], strict=True)
        ]
        orders.append(
            Movement(JournalKind.DEBT, lines, "staff:ann", "", f"order {number}", "bank", body=[number])
        )
    return orders


async def one_order(books: SmallLedger, order: Movement, day: Day) -> None:
    while True:
        try:
            booked = await books.book(order)
        except StaleHeads:
            day.rings += 1
        else:
            day.repeats += booked.is_repeat
            return


async def one_batch(books: SmallLedger, charges: list[Charge], day: Day) -> None:
    attempts = 0
    while True:
        attempts += 1
        try:
            async with books.unit_of_work() as session:
                await charge(
                    session,
                    estate_id=books.estate_id,
                    charges=charges,
                    income=books.ids["income:electricity"],
                    tax=books.ids["tax"],
                    now=NOW,
                    lock=attempts > 2,
                )
        except StaleHeads:
            day.again += 1
        else:
            return


async def open_for_a_day(books: SmallLedger, seed: int) -> tuple[Day, Counter[int]]:
    """Let the tellers work; return what happened, and what each account should have gained."""
    chance, day = random.Random(seed), Day()
    orders = orders_of(books, chance)
    gains = Counter[int]()
    for order in orders:
        for line in order.lines:
            gains[line.account_id] += line.amount_micro
    work: list[list[object]] = [[] for _ in range(TELLERS)]
    for order in orders:
        # everybody's order lies on two desks
        for desk in chance.sample(range(TELLERS), 2):
            work[desk].append(one_order(books, order, day))
    for desk in work:
        for _ in range(BATCHES):
            chosen = chance.sample(PURSES, 5)
            charges = [Charge(books.ids[code], chance.randint(1, 9 * RAND), NOW) for code in chosen]
            total = sum(each.amount_micro for each in charges)
            for each in charges:
                gains[each.account_id] -= each.amount_micro
            gains[books.ids["tax"]] += total // 8
            gains[books.ids["income:electricity"]] += total - total // 8
            desk.append(one_batch(books, charges, day))
        chance.shuffle(desk)

    async def teller(desk: list) -> None:
        for piece in desk:
            try:
                await piece
            except (psycopg.Error, DBAPIError) as fault:
                day.faults.append(fault)

    await asyncio.gather(*(teller(desk) for desk in work))
    return day, gains


async def opened(database: Database) -> SmallLedger:
    return await small_ledger(database, codes=CODES)


async def faults_of_a_day(books: SmallLedger, admin: psycopg.Connection, seed: int) -> list[str]:
    """Return everything that a bank may not do, in words."""
    before = dict(zip(CODES, await books.balances(CODES), strict=True))
    known = admin.execute("SELECT count(*) FROM request").fetchone()[0]
    day, gains = await open_for_a_day(books, seed)
    found = [f"fault: {type(fault).__name__}" for fault in day.faults]
    found += ["two waited for each other"] * day.rings
    for code, balance in zip(CODES, await books.balances(CODES), strict=True):
        if balance != before[code] + gains[books.ids[code]]:
            found.append(f"{code} has drifted")
    if admin.execute("SELECT count(*) FROM request").fetchone()[0] != known + ORDERS:
        found.append("a key is missing or there twice")
    if day.repeats != ORDERS:
        found.append("a duplicate was not seen as one")
    found += [f"{verifier}: {place}" for verifier, place in await books.breaks()]
    return found


async def test_eight_tellers_neither_lose_nor_double_nor_wait_for_each_other_for_ever(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await opened(database)
    assert await faults_of_a_day(books, admin, 1) == []
    journals = admin.execute("SELECT kind, count(*) FROM journal GROUP BY kind ORDER BY kind").fetchall()
    assert journals == [(1, TELLERS * BATCHES), (14, ORDERS)]
    assert sum(await books.balances(CODES)) == 0


@pytest.mark.parametrize(
    ("guard", "instead", "shows"),
    [
        # locked in the order of the lines, as they come
        (
            "ORDER BY a.account_id FOR NO KEY UPDATE",
            "ORDER BY array_position(line_account, a.account_id) FOR NO KEY UPDATE",
            "two waited for each other",
        ),
        ("FOR NO KEY UPDATE", "", "fault: UniqueViolation"),
    ],
    ids=["without the order", "without the lock"],
)
async def test_the_bank_goes_red_when_a_guard_is_taken_away(
    database: Database, admin: psycopg.Connection, guard: str, instead: str, shows: str
) -> None:
    admin.execute("SELECT set_config('deadlock_timeout', '20ms', false)")
    name = admin.execute("SELECT current_database()").fetchone()[0]
    admin.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '20ms'")
    text = admin.execute("SELECT pg_get_functiondef('ledger_book'::regproc)").fetchone()[0]
    assert text.count(guard) == 1
    admin.execute(text.replace(guard, instead))
    books = await opened(database)
    found: list[str] = []
    for seed in range(8):
        # of each teller's orders the numbers are new; keys must be too
        found += await faults_of_a_day(books, admin, seed)
        if shows in found:
            break
        books = await opened(database)
    assert shows in found, found


async def test_a_second_post_of_the_same_heads_is_stale(database: Database) -> None:
    books = await small_ledger(database, money=10)
    one = Charge(books.wallet(0), RAND, NOW)
    heads_behind = {
        "estate_id": books.estate_id,
        "charges": [one],
        "income": books.ids["income:electricity"],
        "tax": None,
        "now": NOW,
        "believed_behind": 1,
    }
    with pytest.raises(ledger.StaleHeads):
        async with books.unit_of_work() as session:
            await charge(session, **heads_behind)
    assert (await books.balances())[0] == 10 * RAND
