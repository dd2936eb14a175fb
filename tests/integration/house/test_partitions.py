"""The default partitions stay empty: a row there would keep its month from ever being made."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from mita.entrypoints.lane import Lane
from mita.estates import operations as estates
from mita.metering import operations as metering
from mita.metering.domain import ReadingBatch
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from tests.integration.house.seeds import NOW, RATES

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database


def one_reading(*, taken_at: dt.datetime, value_micro: int) -> ReadingBatch:
    return ReadingBatch(
        key=[("m1", "import", "kWh")],
        taken_s=np.array([int(taken_at.timestamp())]),
        value_micro=np.array([value_micro]),
        source="test",
        received_us=int(taken_at.timestamp()) * 1_000_000,
    )


async def test_a_rate_table_that_comes_in_a_new_month(database: Database, admin: psycopg.Connection) -> None:
    # given: a reading that waits for a price since March
    async with database.unit_of_work(estates=[]) as session:
        estate = await estates.create_estate(
            session, name="Willow", currency="ZAR", time_zone="Africa/Johannesburg", seen=[], now=NOW
        )
        units = await estates.create_units(session, estate_id=estate.estate_id, names=["1"], now=NOW)
        meter = metering.NewMeter(units[0], "m1", "electricity")
        await metering.install_meters(session, estate_id=estate.estate_id, meters=[meter], now=NOW)
    lane = Lane(database, estate_id=estate.estate_id)
    await lane.charge(one_reading(taken_at=NOW - dt.timedelta(hours=2), value_micro=0), now=NOW)
    waiting = await lane.charge(
        one_reading(taken_at=NOW - dt.timedelta(hours=1), value_micro=5_000_000), now=NOW
    )
    assert waiting.counts()["held"] == 1
    # when: a rate table is put in force in April, of which nobody has made a partition
    april = NOW + dt.timedelta(days=30)
    async with database.unit_of_work(estates=[estate.estate_id]) as session:
        added = await tariffs.add_rate_table(
            session, estate_id=estate.estate_id, currency="ZAR", table=parse_document(RATES), now=april
        )
        await tariffs.assign_rate_table(
            session,
            estate_id=estate.estate_id,
            order=tariffs.Order(added.rate_table_id, "staff:test"),
            now=april,
        )
    # then: it is charged where April belongs, and April can go on
    booked = admin.execute("SELECT tableoid::regclass::text, count(*) FROM entry GROUP BY 1").fetchall()
    assert booked == [("entry_2026_04", 3)]
    outcome = await lane.charge(one_reading(taken_at=april, value_micro=6_000_000), now=april)
    assert outcome.counts()["charged"] == 1
