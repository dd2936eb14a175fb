"""Routes of who takes part in flexibility events."""

from typing import Annotated

from fastapi import APIRouter, Query

from mita.estates import queries as estates
from mita.flexibility import operations, queries
from mita.flexibility.schemas import ConsentIn, ConsentOut, consent_out
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound, PermissionMissing
from mita.kit.shapes import AfterId, Id, Limit, Page
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals

from .own import is_staff, require_unit

router = APIRouter()
_CONSENT = "/estates/{estate_id}/units/{unit_id}/flexibility-consent"


@router.get(
    "/estates/{estate_id}/flexibility-consents",
    operation_id="list_flexibility_consents",
    summary="List which units take part in flexibility events",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ, or_own=True)
async def list_flexibility_consents(
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ConsentOut]:
    """By unit; one that is not listed takes no part. Continue with ``after_id`` = ``next``."""
    rows = await queries.consent_page(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    items = [consent_out(row, unit_id=row.unit_id) for row in rows[:limit]]
    return Page(items=items, next=items[-1].unit_id if len(rows) > limit else None)


@router.get(
    _CONSENT,
    operation_id="get_flexibility_consent",
    summary="Get whether a unit takes part in flexibility events",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ, or_own=True)
async def get_flexibility_consent(session: Session, estate_id: EstateId, unit_id: Id) -> ConsentOut:
    """Answer for any unit: one that never said so takes no part."""
    await estates.unit(session, estate_id=estate_id, unit_id=unit_id)
    row = await queries.consent(session, estate_id=estate_id, unit_id=unit_id)
    return consent_out(row, unit_id=unit_id)


@router.put(
    _CONSENT,
    operation_id="set_flexibility_consent",
    summary="Set whether a unit takes part in flexibility events",
    responses=refusals(NotFound, Invalid, PermissionMissing),
)
@needs(Permission.SUPPLY_CONTROL, or_own=True)
async def set_flexibility_consent(
    session: Session, asking: Asking, estate_id: EstateId, unit_id: Id, body: ConsentIn, now: Now
) -> ConsentOut:
    """Who lives there, or manages its wallet, may say so; that a unit is protected only staff says.

    A unit that takes part no more leaves the events that are running at once.
    """
    await require_unit(session, caller=asking, estate_id=estate_id, unit_id=unit_id)
    if body.is_protected is not None and not is_staff(asking, estate_id=estate_id):
        raise PermissionMissing("only staff says that a unit is protected")
    row = await operations.set_consent(
        session,
        estate_id=estate_id,
        unit_id=unit_id,
        takes_part=body.takes_part,
        is_protected=body.is_protected,
        actor=asking.actor,
        now=now,
    )
    return consent_out(row, unit_id=unit_id)
