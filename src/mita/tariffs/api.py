"""Routes of rate tables."""

import asyncio
import json
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Depends, Request, status
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.kit.errors import Conflict, Invalid, NotFound, Refusal
from mita.kit.shapes import Id, Page
from mita.kit.web import EstateId, Now, Session, refusals, repeat_on_contention
from mita.kit.zones import zone
from mita.tariffs import operations, queries
from mita.tariffs.domain import (
    BadIntervals,
    Calculation,
    ChargeTooLarge,
    NotPriced,
    RateTable,
    RateTableInvalid,
    TimesNeeded,
    calculate,
    parse_document,
)
from mita.tariffs.operations import AlreadyInForce, PastAlreadyCharged
from mita.tariffs.schemas import (
    EXAMPLE,
    Assigned,
    CalculationOut,
    ConsumptionIn,
    RateTableIn,
    RateTableOut,
    RateTableWithDocument,
    calculation_out,
    rate_table_out,
    rate_table_with_document,
)

router = APIRouter(tags=["tariffs"])

_YAML = ("application/yaml", "application/x-yaml", "text/yaml")
# the largest a document may be, with room for JSON's quoting
_BODY_BYTES_MAX = 1024 * 1024
_BASE_UNIT = {"electricity": "kWh", "solar": "kWh"}


class DocumentRefused(Invalid):
    """The document is no rate table; ``problems`` says all that has to be mended."""

    code = "rate_table_invalid"
    title = "The rate table is not valid"


class UnsupportedMedia(Refusal):
    """The body is neither JSON nor YAML."""

    code = "unsupported_media_type"
    status = 415
    title = "The content type is not supported"


class NoPrice(Conflict):
    """The table has no price for what was asked."""

    code = "not_priced"
    title = "The rate table does not price this"


class TimesMissing(Conflict):
    """The price depends on the time of use, and only a quantity was given."""

    code = "times_needed"
    title = "The price depends on the time of use"


class IntervalsInvalid(Invalid):
    """Intervals that are empty, overlap, are out of order, or span too much."""

    code = "intervals_invalid"
    title = "The intervals are not valid"


async def _table_of_body(request: Request) -> RateTable:
    """Return the rate table in the body, YAML text or ``{"document": …}``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", *_YAML):
        raise UnsupportedMedia(
            "send application/json with the document under `document`, or application/yaml"
        )
    raw = await request.body()
    if len(raw) > _BODY_BYTES_MAX:
        raise _body_invalid("no rate table is this long")
    try:
        text = raw.decode("utf-8")
        document: Any = text if kind in _YAML else RateTableIn.model_validate(json.loads(text)).document
    except UnicodeDecodeError as error:
        raise _body_invalid("is not UTF-8") from error
    except ValidationError as error:
        raise _body_invalid('must be {"document": {…}} and nothing else') from error
    except (ValueError, RecursionError) as error:
        raise _body_invalid("is not JSON") from error
    try:
        return parse_document(document)
    except RateTableInvalid as error:
        problems: list[dict[str, object]] = [
            {"path": each.path, "line": each.line, "code": each.code, "message": each.message}
            for each in error.problems
        ]
        raise DocumentRefused(
            f"{len(problems)} problems: {problems[0]['message']}", problems=problems
        ) from error


def _body_invalid(message: str) -> Invalid:
    return Invalid(f"the body {message}", problems=[{"path": "body", "message": message}])


@router.get(
    "/estates/{estate_id}/rate-tables",
    operation_id="list_rate_tables",
    summary="List an estate's rate tables",
    responses=refusals(NotFound, Invalid),
)
async def list_rate_tables(session: Session, estate_id: EstateId) -> Page[RateTableOut]:
    """All of them, newest ``effective_from`` first."""
    rows = await queries.rate_tables(session, estate_id=estate_id)
    return Page(items=[rate_table_out(row) for row in rows])


@router.post(
    "/estates/{estate_id}/rate-tables",
    operation_id="add_rate_table",
    summary="Add a rate table",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, UnsupportedMedia, DocumentRefused, Invalid),
    openapi_extra={
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
    },
)
async def add_rate_table(
    session: Session, estate_id: EstateId, table: Annotated[RateTable, Depends(_table_of_body)], now: Now
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
async def get_rate_table(session: Session, estate_id: EstateId, rate_table_id: Id) -> RateTableWithDocument:
    """One rate table."""
    row = await queries.rate_table(session, estate_id=estate_id, rate_table_id=rate_table_id)
    return rate_table_with_document(row)


@router.post(
    "/estates/{estate_id}/rate-tables/{rate_table_id}/assign",
    operation_id="assign_rate_table",
    summary="Charge the estate's utility by a rate table from its date on",
    responses=refusals(NotFound, AlreadyInForce, PastAlreadyCharged, Invalid),
)
async def assign_rate_table(request: Request, estate_id: EstateId, rate_table_id: Id, now: Now) -> Assigned:
    """Put it in force; readings held for want of a price are charged. Assigning twice does nothing more."""

    async def work(session: AsyncSession) -> Assigned:
        is_new = await operations.assign_rate_table(
            session, estate_id=estate_id, rate_table_id=rate_table_id, now=now
        )
        row = await queries.rate_table(session, estate_id=estate_id, rate_table_id=rate_table_id)
        return Assigned(
            rate_table_id=rate_table_id,
            utility=row.utility,
            effective_from=row.effective_from,
            is_new=is_new,
        )

    return await repeat_on_contention(request, estate_id=estate_id, work=work)


@router.post(
    "/estates/{estate_id}/rate-tables/{rate_table_id}/calculate",
    operation_id="calculate_charge",
    summary="Calculate what a consumption costs under a rate table",
    responses=refusals(NotFound, NoPrice, TimesMissing, IntervalsInvalid, Invalid),
)
async def calculate_charge(
    session: Session, estate_id: EstateId, rate_table_id: Id, body: ConsumptionIn
) -> CalculationOut:
    """Nothing is charged and nothing is stored. A quantity counts from the start of a billing period."""
    row = await queries.rate_table(session, estate_id=estate_id, rate_table_id=rate_table_id)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    table = parse_document(row.document)
    # a year of half hours takes a while: off the event loop
    result = await asyncio.to_thread(_calculate, table, zone_name=estate.time_zone, body=body)
    return calculation_out(result, table=table, unit=_BASE_UNIT.get(table.utility, "m3"))


def _calculate(table: RateTable, *, zone_name: str, body: ConsumptionIn) -> Calculation:
    try:
        return calculate(
            table,
            zone=zone(zone_name),
            intervals=body.spans,
            quantity_micro=body.quantity_micro,
            register=body.register_,
        )
    except NotPriced as error:
        raise NoPrice(str(error)) from error
    except TimesNeeded as error:
        raise TimesMissing(str(error)) from error
    except (BadIntervals, ChargeTooLarge) as error:
        raise IntervalsInvalid(str(error), problems=[{"path": "body", "message": str(error)}]) from error
