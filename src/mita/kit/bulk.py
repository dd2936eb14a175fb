"""Many rows into a table under row-level security.

PostgreSQL refuses COPY into such a table, so large batches go through a session-private temporary table
and small ones through arrays (docs/adr/0011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from mita.kit.columns import Column, copy_rows, pg_array, register_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import AsyncConnection

# measured: arrays win below about three thousand rows, the temporary table above
STAGED_ROWS_MIN = 3_000


async def insert_columns(
    connection: AsyncConnection[Any],
    *,
    table: str,
    columns: Sequence[Column],
    constants: Mapping[str, object],
) -> None:
    """Insert rows given as columns of equal length, with ``constants`` in every row, into ``table``.

    It happens in the connection's transaction.
    """
    register_arrays(connection.adapters)
    parts = {
        "table": sql.Identifier(table),
        "stage": sql.Identifier(f"stage_{table}"),
        "names": _list(sql.Identifier(column.name) for column in columns),
        "fixed": _list(sql.Identifier(name) for name in constants),
        "values": _list([sql.SQL("%s")] * len(constants)),
    }
    if len(columns[0].values) < STAGED_ROWS_MIN:
        arrays = _list([sql.SQL("%b")] * len(columns))
        statement = "INSERT INTO {table} ({fixed}, {names}) SELECT {values}, n.* FROM unnest({arrays}) AS n"
        values = [*constants.values(), *(pg_array(column.kind, column.values) for column in columns)]
        await connection.execute(sql.SQL(statement).format(**parts, arrays=arrays), values)
        return
    fields = _list(sql.Identifier(c.name) + sql.SQL(f" {c.kind}") for c in columns)  # type: ignore[arg-type] - a closed list
    create = sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {stage} ({fields})")
    await connection.execute(create.format(**parts, fields=fields))
    async with connection.cursor() as cursor:
        copy_in = sql.SQL("COPY {stage} ({names}) FROM STDIN (FORMAT BINARY)").format(**parts)
        async with cursor.copy(copy_in) as copy:
            await copy.write(copy_rows(columns))
        statement = "INSERT INTO {table} ({fixed}, {names}) SELECT {values}, {names} FROM {stage}"
        await cursor.execute(sql.SQL(statement).format(**parts), list(constants.values()))
        # in the same transaction: a second batch in it must not find the first one's rows
        await cursor.execute(sql.SQL("TRUNCATE {stage}").format(**parts))


def _list(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
