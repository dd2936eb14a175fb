"""Routes by which estates and units are archived."""

from fastapi import APIRouter

from mita.estates import queries as estate_queries
from mita.estates.operations import StillInUse
from mita.estates.schemas.estates import EstateOut, estate_out
from mita.estates.schemas.units import UnitOut, unit_out
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id
from mita.kit.web import EstateId, Now, Session, needs, refusals
from mita.tenancies import operations

router = APIRouter()


@router.delete(
    "/estates/{estate_id}",
    operation_id="archive_estate",
    summary="Archive an estate",
    responses=refusals(NotFound, StillInUse, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def archive_estate(session: Session, estate_id: EstateId, now: Now) -> EstateOut:
    """Archive one where nobody lives and no money stands; then it is there for nobody but the platform."""
    await operations.archive_estate(session, estate_id=estate_id, now=now)
    return estate_out(await estate_queries.estate(session, estate_id=estate_id))


@router.delete(
    "/estates/{estate_id}/units/{unit_id}",
    operation_id="archive_unit",
    summary="Archive a unit",
    responses=refusals(NotFound, StillInUse, Invalid),
)
@needs(Permission.UNITS_WRITE)
async def archive_unit(session: Session, estate_id: EstateId, unit_id: Id, now: Now) -> UnitOut:
    """Archive one without meters, occupants, owners and money."""
    day = await estate_queries.local_day(session, estate_id=estate_id, now=now)
    states = await estate_queries.states(session, estate_id=estate_id, day=day, unit_ids=[unit_id])
    row = await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
    await operations.archive_unit(session, estate_id=estate_id, unit_id=unit_id, now=now)
    return unit_out(row, state=states[unit_id])
