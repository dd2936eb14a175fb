"""Routes of manufacturers' codecs, and of fields that are suggested."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, status

from mita.devices import operations, queries
from mita.devices.operations import CodecInUse
from mita.devices.schemas import (
    CodecIn,
    CodecOut,
    CodecWithBody,
    DataIn,
    SuggestedFields,
    codec_out,
    codec_with_body,
    suggested_fields,
)
from mita.drivers.codecs.suggest import suggested
from mita.drivers.text import parse_json
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import AfterId, Id, Limit, Page, page_of
from mita.kit.web import EstateId, Now, Session, needs, refusals

router = APIRouter(tags=["devices"])

_BASE = "/estates/{estate_id}/codecs"
_ONE = f"{_BASE}/{{codec_id}}"


@router.get(
    _BASE,
    operation_id="list_codecs",
    summary="List an estate's codecs",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def list_codecs(
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[CodecOut]:
    """Codecs by id; continue with ``after_id`` = ``next``."""
    rows = await queries.codecs(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    return page_of(rows, limit=limit, shown=codec_out, cursor=lambda item: item.codec_id)


@router.post(
    _BASE,
    operation_id="new_codec",
    summary="Store a manufacturer's codec",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, CodecInUse, Invalid),
)
@needs(Permission.METERS_WRITE)
async def new_codec(session: Session, estate_id: EstateId, body: CodecIn, now: Now) -> CodecWithBody:
    """Keep it as it is; it runs when a device that names it speaks."""
    row = await operations.new_codec(session, estate_id=estate_id, name=body.name, body=body.body, now=now)
    return codec_with_body(row)


@router.get(
    _ONE,
    operation_id="get_codec",
    summary="Get one codec with its text",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def get_codec(session: Session, estate_id: EstateId, codec_id: Id) -> CodecWithBody:
    """One codec."""
    return codec_with_body(await queries.codec(session, estate_id=estate_id, codec_id=codec_id))


@router.put(
    _ONE,
    operation_id="set_codec",
    summary="Give a codec another name or text",
    responses=refusals(NotFound, CodecInUse, Invalid),
)
@needs(Permission.METERS_WRITE)
async def set_codec(
    session: Session, estate_id: EstateId, codec_id: Id, body: CodecIn, now: Now
) -> CodecWithBody:
    """Put all of it; what arrives from then on is decoded by it."""
    row = await operations.change_codec(
        session, estate_id=estate_id, codec_id=codec_id, name=body.name, body=body.body, now=now
    )
    return codec_with_body(row)


@router.delete(
    _ONE,
    operation_id="delete_codec",
    summary="Delete a codec that no device uses",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(NotFound, CodecInUse, Invalid),
)
@needs(Permission.METERS_WRITE)
async def delete_codec(session: Session, estate_id: EstateId, codec_id: Id) -> None:
    """Set the devices that use it up otherwise first."""
    await operations.delete_codec(session, estate_id=estate_id, codec_id=codec_id)


@router.post(
    "/estates/{estate_id}/suggested-fields",
    operation_id="suggest_fields",
    summary="Suggest which values of a message are registers",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def suggest_fields(session: Session, estate_id: EstateId, body: DataIn) -> SuggestedFields:  # noqa: ARG001 - the estate is who may ask
    """Names and units are read, nothing is known of the device: look at each before it is used."""
    # numbers as they were written, not as doubles
    return suggested_fields(suggested(parse_json(json.dumps(body.data).encode())))
