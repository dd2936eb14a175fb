"""Routes of impersonations: support looks through a person's eyes."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, status

from mita.identity import operations, queries
from mita.identity.domain import Permission, Principal
from mita.identity.operations import ImpersonationEnded, NotToBeImpersonated
from mita.identity.schemas.keys import (
    ImpersonationIn,
    ImpersonationMade,
    ImpersonationOut,
    impersonation_out,
)
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import Limit, Page, page_of
from mita.kit.web import Asking, Now, edge, needs, platform_work, refusals

router = APIRouter(tags=["people"])
PersonId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The person", examples=[1])]


@router.post(
    "/persons/{person_id}/impersonations",
    operation_id="start_impersonation",
    summary="Look through a person's eyes",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotToBeImpersonated, NotFound, Invalid),
)
@needs(Permission.SUPPORT_IMPERSONATE)
async def start_impersonation(
    request: Request, asking: Asking, person_id: PersonId, body: ImpersonationIn, now: Now
) -> ImpersonationMade:
    """Answer a token, this once, that sees what the person sees for at most an hour; the person is told.

    It may change something only if ``may_write`` was asked for. Every answer to it carries the header
    ``Mita-Impersonated-By``; what it does is recorded under both names.
    """
    async with platform_work(request) as session:
        row, token = await operations.start_impersonation(
            session,
            person_id=person_id,
            reason=body.reason,
            minutes=body.minutes,
            may_write=body.may_write,
            caller=cast("Principal", asking),
            now=now,
        )
        return ImpersonationMade(impersonation=impersonation_out(row), token=token)


@router.get(
    "/persons/{person_id}/impersonations",
    operation_id="list_impersonations",
    summary="List when support looked through a person's eyes",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPORT_IMPERSONATE)
async def list_impersonations(
    request: Request,
    person_id: PersonId,
    before: Annotated[UUID | None, Query(description="Continue with the value of next")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ImpersonationOut]:
    """Impersonations, newest first; continue with ``before`` = ``next``."""
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await queries.person(session, person_id=person_id)
        rows = await queries.impersonations(session, person_id=person_id, before=before, limit=limit + 1)
    return page_of(rows, limit=limit, shown=impersonation_out, cursor=lambda item: str(item.impersonation_id))


@router.delete(
    "/impersonations/{impersonation_id}",
    operation_id="end_impersonation",
    summary="End an impersonation before its time",
    responses=refusals(NotFound, ImpersonationEnded, Invalid),
)
@needs(Permission.SUPPORT_IMPERSONATE)
async def end_impersonation(
    request: Request, impersonation_id: Annotated[UUID, Path(description="The impersonation")], now: Now
) -> ImpersonationOut:
    """End it at once; its record stays."""
    async with platform_work(request) as session:
        row = await queries.impersonation(session, impersonation_id=impersonation_id)
        await operations.end_impersonation(session, row=row, now=now)
        return impersonation_out(row)
