"""Routes of joining an estate by its code; staff's. And of helping who has lost the second factor."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from mita.identity import operations, queries
from mita.identity.domain import Permission
from mita.identity.operations import JoinDecided
from mita.identity.schemas.me import (
    JoinApproval,
    JoinCodeIn,
    JoinCodeOut,
    JoinRequestOut,
    join_code_out,
    join_request_out,
)
from mita.identity.schemas.people import PersonOut, person_out
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import Limit, Page, page_of
from mita.kit.web import Asking, EstateId, Now, Session, needs, platform_work, refusals

router = APIRouter(tags=["people"])
_REQUESTS = "/estates/{estate_id}/join-requests"
PersonId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The person", examples=[1])]


@router.get(
    "/estates/{estate_id}/join-code",
    operation_id="get_join_code",
    summary="Get the code that residents sign up with",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PEOPLE_WRITE)
async def get_join_code(session: Session, estate_id: EstateId) -> JoinCodeOut:
    """Null where there never was one."""
    return join_code_out(await queries.join_code(session, estate_id=estate_id))


@router.put(
    "/estates/{estate_id}/join-code",
    operation_id="set_join_code",
    summary="Turn signing up by the estate's code on or off",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PEOPLE_WRITE)
async def set_join_code(
    session: Session, caller: Asking, estate_id: EstateId, body: JoinCodeIn, now: Now
) -> JoinCodeOut:
    """Whoever comes with it waits for approval; with ``is_new`` the code before opens nothing any more."""
    row = await operations.set_join_code(
        session, estate_id=estate_id, is_on=body.is_on, is_new=body.is_new, actor=caller.actor, now=now
    )
    return join_code_out(row)


@router.get(
    _REQUESTS,
    operation_id="list_join_requests",
    summary="List who waits to join the estate",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PEOPLE_WRITE)
async def list_join_requests(
    session: Session,
    estate_id: EstateId,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[JoinRequestOut]:
    """Those who wait, newest first."""
    rows = await queries.join_requests(session, estate_id=estate_id, before=before, limit=limit + 1)
    found = await queries.persons(session, person_ids=[row.person_id for row in rows], limit=limit + 1)
    persons = {person.person_id: person for person in found}
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: join_request_out(row, person=persons[row.person_id]),
        cursor=lambda item: str(item.join_request_id),
    )


@router.post(
    _REQUESTS + "/{join_request_id}/approve",
    operation_id="approve_join_request",
    summary="Let somebody join as resident of a unit",
    responses=refusals(NotFound, JoinDecided, Invalid),
)
@needs(Permission.PEOPLE_WRITE)
async def approve_join_request(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    join_request_id: UUID,
    body: JoinApproval,
    now: Now,
) -> JoinRequestOut:
    """They see the unit and its meters from now on; access to the wallet is given on its own."""
    row = await operations.decide_join(
        session,
        estate_id=estate_id,
        join_request_id=join_request_id,
        unit_id=body.unit_id,
        actor=caller.actor,
        now=now,
    )
    return join_request_out(row, person=await queries.person(session, person_id=row.person_id))


@router.post(
    _REQUESTS + "/{join_request_id}/refuse",
    operation_id="refuse_join_request",
    summary="Refuse somebody who wants to join",
    responses=refusals(NotFound, JoinDecided, Invalid),
)
@needs(Permission.PEOPLE_WRITE)
async def refuse_join_request(
    session: Session, caller: Asking, estate_id: EstateId, join_request_id: UUID, now: Now
) -> JoinRequestOut:
    """They see nothing of the estate."""
    row = await operations.decide_join(
        session,
        estate_id=estate_id,
        join_request_id=join_request_id,
        unit_id=None,
        actor=caller.actor,
        now=now,
    )
    return join_request_out(row, person=await queries.person(session, person_id=row.person_id))


@router.post(
    "/persons/{person_id}/second-factor/reset",
    operation_id="reset_second_factor",
    summary="Take away a second factor that somebody has lost",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PLATFORM_MANAGE)
async def reset_second_factor(request: Request, caller: Asking, person_id: PersonId, now: Now) -> PersonOut:
    """Their sessions end; roles that need a second factor give nothing until there is another."""
    async with platform_work(request) as session:
        person = await queries.person(session, person_id=person_id)
        await operations.remove_factor(session, person_id=person_id, actor=caller.actor, now=now)
        await operations.end_sessions(session, person_id=person_id, because="revoked", kept=None, now=now)
        return person_out(person)
