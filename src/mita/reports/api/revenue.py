"""The route of an estate's revenue by month."""

from typing import Annotated

from fastapi import APIRouter, Query

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.web import EstateId, Now, Session, needs, refusals
from mita.kit.zones import last_months, zone
from mita.ledger import queries as ledger_queries
from mita.ledger.queries import MonthArchived
from mita.reports.schemas.revenue import EstateRevenue, revenue_out

router = APIRouter()
_MONTHS_MAX = 36


@router.get(
    "/estates/{estate_id}/reports/revenue",
    operation_id="get_estate_revenue",
    summary="Get what an estate charged by month",
    responses=refusals(NotFound, MonthArchived, Invalid),
)
@needs(Permission.REPORTS_READ)
async def get_estate_revenue(
    session: Session,
    estate_id: EstateId,
    now: Now,
    months: Annotated[int, Query(ge=1, le=_MONTHS_MAX, description="How many, this one included")] = 12,
) -> EstateRevenue:
    """Net income by month of the books, whenever it was used; households are not told apart."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    borders = last_months(now.astimezone(zone(estate.time_zone)).date(), count=months)
    found = await ledger_queries.revenue(session, estate_ids=[estate_id], borders=borders)
    return revenue_out(found, currency=estate.currency, months=borders[:-1])
