"""Reads of load limits: what supplies are to be held to, and what devices say that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.credit.domain import LIMITING
from mita.credit.models import LoadLimit, SupplyCommand, SupplyLimit
from mita.devices import queries as registry
from mita.drivers.known import driver_named
from mita.metering import queries as metering

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_NO_METER = "no device reads a meter of this supply"


async def load_limits(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_ids: Sequence[int] | None = None,
    utility: str | None = None,
) -> Sequence[LoadLimit]:
    """Return what limits supplies, by unit, utility and cause; None filters nothing."""
    statement = select(LoadLimit).where(LoadLimit.estate_id == estate_id)
    if unit_ids is not None:
        statement = statement.where(LoadLimit.unit_id.in_(list(unit_ids)))
    if utility is not None:
        statement = statement.where(LoadLimit.utility == utility)
    statement = statement.order_by(LoadLimit.unit_id, LoadLimit.utility, LoadLimit.cause)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def load_limit_page(
    session: AsyncSession, *, estate_id: int, after_id: int, limit: int
) -> Sequence[LoadLimit]:
    """Return what limits supplies of so many units after one, by unit, utility and cause."""
    statement = select(LoadLimit).where(LoadLimit.estate_id == estate_id, LoadLimit.unit_id > after_id)
    units = statement.with_only_columns(LoadLimit.unit_id).distinct().order_by(LoadLimit.unit_id).limit(limit)
    statement = statement.where(LoadLimit.unit_id.in_(units))
    statement = statement.order_by(LoadLimit.unit_id, LoadLimit.utility, LoadLimit.cause)
    return (await session.scalars(statement)).all()


async def ended_limits(
    session: AsyncSession, *, estate_id: int, now: datetime, limit: int
) -> list[tuple[int, str, str]]:
    """Return (unit_id, utility, cause) of load limits whose end has come, in that order."""
    statement = (
        select(LoadLimit.unit_id, LoadLimit.utility, LoadLimit.cause)
        .where(LoadLimit.estate_id == estate_id, LoadLimit.until <= now)
        .order_by(LoadLimit.unit_id, LoadLimit.utility, LoadLimit.cause)
        .limit(limit)
    )
    return [(row.unit_id, row.utility, row.cause) for row in await session.execute(statement)]


async def supply_limit(
    session: AsyncSession, *, estate_id: int, unit_id: int, utility: str
) -> SupplyLimit | None:
    """Return what a device says that it holds a supply to; None if it never said."""
    return await session.get(SupplyLimit, (estate_id, unit_id, utility), populate_existing=True)


async def supply_limits(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int]
) -> dict[tuple[int, str], SupplyLimit]:
    """Return what devices say that they hold supplies to, by (unit_id, utility)."""
    statement = select(SupplyLimit).where(
        SupplyLimit.estate_id == estate_id, SupplyLimit.unit_id.in_(list(unit_ids))
    )
    rows = await session.scalars(statement.execution_options(populate_existing=True))
    return {(row.unit_id, row.utility): row for row in rows}


async def newest_limit_command(
    session: AsyncSession, *, estate_id: int, unit_id: int, utility: str
) -> SupplyCommand | None:
    """Return the newest command that limits a supply or lifts that, whatever became of it."""
    statement = (
        select(SupplyCommand)
        .where(
            SupplyCommand.estate_id == estate_id,
            SupplyCommand.unit_id == unit_id,
            SupplyCommand.utility == utility,
            SupplyCommand.action.in_(LIMITING),
        )
        .order_by(SupplyCommand.asked_at.desc(), SupplyCommand.command_id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def unlimitable(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int], utility: str
) -> dict[int, str]:
    """Return the units whose supply no device can hold to a power, each with why in plain words."""
    return await _unable(session, estate_id=estate_id, unit_ids=unit_ids, utility=utility, ability="limits")


async def unswitchable(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int], utility: str
) -> dict[int, str]:
    """Return the units whose supply no device can switch, each with why in plain words."""
    return await _unable(session, estate_id=estate_id, unit_ids=unit_ids, utility=utility, ability="cut")


async def _unable(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int], utility: str, ability: str
) -> dict[int, str]:
    if not unit_ids:
        return {}
    devices: dict[int, str] = {}
    for meter in await metering.meters_with_devices(session, estate_id=estate_id, unit_ids=sorted(unit_ids)):
        if meter.device is not None and meter.utility == utility:
            # whoever carries commands out takes the first one as well
            devices.setdefault(meter.unit_id, meter.device)
    configured = await registry.configured(session, estate_id=estate_id, names=sorted(set(devices.values())))
    found = {}
    for unit_id in unit_ids:
        name = devices.get(unit_id)
        known = None if name is None else configured.get(name)
        driver = None if known is None else driver_named(known.driver)
        if known is None or driver is None:
            found[unit_id] = _NO_METER
            continue
        abilities = driver.abilities(known.device)
        if ability == "limits" and not abilities.limits:
            found[unit_id] = f"device {name} cannot limit, as it is set up"
        elif ability == "cut" and abilities.cut == "none":
            found[unit_id] = f"device {name} has no switch"
    return found
