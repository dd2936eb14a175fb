"""An estate in numbers: a route that looks into several features at once."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import Field

from mita.estates import queries as estate_queries
from mita.estates.schemas.estates import EstateOut, estate_out
from mita.estates.schemas.units import participation_warnings
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import format_micro
from mita.kit.shapes import Money, Quantity, Shape, UtilityWord, money, quantity
from mita.kit.web import EstateId, Now, Session, needs, refusals
from mita.kit.zones import zone
from mita.ledger import queries as ledger_queries
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT
from mita.wallets import queries as wallet_queries

router = APIRouter(tags=["estates"])


class Used(Shape):
    """What a utility's meters counted."""

    utility: UtilityWord
    today: Quantity
    this_month: Quantity


class UnitCounts(Shape):
    """How many units are in each state."""

    total: int = Field(examples=[200])
    occupied: int = Field(examples=[181])
    reserved: int = Field(examples=[2])
    vacant: int = Field(examples=[12])
    out_of_use: int = Field(examples=[5])


class EstateStatistics(Shape):
    """An estate in numbers."""

    estate: EstateOut
    units: UnitCounts
    meters: int = Field(examples=[400])
    silent_meters: int = Field(description="No reading for 24 hours", examples=[3])
    balances: Money = Field(description="What all wallets hold together; below zero they owe")
    accounts_low: int = Field(examples=[14])
    accounts_out: int = Field(examples=[6])
    used: list[Used]
    participation: str = Field(description="Of all units together, of the whole 1", examples=["0.987500"])
    warnings: list[str] = Field(examples=[[]])


@router.get(
    "/estates/{estate_id}/statistics",
    operation_id="get_estate_statistics",
    summary="Get an estate in numbers",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.REPORTS_READ)
async def get_estate_statistics(session: Session, estate_id: EstateId, now: Now) -> EstateStatistics:
    """Units by state, meters, balances, and what was used on the local day and in the local month."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    local = zone(estate.time_zone)
    day = now.astimezone(local).date()
    starts = [
        datetime(each.year, each.month, each.day, tzinfo=local).astimezone(UTC)
        for each in (day, day.replace(day=1))
    ]
    states = (await estate_queries.state_counts(session, days={estate_id: day}))[estate_id]
    meters = (await metering_queries.meter_counts(session, estate_ids=[estate_id], now=now))[estate_id]
    sums = await ledger_queries.balance_sums(session, estate_id=estate_id, first_words=["wallet"])
    standings = (await wallet_queries.standing_counts(session, estate_ids=[estate_id]))[estate_id]
    today, month = await metering_queries.used_since(session, estate_id=estate_id, since=starts)
    part = await estate_queries.participation(session, estate_id=estate_id)
    return EstateStatistics(
        estate=estate_out(estate),
        units=UnitCounts(total=sum(states.values()), **states),
        meters=meters.meters,
        silent_meters=meters.silent,
        balances=money(sum(each.balance_micro for each in sums), currency=estate.currency),
        accounts_low=standings["low"],
        accounts_out=standings["out"],
        used=[
            Used(
                utility=utility,
                today=quantity(today.get(utility, 0), unit=BASE_UNIT[utility]),
                this_month=quantity(month.get(utility, 0), unit=BASE_UNIT[utility]),
            )
            for utility in sorted({*today, *month})
        ],
        participation=format_micro(part),
        warnings=participation_warnings(part),
    )
