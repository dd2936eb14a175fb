"""Reads of tariffs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from mita.kit.errors import NotFound
from mita.tariffs.domain import (
    NOTICE_DAYS_DEFAULT,
    SUPPLY,
    Assignment,
    RateTable,
    Scope,
    Target,
    parse_document,
    segments,
)
from mita.tariffs.models import BenchmarkTable, RateAssignment, RateRule, RateTableRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession


async def assignments(session: AsyncSession, *, estate_id: int, utility: str) -> list[Assignment]:
    """Return everything that was ever assigned for a utility, the oldest first."""
    rows = await assignment_rows(session, estate_id=estate_id, utility=utility)
    return [assignment_of(row) for row in rows]


async def assignment_rows(
    session: AsyncSession,
    *,
    estate_id: int,
    utility: str | None = None,
    after_id: int = 0,
    limit: int | None = None,
) -> Sequence[RateAssignment]:
    """Return an estate's assignments, of one utility or of all, the oldest first; no ``limit`` is all."""
    statement = select(RateAssignment).where(
        RateAssignment.estate_id == estate_id, RateAssignment.rate_assignment_id > after_id
    )
    if utility is not None:
        statement = statement.where(RateAssignment.utility == utility)
    statement = statement.limit(limit)
    return (await session.scalars(statement.order_by(RateAssignment.rate_assignment_id))).all()


def assignment_of(row: RateAssignment) -> Assignment:
    """Return a stored assignment as a value."""
    return Assignment(
        assignment_id=row.rate_assignment_id,
        role=row.role,
        scope=Scope(row.scope),
        target_id=row.target_id,
        effective_from=row.effective_from,
        effective_until=row.effective_until,
        rate_table_id=row.rate_table_id,
    )


async def tables_by_id(
    session: AsyncSession, *, estate_id: int, rate_table_ids: Iterable[int]
) -> dict[int, RateTable]:
    """Return rate tables, parsed."""
    statement = select(RateTableRow.rate_table_id, RateTableRow.document).where(
        RateTableRow.estate_id == estate_id, RateTableRow.rate_table_id.in_(sorted(set(rate_table_ids)))
    )
    return {table_id: parse_document(document) for table_id, document in await session.execute(statement)}


async def rate_tables(
    session: AsyncSession,
    *,
    estate_id: int,
    utility: str | None = None,
    after_id: int = 0,
    limit: int | None = None,
) -> Sequence[RateTableRow]:
    """Return an estate's rate tables, newest ``effective_from`` first, after one; no ``limit`` is all."""
    statement = select(RateTableRow).where(RateTableRow.estate_id == estate_id)
    if utility is not None:
        statement = statement.where(RateTableRow.utility == utility)
    place = (RateTableRow.effective_from, RateTableRow.rate_table_id)
    if after_id:
        last = select(*place).where(
            RateTableRow.estate_id == estate_id, RateTableRow.rate_table_id == after_id
        )
        statement = statement.where(tuple_(*place) < last.scalar_subquery())
    statement = statement.order_by(*(each.desc() for each in place)).limit(limit)
    return (await session.scalars(statement)).all()


async def rate_table(session: AsyncSession, *, estate_id: int, rate_table_id: int) -> RateTableRow:
    """Return one rate table.

    :raises NotFound: if the estate has no such table
    """
    found = await session.get(RateTableRow, (estate_id, rate_table_id))
    if found is None:
        raise NotFound(f"rate table {rate_table_id} does not exist in estate {estate_id}")
    return found


async def rate_table_by_hash(
    session: AsyncSession, *, estate_id: int, document_hash: bytes
) -> RateTableRow | None:
    """Return the table with exactly this document, if the estate has it."""
    statement = select(RateTableRow).where(
        RateTableRow.estate_id == estate_id, RateTableRow.document_hash == document_hash
    )
    return await session.scalar(statement)


async def notice_days(session: AsyncSession, *, estate_id: int) -> int | None:
    """Return how many days before prices change residents are told; None: nobody is."""
    found = await session.get(RateRule, estate_id, populate_existing=True)
    return NOTICE_DAYS_DEFAULT if found is None else found.notice_days


async def benchmark_ids(session: AsyncSession, *, estate_id: int) -> dict[str, list[int]]:
    """Return by utility the rate tables that are shown beside those charged, by id."""
    statement = select(BenchmarkTable).where(BenchmarkTable.estate_id == estate_id)
    statement = statement.order_by(BenchmarkTable.utility, BenchmarkTable.rate_table_id)
    found: dict[str, list[int]] = {}
    for row in await session.scalars(statement):
        found.setdefault(row.utility, []).append(row.rate_table_id)
    return found


async def benchmark(session: AsyncSession, *, estate_id: int, utility: str) -> tuple[RateTable, ...]:
    """Return the versions of a utility's benchmark, each in force from its own first date; none if unset."""
    ids = (await benchmark_ids(session, estate_id=estate_id)).get(utility, [])
    tables = await tables_by_id(session, estate_id=estate_id, rate_table_ids=ids)
    return tuple(sorted(tables.values(), key=lambda table: table.effective_from))


async def table_on(
    session: AsyncSession, *, estate_id: int, utility: str, day: date
) -> tuple[int, RateTable] | None:
    """Return by which table an estate charges a utility on a date, units with their own aside; None: none."""
    assigned = await assignments(session, estate_id=estate_id, utility=utility)
    listed = segments(assigned, target=Target(0, 0, 0), role=SUPPLY)
    begun = [each for each in listed if each.effective_from <= day]
    rate_table_id = begun[-1].rate_table_id if begun else None
    if rate_table_id is None:
        return None
    found = await tables_by_id(session, estate_id=estate_id, rate_table_ids=[rate_table_id])
    return rate_table_id, found[rate_table_id]
