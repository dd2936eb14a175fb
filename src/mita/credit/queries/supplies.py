"""Reads of credit control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.credit.domain import (
    NO_FRIENDLY_HOURS,
    FriendlyHours,
    Rule,
    default_rule,
    next_cut_time,
)
from mita.credit.models import CreditRule, Supply, SupplyStop
from mita.credit.models import FriendlyHours as FriendlyHoursRow
from mita.estates import queries as estate_queries
from mita.kit.zones import zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession


async def rule(session: AsyncSession, *, estate_id: int, utility: str) -> Rule:
    """Return an estate's rule for a utility; the default if it has set none."""
    row = await session.get(CreditRule, (estate_id, utility), populate_existing=True)
    if row is None:
        return default_rule(utility)
    return Rule(
        utility,
        row.is_cutting,
        row.low_line_micro,
        row.cut_line_micro,
        row.restore_line_micro,
        row.lifeline_w,
    )


async def has_rule(session: AsyncSession, *, estate_id: int, utility: str) -> bool:
    """Tell whether an estate has set a rule for a utility."""
    return await session.get(CreditRule, (estate_id, utility)) is not None


async def supplies(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int] | None = None
) -> dict[tuple[int, str], Supply]:
    """Return the supplies whose state a device has confirmed, by (unit_id, utility); the others are on.

    Without ``unit_ids`` those of all units.
    """
    statement = select(Supply).where(Supply.estate_id == estate_id)
    if unit_ids is not None:
        statement = statement.where(Supply.unit_id.in_(list(unit_ids)))
    rows = await session.scalars(statement.execution_options(populate_existing=True))
    return {(row.unit_id, row.utility): row for row in rows}


async def is_supply_on(session: AsyncSession, *, estate_id: int, unit_id: int, utility: str) -> bool:
    """Tell whether a supply is on by the device's own word; one that was never switched is on."""
    found = await session.get(Supply, (estate_id, unit_id, utility), populate_existing=True)
    return found is None or found.is_on


async def supply(session: AsyncSession, *, estate_id: int, unit_id: int, utility: str) -> Supply | None:
    """Return what is known of a supply by the device's own word; None if nothing is."""
    return await session.get(Supply, (estate_id, unit_id, utility), populate_existing=True)


async def supply_page(
    session: AsyncSession, *, estate_id: int, is_on: bool | None, after_id: int, limit: int
) -> Sequence[Supply]:
    """Return the supplies of so many units after one, by unit and utility; None filters nothing."""
    statement = select(Supply).where(Supply.estate_id == estate_id, Supply.unit_id > after_id)
    if is_on is not None:
        statement = statement.where(Supply.is_on.is_(is_on))
    units = statement.with_only_columns(Supply.unit_id).distinct().order_by(Supply.unit_id).limit(limit)
    statement = statement.where(Supply.unit_id.in_(units)).order_by(Supply.unit_id, Supply.utility)
    return (await session.scalars(statement)).all()


async def stop_page(
    session: AsyncSession, *, estate_id: int, unit_id: int | None, after_id: int, limit: int
) -> Sequence[SupplyStop]:
    """Return what stops supplies of so many units after one, by unit, utility and cause; None is any unit."""
    statement = select(SupplyStop).where(SupplyStop.estate_id == estate_id, SupplyStop.unit_id > after_id)
    if unit_id is not None:
        statement = statement.where(SupplyStop.unit_id == unit_id)
    units = (
        statement.with_only_columns(SupplyStop.unit_id).distinct().order_by(SupplyStop.unit_id).limit(limit)
    )
    statement = statement.where(SupplyStop.unit_id.in_(units))
    statement = statement.order_by(SupplyStop.unit_id, SupplyStop.utility, SupplyStop.cause)
    return (await session.scalars(statement)).all()


async def stops(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int | None = None,
    unit_ids: Sequence[int] | None = None,
    utility: str | None = None,
) -> Sequence[SupplyStop]:
    """Return what stops supplies, by unit, utility and cause; None filters nothing."""
    statement = select(SupplyStop).where(SupplyStop.estate_id == estate_id)
    if unit_id is not None:
        statement = statement.where(SupplyStop.unit_id == unit_id)
    if unit_ids is not None:
        statement = statement.where(SupplyStop.unit_id.in_(list(unit_ids)))
    if utility is not None:
        statement = statement.where(SupplyStop.utility == utility)
    statement = statement.order_by(SupplyStop.unit_id, SupplyStop.utility, SupplyStop.cause)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def due_stops(
    session: AsyncSession, *, estate_id: int, now: datetime, limit: int
) -> list[tuple[int, str, str]]:
    """Return (unit_id, utility, cause) of deferred stops whose time has come, in that order."""
    is_due = SupplyStop.is_asked.is_(False) & (SupplyStop.due_at <= now)
    return await _keys(session, estate_id=estate_id, condition=is_due, limit=limit)


async def ended_stops(
    session: AsyncSession, *, estate_id: int, now: datetime, limit: int
) -> list[tuple[int, str, str]]:
    """Return (unit_id, utility, cause) of stops whose end has come, in that order."""
    return await _keys(session, estate_id=estate_id, condition=SupplyStop.until <= now, limit=limit)


async def _keys(
    session: AsyncSession, *, estate_id: int, condition: ColumnElement[bool], limit: int
) -> list[tuple[int, str, str]]:
    statement = (
        select(SupplyStop.unit_id, SupplyStop.utility, SupplyStop.cause)
        .where(SupplyStop.estate_id == estate_id, condition)
        .order_by(SupplyStop.unit_id, SupplyStop.utility, SupplyStop.cause)
        .limit(limit)
    )
    return [(row.unit_id, row.utility, row.cause) for row in await session.execute(statement)]


async def friendly_hours(session: AsyncSession, *, estate_id: int) -> FriendlyHours:
    """Return when an estate cuts nothing; never, if it has not said so."""
    row = await session.get(FriendlyHoursRow, estate_id, populate_existing=True)
    if row is None:
        return NO_FRIENDLY_HOURS
    return FriendlyHours(
        is_on=row.is_on,
        night_from=row.night_from,
        night_until=row.night_until,
        weekends=row.weekends,
        holidays_country=row.holidays_country,
        holidays_subdivision=row.holidays_subdivision,
    )


async def next_cut(session: AsyncSession, *, estate_id: int, instant: datetime) -> datetime:
    """Return the first moment from ``instant`` on at which the estate may cut a supply."""
    hours = await friendly_hours(session, estate_id=estate_id)
    if not hours.is_on:
        return instant
    estate = await estate_queries.estate(session, estate_id=estate_id)
    local = zone(estate.time_zone)
    holidays = hours.holidays_after(instant.astimezone(local).date())
    return next_cut_time(instant, rule=hours, zone=local, holidays=holidays)
