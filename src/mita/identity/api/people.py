"""Routes of persons; staff's."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, status

from mita.identity import operations, queries
from mita.identity.domain import Permission
from mita.identity.operations import EmailTaken
from mita.identity.schemas.people import PersonIn, PersonOut, TokenOut, person_out
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Limit, Page, page_of
from mita.kit.web import Now, edge, needs, platform_work, refusals

router = APIRouter(tags=["people"])
PersonId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The person", examples=[1])]


@router.get(
    "/persons",
    operation_id="list_persons",
    summary="List persons",
    responses=refusals(Invalid),
)
@needs(Permission.PLATFORM_MANAGE)
async def list_persons(
    request: Request,
    q: Annotated[
        str, Query(max_length=100, description="A part of the name, email address or phone number")
    ] = "",
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[PersonOut]:
    """Persons by id; continue with ``after_id`` = ``next``."""
    async with edge(request).database.unit_of_work(estates=[]) as session:
        rows = await queries.persons(session, part=q.replace("\x00", ""), after_id=after_id, limit=limit + 1)
    return page_of(rows, limit=limit, shown=person_out, cursor=lambda item: item.person_id)


@router.post(
    "/persons",
    operation_id="create_person",
    summary="Create a person",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(EmailTaken, Invalid),
)
@needs(Permission.PLATFORM_MANAGE)
async def create_person(request: Request, body: PersonIn, now: Now) -> PersonOut:
    """Create one, who may do nothing until somebody gives access to a wallet."""
    async with platform_work(request) as session:
        row = await operations.create_person(
            session, name=body.name, email=body.email, phone=body.phone, now=now
        )
        return person_out(row)


@router.post(
    "/persons/{person_id}/tokens",
    operation_id="issue_person_token",
    summary="Issue a person's token",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PLATFORM_MANAGE)
async def issue_person_token(request: Request, person_id: PersonId, now: Now) -> TokenOut:
    """Answer the token once; it takes the place of the one before."""
    async with platform_work(request) as session:
        token = await operations.issue_person_token(session, person_id=person_id, now=now)
    return TokenOut(person_id=person_id, token=token)
