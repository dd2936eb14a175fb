"""Routes of units: they are created, changed and named."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import operations, queries
from mita.estates.operations import ChangedMeanwhile, NameTaken
from mita.estates.schemas.units import (
    UnitName,
    UnitOut,
    UnitPatch,
    UnitsCreated,
    UnitsIn,
    participation_warnings,
    unit_out,
)
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import AfterId, Id, Limit, Page, page_of
from mita.kit.web import EstateId, Now, Session, needs, refusals

router = APIRouter()


@router.post(
    "/estates/{estate_id}/units",
    operation_id="create_units",
    summary="Create units",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, NameTaken, Invalid),
)
@needs(Permission.UNITS_WRITE)
async def create_units(session: Session, estate_id: EstateId, body: UnitsIn, now: Now) -> UnitsCreated:
    """All of them or none; either ``names``, or ``units`` with more to say of each."""
    new = body.new_units()
    ids = await operations.add_units(session, estate_id=estate_id, units=new, now=now)
    return UnitsCreated(
        items=await _units(session, estate_id=estate_id, unit_ids=ids, now=now),
        warnings=participation_warnings(await queries.participation(session, estate_id=estate_id)),
    )


@router.get(
    "/estates/{estate_id}/unit-names",
    operation_id="list_unit_names",
    summary="List how an estate's units are called",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.UNITS_READ, or_own=True)
async def list_unit_names(
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[UnitName]:
    """For lists that know units by number; by id, continued with ``after_id`` = ``next``."""
    rows = await queries.unit_names(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: UnitName(unit_id=row[0], name=row[1]),
        cursor=lambda item: item.unit_id,
    )


@router.patch(
    "/estates/{estate_id}/units/{unit_id}",
    operation_id="update_unit",
    summary="Change what a unit says of itself",
    responses=refusals(NotFound, NameTaken, ChangedMeanwhile, Invalid),
)
@needs(Permission.UNITS_WRITE)
async def update_unit(
    session: Session, estate_id: EstateId, unit_id: Id, body: UnitPatch, now: Now
) -> UnitOut:
    """Change what the body names."""
    await operations.update_unit(session, estate_id=estate_id, unit_id=unit_id, change=body.change(), now=now)
    (only,) = await _units(session, estate_id=estate_id, unit_ids=[unit_id], now=now)
    return only


async def _units(
    session: AsyncSession, *, estate_id: int, unit_ids: list[int], now: datetime
) -> list[UnitOut]:
    day = await queries.local_day(session, estate_id=estate_id, now=now)
    states = await queries.states(session, estate_id=estate_id, day=day, unit_ids=unit_ids)
    rows = await queries.units(session, estate_id=estate_id, unit_ids=unit_ids, limit=len(unit_ids))
    by_id = {row.unit_id: row for row in rows}
    return [unit_out(by_id[unit_id], state=states[unit_id]) for unit_id in unit_ids]
