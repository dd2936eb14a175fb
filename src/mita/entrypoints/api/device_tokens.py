"""Routes of device tokens; a device is what an estate's meters name."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, status

from mita.identity import operations, queries
from mita.identity.domain import Permission
from mita.identity.operations import DeviceTokenEnded
from mita.identity.schemas.keys import (
    Device,
    DeviceTokenIn,
    DeviceTokenMade,
    DeviceTokenOut,
    device_token_out,
)
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Limit, Page
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.metering import queries as metering

router = APIRouter(tags=["meters"])


@router.get(
    "/estates/{estate_id}/device-tokens",
    operation_id="list_device_tokens",
    summary="List device tokens",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def list_device_tokens(
    session: Session,
    estate_id: EstateId,
    device: Annotated[Device | None, Query(description="Only those of one device")] = None,
    before: Annotated[UUID | None, Query(description="Continue with the value of next")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[DeviceTokenOut]:
    """Tokens, newest first, those that ended too; continue with ``before`` = ``next``."""
    rows = await queries.device_tokens(
        session, estate_id=estate_id, device=device, before=before, limit=limit + 1
    )
    items = [device_token_out(row) for row in rows[:limit]]
    return Page(items=items, next=str(items[-1].device_token_id) if len(rows) > limit else None)


@router.post(
    "/estates/{estate_id}/device-tokens",
    operation_id="issue_device_token",
    summary="Issue a device token",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_WRITE)
async def issue_device_token(
    session: Session, asking: Asking, estate_id: EstateId, body: DeviceTokenIn, now: Now
) -> DeviceTokenMade:
    """Answer a token, this once: the device's password at the broker, or its bearer token for readings.

    From the first one on, only issued tokens open the embedded broker for this device.
    """
    meters = await metering.meters_of_devices(session, estate_id=estate_id, devices=[body.device])
    if not meters.get(body.device):
        raise NotFound(f"no meter of estate {estate_id} names the device {body.device!r}")
    row, token = await operations.issue_device_token(
        session,
        estate_id=estate_id,
        device=body.device,
        expires_at=body.expires_at,
        actor=asking.actor,
        now=now,
    )
    return DeviceTokenMade(device_token=device_token_out(row), token=token)


@router.delete(
    "/estates/{estate_id}/device-tokens/{device_token_id}",
    operation_id="revoke_device_token",
    summary="Revoke a device token",
    responses=refusals(NotFound, DeviceTokenEnded, Invalid),
)
@needs(Permission.METERS_WRITE)
async def revoke_device_token(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    device_token_id: Annotated[UUID, Path(description="The device token")],
    now: Now,
) -> DeviceTokenOut:
    """End it: the API refuses it at once, the broker puts its device out within seconds."""
    row = await queries.device_token(session, estate_id=estate_id, device_token_id=device_token_id)
    await operations.revoke_device_token(session, row=row, actor=asking.actor, now=now)
    return device_token_out(row)
