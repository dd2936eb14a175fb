"""Routes of files of prices, of notices and of benchmarks."""

import asyncio
from typing import Annotated

import yaml
from fastapi import APIRouter, Depends, Query

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.web import EstateId, Now, Session, needs, refusals
from mita.tariffs import operations, queries
from mita.tariffs.api.bodies import DocumentRefused, UnsupportedMedia, document_refused, text_of_file
from mita.tariffs.domain import RateTableInvalid
from mita.tariffs.operations import Decided, ImportUndecided
from mita.tariffs.schemas import CSV_EXAMPLE, EXAMPLE, ImportAsked, ImportOut, RateRuleBody, import_out

router = APIRouter()


@router.post(
    "/estates/{estate_id}/rate-tables/import",
    operation_id="import_rate_table",
    summary="Make a rate table of a file of prices",
    responses=refusals(NotFound, ImportUndecided, UnsupportedMedia, DocumentRefused, Invalid),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE},
                "application/json": {"schema": {"type": "object"}, "example": EXAMPLE},
                "application/yaml": {
                    "schema": {"type": "string"},
                    "example": yaml.safe_dump(EXAMPLE, sort_keys=False),
                },
            },
        }
    },
)
@needs(Permission.RATES_WRITE)
async def import_rate_table(
    session: Session,
    estate_id: EstateId,
    asked: Annotated[ImportAsked, Query()],
    text: Annotated[str, Depends(text_of_file)],
    now: Now,
) -> ImportOut:
    """Answer the draft of a document, a filled-in CSV template or URDB JSON, and what it would change.

    Nothing is stored, unless it is accepted and nothing is left to decide. What is stored charges nothing
    until it is assigned.
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    like = None
    if asked.like is not None:
        row = await queries.rate_table(session, estate_id=estate_id, rate_table_id=asked.like)
        like = row.document
    file = asked.price_file(text, like=like)
    try:
        # a file may be long: off the event loop
        draft = await asyncio.to_thread(file.draft)
    except RateTableInvalid as error:
        raise document_refused(error) from error
    done = await operations.import_rate_table(
        session,
        estate_id=estate_id,
        currency=estate.currency,
        file=file,
        draft=draft,
        decided=Decided(asked.accept, asked.leave_out, asked.confirm),
        now=now,
    )
    return import_out(done)


@router.get(
    "/estates/{estate_id}/rate-rule",
    operation_id="get_rate_rule",
    summary="Get when residents hear of other prices, and the benchmarks",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.RATES_READ)
async def get_rate_rule(session: Session, estate_id: EstateId) -> RateRuleBody:
    """30 days before and no benchmark, unless the estate has set otherwise."""
    return RateRuleBody(
        notice_days=await queries.notice_days(session, estate_id=estate_id),
        benchmarks=await queries.benchmark_ids(session, estate_id=estate_id),
    )


@router.put(
    "/estates/{estate_id}/rate-rule",
    operation_id="set_rate_rule",
    summary="Set when residents hear of other prices, and the benchmarks",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.RATES_WRITE)
async def set_rate_rule(session: Session, estate_id: EstateId, body: RateRuleBody, now: Now) -> RateRuleBody:
    """Set both. A benchmark is shown beside what is charged, and charges nothing."""
    await operations.set_rate_rule(
        session,
        estate_id=estate_id,
        notice_days=body.notice_days,
        benchmarks={str(utility): ids for utility, ids in body.benchmarks.items()},
        now=now,
    )
    return await get_rate_rule(session, estate_id)
