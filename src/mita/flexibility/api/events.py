"""Routes of flexibility events."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.flexibility import operations, queries
from mita.flexibility.operations import EventOver, EventsOverlap
from mita.flexibility.schemas import (
    EventState,
    FlexibilityEventIn,
    FlexibilityEventOut,
    FlexibilityUnitOut,
    UnitState,
    event_out,
    unit_out,
)
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import AfterId, Id, Limit, Page
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals

from .own import require_unit

router = APIRouter()
_EVENTS = "/estates/{estate_id}/flexibility-events"
_EVENT = _EVENTS + "/{flexibility_event_id}"


@router.post(
    _EVENTS,
    operation_id="plan_flexibility_event",
    summary="Ask units to use less for some hours",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, Invalid, EventsOverlap),
)
@needs(Permission.SUPPLY_CONTROL)
async def plan_flexibility_event(
    session: Session, asking: Asking, estate_id: EstateId, body: FlexibilityEventIn, now: Now
) -> FlexibilityEventOut:
    """Only units that agreed to take part are asked, and those that are protected never.

    Supplies are limited, or switched off, when it begins, by supply commands, and given back when it ends.
    """
    row = await operations.plan_event(
        session, estate_id=estate_id, terms=body.terms(), unit_ids=body.unit_ids, actor=asking.actor, now=now
    )
    return await _event(session, estate_id=estate_id, event_id=row.flexibility_event_id)


async def _event(session: AsyncSession, *, estate_id: int, event_id: UUID) -> FlexibilityEventOut:
    row = await queries.event(session, estate_id=estate_id, event_id=event_id)
    counts = await queries.counts(session, estate_id=estate_id, event_ids=[event_id])
    return event_out(row, counts=counts.get(event_id, {}))


@router.get(
    _EVENTS,
    operation_id="list_flexibility_events",
    summary="List flexibility events with how many units got how far",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ, or_own=True)
async def list_flexibility_events(
    session: Session,
    estate_id: EstateId,
    state: Annotated[EventState | None, Query()] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[FlexibilityEventOut]:
    """List the last made first; residents see those that ask their unit, and only it is counted."""
    rows = await queries.events(session, estate_id=estate_id, state=state, before=before, limit=limit + 1)
    kept = rows[:limit]
    counts = await queries.counts(
        session, estate_id=estate_id, event_ids=[row.flexibility_event_id for row in kept]
    )
    items = [event_out(row, counts=counts.get(row.flexibility_event_id, {})) for row in kept]
    return Page(items=items, next=str(items[-1].flexibility_event_id) if len(rows) > limit else None)


@router.get(
    _EVENT,
    operation_id="get_flexibility_event",
    summary="Get one flexibility event",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ, or_own=True)
async def get_flexibility_event(
    session: Session, estate_id: EstateId, flexibility_event_id: UUID
) -> FlexibilityEventOut:
    """With how many of its units got how far."""
    return await _event(session, estate_id=estate_id, event_id=flexibility_event_id)


@router.get(
    _EVENT + "/units",
    operation_id="list_flexibility_units",
    summary="List the units of a flexibility event",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ, or_own=True)
async def list_flexibility_units(
    session: Session,
    estate_id: EstateId,
    flexibility_event_id: UUID,
    state: Annotated[UnitState | None, Query()] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[FlexibilityUnitOut]:
    """By unit, each with how far it got and why; continue with ``after_id`` = ``next``."""
    await queries.event(session, estate_id=estate_id, event_id=flexibility_event_id)
    rows = await queries.units(
        session,
        estate_id=estate_id,
        event_id=flexibility_event_id,
        states=[] if state is None else [state],
        after_id=after_id,
        limit=limit + 1,
    )
    items = [unit_out(row) for row in rows[:limit]]
    return Page(items=items, next=items[-1].unit_id if len(rows) > limit else None)


@router.post(
    _EVENT + "/cancel",
    operation_id="cancel_flexibility_event",
    summary="Cancel a flexibility event",
    responses=refusals(NotFound, Invalid, EventOver),
)
@needs(Permission.SUPPLY_CONTROL)
async def cancel_flexibility_event(
    session: Session, estate_id: EstateId, flexibility_event_id: UUID, now: Now
) -> FlexibilityEventOut:
    """Of one that is running, everything that it asked is lifted at once."""
    await operations.cancel_event(session, estate_id=estate_id, event_id=flexibility_event_id, now=now)
    return await _event(session, estate_id=estate_id, event_id=flexibility_event_id)


@router.post(
    _EVENT + "/units/{unit_id}/opt-out",
    operation_id="leave_flexibility_event",
    summary="Take a unit out of a flexibility event",
    responses=refusals(NotFound, Invalid, EventOver),
)
@needs(Permission.SUPPLY_CONTROL, or_own=True)
async def leave_flexibility_event(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    flexibility_event_id: UUID,
    unit_id: Id,
    now: Now,
) -> FlexibilityUnitOut:
    """Who lives there, or manages its wallet, may, at any time before the end: it is given back at once."""
    await require_unit(session, caller=asking, estate_id=estate_id, unit_id=unit_id)
    row = await operations.leave_event(
        session, estate_id=estate_id, event_id=flexibility_event_id, unit_id=unit_id, now=now
    )
    return unit_out(row)
