"""Small journals: once per key, never below a floor, all or nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mita.kit.errors import Invalid, KeyReused, NotFound, Refusal
from mita.ledger import operations as ledger
from mita.ledger import queries
from mita.ledger.domain import EntryKind, JournalKind, Unbalanced
from mita.ledger.operations import Line, Movement, NotEnough, Order

from .small import NOW, RAND, WALLETS, SmallLedger, small_ledger
from .tables import picture

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database


async def test_a_transfer_moves_money_once(database: Database) -> None:
    books = await small_ledger(database, money=10)
    booked = await books.transfer(books.wallet(0), books.wallet(1), 4 * RAND, key="k")
    assert booked.balances_micro == {books.wallet(0): 6 * RAND, books.wallet(1): 14 * RAND}
    assert booked.seqs == {books.wallet(0): 2, books.wallet(1): 2}
    again = await books.transfer(books.wallet(0), books.wallet(1), 4 * RAND, key="k")
    assert (again.journal_id, again.is_repeat) == (booked.journal_id, True)
    assert await books.balances() == [6 * RAND, 14 * RAND, 10 * RAND, 10 * RAND]
    assert await books.breaks() == []


@pytest.mark.parametrize("change", ["amount", "from", "to", "memo"])
async def test_a_key_with_another_body_is_refused_and_changes_no_byte(
    database: Database, admin: psycopg.Connection, change: str
) -> None:
    books = await small_ledger(database, money=10)
    sides, order = [books.wallet(0), books.wallet(1)], Order(RAND, "a gift", "k", "staff:ann")

    async def transfer() -> None:
        async with books.unit_of_work() as session:
            await ledger.transfer(
                session, estate_id=books.estate_id, from_id=sides[0], to_id=sides[1], order=order, now=NOW
            )

    await transfer()
    if change == "amount":
        order = replace(order, amount_micro=2 * RAND)
    elif change == "memo":
        order = replace(order, memo="a loan")
    else:
        sides[["from", "to"].index(change)] = books.wallet(2)
    before = picture(admin, estate_id=books.estate_id)
    with pytest.raises(KeyReused) as refused:
        await transfer()
    assert (refused.value.code, refused.value.status) == ("idempotency_key_reused", 409)
    assert picture(admin, estate_id=books.estate_id) == before


async def test_one_key_serves_one_kind_of_order(database: Database) -> None:
    books = await small_ledger(database, money=10)
    await books.transfer(books.wallet(0), books.wallet(1), RAND, key="k")
    async with books.unit_of_work() as session:
        out = await ledger.pay_out(
            session,
            estate_id=books.estate_id,
            account_id=books.wallet(0),
            order=Order(RAND, "a refund", "k", "staff:ann"),
            now=NOW,
        )
    assert not out.is_repeat
    assert await books.balances([WALLETS[0], "clearing:transfers"]) == [8 * RAND, RAND]


async def test_the_floor_binds_to_the_micro(database: Database, admin: psycopg.Connection) -> None:
    books = await small_ledger(database, money=10)
    before = picture(admin, estate_id=books.estate_id)
    with pytest.raises(NotEnough) as refused:
        await books.transfer(books.wallet(0), books.wallet(1), 10 * RAND + 1, key="k")
    assert (refused.value.code, refused.value.status) == ("not_enough", 409)
    assert picture(admin, estate_id=books.estate_id) == before
    # the key was not used up: the same key may carry what there is money for
    await books.transfer(books.wallet(0), books.wallet(1), 10 * RAND, key="k")
    assert (await books.balances())[:2] == [0, 20 * RAND]


@pytest.mark.parametrize(
    ("kind", "line", "is_bound"),
    [
        (JournalKind.TRANSFER, EntryKind.TRANSFER, True),
        (JournalKind.PAY_OUT, EntryKind.PAY_OUT, True),
        (JournalKind.DISTRIBUTION, EntryKind.DISTRIBUTION, True),
        (JournalKind.COVER, EntryKind.COVER, True),
        (JournalKind.ADJUSTMENT, EntryKind.ADJUSTMENT, False),
        (JournalKind.REVERSAL, EntryKind.REVERSAL, False),
        (JournalKind.DEBT, EntryKind.DEBT, False),
    ],
)
async def test_a_floor_binds_what_is_authorised_and_nothing_else(
    database: Database, kind: JournalKind, line: EntryKind, *, is_bound: bool
) -> None:
    books = await small_ledger(database)
    lines = [Line(books.wallet(0), -1, line), Line(books.ids["bank"], 1, line)]
    movement = Movement(kind, lines, "staff:ann", "")
    if is_bound:
        with pytest.raises(NotEnough):
            await books.book(movement)
    else:
        assert (await books.book(movement)).balances_micro[books.wallet(0)] == -1


async def test_money_may_come_to_who_is_below_the_floor(database: Database) -> None:
    books = await small_ledger(database, money=10)
    await books.reverse(books.wallet(1), 1)
    debt = Movement(
        JournalKind.ADJUSTMENT,
        [
            Line(books.wallet(1), -5 * RAND, EntryKind.ADJUSTMENT),
            Line(books.ids["adjustments"], 5 * RAND, EntryKind.ADJUSTMENT),
        ],
        "staff:ann",
        "a fine",
    )
    await books.book(debt)
    await books.transfer(books.wallet(0), books.wallet(1), RAND)
    assert (await books.balances())[:2] == [9 * RAND, -4 * RAND]


async def test_a_journal_of_many_lines_is_one_chain_per_account(database: Database) -> None:
    books = await small_ledger(database, money=10)
    first, second, bank = books.wallet(0), books.wallet(1), books.ids["bank"]
    lines = [
        Line(each, amount, EntryKind.TRANSFER)
        for each, amount in [(second, -3), (first, 1), (bank, 4), (second, 2), (first, -6), (bank, 2)]
    ]
    booked = await books.book(Movement(JournalKind.TRANSFER, lines, "staff:ann", ""))
    assert booked.balances_micro == {first: 10 * RAND - 5, second: 10 * RAND - 1, bank: 6}
    assert booked.seqs == {first: 3, second: 3, bank: 2}
    assert await books.breaks() == []


async def test_lines_that_do_not_sum_to_zero_are_refused(database: Database) -> None:
    books = await small_ledger(database)
    movement = books.movement(books.wallet(0), 5)
    lopsided = replace(movement, lines=[movement.lines[0], replace(movement.lines[1], amount_micro=4)])
    with pytest.raises(Unbalanced):
        await books.book(lopsided)


async def test_accounts_of_two_currencies_do_not_meet(database: Database, admin: psycopg.Connection) -> None:
    books = await small_ledger(database, money=10)
    await books.open(["wallet:euro:general"], currency="EUR")
    before = picture(admin, estate_id=books.estate_id)
    with pytest.raises(Invalid):
        await books.transfer(books.wallet(0), books.ids["wallet:euro:general"], RAND)
    assert picture(admin, estate_id=books.estate_id) == before


async def test_an_account_of_another_estate_does_not_exist(
    database: Database, admin: psycopg.Connection
) -> None:
    books, others = await small_ledger(database, money=10), await small_ledger(database, money=10)
    before = [picture(admin, estate_id=each.estate_id) for each in (books, others)]
    for from_id, to_id in [
        (books.wallet(0), others.wallet(0)),
        (others.wallet(0), books.wallet(0)),
        (books.wallet(0), 10**12),
    ]:
        with pytest.raises(NotFound):
            await books.transfer(from_id, to_id, RAND)
        # not even on a connection that sees both
        with pytest.raises(NotFound):
            async with database.unit_of_work(estates=[books.estate_id, others.estate_id]) as session:
                await ledger.transfer(
                    session,
                    estate_id=books.estate_id,
                    from_id=from_id,
                    to_id=to_id,
                    order=Order(RAND, "a theft", "k", "staff:ann"),
                    now=NOW,
                )
    assert [picture(admin, estate_id=each.estate_id) for each in (books, others)] == before


async def test_an_amount_that_no_account_can_hold_is_refused(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=10)
    await books.top_up(0, 2**63 - 1 - 60 * RAND)
    before = picture(admin, estate_id=books.estate_id)
    for amount in (70 * RAND, 2**63 - 1, 2**63, 2**80):
        with pytest.raises(Refusal):
            await books.top_up(0, amount)
    assert picture(admin, estate_id=books.estate_id) == before


async def test_a_clock_that_goes_back_takes_no_chain_back(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=10)
    await books.transfer(books.wallet(0), books.wallet(1), RAND, now=NOW + timedelta(days=20))
    await books.transfer(books.wallet(1), books.wallet(2), RAND, now=NOW)
    await books.transfer(books.wallet(3), books.ids["bank"], RAND, now=NOW)
    found = admin.execute(
        "SELECT j.booked_at, j.period::text FROM journal AS j WHERE j.kind = 4 ORDER BY j.journal_id"
    ).fetchall()
    later = NOW + timedelta(days=20)
    assert found == [(later, "2026-04-01"), (later, "2026-04-01"), (NOW, "2026-03-01")]
    assert await books.breaks() == []


async def test_the_month_turns_in_the_estates_zone(database: Database, admin: psycopg.Connection) -> None:
    books = await small_ledger(database, money=10)
    for hour, minute in ((21, 59), (22, 0)):
        await books.transfer(
            books.wallet(hour - 21),
            books.wallet(hour - 19),
            RAND,
            now=datetime(2026, 3, 31, hour, minute, tzinfo=UTC),
        )
    found = admin.execute("SELECT period::text FROM journal WHERE kind = 4 ORDER BY journal_id").fetchall()
    assert found == [("2026-03-01",), ("2026-04-01",)]


async def test_one_key_from_ten_sides_at_once_moves_money_once(database: Database) -> None:
    books = await small_ledger(database, money=10)
    booked = await asyncio.gather(
        *(books.transfer(books.wallet(0), books.wallet(1), RAND, key="k") for _ in range(10))
    )
    assert len({each.journal_id for each in booked}) == 1
    assert sorted(each.is_repeat for each in booked) == [False] + [True] * 9
    assert (await books.balances())[:2] == [9 * RAND, 11 * RAND]
    assert await books.breaks() == []


async def test_one_key_with_other_bodies_at_once_is_one_winner(database: Database) -> None:
    books = await small_ledger(database, money=10)
    found = await asyncio.gather(
        *(books.transfer(books.wallet(0), books.wallet(1), n * RAND, key="k") for n in range(1, 9)),
        return_exceptions=True,
    )
    won = [n for n, each in enumerate(found, start=1) if not isinstance(each, BaseException)]
    assert len(won) == 1
    assert [type(each) for each in found if isinstance(each, BaseException)] == [KeyReused] * 7
    assert (await books.balances())[0] == (10 - won[0]) * RAND


async def test_orders_that_all_want_the_last_money_get_it_once(database: Database) -> None:
    books = await small_ledger(database, money=10)
    found = await asyncio.gather(
        *(books.transfer(books.wallet(0), books.wallet(1 + n % 3), 3 * RAND) for n in range(9)),
        return_exceptions=True,
    )
    refused = [each for each in found if isinstance(each, BaseException)]
    assert [type(each) for each in refused] == [NotEnough] * 6
    assert (await books.balances())[0] == RAND
    assert await books.breaks() == []


async def test_clearing_that_reached_the_bank_stands_at_zero(database: Database) -> None:
    books = await small_ledger(database, money=10)

    async def bank(method: str, amount_micro: int, *, is_incoming: bool) -> None:
        async with books.unit_of_work() as session:
            await ledger.bank_clearing(
                session,
                estate_id=books.estate_id,
                method=method,
                order=Order(amount_micro, "deposit slip 7", f"{method}-7", "staff:ann"),
                is_incoming=is_incoming,
                now=NOW,
            )

    assert await books.balances(["clearing:cash"]) == [-40 * RAND]
    await bank("cash", 40 * RAND, is_incoming=True)
    async with books.unit_of_work() as session:
        await ledger.pay_out(
            session,
            estate_id=books.estate_id,
            account_id=books.wallet(0),
            order=Order(4 * RAND, "moved out", "k", "staff:ann"),
            now=NOW,
        )
    await bank("transfers", 4 * RAND, is_incoming=False)
    found = await books.balances(["clearing:cash", "clearing:transfers", "bank"])
    assert found == [0, 0, -36 * RAND]
    assert await books.breaks() == []


async def test_accounts_that_two_open_at_once_in_other_orders_are_the_same(database: Database) -> None:
    books: SmallLedger = await small_ledger(database)
    codes = [f"payable:{number:02}" for number in range(40)]

    async def opened(order: list[str]) -> dict[str, int]:
        async with books.unit_of_work() as session:
            return await ledger.open_accounts(session, estate_id=books.estate_id, codes=order, currency="ZAR")

    found = await asyncio.gather(*(opened(order) for order in (codes, codes[::-1]) * 4))
    assert all(each == found[0] for each in found)
    async with books.unit_of_work() as session:
        known = await queries.account_codes(session, estate_id=books.estate_id, codes=codes)
    assert {code: account.account_id for code, account in known.items()} == found[0]
