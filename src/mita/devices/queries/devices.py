"""Reads of devices, their state, issues and frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.devices.models import Device, DeviceFrame, DeviceIssue, DeviceState
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def device(session: AsyncSession, *, estate_id: int, device_id: int, lock: bool = False) -> Device:
    """Return one registered device; ``lock`` holds its row.

    :raises NotFound: if the estate has no such device, or it was removed
    """
    found = await session.get(
        Device,
        (estate_id, device_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None or found.removed_at is not None:
        raise NotFound(f"device {device_id} does not exist in estate {estate_id}")
    return found


async def device_named(session: AsyncSession, *, estate_id: int, name: str) -> Device | None:
    """Return the registered device of a name, if there is one."""
    statement = select(Device).where(
        Device.estate_id == estate_id, Device.name == name, Device.removed_at.is_(None)
    )
    return (await session.scalars(statement)).one_or_none()


async def devices(
    session: AsyncSession,
    *,
    estate_id: int,
    driver: str | None = None,
    part: str = "",
    has_issue: bool | None = None,
    codec_id: int | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> Sequence[Device]:
    """Return registered devices by id; ``part`` is one of the name, None and "" filter nothing."""
    statement = select(Device).where(
        Device.estate_id == estate_id, Device.removed_at.is_(None), Device.device_id > after_id
    )
    if driver is not None:
        statement = statement.where(Device.driver == driver)
    if part:
        statement = statement.where(Device.name.icontains(part, autoescape=True))
    if codec_id is not None:
        statement = statement.where(Device.codec_id == codec_id)
    if has_issue is not None:
        is_open = (
            select(DeviceIssue.device_issue_id)
            .where(
                DeviceIssue.estate_id == estate_id,
                DeviceIssue.device_id == Device.device_id,
                DeviceIssue.until.is_(None),
            )
            .exists()
        )
        statement = statement.where(is_open if has_issue else ~is_open)
    return (await session.scalars(statement.order_by(Device.device_id).limit(limit))).all()


async def last_on_wires(
    session: AsyncSession, *, estate_id: int, names: Sequence[str]
) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Return when registered devices last spoke over MQTT and last posted, by name."""
    statement = (
        select(Device.name, DeviceState.on_mqtt_at, DeviceState.by_post_at)
        .join(
            DeviceState,
            (DeviceState.estate_id == Device.estate_id) & (DeviceState.device_id == Device.device_id),
        )
        .where(Device.estate_id == estate_id, Device.removed_at.is_(None), Device.name.in_(list(names)))
    )
    return {row[0]: (row[1], row[2]) for row in await session.execute(statement)}


async def ids_of_devices(session: AsyncSession, *, estate_id: int, names: Sequence[str]) -> dict[str, int]:
    """Return the ids of registered devices by their names."""
    statement = select(Device.name, Device.device_id).where(
        Device.estate_id == estate_id, Device.name.in_(list(names)), Device.removed_at.is_(None)
    )
    return {row.name: row.device_id for row in await session.execute(statement)}


async def uses_driver(session: AsyncSession, *, estate_id: int, driver: str) -> bool:
    """Tell whether an estate has a registered device of a driver."""
    statement = select(Device.device_id).where(
        Device.estate_id == estate_id, Device.driver == driver, Device.removed_at.is_(None)
    )
    return (await session.scalars(statement.limit(1))).first() is not None


async def has_device_of(session: AsyncSession, *, drivers: Collection[str]) -> bool:
    """Tell whether any estate that the session sees has a registered device of one of the drivers."""
    statement = select(Device.device_id).where(Device.driver.in_(drivers), Device.removed_at.is_(None))
    return (await session.scalars(statement.limit(1))).first() is not None


async def state(session: AsyncSession, *, estate_id: int, device_id: int) -> DeviceState:
    """Return what a device told of itself."""
    found = await session.get(DeviceState, (estate_id, device_id), populate_existing=True)
    assert found is not None, "each device has a state"
    return found


async def states(
    session: AsyncSession, *, estate_id: int, device_ids: Sequence[int]
) -> dict[int, DeviceState]:
    """Return what devices told of themselves, by id."""
    statement = select(DeviceState).where(
        DeviceState.estate_id == estate_id, DeviceState.device_id.in_(list(device_ids))
    )
    return {row.device_id: row for row in await session.scalars(statement)}


async def heard_devices(session: AsyncSession, *, estate_id: int) -> list[tuple[Device, DeviceState]]:
    """Return the registered devices that were heard at least once, by id."""
    statement = (
        select(Device, DeviceState)
        .join(
            DeviceState,
            (DeviceState.estate_id == Device.estate_id) & (DeviceState.device_id == Device.device_id),
        )
        .where(
            Device.estate_id == estate_id, Device.removed_at.is_(None), DeviceState.last_heard_at.is_not(None)
        )
        .order_by(Device.device_id)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def open_issues(
    session: AsyncSession, *, estate_id: int, device_ids: Sequence[int]
) -> Sequence[DeviceIssue]:
    """Return what is open of some devices, oldest first."""
    statement = select(DeviceIssue).where(
        DeviceIssue.estate_id == estate_id,
        DeviceIssue.device_id.in_(list(device_ids)),
        DeviceIssue.until.is_(None),
    )
    return (await session.scalars(statement.order_by(DeviceIssue.device_issue_id))).all()


async def issues(
    session: AsyncSession,
    *,
    estate_id: int,
    device_id: int | None = None,
    kind: str | None = None,
    is_open: bool | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[DeviceIssue]:
    """Return an estate's issues, newest first; None filters nothing."""
    statement = select(DeviceIssue).where(DeviceIssue.estate_id == estate_id)
    if device_id is not None:
        statement = statement.where(DeviceIssue.device_id == device_id)
    if kind is not None:
        statement = statement.where(DeviceIssue.kind == kind)
    if is_open is not None:
        statement = statement.where(
            DeviceIssue.until.is_(None) if is_open else DeviceIssue.until.is_not(None)
        )
    if before is not None:
        statement = statement.where(DeviceIssue.device_issue_id < before)
    statement = statement.order_by(DeviceIssue.device_issue_id.desc()).limit(limit)
    return (await session.scalars(statement)).all()


async def frames(
    session: AsyncSession,
    *,
    estate_id: int,
    device_id: int,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[DeviceFrame]:
    """Return the frames of a device that are kept, newest first."""
    statement = select(DeviceFrame).where(
        DeviceFrame.estate_id == estate_id, DeviceFrame.device_id == device_id
    )
    if before is not None:
        statement = statement.where(DeviceFrame.device_frame_id < before)
    statement = statement.order_by(DeviceFrame.device_frame_id.desc()).limit(limit)
    return (await session.scalars(statement)).all()
