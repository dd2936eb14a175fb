"""Routes of issues of devices and meters, and of whom they are told."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from mita.devices import operations, queries
from mita.devices.queries import IssueFilter
from mita.devices.schemas import AnyIssueOut, IssueRuleBody, any_issue_out
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Limit, Page, page_of
from mita.kit.web import EstateId, Now, Session, needs, refusals

router = APIRouter(tags=["devices"])

_RULE = "/estates/{estate_id}/issue-rule"


@router.get(
    "/estates/{estate_id}/issues",
    operation_id="list_issues",
    summary="List what is to be looked after of an estate's devices and meters",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def list_issues(
    session: Session,
    estate_id: EstateId,
    device_id: Annotated[Id | None, Query(description="Only of one device")] = None,
    meter_id: Annotated[Id | None, Query(description="Only of one meter and its device")] = None,
    kind: Annotated[str | None, Query(max_length=40, description="Only of one kind")] = None,
    state: Annotated[Literal["open", "over"] | None, Query(description="Only those that stand so")] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[AnyIssueOut]:
    """Newest first, each with what to do about it: what devices say, and what readings show."""
    chosen = IssueFilter(
        device_id,
        meter_id,
        None if kind is None else kind.replace("\x00", ""),
        None if state is None else state == "open",
    )
    rows = await queries.every_issue(
        session, estate_id=estate_id, chosen=chosen, before=before, limit=limit + 1
    )
    return page_of(rows, limit=limit, shown=any_issue_out, cursor=lambda item: str(item.issue_id))


@router.get(
    _RULE,
    operation_id="get_issue_rule",
    summary="Get of which kinds of issues staff is told",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def get_issue_rule(session: Session, estate_id: EstateId) -> IssueRuleBody:
    """Where nobody set them, those that are urgent."""
    return IssueRuleBody(
        kinds=sorted(await queries.told_kinds(session, estate_id=estate_id)),
        frozen_days=await queries.frozen_days(session, estate_id=estate_id),
    )


@router.put(
    _RULE,
    operation_id="set_issue_rule",
    summary="Set of which kinds of issues staff is told",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def set_issue_rule(
    session: Session, estate_id: EstateId, body: IssueRuleBody, now: Now
) -> IssueRuleBody:
    """Set them; what opens from now on is told by it. Issues are listed whether or not they are told."""
    kinds = await operations.set_issue_rule(
        session, estate_id=estate_id, kinds=body.kinds, frozen_days=body.frozen_days, now=now
    )
    return IssueRuleBody(kinds=kinds, frozen_days=body.frozen_days)
