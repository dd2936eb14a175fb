"""The route of bulk meters held against the meters behind them: as JSON, or as a CSV file."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import UtilityWord
from mita.kit.web import Asking, EstateId, Session, needs, refusals
from mita.kit.zones import zone
from mita.reports import queries
from mita.reports.api.sheet import SHEET, sheet, unit_names, wants_sheet
from mita.reports.queries import TooManyValues
from mita.reports.schemas.asked import First, Until, asked_steps, too_many_values
from mita.reports.schemas.reconciliation import (
    SHEET_COLUMNS,
    ReconciliationReport,
    report_cells,
    report_out,
)

router = APIRouter()


@router.get(
    "/estates/{estate_id}/reports/reconciliation",
    operation_id="get_reconciliation",
    summary="Hold bulk meters against the meters behind them",
    response_model=ReconciliationReport,
    responses={**SHEET, **refusals(NotFound, Invalid)},
)
@needs(Permission.REPORTS_READ)
async def get_reconciliation(
    request: Request,
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    first: First,
    until: Until,
    utility: Annotated[UtilityWord, Query()] = "electricity",
    step: Annotated[
        Literal["day", "week", "month"], Query(description="What one label stands for")
    ] = "month",
) -> Response | ReconciliationReport:
    """By bulk meter and step: what it measured, what the meters behind it did, and what was lost between.

    What export registers count is taken away on both sides. A step in which readings are missing is
    `partial`, and `gaps` says of which meters. With ``Accept: text/csv`` the answer is a file.
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    local = zone(estate.time_zone)
    steps = asked_steps(step, first=first, until=until, zone=local)
    try:
        found = await queries.reconciliation(
            session, estate_id=estate_id, utility=utility, steps=steps, local=local
        )
    except TooManyValues as error:
        raise too_many_values(str(error)) from error
    is_totals_only = not asking.may(Permission.READINGS_READ, estate_id=estate_id)
    names = await unit_names(session, estate_id=estate_id)
    items = [
        report_out(each, labels=steps.labels, names=names, is_totals_only=is_totals_only) for each in found
    ]
    if wants_sheet(request):
        rows = [row for each in items for row in report_cells(each)]
        return sheet("reconciliation", SHEET_COLUMNS, rows)
    return ReconciliationReport(
        utility=utility,
        step=step,
        first=steps.first,
        until=steps.until,
        is_totals_only=is_totals_only,
        items=items,
    )
