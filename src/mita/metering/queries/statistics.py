"""How many meters an estate has, how many are silent, and what was used: one statement each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.metering.domain import TIMELINE_MAX
from mita.metering.queries.bulk import meters_that_were_bulk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

SILENT_AFTER = timedelta(hours=24)

_METERS = """
    SELECT m.estate_id, count(*), count(*) FILTER (WHERE NOT EXISTS (
        SELECT FROM register AS r
        JOIN reading AS v ON v.estate_id = r.estate_id AND v.register_id = r.register_id
        WHERE r.estate_id = m.estate_id AND r.meter_id = m.meter_id AND v.taken_at > :since
    ))
    FROM meter AS m WHERE m.estate_id = ANY (:estate_ids) AND m.removed_at IS NULL
    GROUP BY m.estate_id
"""
# where a register begins inside the span, its first reading is where its use begins
_USED = """
    SELECT m.utility, sum(newest.value_micro - coalesce(before.value_micro, first.value_micro))
    FROM meter AS m JOIN register AS r USING (estate_id, meter_id)
    CROSS JOIN LATERAL (
        SELECT value_micro FROM reading WHERE estate_id = m.estate_id AND register_id = r.register_id
            AND class <= :line AND taken_at >= :since ORDER BY taken_at DESC LIMIT 1
    ) AS newest
    LEFT JOIN LATERAL (
        SELECT value_micro FROM reading WHERE estate_id = m.estate_id AND register_id = r.register_id
            AND class <= :line AND taken_at < :since ORDER BY taken_at DESC LIMIT 1
    ) AS before ON true
    LEFT JOIN LATERAL (
        SELECT value_micro FROM reading WHERE estate_id = m.estate_id AND register_id = r.register_id
            AND class <= :line AND taken_at >= :since ORDER BY taken_at LIMIT 1
    ) AS first ON before.value_micro IS NULL
    WHERE m.estate_id = :estate_id AND r.name = 'import' AND m.meter_id <> ALL (CAST(:bulk AS bigint[]))
    GROUP BY m.utility ORDER BY m.utility
"""


@dataclass(frozen=True, slots=True)
class MeterCounts:
    """How many meters measure, and how many of them have said nothing for 24 hours."""

    meters: int
    silent: int


async def meter_counts(
    session: AsyncSession, *, estate_ids: Sequence[int], now: datetime
) -> dict[int, MeterCounts]:
    """Return how many meters each estate has, and how many are silent, by estate id."""
    asked = {"estate_ids": list(estate_ids), "since": now - SILENT_AFTER}
    rows = await session.execute(text(_METERS), asked)
    return dict.fromkeys(estate_ids, MeterCounts(0, 0)) | {
        row[0]: MeterCounts(row[1], row[2]) for row in rows
    }


async def used_since(
    session: AsyncSession, *, estate_id: int, since: Sequence[datetime]
) -> list[dict[str, int]]:
    """Return what ``import`` registers counted since each instant, in millionths of the base unit by utility.

    What was used between the last reading before and the first one after counts as used after. What bulk
    meters measure is measured again behind them, and left out.
    """
    bulk = await meters_that_were_bulk(session, estate_id=estate_id, first=min(since).date(), until=date.max)
    found = []
    for instant in since:
        values = {"estate_id": estate_id, "since": instant, "line": TIMELINE_MAX, "bulk": sorted(bulk)}
        rows = await session.execute(text(_USED), values)
        found.append({row[0]: int(row[1]) for row in rows})
    return found
