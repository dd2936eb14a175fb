"""Readings, repeats and rejections are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.bulk import Insertion
from mita.kit.clock import from_us
from mita.kit.columns import Column, pg_array, register_arrays
from mita.kit.db import driver_connection
from mita.metering.models import ReadingRepeat, ReadingTemperature, RejectedReading

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.domain import ReadingClass, Rejection

_RESTATE = """
    UPDATE reading AS r
    SET run_quantity_micro = n.quantity, run_cost_micro = n.cost, run_rest = n.rest,
        class = n.class, reason = n.reason
    FROM unnest(%b, %b, %b, %b, %b, %b) AS n (taken_at, quantity, cost, rest, class, reason)
    WHERE r.estate_id = %s AND r.register_id = %s AND r.taken_at = n.taken_at
"""


async def ensure_reading_partition(session: AsyncSession, *, month: Any) -> bool:
    """Create the month's partition if it is missing; return whether it was."""
    made = await session.scalar(text("SELECT ensure_month_partition('reading', :month)"), {"month": month})
    return bool(made)


@dataclass(frozen=True, slots=True)
class StoredReadings:
    """Readings to store, arrays of equal length; times in whole seconds since 1970."""

    register_id: NDArray[np.int64]
    taken_s: NDArray[np.int64]
    value_micro: NDArray[np.int64]
    run_quantity_micro: NDArray[np.int64]
    run_cost_micro: NDArray[np.int64]
    run_rest: NDArray[np.int64]
    class_: NDArray[np.int64]
    reason: NDArray[np.int64]


async def store_readings(
    session: AsyncSession, *, estate_id: int, readings: StoredReadings, received_us: int
) -> None:
    """Insert readings that are known to be new; a key that exists after all is an error of the fence."""
    if len(readings.register_id) == 0:
        return
    columns = [
        Column("register_id", "bigint", readings.register_id),
        Column("taken_at", "timestamptz", readings.taken_s * 1_000_000),
        Column("value_micro", "bigint", readings.value_micro),
        Column("run_quantity_micro", "bigint", readings.run_quantity_micro),
        Column("run_cost_micro", "bigint", readings.run_cost_micro),
        Column("run_rest", "integer", readings.run_rest),
        Column("class", "smallint", readings.class_),
        Column("reason", "smallint", readings.reason),
    ]
    constants = {"estate_id": estate_id, "received_at": from_us(received_us)}
    connection = await driver_connection(session)
    await Insertion(connection, table="reading", columns=columns, constants=constants).finish()


async def store_temperatures(
    session: AsyncSession, *, estate_id: int, temperatures: Sequence[tuple[int, int, int]]
) -> None:
    """Keep how warm it was beside new readings, as (register_id, taken_s, hundredths of a degree Celsius)."""
    rows = [
        {
            "estate_id": estate_id,
            "register_id": register_id,
            "taken_at": from_us(taken_s * 1_000_000),
            "temperature_centi": centi,
        }
        for register_id, taken_s, centi in temperatures
    ]
    for start in range(0, len(rows), 2000):
        await session.execute(insert(ReadingTemperature), rows[start : start + 2000])


async def restate_readings(
    session: AsyncSession, *, estate_id: int, register_id: int, readings: StoredReadings
) -> None:
    """Give stored readings of one register new classes and running states; values and times never change."""
    if len(readings.taken_s) == 0:
        return
    connection = await driver_connection(session)
    register_arrays(connection.adapters)
    cursor = await connection.execute(
        _RESTATE,
        (
            pg_array("timestamptz", readings.taken_s * 1_000_000),
            pg_array("bigint", readings.run_quantity_micro),
            pg_array("bigint", readings.run_cost_micro),
            pg_array("integer", readings.run_rest),
            pg_array("smallint", readings.class_),
            pg_array("smallint", readings.reason),
            estate_id,
            register_id,
        ),
    )
    assert cursor.rowcount == len(readings.taken_s), "a stored reading vanished"


async def record_repeats(
    session: AsyncSession,
    *,
    estate_id: int,
    repeats: Sequence[tuple[int, int, int, ReadingClass]],
    received_us: int,
) -> None:
    """Count duplicates and conflicts, given as (register_id, taken_s, value_micro, class)."""
    received_at = from_us(received_us)
    times: dict[tuple[int, int, int, ReadingClass], int] = {}
    for repeat in repeats:
        times[repeat] = times.get(repeat, 0) + 1
    rows = [
        {
            "estate_id": estate_id,
            "register_id": register_id,
            "taken_at": from_us(taken_s * 1_000_000),
            "value_micro": value_micro,
            "class_": int(class_),
            "times": count,
            "first_received_at": received_at,
            "last_received_at": received_at,
        }
        for (register_id, taken_s, value_micro, class_), count in sorted(times.items())
    ]
    if not rows:
        return
    statement = pg_insert(ReadingRepeat)
    statement = statement.on_conflict_do_update(
        index_elements=["estate_id", "register_id", "taken_at", "value_micro"],
        set_={
            "times": ReadingRepeat.times + statement.excluded.times,
            "last_received_at": statement.excluded.last_received_at,
        },
    )
    for start in range(0, len(rows), 2000):
        await session.execute(statement, rows[start : start + 2000])


async def record_rejections(
    session: AsyncSession, *, estate_id: int, rejections: Sequence[Rejection], received_us: int
) -> None:
    """Keep what was rejected, with its reason; estate 0 is nobody's."""
    rows = [
        {
            "estate_id": estate_id,
            "received_at": from_us(received_us),
            "source": rejection.source,
            "meter": rejection.meter,
            "register": rejection.register,
            "raw": rejection.raw,
            "code": rejection.code,
            "detail": rejection.detail,
        }
        for rejection in rejections
    ]
    for start in range(0, len(rows), 2000):
        await session.execute(insert(RejectedReading), rows[start : start + 2000])
