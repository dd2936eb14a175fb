"""What the decisions in docs/adr promise of the ledger and of jobs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from mita.entrypoints.worker.app import create_worker_app
from mita.estates import operations as estates
from mita.kit.db import driver_connection
from mita.ledger.domain import EntryKind
from tests.integration.world import NOW, at, new_world

if TYPE_CHECKING:
    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

JANUARY = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
WALLET_ENTRIES = """
    SELECT e.tableoid::regclass::text, e.period, e.kind, e.event_at FROM entry AS e
    JOIN wallet_account USING (estate_id, account_id) ORDER BY e.seq
"""


async def test_a_reading_of_an_earlier_month_is_booked_now_and_keeps_its_time(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database)
    hour = timedelta(hours=1)
    await world.charge([("M1", JANUARY, "0"), ("M1", JANUARY + 4 * hour, "4")])
    # late, between the two and before them: the difference is nothing, so no entry
    await world.charge([("M1", JANUARY + 2 * hour, "1")])
    await world.charge([("M1", JANUARY - hour, "0")])
    await world.charge([("M1", JANUARY + 6 * hour, "6")])
    march = date(2026, 3, 1)
    assert admin.execute(WALLET_ENTRIES).fetchall() == [
        ("entry_2026_03", march, int(EntryKind.CHARGE), JANUARY + 4 * hour),
        ("entry_2026_03", march, int(EntryKind.CHARGE), JANUARY + 6 * hour),
    ]
    journals = admin.execute("SELECT DISTINCT booked_at, period FROM journal").fetchall()
    assert journals == [(NOW, march)]
    assert await world.verified()


async def test_a_correction_of_an_earlier_month_is_booked_now_with_the_time_it_reaches_back_to(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database)
    hour = timedelta(hours=1)
    await world.charge([("M1", JANUARY, "5"), ("M1", JANUARY + hour, "6")])
    # an earlier reading opens the register instead: five more to pay
    await world.charge([("M1", JANUARY - hour, "0")], now=NOW + timedelta(days=20))
    assert admin.execute(WALLET_ENTRIES).fetchall()[1:] == [
        ("entry_2026_04", date(2026, 4, 1), int(EntryKind.CORRECTION), JANUARY - hour)
    ]
    assert await world.balances() == [-6 * 2_300_000]
    assert await world.verified()


async def test_the_month_is_that_of_the_estate_not_of_greenwich(
    database: Database, admin: psycopg.Connection
) -> None:
    world = await new_world(database)
    last = datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "1")], now=last)
    await world.charge([("M1", at(2), "2")], now=last + timedelta(seconds=1))
    assert [row[:2] for row in admin.execute(WALLET_ENTRIES).fetchall()] == [
        ("entry_2026_03", date(2026, 3, 1)),
        ("entry_2026_04", date(2026, 4, 1)),
    ]


class PowerCut(Exception):
    pass


@pytest.mark.parametrize("is_cut", [True, False])
async def test_a_job_exists_exactly_if_its_cause_does(
    database: Database,
    postgres: EmbeddedPostgres,
    database_name: str,
    admin: psycopg.Connection,
    *,
    is_cut: bool,
) -> None:
    world = await new_world(database)
    before = admin.execute("SELECT (SELECT count(*) FROM unit), (SELECT count(*) FROM procrastinate_jobs)")
    units, jobs = before.fetchone()
    app = create_worker_app(postgres.app_url(database_name))

    async def cause() -> None:
        async with world.unit_of_work() as session:
            await estates.create_units(session, estate_id=world.estate_id, names=["New"], now=NOW)
            task = app.configure_task(
                "credit:expire_supply_commands", connection=await driver_connection(session)
            )
            await task.defer_async(timestamp=0)
            if is_cut:
                raise PowerCut

    async with app.open_async():
        if is_cut:
            with pytest.raises(PowerCut):
                await cause()
        else:
            await cause()
    after = admin.execute("SELECT (SELECT count(*) FROM unit), (SELECT count(*) FROM procrastinate_jobs)")
    more = 0 if is_cut else 1
    assert after.fetchone() == (units + more, jobs + more)


APPEND_ONLY = ("entry", "journal", "request", "rate_table", "rerating")


async def furnished(database: Database) -> None:
    """Rows in every append-only table."""
    world = await new_world(database)
    await world.charge([("M1", at(5), "5"), ("M1", at(6), "6")])
    await world.charge([("M1", at(1), "0")])
    await world.top_up("5.00", key="k")


async def test_no_row_of_an_append_only_table_changes_by_anybody(
    database: Database, postgres: EmbeddedPostgres, database_name: str, admin: psycopg.Connection
) -> None:
    await furnished(database)
    tables = [*APPEND_ONLY, *leaves(admin)]
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', '1', false)")
        for table in tables:
            is_empty = admin.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
            assert is_empty == (table == "entry_default")
            for statement in (
                f"UPDATE {table} SET estate_id = estate_id",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(statement)
                if is_empty and not statement.startswith("TRUNCATE"):
                    continue
                with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
                    admin.execute(statement)
            for statement in (
                f"TRUNCATE ONLY {table}",
                f"DROP TABLE {table}",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(statement)


def leaves(admin: psycopg.Connection) -> list[str]:
    found = admin.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'entry'::regclass ORDER BY 1"
    )
    names = [row[0] for row in found.fetchall()]
    assert names == ["entry_2026_03", "entry_default"]
    return names


async def test_an_account_is_never_deleted_and_its_name_never_changed(
    database: Database, postgres: EmbeddedPostgres, database_name: str, admin: psycopg.Connection
) -> None:
    await furnished(database)
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', '1', false)")
        for statement in ("DELETE FROM account", "TRUNCATE account CASCADE", "TRUNCATE account CASCADE"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)
            with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
                admin.execute(statement)
        for column in ("code = 'x'", "currency = 'EUR'", "account_id = 99", "estate_id = 2"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(f"UPDATE account SET {column}")


async def test_the_app_role_has_no_way_around_the_triggers(
    database: Database, postgres: EmbeddedPostgres, database_name: str
) -> None:
    await furnished(database)
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        for statement in (
            "SET session_replication_role = replica",
            "ALTER TABLE entry DETACH PARTITION entry_2026_03",
            "DROP TRIGGER append_only ON entry",
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
            "DROP FUNCTION refuse_change() CASCADE",
            "CREATE TABLE mine PARTITION OF entry FOR VALUES FROM ('2027-01-01') TO ('2027-02-01')",
            "SET ROLE postgres",
            "SELECT ensure_month_partition('account', DATE '2026-01-01')",
            "INSERT INTO entry_2026_03 SELECT * FROM entry_2026_03",
            "SELECT * FROM entry_2026_03",
        ):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)):
                app.execute(statement)
