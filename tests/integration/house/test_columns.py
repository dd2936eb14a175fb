"""PostgreSQL itself reads the columns that NumPy builds."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text

from mita.kit.columns import Column, copy_rows, pg_array, read_array, register_arrays

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database

IDS = [UUID("01890a5d-ac96-774b-bcce-b302099a8057"), UUID(int=1)]
COLUMNS = [
    Column("a", "bigint", np.array([-(2**63), 2**63 - 1])),
    Column("b", "integer", np.array([-(2**31), 2**31 - 1])),
    Column("c", "smallint", np.array([-32768, 32767])),
    Column("d", "timestamptz", np.array([1_774_746_000_000_001, -1])),
    Column("e", "date", np.array([20_541, -1])),
    Column("f", "uuid", np.array([np.void(u.bytes) for u in IDS], dtype="V16")),
    Column("g", "bytea", np.frombuffer(bytes(range(64)), dtype="V32")),
]
TEXTS = [
    (
        "-9223372036854775808", "-2147483648", "-32768", "2026-03-29 01:00:00.000001+00", "2026-03-29",
        "01890a5d-ac96-774b-bcce-b302099a8057", "\\x" + bytes(range(32)).hex(),
    ),
    (
        "9223372036854775807", "2147483647", "32767", "1969-12-31 23:59:59.999999+00", "1969-12-31",
        "00000000-0000-0000-0000-000000000001", "\\x" + bytes(range(32, 64)).hex(),
    ),
]  # fmt: skip
AS_TEXT = ", ".join(f"{column.name}::text" for column in COLUMNS)


@pytest.fixture
def connection(admin: psycopg.Connection) -> psycopg.Connection:
    admin.execute("SET timezone = 'UTC'")
    register_arrays(admin.adapters)
    return admin


def test_copy(connection: psycopg.Connection) -> None:
    fields = ", ".join(f"{column.name} {column.kind}" for column in COLUMNS)
    connection.execute(f"CREATE TEMPORARY TABLE sink ({fields})")
    with connection.cursor().copy("COPY sink FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(copy_rows(COLUMNS))
    assert connection.execute(f"SELECT {AS_TEXT} FROM sink ORDER BY a").fetchall() == TEXTS


def test_arrays(connection: psycopg.Connection) -> None:
    names = ", ".join(column.name for column in COLUMNS)
    places = ", ".join(["%b"] * len(COLUMNS))
    arrays = [pg_array(column.kind, column.values) for column in COLUMNS]
    query = f"SELECT {AS_TEXT} FROM unnest({places}) AS n ({names})"
    assert connection.execute(query, arrays).fetchall() == TEXTS
    empty = [pg_array(column.kind, column.values[:0]) for column in COLUMNS]
    assert connection.execute(query, empty).fetchall() == []


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.kind)
def test_an_array_that_postgresql_packs_is_read_back(connection: psycopg.Connection, column: Column) -> None:
    register_arrays(connection.adapters)
    array = pg_array(column.kind, column.values)
    cursor = connection.cursor(binary=True)
    (sent,) = cursor.execute(
        f"SELECT array_send(array_agg(value)) FROM unnest(%b::{column.kind}[]) AS value", (array,)
    ).fetchone()
    assert read_array(bytes(sent), column.kind).tolist() == column.values.tolist()


async def test_a_snapshot_beside_another_sees_its_instant(
    database: Database, admin: psycopg.Connection
) -> None:
    add = "INSERT INTO estate (name, currency, time_zone, created_at) VALUES (%s, 'ZAR', 'UTC', now())"
    admin.execute(add, ("Before",))
    estates = [1, 2]
    async with database.snapshot(estates=estates) as first:
        assert await first.scalar(text("SELECT count(*) FROM estate")) == 1
        admin.execute(add, ("Meanwhile",))
        async with (
            database.snapshot(estates=estates, beside=first) as second,
            database.snapshot(estates=estates) as later,
        ):
            assert await second.scalar(text("SELECT count(*) FROM estate")) == 1
            assert await later.scalar(text("SELECT count(*) FROM estate")) == 2
