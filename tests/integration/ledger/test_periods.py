"""Months close while people book and meters talk; closed is closed."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mita.kit.errors import Invalid, NotFound
from mita.ledger import operations as ledger
from mita.ledger import queries
from mita.ledger.operations import MonthClosed, MonthNotOver, StaleHeads
from tests.integration.world import at, new_world

from .small import NOW, RAND, WALLETS, SmallLedger, small_ledger
from .tables import picture
from .writing import Charge, charge

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from mita.kit.db import Database

FEBRUARY, MARCH, APRIL, MAY = (date(2026, month, 1) for month in (2, 3, 4, 5))
# in Johannesburg April begins at 22:00
LAST_OF_MARCH = datetime(2026, 3, 31, 21, 59, tzinfo=UTC)
IN_APRIL = datetime(2026, 3, 31, 22, 1, tzinfo=UTC)


async def close(books: SmallLedger, month: date, *, now: datetime = IN_APRIL) -> None:
    async with books.unit_of_work() as session:
        await ledger.close_month(session, estate_id=books.estate_id, period=month, actor="staff:ann", now=now)


async def lock(books: SmallLedger, month: date, *, now: datetime = IN_APRIL) -> None:
    async with books.unit_of_work() as session:
        await ledger.lock_month(session, estate_id=books.estate_id, period=month, now=now)


async def test_a_month_goes_from_open_to_closing_to_locked(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=10)
    await books.transfer(books.wallet(0), books.wallet(1), RAND, now=LAST_OF_MARCH)
    with pytest.raises(MonthNotOver):
        await close(books, MARCH, now=LAST_OF_MARCH)
    with pytest.raises(Invalid):
        await close(books, MARCH + timedelta(days=1))
    with pytest.raises(NotFound):
        await lock(books, MARCH)
    await close(books, MARCH)
    row = "SELECT state, closed_by, locked_at IS NULL, entries, turnover_micro FROM period"
    assert admin.execute(row).fetchall() == [(1, "staff:ann", True, None, None)]
    await books.transfer(books.wallet(0), books.wallet(1), RAND, now=LAST_OF_MARCH)
    await lock(books, MARCH)
    # four top-ups and one transfer, two entries each
    assert admin.execute(row).fetchall() == [(2, "staff:ann", False, 10, 41 * RAND)]
    openings = admin.execute("SELECT account_id, period, opening_micro, seq FROM account_opening").fetchall()
    assert {row[0]: row[1:] for row in openings} == {
        books.ids[code]: (APRIL, balance, seq)
        for code, balance, seq in [
            (WALLETS[0], 9 * RAND, 2),
            (WALLETS[1], 11 * RAND, 2),
            (WALLETS[2], 10 * RAND, 1),
            (WALLETS[3], 10 * RAND, 1),
            ("clearing:cash", -40 * RAND, 4),
            *((code, 0, 0) for code in ("clearing:transfers", "bank", "adjustments")),
            *((code, 0, 0) for code in ("income:electricity", "tax")),
        ]
    }
    before = picture(admin, estate_id=books.estate_id)
    await lock(books, MARCH, now=IN_APRIL + timedelta(days=1))
    for month in (FEBRUARY, MARCH):
        with pytest.raises(MonthClosed):
            await close(books, month)
    assert picture(admin, estate_id=books.estate_id) == before
    assert await books.breaks() == []


async def test_what_is_late_is_booked_forward_with_its_own_time(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=10)
    await close(books, MARCH)
    await lock(books, MARCH)
    # a writer whose clock still shows March, a reversal, a batch of charges
    await books.transfer(books.wallet(0), books.wallet(1), RAND, now=LAST_OF_MARCH)
    await books.reverse(books.wallet(2), 1, now=LAST_OF_MARCH)
    async with books.unit_of_work() as session:
        await charge(
            session,
            estate_id=books.estate_id,
            charges=[Charge(books.wallet(3), RAND, NOW - timedelta(days=40))],
            income=books.ids["income:electricity"],
            tax=None,
            now=LAST_OF_MARCH,
        )
    found = admin.execute(
        "SELECT e.account_id, e.event_at, e.period, j.period FROM entry AS e JOIN journal AS j"
        " USING (estate_id, journal_id) WHERE j.kind <> 2 AND e.line = 0 ORDER BY e.account_id"
    ).fetchall()
    assert found == [
        (books.wallet(0), LAST_OF_MARCH, APRIL, APRIL),
        (books.wallet(2), NOW, APRIL, APRIL),
        (books.wallet(3), NOW - timedelta(days=40), APRIL, APRIL),
    ]
    assert await books.breaks() == []


async def test_a_lane_that_still_believes_in_march_books_its_late_reading_forward(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database)
    books = SmallLedger(database, world.estate_id)
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "1")], now=LAST_OF_MARCH)
    await close(books, MARCH)
    await lock(books, MARCH)
    await world.charge([("M1", at(2), "3")], now=LAST_OF_MARCH)
    found = admin.execute(
        "SELECT event_at, period, amount_micro FROM entry WHERE kind = 1 ORDER BY event_at"
    ).fetchall()
    assert found == [(at(1), MARCH, -2_300_000), (at(2), APRIL, -4_600_000)]
    assert await world.verified()


async def test_what_was_prepared_for_a_month_that_closed_meanwhile_is_repeated(database: Database) -> None:
    books = await small_ledger(database, money=10)
    one = Charge(books.wallet(0), RAND, NOW)

    async def charged() -> None:
        async with books.unit_of_work() as session:
            await charge(
                session,
                estate_id=books.estate_id,
                charges=[one],
                income=books.ids["income:electricity"],
                tax=None,
                now=LAST_OF_MARCH,
                pause=lambda: close(books, MARCH),
            )

    with pytest.raises(ledger.PeriodLocked):
        await charged()
    assert await books.balances([WALLETS[0], "income:electricity"]) == [10 * RAND, 0]


@pytest.mark.slow
async def test_a_month_closes_while_people_book_and_meters_talk(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=1_000)
    is_april, is_over = asyncio.Event(), asyncio.Event()
    done = [0] * 5

    def clock() -> datetime:
        return IN_APRIL if is_april.is_set() else LAST_OF_MARCH

    async def book(place: int, tells: Callable[[], datetime]) -> None:
        while not is_over.is_set():
            with suppress(StaleHeads):
                await books.transfer(
                    books.wallet(place), books.wallet((place + 1 + done[place] % 3) % 4), 1, now=tells()
                )
                done[place] += 1

    async def charge_all() -> None:
        attempts = 0
        while not is_over.is_set():
            attempts += 1
            with suppress(StaleHeads):
                async with books.unit_of_work() as session:
                    await charge(
                        session,
                        estate_id=books.estate_id,
                        charges=[Charge(books.wallet(place), 8, NOW) for place in range(4)],
                        income=books.ids["income:electricity"],
                        tax=books.ids["tax"],
                        now=clock(),
                        # as the real lane does when others were faster twice
                        lock=attempts > 2,
                    )
                attempts = 0
                done[4] += 1

    # the last one's clock never leaves March
    clocks = [clock, clock, clock, lambda: LAST_OF_MARCH]
    writers = [asyncio.create_task(book(place, tells)) for place, tells in enumerate(clocks)]
    writers.append(asyncio.create_task(charge_all()))
    await until_all_went_on(done, writers)
    is_april.set()
    began = time.perf_counter()
    await close(books, MARCH)
    waited = time.perf_counter() - began
    at_close = await totals(books, MARCH)
    await until_all_went_on(done, writers)
    began = time.perf_counter()
    await lock(books, MARCH)
    locking = time.perf_counter() - began
    await until_all_went_on(done, writers)
    is_over.set()
    await asyncio.gather(*writers)
    print(f"\nthe close waited {waited * 1_000:.0f} ms, the lock took {locking * 1_000:.0f} ms, {done}")
    row = admin.execute("SELECT entries, turnover_micro FROM period").fetchone()
    assert row == at_close == await totals(books, MARCH)
    assert (await totals(books, APRIL))[0] > 0
    assert at_close[0] > 8
    openings = "SELECT sum(opening_micro), sum(seq)::bigint FROM account_opening"
    assert admin.execute(openings).fetchone() == (0, row[0])
    assert await books.breaks() == []


@pytest.mark.parametrize("holder", ["staff", "lane"])
async def test_a_close_does_not_stand_between_two_writers(
    database: Database, database_name: str, admin: psycopg.Connection, holder: str
) -> None:
    # so that nobody is helped out of a ring by the database, which looks for them after a second
    admin.execute(f"ALTER DATABASE {database_name} SET deadlock_timeout = '1h'")
    await database.engine.dispose()
    books = await small_ledger(database, money=10)
    is_held = asyncio.Event()

    async def hold_then_book() -> None:
        async with books.unit_of_work() as session:
            held = {"estate_id": books.estate_id, "account_ids": [books.wallet(0)]}
            if holder == "staff":
                await queries.lock_accounts(session, **held)
            else:
                await queries.heads(session, **held, lock=True)
            is_held.set()
            await waiting(admin, 2)
            movement = books.movement(books.wallet(0), 5)
            await ledger.book(session, estate_id=books.estate_id, movement=movement, now=LAST_OF_MARCH)

    async def want_the_same() -> None:
        await is_held.wait()
        await books.top_up(0, 7, now=LAST_OF_MARCH)

    async def close_behind() -> None:
        await is_held.wait()
        await waiting(admin, 1)
        await close(books, MARCH)

    async with asyncio.timeout(30):
        await asyncio.gather(hold_then_book(), want_the_same(), close_behind())
    assert (await books.balances())[0] == 10 * RAND + 12


async def waiting(admin: psycopg.Connection, writers: int) -> None:
    """Wait until so many stand in line for a lock."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while admin.execute(statement).fetchone()[0] < writers:  # noqa: ASYNC110 - a lock has no event
        await asyncio.sleep(0.02)


async def until_all_went_on(done: list[int], writers: list[asyncio.Task[None]], more: int = 5) -> None:
    """Wait until every writer has made progress; nobody may starve."""
    start, deadline = list(done), time.monotonic() + 60
    while not all(now >= before + more for before, now in zip(start, done, strict=True)):
        for writer in writers:
            assert not writer.done(), writer.exception()
        assert time.monotonic() < deadline, (start, done)
        await asyncio.sleep(0.01)


async def totals(books: SmallLedger, month: date) -> tuple[int, int]:
    """Count a month's entries and what came onto accounts in it."""
    async with books.unit_of_work() as session:
        ids = sorted(books.ids.values())
        rows = [
            row[0]
            for account_id in ids
            for row in await queries.entries(
                session, estate_id=books.estate_id, account_id=account_id, limit=10**6
            )
        ]
    of_month = [row.amount_micro for row in rows if row.period == month]
    return len(of_month), sum(amount for amount in of_month if amount > 0)


async def test_two_who_close_a_month_at_once_close_it_once(
    database: Database, admin: psycopg.Connection
) -> None:
    books = await small_ledger(database, money=10)
    found = await asyncio.gather(*(close(books, MARCH) for _ in range(5)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["MonthClosed"] * 4 + ["NoneType"]
    await asyncio.gather(*(lock(books, MARCH) for _ in range(5)))
    assert admin.execute("SELECT state, entries FROM period").fetchall() == [(2, 8)]
