"""Many rows into a table under row-level security.

PostgreSQL refuses COPY into such a table, so large batches go through a session-private temporary table
and small ones through arrays (docs/adr/0011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from mita.kit.columns import Column, copy_rows, pg_array, register_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

# measured: arrays win below about three thousand rows, the temporary table above
STAGED_ROWS_MIN = 3_000


async def insert_columns(connection: AsyncConnection[Any], *, table: str, columns: Sequence[Column]) -> None:
    """Insert rows given as columns of equal length into ``table``, in the connection's transaction."""
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    if len(columns[0].values) < STAGED_ROWS_MIN:
        await _insert_arrays(connection, table=table, names=names, columns=columns)
    else:
        await _insert_staged(connection, table=table, names=names, columns=columns)


async def _insert_arrays(
    connection: AsyncConnection[Any], *, table: str, names: sql.Composed, columns: Sequence[Column]
) -> None:
    register_arrays(connection.adapters)
    places = sql.SQL(", ").join([sql.SQL("%b")] * len(columns))
    statement = sql.SQL("INSERT INTO {} ({}) SELECT * FROM unnest({})").format(sql.Identifier(table), names, places)
    await connection.execute(statement, [pg_array(column.kind, column.values) for column in columns])


async def _insert_staged(
    connection: AsyncConnection[Any], *, table: str, names: sql.Composed, columns: Sequence[Column]
) -> None:
    stage = sql.Identifier(f"stage_{table}")
    fields = sql.SQL(", ").join(
        sql.Identifier(column.name) + sql.SQL(f" {column.kind}")  # type: ignore[arg-type] - a closed list of types
        for column in columns
    )
    await connection.execute(sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({})").format(stage, fields))
    async with connection.cursor() as cursor:
        copy_in = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(stage, names)
        async with cursor.copy(copy_in) as copy:
            await copy.write(copy_rows(columns))
        await cursor.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(sql.Identifier(table), names, names, stage)
        )
        # in the same transaction: a second batch in it must not find the first one's rows
        await cursor.execute(sql.SQL("TRUNCATE {}").format(stage))
