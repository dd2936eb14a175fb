"""Reads of the newest readings of all of an estate's registers, for whoever looks after meters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.kit.db import driver_connection
from mita.metering.domain import BASE_UNIT, TIMELINE_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

# One probe per register. The accepted value is looked for further back only where it is not among the newest.
_NEWEST = """
    SELECT r.register_id, r.name, m.meter_id, m.utility, m.device,
           n.taken_s, n.received_s, n.value_micro, n.class,
           coalesce(n.accepted_micro, CASE WHEN n.taken_s IS NOT NULL THEN (
               SELECT value_micro FROM reading
               WHERE estate_id = %(estate_id)s AND register_id = r.register_id AND class <= %(timeline_max)s
               ORDER BY taken_at DESC LIMIT 1
           ) END)
    FROM register AS r JOIN meter AS m USING (estate_id, meter_id)
    CROSS JOIN LATERAL (
        SELECT array_agg(extract(epoch FROM g.taken_at)::bigint ORDER BY g.taken_at) AS taken_s,
               array_agg(extract(epoch FROM g.received_at)::bigint ORDER BY g.taken_at) AS received_s,
               array_agg(g.value_micro ORDER BY g.taken_at) AS value_micro,
               array_agg(g.class ORDER BY g.taken_at) AS class,
               max(g.value_micro) FILTER (WHERE g.class <= %(timeline_max)s) AS accepted_micro
        FROM (
            SELECT taken_at, received_at, value_micro, class FROM reading
            WHERE estate_id = %(estate_id)s AND register_id = r.register_id
            ORDER BY taken_at DESC LIMIT %(count)s
        ) AS g
    ) AS n
    WHERE r.estate_id = %(estate_id)s AND r.register_id > %(after_id)s
        AND m.removed_at IS NULL AND NOT m.is_read_by_hand
    ORDER BY r.register_id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class NewestReadings:
    """A register with its newest readings in the order of ``taken_s``, sequences of equal length.

    Times are whole seconds since 1970, values millionths of ``unit``; ``accepted_micro`` is the newest
    accepted value, None where there is none.
    """

    register_id: int
    register: str
    meter_id: int
    unit: str
    device: str | None
    taken_s: Sequence[int]
    received_s: Sequence[int]
    value_micro: Sequence[int]
    class_: Sequence[int]
    accepted_micro: int | None


async def newest_readings(
    session: AsyncSession, *, estate_id: int, count: int, after_id: int = 0, limit: int = 1000
) -> list[NewestReadings]:
    """Return the ``count`` newest readings of each register whose meter speaks by itself, by register.

    ``limit`` registers at most, those after ``after_id``; one without a reading has none.
    """
    connection = await driver_connection(session)
    parameters = {
        "estate_id": estate_id,
        "count": count,
        "after_id": after_id,
        "limit": limit,
        "timeline_max": TIMELINE_MAX,
    }
    cursor = await connection.execute(_NEWEST, parameters)
    return [
        NewestReadings(
            row[0],
            row[1],
            row[2],
            BASE_UNIT[row[3]],
            row[4],
            row[5] or (),
            row[6] or (),
            row[7] or (),
            row[8] or (),
            row[9],
        )
        for row in await cursor.fetchall()
    ]
