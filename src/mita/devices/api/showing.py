"""Routes of what devices show: issues, frames while they are watched, what is missing until they work."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from mita.devices import operations, queries
from mita.devices.schemas import (
    ChecklistOut,
    FrameOut,
    IssueOut,
    WatchOut,
    check_out,
    frame_out,
    issue_out,
)
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Limit, Page, page_of
from mita.kit.web import EstateId, Now, Session, needs, refusals

router = APIRouter(tags=["devices"])

_ONE = "/estates/{estate_id}/devices/{device_id}"


@router.get(
    "/estates/{estate_id}/device-issues",
    operation_id="list_device_issues",
    summary="List what is to be looked after of an estate's devices",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def list_device_issues(
    session: Session,
    estate_id: EstateId,
    device_id: Annotated[Id | None, Query(description="Only of one device")] = None,
    kind: Annotated[str | None, Query(max_length=40, description="Only of one kind")] = None,
    state: Annotated[Literal["open", "over"] | None, Query(description="Only those that stand so")] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[IssueOut]:
    """Newest first, each with what to do about it."""
    rows = await queries.issues(
        session,
        estate_id=estate_id,
        device_id=device_id,
        kind=None if kind is None else kind.replace("\x00", ""),
        is_open=None if state is None else state == "open",
        before=before,
        limit=limit + 1,
    )
    return page_of(rows, limit=limit, shown=issue_out, cursor=lambda item: str(item.issue_id))


@router.post(
    f"{_ONE}/watch",
    operation_id="watch_device",
    summary="Keep what passes on a device's wire for half an hour",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_WRITE)
async def watch_device(session: Session, estate_id: EstateId, device_id: Id, now: Now) -> WatchOut:
    """Keep the newest fifty frames, for a day at most; `list_device_frames` shows them."""
    until = await operations.watch(session, estate_id=estate_id, device_id=device_id, now=now)
    return WatchOut(until=until)


@router.get(
    f"{_ONE}/frames",
    operation_id="list_device_frames",
    summary="List what passed on the wire of a watched device",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def list_device_frames(
    session: Session,
    estate_id: EstateId,
    device_id: Id,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[FrameOut]:
    """Newest first."""
    await queries.device(session, estate_id=estate_id, device_id=device_id)
    rows = await queries.frames(
        session, estate_id=estate_id, device_id=device_id, before=before, limit=limit + 1
    )
    return page_of(rows, limit=limit, shown=frame_out, cursor=lambda item: str(item.frame_id))


@router.get(
    f"{_ONE}/checklist",
    operation_id="get_device_checklist",
    summary="Get what is missing until a device works",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def get_device_checklist(
    session: Session, estate_id: EstateId, device_id: Id, now: Now
) -> ChecklistOut:
    """List the steps in the order in which an installer goes through them, in plain words."""
    steps = await queries.steps(session, estate_id=estate_id, device_id=device_id, now=now)
    items = [check_out(each) for each in steps]
    return ChecklistOut(is_done=all(each.state == "done" for each in items), items=items)
