"""A person without a role sees what is their own, even where a query forgets to ask for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from mita.identity import operations as identity
from tests.integration.house.seeds import NOW, seed

if TYPE_CHECKING:
    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

PERMISSIONS = Path(__file__).parents[3] / "docs" / "reference" / "permissions.md"


def rows(connection: psycopg.Connection, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, parameters).fetchall()


def granted(admin: psycopg.Connection) -> set[str]:
    """Return the tables that mita_person may read."""
    found = rows(
        admin,
        "SELECT table_name, privilege_type FROM information_schema.table_privileges"
        " WHERE grantee = 'mita_person'",
    )
    assert {privilege for _, privilege in found} == {"SELECT"}
    return {name for name, _ in found}


def narrowed(admin: psycopg.Connection) -> set[str]:
    """Return the tables of which mita_person sees some rows only."""
    found = rows(
        admin,
        "SELECT tablename, permissive, roles::text, cmd FROM pg_policies WHERE policyname = 'own'",
    )
    assert {(permissive, roles, command) for _, permissive, roles, command in found} == {
        ("RESTRICTIVE", "{mita_person}", "SELECT")
    }
    return {name for name, *_ in found}


def documented() -> dict[str, str]:
    """Return what permissions.md says of each table: ``own`` rows, or ``all`` of the estate."""
    found = {}
    text = PERMISSIONS.read_text(encoding="utf-8")
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().split("|")[1:-1]]
        if len(cells) == 2 and cells[0] in ("own", "all of the estate"):
            found |= {name: cells[0].split()[0] for name in re.findall(r"`(\w+)`", cells[1])}
    return found


@pytest.fixture
async def willow(database: Database) -> int:
    """An estate with a row in every table; person 1 has a grant for its only wallet and owns a group."""
    return await seed(database, name="Willow")


def as_person(url: str, *, estate_id: int, person_id: int) -> psycopg.Connection:
    connection = psycopg.connect(url)
    connection.execute("SELECT set_config('mita.estates', %s, false)", (str(estate_id),))
    connection.execute("SELECT set_config('mita.person', %s, false)", (str(person_id),))
    connection.execute("SET ROLE mita_person")
    return connection


def test_what_persons_may_read_is_documented(admin: psycopg.Connection) -> None:
    own = narrowed(admin)
    assert granted(admin) == set(documented())
    assert own == {name for name, sight in documented().items() if sight == "own"}


async def test_a_stranger_sees_no_row_of_anybody(
    willow: int, database: Database, admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    async with database.unit_of_work(estates=[]) as session:
        stranger = await identity.create_person(session, name="S", email=None, phone=None, now=NOW)
    with as_person(
        postgres.app_url(database_name), estate_id=willow, person_id=stranger.person_id
    ) as connection:
        for table in sorted(narrowed(admin)):
            assert rows(admin, f"SELECT 1 FROM {table} LIMIT 1"), f"{table} is empty: the test proves nothing"
            assert rows(connection, f"SELECT 1 FROM {table} LIMIT 1") == [], table


async def test_a_person_sees_their_own(
    willow: int, admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    ((person_id,),) = rows(admin, "SELECT person_id FROM access_grant WHERE revoked_at IS NULL")
    with as_person(postgres.app_url(database_name), estate_id=willow, person_id=person_id) as connection:
        empty = [name for name in sorted(granted(admin)) if not rows(connection, f"SELECT 1 FROM {name}")]
        assert empty == []
        codes = {code for (code,) in rows(connection, "SELECT code FROM account")}
        everybody = {code for (code,) in rows(admin, "SELECT code FROM account")}
    assert {code.split(":")[0] for code in codes} == {"wallet", "emergency", "debt", "group"} & {
        code.split(":")[0] for code in everybody
    }
    assert codes < everybody


async def test_what_nobody_thought_of_is_closed(
    willow: int, admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    every = {
        name
        for (name,) in rows(
            admin,
            "SELECT relname FROM pg_class"
            " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace",
        )
    }
    closed = sorted(every - granted(admin))
    assert {"person", "api_token", "role_grant", "rejected_reading", "request"} <= set(closed)
    for table in closed:
        with (
            as_person(postgres.app_url(database_name), estate_id=willow, person_id=1) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(f"SELECT 1 FROM {table}")


async def test_nothing_can_be_written(
    willow: int, admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    for table in sorted(granted(admin)):
        with (
            as_person(postgres.app_url(database_name), estate_id=willow, person_id=1) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(f"DELETE FROM {table}")
