"""The route of purchases: how many units an amount buys under a rate table, and how much units take."""

import asyncio

from fastapi import APIRouter

from mita.charging.api.calculation import NoPrice, TimesMissing
from mita.charging.schemas.calculation import Days
from mita.charging.schemas.purchase import PurchaseIn, PurchaseOut, purchase_out
from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Conflict, Invalid, NotFound
from mita.kit.shapes import Id, micro
from mita.kit.web import EstateId, Session, needs, refusals
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import (
    BadPurchase,
    BadSpan,
    BuysWithoutEnd,
    NotPriced,
    Purchase,
    RateTable,
    Terms,
    TimesNeeded,
    parse_document,
    purchase_of,
    units_for,
    whole_period,
)

router = APIRouter()


class UnitsFree(Conflict):
    """Units are free of charge from somewhere on: no amount is the price of any number of them."""

    code = "units_free"
    title = "Units are free of charge from somewhere on"


@router.post(
    "/estates/{estate_id}/rate-tables/{rate_table_id}/purchase",
    operation_id="calculate_purchase",
    summary="Calculate how many units an amount buys under a rate table, or how much units take",
    responses=refusals(NotFound, NoPrice, TimesMissing, UnitsFree, Invalid),
)
@needs(Permission.RATES_READ)
async def calculate_purchase(
    session: Session, estate_id: EstateId, rate_table_id: Id, body: PurchaseIn
) -> PurchaseOut:
    """Nothing is sold and nothing is stored. For units it is the smallest amount in whole cents."""
    row = await tariff_queries.rate_table(session, estate_id=estate_id, rate_table_id=rate_table_id)
    await estate_queries.estate(session, estate_id=estate_id)
    table = parse_document(row.document)
    days = body.days or whole_period(table)
    bought = await asyncio.to_thread(_bought, table, days=days, body=body)
    return purchase_out(bought, table=table, days=days)


def _bought(table: RateTable, *, days: Days, body: PurchaseIn) -> Purchase:
    terms: Terms = {
        "days": days,
        "standing_due_micro": body.standing_due_micro,
        "arrears_percent_micro": body.arrears_percent_micro,
        "arrears_micro": body.arrears_micro,
        "already_micro": micro(body.used),
        "step_micro": micro(body.unit_step),
    }
    try:
        if body.units is not None:
            return purchase_of(table, quantity_micro=micro(body.units), **terms)
        return units_for(table, amount_micro=micro(body.amount or "0"), **terms)
    except NotPriced as error:
        raise NoPrice(str(error)) from error
    except TimesNeeded as error:
        raise TimesMissing(str(error)) from error
    except BuysWithoutEnd as error:
        raise UnitsFree(str(error)) from error
    except (BadPurchase, BadSpan) as error:
        raise Invalid(str(error), problems=[{"path": "body", "message": str(error)}]) from error
