"""Routes of files of head-ends: sent, previewed, charged in the background, with every fault by its line."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estates
from mita.identity.domain import Permission
from mita.imports import operations, queries
from mita.imports.domain import Mode, ModeWord, ReadingFileRefused
from mita.imports.operations import NewReadingFile
from mita.imports.schemas import (
    ReadingFileDetail,
    ReadingFileOut,
    reading_file_detail,
    reading_file_out,
)
from mita.kit.errors import Invalid, KeyReused, NotFound
from mita.kit.shapes import Limit, Page, Text, page_of
from mita.kit.sheets import sheet_text
from mita.kit.web import Asking, EstateId, IdempotencyKey, Now, Session, missing, needs, refusals

from .terms import AskedTerms

router = APIRouter()
_FILE = "/estates/{estate_id}/reading-files/{reading_file_id}"
_BINARY = {"schema": {"type": "string", "format": "binary"}, "example": "100,NEM12,202403010000,,\n"}
_MEDIA_TYPES = ("application/octet-stream", "text/csv", "text/plain", "application/xml", "application/zip")
_CSV = "text/csv"
_BOM = "\ufeff"


class FaultsFile(Response):
    """The faults of a file as CSV."""

    media_type = _CSV


@router.post(
    "/estates/{estate_id}/reading-files",
    operation_id="send_reading_file",
    summary="Send a file of a head-end to be charged",
    status_code=status.HTTP_202_ACCEPTED,
    responses={
        status.HTTP_200_OK: {"model": ReadingFileOut, "description": "The key was carried out before"},
        **refusals(NotFound, ReadingFileRefused, KeyReused, Invalid),
    },
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(_MEDIA_TYPES, _BINARY)}},
)
@needs(Permission.IMPORTS_WRITE)
async def send_reading_file(
    request: Request,
    response: Response,
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    idempotency_key: IdempotencyKey,
    now: Now,
    terms: AskedTerms,
    file_name: Annotated[Text, Query(examples=["NEM12#march.zip"])] = "readings",
    mode: Annotated[
        ModeWord, Query(description="Whether what is sound is charged where there are faults")
    ] = "all_or_nothing",
    *,
    dry_run: Annotated[bool, Query(description="Say what is in it, and charge nothing")] = False,
) -> ReadingFileOut:
    """Keep the file and charge it in the background; `get_reading_file` tells how far that is.

    The body is the file, 5 MB at most, or a zip with one file of at most 64 MiB. It needs `readings.send`
    as well.
    """
    if not asking.may(Permission.READINGS_SEND, estate_id=estate_id):
        raise missing(Permission.READINGS_SEND)
    new = NewReadingFile(file_name, await request.body(), terms, Mode(mode), dry_run, idempotency_key)
    row, is_repeat = await operations.receive_reading_file(
        session, estate_id=estate_id, new=new, actor=asking.actor, now=now
    )
    if is_repeat:
        response.status_code = status.HTTP_200_OK
    return reading_file_out(row, currency=await _currency(session, estate_id))


@router.get(
    "/estates/{estate_id}/reading-files",
    operation_id="list_reading_files",
    summary="List an estate's files of head-ends",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.IMPORTS_WRITE)
async def list_reading_files(
    session: Session,
    estate_id: EstateId,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ReadingFileOut]:
    """Newest first; continue with ``before`` = ``next``."""
    rows = await queries.reading_files(session, estate_id=estate_id, before=before, limit=limit + 1)
    currency = await _currency(session, estate_id)
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: reading_file_out(row, currency=currency),
        cursor=lambda item: str(item.reading_file_id),
    )


@router.get(
    _FILE,
    operation_id="get_reading_file",
    summary="Get one file of a head-end: how far it is, its registers and its faults",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.IMPORTS_WRITE)
async def get_reading_file(session: Session, estate_id: EstateId, reading_file_id: UUID) -> ReadingFileDetail:
    """One file; the live stream hints at `imports` whenever some readings more are charged."""
    row = await queries.reading_file(session, estate_id=estate_id, reading_file_id=reading_file_id)
    return reading_file_detail(row, currency=await _currency(session, estate_id))


@router.get(
    _FILE + "/faults.csv",
    operation_id="download_reading_file_faults",
    summary="Download the faults of a file of a head-end",
    response_class=FaultsFile,
    responses={
        200: {
            "description": "The file",
            "content": {
                _CSV: {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "line,meter,code,message\r\n3,6305000001,wrong_count,47 values\r\n",
                }
            },
        },
        **refusals(NotFound, Invalid),
    },
)
@needs(Permission.IMPORTS_WRITE)
async def download_reading_file_faults(
    session: Session, estate_id: EstateId, reading_file_id: UUID
) -> FaultsFile:
    """Give line, meter, code and reason of the first thousand; line 0 is the file as a whole."""
    row = await queries.reading_file(session, estate_id=estate_id, reading_file_id=reading_file_id)
    header = ("line", "meter", "code", "message")
    lines = [header, *([_cell(each[name]) for name in header] for each in row.faults)]
    name = f"faults-{reading_file_id}.csv"
    return FaultsFile(
        _BOM + sheet_text(lines), headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _cell(said: Any) -> str:
    return "" if said is None else str(said)


async def _currency(session: AsyncSession, estate_id: int) -> str:
    return (await estates.estate(session, estate_id=estate_id)).currency
