"""Routes of rate tables."""

from typing import Annotated

import yaml
from fastapi import APIRouter, Depends, Query, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import AfterId, Id, Limit, Page, UtilityWord, page_of
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals, repeat_on_contention
from mita.tariffs import operations, queries
from mita.tariffs.api.bodies import DocumentRefused, UnsupportedMedia, table_of_body
from mita.tariffs.domain import (
    RateTable,
    document_schema,
)
from mita.tariffs.operations import AlreadyInForce, Order
from mita.tariffs.schemas import (
    EXAMPLE,
    Assigned,
    RateAssignmentIn,
    RateAssignmentOut,
    RateTableIn,
    RateTableOut,
    RateTableSchema,
    RateTableVersion,
    RateTableWithDocument,
    order_of,
    rate_assignment_out,
    rate_table_out,
    rate_table_version,
    rate_table_with_document,
)

router = APIRouter()
_DOCUMENT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": RateTableIn.model_json_schema(),
                "example": {"document": EXAMPLE},
            },
            "application/yaml": {
                "schema": {"type": "string"},
                "example": yaml.safe_dump(EXAMPLE, sort_keys=False),
            },
        },
    }
}


@router.get(
    "/rate-tables/schema",
    operation_id="get_rate_table_schema",
    summary="Get the JSON Schema of a rate table document",
    responses=refusals(Invalid),
)
@needs(Permission.RATES_READ, or_own=True)
async def get_rate_table_schema() -> RateTableSchema:
    """For editors and validators; what a document may not say beyond it, ``add_rate_table`` tells."""
    return RateTableSchema(document_schema())


@router.get(
    "/estates/{estate_id}/rate-tables",
    operation_id="list_rate_tables",
    summary="List an estate's rate tables",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.RATES_READ)
async def list_rate_tables(
    session: Session,
    estate_id: EstateId,
    utility: Annotated[UtilityWord | None, Query()] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[RateTableOut]:
    """Newest ``effective_from`` first; continue with ``after_id`` = ``next``."""
    rows = await queries.rate_tables(
        session, estate_id=estate_id, utility=utility, after_id=after_id, limit=limit + 1
    )
    return page_of(rows, limit=limit, shown=rate_table_out, cursor=lambda item: item.rate_table_id)


@router.post(
    "/estates/{estate_id}/rate-tables",
    operation_id="add_rate_table",
    summary="Add a rate table",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, UnsupportedMedia, DocumentRefused, Invalid),
    openapi_extra=_DOCUMENT_BODY,
)
@needs(Permission.RATES_WRITE)
async def add_rate_table(
    session: Session, estate_id: EstateId, table: Annotated[RateTable, Depends(table_of_body)], now: Now
) -> RateTableWithDocument:
    """Add a document, JSON under ``document`` or YAML; the same document again is the same table.

    A table charges nothing until it is assigned.
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    row = await operations.add_rate_table(
        session, estate_id=estate_id, currency=estate.currency, table=table, now=now
    )
    return rate_table_with_document(row)


@router.get(
    "/estates/{estate_id}/rate-tables/{rate_table_id}",
    operation_id="get_rate_table",
    summary="Get one rate table with its document",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.RATES_READ)
async def get_rate_table(session: Session, estate_id: EstateId, rate_table_id: Id) -> RateTableWithDocument:
    """One rate table."""
    row = await queries.rate_table(session, estate_id=estate_id, rate_table_id=rate_table_id)
    return rate_table_with_document(row)


@router.post(
    "/estates/{estate_id}/rate-tables/{rate_table_id}/versions",
    operation_id="add_rate_table_version",
    summary="Change prices from a date on: a new version of a rate table",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, UnsupportedMedia, DocumentRefused, AlreadyInForce, Invalid),
    openapi_extra=_DOCUMENT_BODY,
)
@needs(Permission.RATES_WRITE)
async def add_rate_table_version(
    request: Request,
    caller: Asking,
    estate_id: EstateId,
    rate_table_id: Id,
    table: Annotated[RateTable, Depends(table_of_body)],
    now: Now,
) -> RateTableVersion:
    """Store a table of a later date, and charge by it from then on wherever the old one holds.

    A table is never changed: the version before stays for the time before. A repeat does nothing more.
    """

    async def work(session: AsyncSession) -> RateTableVersion:
        estate = await estate_queries.estate(session, estate_id=estate_id)
        row, assignments = await operations.add_version(
            session,
            estate_id=estate_id,
            rate_table_id=rate_table_id,
            currency=estate.currency,
            table=table,
            actor=caller.actor,
            now=now,
        )
        return rate_table_version(row, assignments=assignments)

    return await repeat_on_contention(request, estate_id=estate_id, work=work)


@router.post(
    "/estates/{estate_id}/rate-tables/{rate_table_id}/assign",
    operation_id="assign_rate_table",
    summary="Charge the estate's utility by a rate table from its date on",
    responses=refusals(NotFound, AlreadyInForce, Invalid),
)
@needs(Permission.RATES_WRITE)
async def assign_rate_table(
    request: Request, caller: Asking, estate_id: EstateId, rate_table_id: Id, now: Now
) -> Assigned:
    """Put it in force for every unit that has no table of its own.

    Readings held for want of a price are charged, and what another table charged from that date on is charged
    again. Assigning twice does nothing more.
    """

    async def work(session: AsyncSession) -> Assigned:
        row, is_new = await operations.assign_rate_table(
            session, estate_id=estate_id, order=Order(rate_table_id, caller.actor), now=now
        )
        return Assigned(
            rate_table_id=rate_table_id,
            utility=row.utility,
            effective_from=row.effective_from,
            is_new=is_new,
        )

    return await repeat_on_contention(request, estate_id=estate_id, work=work)


@router.get(
    "/estates/{estate_id}/rate-assignments",
    operation_id="list_rate_assignments",
    summary="List what was ever put in force, by whom and why",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.RATES_READ)
async def list_rate_assignments(
    session: Session,
    estate_id: EstateId,
    utility: Annotated[UtilityWord | None, Query()] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[RateAssignmentOut]:
    """By age, the newest last; continue with ``after_id`` = ``next``.

    Of those with the same target and first date the newest one counts.
    """
    rows = await queries.assignment_rows(
        session, estate_id=estate_id, utility=utility, after_id=after_id, limit=limit + 1
    )
    return page_of(rows, limit=limit, shown=rate_assignment_out, cursor=lambda item: item.rate_assignment_id)


@router.post(
    "/estates/{estate_id}/rate-assignments",
    operation_id="add_rate_assignment",
    summary="Charge an estate, a unit, a meter or a register by a rate table",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {"model": RateAssignmentOut, "description": "It was in force so before"},
        **refusals(NotFound, AlreadyInForce, Invalid),
    },
)
@needs(Permission.RATES_WRITE)
async def add_rate_assignment(
    request: Request,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    body: RateAssignmentIn,
    now: Now,
) -> RateAssignmentOut:
    """Put it in force: the most specific wins, and a past that was charged otherwise is charged again.

    A few registers are done at once, many soon after, and until then they are charged as before.
    """

    async def work(session: AsyncSession) -> tuple[RateAssignmentOut, bool]:
        row, is_new = await operations.assign_rate_table(
            session, estate_id=estate_id, order=order_of(body, actor=caller.actor), now=now
        )
        return rate_assignment_out(row), is_new

    assigned, is_new = await repeat_on_contention(request, estate_id=estate_id, work=work)
    if not is_new:
        response.status_code = status.HTTP_200_OK
    return assigned
