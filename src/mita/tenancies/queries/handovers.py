"""Reads of handovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.kit.errors import NotFound
from mita.tenancies.models import Handover, HandoverUndo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def handover_of_key(session: AsyncSession, *, estate_id: int, key: str) -> Handover | None:
    """Return the handover that an idempotency key asked for."""
    return await session.scalar(select(Handover).where(Handover.estate_id == estate_id, Handover.key == key))


async def handover(session: AsyncSession, *, estate_id: int, handover_id: UUID) -> Handover:
    """Return one handover.

    :raises NotFound: if the estate has no such handover
    """
    found = await session.get(Handover, (estate_id, handover_id))
    if found is None:
        raise NotFound(f"handover {handover_id} does not exist in estate {estate_id}")
    return found


async def undo_of(session: AsyncSession, *, estate_id: int, handover_id: UUID) -> HandoverUndo | None:
    """Return how a handover was undone, if it was."""
    return await session.get(HandoverUndo, (estate_id, handover_id), populate_existing=True)


async def newest_handover(session: AsyncSession, *, estate_id: int, unit_id: int) -> Handover | None:
    """Return the newest handover of a unit that was not undone."""
    undone = select(HandoverUndo.handover_id).where(
        HandoverUndo.estate_id == Handover.estate_id, HandoverUndo.handover_id == Handover.handover_id
    )
    statement = select(Handover).where(
        Handover.estate_id == estate_id, Handover.unit_id == unit_id, ~undone.exists()
    )
    return await session.scalar(statement.order_by(Handover.handover_id.desc()).limit(1))


async def handovers(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[tuple[Handover, HandoverUndo | None]]:
    """Return handovers older than ``before``, newest first, ``limit`` at most, with how each was undone."""
    statement = (
        select(Handover, HandoverUndo)
        .outerjoin(
            HandoverUndo,
            (HandoverUndo.estate_id == Handover.estate_id)
            & (HandoverUndo.handover_id == Handover.handover_id),
        )
        .where(Handover.estate_id == estate_id)
    )
    if unit_id is not None:
        statement = statement.where(Handover.unit_id == unit_id)
    if before is not None:
        statement = statement.where(Handover.handover_id < before)
    rows = await session.execute(statement.order_by(Handover.handover_id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]
