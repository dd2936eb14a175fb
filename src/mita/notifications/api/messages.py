"""Routes of messages; of those who run the platform."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from mita.identity.domain import Permission
from mita.kit.errors import Invalid
from mita.kit.shapes import Limit, Page, page_of
from mita.kit.web import edge, needs, refusals
from mita.notifications import queries
from mita.notifications.schemas.messages import MessageOut, MessageState, message_out

router = APIRouter(tags=["people"])


@router.get(
    "/messages",
    operation_id="list_messages",
    summary="List messages and whether they were delivered",
    responses=refusals(Invalid),
)
@needs(Permission.PLATFORM_MANAGE)
async def list_messages(
    request: Request,
    state: Annotated[MessageState | None, Query(description="Only those in this state")] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[MessageOut]:
    """Newest first: to whom (as a hint), how often it was tried, and what stood in the way."""
    async with edge(request).database.unit_of_work(estates=[]) as session:
        rows = await queries.messages(session, state=state, before=before, limit=limit + 1)
    return page_of(rows, limit=limit, shown=message_out, cursor=lambda item: str(item.message_id))
