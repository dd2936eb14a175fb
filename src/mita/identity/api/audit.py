"""Routes of the audit log."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from mita.identity import queries
from mita.identity.domain import Permission
from mita.identity.operations import PLATFORM
from mita.identity.queries import AuditFilter, ChangeFilter
from mita.identity.schemas.audit import (
    AuditOut,
    ChangeOut,
    audit_filter,
    audit_out,
    change_filter,
    change_out,
)
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Limit, Page, page_of
from mita.kit.web import EstateId, Session, edge, needs, refusals

router = APIRouter(tags=["audit"])
Wanted = Annotated[AuditFilter, Depends(audit_filter)]
WantedChanges = Annotated[ChangeFilter, Depends(change_filter)]
Before = Annotated[UUID | None, Query(description="Continue with the value of next")]


@router.get(
    "/audit",
    operation_id="search_platform_audit",
    summary="Search the audit log of what belongs to no estate",
    responses=refusals(Invalid),
)
@needs(Permission.AUDIT_READ)
async def search_platform_audit(
    request: Request, wanted: Wanted, before: Before = None, limit: Annotated[Limit, Query()] = 100
) -> Page[AuditOut]:
    """Entries, newest first; continue with ``before`` = ``next``."""
    async with edge(request).database.unit_of_work(estates=[PLATFORM]) as session:
        return await _page(session, estate_id=PLATFORM, wanted=wanted, before=before, limit=limit)


@router.get(
    "/estates/{estate_id}/audit",
    operation_id="search_audit",
    summary="Search an estate's audit log",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.AUDIT_READ)
async def search_audit(
    session: Session,
    estate_id: EstateId,
    wanted: Wanted,
    before: Before = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[AuditOut]:
    """Entries, newest first; continue with ``before`` = ``next``."""
    return await _page(session, estate_id=estate_id, wanted=wanted, before=before, limit=limit)


@router.get(
    "/audit/changes",
    operation_id="search_platform_changes",
    summary="Search what was changed of what belongs to no estate",
    responses=refusals(Invalid),
)
@needs(Permission.AUDIT_READ)
async def search_platform_changes(
    request: Request, wanted: WantedChanges, before: Before = None, limit: Annotated[Limit, Query()] = 100
) -> Page[ChangeOut]:
    """Answer single rows with their values before and after, newest first."""
    async with edge(request).database.unit_of_work(estates=[PLATFORM]) as session:
        return await _changes(session, estate_id=PLATFORM, wanted=wanted, before=before, limit=limit)


@router.get(
    "/estates/{estate_id}/audit/changes",
    operation_id="search_changes",
    summary="Search what was changed in an estate",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.AUDIT_READ)
async def search_changes(
    session: Session,
    estate_id: EstateId,
    wanted: WantedChanges,
    before: Before = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ChangeOut]:
    """Answer single rows with their values before and after, newest first; what jobs did as well."""
    return await _changes(session, estate_id=estate_id, wanted=wanted, before=before, limit=limit)


async def _page(
    session: AsyncSession, *, estate_id: int, wanted: AuditFilter, before: UUID | None, limit: int
) -> Page[AuditOut]:
    rows = await queries.audit_entries(
        session, estate_id=estate_id, wanted=wanted, before=before, limit=limit + 1
    )
    acts = {row.act_id for row in rows[:limit] if row.act_id is not None}
    changes = await queries.changes_of_acts(session, estate_id=estate_id, act_ids=acts)
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: audit_out(row, changes.get(row.act_id, ()) if row.act_id else ()),
        cursor=lambda item: str(item.audit_entry_id),
    )


async def _changes(
    session: AsyncSession, *, estate_id: int, wanted: ChangeFilter, before: UUID | None, limit: int
) -> Page[ChangeOut]:
    rows = await queries.audit_changes(
        session, estate_id=estate_id, wanted=wanted, before=before, limit=limit + 1
    )
    return page_of(rows, limit=limit, shown=change_out, cursor=lambda item: str(item.audit_change_id))
