"""Routes of alerts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Limit, Page, page_of
from mita.kit.web import Asking, Caller, EstateId, Now, Session, needs, refusals
from mita.notifications import operations, queries
from mita.notifications.domain import AlertKind
from mita.notifications.schemas.alerts import AlertOut, alert_out

router = APIRouter(tags=["people"])


def _heard_by(caller: Caller, *, estate_id: int) -> int | None:
    """Return whose alerts a caller is shown; None is everybody's."""
    return None if caller.may(Permission.ALERTS_READ, estate_id=estate_id) else caller.person_id


@router.get(
    "/estates/{estate_id}/alerts",
    operation_id="list_alerts",
    summary="List an estate's alerts",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ALERTS_READ, or_own=True)
async def list_alerts(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    is_open: Annotated[bool | None, Query(description="Only those that last, or only those over")] = None,
    kind: Annotated[AlertKind | None, Query()] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[AlertOut]:
    """Newest first; staff see all of them, a person their own."""
    rows = await queries.alerts(
        session,
        estate_id=estate_id,
        person_id=_heard_by(caller, estate_id=estate_id),
        is_open=is_open,
        kind=kind,
        before=before,
        limit=limit + 1,
    )
    return page_of(rows, limit=limit, shown=alert_out, cursor=lambda item: str(item.alert_id))


@router.post(
    "/estates/{estate_id}/alerts/{alert_id}/seen",
    operation_id="mark_alert_seen",
    summary="Note that an alert was seen",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ALERTS_READ, or_own=True)
async def mark_alert_seen(
    session: Session, caller: Asking, estate_id: EstateId, alert_id: UUID, now: Now
) -> AlertOut:
    """Note the first time it was seen; again changes nothing. It stays open while what it tells of lasts."""
    row = await operations.mark_seen(
        session,
        estate_id=estate_id,
        alert_id=alert_id,
        person_id=_heard_by(caller, estate_id=estate_id),
        now=now,
    )
    return alert_out(row)
