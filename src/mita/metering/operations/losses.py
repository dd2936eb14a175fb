"""From which loss on a bulk meter needs attention, and what bulk meters lost in the last whole month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.metering.models import LossRule, MonthLoss

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Loss:
    """What a bulk meter measured in a month, and how much of it no sub-meter did; millionths of its unit."""

    bulk_meter_id: int
    bulk_micro: int
    difference_micro: int


async def set_loss_rule(
    session: AsyncSession, *, estate_id: int, limit_micro: int | None, now: datetime
) -> None:
    """Set from which loss on a bulk meter needs attention, in millionths of what it says; None is never."""
    values = {"limit_micro": limit_micro, "updated_at": now}
    statement = pg_insert(LossRule).values(estate_id=estate_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["estate_id"], set_=values))


async def note_losses(
    session: AsyncSession, *, estate_id: int, month: date, losses: Sequence[Loss], now: datetime
) -> None:
    """Keep what bulk meters lost in a month in the place of what was kept before.

    A bulk meter that is not there is not known: a reading is missing, or it measured nothing.
    """
    assert month.day == 1, "a month begins on its first day"
    await session.execute(delete(MonthLoss).where(MonthLoss.estate_id == estate_id))
    rows = [
        {
            "estate_id": estate_id,
            "bulk_meter_id": each.bulk_meter_id,
            "month": month,
            "bulk_micro": each.bulk_micro,
            "difference_micro": each.difference_micro,
            "created_at": now,
        }
        for each in losses
    ]
    if rows:
        await session.execute(insert(MonthLoss), rows)
