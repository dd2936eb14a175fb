"""Routes of people of an estate: who they are, where they live, what they own."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import operations, queries
from mita.estates.domain import Names
from mita.estates.models import Occupancy, Ownership
from mita.estates.operations import (
    ChangedMeanwhile,
    PersonElsewhere,
    Share,
    SharesExceeded,
    Stay,
    UnitOccupied,
)
from mita.estates.queries import Of
from mita.estates.schemas.people import (
    EndIn,
    EstatePersonIn,
    EstatePersonOut,
    EstatePersonPatch,
    OccupancyIn,
    OccupancyOut,
    OwnershipIn,
    OwnershipOut,
    PersonAdded,
    PersonDetail,
    occupancy_out,
    ownership_out,
    person_fields,
)
from mita.identity import queries as identity_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import AfterId, Id, Limit, Page, page_of
from mita.kit.web import Asking, Caller, EstateId, Now, Session, needs, refusals

router = APIRouter()
_UNIT = "/estates/{estate_id}/units/{unit_id}"


@router.get(
    "/estates/{estate_id}/people",
    operation_id="list_people",
    summary="List the people whom an estate knows",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PEOPLE_READ)
async def list_people(
    session: Session,
    estate_id: EstateId,
    q: Annotated[
        str, Query(max_length=100, description="A part of the name, email address or phone number")
    ] = "",
    order: Annotated[Literal["id", "name"], Query()] = "id",
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[EstatePersonOut]:
    """People by id or by name; continue with ``after_id`` = ``next`` in the same order."""
    said = q.replace("\x00", "")
    ids = await queries.known_person_ids(
        session,
        estate_id=estate_id,
        said=said,
        by_name=order == "name",
        after_id=after_id,
        limit=limit + 1,
    )
    rows = await identity_queries.persons(session, person_ids=ids[:limit], limit=limit)
    known = {row.person_id: EstatePersonOut.model_validate(person_fields(row)) for row in rows}
    items = [known[person_id] for person_id in ids[:limit]]
    return Page(items=items, next=ids[limit - 1] if len(ids) > limit else None)


@router.post(
    "/estates/{estate_id}/people",
    operation_id="add_person",
    summary="Let an estate know a person",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PEOPLE_WRITE)
async def add_person(session: Session, estate_id: EstateId, body: EstatePersonIn, now: Now) -> PersonAdded:
    """Create a person, or find the one who has the email address, under the name that they have."""
    person_id, is_new = await operations.add_person(
        session, estate_id=estate_id, name=body.name, email=body.email, phone=body.phone, now=now
    )
    row = await identity_queries.person(session, person_id=person_id)
    return PersonAdded.model_validate({**person_fields(row), "is_new": is_new})


@router.get(
    "/estates/{estate_id}/people/{person_id}",
    operation_id="get_person_of_estate",
    summary="Get one person whom an estate knows",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PEOPLE_READ)
async def get_person_of_estate(
    session: Session, asking: Asking, estate_id: EstateId, person_id: Id
) -> PersonDetail:
    """One person, with where they live and lived, and what they own and owned, in this estate."""
    if not await queries.is_known(session, estate_id=estate_id, person_id=person_id):
        raise NotFound(f"person {person_id} does not exist in estate {estate_id}")
    row = await identity_queries.person(session, person_id=person_id)
    of = Of(person_id=person_id)
    lived = await queries.occupancies(session, estate_id=estate_id, of=of)
    owned = await queries.ownerships(session, estate_id=estate_id, of=of)
    names = await _names(session, estate_id=estate_id, rows=[*lived, *owned], caller=asking)
    return PersonDetail.model_validate(
        {
            **person_fields(row),
            "occupancies": [occupancy_out(each, names=names) for each in lived],
            "ownerships": [ownership_out(each, names=names) for each in owned],
        }
    )


@router.patch(
    "/estates/{estate_id}/people/{person_id}",
    operation_id="rename_person",
    summary="Change a person's name",
    responses=refusals(NotFound, PersonElsewhere, Invalid),
)
@needs(Permission.PEOPLE_WRITE)
async def rename_person(
    session: Session, estate_id: EstateId, person_id: Id, body: EstatePersonPatch, now: Now
) -> EstatePersonOut:
    """Rename a person whom nobody else knows; how they sign in is theirs to change."""
    await operations.rename_person(session, estate_id=estate_id, person_id=person_id, name=body.name, now=now)
    row = await identity_queries.person(session, person_id=person_id)
    return EstatePersonOut.model_validate(person_fields(row))


@router.get(
    "/estates/{estate_id}/occupancies",
    operation_id="list_occupancies",
    summary="List who lives and lived where",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PEOPLE_READ, or_own=True)
async def list_occupancies(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    unit_id: Annotated[Id | None, Query()] = None,
    person_id: Annotated[Id | None, Query()] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[OccupancyOut]:
    """By unit, the newest first; continue with ``after_id`` = ``next``. Persons see their own."""
    of = Of(unit_ids=None if unit_id is None else [unit_id], person_id=person_id)
    rows = await queries.occupancies(session, estate_id=estate_id, of=of, after_id=after_id, limit=limit + 1)
    names = await _names(session, estate_id=estate_id, rows=rows, caller=asking)
    shown = partial(occupancy_out, names=names)
    return page_of(rows, limit=limit, shown=shown, cursor=lambda item: item.occupancy_id)


@router.post(
    _UNIT + "/assign-resident",
    operation_id="assign_resident",
    summary="Let a person live in a unit",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, UnitOccupied, Invalid),
)
@needs(Permission.TENANCIES_WRITE)
async def assign_resident(
    session: Session, asking: Asking, estate_id: EstateId, unit_id: Id, body: OccupancyIn, now: Now
) -> OccupancyOut:
    """Add an occupancy. The wallet is not touched: ``onboard_occupant`` does all of it at once."""
    await operations.require_known_person(
        session, estate_id=estate_id, person_id=body.person_id, caller=asking
    )
    stay = Stay(unit_id, body.person_id, body.days, is_main=body.is_main)
    row = await operations.add_occupancy(session, estate_id=estate_id, stay=stay, actor=asking.actor, now=now)
    return occupancy_out(row)


@router.post(
    "/estates/{estate_id}/occupancies/{occupancy_id}/end",
    operation_id="end_occupancy",
    summary="Set the end of an occupancy",
    responses=refusals(NotFound, UnitOccupied, ChangedMeanwhile, Invalid),
)
@needs(Permission.TENANCIES_WRITE)
async def end_occupancy(
    session: Session, estate_id: EstateId, occupancy_id: Id, body: EndIn, now: Now
) -> OccupancyOut:
    """Set before which day it ends, or, with null, let it go on; the resident's role follows."""
    row = await queries.occupancy(session, estate_id=estate_id, occupancy_id=occupancy_id)
    await operations.end_stay(
        session, row=row, until_on=body.until_on, expected_version=body.version, now=now
    )
    return occupancy_out(row)


@router.get(
    "/estates/{estate_id}/ownerships",
    operation_id="list_ownerships",
    summary="List who owns and owned what",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PEOPLE_READ, or_own=True)
async def list_ownerships(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    unit_id: Annotated[Id | None, Query()] = None,
    person_id: Annotated[Id | None, Query()] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[OwnershipOut]:
    """By unit, the newest first; continue with ``after_id`` = ``next``. Persons see their own."""
    of = Of(unit_ids=None if unit_id is None else [unit_id], person_id=person_id)
    rows = await queries.ownerships(session, estate_id=estate_id, of=of, after_id=after_id, limit=limit + 1)
    names = await _names(session, estate_id=estate_id, rows=rows, caller=asking)
    shown = partial(ownership_out, names=names)
    return page_of(rows, limit=limit, shown=shown, cursor=lambda item: item.ownership_id)


@router.post(
    _UNIT + "/assign-owner",
    operation_id="assign_owner",
    summary="Let a person own a share of a unit",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, SharesExceeded, Invalid),
)
@needs(Permission.TENANCIES_WRITE)
async def assign_owner(
    session: Session, asking: Asking, estate_id: EstateId, unit_id: Id, body: OwnershipIn, now: Now
) -> OwnershipOut:
    """Add an ownership; from its first day to its last the person is an owner of the unit."""
    await operations.require_known_person(
        session, estate_id=estate_id, person_id=body.person_id, caller=asking
    )
    share = Share(unit_id, body.person_id, body.days, body.share_micro)
    row = await operations.add_ownership(
        session, estate_id=estate_id, share=share, actor=asking.actor, now=now
    )
    return ownership_out(row)


@router.post(
    "/estates/{estate_id}/ownerships/{ownership_id}/end",
    operation_id="end_ownership",
    summary="Set the end of an ownership",
    responses=refusals(NotFound, SharesExceeded, ChangedMeanwhile, Invalid),
)
@needs(Permission.TENANCIES_WRITE)
async def end_ownership(
    session: Session, estate_id: EstateId, ownership_id: Id, body: EndIn, now: Now
) -> OwnershipOut:
    """Set before which day it ends, or, with null, let it go on; the owner's role follows."""
    row = await queries.ownership(session, estate_id=estate_id, ownership_id=ownership_id)
    await operations.end_stay(
        session, row=row, until_on=body.until_on, expected_version=body.version, now=now
    )
    return ownership_out(row)


async def _names(
    session: AsyncSession, *, estate_id: int, rows: Sequence[Occupancy | Ownership], caller: Caller
) -> Names:
    sees_people = caller.may(Permission.PEOPLE_READ, estate_id=estate_id)
    return await queries.names_of(
        session,
        estate_id=estate_id,
        unit_ids=[each.unit_id for each in rows],
        person_ids=[each.person_id for each in rows] if sees_people else [],
    )
