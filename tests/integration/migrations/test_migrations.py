"""The way of a database from empty, and from every older revision with data in it, to this version."""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine, inspect
from sqlalchemy.dialects import postgresql
from typer.testing import CliRunner

from mita.entrypoints.cli.main import app
from mita.entrypoints.lane import Lane
from mita.kit.db import Base, Database, sqlalchemy_url
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.migrations import runner
from mita.migrations.runner import DatabaseIsNewer, OnlyForward, migrate, newest_revision, revisions
from tests.integration.world import at, batch
from tests.unit.house.tree import features

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres

SEEDS = {path.stem: path for path in sorted((Path(__file__).parent / "seeds").glob("*.sql"))}
# every wallet got a general account
GROWN = {"account", "wallet_account"}
NEEDS_NO_MODEL = re.compile(r"alembic_version|procrastinate_|(reading|entry)_(default|\d{4}_\d\d)$")
_numbers = itertools.count(1)


class Empty:
    """An empty database and how its owner and the application reach it."""

    def __init__(self, server: EmbeddedPostgres, name: str) -> None:
        self.admin_url = server.admin_url(name)
        self.app_url = server.app_url(name)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.admin_url) as connection:
            return connection.execute(query).fetchall()

    def run(self, script: str) -> None:
        with psycopg.connect(self.admin_url) as connection:
            connection.execute(script)

    def catalogue(self) -> set[tuple[Any, ...]]:
        """Return what the database is made of, from columns to rights."""
        return {
            *self.rows(
                "SELECT 'column', table_name::text, column_name::text, data_type::text, is_nullable::text,"
                " column_default::text FROM information_schema.columns WHERE table_schema = 'public'"
            ),
            *self.rows(
                "SELECT 'constraint', conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE connamespace = 'public'::regnamespace"
            ),
            *self.rows("SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public'"),
            *self.rows("SELECT 'trigger', pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"),
            *self.rows("SELECT 'policy', tablename::text, qual, with_check FROM pg_policies"),
            *self.rows(
                "SELECT 'function', pg_get_functiondef(oid), proacl::text FROM pg_proc"
                " WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'"
            ),
            *self.rows(
                "SELECT 'right', relname::text, relacl::text, relrowsecurity FROM pg_class"
                " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')"
            ),
        }

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """Return every row of every table, by table; leaves only through their parents."""
        names = self.rows(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'"
        )
        return {
            name: [row for (row,) in self.rows(f"SELECT to_jsonb(t) FROM {name} AS t ORDER BY t::text")]
            for (name,) in names
        }


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[Empty]:
    name = f"migrations_{os.getpid()}_{next(_numbers)}"
    postgres.create_database(name)
    yield Empty(postgres, name)
    postgres.drop_database(name)


# ── from nothing ──


def test_the_revisions_are_one_line_of_numbers():
    assert revisions() == [f"{number:04}" for number in range(1, len(revisions()) + 1)]
    assert revisions()[:2] == ["0001", "0002"]
    assert newest_revision() == revisions()[-1]


def test_an_empty_database_goes_revision_by_revision_to_the_same_as_at_once(empty, admin, postgres):
    before = None
    for revision in revisions():
        assert migrate(empty.admin_url, revision=revision) == (before, revision)
        before = revision
    at_once = Empty(postgres, admin.info.dbname).catalogue()
    assert len(at_once) > 300
    assert empty.catalogue() == at_once


def mapped_columns() -> dict[str, dict[str, tuple[str, bool]]]:
    """Return (type, whether it may be null) of every column that a model maps."""
    for feature in features():
        if importlib.util.find_spec(f"mita.{feature}.models"):
            importlib.import_module(f"mita.{feature}.models")
    return {
        name: {
            column.name: (_type_name(column.type), bool(column.nullable)) for column in table.columns.values()
        }
        for name, table in Base.metadata.tables.items()
    }


def _type_name(type_: Any) -> str:
    name = type_.compile(dialect=postgresql.dialect())
    # `str` without a length is text in our tables
    return "TEXT" if name == "VARCHAR" else name


def table_columns(empty: Empty) -> dict[str, dict[str, tuple[str, bool]]]:
    engine = create_engine(sqlalchemy_url(empty.admin_url))
    try:
        inspector = inspect(engine)
        return {
            name: {
                column["name"]: (_type_name(column["type"]), column["nullable"])
                for column in inspector.get_columns(name)
            }
            for name in inspector.get_table_names()
            if not NEEDS_NO_MODEL.match(name)
        }
    finally:
        engine.dispose()


def test_every_table_has_the_columns_that_its_model_maps(empty):
    migrate(empty.admin_url)
    mapped, found = mapped_columns(), table_columns(empty)
    assert len(mapped) >= 20
    assert mapped == found


# ── from an older revision, with data ──


def test_there_is_data_of_the_first_revision_and_none_of_unknown_ones():
    assert "0001" in SEEDS
    assert set(SEEDS) <= set(revisions())


@pytest.mark.parametrize("revision", SEEDS)
async def test_data_of_an_older_revision_is_kept(empty, revision):
    # given
    migrate(empty.admin_url, revision=revision)
    empty.run(SEEDS[revision].read_text(encoding="utf-8"))
    before = empty.contents()
    bare = [name for name, rows in before.items() if not rows and not name.startswith("procrastinate_")]
    assert bare == [], "the seed fills every table"
    # when
    for later in revisions()[revisions().index(revision) + 1 :]:
        migrate(empty.admin_url, revision=later)
    # then
    assert migrate(empty.admin_url) == (newest_revision(), newest_revision())
    after = empty.contents()
    for name, rows in before.items():
        kept = [{column: row[column] for column in rows[0]} for row in after[name]] if rows else []
        if name in GROWN:
            kept = [row for row in kept if row in rows]
        assert kept == rows, name
    database = Database(empty.app_url)
    try:
        async with database.unit_of_work(estates=[1]) as session:
            found = await ledger_queries.verify(session, estate_id=1)
        assert found.breaks == []
        # the wallet's general account is new
        assert (found.accounts, found.entries) == (5, 5)
        # and it goes on: 1 kWh at 2.00 and 15 % tax on 91.95, above the values nobody believed
        noon = at(12)
        outcome = await Lane(database, estate_id=1).charge(batch([("M1", at(4), "14.5")], now=noon), now=noon)
        assert outcome.counts()["charged"] == 1
        async with database.unit_of_work(estates=[1]) as session:
            assert await ledger_queries.balances(session, estate_id=1, account_ids=[1]) == {1: 89_650_000}
            assert (await ledger_queries.verify(session, estate_id=1)).is_verified
    finally:
        await database.close()


@pytest.mark.parametrize("revision", SEEDS)
async def test_a_seed_that_was_tampered_with_does_not_verify(empty, revision):
    migrate(empty.admin_url, revision=revision)
    empty.run(SEEDS[revision].read_text(encoding="utf-8"))
    empty.run(
        "SET LOCAL session_replication_role = replica;"
        "UPDATE entry SET amount_micro = amount_micro + 1 WHERE account_id = 1 AND seq = 2"
    )
    migrate(empty.admin_url)
    database = Database(empty.app_url)
    try:
        async with database.unit_of_work(estates=[1]) as session:
            assert not (await ledger_queries.verify(session, estate_id=1)).is_verified
    finally:
        await database.close()


# ── again, back, and too far ──


def test_migrating_twice_does_nothing(empty):
    assert migrate(empty.admin_url) == (None, newest_revision())
    before = empty.catalogue(), empty.contents()
    assert migrate(empty.admin_url) == (newest_revision(), newest_revision())
    assert (empty.catalogue(), empty.contents()) == before


def test_an_earlier_revision_is_refused(empty):
    migrate(empty.admin_url)
    before = empty.catalogue()
    with pytest.raises(OnlyForward, match=rf"at revision {newest_revision()}, past 0001: restore the backup"):
        migrate(empty.admin_url, revision="0001")
    assert empty.catalogue() == before


@pytest.mark.parametrize("revision", revisions())
def test_no_revision_can_be_taken_back(empty, revision):
    migrate(empty.admin_url, revision=revision)
    before = empty.catalogue()
    engine = create_engine(sqlalchemy_url(empty.admin_url))
    try:
        with engine.connect() as connection:
            config = runner._config()
            config.attributes["connection"] = connection
            with pytest.raises(RuntimeError, match="migrations only go forward: restore a backup instead"):
                command.downgrade(config, "-1")
    finally:
        engine.dispose()
    assert empty.catalogue() == before
    assert empty.rows("SELECT version_num FROM alembic_version") == [(revision,)]


def test_a_database_of_a_later_version_is_refused(empty, monkeypatch, tmp_path):
    migrate(empty.admin_url)
    empty.run("UPDATE alembic_version SET version_num = '9999'")
    said = (
        rf"the database is at revision 9999, this version of Mita knows revisions up to {newest_revision()}:"
        " install the later version again"
    )
    with pytest.raises(DatabaseIsNewer, match=said):
        migrate(empty.admin_url)
    monkeypatch.setenv("MITA_DATA", str(tmp_path))
    monkeypatch.setenv("MITA_DATABASE_URL", empty.app_url)
    monkeypatch.setenv("MITA_DATABASE_ADMIN_URL", empty.admin_url)
    result = CliRunner().invoke(app, ["migrate"])
    assert result.exit_code == 2
    assert re.match(f"error: {said}", result.stderr)
    assert empty.rows("SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize("revision", SEEDS)
async def test_a_wallet_of_an_older_revision_gets_a_general_account(empty, revision):
    migrate(empty.admin_url, revision=revision)
    empty.run(SEEDS[revision].read_text(encoding="utf-8"))
    before = empty.rows("SELECT code FROM account WHERE code LIKE 'wallet:%' ORDER BY code")
    migrate(empty.admin_url)
    assert empty.rows(
        "SELECT w.wallet_id, w.utility, w.standing, w.low_line_micro, a.code, a.currency, a.posted_micro,"
        " a.floor_micro, a.head_seq, a.head_hash = ledger_genesis_hash(a.estate_id, a.account_id)"
        " FROM wallet_account AS w JOIN account AS a USING (estate_id, account_id)"
        " WHERE w.utility = 'general'"
    ) == [(1, "general", 0, None, "wallet:1:general", "ZAR", 0, 0, 0, True)]
    after = empty.rows("SELECT code FROM account WHERE code LIKE 'wallet:%' ORDER BY code")
    assert set(after) - set(before) == {("wallet:1:general",)}
    # accounts that are opened later do not meet its id
    database = Database(empty.app_url)
    try:
        async with database.unit_of_work(estates=[1]) as session:
            opened = await ledger.open_accounts(session, estate_id=1, codes=["suspense"], currency="ZAR")
        used = {number for (number,) in empty.rows("SELECT account_id FROM account WHERE code <> 'suspense'")}
        assert opened["suspense"] not in used
    finally:
        await database.close()
