"""Reads of where registers measured, and of their values at instants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from mita.kit.clock import from_us, to_us
from mita.kit.db import driver_connection
from mita.metering.domain import TIMELINE_MAX
from mita.metering.models import Meter, MeterPlacement, Register

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class PlacedRegister:
    """A register while its meter measured in a unit: [from_s, until_s), until None it still does.

    What a meter measured before its first unit was told belongs to that unit as well (``is_first``).
    """

    register_id: int
    register: str
    meter_id: int
    meter: str
    unit_id: int
    utility: str
    from_s: int
    until_s: int | None
    is_first: bool


async def placed_registers(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int] | None = None, since: datetime
) -> list[PlacedRegister]:
    """Return the registers that measured in units at ``since`` or later; None is every unit of the estate.

    By unit, utility, register and time.
    """
    place = MeterPlacement
    until_at = func.least(place.until_at, Meter.removed_at)
    statement = (
        select(
            Register.register_id,
            Register.name,
            Meter.meter_id,
            Meter.serial,
            place.unit_id,
            Meter.utility,
            place.from_at,
            until_at.label("until_at"),
            (place.from_at <= Meter.created_at).label("is_first"),
        )
        .join(Meter, (Meter.estate_id == place.estate_id) & (Meter.meter_id == place.meter_id))
        .join(Register, (Register.estate_id == Meter.estate_id) & (Register.meter_id == Meter.meter_id))
        .where(place.estate_id == estate_id, or_(until_at.is_(None), until_at > since))
        .order_by(place.unit_id, Meter.utility, Register.name, place.from_at, Register.register_id)
    )
    if unit_ids is not None:
        statement = statement.where(place.unit_id.in_(list(unit_ids)))
    return [_placed(row) for row in await session.execute(statement)]


def _placed(row: Any) -> PlacedRegister:
    return PlacedRegister(
        row.register_id,
        row.name,
        row.meter_id,
        row.serial,
        row.unit_id,
        row.utility,
        to_us(row.from_at) // 1_000_000,
        None if row.until_at is None else to_us(row.until_at) // 1_000_000,
        row.is_first,
    )


# all registers at the same few instants: the partitions of these are known when it is planned
_VALUES = """
    SELECT register_id, extract(epoch FROM taken_at)::bigint, value_micro FROM reading
    WHERE estate_id = %(estate_id)s AND register_id = ANY (%(register_ids)s) AND class <= %(timeline_max)s
        AND taken_at = ANY (%(taken_at)s::timestamptz[])
"""


async def timeline_values(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int], taken_s: Sequence[int]
) -> dict[tuple[int, int], int]:
    """Return the timeline values of registers at instants, by (register_id, second), where one was taken."""
    connection = await driver_connection(session)
    cursor = await connection.execute(
        _VALUES,
        {
            "register_ids": list(register_ids),
            "taken_at": [from_us(second * 1_000_000) for second in taken_s],
            "estate_id": estate_id,
            "timeline_max": TIMELINE_MAX,
        },
    )
    return {(row[0], row[1]): row[2] for row in await cursor.fetchall()}


_LINE = """FROM reading
        WHERE estate_id = %(estate_id)s AND register_id = k.register_id AND class <= %(timeline_max)s"""
_AROUND = f"""
    SELECT k.register_id, k.at_s, extract(epoch FROM b.taken_at)::bigint, b.value_micro,
        extract(epoch FROM a.taken_at)::bigint, a.value_micro
    FROM unnest(%(register_ids)s::bigint[], %(at_s)s::bigint[]) AS k (register_id, at_s)
    CROSS JOIN LATERAL (
        SELECT taken_at, value_micro {_LINE} AND taken_at <= to_timestamp(k.at_s)
        ORDER BY taken_at DESC LIMIT 1
    ) AS b
    CROSS JOIN LATERAL (
        SELECT taken_at, value_micro {_LINE} AND taken_at >= to_timestamp(k.at_s)
        ORDER BY taken_at LIMIT 1
    ) AS a
"""  # noqa: S608 - no input in it


async def readings_around(
    session: AsyncSession, *, estate_id: int, keys: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Return the timeline readings around instants, by (register_id, second).

    Each is (taken_s, value_micro) of the newest one up to it and of the oldest one from it on; both are the
    same where one was taken just then. Instants outside a timeline are left out.
    """
    connection = await driver_connection(session)
    cursor = await connection.execute(
        _AROUND,
        {
            "register_ids": [register_id for register_id, _ in keys],
            "at_s": [at_s for _, at_s in keys],
            "estate_id": estate_id,
            "timeline_max": TIMELINE_MAX,
        },
    )
    return {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in await cursor.fetchall()}
