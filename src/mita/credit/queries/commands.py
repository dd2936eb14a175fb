"""Reads of supply commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import aliased

from mita.credit.domain import (
    LIMITING,
    OPEN_STATES,
    REPLACED,
    SWITCHING,
)
from mita.credit.models import Supply, SupplyCommand, SupplyStop
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession


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


async def open_commands_of(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int]
) -> dict[tuple[int, str], SupplyCommand]:
    """Return the newest unfinished command to switch each supply of some units, by (unit_id, utility)."""
    statement = (
        select(SupplyCommand)
        .where(
            SupplyCommand.estate_id == estate_id,
            SupplyCommand.unit_id.in_(list(unit_ids)),
            SupplyCommand.action.in_(SWITCHING),
            SupplyCommand.state.in_(list(OPEN_STATES)),
        )
        .order_by(SupplyCommand.asked_at, SupplyCommand.command_id)
    )
    return {(row.unit_id, row.utility): row for row in await session.scalars(statement)}


async def command_count(session: AsyncSession, *, estate_id: int) -> int:
    """Return how many supply commands an estate has had."""
    statement = select(func.count()).select_from(SupplyCommand).where(SupplyCommand.estate_id == estate_id)
    return int(await session.scalar(statement) or 0)


async def open_command(
    session: AsyncSession, *, estate_id: int, unit_id: int, utility: str, actions: Sequence[str] = SWITCHING
) -> SupplyCommand | None:
    """Return and hold the newest command of a supply that was sent and is not finished, if there is one.

    ``actions`` are those that it may ask for: of :data:`SWITCHING` or :data:`LIMITING`.
    """
    statement = (
        select(SupplyCommand)
        .where(
            SupplyCommand.estate_id == estate_id,
            SupplyCommand.unit_id == unit_id,
            SupplyCommand.utility == utility,
            SupplyCommand.action.in_(list(actions)),
            SupplyCommand.state.in_(["queued", "sent", "acknowledged"]),
        )
        .order_by(SupplyCommand.asked_at.desc(), SupplyCommand.command_id.desc())
        .limit(1)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def replaced_off(
    session: AsyncSession, *, estate_id: int, unit_id: int, utility: str
) -> SupplyCommand | None:
    """Return the newest command to switch a supply off, if it was sent and another took its place since.

    Its device may carry it out all the same, later than it was wanted.
    """
    statement = (
        select(SupplyCommand)
        .where(
            SupplyCommand.estate_id == estate_id,
            SupplyCommand.unit_id == unit_id,
            SupplyCommand.utility == utility,
            SupplyCommand.action == "off",
        )
        .order_by(SupplyCommand.asked_at.desc(), SupplyCommand.command_id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    found = (await session.scalars(statement)).one_or_none()
    is_replaced = found is not None and found.attempts > 0 and found.failure == REPLACED
    return found if is_replaced else None


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
    """Return and hold the commands of some units that are neither confirmed nor failed, oldest first.

    Without those that wait until their supply is on.
    """
    if not unit_ids:
        return []
    statement = (
        select(SupplyCommand)
        .where(
            SupplyCommand.estate_id == estate_id,
            SupplyCommand.unit_id.in_(list(unit_ids)),
            SupplyCommand.state.in_(OPEN_STATES),
            ~_waits_for_supply(),
        )
        .order_by(SupplyCommand.asked_at, SupplyCommand.command_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def due_commands(session: AsyncSession, *, estate_id: int, now: datetime, limit: int) -> list[UUID]:
    """Return the commands that are to be given to the wire: asked, or without an answer that was due.

    Without those that wait until their supply is on.
    """
    is_due = (SupplyCommand.state == "asked") | (
        SupplyCommand.state.in_(["queued", "sent", "acknowledged"]) & (SupplyCommand.answer_due_at <= now)
    )
    statement = (
        select(SupplyCommand.command_id)
        .where(SupplyCommand.estate_id == estate_id, is_due, ~_waits_for_supply())
        .order_by(SupplyCommand.asked_at, SupplyCommand.command_id)
        .limit(limit)
    )
    return list((await session.scalars(statement)).all())


async def waits_for_supply(session: AsyncSession, *, command: SupplyCommand) -> bool:
    """Tell whether a command limits a supply that is off, or is to be: it is given once the supply is on."""
    found = select(SupplyCommand.command_id).where(
        SupplyCommand.estate_id == command.estate_id,
        SupplyCommand.command_id == command.command_id,
        _waits_for_supply(),
    )
    return await session.scalar(found) is not None


def _of_its_supply(row: Any) -> tuple[ColumnElement[bool], ...]:
    """Return what holds for rows of the supply that a command is for."""
    return (
        row.estate_id == SupplyCommand.estate_id,
        row.unit_id == SupplyCommand.unit_id,
        row.utility == SupplyCommand.utility,
    )


def _waits_for_supply() -> ColumnElement[bool]:
    other = aliased(SupplyCommand)
    is_switched = (
        select(other.command_id)
        .where(
            *_of_its_supply(other),
            other.action.in_(SWITCHING),
            other.state.in_(OPEN_STATES),
        )
        .exists()
    )
    is_stopped = (
        select(SupplyStop.cause)
        .where(
            *_of_its_supply(SupplyStop),
            SupplyStop.is_asked,
        )
        .exists()
    )
    is_off = (
        select(Supply.unit_id)
        .where(
            *_of_its_supply(Supply),
            Supply.is_on.is_(False),
        )
        .exists()
    )
    return SupplyCommand.action.in_(LIMITING) & (is_switched | is_stopped | is_off)


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
            *_of_its_supply(later),
            (later.action.in_(SWITCHING) == SupplyCommand.action.in_(SWITCHING)),
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
            SupplyCommand.action.in_(SWITCHING),
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


async def unconfirmed_count(session: AsyncSession) -> int:
    """Return how many supply commands of the estates that the session sees wait for a device's word."""
    found = select(func.count()).select_from(SupplyCommand)
    return await session.scalar(found.where(SupplyCommand.state.not_in(("confirmed", "failed")))) or 0
