"""One unit with everything about it: the only route that looks into several features at once."""

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from mita.entrypoints.api.overview import UnitView, unit_views
from mita.estates import queries as estate_queries
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Instant, Money, Quantity, Shape, UtilityWord, money, quantity
from mita.kit.web import EstateId, Session, refusals
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT
from mita.metering.models import Meter
from mita.wallets import queries as wallet_queries

router = APIRouter(tags=["estates"])


class UnitMeter(Shape):
    """A meter of the unit."""

    meter_id: Id
    serial: str = Field(examples=["E-1001"])
    utility: UtilityWord
    device: str | None = Field(examples=["wc-a101"])


class LatestReading(Shape):
    """The newest reading on a register's timeline."""

    taken_at: Instant
    value: Quantity


class UnitUtility(Shape):
    """A utility of the unit: money, newest reading, supply."""

    utility: UtilityWord
    account_id: Id | None
    balance: Money | None
    standing: Literal["in_credit", "low", "out"] | None
    latest_reading: LatestReading | None
    is_supply_on: bool = Field(description="By the device's own word; a supply never switched is on")
    open_command: Literal["off", "on"] | None = Field(description="Asked for, and not confirmed yet")


class UnitDetail(Shape):
    """A unit with its meters, its wallet and the state of each utility."""

    unit_id: Id
    name: str = Field(examples=["A101"])
    wallet_id: Id | None
    meters: list[UnitMeter]
    utilities: list[UnitUtility]
    general: Money | None = Field(description="What the wallet's general account holds")
    created_at: Instant


@router.get(
    "/estates/{estate_id}/units/{unit_id}",
    operation_id="get_unit",
    summary="Get one unit: meters, wallet, balances, supplies, latest readings",
    responses=refusals(NotFound, Invalid),
)
async def get_unit(session: Session, estate_id: EstateId, unit_id: Id) -> UnitDetail:
    """One unit as it stands."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    unit = await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
    (view,) = await unit_views(session, estate_id=estate_id, unit_ids=[unit_id])
    meters = await metering_queries.meters(session, estate_id=estate_id, unit_id=unit_id)
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    utilities = sorted({meter.utility for meter in meters} | set(view.accounts))
    return UnitDetail(
        unit_id=unit.unit_id,
        name=unit.name,
        wallet_id=accounts[0].wallet_id if accounts else None,
        meters=[_meter(meter) for meter in meters],
        utilities=[_utility(view, utility=utility, currency=estate.currency) for utility in utilities],
        general=money(view.general[1], currency=estate.currency) if view.general else None,
        created_at=unit.created_at,
    )


def _meter(row: Meter) -> UnitMeter:
    return UnitMeter(meter_id=row.meter_id, serial=row.serial, utility=row.utility, device=row.device)


def _utility(view: UnitView, *, utility: str, currency: str) -> UnitUtility:
    account = view.accounts.get(utility)
    reading = view.readings.get(utility)
    supply = view.supplies.get(utility)
    command = view.commands.get(utility)
    latest = reading and LatestReading(
        taken_at=reading[0], value=quantity(reading[1], unit=BASE_UNIT[utility])
    )
    return UnitUtility(
        utility=utility,
        account_id=account[0].account_id if account else None,
        balance=money(account[1], currency=currency) if account else None,
        standing=account[0].standing.shown if account else None,
        latest_reading=latest,
        is_supply_on=supply is None or supply.is_on,
        open_command=command.action if command else None,
    )
