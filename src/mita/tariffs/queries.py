"""Reads of tariffs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.kit.errors import NotFound
from mita.tariffs.domain import RateTable, parse_document
from mita.tariffs.models import RateAssignment, RateTableRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession


async def versions_in_force(session: AsyncSession, *, estate_id: int, utility: str) -> list[RateTable]:
    """Return the rate tables an estate charges a utility by, in order of ``effective_from``."""
    statement = (
        select(RateTableRow.document)
        .join(
            RateAssignment,
            (RateAssignment.estate_id == RateTableRow.estate_id)
            & (RateAssignment.rate_table_id == RateTableRow.rate_table_id),
        )
        .where(RateAssignment.estate_id == estate_id, RateAssignment.utility == utility)
        .order_by(RateAssignment.effective_from)
    )
    return [parse_document(document) for document in (await session.scalars(statement)).all()]


async def dates_in_force(session: AsyncSession, *, estate_id: int, utility: str) -> list[date]:
    """Return the local dates from which an estate charges a utility by another table, in order."""
    statement = (
        select(RateAssignment.effective_from)
        .where(RateAssignment.estate_id == estate_id, RateAssignment.utility == utility)
        .order_by(RateAssignment.effective_from)
    )
    return list((await session.scalars(statement)).all())


async def rate_tables(session: AsyncSession, *, estate_id: int) -> Sequence[RateTableRow]:
    """Return all rate tables of an estate, newest ``effective_from`` first."""
    statement = select(RateTableRow).where(RateTableRow.estate_id == estate_id)
    statement = statement.order_by(RateTableRow.effective_from.desc(), RateTableRow.rate_table_id.desc())
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


async def assigned_table_id(
    session: AsyncSession, *, estate_id: int, utility: str, effective_from: date
) -> int | None:
    """Return the table put in force for a utility from exactly that date, if any."""
    statement = select(RateAssignment.rate_table_id).where(
        RateAssignment.estate_id == estate_id,
        RateAssignment.utility == utility,
        RateAssignment.effective_from == effective_from,
    )
    return await session.scalar(statement)
