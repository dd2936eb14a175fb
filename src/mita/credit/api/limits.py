"""Routes of load limits: supplies that are held to a power."""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from mita.credit import operations, queries
from mita.credit.operations import CannotLimit
from mita.credit.schemas import LimitIn, SupplyLimits, supply_limits
from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.pages import whole_units
from mita.kit.shapes import AfterId, Id, Limit, Page, UtilityWord
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals, tag_of

router = APIRouter()


@router.get(
    "/estates/{estate_id}/supply-limits",
    operation_id="list_supply_limits",
    summary="List the supplies that are held to a power, or will be",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ)
async def list_supply_limits(
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query(description="How many units")] = 100,
) -> Page[SupplyLimits]:
    """By unit and utility; a supply that is not listed is limited by nothing.

    Continue with ``after_id`` = ``next``.
    """
    rows = await queries.load_limit_page(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    kept, last = whole_units(rows, limit=limit)
    known = await queries.supply_limits(
        session, estate_id=estate_id, unit_ids=sorted({row.unit_id for row in kept})
    )
    items = [
        supply_limits(unit_id=place[0], utility=place[1], rows=list(found), known=known.get(place))
        for place, found in groupby(kept, key=lambda row: (row.unit_id, row.utility))
    ]
    return Page(items=items, next=last)


async def _limits(session: AsyncSession, *, estate_id: int, unit_id: int, utility: str) -> SupplyLimits:
    rows = await queries.load_limits(session, estate_id=estate_id, unit_ids=[unit_id], utility=utility)
    known = await queries.supply_limit(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
    return supply_limits(unit_id=unit_id, utility=utility, rows=list(rows), known=known)


@router.get(
    "/estates/{estate_id}/units/{unit_id}/supply-limits/{utility}",
    operation_id="get_supply_limits",
    summary="Get what a supply is held to, or will be",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ)
async def get_supply_limits(
    session: Session, response: Response, estate_id: EstateId, unit_id: Id, utility: UtilityWord
) -> SupplyLimits:
    """By cause; nothing where nothing limits it. The ETag is that of staff's own limit."""
    await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
    told = await _limits(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
    # the others change by themselves: whoever changes staff's limit is to have seen that one
    by_staff = [each.model_dump_json() for each in told.limits if each.cause == "staff"]
    response.headers["etag"] = tag_of("".join(by_staff).encode())
    return told


@router.put(
    "/estates/{estate_id}/units/{unit_id}/supply-limits/{utility}",
    operation_id="limit_supply",
    summary="Hold a unit's supply to a power",
    responses=refusals(NotFound, Invalid, CannotLimit),
)
@needs(Permission.SUPPLY_CONTROL)
async def limit_supply(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    unit_id: Id,
    utility: UtilityWord,
    body: LimitIn,
    now: Now,
) -> SupplyLimits:
    """Ask its device for it; ``held_w`` changes when the device itself says so.

    Staff's limit is one: another one takes its place. It is asked for when the supply is on, and again each
    time it comes back.
    """
    await operations.limit_by_staff(
        session,
        estate_id=estate_id,
        unit_id=unit_id,
        utility=utility,
        limit_w=body.limit_w,
        until=body.until,
        actor=asking.actor,
        now=now,
    )
    return await _limits(session, estate_id=estate_id, unit_id=unit_id, utility=utility)


@router.delete(
    "/estates/{estate_id}/units/{unit_id}/supply-limits/{utility}",
    operation_id="lift_supply_limit",
    summary="Lift the limit that staff put on a supply",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_CONTROL)
async def lift_supply_limit(
    session: Session, estate_id: EstateId, unit_id: Id, utility: UtilityWord, now: Now
) -> SupplyLimits:
    """Answer what limits the supply still; without anything its device is asked to lift the limit."""
    await operations.lift_limit_by_staff(
        session, estate_id=estate_id, unit_id=unit_id, utility=utility, now=now
    )
    return await _limits(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
