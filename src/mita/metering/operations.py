"""Writes of metering: meters are installed; readings, repeats and rejections are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import IntegrityError

from mita.kit.bulk import Insertion
from mita.kit.clock import from_us
from mita.kit.columns import Column, pg_array, register_arrays
from mita.kit.db import driver_connection
from mita.kit.errors import Conflict
from mita.kit.events import publish
from mita.metering.domain import Limits, ReadingClass, Rejection
from mita.metering.events import MetersInstalled
from mita.metering.models import (
    DeviceRoute,
    Meter,
    ReadingRepeat,
    ReadingTemperature,
    Register,
    RejectedReading,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy.ext.asyncio import AsyncSession

_RESTATE = """
    UPDATE reading AS r
    SET run_quantity_micro = n.quantity, run_cost_micro = n.cost, run_rest = n.rest,
        class = n.class, reason = n.reason
    FROM unnest(%b, %b, %b, %b, %b, %b) AS n (taken_at, quantity, cost, rest, class, reason)
    WHERE r.estate_id = %s AND r.register_id = %s AND r.taken_at = n.taken_at
"""
_MANY_METERS = 50
NO_LIMITS = Limits(max_rate_micro=None, burst_micro=0)


class SerialTaken(Conflict):
    """The estate has a meter of that serial, or the device already speaks for another estate."""

    code = "serial_taken"
    title = "The meter or device is known already"


@dataclass(frozen=True, slots=True)
class NewMeter:
    """A meter to install; ``registers`` are the names of its counters."""

    unit_id: int
    serial: str
    utility: str
    registers: tuple[str, ...] = ("import",)
    device: str | None = None
    limits: Limits = NO_LIMITS


async def install_meters(
    session: AsyncSession, *, estate_id: int, meters: Sequence[NewMeter], now: datetime
) -> list[int]:
    """Install meters with their registers and routes; return their ids in order.

    :raises SerialTaken: if a serial or a device is taken
    """
    if not meters:
        return []
    rows = [
        {
            "estate_id": estate_id,
            "unit_id": meter.unit_id,
            "serial": meter.serial,
            "utility": meter.utility,
            "device": meter.device,
            "max_rate_micro": meter.limits.max_rate_micro,
            "burst_micro": meter.limits.burst_micro,
            "created_at": now,
        }
        for meter in meters
    ]
    try:
        async with session.begin_nested():
            statement = insert(Meter).returning(Meter.meter_id, sort_by_parameter_order=True)
            meter_ids = list((await session.scalars(statement, rows)).all())
    except IntegrityError as error:
        raise SerialTaken(f"estate {estate_id} already has a meter of one of these serials") from error
    registers = [
        {"estate_id": estate_id, "meter_id": meter_id, "name": name, "created_at": now}
        for meter_id, meter in zip(meter_ids, meters, strict=True)
        for name in meter.registers
    ]
    await session.execute(insert(Register), registers)
    await _route_devices(session, estate_id=estate_id, devices=sorted({m.device for m in meters if m.device}))
    pairs = tuple(dict.fromkeys((meter.unit_id, meter.utility) for meter in meters))
    await publish(session, MetersInstalled(estate_id=estate_id, unit_utilities=pairs), now=now)
    if len(meters) >= _MANY_METERS:
        await refresh_statistics(session)
    return meter_ids


async def _route_devices(session: AsyncSession, *, estate_id: int, devices: Sequence[str]) -> None:
    if not devices:
        return
    rows = [{"device": device, "estate_id": estate_id} for device in devices]
    await session.execute(pg_insert(DeviceRoute).on_conflict_do_nothing(), rows)
    foreign = await session.scalar(
        text(
            "SELECT device FROM device_route WHERE device = ANY(:devices) AND estate_id <> :estate_id LIMIT 1"
        ),
        {"devices": list(devices), "estate_id": estate_id},
    )
    if foreign is not None:
        raise SerialTaken(f"device {foreign!r} is in use already")


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


async def add_registers(
    session: AsyncSession, *, estate_id: int, registers: Sequence[tuple[int, str]], now: datetime
) -> None:
    """Give installed meters more registers, as (meter_id, name); those that exist stay as they are."""
    rows = [
        {"estate_id": estate_id, "meter_id": meter_id, "name": name, "created_at": now}
        for meter_id, name in registers
    ]
    if rows:
        await session.execute(pg_insert(Register).on_conflict_do_nothing(), rows)


async def refresh_statistics(session: AsyncSession) -> None:
    """Let the planner know the sizes of freshly filled tables; without it, loading an estate is quadratic."""
    await session.execute(text("SELECT refresh_statistics()"))
