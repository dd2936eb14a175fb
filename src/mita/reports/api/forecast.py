"""The route of where a wallet's balance goes."""

from typing import Annotated

from fastapi import APIRouter, Query

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.kit.zones import zone
from mita.reports import queries
from mita.reports.schemas.forecast import BalanceForecast, forecast_out
from mita.reports.schemas.spending import AccountWord
from mita.wallets.domain import Right
from mita.wallets.operations import RightMissing, require_right

router = APIRouter()


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/balance-forecast",
    operation_id="get_balance_forecast",
    summary="Get how a wallet's balance went, and where it goes",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_balance_forecast(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    now: Now,
    utility: Annotated[
        AccountWord | None, Query(description="Of one account, without what others would cover")
    ] = None,
) -> BalanceForecast:
    """From what was used on the same weekdays of the last eight weeks: a band, and no promise.

    Top-ups to come are not in it. A day is one of the estate's zone, an entry is of the day on which it
    happened.
    """
    await require_right(session, estate_id=estate_id, wallet_id=wallet_id, caller=asking, right=Right.VIEW)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    local = zone(estate.time_zone)
    found = await queries.balance_forecast(
        session,
        estate_id=estate_id,
        wallet_id=wallet_id,
        utility=utility,
        today=now.astimezone(local).date(),
        zone=local,
    )
    return forecast_out(found, wallet_id=wallet_id, time_zone=estate.time_zone, currency=estate.currency)
