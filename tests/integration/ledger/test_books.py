"""The books as a whole: trial balances add up, journals are found with their lines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from mita.kit.errors import NotFound
from mita.ledger import queries
from mita.ledger.domain import JournalKind
from mita.ledger.operations import close_month, lock_month
from tests.integration.world import at, new_world

from .long_chain import lengthen

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database
    from tests.integration.world import World

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
MARCH_20 = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
APRIL_10 = datetime(2026, 4, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
async def world(database: Database) -> World:
    """March: 10.00 topped up, two units charged. April: 5.00 topped up, one unit charged."""
    world = await new_world(database)
    await world.top_up("10.00", key="a", now=MARCH_20)
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "1"), ("M1", at(2), "2")], now=MARCH_20)
    await world.top_up("5.00", key="b", now=APRIL_10)
    await world.charge([("M1", at(3), "3")], now=APRIL_10)
    return world


# code: opening, debit, credit, closing; a unit costs 2.00 and 15 % tax
OF_MARCH = {
    "wallet:1:electricity": (0, 4_600_000, 10_000_000, 5_400_000),
    "clearing:cash": (0, 10_000_000, 0, -10_000_000),
    "income:electricity": (0, 0, 4_000_000, 4_000_000),
    "tax": (0, 0, 600_000, 600_000),
}
OF_APRIL = {
    "wallet:1:electricity": (5_400_000, 2_300_000, 5_000_000, 8_100_000),
    "clearing:cash": (-10_000_000, 5_000_000, 0, -15_000_000),
    "income:electricity": (4_000_000, 0, 2_000_000, 6_000_000),
    "tax": (600_000, 0, 300_000, 900_000),
}


async def trial_balance(world: World, period: date) -> dict[str, tuple[int, int, int, int]]:
    async with world.unit_of_work() as session:
        lines = await queries.trial_balance(session, estate_id=world.estate_id, period=period)
    assert sum(line.debit_micro for line in lines) == sum(line.credit_micro for line in lines)
    assert sum(line.opening_micro for line in lines) == 0
    assert sum(line.closing_micro for line in lines) == 0
    return {
        line.code: (line.opening_micro, line.debit_micro, line.credit_micro, line.closing_micro)
        for line in lines
        if (line.opening_micro, line.debit_micro, line.credit_micro) != (0, 0, 0)
    }


async def test_a_month_opens_where_the_one_before_closed(world: World) -> None:
    assert await trial_balance(world, date(2026, 2, 1)) == {}
    assert await trial_balance(world, MARCH) == OF_MARCH
    assert await trial_balance(world, APRIL) == OF_APRIL
    closing = {code: (row[3], 0, 0, row[3]) for code, row in OF_APRIL.items()}
    assert await trial_balance(world, MAY) == closing


async def test_a_locked_month_opens_as_the_close_wrote_it_down(
    world: World, admin: psycopg.Connection
) -> None:
    async with world.unit_of_work() as session:
        await close_month(session, estate_id=world.estate_id, period=MARCH, actor="staff:test", now=APRIL_10)
    async with world.unit_of_work() as session:
        await lock_month(session, estate_id=world.estate_id, period=MARCH, now=APRIL_10)
    written = admin.execute(
        "SELECT code, opening_micro FROM account_opening JOIN account USING (estate_id, account_id)"
        " WHERE period = '2026-04-01' AND opening_micro <> 0"
    ).fetchall()
    assert dict(written) == {code: row[0] for code, row in OF_APRIL.items()}
    assert await trial_balance(world, MARCH) == OF_MARCH
    assert await trial_balance(world, APRIL) == OF_APRIL


async def test_as_of_now_every_balance_is_on_its_side(world: World) -> None:
    async with world.unit_of_work() as session:
        lines = await queries.trial_balance_now(session, estate_id=world.estate_id)
    sides = {line.code: (line.debit_micro, line.credit_micro) for line in lines if line.closing_micro}
    assert sides == {
        "wallet:1:electricity": (0, 8_100_000),
        "clearing:cash": (15_000_000, 0),
        "income:electricity": (0, 6_000_000),
        "tax": (0, 900_000),
    }


async def test_journals_newest_first_by_kind_and_month(world: World) -> None:
    async def kinds(**wanted: object) -> list[str]:
        async with world.unit_of_work() as session:
            found = await queries.journals(session, estate_id=world.estate_id, **wanted)
        return [f"{JournalKind(each.kind).shown} {each.booked_at:%m-%d}" for each in found]

    # two of the same instant stand by id, the newer one first
    everything = ["charge 04-10", "top_up 04-10", "charge 03-20", "top_up 03-20"]
    assert await kinds() == everything
    assert await kinds(kind=JournalKind.TOP_UP) == ["top_up 04-10", "top_up 03-20"]
    assert await kinds(kind=JournalKind.REVERSAL) == []
    assert await kinds(period=MARCH) == ["charge 03-20", "top_up 03-20"]
    assert await kinds(kind=JournalKind.CHARGE, period=APRIL) == ["charge 04-10"]
    seen: list[str] = []
    before = None
    for _ in range(4):
        async with world.unit_of_work() as session:
            (one,) = await queries.journals(session, estate_id=world.estate_id, before=before, limit=1)
        before = (one.booked_at, one.journal_id)
        seen.append(f"{JournalKind(one.kind).shown} {one.booked_at:%m-%d}")
    assert seen == everything


async def test_a_journal_with_its_lines(world: World) -> None:
    async with world.unit_of_work() as session:
        (_, _, charge, _) = await queries.journals(session, estate_id=world.estate_id)
        lines = await queries.journal_entries(session, of=charge)
        first = await queries.journal_entries(session, of=charge, limit=1)
        rest = await queries.journal_entries(session, of=charge, after_line=0)
        with pytest.raises(NotFound):
            await queries.journal(session, estate_id=world.estate_id, journal_id=UUID(int=1))
    amounts = {(each.line, each.code, each.amount_micro) for each in lines}
    assert amounts == {
        (0, "wallet:1:electricity", -2_300_000),
        (1, "wallet:1:electricity", -2_300_000),
        (2, "income:electricity", 4_000_000),
        (3, "tax", 600_000),
    }
    assert [each.line for each in lines] == [0, 1, 2, 3]
    assert [each.line for each in first] == [0]
    assert [each.line for each in rest] == [1, 2, 3]


async def test_a_journal_reads_its_own_month_only(world: World, admin: psycopg.Connection) -> None:
    await lengthen(
        world, journals=3, lines=1_000, start=MARCH_20 + timedelta(days=60), step=timedelta(days=1)
    )
    await world.database.close()
    count = (
        "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_user_tables WHERE relname = %s"
    )
    before = admin.execute(count, ("entry_2026_05",)).fetchone()
    async with world.unit_of_work() as session:
        (*_, oldest) = await queries.journals(session, estate_id=world.estate_id)
        assert len(await queries.journal_entries(session, of=oldest)) == 2
    await world.database.close()
    assert admin.execute(count, ("entry_2026_05",)).fetchone() == before
