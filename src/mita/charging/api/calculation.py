"""Routes of calculations: what a consumption costs under a rate table, and how two prices compare."""

import asyncio
from datetime import date, datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from mita.charging import operations
from mita.charging.domain.comparison import ComparedTotals, UnitComparison
from mita.charging.domain.comparison_csv import comparison_lines, header_line
from mita.charging.operations import Comparison, NothingUsed
from mita.charging.schemas.calculation import (
    CalculationOut,
    ComparisonIn,
    ComparisonOut,
    ConsumptionIn,
    calculation_out,
    comparison_fields,
    unit_comparison_out,
)
from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Conflict, Invalid, NotFound
from mita.kit.shapes import Id
from mita.kit.web import EstateId, Now, Session, needs, refusals
from mita.kit.zones import zone
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import (
    BadIntervals,
    BadSpan,
    Bill,
    ChargeTooLarge,
    IntervalsMissing,
    NotPriced,
    RateTable,
    TimesNeeded,
    calculate_bill,
    parse_document,
)

router = APIRouter()
# of all units together: what a request may wait for
UNIT_DAYS_MAX = 2_000 * 366
_CSV = "text/csv"
Days = tuple[date, date]


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


class ComparisonTooLarge(Conflict):
    """More units and days than one request compares."""

    code = "comparison_too_large"
    title = "That is too much to compare in one request"


@router.post(
    "/estates/{estate_id}/rate-tables/{rate_table_id}/calculate",
    operation_id="calculate_charge",
    summary="Calculate what a consumption costs under a rate table",
    responses=refusals(NotFound, NoPrice, TimesMissing, NothingUsed, IntervalsInvalid, Invalid),
)
@needs(Permission.RATES_READ)
async def calculate_charge(
    session: Session, estate_id: EstateId, rate_table_id: Id, body: ConsumptionIn, now: Now
) -> CalculationOut:
    """Nothing is charged and nothing is stored. A quantity without dates is one whole billing period's.

    With ``unit_id`` it is what the unit used itself, beside what it was charged; the table counts as in force
    on all of these dates.
    """
    row = await tariff_queries.rate_table(session, estate_id=estate_id, rate_table_id=rate_table_id)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    place = (estate_id, estate.time_zone)
    return await calculated(session, place=place, table=parse_document(row.document), body=body, now=now)


async def calculated(
    session: AsyncSession, *, place: tuple[int, str], table: RateTable, body: ConsumptionIn, now: datetime
) -> CalculationOut:
    """Return what a consumption costs under a table, stored or not; ``place`` is the estate and its zone.

    :raises NoPrice, TimesMissing, NothingUsed, IntervalsInvalid: as the route says
    """
    estate_id, zone_name = place
    if body.unit_id is not None:
        days = body.days or months_before(now, months=body.months or 0, zone_name=zone_name)
        return await _of_unit(session, estate_id=estate_id, table=table, unit_id=body.unit_id, days=days)
    # a year of half hours takes a while: off the event loop
    bill, days = await asyncio.to_thread(_calculated, table, zone_name=zone_name, body=body)
    return calculation_out(bill, table=table, days=days)


def months_before(now: datetime, *, months: int, zone_name: str) -> Days:
    """Return the local dates [first, until) of the whole months before this one."""
    until = now.astimezone(zone(zone_name)).date().replace(day=1)
    number = until.year * 12 + until.month - 1 - months
    return date(number // 12, number % 12 + 1, 1), until


async def _of_unit(
    session: AsyncSession, *, estate_id: int, table: RateTable, unit_id: int, days: Days
) -> CalculationOut:
    try:
        found = await operations.preview_unit(
            session, estate_id=estate_id, table=table, unit_id=unit_id, days=days
        )
    except (BadIntervals, BadSpan, ChargeTooLarge) as error:
        raise IntervalsInvalid(str(error), problems=[{"path": "body", "message": str(error)}]) from error
    return calculation_out(found.bill, table=found.table, days=found.days, charged_micro=found.charged_micro)


def _calculated(table: RateTable, *, zone_name: str, body: ConsumptionIn) -> tuple[Bill, Days]:
    try:
        return calculate_bill(
            [table],
            zone=zone(zone_name),
            uses=None if body.spans is None else {body.register_: body.spans},
            quantity_micro=body.quantity_micro,
            register=body.register_,
            days=body.days,
        )
    except NotPriced as error:
        raise NoPrice(str(error)) from error
    except (TimesNeeded, IntervalsMissing) as error:
        raise TimesMissing(str(error)) from error
    except (BadIntervals, BadSpan, ChargeTooLarge) as error:
        raise IntervalsInvalid(str(error), problems=[{"path": "body", "message": str(error)}]) from error


@router.post(
    "/estates/{estate_id}/rate-tables/{rate_table_id}/compare",
    operation_id="compare_rate_tables",
    summary="Compare a rate table with another, or with what is in force, over units' own consumption",
    response_model=ComparisonOut,
    responses={
        200: {"content": {_CSV: {"schema": {"type": "string"}}}, "description": "The comparison"},
        **refusals(NotFound, ComparisonTooLarge, IntervalsInvalid, Invalid),
    },
)
@needs(Permission.RATES_READ)
async def compare_rate_tables(
    request: Request, session: Session, estate_id: EstateId, rate_table_id: Id, body: ComparisonIn
) -> Response | ComparisonOut:
    """Price what units used by both, as if each were in force on all of these dates; nothing is stored.

    With ``Accept: text/csv`` the answer is a file with a row for every unit.
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    count = await operations.compared_units(session, estate_id=estate_id, unit_id=body.unit_id)
    if count * (body.to - body.from_).days > UNIT_DAYS_MAX:
        raise ComparisonTooLarge(
            f"{count} units times {(body.to - body.from_).days} days are more than {UNIT_DAYS_MAX}: ask for"
            " fewer days or one unit, or use `mita rate-table compare`"
        )
    totals, rows = ComparedTotals(), list[UnitComparison]()
    asked = Comparison(rate_table_id, body.with_, body.from_, body.to, body.unit_id, body.role)
    try:
        async for some in operations.compare(session, estate_id=estate_id, asked=asked):
            rows += some
            for row in some:
                totals.add(row)
    except (BadSpan, ChargeTooLarge) as error:
        raise IntervalsInvalid(str(error), problems=[{"path": "body", "message": str(error)}]) from error
    if request.headers.get("accept", "").split(";")[0].strip().lower() == _CSV:
        return _file(rows, currency=estate.currency, rate_table_id=rate_table_id)
    shown = [row for row in rows if row.unit_id > body.after_id]
    page = shown[: body.limit]
    return ComparisonOut(
        rate_table_id=rate_table_id,
        with_=body.with_,
        role=body.role,
        from_=body.from_,
        to=body.to,
        **comparison_fields(totals, currency=estate.currency),
        units=[unit_comparison_out(row, currency=estate.currency) for row in page],
        next=page[-1].unit_id if len(shown) > len(page) else None,
    )


def _file(rows: list[UnitComparison], *, currency: str, rate_table_id: int) -> Response:
    name = f"rate-table-{rate_table_id}-compared.csv"
    return Response(
        header_line() + comparison_lines(rows, currency=currency),
        media_type=f"{_CSV}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
