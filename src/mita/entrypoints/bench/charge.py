"""The full charging path, a raw COPY of the same rows, and an ORM path of one transaction per reading."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from mita.entrypoints.bench.orm import charge_one_by_one
from mita.entrypoints.lane import Lane
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.kit.clock import now_utc, to_us
from mita.kit.columns import Column, copy_rows
from mita.kit.db import Database, sqlalchemy_url
from mita.metering import operations as metering
from mita.metering.domain import ReadingBatch
from mita.metering.operations import NewMeter
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from mita.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPETITIONS = 3
ORM_SECONDS = 4
UNDER_WAY = 2
_ROUND_S = 1_800
_DAYS_BACK = 60
_RATES = """
rate_table: 1
name: Bench
utility: electricity
currency: ZAR
effective_from: 2020-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
seasons:
  high: {from: 06-01, to: 08-31}
  low: {from: 09-01, to: 05-31}
clocks:
  high: {weekday: OOOOOOPPSSSSSSSSSPPPSSOO, saturday: OOOOOOOSSSSSOOOOOSSOOOOO,
         sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
  low: {weekday: OOOOOOSPPSSSSSSSSSPPPSOO, saturday: OOOOOOOSSSSSOOOOOOSSOOOO,
        sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
charges:
  - name: Energy
    kind: usage
    price: {high: {P: "7.0697", S: "2.1631", O: "1.5926"}, low: {P: "3.2928", S: "2.0490", O: "1.5926"}}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one repetition measured."""

    charge_per_s: float
    copy_per_s: float
    orm_per_s: float
    p50_ms: float
    p99_ms: float
    bytes_per_reading: float


async def run(url: str, *, readings: int, meters: int, batch: int, tell: Callable[[str], None]) -> list[Run]:
    """Repeat the measurement on fresh estates and fresh tables."""
    wire()
    runs = []
    for repetition in range(REPETITIONS):
        database = Database(url)
        try:
            tell(f"Measuring {repetition + 1} of {REPETITIONS}…")
            runs.append(
                await _measure(database, url, repetition, readings=readings, meters=meters, batch=batch)
            )
        finally:
            await database.close()
    return runs


async def _measure(
    database: Database, url: str, repetition: int, *, readings: int, meters: int, batch: int
) -> Run:
    estate_id, serials = await new_estate(database, name=f"Bench {repetition}", meters=meters)
    lane = Lane(database, estate_id=estate_id)
    start_s = int(now_utc().timestamp()) // _ROUND_S * _ROUND_S - _DAYS_BACK * 86_400
    opening = live_batches(serials, start_s=start_s, first_round=0, readings=meters, batch=50_000)
    for one in opening:
        await lane.charge(one, now=now_utc())
    before = await _bytes(database, estate_id)
    rows = list(live_batches(serials, start_s=start_s, first_round=1, readings=readings, batch=batch))
    seconds, times = await charge_all(lane, rows)
    stored = await _bytes(database, estate_id) - before
    copy_seconds = await _raw_copy(url, rows)
    orm_rate = await charge_one_by_one(url, seconds=ORM_SECONDS)
    milliseconds = np.array(times) * 1_000
    return Run(
        charge_per_s=readings / seconds,
        copy_per_s=readings / copy_seconds,
        orm_per_s=orm_rate,
        p50_ms=float(np.percentile(milliseconds, 50)),
        p99_ms=float(np.percentile(milliseconds, 99)),
        bytes_per_reading=stored / readings,
    )


async def charge_all(lane: Lane, batches: list[ReadingBatch]) -> tuple[float, list[float]]:
    """Charge batches in order; return the seconds of all and, of each, from its call until it is durable."""
    times: list[float] = []
    waiting = iter(batches)

    async def feed() -> None:
        for one in waiting:
            began = time.perf_counter()
            await lane.charge(one, now=now_utc())
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    # as files and requests do: one is prepared while the other is written
    await asyncio.gather(*(feed() for _ in range(UNDER_WAY)))
    return time.perf_counter() - began, times


async def new_estate(database: Database, *, name: str, meters: int) -> tuple[int, list[str]]:
    """Make an estate with one meter per unit and prices; return its id and the meters' serials."""
    now = now_utc()
    async with database.unit_of_work(estates=[]) as session:
        seen = await estate_queries.platform_estate_ids(session)
        estate = await estates.create_estate(
            session, name=name, currency="ZAR", time_zone="Africa/Johannesburg", seen=seen, now=now
        )
        estate_id = estate.estate_id
        units = await estates.create_units(
            session, estate_id=estate_id, names=[f"U{i}" for i in range(meters)], now=now
        )
        new = [NewMeter(unit_id, f"E{i}", "electricity") for i, unit_id in enumerate(units)]
        await metering.install_meters(session, estate_id=estate_id, meters=new, now=now)
        table = parse_document(_RATES)
        row = await tariffs.add_rate_table(session, estate_id=estate_id, currency="ZAR", table=table, now=now)
        await tariffs.assign_rate_table(
            session, estate_id=estate_id, order=tariffs.Order(row.rate_table_id, "system:bench"), now=now
        )
    return estate_id, [meter.serial for meter in new]


def live_batches(
    serials: list[str], *, start_s: int, first_round: int, readings: int, batch: int
) -> Iterator[ReadingBatch]:
    """Yield readings in live order: one per meter per round, with one in a hundred sent twice."""
    keys = [(serial, "import", "kWh") for serial in serials]
    count = len(keys)
    jitter = (np.arange(count) * 7_919) % 900
    for first in range(0, readings, batch):
        place = np.arange(first, min(first + batch, readings))
        meter, turn = place % count, place // count + first_round
        taken_s = start_s + turn * _ROUND_S + jitter[meter]
        value = turn * 420_000 + (meter * 13) % 97 * turn
        if len(place) > 100:  # noqa: PLR2004 - too few to repeat one in a hundred
            repeated = np.arange(99, len(place), 100)
            meter[repeated], taken_s[repeated], value[repeated] = (
                meter[repeated - 1],
                taken_s[repeated - 1],
                value[repeated - 1],
            )
        yield ReadingBatch(
            key=[keys[i] for i in meter.tolist()],
            taken_s=taken_s,
            value_micro=value,
            source="bench",
            received_us=to_us(now_utc()),
        )


async def _bytes(database: Database, estate_id: int) -> int:
    statement = (
        "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
        " WHERE inhparent IN ('reading'::regclass, 'entry'::regclass)"
    )
    async with database.unit_of_work(estates=[estate_id]) as session:
        return int(await session.scalar(text(statement)) or 0)


async def _raw_copy(url: str, batches: list[ReadingBatch]) -> float:
    """COPY the same reading rows, sorted, into an equal partitioned table of its own; return the seconds."""
    owner = create_async_engine(sqlalchemy_url(url.replace("mita_app@", "postgres@")))
    try:
        async with owner.connect() as connection:
            for statement in (
                "DROP TABLE IF EXISTS yardstick",
                "CREATE TABLE yardstick (LIKE reading INCLUDING INDEXES) PARTITION BY RANGE (taken_at)",
            ):
                await connection.execute(text(statement))
            months = await connection.execute(
                text(
                    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i"
                    " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'reading'::regclass"
                )
            )
            for name, bound in months.all():
                await connection.execute(
                    text(f"CREATE TABLE yardstick_{name} PARTITION OF yardstick {bound}")
                )
            await connection.commit()
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None, "the engine is connected"
            seconds = 0.0
            for batch in batches:
                rows = copy_rows(_reading_columns(batch))
                began = time.perf_counter()
                async with (
                    driver.cursor() as cursor,
                    cursor.copy("COPY yardstick FROM STDIN (FORMAT BINARY)") as copy,
                ):
                    await copy.write(rows)
                await driver.commit()
                seconds += time.perf_counter() - began
            await connection.execute(text("DROP TABLE yardstick"))
            await connection.commit()
            return seconds
    finally:
        await owner.dispose()


def _reading_columns(batch: ReadingBatch) -> list[Column]:
    register = np.array([int(key[0][1:]) for key in batch.key], dtype=np.int64)
    order = np.unique(np.stack([register, batch.taken_s]), axis=1, return_index=True)[1]
    count = len(order)
    zeros = np.zeros(count, dtype=np.int64)
    return [
        Column("estate_id", "bigint", zeros + 1),
        Column("register_id", "bigint", register[order]),
        Column("taken_at", "timestamptz", batch.taken_s[order] * 1_000_000),
        Column("received_at", "timestamptz", zeros + batch.received_us),
        Column("value_micro", "bigint", batch.value_micro[order]),
        Column("run_quantity_micro", "bigint", batch.value_micro[order]),
        Column("run_cost_micro", "bigint", batch.value_micro[order]),
        Column("run_rest", "integer", zeros),
        Column("class", "smallint", zeros + 2),
        Column("reason", "smallint", zeros),
    ]
