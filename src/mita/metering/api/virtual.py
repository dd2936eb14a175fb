"""Routes of virtual meters: registers that are made of others."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Limit, Page
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.metering import operations, queries
from mita.metering.models import VirtualPart
from mita.metering.operations import MadeTwice
from mita.metering.queries import RegisterInfo
from mita.metering.schemas import (
    VirtualMeterEnd,
    VirtualMeterIn,
    VirtualMeterOut,
    VirtualPreview,
    unit_of,
    virtual_meter_out,
    virtual_value,
)

router = APIRouter()
_VIRTUAL = "/estates/{estate_id}/virtual-meters"
VirtualMeterId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The virtual meter", examples=[1])]


@router.get(
    _VIRTUAL,
    operation_id="list_virtual_meters",
    summary="List an estate's virtual meters",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def list_virtual_meters(
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[VirtualMeterOut]:
    """Also those that are over, by id; continue with ``after_id`` = ``next``."""
    rows = await queries.virtual_meters(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    infos = await _infos(session, estate_id=estate_id, parts=[each for _, parts in rows for each in parts])
    items = [virtual_meter_out(row, parts, infos=infos) for row, parts in rows[:limit]]
    return Page(items=items, next=items[-1].virtual_meter_id if len(rows) > limit else None)


@router.post(
    _VIRTUAL,
    operation_id="set_virtual_meter",
    summary="Make registers of others",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, MadeTwice, Invalid),
)
@needs(Permission.METERS_WRITE)
async def set_virtual_meter(
    session: Session, asking: Asking, estate_id: EstateId, body: VirtualMeterIn, now: Now
) -> VirtualMeterOut:
    """Make them of the sum, the difference or shares of others; their readings are charged like any others.

    They go on from where they stand, from the first time on at which all the others have a value. What
    ``replaces`` names is over at that instant, in the same transaction: this is how one is changed.
    """
    virtual_meter_id = await operations.set_virtual_meter(
        session, estate_id=estate_id, new=body.new(), actor=asking.actor, now=now
    )
    return await _shown(session, estate_id=estate_id, virtual_meter_id=virtual_meter_id)


@router.post(
    _VIRTUAL + "/preview",
    operation_id="preview_virtual_meter",
    summary="Show what a virtual meter would read",
    responses=refusals(NotFound, MadeTwice, Invalid),
)
@needs(Permission.METERS_WRITE)
async def preview_virtual_meter(
    session: Session, estate_id: EstateId, body: VirtualMeterIn
) -> VirtualPreview:
    """Its opening and the last values that the readings of now give; nothing is kept."""
    readings = await operations.preview_virtual_meter(session, estate_id=estate_id, new=body.new())
    info = await queries.register(session, estate_id=estate_id, register_id=body.into[0].register_id)
    return VirtualPreview(values=[virtual_value(each, unit=unit_of(info)) for each in readings])


@router.get(
    _VIRTUAL + "/{virtual_meter_id}",
    operation_id="get_virtual_meter",
    summary="Get one virtual meter",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def get_virtual_meter(
    session: Session, estate_id: EstateId, virtual_meter_id: VirtualMeterId
) -> VirtualMeterOut:
    """One virtual meter."""
    return await _shown(session, estate_id=estate_id, virtual_meter_id=virtual_meter_id)


@router.post(
    _VIRTUAL + "/{virtual_meter_id}/end",
    operation_id="end_virtual_meter",
    summary="End a virtual meter",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_WRITE)
async def end_virtual_meter(
    session: Session, estate_id: EstateId, virtual_meter_id: VirtualMeterId, body: VirtualMeterEnd, now: Now
) -> VirtualMeterOut:
    """Let it be one until an instant, at which it has its last value; what it read stays."""
    await operations.end_virtual_meter(
        session,
        estate_id=estate_id,
        virtual_meter_id=virtual_meter_id,
        until_at=body.until_at,
        now=now,
    )
    return await _shown(session, estate_id=estate_id, virtual_meter_id=virtual_meter_id)


async def _shown(session: AsyncSession, *, estate_id: int, virtual_meter_id: int) -> VirtualMeterOut:
    row, parts = await queries.virtual_meter(session, estate_id=estate_id, virtual_meter_id=virtual_meter_id)
    infos = await _infos(session, estate_id=estate_id, parts=parts)
    return virtual_meter_out(row, parts, infos=infos)


async def _infos(
    session: AsyncSession, *, estate_id: int, parts: Sequence[VirtualPart]
) -> dict[int, RegisterInfo]:
    ids = sorted({each.register_id for each in parts})
    found = await queries.registers(session, estate_id=estate_id, register_ids=ids)
    return {info.register_id: info for info in found}
