"""How warm the water was is kept with its reading, over both wires."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mita.drivers.own import decode
from mita.metering import queries as metering_queries
from tests.integration.world import NOW, at, batch, new_world

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database

HOT = """
rate_table: 1
name: Hot water
utility: hot_water
currency: ZAR
effective_from: 2026-01-01
charges:
  - {name: Hot water, kind: usage, price: "80.00"}
  - {name: Service, kind: fixed, per: month, price: "120.00"}
"""
METERS = [("H1", "hot_water")]


def decoded(payload: str):
    return decode(payload.encode(), device="d", meters=METERS, received_s=1_000, source="mqtt")


def kept(admin: psycopg.Connection) -> list[tuple[datetime, int]]:
    return admin.execute(
        "SELECT taken_at, temperature_centi FROM reading_temperature ORDER BY taken_at"
    ).fetchall()


@pytest.mark.parametrize(
    ("written", "centi"),
    [("58.25", 5825), ("-50", -5000), ("150", 15000), ("0", 0), ("58.255", 5826), ("58.2549", 5825)],
)
def test_a_temperature_is_read_in_hundredths(written: str, centi: int):
    found = decoded(f'{{"ts": 1000, "temperature": {written}, "r": {{"m3": 1}}}}')
    assert [each.temperature_centi for each in found.readings] == [centi]
    assert found.rejections == []


@pytest.mark.parametrize("written", ["-50.01", "150.01", "1e9", "1e-99", '"58"', "true", "NaN", "[1]", "{}"])
def test_one_that_is_none_rejects_the_item(written: str):
    found = decoded(f'[{{"temperature": {written}, "r": {{"m3": 1}}}}, {{"r": {{"m3": 2}}}}]')
    assert [each.value_micro for each in found.readings] == [2_000_000]
    assert [each.code for each in found.rejections] == ["bad_temperature"]


def test_without_one_and_for_display_nothing_changes():
    found = decoded('{"ts": 1000, "temperature": null, "r": {"m3": 1, "temperature": 999}}')
    assert [each.temperature_centi for each in found.readings] == [None]
    assert found.rejections == []


async def test_it_is_kept_with_new_readings_whatever_their_class(
    database: Database, admin: psycopg.Connection
):
    world = await new_world(database, utility="hot_water", rates=HOT)
    rows = [
        ("M1", at(0), "0"),
        ("M1", at(1), "5"),
        ("M1", at(1), "5"),  # a duplicate
        ("M1", at(2), "3"),  # backwards: stored, never charged
        ("M2", at(2), "3"),  # of no meter
        ("M1", at(3), "6"),
    ]
    sent = batch(rows, utility="hot_water")
    sent.temperature_centi = {0: 5000, 1: 5825, 2: 1111, 3: 5900, 4: 2222}
    await world.lane.charge(sent, now=NOW)
    assert kept(admin) == [(at(0), 5000), (at(1), 5825), (at(2), 5900)]
    # sent again, and with another temperature, the first one stands
    again = batch(rows[:2], utility="hot_water")
    again.temperature_centi = {0: 1, 1: 2}
    await world.lane.charge(again, now=NOW)
    assert len(kept(admin)) == 3
    late = batch([("M1", at(0, minutes=30), "2")], utility="hot_water")
    late.temperature_centi = {0: 4444}
    await world.lane.charge(late, now=NOW)
    assert kept(admin)[1] == (at(0, minutes=30), 4444)
    # 6 m3 at 80.00; the readings were charged as they are without temperatures
    assert await world.balances() == [-480_000_000]
    assert await world.verified()


async def test_it_is_found_by_reading(database: Database):
    world = await new_world(database, utility="hot_water", rates=HOT)
    sent = batch([("M1", at(0), "0"), ("M1", at(1), "5")], utility="hot_water")
    sent.temperature_centi = {1: -25}
    await world.lane.charge(sent, now=NOW)
    async with world.unit_of_work() as session:
        stored = await metering_queries.readings(session, estate_id=world.estate_id)
        keys = [(row[0].register_id, row[0].taken_at) for row in stored]
        found = await metering_queries.temperatures(session, estate_id=world.estate_id, keys=keys)
        assert found == {(keys[0][0], at(1).astimezone(UTC)): -25}
        assert await metering_queries.temperatures(session, estate_id=world.estate_id, keys=[]) == {}
