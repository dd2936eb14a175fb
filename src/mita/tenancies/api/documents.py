"""Routes of documents: photos and papers about an estate, a unit, a meter or a person."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.operations import MEDIA_TYPES, NewDocument
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound, Refusal
from mita.kit.shapes import Id, Limit, Page, Text, page_of
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.metering import queries as metering_queries
from mita.tenancies.schemas.meters import DocumentOut, SubjectWord, document_out

router = APIRouter()
_BINARY = {"schema": {"type": "string", "format": "binary"}, "example": "…"}


class MediaRefused(Refusal):
    """The file is of a kind that is not kept: photos and PDF are."""

    code = "media_refused"
    status = 415
    title = "Files of this kind are not kept"


@router.get(
    "/estates/{estate_id}/documents",
    operation_id="list_documents",
    summary="List documents",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.UNITS_WRITE, or_own=True)
async def list_documents(
    session: Session,
    estate_id: EstateId,
    subject: Annotated[SubjectWord | None, Query()] = None,
    subject_id: Annotated[Id | None, Query()] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[DocumentOut]:
    """Newest first, without what they hold; continue with ``before`` = ``next``.

    Residents and owners see what is for residents: of the estate, of themselves, and of their unit since they
    are there.
    """
    rows = await estate_queries.documents(
        session, estate_id=estate_id, subject=subject, subject_id=subject_id, before=before, limit=limit + 1
    )
    return page_of(rows, limit=limit, shown=document_out, cursor=lambda item: str(item.document_id))


@router.post(
    "/estates/{estate_id}/documents",
    operation_id="add_document",
    summary="Add a document",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, MediaRefused, Invalid),
    openapi_extra={
        "requestBody": {"required": True, "content": dict.fromkeys(MEDIA_TYPES, _BINARY)},
    },
)
@needs(Permission.UNITS_WRITE)
async def add_document(
    request: Request,
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    subject: Annotated[SubjectWord, Query()],
    subject_id: Annotated[Id, Query(description="The number of the unit, meter, person or estate")],
    name: Annotated[Text, Query(examples=["meter.jpg"])],
    now: Now,
    *,
    for_residents: Annotated[bool, Query(description="Whoever it concerns may see it")] = False,
) -> DocumentOut:
    """Store the body, 5 MB at most: a JPEG, PNG, WebP or PDF, and it must look like what it says it is."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise MediaRefused(f"send one of {', '.join(MEDIA_TYPES)}")
    unit_id = await _unit_of(session, estate_id=estate_id, subject=subject, subject_id=subject_id)
    content = await request.body()
    new = NewDocument(subject, subject_id, unit_id, name, media_type, content, for_residents)
    row = await estates.store_document(session, estate_id=estate_id, new=new, actor=asking.actor, now=now)
    return document_out(row)


async def _unit_of(session: AsyncSession, *, estate_id: int, subject: str, subject_id: int) -> int | None:
    """Return the unit that a document's subject belongs to, if to one.

    :raises NotFound: if there is no such thing in the estate
    """
    if subject == "unit":
        return (await estate_queries.unit(session, estate_id=estate_id, unit_id=subject_id)).unit_id
    if subject == "meter":
        meter = await metering_queries.meter(session, estate_id=estate_id, meter_id=subject_id)
        return meter.unit_id
    if subject == "person":
        is_there = await estate_queries.is_known(session, estate_id=estate_id, person_id=subject_id)
    else:
        is_there = subject_id == estate_id
    if not is_there:
        raise NotFound(f"{subject} {subject_id} does not exist in estate {estate_id}")
    return None


@router.get(
    "/estates/{estate_id}/documents/{document_id}",
    operation_id="get_document",
    summary="Get one document without what it holds",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.UNITS_WRITE, or_own=True)
async def get_document(session: Session, estate_id: EstateId, document_id: UUID) -> DocumentOut:
    """One document."""
    return document_out(await estate_queries.document(session, estate_id=estate_id, document_id=document_id))


@router.get(
    "/estates/{estate_id}/documents/{document_id}/file",
    operation_id="download_document",
    summary="Download what a document holds",
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **refusals(NotFound, Invalid),
    },
)
@needs(Permission.UNITS_WRITE, or_own=True)
async def download_document(session: Session, estate_id: EstateId, document_id: UUID) -> Response:
    """As an attachment, never to be shown in the page: a browser saves it and does not guess its kind."""
    row = await estate_queries.document(session, estate_id=estate_id, document_id=document_id)
    return Response(
        await estate_queries.content(session, document=row),
        media_type=row.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


@router.delete(
    "/estates/{estate_id}/documents/{document_id}",
    operation_id="archive_document",
    summary="Archive a document",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.UNITS_WRITE)
async def archive_document(session: Session, estate_id: EstateId, document_id: UUID, now: Now) -> DocumentOut:
    """Take it out of every list."""
    row = await estate_queries.document(session, estate_id=estate_id, document_id=document_id)
    await estates.archive_document(session, document=row, now=now)
    return document_out(row)
