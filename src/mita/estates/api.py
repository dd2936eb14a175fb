"""Routes of estates and units."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, status

from mita.estates import operations, queries
from mita.estates.operations import NameTaken
from mita.estates.schemas import EstateIn, EstateOut, UnitOut, UnitsCreated, UnitsIn, estate_out, unit_out
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import AfterId, Limit, Page
from mita.kit.web import EstateId, MemberSession, Now, Session, caller, edge, for_persons, refusals

router = APIRouter(tags=["estates"])


@router.get(
    "/estates",
    operation_id="list_estates",
    summary="List the estates you may see",
    responses=refusals(Invalid),
)
@for_persons
async def list_estates(
    request: Request, after_id: Annotated[AfterId, Query()] = 0, limit: Annotated[Limit, Query()] = 100
) -> Page[EstateOut]:
    """Estates by id; continue with ``after_id`` = ``next``."""
    database = edge(request).database
    async with database.unit_of_work(estates=[]) as session:
        seen = await edge(request).estates_of(session, caller(request))
    async with database.unit_of_work(estates=seen) as session:
        rows = await queries.estates(session, after_id=after_id, limit=limit + 1)
    items = [estate_out(row) for row in rows[:limit]]
    return Page(items=items, next=items[-1].estate_id if len(rows) > limit else None)


@router.post(
    "/estates",
    operation_id="create_estate",
    summary="Create an estate",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NameTaken, Invalid),
)
async def create_estate(request: Request, body: EstateIn, now: Now) -> EstateOut:
    """Create one; a repeat is refused with ``name_taken`` and makes no second estate."""
    async with edge(request).database.unit_of_work(estates=[]) as session:
        row = await operations.create_estate(
            session, name=body.name, currency=body.currency, time_zone=body.time_zone, seen=[], now=now
        )
        return estate_out(row)


@router.get(
    "/estates/{estate_id}",
    operation_id="get_estate",
    summary="Get one estate",
    responses=refusals(NotFound, Invalid),
)
async def get_estate(session: MemberSession, estate_id: EstateId) -> EstateOut:
    """One estate."""
    return estate_out(await queries.estate(session, estate_id=estate_id))


@router.get(
    "/estates/{estate_id}/units",
    operation_id="list_units",
    summary="List an estate's units",
    responses=refusals(NotFound, Invalid),
)
async def list_units(
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[UnitOut]:
    """Units by id; continue with ``after_id`` = ``next``."""
    rows = await queries.units(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    items = [unit_out(row) for row in rows[:limit]]
    return Page(items=items, next=items[-1].unit_id if len(rows) > limit else None)


@router.post(
    "/estates/{estate_id}/units",
    operation_id="create_units",
    summary="Create units",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, NameTaken, Invalid),
)
async def create_units(session: Session, estate_id: EstateId, body: UnitsIn, now: Now) -> UnitsCreated:
    """All of them or none."""
    ids = await operations.create_units(session, estate_id=estate_id, names=body.names, now=now)
    pairs = zip(ids, body.names, strict=True)
    return UnitsCreated(
        items=[UnitOut(unit_id=unit_id, name=name, created_at=now) for unit_id, name in pairs]
    )
