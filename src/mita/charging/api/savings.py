"""The route of savings: what was charged beside what a benchmark would have cost."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from mita.charging import operations
from mita.charging.schemas.savings import SavingsOut, savings_out
from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.tariffs.domain import RoleWord
from mita.wallets.domain import Right
from mita.wallets.operations import require_right

router = APIRouter()
_DAYS_MAX = 3 * 366
_YEAR_MIN, _YEAR_MAX = 1990, 2199


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/savings",
    operation_id="get_savings",
    summary="Get what a wallet saved against the estate's benchmark",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_savings(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    first: Annotated[date, Query(alias="from", description="The first local date")],
    until: Annotated[date, Query(alias="to", description="The first local date that does not count")],
    now: Now,
    role: Annotated[RoleWord, Query(description="What the benchmark stands in the place of")] = "supply",
) -> SavingsOut:
    """Both from the unit's own readings, month by month, as far as the days are over.

    What the other roles cost in the same days is told beside it.
    """
    await require_right(session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW)
    if not (first < until and (until - first).days <= _DAYS_MAX):
        raise _no_span(f"must be after `from`, and at most {_DAYS_MAX} days after it")
    if not (first.year >= _YEAR_MIN and until.year <= _YEAR_MAX):
        raise _no_span(f"must lie between {_YEAR_MIN} and {_YEAR_MAX}, and so must `from`")
    found = await operations.savings(
        session, estate_id=estate_id, wallet_id=wallet_id, role=role, first=first, until=until, now=now
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    return savings_out(found, role=role, first=first, until=until, currency=estate.currency)


def _no_span(message: str) -> Invalid:
    return Invalid(f"to {message}", problems=[{"path": "query.to", "message": message}])
