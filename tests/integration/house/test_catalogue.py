"""What the migrated database says of itself: keys, row-level security, privileges, guards, models."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from psycopg import sql
from sqlalchemy import TEXT, String, create_engine

import mita.charging.models
import mita.credit.models
import mita.devices.models
import mita.estates.models
import mita.identity.models
import mita.imports.models
import mita.ledger.models
import mita.metering.models
import mita.notifications.models
import mita.rounds.models
import mita.tariffs.models
import mita.tenancies.models
import mita.wallets.models
import mita.webhooks.models  # noqa: F401 - all of them, for the metadata
from mita.kit.db import Base, Database, sqlalchemy_url
from mita.kit.seal import Seals
from tests.integration.house.seeds import seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres

_numbers = itertools.count(1)

PERMISSIONS = Path(__file__).parents[3] / "docs" / "reference" / "permissions.md"

# tables that belong to no estate
PLATFORM = {
    "alembic_version",
    "api_key",
    "api_token",
    "backup_code",
    "challenge",
    "consent",
    "device_route",
    "erasure",
    "identifier",
    "impersonation",
    "message",
    "one_time_code",
    "organisation",
    "passkey",
    "password",
    "person",
    "person_session",
    "push_key",
    "push_subscription",
    "refresh_token",
    "retention_rule",
    "role_grant",
    "second_factor",
    "sign_in_failure",
    "signing_key",
}
QUEUE = "procrastinate_"
APPEND_ONLY = {
    "audit_change",
    "audit_entry",
    "audit_link",
    "checkpoint",
    "entry",
    "entry_role",
    "journal",
    "request",
    "rate_table",
    "rate_assignment",
    "reading_temperature",
    "set_aside_reading",
    "rerating",
    "timed_charge",
    "access_event",
    "promotion",
    "promotion_end",
    "account_opening",
    "accrual_entry",
    "adjustment",
    "adjustment_decision",
    "hold",
    "hold_resolution",
    "reversal",
    "meter_swap",
    "sub_meter",
    "document_file",
    "handover",
    "handover_undo",
    "manual_reading",
    "reading_reminder",
    "reading_window",
}


def rows(admin: psycopg.Connection, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return admin.execute(query, parameters).fetchall()


def tables(admin: psycopg.Connection) -> set[str]:
    """Return every ordinary and partitioned table of ours, leaves too."""
    found = rows(
        admin,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    )
    return {name for (name,) in found if not name.startswith(QUEUE)}


def leaves(admin: psycopg.Connection) -> set[str]:
    found = rows(
        admin,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relispartition AND relkind = 'r'",
    )
    return {name for (name,) in found}


def estate_tables(admin: psycopg.Connection) -> set[str]:
    found = rows(
        admin,
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'estate_id'",
    )
    return {name for (name,) in found} & tables(admin)


@pytest.fixture
def with_months(admin: psycopg.Connection) -> psycopg.Connection:
    """The database with a month of each partitioned table."""
    admin.execute("SELECT ensure_month_partition('reading', '2026-03-01')")
    admin.execute("SELECT ensure_month_partition('entry', '2026-03-01')")
    return admin


@pytest.fixture(scope="module")
def seeded(postgres: EmbeddedPostgres) -> Iterator[tuple[str, tuple[int, int]]]:
    """A database with two estates that have a row in every table; copied, as it takes seconds to make."""
    name = f"seeded_{os.getpid()}"
    postgres.create_database(name, template="mita_template")

    async def make() -> tuple[int, int]:
        database = Database(postgres.app_url(name), seals=Seals([bytes(32)]))
        try:
            return await seed(database, name="Willow"), await seed(database, name="Oak")
        finally:
            await database.close()

    yield name, asyncio.run(make())
    postgres.drop_database(name)


@pytest.fixture
def two_estates(seeded: tuple[str, tuple[int, int]]) -> tuple[int, int]:
    return seeded[1]


@pytest.fixture
def database_name(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> Iterator[str]:
    """A private database; with the two estates for a test that asks for them."""
    template = "mita_template"
    if "two_estates" in request.fixturenames:
        template, _ = request.getfixturevalue("seeded")
    name = f"house_{os.getpid()}_{next(_numbers)}"
    postgres.create_database(name, template=template)
    yield name
    postgres.drop_database(name)


# ── keys ──


def test_every_table_belongs_to_an_estate_or_is_listed(with_months: psycopg.Connection) -> None:
    assert tables(with_months) - estate_tables(with_months) == PLATFORM - {"device_route", "role_grant"}
    assert len(estate_tables(with_months)) >= 20


def test_every_key_leads_with_the_estate(with_months: psycopg.Connection) -> None:
    found = rows(
        with_months,
        "SELECT c.conrelid::regclass::text, c.contype, a.attname FROM pg_constraint AS c"
        " JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
        " WHERE c.contype IN ('p', 'f', 'u') AND c.connamespace = 'public'::regnamespace",
    )
    owned = estate_tables(with_months) - PLATFORM
    primary = {table: first for table, kind, first in found if kind == "p" and table in owned}
    assert set(primary) == owned, "every table has a primary key"
    assert set(primary.values()) == {"estate_id"}
    others = [(table, kind, first) for table, kind, first in found if table in owned and first != "estate_id"]
    # organisations belong to no estate
    assert sorted(others) == [("estate", "f", "organisation_id")]


# ── row-level security ──


def test_every_estate_table_is_behind_row_level_security(with_months: psycopg.Connection) -> None:
    secured = rows(
        with_months,
        "SELECT relname, relrowsecurity,"
        " (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid AND polpermissive)"
        " FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    )
    state = {name: (bool(is_on), count) for name, is_on, count in secured}
    own = leaves(with_months)
    for name in sorted(estate_tables(with_months) - PLATFORM):
        assert state[name] == (True, 0 if name in own else 1), name


def test_a_policy_reads_and_writes_the_named_estates_only(admin: psycopg.Connection) -> None:
    policies = rows(
        admin,
        "SELECT tablename, permissive, roles::text, cmd, qual, with_check FROM pg_policies"
        " WHERE permissive = 'PERMISSIVE'",
    )
    assert len(policies) >= 20
    for table, permissive, roles, command, using, check in policies:
        assert (permissive, roles, command) == ("PERMISSIVE", "{public}", "ALL"), table
        assert using == check, table
        assert "current_setting('mita.estates'" in using, table


def test_leaves_are_closed_to_the_application(with_months: psycopg.Connection) -> None:
    own = leaves(with_months)
    assert own == {"reading_default", "reading_2026_03", "entry_default", "entry_2026_03"}
    granted = rows(
        with_months, "SELECT table_name FROM information_schema.table_privileges WHERE grantee = 'mita_app'"
    )
    assert not own & {name for (name,) in granted}


def test_the_application_role_is_powerless(admin: psycopg.Connection) -> None:
    (role,) = rows(
        admin,
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles"
        " WHERE rolname = 'mita_app'",
    )
    assert role == (False,) * 5
    joined = rows(
        admin,
        "SELECT roleid::regrole::text, inherit_option, admin_option FROM pg_auth_members"
        " WHERE member = 'mita_app'::regrole",
    )
    # it may become mita_person, and has nothing of it before
    assert joined == [("mita_person", False, False)]
    assert rows(admin, "SELECT relname FROM pg_class WHERE relowner = 'mita_app'::regrole") == []
    assert rows(admin, "SELECT has_schema_privilege('mita_app', 'public', 'CREATE')") == [(False,)]


def test_functions_that_act_as_the_owner_are_listed(admin: psycopg.Connection) -> None:
    found = rows(
        admin,
        "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace",
    )
    assert {name for name, _ in found} == {
        "platform_estate_ids",
        "live_estate_ids",
        "is_known_elsewhere",
        "know_person",
        "organisation_estate_ids",
        "device_of_token",
        "device_token_of_kid",
        "device_has_tokens",
        "seen_balances",
        "seen_wallet_ids",
        "seen_group_ids",
        "seen_unit_ids",
        "seen_account_ids",
        "seen_register_ids",
        "seen_wallets",
        "seen_units",
        "seen_accounts",
        "seen_registers",
        "seen_wallet_since",
        "seen_unit_since",
        "seen_account_since",
        "seen_account_after",
        "seen_register_since",
        "ensure_month_partition",
        "refresh_statistics",
        "webhook_estate_ids",
        "unfinished_imports",
        "unfinished_reading_files",
        "devices_of_aliases",
        "entry_names",
        "forget_answers",
        "record_row_change",
        "forget_words_of",
    }
    assert all("search_path=public, pg_temp" in (config or []) for _, config in found)


async def test_without_any_filter_nothing_leaks(
    two_estates: tuple[int, int], admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    mine, foreign = two_estates
    owned = sorted(estate_tables(admin) - PLATFORM - leaves(admin))
    with psycopg.connect(postgres.app_url(database_name)) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (str(mine),))
        for table in owned:
            truth = {e for (e,) in rows(admin, f"SELECT DISTINCT estate_id FROM {table}")}
            assert {mine, foreign} <= truth, f"{table} has no rows of both estates: the test proves nothing"
            seen = {e for (e,) in app.execute(f"SELECT estate_id FROM {table}").fetchall()}
            assert seen == {mine}, table


@pytest.mark.parametrize("setting", [None, "", "0"])
async def test_a_connection_that_names_no_estate_sees_nothing(
    two_estates: tuple[int, int],
    admin: psycopg.Connection,
    postgres: EmbeddedPostgres,
    database_name: str,
    setting: str | None,
) -> None:
    with psycopg.connect(postgres.app_url(database_name)) as app:
        if setting is not None:
            app.execute("SELECT set_config('mita.estates', %s, false)", (setting,))
        for table in sorted(estate_tables(admin) - PLATFORM - leaves(admin)):
            seen = {each for (each,) in app.execute(f"SELECT DISTINCT estate_id FROM {table}").fetchall()}
            # under 0 stands in the audit log what belongs to no estate
            assert seen <= ({0} if setting == "0" and table.startswith("audit_") else set()), table


async def test_no_row_can_be_written_into_another_estate(
    two_estates: tuple[int, int], admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    mine, foreign = two_estates
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (f"{mine}",))
        for table in sorted(estate_tables(admin) - PLATFORM - leaves(admin)):
            columns = sql.SQL(", ").join(
                sql.Identifier(name)
                for (name,) in rows(
                    admin,
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
                    " AND table_name = %s AND column_name <> 'estate_id' AND is_generated = 'NEVER'",
                    table,
                )
            )
            into = sql.SQL("INSERT INTO {} (estate_id, {}) SELECT {}, {} FROM {} LIMIT 1").format(
                sql.Identifier(table), columns, sql.Literal(foreign), columns, sql.Identifier(table)
            )
            # a locked month is refused before anybody asks whose it is; changes are the triggers' to write
            others = {"period": "only|cannot begin to close", "audit_change": "permission denied"}
            refused = others.get(table, "row-level security")
            with pytest.raises(psycopg.Error, match=refused):
                app.execute(into)


async def test_no_row_can_be_moved_into_another_estate(
    two_estates: tuple[int, int], postgres: EmbeddedPostgres, database_name: str
) -> None:
    mine, foreign = two_estates
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (f"{mine}",))
        for table in ("credit_rule", "supply"):  # the only estate tables of which every column may be updated
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                app.execute(f"UPDATE {table} SET estate_id = {foreign}")
        assert app.execute(f"UPDATE supply SET is_on = false WHERE estate_id = {foreign}").rowcount == 0


# ── privileges ──


def documented_privileges() -> dict[str, tuple[set[str], set[str]]]:
    """Return what permissions.md says of each table: privileges, and columns that may be updated."""
    found = {}
    for line in PERMISSIONS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().split("|")[1:-1]]
        if len(cells) == 4 and (name := re.fullmatch(r"`(\w+)`", cells[0])):
            privileges = set() if cells[1] == "nothing" else set(cells[1].split(", "))
            columns = {"all"} if cells[2] == "all" else set(re.findall(r"`(\w+)`", cells[2]))
            found[name.group(1)] = (privileges, columns)
    return found


def test_privileges_are_those_of_the_documentation(admin: psycopg.Connection) -> None:
    actual = {name: (set(), set()) for name in tables(admin) - leaves(admin)}
    for table, privilege in rows(
        admin,
        "SELECT table_name, privilege_type FROM information_schema.table_privileges"
        " WHERE grantee IN ('mita_app', 'PUBLIC') AND table_schema = 'public'"
        " AND table_name NOT LIKE 'procrastinate%%'",
    ):
        actual[table][0].add(privilege)
        if privilege == "UPDATE":
            actual[table][1].add("all")
    for table, column in rows(
        admin,
        "SELECT table_name, column_name FROM information_schema.column_privileges"
        " WHERE grantee IN ('mita_app', 'PUBLIC') AND privilege_type = 'UPDATE' AND table_schema = 'public'"
        " AND table_name NOT LIKE 'procrastinate%%'",
    ):
        if "all" not in actual[table][1]:
            actual[table][0].add("UPDATE")
            actual[table][1].add(column)
    assert actual == documented_privileges()


async def test_the_application_cannot_change_the_ledger(
    two_estates: tuple[int, int], admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    partitions = sorted(name for name in leaves(admin) if name.startswith("entry"))
    assert "entry_2026_03" in partitions
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (str(two_estates[0]),))
        for table in sorted(APPEND_ONLY) + partitions:
            for attack in (
                f"UPDATE {table} SET estate_id = estate_id",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                    app.execute(attack)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("DELETE FROM account")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("ALTER TABLE entry DISABLE TRIGGER ALL")


async def test_the_owner_cannot_change_the_ledger_by_accident(
    two_estates: tuple[int, int], admin: psycopg.Connection
) -> None:
    filled = {name for name in leaves(admin) if name == "entry_2026_03"}
    for table in sorted(APPEND_ONLY | filled):
        assert rows(admin, f"SELECT count(*) FROM {table}") != [(0,)], table
        for attack in (
            f"UPDATE {table} SET estate_id = estate_id",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
                admin.execute(attack)
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        admin.execute("TRUNCATE entry_default")
    for attack in ("DELETE FROM account", "TRUNCATE account CASCADE"):
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            admin.execute(attack)


async def test_a_journal_that_does_not_balance_is_refused(
    two_estates: tuple[int, int], postgres: EmbeddedPostgres, database_name: str
) -> None:
    entry = (
        "INSERT INTO entry SELECT estate_id, account_id, seq + 1000, {amount}, 0, 0, 0, event_at, {journal},"
        " period, 0, kind, source_kind, hash_v, hash FROM entry LIMIT 1"
    )
    unknown = "'00000000-0000-7000-8000-000000000000'::uuid"
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (str(two_estates[0]),))
        with pytest.raises(psycopg.errors.CheckViolation, match="off by 1"):
            app.execute(entry.format(amount=1, journal="journal_id"))
        with pytest.raises(psycopg.errors.CheckViolation, match="missing"):
            app.execute(entry.format(amount=0, journal=unknown))


# ── models ──


def _ours(_object: Any, name: str | None, kind: str, *_: Any) -> bool:
    """Leave out what the models do not describe: leaves, the queue, versions, and constraints but keys."""
    if kind == "table":
        return not re.match(rf"{QUEUE}|alembic_version$|(reading|entry)_(default|\d{{4}}_\d\d)$", name or "")
    return kind == "column"


def _type_differs(_context: Any, _inspected: Any, _column: Any, actual: Any, declared: Any) -> bool | None:
    """Take a ``str`` without a length for what it is: text."""
    if isinstance(actual, TEXT) and type(declared) is String and declared.length is None:
        return False
    return None


def test_the_models_are_the_tables(
    with_months: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    engine = create_engine(sqlalchemy_url(postgres.admin_url(database_name)))
    try:
        with engine.connect() as connection:
            options = {"compare_type": _type_differs, "include_object": _ours}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, Base.metadata) == []
    finally:
        engine.dispose()


def test_the_models_have_the_keys_of_the_tables(admin: psycopg.Connection) -> None:
    """Autogeneration does not compare primary keys."""
    found = rows(
        admin,
        "SELECT c.conrelid::regclass::text, array_agg(a.attname::text) FROM pg_constraint AS c"
        " JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
        " WHERE c.contype = 'p' AND c.connamespace = 'public'::regnamespace GROUP BY 1",
    )
    keys = {table: set(columns) for table, columns in found}
    assert {name: {c.name for c in table.primary_key} for name, table in Base.metadata.tables.items()} == {
        name: keys[name] for name in Base.metadata.tables
    }
