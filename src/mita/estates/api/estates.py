"""Routes of estates and organisations."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, status

from mita.estates import operations, queries
from mita.estates.operations import ChangedMeanwhile, NameTaken, StillInUse
from mita.estates.schemas.estates import (
    EstateIn,
    EstateOut,
    EstatePatch,
    OrganisationIn,
    OrganisationOut,
    OrganisationPatch,
    estate_out,
    organisation_out,
)
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Limit, Page, page_of
from mita.kit.web import (
    Asking,
    EstateId,
    Now,
    Session,
    caller,
    edge,
    missing,
    needs,
    platform_work,
    refusals,
)

router = APIRouter()
OrganisationId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The organisation", examples=[1])]


@router.get(
    "/estates",
    operation_id="list_estates",
    summary="List the estates you may see",
    responses=refusals(Invalid),
)
@needs(Permission.ESTATES_READ, or_own=True)
async def list_estates(
    request: Request,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
    archived: Annotated[bool, Query(description="Archived ones too; for who runs the platform")] = False,  # noqa: FBT002 - a parameter of the query
) -> Page[EstateOut]:
    """Estates by id; continue with ``after_id`` = ``next``."""
    database = edge(request).database
    if archived and not caller(request).may(Permission.PLATFORM_MANAGE, estate_id=None):
        raise missing(Permission.PLATFORM_MANAGE)
    async with database.unit_of_work(estates=[]) as session:
        seen = await edge(request).estates_of(session, caller(request))
    async with database.unit_of_work(estates=seen) as session:
        rows = await queries.estates(session, after_id=after_id, limit=limit + 1, with_archived=archived)
    return page_of(rows, limit=limit, shown=estate_out, cursor=lambda item: item.estate_id)


@router.post(
    "/estates",
    operation_id="create_estate",
    summary="Create an estate",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NameTaken, NotFound, Invalid),
)
@needs(Permission.ESTATES_CREATE, or_own=True)
async def create_estate(request: Request, asking: Asking, body: EstateIn, now: Now) -> EstateOut:
    """Create one; a repeat is refused with ``name_taken`` and makes no second estate.

    An operator of an organisation creates estates of that organisation, and no others.
    """
    organisation_id = body.organisation_id
    if not asking.may(Permission.ESTATES_CREATE, estate_id=None) and (
        organisation_id is None
        or not asking.may_in_organisation(Permission.ESTATES_CREATE, organisation_id=organisation_id)
    ):
        raise missing(Permission.ESTATES_CREATE)
    async with platform_work(request) as session:
        row = await operations.create_estate(
            session,
            name=body.name,
            currency=body.currency,
            time_zone=body.time_zone,
            seen=[],
            now=now,
            details=body.details(),
        )
        return estate_out(row)


@router.get(
    "/estates/{estate_id}",
    operation_id="get_estate",
    summary="Get one estate",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_READ, or_own=True)
async def get_estate(session: Session, estate_id: EstateId) -> EstateOut:
    """One estate."""
    return estate_out(await queries.estate(session, estate_id=estate_id))


@router.patch(
    "/estates/{estate_id}",
    operation_id="update_estate",
    summary="Change what an estate says of itself",
    responses=refusals(NotFound, NameTaken, ChangedMeanwhile, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def update_estate(session: Session, estate_id: EstateId, body: EstatePatch, now: Now) -> EstateOut:
    """Change what the body names."""
    row = await operations.update_estate(session, estate_id=estate_id, change=body.change(), now=now)
    return estate_out(row)


@router.post(
    "/estates/{estate_id}/restore",
    operation_id="restore_estate",
    summary="Bring an archived estate back",
    responses=refusals(NotFound, NameTaken, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def restore_estate(session: Session, estate_id: EstateId, now: Now) -> EstateOut:
    """Let it take readings again; one that was not archived stays as it is. For who runs the platform."""
    return estate_out(await operations.restore_estate(session, estate_id=estate_id, now=now))


@router.get(
    "/organisations",
    operation_id="list_organisations",
    summary="List organisations",
    responses=refusals(Invalid),
)
@needs(Permission.ORGANISATIONS_READ)
async def list_organisations(
    request: Request, after_id: Annotated[AfterId, Query()] = 0, limit: Annotated[Limit, Query()] = 100
) -> Page[OrganisationOut]:
    """Organisations by id; continue with ``after_id`` = ``next``."""
    async with edge(request).database.unit_of_work(estates=[]) as session:
        rows = await queries.organisations(session, after_id=after_id, limit=limit + 1)
    return page_of(rows, limit=limit, shown=organisation_out, cursor=lambda item: item.organisation_id)


@router.post(
    "/organisations",
    operation_id="create_organisation",
    summary="Create an organisation",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NameTaken, Invalid),
)
@needs(Permission.ORGANISATIONS_WRITE)
async def create_organisation(request: Request, body: OrganisationIn, now: Now) -> OrganisationOut:
    """Create one, which runs no estate yet."""
    async with platform_work(request) as session:
        return organisation_out(await operations.create_organisation(session, name=body.name, now=now))


@router.get(
    "/organisations/{organisation_id}",
    operation_id="get_organisation",
    summary="Get one organisation",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ORGANISATIONS_READ)
async def get_organisation(request: Request, organisation_id: OrganisationId) -> OrganisationOut:
    """One organisation."""
    async with edge(request).database.unit_of_work(estates=[]) as session:
        return organisation_out(await queries.organisation(session, organisation_id=organisation_id))


@router.patch(
    "/organisations/{organisation_id}",
    operation_id="update_organisation",
    summary="Rename an organisation",
    responses=refusals(NotFound, NameTaken, ChangedMeanwhile, Invalid),
)
@needs(Permission.ORGANISATIONS_WRITE)
async def update_organisation(
    request: Request, organisation_id: OrganisationId, body: OrganisationPatch, now: Now
) -> OrganisationOut:
    """Give it another name."""
    async with platform_work(request) as session:
        row = await operations.update_organisation(
            session, organisation_id=organisation_id, change=body.change(), now=now
        )
        return organisation_out(row)


@router.delete(
    "/organisations/{organisation_id}",
    operation_id="archive_organisation",
    summary="Archive an organisation",
    responses=refusals(NotFound, StillInUse, Invalid),
)
@needs(Permission.ORGANISATIONS_WRITE)
async def archive_organisation(
    request: Request, organisation_id: OrganisationId, now: Now
) -> OrganisationOut:
    """Archive one that runs no estate."""
    async with platform_work(request) as session:
        row = await operations.archive_organisation(session, organisation_id=organisation_id, now=now)
        return organisation_out(row)
