"""Routes of readings by hand and their photos."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, KeyReused, NotFound, PermissionMissing
from mita.kit.shapes import Id, Limit, Page
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals, repeat_on_contention
from mita.metering import queries as metering_queries
from mita.metering.operations import MeterGone
from mita.rounds import operations, queries
from mita.rounds.operations import PHOTO_TYPES, PhotoRefused, ReadingWindowClosed
from mita.rounds.schemas.readings import (
    ManualReadingDone,
    ManualReadingIn,
    ManualReadingOut,
    PhotoOut,
    done_out,
    manual_reading_out,
    photo_out,
)
from mita.wallets.operations import RightMissing

router = APIRouter()
_READINGS = "/estates/{estate_id}/meters/{meter_id}/manual-readings"
_BINARY = {"schema": {"type": "string", "format": "binary"}, "example": "…"}
_WHO = (NotFound, PermissionMissing, RightMissing, ReadingWindowClosed, KeyReused, Invalid)


@router.post(
    _READINGS,
    operation_id="send_manual_reading",
    summary="Send what somebody read on a meter",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(*_WHO, MeterGone),
)
@needs(Permission.READINGS_SEND, or_own=True)
async def send_manual_reading(
    request: Request, asking: Asking, estate_id: EstateId, meter_id: Id, body: ManualReadingIn, now: Now
) -> ManualReadingDone:
    """Judge and charge it by the rules of any reading; when this answers, its money has moved.

    Staff may always; residents of the unit, and who has enough right to its wallet, in the reading window.
    An implausible one is ``held`` and waits for staff; the same value at the same time is a ``duplicate``.
    """
    asked = body.asked(meter_id=meter_id, now=now)

    async def work(session: AsyncSession) -> ManualReadingDone:
        taken = await operations.take_reading(
            session, estate_id=estate_id, asked=asked, caller=asking, now=now
        )
        currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
        return done_out(
            taken,
            currency=currency,
            shows_reader=asking.may(Permission.READINGS_READ, estate_id=estate_id),
        )

    return await repeat_on_contention(request, estate_id=estate_id, work=work)


@router.get(
    _READINGS,
    operation_id="list_manual_readings",
    summary="List what was read on a meter by hand",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.READINGS_READ, or_own=True)
async def list_manual_readings(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    meter_id: Id,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ManualReadingOut]:
    """Newest first, duplicates and held ones too; continue with ``before`` = ``next``."""
    meter = await metering_queries.meter(session, estate_id=estate_id, meter_id=meter_id)
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    rows = await queries.manual_readings(
        session, estate_id=estate_id, meter_id=meter_id, before=before, limit=limit + 1
    )
    shows_reader = asking.may(Permission.READINGS_READ, estate_id=estate_id)
    items = [
        manual_reading_out(row, utility=meter.utility, currency=currency, shows_reader=shows_reader)
        for row in rows[:limit]
    ]
    return Page(items=items, next=str(items[-1].manual_reading_id) if len(rows) > limit else None)


@router.post(
    _READINGS + "/photos",
    operation_id="add_meter_photo",
    summary="Upload a photo of a meter",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(*_WHO, PhotoRefused),
    openapi_extra={
        "requestBody": {"required": True, "content": dict.fromkeys(PHOTO_TYPES, _BINARY)},
    },
)
@needs(Permission.READINGS_SEND, or_own=True)
async def add_meter_photo(
    request: Request, session: Session, asking: Asking, estate_id: EstateId, meter_id: Id, now: Now
) -> PhotoOut:
    """Store the body, 5 MB at most: a JPEG, PNG or WebP, and it must look like what it says it is.

    Whoever may send a reading of the meter may, at the same times; the reading then names its ``photo_id``.
    """
    row = await operations.store_photo(
        session,
        estate_id=estate_id,
        meter_id=meter_id,
        media_type=request.headers.get("content-type", "").partition(";")[0].strip().lower(),
        content=await request.body(),
        caller=asking,
        now=now,
    )
    return photo_out(row)


@router.get(
    _READINGS + "/{manual_reading_id}/photo",
    operation_id="download_meter_photo",
    summary="Download the photo of a reading by hand",
    response_class=Response,
    responses={
        200: {
            "description": "The photo",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **refusals(NotFound, Invalid),
    },
)
@needs(Permission.READINGS_READ, or_own=True)
async def download_meter_photo(
    session: Session, estate_id: EstateId, meter_id: Id, manual_reading_id: UUID
) -> Response:
    """As an attachment, never to be shown in the page: a browser saves it and does not guess its kind.

    Residents get the photos of their time in the unit.
    """
    row = await queries.manual_reading(
        session, estate_id=estate_id, meter_id=meter_id, manual_reading_id=manual_reading_id
    )
    if row.photo_id is None:
        raise NotFound(f"reading by hand {manual_reading_id} has no photo")
    document = await estate_queries.document(session, estate_id=estate_id, document_id=row.photo_id)
    return Response(
        await estate_queries.content(session, document=document),
        media_type=document.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{manual_reading_id}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
