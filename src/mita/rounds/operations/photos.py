"""Photos that show what a meter said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.operations import NewDocument
from mita.kit.errors import Invalid, NotFound, Refusal
from mita.metering import queries as metering_queries
from mita.rounds.operations.readers import reader_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller

PHOTO_TYPES = ("image/jpeg", "image/png", "image/webp")


class PhotoRefused(Refusal):
    """The file is no photo: JPEG, PNG and WebP are taken."""

    code = "photo_refused"
    status = 415
    title = "Photos are JPEG, PNG or WebP"


async def store_photo(
    session: AsyncSession,
    *,
    estate_id: int,
    meter_id: int,
    media_type: str,
    content: bytes,
    caller: Caller,
    now: datetime,
) -> Any:
    """Store a photo of a meter as a document; whoever may read the meter may, at the same times.

    :raises NotFound: if there is no such meter, or not for this caller
    :raises PhotoRefused: if it is said to be something else than a photo
    :raises Invalid: if it is not what it is said to be
    """
    meter = await metering_queries.meter(session, estate_id=estate_id, meter_id=meter_id)
    await reader_of(session, estate_id=estate_id, unit_id=meter.unit_id, caller=caller, now=now)
    if media_type not in PHOTO_TYPES:
        raise PhotoRefused(f"send one of {', '.join(PHOTO_TYPES)}")
    name = f"meter {meter.serial}"
    new = NewDocument("meter", meter_id, meter.unit_id, name, media_type, content, for_residents=True)
    return await estates.store_document(session, estate_id=estate_id, new=new, actor=caller.actor, now=now)


async def check_photo(
    session: AsyncSession, *, estate_id: int, meter_id: int, photo_id: UUID, caller: Caller, is_resident: bool
) -> None:
    """Let a reading name a photo of its meter; a resident's only if it is the resident's own.

    :raises Invalid: if there is no such photo
    """
    try:
        found = await estate_queries.document(session, estate_id=estate_id, document_id=photo_id)
    except NotFound:
        found = None
    if (
        found is None
        or (found.subject, found.subject_id) != ("meter", meter_id)
        or found.media_type not in PHOTO_TYPES
        or (is_resident and found.actor != caller.actor)
    ):
        message = "is no photo of this meter"
        raise Invalid(f"photo_id {message}", problems=[{"path": "body.photo_id", "message": message}])
