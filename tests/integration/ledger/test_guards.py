"""The ledger cannot be changed quietly: privileges, triggers, chains."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from mita.ledger.domain import JournalDraft, JournalKind, genesis_hash
from tests.integration.world import at, new_world

TABLES = ("entry", "journal", "request")


async def _charged(database):
    world = await new_world(database, meters=2)
    await world.charge([(f"M{m}", at(h), str(h)) for h in range(5) for m in (1, 2)])
    await world.top_up("50.00", key="k")
    return world


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("act", ["UPDATE {0} SET estate_id = estate_id", "DELETE FROM {0}", "TRUNCATE {0}"])
async def test_changes_are_refused_for_the_app_by_privilege_and_for_the_owner_by_trigger(
    database, database_name, postgres, admin, table, act
):
    await _charged(database)
    statement = act.format(table)
    with psycopg.connect(postgres.app_url(database_name)) as app:
        app.execute("SELECT set_config('mita.estates', '1', false)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        admin.execute(statement)


async def test_a_partition_is_no_way_around(database, admin):
    await _charged(database)
    leaves = [
        row[0]
        for row in admin.execute(
            "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'entry'::regclass"
        )
    ]
    assert len(leaves) >= 2
    for leaf in leaves:
        with pytest.raises(psycopg.errors.RestrictViolation):
            admin.execute(f"TRUNCATE {leaf}")
    full = next(leaf for leaf in leaves if admin.execute(f"SELECT count(*) FROM {leaf}").fetchone()[0])
    for statement in (f"UPDATE {full} SET amount_micro = 1", f"DELETE FROM {full}"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            admin.execute(statement)


async def test_a_journal_that_does_not_balance_is_refused_even_for_the_owner(database, admin):
    world = await _charged(database)
    row = admin.execute("SELECT * FROM entry WHERE amount_micro < 0 ORDER BY seq DESC LIMIT 1")
    names = [column.name for column in row.description]
    values = dict(zip(names, row.fetchone(), strict=True))
    values |= {"seq": values["seq"] + 1_000}
    places = ", ".join(f"%({name})s" for name in names)
    with pytest.raises(psycopg.errors.CheckViolation, match="does not balance"):
        admin.execute(f"INSERT INTO entry ({', '.join(names)}) VALUES ({places})", values)
    assert await world.verified()


def _without_triggers(admin: psycopg.Connection, statement: str) -> None:
    """What a thief with the database password does."""
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        assert admin.execute(statement).rowcount >= 1


@pytest.mark.parametrize(
    ("verifier", "attack"),
    [
        ("chain", "UPDATE entry SET amount_micro = amount_micro + 1 WHERE seq = 2 AND account_id = 1"),
        ("chain", "UPDATE entry SET quantity_micro = quantity_micro + 1 WHERE seq = 2 AND account_id = 1"),
        (
            "chain",
            (
                "UPDATE entry SET event_at = event_at + interval '1 microsecond'"
                " WHERE seq = 2 AND account_id = 1"
            ),
        ),
        (
            "chain",
            (
                "UPDATE entry SET hash = set_byte(hash, 31, (get_byte(hash, 31) + 1) % 256)"
                " WHERE seq = 3 AND account_id = 2"
            ),
        ),
        ("chain", "UPDATE entry SET hash = hash || '\\x00' WHERE seq = 1 AND account_id = 1"),
        ("chain", "DELETE FROM entry WHERE seq = 2 AND account_id = 1"),
        (
            "identities",
            (
                "DELETE FROM entry WHERE account_id = 1"
                " AND seq = (SELECT max(seq) FROM entry WHERE account_id = 1)"
            ),
        ),
        ("identities", "UPDATE account SET posted_micro = posted_micro + 1 WHERE account_id = 1"),
        ("identities", "DELETE FROM account WHERE account_id = 1"),
        ("identities", "UPDATE journal SET memo = 'something else' WHERE kind = 2"),
        (
            "identities",
            "DELETE FROM entry WHERE journal_id IN (SELECT journal_id FROM journal WHERE kind = 2)",
        ),
        ("identities", "DELETE FROM journal WHERE kind = 2"),
    ],
)
async def test_an_attack_is_found_and_its_finder_is_named(database, admin, verifier, attack):
    from mita.ledger import queries as ledger_queries

    world = await _charged(database)
    _without_triggers(admin, attack)
    async with world.unit_of_work() as session:
        found = await ledger_queries.verify(session, estate_id=world.estate_id)
    assert verifier in {broken.verifier for broken in found.breaks}, found.breaks
    assert not found.is_verified


async def test_a_single_altered_entry_is_one_broken_place(database, admin):
    from mita.ledger import queries as ledger_queries

    world = await _charged(database)
    _without_triggers(admin, "UPDATE entry SET source_id = source_id + 1 WHERE seq = 2 AND account_id = 2")
    async with world.unit_of_work() as session:
        found = await ledger_queries.verify(session, estate_id=world.estate_id)
    assert [(b.verifier, b.place) for b in found.breaks] == [("chain", "account 2 entry 2")]


# frozen: these may never change
JOURNAL = JournalDraft(
    journal_id=UUID("01930000-0000-7000-8000-000000000001"),
    estate_id=7,
    kind=JournalKind.TOP_UP,
    currency="NGN",
    actor="staff:Adé",
    memo="cash: № 12",
    idempotency_key="k-1",
    booked_at=datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    period=date(2026, 2, 1),
)


def test_genesis_and_digest_are_the_same_in_sql_and_python(admin):
    row = admin.execute("SELECT ledger_genesis_hash(7, 42)").fetchone()
    assert bytes(row[0]) == genesis_hash(estate_id=7, account_id=42)
    assert bytes(row[0]) == hashlib.sha256((7).to_bytes(8, "big") + (42).to_bytes(8, "big")).digest()
    row = admin.execute(
        "SELECT ledger_journal_digest(%s::smallint, %s, %s, %s, %s, %s)",
        (
            int(JOURNAL.kind),
            JOURNAL.actor,
            JOURNAL.currency,
            JOURNAL.memo,
            JOURNAL.booked_at,
            JOURNAL.idempotency_key,
        ),
    ).fetchone()
    assert bytes(row[0]) == JOURNAL.digest()


async def test_every_stored_hash_is_the_one_that_sql_derives(database, admin):
    await _charged(database)
    wrong = admin.execute(
        """
        SELECT count(*) FILTER (WHERE hash <> derived), count(*) FROM (
            SELECT e.hash, ledger_entry_hash(
                coalesce(lag(e.hash) OVER w, ledger_genesis_hash(e.estate_id, e.account_id)), e.hash_v,
                e.estate_id, e.account_id, e.seq, e.period, e.journal_id, e.line, e.amount_micro,
                e.balance_after_micro, e.event_at, e.kind, e.source_kind, e.source_id, e.quantity_micro,
                j.digest) AS derived
            FROM entry e JOIN journal j USING (estate_id, journal_id)
            WINDOW w AS (PARTITION BY e.estate_id, e.account_id ORDER BY e.seq)) AS all_entries
        """
    ).fetchone()
    assert wrong[0] == 0
    assert wrong[1] >= 10


async def test_a_writer_whose_clock_is_ahead_is_turned_away(database):
    """Its time would stay on the accounts that everybody shares, and drag all others along."""
    world = await new_world(database)
    await world.top_up("10.00", key="k1", now=datetime.now(tz=UTC) + timedelta(hours=23))
    with pytest.raises(psycopg.errors.OperatorIntervention, match="mend the clock"):
        await world.top_up("10.00", key="k2", now=datetime.now(tz=UTC) + timedelta(hours=25))
    with pytest.raises(psycopg.errors.OperatorIntervention, match="mend the clock") as caught:
        await world.charge(
            [("M1", at(0), "0"), ("M1", at(1), "1")], now=datetime.now(tz=UTC) + timedelta(days=400)
        )
    assert isinstance(caught.value, psycopg.OperationalError), "the wire waits, nothing is rejected"
    assert await world.balances() == [10_000_000]
