"""Routes of handovers: tenants are onboarded and off-boarded, and either is undone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.estates.operations import UnitOccupied
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, KeyReused, NotFound
from mita.kit.shapes import Id, Limit, Page
from mita.kit.web import (
    Asking,
    EstateId,
    IdempotencyKey,
    Now,
    Session,
    needs,
    refusals,
    repeat_on_contention,
)
from mita.ledger.operations import AlreadyReversed, NotEnough
from mita.tenancies import operations, queries
from mita.tenancies.domain import Handed, Offboarding, Onboarding
from mita.tenancies.operations import NotUndoable, ReadingRefused, UnitVacant, WalletMissing
from mita.tenancies.schemas.handovers import (
    HandoverOut,
    HandoverRow,
    OffboardIn,
    OnboardIn,
    UndoIn,
    handover_out,
    handover_row,
)
from mita.wallets.operations import RightMissing

router = APIRouter()
_UNIT = "/estates/{estate_id}/units/{unit_id}"


@router.post(
    _UNIT + "/onboard-tenant",
    operation_id="onboard_occupant",
    summary="Let a tenant move in",
    status_code=status.HTTP_201_CREATED,
    responses={
        200: {"model": HandoverOut, "description": "A dry run, or a repeat"},
        **refusals(
            NotFound, UnitOccupied, WalletMissing, ReadingRefused, NotEnough, KeyReused, RightMissing, Invalid
        ),
    },
)
@needs(Permission.TENANCIES_WRITE)
async def onboard_occupant(
    request: Request,
    response: Response,
    asking: Asking,
    estate_id: EstateId,
    unit_id: Id,
    body: OnboardIn,
    key: IdempotencyKey,
    now: Now,
) -> HandoverOut:
    """Person, occupancy, opening values, access and message in one, or nothing; the wallet begins at zero.

    What the wallet held or owed until then is the unit's vacancy, not the tenant's.
    """
    asked = body.asked(unit_id=unit_id, now=now)
    return await _handed(
        request, response, asking, asked=asked, estate_id=estate_id, key=key, is_dry_run=body.dry_run, now=now
    )


@router.post(
    _UNIT + "/offboard-tenant",
    operation_id="offboard_occupant",
    summary="Let a tenant move out",
    status_code=status.HTTP_201_CREATED,
    responses={
        200: {"model": HandoverOut, "description": "A dry run, or a repeat"},
        **refusals(
            NotFound, UnitVacant, WalletMissing, ReadingRefused, NotEnough, KeyReused, RightMissing, Invalid
        ),
    },
)
@needs(Permission.TENANCIES_WRITE)
async def offboard_occupant(
    request: Request,
    response: Response,
    asking: Asking,
    estate_id: EstateId,
    unit_id: Id,
    body: OffboardIn,
    key: IdempotencyKey,
    now: Now,
) -> HandoverOut:
    """Take closing values and charge them, refund or keep a debt, and withdraw access: all, or nothing."""
    asked = body.asked(unit_id=unit_id, now=now)
    return await _handed(
        request, response, asking, asked=asked, estate_id=estate_id, key=key, is_dry_run=body.dry_run, now=now
    )


async def _handed(
    request: Request,
    response: Response,
    asking: Asking,
    *,
    asked: Onboarding | Offboarding,
    estate_id: int,
    key: str,
    is_dry_run: bool,
    now: Now,
) -> HandoverOut:
    async def work(session: AsyncSession) -> tuple[Handed, str]:
        currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
        handed = await operations.hand_over(
            session, estate_id=estate_id, asked=asked, key=key, caller=asking, is_dry_run=is_dry_run, now=now
        )
        return handed, currency

    handed, currency = await repeat_on_contention(request, estate_id=estate_id, work=work)
    if handed.is_repeat or is_dry_run:
        response.status_code = status.HTTP_200_OK
    return handover_out(handed, currency=currency)


@router.get(
    "/estates/{estate_id}/handovers",
    operation_id="list_handovers",
    summary="List who moved in and out",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PEOPLE_READ)
async def list_handovers(
    session: Session,
    estate_id: EstateId,
    unit_id: Annotated[Id | None, Query()] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[HandoverRow]:
    """Newest first, those undone too; continue with ``before`` = ``next``."""
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    rows = await queries.handovers(
        session, estate_id=estate_id, unit_id=unit_id, before=before, limit=limit + 1
    )
    names = await estate_queries.names_of(
        session,
        estate_id=estate_id,
        unit_ids=[row.unit_id for row, _ in rows],
        person_ids=[row.shown["person_id"] for row, _ in rows],
    )
    items = [handover_row(row, undo=undo, currency=currency, names=names) for row, undo in rows[:limit]]
    return Page(items=items, next=str(items[-1].handover_id) if len(rows) > limit else None)


@router.post(
    "/estates/{estate_id}/handovers/{handover_id}/undo",
    operation_id="undo_handover",
    summary="Undo a handover",
    responses=refusals(NotFound, NotUndoable, UnitOccupied, AlreadyReversed, RightMissing, Invalid),
)
@needs(Permission.TENANCIES_WRITE)
async def undo_handover(
    request: Request,
    asking: Asking,
    estate_id: EstateId,
    handover_id: UUID,
    body: UndoIn,
    key: IdempotencyKey,
    now: Now,
) -> HandoverRow:
    """Undo the newest one of a unit, until somebody pays or uses something; nothing is deleted."""

    async def work(session: AsyncSession) -> HandoverRow:
        currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
        row, _ = await operations.undo_handover(
            session,
            estate_id=estate_id,
            handover_id=handover_id,
            reason=body.reason,
            key=key,
            caller=asking,
            now=now,
        )
        undo = await queries.undo_of(session, estate_id=estate_id, handover_id=handover_id)
        return handover_row(row, undo=undo, currency=currency)

    return await repeat_on_contention(request, estate_id=estate_id, work=work)
