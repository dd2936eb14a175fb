"""Routes of bulk meters: which meter measures again what others measure."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Limit, Page
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.operations import AreasOverlap
from mita.reports.schemas.bulk import (
    BulkMeterEnd,
    BulkMeterIn,
    BulkMeterOut,
    LossRuleIn,
    LossRuleOut,
    bulk_meter_out,
    loss_rule_out,
)

router = APIRouter()
_BULK_METERS = "/estates/{estate_id}/bulk-meters"
BulkMeterId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The bulk meter", examples=[1])]


@router.get(
    _BULK_METERS,
    operation_id="list_bulk_meters",
    summary="List an estate's bulk meters",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def list_bulk_meters(
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[BulkMeterOut]:
    """Also those that are over, by id; continue with ``after_id`` = ``next``."""
    rows = await metering_queries.bulk_meters(
        session, estate_id=estate_id, after_id=after_id, limit=limit + 1
    )
    shown = rows[:limit]
    named = await metering_queries.sub_meters(
        session, estate_id=estate_id, bulk_meter_ids=[row.bulk_meter_id for row, _ in shown]
    )
    items = [bulk_meter_out(row, meter=meter, sub_meter_ids=named[row.bulk_meter_id]) for row, meter in shown]
    return Page(items=items, next=items[-1].bulk_meter_id if len(rows) > limit else None)


@router.post(
    _BULK_METERS,
    operation_id="set_bulk_meter",
    summary="Say which meters are behind a bulk meter",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, AreasOverlap, Invalid),
)
@needs(Permission.METERS_WRITE)
async def set_bulk_meter(
    session: Session, asking: Asking, estate_id: EstateId, body: BulkMeterIn, now: Now
) -> BulkMeterOut:
    """Set it from a local date on; the past may be named too. It charges nothing and changes no charge.

    On each day a meter is behind one bulk meter at most. To change what is behind it, end it and set it anew.
    """
    row = await metering.set_bulk_meter(
        session, estate_id=estate_id, new=body.new(), actor=asking.actor, now=now
    )
    return await _shown(session, estate_id=estate_id, bulk_meter_id=row.bulk_meter_id)


@router.get(
    _BULK_METERS + "/{bulk_meter_id}",
    operation_id="get_bulk_meter",
    summary="Get one bulk meter with the meters behind it",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def get_bulk_meter(session: Session, estate_id: EstateId, bulk_meter_id: BulkMeterId) -> BulkMeterOut:
    """One bulk meter."""
    return await _shown(session, estate_id=estate_id, bulk_meter_id=bulk_meter_id)


@router.post(
    _BULK_METERS + "/{bulk_meter_id}/end",
    operation_id="end_bulk_meter",
    summary="End a bulk meter",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_WRITE)
async def end_bulk_meter(
    session: Session, estate_id: EstateId, bulk_meter_id: BulkMeterId, body: BulkMeterEnd, now: Now
) -> BulkMeterOut:
    """Let it be one until a local date; an end that it has can be brought forward, not put off."""
    await metering.end_bulk_meter(
        session, estate_id=estate_id, bulk_meter_id=bulk_meter_id, until_on=body.until_on, now=now
    )
    return await _shown(session, estate_id=estate_id, bulk_meter_id=bulk_meter_id)


async def _shown(session: AsyncSession, *, estate_id: int, bulk_meter_id: int) -> BulkMeterOut:
    row = await metering_queries.bulk_meter(session, estate_id=estate_id, bulk_meter_id=bulk_meter_id)
    meter = await metering_queries.meter(session, estate_id=estate_id, meter_id=row.meter_id)
    named = await metering_queries.sub_meters(session, estate_id=estate_id, bulk_meter_ids=[bulk_meter_id])
    return bulk_meter_out(row, meter=meter, sub_meter_ids=named[bulk_meter_id])


@router.get(
    "/estates/{estate_id}/loss-rule",
    operation_id="get_loss_rule",
    summary="Get from which loss on bulk meters need attention",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.REPORTS_READ)
async def get_loss_rule(session: Session, estate_id: EstateId) -> LossRuleOut:
    """Return it: a tenth, unless somebody said otherwise."""
    return loss_rule_out(await metering_queries.loss_limit_micro(session, estate_id=estate_id))


@router.put(
    "/estates/{estate_id}/loss-rule",
    operation_id="set_loss_rule",
    summary="Set from which loss on bulk meters need attention",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def set_loss_rule(session: Session, estate_id: EstateId, body: LossRuleIn, now: Now) -> LossRuleOut:
    """Set it for what is shown from now on, of the past too; it charges nothing."""
    await metering.set_loss_rule(session, estate_id=estate_id, limit_micro=body.limit_micro(), now=now)
    return await get_loss_rule(session, estate_id)
