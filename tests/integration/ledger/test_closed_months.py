"""A closed month takes nothing: not from the application, not from its owner, and not unseen."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.jobs import seal_month
from tests.integration.ledger.notary import TestNotary
from tests.integration.world import World, new_world

if TYPE_CHECKING:
    from pathlib import Path

    from mita.kit.db import Database

FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)
IN_FEBRUARY = datetime(2026, 2, 10, 12, tzinfo=UTC)
IN_MARCH = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def closed(database: Database) -> World:
    """An estate with a top-up in February, which is locked, and one in March."""
    world = await new_world(database)
    await world.top_up("10.00", key="february", now=IN_FEBRUARY)
    async with world.unit_of_work() as session:
        await ledger.close_month(
            session, estate_id=world.estate_id, period=FEBRUARY, actor="staff:test", now=IN_MARCH
        )
    async with world.unit_of_work() as session:
        await ledger.lock_month(session, estate_id=world.estate_id, period=FEBRUARY, now=IN_MARCH)
    await world.top_up("20.00", key="march", now=IN_MARCH)
    return world


async def test_what_happens_at_the_old_time_is_booked_in_the_open_month(closed: World) -> None:
    # a clock that still says February
    await closed.top_up("5.00", key="late", now=IN_FEBRUARY)
    async with closed.unit_of_work() as session:
        (account,) = [
            row
            for row in await ledger_queries.chart(session, estate_id=closed.estate_id, limit=50)
            if row.code.endswith(":electricity") and row.code.startswith("wallet:")
        ]
        last = await ledger_queries.entry(
            session, estate_id=closed.estate_id, account_id=account.account_id, seq=3
        )
    assert last.period == MARCH
    assert await closed.verified()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE period SET state = 1, locked_at = NULL, entries = NULL, turnover_micro = NULL",
        "UPDATE period SET period = '2026-01-01'",
        "DELETE FROM period",
        "TRUNCATE period",
        "UPDATE account_opening SET opening_micro = 0",
        "DELETE FROM account_opening",
        (
            "INSERT INTO period (estate_id, period, state, closed_by, closing_at)"
            " SELECT estate_id, '2026-01-01', 1, 'x', now() FROM estate"
        ),
    ],
)
def test_not_even_the_owner_opens_a_month(closed: World, admin: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        admin.execute(statement)


def test_an_entry_of_a_closed_month_is_refused(closed: World, admin: psycopg.Connection) -> None:
    with pytest.raises(psycopg.Error) as caught:
        _smuggle(admin)
    assert caught.value.sqlstate == "MT003"


def _smuggle(admin: psycopg.Connection) -> None:
    """Add a journal of two to February, chained as the others are, as somebody with the password would."""
    admin.execute(
        """
        WITH journal_row AS (
            INSERT INTO journal (estate_id, journal_id, kind, currency, actor, memo, idempotency_key,
                booked_at, period, digest)
            SELECT estate_id, gen_random_uuid(), kind, currency, actor, 'smuggled', '', booked_at, period,
                ledger_journal_digest(kind, actor, currency::text, 'smuggled', booked_at, '')
            FROM journal WHERE period = '2026-02-01'
            RETURNING *
        )
        INSERT INTO entry (estate_id, account_id, seq, amount_micro, balance_after_micro, quantity_micro,
            source_id, event_at, journal_id, period, line, kind, source_kind, hash_v, hash)
        SELECT a.estate_id, a.account_id, a.head_seq + 1, n.amount, a.posted_micro + n.amount, 0,
            0, j.booked_at, j.journal_id, j.period, n.line, 5, 0, 1,
            ledger_entry_hash(a.head_hash, 1::smallint, a.estate_id, a.account_id, a.head_seq + 1, j.period,
                j.journal_id, n.line, n.amount, a.posted_micro + n.amount, j.booked_at, 5::smallint,
                0::smallint, 0::bigint, 0::bigint, j.digest)
        FROM journal_row AS j, account AS a, LATERAL (
            SELECT CASE WHEN a.code LIKE 'wallet:%:electricity' THEN 0 ELSE 1 END AS line,
                CASE WHEN a.code LIKE 'wallet:%:electricity' THEN 7000000 ELSE -7000000 END::bigint AS amount
        ) AS n
        WHERE a.head_seq > 0
        """
    )


LAST = "(SELECT DISTINCT ON (account_id) * FROM entry ORDER BY account_id, seq DESC) AS e"
MEND_HEADS = (
    "UPDATE account AS a SET posted_micro = e.balance_after_micro, head_seq = e.seq, head_hash = e.hash"
    f" FROM {LAST} WHERE e.account_id = a.account_id"
)


async def test_an_entry_smuggled_into_a_closed_month_is_found(
    closed: World, admin: psycopg.Connection
) -> None:
    assert await closed.verified()
    admin.execute("SET session_replication_role = replica")
    _smuggle(admin)
    admin.execute(MEND_HEADS)
    admin.execute("SET session_replication_role = origin")
    async with closed.unit_of_work() as session:
        found = await ledger_queries.verify(session, estate_id=closed.estate_id)
    assert {(each.verifier, each.detail) for each in found.breaks} == {
        ("chain", "the period goes back"),
        (
            "identities",
            "at the start of 2026-03 its entries stood at another place than the close wrote down",
        ),
        (
            "identities",
            "it was locked with 2 entries and a turnover of 10000000 micro, and has 4 and 17000000",
        ),
    }


async def test_a_thief_who_mends_the_openings_too_is_found_by_the_signed_close(
    database: Database, admin: psycopg.Connection, tmp_path: Path
) -> None:
    """Nothing happened after the close, so chains, heads, openings and totals can all be made to agree."""
    world, notary = await new_world(database), TestNotary(tmp_path)
    await world.top_up("10.00", key="february", now=IN_FEBRUARY)
    async with world.unit_of_work() as session:
        await ledger.close_month(
            session, estate_id=world.estate_id, period=FEBRUARY, actor="staff:test", now=IN_MARCH
        )
    await seal_month(database, estate_id=world.estate_id, period=FEBRUARY, notary=notary, now=IN_MARCH)
    assert (await notary.verify(database, estate_id=world.estate_id, now=IN_MARCH)).is_verified
    admin.execute("SET session_replication_role = replica")
    _smuggle(admin)
    for statement in (
        MEND_HEADS,
        (
            "UPDATE account_opening AS o"
            " SET opening_micro = e.balance_after_micro, seq = e.seq, hash = e.hash"
            f" FROM {LAST} WHERE e.account_id = o.account_id"
        ),
        "UPDATE period SET entries = 4, turnover_micro = 17000000",
    ):
        admin.execute(statement)
    admin.execute("SET session_replication_role = origin")
    assert await world.verified()
    found = await notary.verify(database, estate_id=world.estate_id, now=IN_MARCH)
    assert [(each.verifier, each.detail) for each in found.breaks] == [
        ("checkpoints", "entry 2 came to a closed month after the checkpoint of 2026-03-02T12:00:00Z")
    ] * 2
