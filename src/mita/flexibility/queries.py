"""Reads of flexibility."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from mita.flexibility.domain import LIVE, Consent
from mita.flexibility.models import FlexibilityConsent, FlexibilityEvent, FlexibilityUnit
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def event(
    session: AsyncSession, *, estate_id: int, event_id: UUID, lock: bool = False
) -> FlexibilityEvent:
    """Return one flexibility event; ``lock`` holds its row.

    :raises NotFound: if the estate has no such event
    """
    found = await session.get(
        FlexibilityEvent,
        (estate_id, event_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=True,
    )
    if found is None:
        raise NotFound(f"flexibility event {event_id} does not exist in estate {estate_id}")
    return found


async def events(
    session: AsyncSession,
    *,
    estate_id: int,
    state: str | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[FlexibilityEvent]:
    """Return an estate's flexibility events, the last made first; ``before`` is the one that they follow."""
    statement = select(FlexibilityEvent).where(FlexibilityEvent.estate_id == estate_id)
    if state is not None:
        statement = statement.where(FlexibilityEvent.state == state)
    if before is not None:
        statement = statement.where(FlexibilityEvent.flexibility_event_id < before)
    ordered = statement.order_by(FlexibilityEvent.flexibility_event_id.desc()).limit(limit)
    return (await session.scalars(ordered)).all()


async def due_events(session: AsyncSession, *, estate_id: int, now: datetime) -> Sequence[FlexibilityEvent]:
    """Return and hold the events that are to begin, go on or end, by their begin."""
    statement = (
        select(FlexibilityEvent)
        .where(
            FlexibilityEvent.estate_id == estate_id,
            FlexibilityEvent.state.in_(LIVE),
            FlexibilityEvent.from_at <= now,
        )
        .order_by(FlexibilityEvent.from_at, FlexibilityEvent.flexibility_event_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def units_taken(
    session: AsyncSession, *, estate_id: int, from_at: datetime, until_at: datetime
) -> set[int]:
    """Return the units that live events of these hours are about."""
    statement = (
        select(FlexibilityUnit.unit_id)
        .join(
            FlexibilityEvent,
            (FlexibilityEvent.estate_id == FlexibilityUnit.estate_id)
            & (FlexibilityEvent.flexibility_event_id == FlexibilityUnit.flexibility_event_id),
        )
        .where(
            FlexibilityUnit.estate_id == estate_id,
            FlexibilityEvent.state.in_(LIVE),
            FlexibilityEvent.from_at < until_at,
            FlexibilityEvent.until_at > from_at,
        )
    )
    return set((await session.scalars(statement)).all())


async def units(
    session: AsyncSession,
    *,
    estate_id: int,
    event_id: UUID,
    states: Sequence[str] = (),
    after_id: int = 0,
    limit: int | None = 100,
) -> Sequence[FlexibilityUnit]:
    """Return units of an event after one, by id; no states are any."""
    statement = select(FlexibilityUnit).where(
        FlexibilityUnit.estate_id == estate_id,
        FlexibilityUnit.flexibility_event_id == event_id,
        FlexibilityUnit.unit_id > after_id,
    )
    if states:
        statement = statement.where(FlexibilityUnit.state.in_(list(states)))
    ordered = statement.order_by(FlexibilityUnit.unit_id).limit(limit)
    return (await session.scalars(ordered.execution_options(populate_existing=True))).all()


async def running_of_unit(
    session: AsyncSession, *, estate_id: int, unit_id: int
) -> list[tuple[FlexibilityEvent, FlexibilityUnit]]:
    """Return the running events that a unit was asked in, with how far it got; its row is held."""
    statement = (
        select(FlexibilityEvent, FlexibilityUnit)
        .join(
            FlexibilityUnit,
            (FlexibilityEvent.estate_id == FlexibilityUnit.estate_id)
            & (FlexibilityEvent.flexibility_event_id == FlexibilityUnit.flexibility_event_id),
        )
        .where(
            FlexibilityUnit.estate_id == estate_id,
            FlexibilityUnit.unit_id == unit_id,
            FlexibilityEvent.state == "running",
        )
        .with_for_update(key_share=True, of=FlexibilityUnit)
        .execution_options(populate_existing=True)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def counts(
    session: AsyncSession, *, estate_id: int, event_ids: Sequence[UUID]
) -> dict[UUID, dict[str, int]]:
    """Return how many units of events are in which state."""
    statement = (
        select(FlexibilityUnit.flexibility_event_id, FlexibilityUnit.state, func.count())
        .where(
            FlexibilityUnit.estate_id == estate_id,
            FlexibilityUnit.flexibility_event_id.in_(list(event_ids)),
        )
        .group_by(FlexibilityUnit.flexibility_event_id, FlexibilityUnit.state)
    )
    found: dict[UUID, dict[str, int]] = {}
    for event_id, state, count in await session.execute(statement):
        found.setdefault(event_id, {})[state] = count
    return found


async def consents(session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int]) -> dict[int, Consent]:
    """Return whether units take part, by unit; those that never said so do not."""
    statement = select(FlexibilityConsent).where(
        FlexibilityConsent.estate_id == estate_id, FlexibilityConsent.unit_id.in_(list(unit_ids))
    )
    rows = await session.scalars(statement.execution_options(populate_existing=True))
    said = {row.unit_id: Consent(row.takes_part, row.is_protected) for row in rows}
    return {unit_id: said.get(unit_id, Consent()) for unit_id in unit_ids}


async def consent(session: AsyncSession, *, estate_id: int, unit_id: int) -> FlexibilityConsent | None:
    """Return what a unit has said; None: nothing."""
    return await session.get(FlexibilityConsent, (estate_id, unit_id), populate_existing=True)


async def consent_page(
    session: AsyncSession, *, estate_id: int, after_id: int, limit: int
) -> Sequence[FlexibilityConsent]:
    """Return what units have said, by unit."""
    statement = select(FlexibilityConsent).where(
        FlexibilityConsent.estate_id == estate_id, FlexibilityConsent.unit_id > after_id
    )
    return (await session.scalars(statement.order_by(FlexibilityConsent.unit_id).limit(limit))).all()
