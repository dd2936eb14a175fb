"""Meters that fall silent are noticed once, and heard again with their next reading."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.clock import to_us
from mita.kit.events import publish
from mita.metering import queries
from mita.metering.domain import SilentMeter
from mita.metering.events import MetersHeard, MetersSilent
from mita.metering.models import SilenceRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy.ext.asyncio import AsyncSession

# a meter without a device is read by hand: nobody expects it to speak
_IS_HEARD = """
    EXISTS (
        SELECT FROM register AS r JOIN reading AS g USING (estate_id, register_id)
        WHERE r.estate_id = m.estate_id AND r.meter_id = m.meter_id AND g.estate_id = :estate_id
            AND g.taken_at > :cutoff
    )
"""
_NOTICE = text(f"""
    INSERT INTO meter_silence (estate_id, meter_id, silent_since, noticed_at)
    SELECT m.estate_id, m.meter_id, coalesce(last.taken_at, m.created_at), :now
    FROM meter AS m
    LEFT JOIN LATERAL (
        SELECT max(newest.taken_at) AS taken_at FROM register AS r
        CROSS JOIN LATERAL (
            SELECT g.taken_at FROM reading AS g
            WHERE g.estate_id = :estate_id AND g.register_id = r.register_id ORDER BY g.taken_at DESC LIMIT 1
        ) AS newest
        WHERE r.estate_id = m.estate_id AND r.meter_id = m.meter_id
    ) AS last ON true
    WHERE m.estate_id = :estate_id AND m.device IS NOT NULL AND m.created_at <= :cutoff AND NOT {_IS_HEARD}
    ON CONFLICT DO NOTHING RETURNING meter_id
""")  # noqa: S608 - made of constants
_HEARD = text(f"""
    SELECT m.meter_id FROM meter_silence AS s JOIN meter AS m USING (estate_id, meter_id)
    WHERE s.estate_id = :estate_id AND (
        :is_never OR m.device IS NULL OR s.silent_since > :cutoff OR {_IS_HEARD})
""")  # noqa: S608 - made of constants
_END = text("DELETE FROM meter_silence WHERE estate_id = :estate_id AND meter_id = ANY(:meter_ids)")


async def set_silence_rule(
    session: AsyncSession, *, estate_id: int, silent_hours: int | None, now: datetime
) -> None:
    """Set after how many hours without a reading an estate's meters are silent; None is never."""
    values = {"silent_hours": silent_hours, "updated_at": now}
    statement = pg_insert(SilenceRule).values(estate_id=estate_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["estate_id"], set_=values))
    # those that are silent by the old rule only
    await _end_heard(session, estate_id=estate_id, silent_hours=silent_hours, now=now)


async def notice_silence(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Note the meters that have fallen silent, and those that are so no more; return how many fell silent."""
    hours = await queries.silent_hours(session, estate_id=estate_id)
    await _end_heard(session, estate_id=estate_id, silent_hours=hours, now=now)
    if hours is None:
        return 0
    parameters = {"estate_id": estate_id, "now": now, "cutoff": now - timedelta(hours=hours)}
    meter_ids = list((await session.scalars(_NOTICE, parameters)).all())
    if meter_ids:
        meters = await _named(session, estate_id=estate_id, meter_ids=meter_ids)
        await publish(session, MetersSilent(estate_id, meters), now=now)
    return len(meter_ids)


async def end_silences(
    session: AsyncSession,
    *,
    estate_id: int,
    register_ids: NDArray[np.int64],
    taken_s: NDArray[np.int64],
    now: datetime,
) -> None:
    """Hear the silent meters among those that readings just came from; old readings end no silence."""
    silent = await queries.silent_registers(session, estate_id=estate_id)
    if not silent:
        return
    hours = await queries.silent_hours(session, estate_id=estate_id)
    if hours is None:
        return
    cutoff_s = to_us(now - timedelta(hours=hours)) // 1_000_000
    spoke = np.unique(register_ids[taken_s > cutoff_s])
    meter_ids = sorted({silent[register] for register in spoke.tolist() if register in silent})
    await _end(session, estate_id=estate_id, meter_ids=meter_ids, now=now)


async def _end_heard(
    session: AsyncSession, *, estate_id: int, silent_hours: int | None, now: datetime
) -> None:
    parameters = {
        "estate_id": estate_id,
        "is_never": silent_hours is None,
        "cutoff": now - timedelta(hours=silent_hours or 0),
    }
    meter_ids = list((await session.scalars(_HEARD, parameters)).all())
    await _end(session, estate_id=estate_id, meter_ids=meter_ids, now=now)


async def _end(session: AsyncSession, *, estate_id: int, meter_ids: Sequence[int], now: datetime) -> None:
    if not meter_ids:
        return
    meters = await _named(session, estate_id=estate_id, meter_ids=meter_ids)
    await session.execute(_END, {"estate_id": estate_id, "meter_ids": list(meter_ids)})
    if meters:
        await publish(session, MetersHeard(estate_id, meters), now=now)


async def _named(
    session: AsyncSession, *, estate_id: int, meter_ids: Sequence[int]
) -> tuple[SilentMeter, ...]:
    rows = await queries.silent_meters(
        session, estate_id=estate_id, meter_ids=meter_ids, limit=len(meter_ids)
    )
    return tuple(SilentMeter(row.meter_id, row.serial, row.unit_id, row.silent_since) for row in rows)
