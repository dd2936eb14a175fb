"""Reads of credit control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import aliased

from mita.credit.domain import (
    NO_FRIENDLY_HOURS,
    OPEN_STATES,
    FriendlyHours,
    Rule,
    default_rule,
    next_cut_time,
)
from mita.credit.models import CreditRule, Supply, SupplyCommand, SupplyStop
from mita.credit.models import FriendlyHours as FriendlyHoursRow
from mita.estates import queries as estate_queries
from mita.kit.errors import NotFound
from mita.kit.zones import zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession


async def rule(session: AsyncSession, *, estate_id: int, utility: str) -> Rule:
    """Return an estate's rule for a utility; the default if it has set none."""
    row = await session.get(CreditRule, (estate_id, utility), populate_existing=True)
    if row is None:
        return default_rule(utility)
    return Rule(utility, row.is_cutting, row.low_line_micro, row.cut_line_micro, row.restore_line_micro)


async def has_rule(session: AsyncSession, *, estate_id: int, utility: str) -> bool:
    """Tell whether an estate has set a rule for a utility."""
    return await session.get(CreditRule, (estate_id, utility)) is not None


async def command(
    session: AsyncSession, *, estate_id: int, command_id: UUID, lock: bool = False
) -> SupplyCommand:
    """Return one supply command; ``lock`` holds its row.

    :raises NotFound: if the estate has no such command
    """
    found = await session.get(
        SupplyCommand,
        (estate_id, command_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise NotFound(f"supply command {command_id} does not exist in estate {estate_id}")
    return found


async def commands(
    session: AsyncSession,
    *,
    estate_id: int,
    states: Sequence[str] = (),
    unit_id: int | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[SupplyCommand]:
    """Return an estate's supply commands, newest first; ``before`` is the command that they follow."""
    statement = select(SupplyCommand).where(SupplyCommand.estate_id == estate_id)
    if before is not None:
        place = select(SupplyCommand.asked_at, SupplyCommand.command_id).where(
            SupplyCommand.estate_id == estate_id, SupplyCommand.command_id == before
        )
        statement = statement.where(
            tuple_(SupplyCommand.asked_at, SupplyCommand.command_id) < place.scalar_subquery()
        )
    if states:
        statement = statement.where(SupplyCommand.state.in_(list(states)))
    if unit_id is not None:
        statement = statement.where(SupplyCommand.unit_id == unit_id)
    statement = statement.order_by(SupplyCommand.asked_at.desc(), SupplyCommand.command_id.desc()).limit(
        limit
    )
    return (await session.scalars(statement)).all()


async def command_count(session: AsyncSession, *, estate_id: int) -> int:
    """Return how many supply commands an estate has had."""
    statement = select(func.count()).select_from(SupplyCommand).where(SupplyCommand.estate_id == estate_id)
    return int(await session.scalar(statement) or 0)


async def supplies(session: AsyncSession, *, estate_id: int) -> dict[tuple[int, str], Supply]:
    """Return the supplies whose state a device has confirmed, by (unit_id, utility); the others are on."""
    rows = await session.scalars(select(Supply).where(Supply.estate_id == estate_id))
    return {(row.unit_id, row.utility): row for row in rows}


async def is_supply_on(session: AsyncSession, *, estate_id: int, unit_id: int, utility: str) -> bool:
    """Tell whether a supply is on by the device's own word; one that was never switched is on."""
    found = await session.get(Supply, (estate_id, unit_id, utility), populate_existing=True)
    return found is None or found.is_on


async def supply(session: AsyncSession, *, estate_id: int, unit_id: int, utility: str) -> Supply | None:
    """Return what is known of a supply by the device's own word; None if nothing is."""
    return await session.get(Supply, (estate_id, unit_id, utility), populate_existing=True)


async def open_command(
    session: AsyncSession, *, estate_id: int, unit_id: int, utility: str
) -> SupplyCommand | None:
    """Return and hold the newest command of a supply that was sent and is not finished, if there is one."""
    statement = (
        select(SupplyCommand)
        .where(
            SupplyCommand.estate_id == estate_id,
            SupplyCommand.unit_id == unit_id,
            SupplyCommand.utility == utility,
            SupplyCommand.state.in_(["queued", "sent", "acknowledged"]),
        )
        .order_by(SupplyCommand.asked_at.desc(), SupplyCommand.command_id.desc())
        .limit(1)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def commands_of_ids(
    session: AsyncSession, *, estate_id: int, command_ids: Sequence[UUID]
) -> Sequence[SupplyCommand]:
    """Return some of an estate's supply commands, the oldest first."""
    statement = select(SupplyCommand).where(
        SupplyCommand.estate_id == estate_id, SupplyCommand.command_id.in_(list(command_ids))
    )
    ordered = statement.order_by(SupplyCommand.asked_at, SupplyCommand.command_id)
    return (await session.scalars(ordered)).all()


async def unfinished_commands(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int]
) -> Sequence[SupplyCommand]:
    """Return and hold the commands of some units that are neither confirmed nor failed, oldest first."""
    if not unit_ids:
        return []
    statement = (
        select(SupplyCommand)
        .where(
            SupplyCommand.estate_id == estate_id,
            SupplyCommand.unit_id.in_(list(unit_ids)),
            SupplyCommand.state.in_(OPEN_STATES),
        )
        .order_by(SupplyCommand.asked_at, SupplyCommand.command_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def due_commands(session: AsyncSession, *, estate_id: int, now: datetime, limit: int) -> list[UUID]:
    """Return the commands that are to be given to the wire: asked, or without an answer that was due."""
    is_due = (SupplyCommand.state == "asked") | (
        SupplyCommand.state.in_(["queued", "sent", "acknowledged"]) & (SupplyCommand.answer_due_at <= now)
    )
    statement = (
        select(SupplyCommand.command_id)
        .where(SupplyCommand.estate_id == estate_id, is_due)
        .order_by(SupplyCommand.asked_at, SupplyCommand.command_id)
        .limit(limit)
    )
    return list((await session.scalars(statement)).all())


async def expired_commands(
    session: AsyncSession, *, estate_id: int, since: datetime, until: datetime
) -> Sequence[SupplyCommand]:
    """Return the commands that nobody confirmed until they expired, in [since, until).

    Only those that were given to a wire, and whose place no later one has taken there.
    """
    later = aliased(SupplyCommand)
    is_replaced = (
        select(later.command_id)
        .where(
            later.estate_id == SupplyCommand.estate_id,
            later.unit_id == SupplyCommand.unit_id,
            later.utility == SupplyCommand.utility,
            later.asked_at > SupplyCommand.asked_at,
            later.attempts > 0,
        )
        .exists()
    )
    statement = select(SupplyCommand).where(
        SupplyCommand.estate_id == estate_id,
        SupplyCommand.state == "failed",
        SupplyCommand.attempts > 0,
        SupplyCommand.expires_at >= since,
        SupplyCommand.expires_at < until,
        SupplyCommand.changed_at >= SupplyCommand.expires_at,
        ~is_replaced,
    )
    return (await session.scalars(statement.order_by(SupplyCommand.asked_at))).all()


async def off_spans(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int]
) -> dict[tuple[int, str], list[tuple[datetime, datetime | None]]]:
    """Return when supplies were off by the devices' own word, by (unit_id, utility), in time order.

    Each is [since, until); an until of None is not over.
    """
    statement = (
        select(SupplyCommand.unit_id, SupplyCommand.utility, SupplyCommand.action, SupplyCommand.changed_at)
        .where(
            SupplyCommand.estate_id == estate_id,
            SupplyCommand.unit_id.in_(list(unit_ids)),
            SupplyCommand.state == "confirmed",
        )
        .order_by(SupplyCommand.changed_at, SupplyCommand.asked_at)
    )
    found: dict[tuple[int, str], list[tuple[datetime, datetime | None]]] = {}
    for row in await session.execute(statement):
        spans = found.setdefault((row.unit_id, row.utility), [])
        is_off = bool(spans) and spans[-1][1] is None
        if row.action == "off" and not is_off:
            spans.append((row.changed_at, None))
        elif row.action == "on" and is_off:
            spans[-1] = (spans[-1][0], row.changed_at)
    return found


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
    session: AsyncSession, *, estate_id: int, unit_id: int | None = None, utility: str | None = None
) -> Sequence[SupplyStop]:
    """Return what stops supplies, by unit, utility and cause; None filters nothing."""
    statement = select(SupplyStop).where(SupplyStop.estate_id == estate_id)
    if unit_id is not None:
        statement = statement.where(SupplyStop.unit_id == unit_id)
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


async def unconfirmed_count(session: AsyncSession) -> int:
    """Return how many supply commands of the estates that the session sees wait for a device's word."""
    found = select(func.count()).select_from(SupplyCommand)
    return await session.scalar(found.where(SupplyCommand.state.not_in(("confirmed", "failed")))) or 0
