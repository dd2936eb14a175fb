"""The lane: one row per estate that lets one charging transaction through at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.charging.models import ChargingLane
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.memory import LaneMemory
    from mita.estates.events import EstateCreated


class StaleLane(Exception):
    """Another worker charged in this estate since; forget, load and repeat."""


async def open_lane(session: AsyncSession, event: EstateCreated, now: datetime) -> None:  # noqa: ARG001 - a handler
    """Give a new estate its lane."""
    await session.execute(
        pg_insert(ChargingLane).values(estate_id=event.estate_id, seq=0).on_conflict_do_nothing()
    )


async def claim_lane(session: AsyncSession, memory: LaneMemory) -> int:
    """Hold the estate's lane until the transaction ends; return the lane's number after it.

    Whoever charges in an estate moves the lane first, so nobody else changes its registers meanwhile.

    :raises StaleLane: if the memory is of an earlier state
    """
    if memory.seq is None:
        seq = await session.scalar(
            select(ChargingLane.seq)
            .where(ChargingLane.estate_id == memory.estate_id)
            .with_for_update(key_share=True)
        )
        if seq is None:
            raise NotFound(f"estate {memory.estate_id} has no charging lane")
        memory.seq = seq
    moved = await session.scalar(
        update(ChargingLane)
        .where(ChargingLane.estate_id == memory.estate_id, ChargingLane.seq == memory.seq)
        .values(seq=ChargingLane.seq + 1)
        .returning(ChargingLane.seq)
    )
    if moved is None:
        raise StaleLane(f"estate {memory.estate_id} was charged by somebody else")
    return moved


async def bump_lane(session: AsyncSession, *, estate_id: int) -> None:
    """Make every worker forget what it knows of an estate: prices, meters or lines have changed."""
    await session.execute(
        update(ChargingLane).where(ChargingLane.estate_id == estate_id).values(seq=ChargingLane.seq + 1)
    )
