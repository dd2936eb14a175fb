"""The route of rate tables that follow a published benchmark."""

from fastapi import APIRouter, status

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.web import EstateId, Now, Session, needs, refusals
from mita.tariffs import operations
from mita.tariffs.api.bodies import DocumentRefused, document_refused
from mita.tariffs.domain import RateTableInvalid
from mita.tariffs.domain.benchmark import BadBenchmark, meter_warnings
from mita.tariffs.schemas import rate_table_with_document
from mita.tariffs.schemas.benchmarks import (
    BenchmarkTableOut,
    FromBenchmarkIn,
    FromBenchmarkOut,
    warnings_out,
)

router = APIRouter()


@router.post(
    "/estates/{estate_id}/rate-tables/from-benchmark",
    operation_id="add_rate_tables_from_benchmark",
    summary="Add rate tables at a discount on a published benchmark",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, DocumentRefused, Invalid),
)
@needs(Permission.RATES_WRITE)
async def add_rate_tables_from_benchmark(
    session: Session, estate_id: EstateId, body: FromBenchmarkIn, now: Now
) -> FromBenchmarkOut:
    """One table for each quarter, its prices cut off to five decimals; the same again are the same tables.

    They charge nothing until they are assigned.
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    try:
        tables = body.tables(currency=estate.currency)
        rows = await operations.add_rate_tables(
            session, estate_id=estate_id, currency=estate.currency, tables=tables, now=now
        )
    except BadBenchmark as error:
        raise Invalid(str(error), problems=[{"path": "body.quarters", "message": str(error)}]) from error
    except RateTableInvalid as error:
        raise document_refused(error) from error
    return FromBenchmarkOut(
        items=[
            BenchmarkTableOut(
                table=rate_table_with_document(row), meter_warnings=warnings_out(meter_warnings(table))
            )
            for row, table in zip(rows, tables, strict=True)
        ]
    )
