"""Reads of tasks of devices, and of the prices that a meter is to charge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from mita.devices.domain import Intended, NotForMeters, meter_prices
from mita.devices.models import Device, DeviceTask
from mita.drivers.known import driver_named
from mita.drivers.wire import TakesPrices
from mita.estates import queries as estates
from mita.kit.clock import to_us
from mita.kit.errors import NotFound
from mita.kit.zones import zone
from mita.metering import queries as metering
from mita.tariffs import queries as tariffs
from mita.tariffs.domain import ROLES, Target, segments

from .devices import device as device_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import RegisterInfo

OPEN = ("asked", "sent")
_IMPORT = "import"


@dataclass(frozen=True, slots=True)
class DueTask:
    """A task that is to be carried out, and the name of its device."""

    estate_id: int
    task_id: UUID
    device: str


async def task(session: AsyncSession, *, estate_id: int, task_id: UUID, lock: bool = False) -> DeviceTask:
    """Return one task; ``lock`` holds its row.

    :raises NotFound: if the estate has no such task
    """
    found = await session.get(
        DeviceTask, (estate_id, task_id), with_for_update=True if lock else None, populate_existing=True
    )
    if found is None:
        raise NotFound(f"device task {task_id} does not exist in estate {estate_id}")
    return found


async def tasks(
    session: AsyncSession,
    *,
    estate_id: int,
    device_id: int | None = None,
    kind: str | None = None,
    state: str | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[DeviceTask]:
    """Return an estate's tasks, newest first; None filters nothing."""
    statement = select(DeviceTask).where(DeviceTask.estate_id == estate_id)
    for column, wanted in (
        (DeviceTask.device_id, device_id),
        (DeviceTask.kind, kind),
        (DeviceTask.state, state),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if before is not None:
        statement = statement.where(DeviceTask.device_task_id < before)
    statement = statement.order_by(DeviceTask.device_task_id.desc()).limit(limit)
    return (await session.scalars(statement)).all()


async def due_tasks(
    session: AsyncSession, *, estate_ids: Sequence[int], now: datetime, limit: int
) -> list[DueTask]:
    """Return the open tasks of some estates that are due and that nobody carries out just now."""
    statement = (
        select(DeviceTask.estate_id, DeviceTask.device_task_id, Device.name)
        .join(Device, (Device.estate_id == DeviceTask.estate_id) & (Device.device_id == DeviceTask.device_id))
        .where(
            DeviceTask.estate_id.in_(list(estate_ids)),
            DeviceTask.state.in_(OPEN),
            DeviceTask.due_at <= now,
            DeviceTask.expires_at > now,
            or_(DeviceTask.claimed_until.is_(None), DeviceTask.claimed_until <= now),
            Device.removed_at.is_(None),
        )
        .order_by(DeviceTask.due_at, DeviceTask.device_task_id)
        .limit(limit)
    )
    return [DueTask(*row) for row in await session.execute(statement)]


async def devices_that_follow_rate_tables(session: AsyncSession, *, estate_id: int) -> Sequence[Device]:
    """Return the devices whose settings want the prices in force, by id."""
    statement = select(Device).where(
        Device.estate_id == estate_id,
        Device.removed_at.is_(None),
        Device.settings.contains({"follow_rate_table": True}),
    )
    return (await session.scalars(statement.order_by(Device.device_id))).all()


async def intended_prices(session: AsyncSession, *, estate_id: int, device_id: int, at: datetime) -> Intended:
    """Return what a device's meter is to charge by the rate tables in force on a date, from ``at`` on.

    :raises NotFound: if the estate has no such device
    :raises NotForMeters: if it takes no prices, is not one meter's, or cannot be told these
    """
    row = await device_of(session, estate_id=estate_id, device_id=device_id)
    driver = driver_named(row.driver)
    if not isinstance(driver, TakesPrices):
        raise NotForMeters([f"A device of the driver {row.driver} takes no prices from here."])
    meters = await metering.meters_behind(session, estate_id=estate_id, device=row.name)
    if len(meters) != 1:
        raise NotForMeters([f"It is to be the device of one meter, and is that of {len(meters)}."])
    infos = await metering.registers_of_meters(session, estate_id=estate_id, serials=[meters[0].serial])
    counted = next((each for each in infos if each.register == _IMPORT), None)
    if counted is None:
        raise NotForMeters(["Its meter has no register import."])
    estate = await estates.estate(session, estate_id=estate_id)
    day = at.astimezone(zone(estate.time_zone)).date()
    table_ids = await _tables_in_force(session, estate_id=estate_id, counted=counted, day=day)
    tables = await tariffs.tables_by_id(session, estate_id=estate_id, rate_table_ids=table_ids)
    prices = meter_prices(
        [tables[table_id] for table_id in table_ids], registers={each.register for each in infos}
    )
    problems = driver.price_problems(prices)
    if problems:
        raise NotForMeters(problems)
    return Intended(prices, to_us(at) // 1_000_000, estate.currency, table_ids)


async def _tables_in_force(
    session: AsyncSession, *, estate_id: int, counted: RegisterInfo, day: date
) -> list[int]:
    """Return the rate tables that charge a register on a date, one for each role that has one."""
    assigned = await tariffs.assignments(session, estate_id=estate_id, utility=counted.utility)
    target = Target(counted.unit_id, counted.meter_id, counted.register_id)
    found = []
    for role in ROLES:
        begun = [each for each in segments(assigned, target=target, role=role) if each.effective_from <= day]
        if begun and begun[-1].rate_table_id is not None:
            found.append(begun[-1].rate_table_id)
    return found
