"""Routes of device tokens; a device is what an estate's meters name."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, status

from mita.identity import operations, queries
from mita.identity.domain import Permission, token_hash
from mita.identity.operations import DeviceTokenEnded
from mita.identity.schemas.keys import (
    Device,
    DeviceTokenIn,
    DeviceTokenMade,
    DeviceTokenOut,
    device_token_out,
)
from mita.kit.errors import Forbidden, Invalid, NotFound, RateLimited
from mita.kit.shapes import Limit, Page, page_of
from mita.kit.web import Asking, EstateId, Now, Session, bearer_of, edge, need_of, needs, refusals
from mita.metering import queries as metering

router = APIRouter(tags=["meters"])


class DevicesOnly(Forbidden):
    """Only a device with its own token may ask for this."""

    code = "devices_only"
    title = "Only a device may do this"


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
    return page_of(rows, limit=limit, shown=device_token_out, cursor=lambda item: str(item.device_token_id))


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


@router.post(
    "/device-tokens/renew",
    operation_id="renew_device_token",
    summary="Trade a device's token for another one",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, DevicesOnly, RateLimited, Invalid),
)
@needs(Permission.READINGS_SEND, for_devices=True, estate_in_body=True)
async def renew_device_token(request: Request, asking: Asking, now: Now) -> DeviceTokenMade:
    """Answer the token that follows the one that was shown, this once; it lasts as long as that was to last.

    The one that was shown works for seven more days, unless it ends before or is revoked. Ten a day at most.
    """
    estate_ids = asking.estate_ids()
    if asking.device is None or estate_ids is None:
        raise DevicesOnly("a device renews its own token, and shows it for that")
    (estate_id,) = estate_ids
    shown = bearer_of(request.headers.get("authorization", "")) or ""
    lent = edge(request)
    async with lent.database.unit_of_work(estates=[estate_id]) as session:
        await lent.admit(session, asking, estate_id, need=need_of(request))
        row = await queries.device_token_shown(session, estate_id=estate_id, shown=token_hash(shown))
        made, token = await operations.renew_device_token(session, row=row, actor=asking.actor, now=now)
        return DeviceTokenMade(device_token=device_token_out(made), token=token)


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
