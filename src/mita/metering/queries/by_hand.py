"""Reads of meters that people read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.kit.db import driver_connection
from mita.metering.domain import TIMELINE_MAX, Limits
from mita.metering.models import Meter, Register

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class RegisterByHand:
    """A register of a meter that people read."""

    register_id: int
    register: str
    meter_id: int
    meter: str
    unit_id: int
    utility: str
    limits: Limits


async def registers_by_hand(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int] | None = None
) -> list[RegisterByHand]:
    """Return the registers of the meters that people read and nobody removed; None is of every unit.

    By unit, meter and register.
    """
    statement = (
        select(
            Register.register_id,
            Register.name,
            Meter.meter_id,
            Meter.serial,
            Meter.unit_id,
            Meter.utility,
            Meter.max_rate_micro,
            Meter.burst_micro,
        )
        .join(Meter, (Meter.estate_id == Register.estate_id) & (Meter.meter_id == Register.meter_id))
        .where(Register.estate_id == estate_id, Meter.is_read_by_hand, Meter.removed_at.is_(None))
        .order_by(Meter.unit_id, Meter.meter_id, Register.register_id)
    )
    if unit_ids is not None:
        statement = statement.where(Meter.unit_id.in_(list(unit_ids)))
    return [
        RegisterByHand(
            row.register_id,
            row.name,
            row.meter_id,
            row.serial,
            row.unit_id,
            row.utility,
            Limits(row.max_rate_micro, row.burst_micro),
        )
        for row in await session.execute(statement)
    ]


_READ = """
    SELECT k.register_id FROM unnest(%(register_ids)s::bigint[]) AS k (register_id)
    WHERE EXISTS (
        SELECT FROM reading WHERE estate_id = %(estate_id)s AND register_id = k.register_id
            AND taken_at >= %(since)s AND taken_at < %(until)s
    )
"""
_NEWEST = """
    SELECT k.register_id, line.taken_s, line.value_micro
    FROM unnest(%(register_ids)s::bigint[]) AS k (register_id)
    CROSS JOIN LATERAL (
        SELECT extract(epoch FROM taken_at)::bigint AS taken_s, value_micro FROM reading
        WHERE estate_id = %(estate_id)s AND register_id = k.register_id AND class <= %(timeline_max)s
        ORDER BY taken_at DESC LIMIT %(count)s
    ) AS line
    ORDER BY k.register_id, line.taken_s DESC
"""


async def read_between(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int], since: datetime, until: datetime
) -> set[int]:
    """Return the registers of which a reading is stored, of whatever class, taken in [since, until)."""
    connection = await driver_connection(session)
    cursor = await connection.execute(
        _READ,
        {"register_ids": list(register_ids), "estate_id": estate_id, "since": since, "until": until},
    )
    return {row[0] for row in await cursor.fetchall()}


async def newest_values(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int], count: int
) -> dict[int, list[tuple[int, int]]]:
    """Return (taken_s, value_micro) of the newest ``count`` readings on each timeline, the newest first."""
    connection = await driver_connection(session)
    cursor = await connection.execute(
        _NEWEST,
        {
            "register_ids": list(register_ids),
            "estate_id": estate_id,
            "timeline_max": TIMELINE_MAX,
            "count": count,
        },
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for register_id, taken_s, value_micro in await cursor.fetchall():
        found.setdefault(register_id, []).append((taken_s, value_micro))
    return found
