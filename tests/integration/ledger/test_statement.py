"""Statements: borders to the microsecond, pages that add up, a cost that does not grow with the chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mita.kit.errors import NotFound
from mita.ledger import queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement, book, open_accounts
from tests.integration.world import NOW, new_world

from .long_chain import lengthen

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database
    from mita.ledger.queries import Statement
    from tests.integration.world import World

MICROSECOND = timedelta(microseconds=1)
ALWAYS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)


async def adjust(world: World, amount_micro: int, *, at: datetime) -> int:
    """Book one adjustment to the first wallet's account; return its id."""
    codes = ["wallet:1:electricity", "adjustments"]
    async with world.unit_of_work() as session:
        ids = await open_accounts(session, estate_id=world.estate_id, codes=codes, currency="ZAR")
        lines = [
            Line(ids[codes[0]], amount_micro, EntryKind.ADJUSTMENT),
            Line(ids[codes[1]], -amount_micro, EntryKind.ADJUSTMENT),
        ]
        movement = Movement(JournalKind.ADJUSTMENT, lines, actor="staff:test", memo=f"number {amount_micro}")
        await book(session, estate_id=world.estate_id, movement=movement, now=at)
    return ids[codes[0]]


async def statement(
    world: World, account_id: int, since: datetime, until: datetime, *, after_seq: int = 0, limit: int = 100
) -> Statement:
    async with world.unit_of_work() as session:
        return await queries.statement(
            session,
            estate_id=world.estate_id,
            account_id=account_id,
            since=since,
            until=until,
            after_seq=after_seq,
            limit=limit,
        )


def told(found: Statement) -> tuple[int, list[tuple[int, int]], int]:
    """Return opening balance, (amount, balance after) of every entry, closing balance."""
    entries = [(each.amount_micro, each.balance_after_micro) for each in found.entries]
    return found.opening_micro, entries, found.closing_micro


@pytest.fixture
async def world(database: Database) -> World:
    return await new_world(database, rates=None)


MAY_31 = datetime(2026, 5, 31, 21, 30, tzinfo=UTC)  # half past eleven at night, local
JUNE_1 = datetime(2026, 5, 31, 22, 0, tzinfo=UTC)  # June begins
JULY_9 = datetime(2026, 7, 9, 9, 0, tzinfo=UTC)


async def test_a_span_has_what_was_booked_in_it_to_the_microsecond(world: World) -> None:
    for amount, at in ((100, MAY_31), (20, JUNE_1), (-3, JUNE_1), (-50, JULY_9)):
        account_id = await adjust(world, amount, at=at)
    all_of_it = [(100, 100), (20, 120), (-3, 117), (-50, 67)]
    assert told(await statement(world, account_id, *ALWAYS)) == (0, all_of_it, 67)
    # half-open: the beginning belongs to it, the end does not
    assert told(await statement(world, account_id, JUNE_1, JULY_9)) == (100, [(20, 120), (-3, 117)], 117)
    assert told(await statement(world, account_id, MAY_31, JUNE_1)) == (0, [(100, 100)], 100)
    assert told(await statement(world, account_id, JUNE_1, JULY_9 + MICROSECOND)) == (100, all_of_it[1:], 67)
    assert told(await statement(world, account_id, JUNE_1 + MICROSECOND, JULY_9)) == (117, [], 117)
    # nothing before, nothing after, nothing between
    assert told(await statement(world, account_id, ALWAYS[0], MAY_31)) == (0, [], 0)
    assert told(await statement(world, account_id, JULY_9 + MICROSECOND, ALWAYS[1])) == (67, [], 67)
    assert told(await statement(world, account_id, JUNE_1, JUNE_1)) == (100, [], 100)
    (found,) = (await statement(world, account_id, MAY_31, JUNE_1)).entries
    assert (found.memo, found.actor, found.booked_at) == ("number 100", "staff:test", MAY_31)
    assert found.journal_kind == JournalKind.ADJUSTMENT


async def test_an_account_without_entries_and_one_that_is_not_there(world: World) -> None:
    async with world.unit_of_work() as session:
        ids = await open_accounts(session, estate_id=world.estate_id, codes=["bank"], currency="ZAR")
    found = await statement(world, ids["bank"], *ALWAYS)
    assert told(found) == (0, [], 0)
    assert (found.first_seq, found.last_seq, found.is_archived) == (1, 0, False)
    with pytest.raises(NotFound):
        await statement(world, 10**6, *ALWAYS)


async def test_pages_are_the_whole_span_once_and_in_order(world: World) -> None:
    account_id, _ = await lengthen(world, journals=30, lines=10, start=NOW, step=timedelta(days=1))
    since, until = NOW + timedelta(days=3), NOW + timedelta(days=24)
    whole = await statement(world, account_id, since, until, limit=1_000)
    assert [each.seq for each in whole.entries] == list(range(31, 241))
    assert (whole.opening_micro, whole.closing_micro) == (-30_000, -240_000)
    seen, after = [], 0
    while after < whole.last_seq:
        page = await statement(world, account_id, since, until, after_seq=after, limit=37)
        assert (page.opening_micro, page.closing_micro) == (whole.opening_micro, whole.closing_micro)
        seen += [each.seq for each in page.entries]
        after = seen[-1]
    assert seen == list(range(31, 241))


READS = """
    SELECT coalesce(sum(idx_tup_read), 0)::bigint, coalesce(sum(seq_tup_read), 0)::bigint
    FROM pg_stat_user_tables AS t LEFT JOIN (
        SELECT relid, sum(idx_tup_read) AS idx_tup_read FROM pg_stat_user_indexes GROUP BY relid
    ) AS i USING (relid)
    WHERE relname LIKE 'entry%' OR relname = 'journal'
"""


def reads(admin: psycopg.Connection) -> tuple[int, int]:
    """Return how many rows of entries and journals were read by index and by looking through tables."""
    row = admin.execute(READS).fetchone()
    assert row is not None
    return row


async def test_the_cost_does_not_grow_with_the_chain(world: World, admin: psycopg.Connection) -> None:
    """Twenty probes for a border and the page itself, on months that were never analysed."""
    account_id, _ = await lengthen(world, journals=90, lines=200, start=NOW, step=timedelta(days=1))
    since, until = NOW + timedelta(days=40), NOW + timedelta(days=60)
    # a backend tells what it has read when it is idle or leaves: those before must not tell it later
    await world.database.close()
    before = reads(admin)
    async with world.unit_of_work() as session:
        found = await queries.statement(
            session, estate_id=world.estate_id, account_id=account_id, since=since, until=until, limit=100
        )
    assert (found.first_seq, found.last_seq) == (8_001, 12_000)
    await world.database.close()
    after = reads(admin)
    # of 18,000 entries: 2 x 15 probes and 100 entries, each with its journal, and some rows at partition ends
    assert after[0] - before[0] < 500
    assert after[1] - before[1] == 0
