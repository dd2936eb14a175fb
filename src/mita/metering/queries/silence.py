"""Reads of meters that are silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.metering.models import Meter, MeterSilence, Register, SilenceRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession

SILENT_HOURS = 24


async def silent_hours(session: AsyncSession, *, estate_id: int) -> int | None:
    """Return after how many hours without a reading an estate's meters are silent; None is never."""
    statement = select(SilenceRule.silent_hours).where(SilenceRule.estate_id == estate_id)
    found = (await session.execute(statement)).one_or_none()
    return SILENT_HOURS if found is None else found.silent_hours


async def silent_registers(session: AsyncSession, *, estate_id: int) -> dict[int, int]:
    """Return the meter of each register whose meter is silent, by register; mostly empty, and cheap."""
    statement = (
        select(Register.register_id, MeterSilence.meter_id)
        .join(
            Register,
            (Register.estate_id == MeterSilence.estate_id) & (Register.meter_id == MeterSilence.meter_id),
        )
        .where(MeterSilence.estate_id == estate_id)
    )
    return {row.register_id: row.meter_id for row in await session.execute(statement)}


async def silent_meters(
    session: AsyncSession,
    *,
    estate_id: int,
    meter_ids: Sequence[int] | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> Sequence[Row[int, str, int, datetime]]:
    """Return (meter_id, serial, unit_id, silent_since) of silent meters by id, ``limit`` at most.

    ``meter_ids`` names those to look at; None is all of the estate's.
    """
    statement = (
        select(Meter.meter_id, Meter.serial, Meter.unit_id, MeterSilence.silent_since)
        .join(
            MeterSilence,
            (MeterSilence.estate_id == Meter.estate_id) & (MeterSilence.meter_id == Meter.meter_id),
        )
        .where(Meter.estate_id == estate_id, Meter.meter_id > after_id)
        .order_by(Meter.meter_id)
        .limit(limit)
    )
    if meter_ids is not None:
        statement = statement.where(Meter.meter_id.in_(list(meter_ids)))
    return (await session.execute(statement)).all()
