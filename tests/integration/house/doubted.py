"""A reading that is held and set aside, for the tests over all tables."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from mita.entrypoints.lane import Lane
from mita.estates import queries as estate_queries
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import Limits, ReadingBatch

if TYPE_CHECKING:
    from mita.kit.db import Database

KWH = 1_000_000


async def set_one_aside(database: Database, *, estate_id: int, now: dt.datetime) -> None:
    """A meter that shows a hundred times what it can have counted in an hour, which somebody calls wrong."""
    async with database.unit_of_work(estates=[estate_id]) as session:
        unit = (await estate_queries.units(session, estate_id=estate_id))[0]
        meter = metering.NewMeter(unit.unit_id, "doubted", "electricity", limits=Limits(KWH, KWH))
        (meter_id,) = await metering.install_meters(session, estate_id=estate_id, meters=[meter], now=now)
    taken = [now - dt.timedelta(hours=hours) for hours in (2, 1)]
    batch = ReadingBatch(
        key=[("doubted", "import", "kWh")] * 2,
        taken_s=np.array([int(each.timestamp()) for each in taken]),
        value_micro=np.array([0, 100 * KWH]),
        source="test",
        received_us=int(now.timestamp()) * 1_000_000,
    )
    await Lane(database, estate_id=estate_id).charge(batch, now=now)
    async with database.unit_of_work(estates=[estate_id]) as session:
        (register,) = await metering_queries.registers_of_meter(
            session, estate_id=estate_id, meter_id=meter_id
        )
        await metering.set_aside_held_reading(
            session,
            estate_id=estate_id,
            register_id=register.register_id,
            taken_at=taken[1].replace(microsecond=0),
            reason="Tested on the bench",
            actor="staff:test",
            now=now,
        )
