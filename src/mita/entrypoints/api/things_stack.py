"""Messages of The Things Stack, as its webhooks post them: uplinks, joins, how far downlinks got."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import cast

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from mita.drivers.known import TTS
from mita.drivers.lorawan.things_stack import Head, NoBody, head_of
from mita.drivers.mqtt.routes import Route
from mita.entrypoints.api.posts import POSTS
from mita.entrypoints.ingest.inbox import Arrival
from mita.entrypoints.posts import Intake, NotTaken, Posts
from mita.identity.domain import Permission
from mita.kit.clock import to_us
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Shape
from mita.kit.web import Edge, EstateId, Now, caller, edge, need_of, needs, refusals
from mita.metering import operations as metering
from mita.metering import queries as metering_queries

router = APIRouter(tags=["devices"])

_EXAMPLE = {
    "end_device_ids": {
        "device_id": "meter-17",
        "dev_eui": "A84041D4F1AA0001",
        "application_ids": {"application_id": "flats"},
    },
    "received_at": "2026-11-22T06:59:59.9Z",
    "uplink_message": {"f_port": 1, "frm_payload": "qg==", "decoded_payload": {"energy_kwh": 12.5}},
}
_DEV_EUI = {"type": "string", "pattern": "^[0-9a-fA-F]{16}$", "examples": ["A84041D4F1AA0001"]}
_IDS = {"type": "object", "required": ["dev_eui"], "properties": {"dev_eui": _DEV_EUI}}
_SCHEMA = {
    "type": "object",
    "required": ["end_device_ids"],
    "properties": {"end_device_ids": _IDS},
    "description": "As the server writes it; the rest is read by the device's driver",
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _SCHEMA, "example": _EXAMPLE}},
    }
}


class MessageTakenOut(Shape):
    """Whose message it was; what in it could not be read is listed with the estate's rejected readings."""

    device: str = Field(description="As meters name it", examples=["tts:A84041D4F1AA0001"])
    is_known: bool = Field(description="Whether the estate has such a device; if not, nothing was done")


@router.post(
    "/estates/{estate_id}/ingest/things-stack",
    operation_id="take_tts_message",
    summary="Take a message of The Things Stack",
    responses=refusals(NotFound, Invalid, NotTaken),
    openapi_extra=_BODY,
)
@needs(Permission.READINGS_SEND)
async def take_tts_message(request: Request, estate_id: EstateId, now: Now) -> MessageTakenOut:
    """Be the address of its webhook, for every kind of message; answered once it is durable.

    The same message again does nothing. Devices speak for meters of this estate only.
    """
    payload = await request.body()
    lent = edge(request)
    async with lent.database.unit_of_work(estates=[estate_id]) as session:
        await lent.admit(session, caller(request), estate_id, need=need_of(request))
        head = _head(payload)
        name = await _device_of(session, head.dev_eui, estate_id=estate_id)
        arrival = _arrival(head, payload, address=name or head.dev_eui, now=now)
        if name is None:
            await _list_stranger(request, session, arrival, estate_id=estate_id)
    if name is not None:
        await _intake(lent).take(arrival)
    return MessageTakenOut(device=arrival.device, is_known=name is not None)


def _intake(lent: Edge) -> Intake:
    return cast("Posts", lent.parts[POSTS]).intake


def _head(payload: bytes) -> Head:
    try:
        return head_of(payload)
    except NoBody as error:
        raise Invalid(str(error), problems=[{"path": "body", "message": str(error)}]) from error


def _arrival(head: Head, payload: bytes, *, address: str, now: datetime) -> Arrival:
    settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    route = Route(TTS, address, head.event)
    return Arrival(f"{address}/{head.event}", payload, to_us(now), settled, route, source=TTS)


async def _device_of(session: AsyncSession, dev_eui: str, *, estate_id: int) -> str | None:
    """Return the address of the estate's device with a DevEUI; those who register write it in either case."""
    spelt = list(dict.fromkeys((dev_eui, dev_eui.lower(), dev_eui.upper())))
    names = {f"{TTS}:{each}": each for each in spelt}
    found = await metering_queries.estates_of_devices(session, devices=list(names))
    return next((names[name] for name in names if found.get(name) == estate_id), None)


async def _list_stranger(
    request: Request, session: AsyncSession, arrival: Arrival, *, estate_id: int
) -> None:
    """List a device that the estate does not have, once an hour: whoever set it up looks for it there."""
    strangers = _intake(edge(request)).strangers
    detail = f"the estate has no device {arrival.device!r}"
    found = [replace(each, detail=detail) for each in strangers[estate_id].told_of([arrival])]
    if found:
        await metering.record_rejections(
            session, estate_id=estate_id, rejections=found, received_us=arrival.received_us
        )
