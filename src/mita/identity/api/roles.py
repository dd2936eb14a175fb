"""Routes of roles: over the platform and organisations, over estates and their units."""

from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.identity import operations, queries
from mita.identity.domain import Permission, Principal, RolePlace, Scope, may_grant
from mita.identity.operations import BeyondOwn, LastPlatformAdmin, RoleEnded, RoleHeldAlready
from mita.identity.schemas.roles import EstateRoleIn, RoleIn, RoleOut, RoleRow, role_out
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Limit, Page, page_of
from mita.kit.web import (
    Asking,
    EstateId,
    Now,
    Session,
    edge,
    missing,
    needs,
    platform_work,
    refusals,
)

router = APIRouter(tags=["roles"])
RoleGrantId = Annotated[UUID, Path(description="The role that was given")]
# where the process keeps what refuses a person whom neither the estate nor the caller's others know
KNOWN_PERSON = "identity.known_person"
Before = Annotated[UUID | None, Query(description="Continue with the value of next")]


@router.get(
    "/role-grants",
    operation_id="list_role_grants",
    summary="List roles over the platform or an organisation",
    responses=refusals(Invalid),
)
@needs(Permission.ROLES_GRANT, or_own=True)
async def list_role_grants(
    request: Request,
    asking: Asking,
    now: Now,
    organisation_id: Annotated[Id | None, Query(description="Null: the platform's")] = None,
    is_live: Annotated[
        bool | None, Query(description="Only those in force, or only those that ended")
    ] = None,
    before: Before = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[RoleOut]:
    """Roles, newest first; continue with ``before`` = ``next``."""
    place = RolePlace(organisation_id=organisation_id)
    if not may_grant(cast("Principal", asking), place=place):
        raise missing(Permission.ROLES_GRANT)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        rows = await queries.role_grants(
            session,
            scope=place.scope,
            organisation_id=organisation_id,
            is_live=is_live,
            before=before,
            limit=limit + 1,
            now=now,
        )
    return page_of(rows, limit=limit, shown=role_out, cursor=lambda item: str(item.role_grant_id))


@router.post(
    "/role-grants",
    operation_id="grant_role",
    summary="Give a role over the platform or an organisation",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(BeyondOwn, NotFound, RoleHeldAlready, Invalid),
)
@needs(Permission.ROLES_GRANT, or_own=True)
async def grant_role(request: Request, asking: Asking, body: RoleIn, now: Now) -> RoleOut:
    """Give a person a role; nobody gives more than they have themselves."""
    place = RolePlace(organisation_id=body.organisation_id)
    if not may_grant(cast("Principal", asking), place=place):
        raise missing(Permission.ROLES_GRANT)
    operations.check_may_give(cast("Principal", asking), role=body.role, place=place)
    async with platform_work(request) as session:
        return await _granted(session, body, place=place, actor=asking.actor, now=now)


@router.delete(
    "/role-grants/{role_grant_id}",
    operation_id="revoke_role",
    summary="Take back a role over the platform or an organisation",
    responses=refusals(BeyondOwn, NotFound, RoleEnded, LastPlatformAdmin, Invalid),
)
@needs(Permission.ROLES_GRANT, or_own=True)
async def revoke_role(request: Request, asking: Asking, role_grant_id: RoleGrantId, now: Now) -> RoleOut:
    """Take it back at once; what it allowed is refused from the next request on."""
    caller = cast("Principal", asking)
    if (
        not any(Permission.ROLES_GRANT in each.permissions for each in caller.grants)
        and not caller.is_console
    ):
        raise missing(Permission.ROLES_GRANT)
    async with platform_work(request) as session:
        row = await operations.role_grant_for(session, role_grant_id=role_grant_id, estate_id=None)
        place = RolePlace(organisation_id=row.organisation_id)
        if not may_grant(caller, place=place):
            raise NotFound(f"role {role_grant_id} does not exist")
        operations.check_may_give(caller, role=operations.role_of(row), place=place)
        await operations.revoke_role(session, row=row, actor=asking.actor, now=now)
        return role_out(row)


@router.get(
    "/estates/{estate_id}/role-grants",
    operation_id="list_estate_role_grants",
    summary="List roles over an estate and its units",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ROLES_GRANT)
async def list_estate_role_grants(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    now: Now,
    scope: Annotated[Scope | None, Query(description="estate or unit; null: both")] = None,
    is_live: Annotated[
        bool | None, Query(description="Only those in force, or only those that ended")
    ] = None,
    before: Before = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[RoleRow]:
    """Roles, newest first; continue with ``before`` = ``next``."""
    rows = await queries.role_grants(
        session,
        of_estate_id=estate_id,
        scope=scope,
        is_live=is_live,
        before=before,
        limit=limit + 1,
        now=now,
    )
    names: dict[int, str] = {}
    if asking.may(Permission.PEOPLE_READ, estate_id=estate_id):
        ids = sorted({row.person_id for row in rows})
        known = await queries.persons(session, person_ids=ids, limit=len(ids))
        names = {each.person_id: each.name for each in known}
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: RoleRow(**role_out(row).model_dump(), person_name=names.get(row.person_id)),
        cursor=lambda item: str(item.role_grant_id),
    )


@router.post(
    "/estates/{estate_id}/role-grants",
    operation_id="grant_estate_role",
    summary="Give a role over an estate or one of its units",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(BeyondOwn, NotFound, RoleHeldAlready, Invalid),
)
@needs(Permission.ROLES_GRANT)
async def grant_estate_role(
    request: Request, session: Session, asking: Asking, estate_id: EstateId, body: EstateRoleIn, now: Now
) -> RoleOut:
    """Give a person whom the estate knows a role; nobody gives more than they have themselves."""
    place = RolePlace(estate_id=estate_id, unit_id=body.unit_id)
    operations.check_may_give(cast("Principal", asking), role=body.role, place=place)
    await edge(request).parts[KNOWN_PERSON](
        session, estate_id=estate_id, person_id=body.person_id, caller=asking
    )
    return await _granted(session, body, place=place, actor=asking.actor, now=now)


async def _granted(
    session: AsyncSession, body: RoleIn | EstateRoleIn, *, place: RolePlace, actor: str, now: datetime
) -> RoleOut:
    row = await operations.grant_role(
        session,
        person_id=body.person_id,
        role=body.role,
        place=place,
        until=body.until,
        actor=actor,
        now=now,
    )
    return role_out(row)


@router.delete(
    "/estates/{estate_id}/role-grants/{role_grant_id}",
    operation_id="revoke_estate_role",
    summary="Take back a role over an estate or one of its units",
    responses=refusals(BeyondOwn, NotFound, RoleEnded, Invalid),
)
@needs(Permission.ROLES_GRANT)
async def revoke_estate_role(
    session: Session, asking: Asking, estate_id: EstateId, role_grant_id: RoleGrantId, now: Now
) -> RoleOut:
    """Take it back at once; what it allowed is refused from the next request on."""
    row = await operations.role_grant_for(session, role_grant_id=role_grant_id, estate_id=estate_id)
    place = RolePlace(estate_id=estate_id, unit_id=row.unit_id)
    operations.check_may_give(cast("Principal", asking), role=operations.role_of(row), place=place)
    await operations.revoke_role(session, row=row, actor=asking.actor, now=now)
    return role_out(row)
