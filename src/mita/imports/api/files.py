"""Routes of imports: templates, files, what became of their rows."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.identity.domain import Permission
from mita.imports import operations, queries
from mita.imports.domain import (
    KINDS,
    FileRefused,
    KindWord,
    Mode,
    ModeWord,
    RowState,
    RowWord,
    error_file,
    template_file,
)
from mita.imports.operations import NewFile
from mita.imports.schemas import (
    ImportDetail,
    ImportOut,
    ImportRowOut,
    Templates,
    import_detail,
    import_out,
    import_row_out,
    template_out,
)
from mita.kit.errors import Invalid, KeyReused, NotFound, Refusal
from mita.kit.shapes import Limit, Page, Text, page_of
from mita.kit.web import Asking, EstateId, IdempotencyKey, Now, Session, missing, needs, refusals

router = APIRouter()
_CSV = "text/csv"
_IMPORT = "/estates/{estate_id}/imports/{import_id}"
_PORTION = 1000
_FILE = {
    "requestBody": {
        "required": True,
        "content": {
            _CSV: {
                "schema": {"type": "string", "format": "binary"},
                "example": "name,floor_area\nA101,64.5\n",
            }
        },
    }
}


class CsvFile(Response):
    """A file of rows."""

    media_type = _CSV


def _csv_answer(example: str) -> dict[int | str, dict[str, object]]:
    content = {_CSV: {"schema": {"type": "string", "format": "binary"}, "example": example}}
    return {200: {"description": "The file", "content": content}}


class CsvNeeded(Refusal):
    """The body is no CSV file by its content type."""

    code = "csv_needed"
    status = 415
    title = "Send the file as text/csv"


@router.get(
    "/import-templates",
    operation_id="list_import_templates",
    summary="List the kinds of files that can be imported, with every column",
    responses=refusals(Invalid),
)
@needs(Permission.IMPORTS_WRITE, or_own=True)
async def list_import_templates() -> Templates:
    """Every kind, its columns with an example each, and what a row does that was imported before."""
    return Templates(items=[template_out(kind) for kind in KINDS.values()])


@router.get(
    "/import-templates/{kind}.csv",
    operation_id="download_import_template",
    summary="Download a file with the columns of a kind and a row that is right",
    response_class=CsvFile,
    responses={**_csv_answer("name,kind\r\nA101,flat\r\n"), **refusals(Invalid)},
)
@needs(Permission.IMPORTS_WRITE, or_own=True)
async def download_import_template(kind: KindWord) -> CsvFile:
    """Give a CSV file in UTF-8; fill it below its header and take the example out."""
    return _download(template_file(KINDS[kind]), name=f"{kind}.csv")


@router.post(
    "/estates/{estate_id}/imports",
    operation_id="start_import",
    summary="Import a file of rows",
    status_code=status.HTTP_202_ACCEPTED,
    responses={
        status.HTTP_200_OK: {"model": ImportOut, "description": "The key was carried out before"},
        **refusals(NotFound, FileRefused, CsvNeeded, KeyReused, Invalid),
    },
    openapi_extra=_FILE,
)
@needs(Permission.IMPORTS_WRITE)
async def start_import(
    request: Request,
    response: Response,
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    kind: Annotated[KindWord, Query()],
    idempotency_key: IdempotencyKey,
    now: Now,
    mode: Annotated[
        ModeWord, Query(description="Whether good rows are kept where others fail")
    ] = "all_or_nothing",
    dry_run: Annotated[bool, Query(description="Do everything, and keep nothing of it")] = False,  # noqa: FBT002 - a parameter of the query
    file_name: Annotated[Text, Query(examples=["units.csv"])] = "rows.csv",
) -> ImportOut:
    """Store the rows and carry them in the background; `get_import` tells how far that is.

    It needs the permission of the single operation as well: `list_import_templates` names it.
    """
    permission = KINDS[kind].permission
    if not asking.may(permission, estate_id=estate_id):
        raise missing(permission)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (_CSV, "text/plain", "application/vnd.ms-excel"):
        raise CsvNeeded("send the file in the body, as text/csv")
    new = NewFile(kind, file_name, await request.body(), Mode(mode), dry_run, idempotency_key)
    row, is_repeat = await operations.receive_file(
        session, estate_id=estate_id, new=new, actor=asking.actor, now=now
    )
    if is_repeat:
        response.status_code = status.HTTP_200_OK
    return import_out(row)


@router.get(
    "/estates/{estate_id}/imports",
    operation_id="list_imports",
    summary="List an estate's imports",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.IMPORTS_WRITE)
async def list_imports(
    session: Session,
    estate_id: EstateId,
    kind: Annotated[KindWord | None, Query()] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ImportOut]:
    """Newest first; continue with ``before`` = ``next``."""
    rows = await queries.import_files(session, estate_id=estate_id, kind=kind, before=before, limit=limit + 1)
    return page_of(rows, limit=limit, shown=import_out, cursor=lambda item: str(item.import_id))


@router.get(
    _IMPORT,
    operation_id="get_import",
    summary="Get one import: how far it is, what became of its rows",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.IMPORTS_WRITE)
async def get_import(session: Session, estate_id: EstateId, import_id: UUID) -> ImportDetail:
    """One import; the live stream hints at `imports` whenever some rows more are done."""
    row = await queries.import_file(session, estate_id=estate_id, import_id=import_id)
    return import_detail(row, same_file_as=await queries.first_of_same_file(session, file=row))


@router.get(
    _IMPORT + "/rows",
    operation_id="list_import_rows",
    summary="List the rows of an import with their faults",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.IMPORTS_WRITE)
async def list_import_rows(
    session: Session,
    estate_id: EstateId,
    import_id: UUID,
    state: Annotated[RowWord | None, Query()] = None,
    after_line: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ImportRowOut]:
    """In the order of the file; continue with ``after_line`` = ``next``."""
    file = await queries.import_file(session, estate_id=estate_id, import_id=import_id)
    rows = await queries.import_rows(
        session,
        estate_id=estate_id,
        import_id=import_id,
        state=None if state is None else RowState(state),
        after_line=after_line,
        limit=limit + 1,
    )
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: import_row_out(row, columns=file.columns),
        cursor=lambda item: item.row,
    )


@router.get(
    _IMPORT + "/errors.csv",
    operation_id="download_import_errors",
    summary="Download the rows that failed, with reasons",
    response_class=CsvFile,
    responses={
        **_csv_answer(
            "name,floor_area,error_row,error_reason\r\nA101,a lot,12,floor_area: write a number\r\n"
        ),
        **refusals(NotFound, Invalid),
    },
)
@needs(Permission.IMPORTS_WRITE)
async def download_import_errors(session: Session, estate_id: EstateId, import_id: UUID) -> CsvFile:
    """Give the columns of the file, then row and reasons; mended, it can be imported as it is."""
    file = await queries.import_file(session, estate_id=estate_id, import_id=import_id)
    found = [row async for row in _failed(session, estate_id=estate_id, import_id=import_id)]
    return _download(error_file(file.columns, found), name=f"errors-{import_id}.csv")


async def _failed(
    session: AsyncSession, *, estate_id: int, import_id: UUID
) -> AsyncIterator[tuple[int, list[str], list[str]]]:
    after = 0
    while rows := await queries.import_rows(
        session,
        estate_id=estate_id,
        import_id=import_id,
        state=RowState.FAILED,
        after_line=after,
        limit=_PORTION,
    ):
        for row in rows:
            reasons = [": ".join(filter(None, (each["column"], each["message"]))) for each in row.faults]
            yield row.row_number, row.cells, reasons
        after = rows[-1].row_number


def _download(text: str, *, name: str) -> CsvFile:
    return CsvFile(text, headers={"Content-Disposition": f'attachment; filename="{name}"'})
