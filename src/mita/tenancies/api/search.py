"""Routes of search and of the vacancy report."""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import money
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.tenancies import queries
from mita.tenancies.schemas.search import FoundList, VacancyReport, VacantUnit, found_out

router = APIRouter()
_NEVER_LIVED_IN = timedelta(days=31)


@router.get(
    "/estates/{estate_id}/search",
    operation_id="search_estate",
    summary="Search units, meters and people",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.UNITS_READ, or_own=True)
async def search_estate(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    q: Annotated[
        str, Query(min_length=1, max_length=200, description="Beginnings or ends of words", examples=["A1"])
    ],
    types: Annotated[
        list[Literal["unit", "meter", "person"]] | None, Query(description="All of them, if not said")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> FoundList:
    """Answer the best first; everybody finds what they may see."""
    kinds = set(types or ("unit", "meter", "person"))
    may_see = {
        "meter": asking.may(Permission.METERS_READ, estate_id=estate_id)
        or not asking.may(Permission.UNITS_READ, estate_id=estate_id),
        "person": asking.may(Permission.PEOPLE_READ, estate_id=estate_id)
        and asking.may(Permission.UNITS_READ, estate_id=estate_id),
    }
    kinds -= {kind for kind, is_seen in may_see.items() if not is_seen}
    estate = await estate_queries.estate(session, estate_id=estate_id)
    found = await queries.search(
        session,
        estate_id=estate_id,
        said=q.replace("\x00", ""),
        kinds=kinds,
        language=estate.languages[0],
        limit=limit,
    )
    return FoundList(items=[found_out(each) for each in found])


@router.get(
    "/estates/{estate_id}/reports/vacancy",
    operation_id="get_vacancy_report",
    summary="Report which units are vacant",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.REPORTS_READ)
async def get_vacancy_report(session: Session, estate_id: EstateId, now: Now) -> VacancyReport:
    """Vacant today, since when, and what the calendar charged meanwhile; units out of use are left out."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    day = await estate_queries.local_day(session, estate_id=estate_id, now=now)
    since = await estate_queries.vacant_since(session, estate_id=estate_id, day=day)
    states = await estate_queries.states(session, estate_id=estate_id, day=day, unit_ids=list(since))
    rows = await estate_queries.units(
        session, estate_id=estate_id, unit_ids=list(since), limit=max(1, len(since))
    )
    costs = await queries.timed_costs(
        session,
        estate_id=estate_id,
        since={unit_id: begun or day - _NEVER_LIVED_IN for unit_id, begun in since.items()},
    )
    items = [
        VacantUnit(
            unit_id=row.unit_id,
            name=row.name,
            state=states[row.unit_id],
            since=since[row.unit_id],
            days=_days(since[row.unit_id], day=day),
            standing_charges=money(costs.get(row.unit_id, 0), currency=estate.currency),
        )
        for row in rows
    ]
    items.sort(key=lambda each: (each.since or date.min, each.name))
    total = await estate_queries.unit_count(session, estate_id=estate_id)
    return VacancyReport(day=day, units=total, vacant=len(items), items=items)


def _days(since: date | None, *, day: date) -> int | None:
    return None if since is None else (day - since).days
