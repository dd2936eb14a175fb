"""Routes of meters over time: history, notes, swap."""

from fastapi import APIRouter, Request, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, KeyReused, NotFound
from mita.kit.shapes import Id
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
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.operations import MeterGone, MeterNotes, SerialTaken
from mita.tenancies import operations
from mita.tenancies.operations import ReadingRefused
from mita.tenancies.schemas.meters import (
    MeterHistory,
    MeterPatch,
    SwapDone,
    SwapIn,
    SwapOut,
    placement_out,
    swap_done,
    swap_fields,
)

router = APIRouter()
_METER = "/estates/{estate_id}/meters/{meter_id}"


@router.get(
    _METER + "/history",
    operation_id="get_meter_history",
    summary="Get a meter over time",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ, or_own=True)
async def get_meter_history(session: Session, estate_id: EstateId, meter_id: Id) -> MeterHistory:
    """In which units it measured, by which swaps it came and went, its state and notes."""
    return await _history(session, estate_id=estate_id, meter_id=meter_id)


async def _history(session: AsyncSession, *, estate_id: int, meter_id: int) -> MeterHistory:
    row = await metering_queries.meter(session, estate_id=estate_id, meter_id=meter_id)
    placements = await metering_queries.placements(session, estate_id=estate_id, meter_id=meter_id)
    swaps = await metering_queries.swaps(session, estate_id=estate_id, meter_id=meter_id)
    return MeterHistory(
        meter_id=row.meter_id,
        serial=row.serial,
        status=row.status,
        notes=row.notes,
        is_read_by_hand=row.is_read_by_hand,
        removed_at=row.removed_at,
        version=row.version,
        placements=[placement_out(each) for each in placements],
        swaps=[SwapOut.model_validate(swap_fields(each)) for each in swaps],
    )


@router.patch(
    _METER,
    operation_id="update_meter",
    summary="Say that a meter is faulty or read by hand, which device speaks for it, or make notes",
    responses=refusals(NotFound, MeterGone, SerialTaken, Invalid),
)
@needs(Permission.METERS_WRITE)
async def update_meter(
    session: Session, estate_id: EstateId, meter_id: Id, body: MeterPatch, now: Now
) -> MeterHistory:
    """Change what the body names; a faulty meter goes on being charged."""
    said = MeterNotes(body.is_faulty, body.notes, body.is_read_by_hand, body.device)
    await metering.update_meter(session, estate_id=estate_id, meter_id=meter_id, said=said, now=now)
    return await _history(session, estate_id=estate_id, meter_id=meter_id)


@router.post(
    _METER + "/swap",
    operation_id="swap_meter",
    summary="Swap a meter",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, MeterGone, SerialTaken, ReadingRefused, KeyReused, Invalid),
)
@needs(Permission.METERS_WRITE)
async def swap_meter(
    request: Request,
    asking: Asking,
    estate_id: EstateId,
    meter_id: Id,
    body: SwapIn,
    key: IdempotencyKey,
    now: Now,
) -> SwapDone:
    """Charge the old meter up to its last values, and the new one from its first, in one."""
    order = body.order(meter_id=meter_id)

    async def work(session: AsyncSession) -> SwapDone:
        currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
        done = await operations.swap_meter(
            session, estate_id=estate_id, order=order, key=key, actor=asking.actor, now=now
        )
        return swap_done(done, currency=currency)

    return await repeat_on_contention(request, estate_id=estate_id, work=work)
