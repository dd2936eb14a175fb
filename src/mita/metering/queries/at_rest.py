"""Reads of how registers moved over a long time, for whoever looks for those that stand still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.kit.db import driver_connection
from mita.metering.domain import TIMELINE_MAX, Rest

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

# Some probes of the key per register. Since when it shows its value is looked for where it does for long.
_AT_REST = """
    SELECT r.register_id, r.name, m.meter_id, m.unit_id, m.utility,
           last.taken_at, last.value_micro, last.class,
           coalesce(last.value_micro > (
               SELECT value_micro FROM reading
               WHERE estate_id = %(estate_id)s AND register_id = r.register_id AND class <= %(timeline_max)s
               ORDER BY taken_at LIMIT 1
           ), false),
           CASE WHEN before.value_micro = last.value_micro THEN (
               SELECT min(taken_at) FROM reading
               WHERE estate_id = %(estate_id)s AND register_id = r.register_id AND class <= %(timeline_max)s
                   AND taken_at > (
                       SELECT taken_at FROM reading
                       WHERE estate_id = %(estate_id)s AND register_id = r.register_id
                           AND class <= %(timeline_max)s AND value_micro < last.value_micro
                       ORDER BY taken_at DESC LIMIT 1
                   )
           ) END,
           (SELECT count(*) FROM (
               SELECT 1 FROM reading
               WHERE estate_id = %(estate_id)s AND register_id = r.register_id AND taken_at > %(since)s
               LIMIT %(reports_max)s
           ) AS reports)
    FROM (
        SELECT estate_id, meter_id, unit_id, utility FROM meter
        WHERE estate_id = %(estate_id)s AND meter_id > %(after_id)s
            AND removed_at IS NULL AND NOT is_read_by_hand AND device IS NOT NULL
            AND EXISTS (SELECT 1 FROM register WHERE estate_id = %(estate_id)s AND meter_id = meter.meter_id)
        ORDER BY meter_id LIMIT %(limit)s
    ) AS m JOIN register AS r USING (estate_id, meter_id)
    LEFT JOIN LATERAL (
        SELECT taken_at, value_micro, class FROM reading
        WHERE estate_id = %(estate_id)s AND register_id = r.register_id
        ORDER BY taken_at DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT value_micro FROM reading
        WHERE estate_id = %(estate_id)s AND register_id = r.register_id AND class <= %(timeline_max)s
            AND taken_at <= %(since)s
        ORDER BY taken_at DESC LIMIT 1
    ) AS before ON true
    ORDER BY m.meter_id, r.register_id
"""


async def registers_at_rest(
    session: AsyncSession,
    *,
    estate_id: int,
    since: datetime,
    reports_max: int,
    after_id: int = 0,
    limit: int = 1000,
) -> list[Rest]:
    """Return how the registers of ``limit`` meters, those after ``after_id``, moved from ``since`` on.

    By meter; those without a device, and those that people read, are left out.
    """
    connection = await driver_connection(session)
    parameters = {
        "estate_id": estate_id,
        "since": since,
        "reports_max": reports_max,
        "after_id": after_id,
        "limit": limit,
        "timeline_max": TIMELINE_MAX,
    }
    cursor = await connection.execute(_AT_REST, parameters)
    return [Rest(*row) for row in await cursor.fetchall()]
