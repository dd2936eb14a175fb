"""Meters are installed, with their registers and the routes of their devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import IntegrityError

from mita.kit.errors import Conflict
from mita.kit.events import publish
from mita.metering.domain import Limits
from mita.metering.events import MetersInstalled
from mita.metering.models import DeviceRoute, Meter, MeterPlacement, Register

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

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
    is_read_by_hand: bool = False


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
            "is_read_by_hand": meter.is_read_by_hand,
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
    places = [
        {"estate_id": estate_id, "meter_id": meter_id, "from_at": now, "unit_id": meter.unit_id}
        for meter_id, meter in zip(meter_ids, meters, strict=True)
    ]
    await session.execute(insert(MeterPlacement), places)
    await route_devices(session, estate_id=estate_id, devices=sorted({m.device for m in meters if m.device}))
    pairs = tuple(dict.fromkeys((meter.unit_id, meter.utility) for meter in meters))
    new = tuple(
        (meter_id, meter.unit_id, meter.utility) for meter_id, meter in zip(meter_ids, meters, strict=True)
    )
    event = MetersInstalled(estate_id=estate_id, unit_utilities=pairs, meters=new)
    await publish(session, event, now=now)
    if len(meters) >= _MANY_METERS:
        await refresh_statistics(session)
    return meter_ids


async def route_devices(session: AsyncSession, *, estate_id: int, devices: Sequence[str]) -> None:
    """Let devices speak for an estate.

    :raises SerialTaken: if one of them speaks for another
    """
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


async def register_route(session: AsyncSession, *, estate_id: int, device: str) -> None:
    """Let a device speak for an estate, whether or not a meter names it.

    :raises SerialTaken: if it speaks for another estate
    """
    await route_devices(session, estate_id=estate_id, devices=[device])
    await session.execute(update(DeviceRoute).where(DeviceRoute.device == device).values(is_registered=True))


async def release_route(session: AsyncSession, *, estate_id: int, device: str) -> None:
    """Let a device speak for an estate only as long as a meter names it."""
    mine = (DeviceRoute.device == device) & (DeviceRoute.estate_id == estate_id)
    named = select(Meter.meter_id).where(Meter.estate_id == estate_id, Meter.device == device).exists()
    await session.execute(delete(DeviceRoute).where(mine, ~named))
    await session.execute(update(DeviceRoute).where(mine).values(is_registered=False))


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
