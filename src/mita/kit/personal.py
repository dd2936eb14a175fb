"""Everything that names a person, in whatever table of whatever feature: what they may ask to be told.

A table names a person by a column of one of :data:`NAMING`. Nothing has to be announced: a new table with
such a column is part of the answer. Bytes are left out: hashes and sealed secrets say nothing to anybody.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, or_, select

from mita.kit.db import Base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.ext.asyncio import AsyncSession

# columns that hold a person's id, and columns that hold an actor such as ``person:7``
NAMING = frozenset({"person_id", "owner_person_id", "by_person_id", "accepted_by"})
ACTING = frozenset({"actor", "asked_by", "granted_by", "invited_by", "issued_by", "made_by"})
# of one table; whoever has more asks for the books instead
ROWS_MAX = 10_000


def naming_columns(table: Table) -> list[str]:
    """Return the columns of a table by which it names a person."""
    return [
        column.name
        for column in table.columns
        if (column.name in NAMING and isinstance(column.type, BigInteger)) or column.name in ACTING
    ]


async def rows_of_person(session: AsyncSession, *, person_id: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that name a person by table, as JSON; of the estates that the session sees."""
    found = {}
    for name, table in sorted(Base.metadata.tables.items()):
        if columns := naming_columns(table):
            conditions = [_names(table, column, person_id=person_id) for column in columns]
            shown = [each for each in table.columns if not isinstance(each.type, LargeBinary)]
            statement = select(*shown).where(or_(*conditions)).limit(ROWS_MAX)
            rows = (await session.execute(statement)).mappings().all()
            if rows:
                found[name] = [dict(_shown(dict(row))) for row in rows]
    return found


def _names(table: Table, column: str, *, person_id: int) -> ColumnElement[bool]:
    wanted: int | str = person_id if column in NAMING else f"person:{person_id}"
    return table.columns[column] == wanted


def _shown(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dt.datetime | dt.date | dt.time):
            yield name, value.isoformat()
        elif isinstance(value, UUID):
            yield name, str(value)
        elif isinstance(value, bool | int | str | dict | list) or value is None:
            yield name, value
        else:
            yield name, str(value)
