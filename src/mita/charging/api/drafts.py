"""The route of rate tables that are being written: read, and priced, before anything is stored."""

from datetime import datetime

import yaml
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from mita.charging.api.calculation import IntervalsInvalid, NoPrice, TimesMissing, calculated
from mita.charging.operations import NothingUsed
from mita.charging.schemas.calculation import CalculationOut
from mita.charging.schemas.drafts import DraftIn, DraftOut
from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.web import EstateId, Now, Session, needs, refusals
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import RateTable, RateTableInvalid, parse_document
from mita.tariffs.operations import DocumentRefused, check_currency, document_refused

router = APIRouter()
_LINE_CHARS = 110


@router.post(
    "/estates/{estate_id}/rate-tables/preview",
    operation_id="preview_rate_table",
    summary="Read a draft of a rate table, and price a consumption by it; nothing is stored",
    responses=refusals(NotFound, DocumentRefused, IntervalsInvalid, Invalid),
)
@needs(Permission.RATES_READ)
async def preview_rate_table(session: Session, estate_id: EstateId, body: DraftIn, now: Now) -> DraftOut:
    """For editors: what is wrong comes with its path, and of a text with its line, as when it is added.

    A draft that does not price the consumption is read all the same; ``not_calculated`` says why.
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    place = (estate_id, estate.time_zone)
    written = body.text if body.document is None else body.document
    assert written is not None, "the shape asks for one of them"
    try:
        table = parse_document(written)
    except RateTableInvalid as error:
        raise document_refused(error) from error
    check_currency(table, currency=estate.currency)
    mine, why_not = await _priced(session, place=place, table=table, body=body, now=now)
    other: tuple[CalculationOut | None, str | None] = (None, None)
    if body.beside is not None:
        row = await tariff_queries.rate_table(session, estate_id=estate_id, rate_table_id=body.beside)
        stored = parse_document(row.document)
        other = await _priced(session, place=place, table=stored, body=body, now=now)
    document = table.to_document()
    text = yaml.safe_dump(
        document, sort_keys=False, allow_unicode=True, default_flow_style=None, width=_LINE_CHARS
    )
    return DraftOut(
        document=document,
        text=text,
        calculation=mine,
        beside=other[0],
        not_calculated=why_not,
        beside_not_calculated=other[1],
    )


async def _priced(
    session: AsyncSession, *, place: tuple[int, str], table: RateTable, body: DraftIn, now: datetime
) -> tuple[CalculationOut | None, str | None]:
    if body.consumption is None:
        return None, None
    try:
        done = await calculated(session, place=place, table=table, body=body.consumption, now=now)
    except (NoPrice, TimesMissing, NothingUsed) as error:
        return None, str(error)
    return done, None
