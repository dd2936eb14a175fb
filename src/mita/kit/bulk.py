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


class Insertion:
    """Rows given as columns of equal length, with ``constants`` in every row, on their way into ``table``.

    Both steps happen in the connection's transaction.
    """

    def __init__(
        self,
        connection: AsyncConnection[Any],
        *,
        table: str,
        columns: Sequence[Column],
        constants: Mapping[str, object],
    ) -> None:
        register_arrays(connection.adapters)
        self._connection = connection
        self._columns = columns
        self._constants = list(constants.values())
        self._is_staged = len(columns[0].values) >= STAGED_ROWS_MIN
        self._is_sent = False
        self._parts = {
            "table": sql.Identifier(table),
            "stage": sql.Identifier(f"stage_{table}"),
            "names": _list(sql.Identifier(column.name) for column in columns),
            "fixed": _list(sql.Identifier(name) for name in constants),
            "values": _list([sql.SQL("%s")] * len(constants)),
        }

    async def send(self) -> None:
        """Bring the rows to the server if there are many; the table and its locks are not touched."""
        if not self._is_staged:
            return
        # kinds are a closed list
        kinds = [sql.SQL(f" {column.kind}") for column in self._columns]
        fields = _list(sql.Identifier(c.name) + kind for c, kind in zip(self._columns, kinds, strict=True))
        create = sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {stage} ({fields})")
        await self._connection.execute(create.format(**self._parts, fields=fields))
        copy_in = sql.SQL("COPY {stage} ({names}) FROM STDIN (FORMAT BINARY)").format(**self._parts)
        async with self._connection.cursor() as cursor, cursor.copy(copy_in) as copy:
            await copy.write(copy_rows(self._columns))
        self._is_sent = True

    async def finish(self) -> None:
        """Insert the rows."""
        if not self._is_staged:
            arrays = _list([sql.SQL("%b")] * len(self._columns))
            statement = (
                "INSERT INTO {table} ({fixed}, {names}) SELECT {values}, n.* FROM unnest({arrays}) AS n"
            )
            rows = [pg_array(column.kind, column.values) for column in self._columns]
            await self._connection.execute(
                sql.SQL(statement).format(**self._parts, arrays=arrays), [*self._constants, *rows]
            )
            return
        if not self._is_sent:
            await self.send()
        statement = "INSERT INTO {table} ({fixed}, {names}) SELECT {values}, {names} FROM {stage}"
        await self._connection.execute(sql.SQL(statement).format(**self._parts), self._constants)
        # in the same transaction: a second batch in it must not find the first one's rows
        await self._connection.execute(sql.SQL("TRUNCATE {stage}").format(**self._parts))


def _list(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
