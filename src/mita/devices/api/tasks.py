"""Routes of tasks of devices: clocks that are set, prices that meters take."""

from datetime import datetime, time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from mita.devices import operations, queries
from mita.devices.domain import NotForMeters, TaskKind, TaskState, charges_differ
from mita.devices.operations import ClockWouldCross, DeviceCannot, DeviceTaskOver, PricesNotForMeter
from mita.devices.schemas import (
    ClockIn,
    DeviceTaskOut,
    MeterPricesOut,
    PricesIn,
    device_task_out,
)
from mita.estates import queries as estates
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Limit, Page, page_of
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.kit.zones import zone

router = APIRouter(tags=["devices"])

_ONE = "/estates/{estate_id}/devices/{device_id}"
_TASKS = "/estates/{estate_id}/device-tasks"
_DAYS_AHEAD_MAX = 366
_TASKS_OF_PRICES = 50


@router.post(
    f"{_ONE}/clock",
    operation_id="set_device_clock",
    summary="Ask that a device's clock be set",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, DeviceCannot, ClockWouldCross, Invalid),
)
@needs(Permission.METERS_WRITE)
async def set_device_clock(
    session: Session, asking: Asking, estate_id: EstateId, device_id: Id, body: ClockIn, now: Now
) -> DeviceTaskOut:
    """`mita poll` sets it and reads it back, away from the edges of intervals that the device counts by."""
    row = await operations.ask_clock(
        session,
        estate_id=estate_id,
        device_id=device_id,
        may_cross=body.may_cross,
        asked_by=asking.actor,
        now=now,
    )
    return device_task_out(row)


@router.post(
    f"{_ONE}/prices",
    operation_id="send_device_prices",
    summary="Ask that a meter charge by the rate tables in force",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, DeviceCannot, PricesNotForMeter, Invalid),
)
@needs(Permission.METERS_WRITE)
async def send_device_prices(
    session: Session, asking: Asking, estate_id: EstateId, device_id: Id, body: PricesIn, now: Now
) -> DeviceTaskOut:
    """For meters that count money themselves; one price of a unit and one of a day, with tax, and no more."""
    local = zone((await estates.estate(session, estate_id=estate_id)).time_zone)
    at = now
    if body.from_on is not None:
        days = (body.from_on - now.astimezone(local).date()).days
        if not 0 <= days <= _DAYS_AHEAD_MAX:
            message = f"from_on is a date from today to {_DAYS_AHEAD_MAX} days ahead"
            raise Invalid(message, problems=[{"path": "body.from_on", "message": message}])
        at = max(now, datetime.combine(body.from_on, time(), local))
    row = await operations.ask_meter_prices(
        session, estate_id=estate_id, device_id=device_id, at=at, asked_by=asking.actor, now=now
    )
    return device_task_out(row)


@router.get(
    f"{_ONE}/prices",
    operation_id="get_device_prices",
    summary="Get what a meter is to charge by itself, and what it says that it charges",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def get_device_prices(session: Session, estate_id: EstateId, device_id: Id, now: Now) -> MeterPricesOut:
    """Work out what is intended now, and hold what the meter said last against it."""
    problems: list[str] = []
    intended = None
    try:
        found = await queries.intended_prices(session, estate_id=estate_id, device_id=device_id, at=now)
        intended = found.stored()
    except NotForMeters as error:
        problems = error.reasons
    rows = await queries.tasks(
        session, estate_id=estate_id, device_id=device_id, kind="prices", limit=_TASKS_OF_PRICES
    )
    active = next((row.active for row in rows if row.active is not None), None)
    is_known = active is not None and intended is not None
    return MeterPricesOut(
        intended=intended,
        problems=problems,
        active=active,
        verified_at=next((row.verified_at for row in rows if row.verified_at is not None), None),
        differs=charges_differ(active or {}, intended=intended or {}) if is_known else None,
        task=device_task_out(rows[0]) if rows else None,
    )


@router.get(
    _TASKS,
    operation_id="list_device_tasks",
    summary="List what an estate's devices are to be told, and were told",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def list_device_tasks(
    session: Session,
    estate_id: EstateId,
    device_id: Annotated[Id | None, Query(description="Only of one device")] = None,
    kind: Annotated[TaskKind | None, Query(description="Only of one kind")] = None,
    state: Annotated[TaskState | None, Query(description="Only those that stand so")] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[DeviceTaskOut]:
    """Newest first."""
    rows = await queries.tasks(
        session,
        estate_id=estate_id,
        device_id=device_id,
        kind=kind,
        state=state,
        before=before,
        limit=limit + 1,
    )
    return page_of(rows, limit=limit, shown=device_task_out, cursor=lambda item: str(item.device_task_id))


@router.post(
    f"{_TASKS}/{{device_task_id}}/withdraw",
    operation_id="withdraw_device_task",
    summary="Take back what a device is to be told",
    responses=refusals(NotFound, DeviceTaskOver, Invalid),
)
@needs(Permission.METERS_WRITE)
async def withdraw_device_task(
    session: Session, asking: Asking, estate_id: EstateId, device_task_id: UUID, now: Now
) -> DeviceTaskOut:
    """Leave it at what the device was told already."""
    row = await operations.withdraw_task(
        session, estate_id=estate_id, task_id=device_task_id, asked_by=asking.actor, now=now
    )
    return device_task_out(row)
