"""Units with everything about them: routes that look into several features at once."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from mita.entrypoints.api.overview import UnitView, unit_view
from mita.estates import queries as estate_queries
from mita.estates.domain import StateWord, UnitKind
from mita.estates.models import Unit
from mita.estates.queries import UnitFilter
from mita.estates.schemas.people import OccupancyOut, occupancy_out
from mita.estates.schemas.units import UnitOut, unit_fields, unit_out
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.ids import read_number
from mita.kit.shapes import (
    AfterId,
    Id,
    Instant,
    Limit,
    Money,
    Page,
    Quantity,
    Shape,
    UtilityWord,
    money,
    quantity,
)
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT
from mita.metering.models import Meter
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Standing

router = APIRouter(tags=["estates"])


StandingWord = Literal["in_credit", "low", "out"]


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
    standing: StandingWord | None
    latest_reading: LatestReading | None
    is_supply_on: bool = Field(description="By the device's own word; a supply never switched is on")
    open_command: Literal["off", "on"] | None = Field(description="Asked for, and not confirmed yet")


class UnitRow(UnitOut):
    """A unit in a list, with who lives there and how its money stands."""

    occupant_name: str | None = Field(
        description="The main occupant's, for who may see the estate's people", examples=["Thandi Nkosi"]
    )
    standing: StandingWord | None = Field(description="The worst of its utilities; none without a wallet")


class UnitDetail(UnitOut):
    """A unit with its meters, who lives there, its wallet and the state of each utility."""

    notes: str | None = Field(description="For who may read the whole estate's units", examples=[""])
    occupancy: OccupancyOut | None = Field(description="The main occupant's, for who may see it")
    wallet_id: Id | None
    meters: list[UnitMeter]
    utilities: list[UnitUtility]
    general: Money | None = Field(description="What the wallet's general account holds")


OrderWord = Literal["id", "name", "-name", "floor_area", "-floor_area"]
_STANDINGS = {"in_credit": Standing.IN_CREDIT, "low": Standing.LOW, "out": Standing.OUT}


@router.get(
    "/estates/{estate_id}/units",
    operation_id="list_units",
    summary="List an estate's units",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.UNITS_READ, or_own=True)
async def list_units(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    now: Now,
    state: Annotated[StateWord | None, Query()] = None,
    kind: Annotated[UnitKind | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=100, description="A part of the name, door or address")] = None,
    has_meter: Annotated[bool | None, Query()] = None,
    standing: Annotated[StandingWord | None, Query(description="Of some utility")] = None,
    order: Annotated[OrderWord, Query()] = "id",
    after_id: Annotated[AfterId, Query(description="Where units are ordered by id")] = 0,
    cursor: Annotated[
        str | None,
        Query(max_length=300, description="The `next` of an earlier answer in the same order"),
    ] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[UnitRow]:
    """Units, continued with ``cursor`` = ``next``; by id also with ``after_id`` = ``next``."""
    asked = UnitFilter(
        day=await estate_queries.local_day(session, estate_id=estate_id, now=now),
        state=state,
        kind=kind,
        text=None if not q else q.replace("\x00", ""),
        unit_ids=await _chosen(session, estate_id=estate_id, has_meter=has_meter, standing=standing),
        order=order,
        after=_place(order, after_id=after_id, cursor=cursor),
    )
    rows = await estate_queries.listed_units(session, estate_id=estate_id, asked=asked, limit=limit + 1)
    sees_people = asking.may(Permission.PEOPLE_READ, estate_id=estate_id)
    items = await _rows(
        session, estate_id=estate_id, rows=rows[:limit], day=asked.day if sees_people else None
    )
    return Page(items=items, next=_next(rows[limit - 1][0], order=order) if len(rows) > limit else None)


async def _rows(
    session: AsyncSession, *, estate_id: int, rows: list[tuple[Unit, str]], day: date | None
) -> list[UnitRow]:
    """Return units as the list shows them; with who lives there on the day, unless it is None."""
    ids = [row.unit_id for row, _ in rows]
    living: dict[int, int] = {}
    if day is not None:
        living = await estate_queries.main_occupants(session, estate_id=estate_id, unit_ids=ids, day=day)
    names = await estate_queries.names_of(
        session, estate_id=estate_id, unit_ids=[], person_ids=living.values()
    )
    standings: dict[int, Standing] = {}
    for account in await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=ids):
        if not account.is_general:
            standings[account.unit_id] = max(
                account.standing, standings.get(account.unit_id, Standing.IN_CREDIT)
            )
    return [
        UnitRow(
            **unit_out(row, state=state).model_dump(),
            occupant_name=names.persons.get(living.get(row.unit_id, 0)),
            standing=_shown(standings.get(row.unit_id)),
        )
        for row, state in rows
    ]


def _shown(standing: Standing | None) -> Any:
    return None if standing is None else standing.shown


async def _chosen(
    session: AsyncSession, *, estate_id: int, has_meter: bool | None, standing: str | None
) -> list[int] | None:
    """Return the units that meters and balances leave over, None if nothing was asked of them."""
    chosen: set[int] | None = None
    if standing is not None:
        chosen = set(
            await wallet_queries.units_of_standing(
                session, estate_id=estate_id, standing=_STANDINGS[standing]
            )
        )
    if has_meter is not None:
        metered = set(await metering_queries.metered_units(session, estate_id=estate_id))
        if has_meter:
            chosen = metered if chosen is None else chosen & metered
        else:
            every = await estate_queries.states(session, estate_id=estate_id, day=date.min)
            chosen = (set(every) if chosen is None else chosen) - metered
    return None if chosen is None else sorted(chosen)


def _place(order: str, *, after_id: int, cursor: str | None) -> tuple[str | int | None, int] | None:
    """Return the place that a page begins after.

    :raises Invalid: if the cursor is none of this order
    """
    if order == "id":
        return (None, after_id) if cursor is None else (None, _number(cursor))
    if cursor is None:
        return None
    number, mark, value = cursor.partition("~")
    if not mark or "\x00" in value:
        raise _bad_cursor()
    return (value if order.endswith("name") else _number(value), _number(number))


def _next(last: Any, *, order: str) -> int | str:
    if order == "id":
        return int(last.unit_id)
    value = last.name if order.endswith("name") else last.floor_area_micro or 0
    return f"{last.unit_id}~{value}"


def _number(text: str) -> int:
    if (number := read_number(text)) is None:
        raise _bad_cursor()
    return number


def _bad_cursor() -> Invalid:
    message = "must be the `next` of an earlier answer in the same order"
    return Invalid(f"cursor {message}", problems=[{"path": "query.cursor", "message": message}])


@router.get(
    "/estates/{estate_id}/units/{unit_id}",
    operation_id="get_unit",
    summary="Get one unit: meters, wallet, balances, supplies, latest readings",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.UNITS_READ)
async def get_unit(
    session: Session, asking: Asking, estate_id: EstateId, unit_id: Id, now: Now
) -> UnitDetail:
    """One unit as it stands."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    unit = await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
    view = await unit_view(session, estate_id=estate_id, unit_id=unit_id)
    meters = await metering_queries.meters(session, estate_id=estate_id, unit_id=unit_id)
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    utilities = sorted({meter.utility for meter in meters} | set(view.accounts))
    day = await estate_queries.local_day(session, estate_id=estate_id, now=now)
    states = await estate_queries.states(session, estate_id=estate_id, day=day, unit_ids=[unit_id])
    main = None
    if asking.may(Permission.PEOPLE_READ, estate_id=estate_id):
        main = await estate_queries.main_occupant(session, estate_id=estate_id, unit_id=unit_id, day=day)
    names = await estate_queries.names_of(
        session, estate_id=estate_id, unit_ids=[unit_id], person_ids=[] if main is None else [main.person_id]
    )
    return UnitDetail(
        **unit_fields(unit),
        state=states[unit_id],
        notes=unit.notes if asking.may(Permission.UNITS_READ, estate_id=estate_id) else None,
        occupancy=None if main is None else occupancy_out(main, names=names),
        wallet_id=accounts[0].wallet_id if accounts else None,
        meters=[_meter(meter) for meter in meters],
        utilities=[_utility(view, utility=utility, currency=estate.currency) for utility in utilities],
        general=money(view.general[1], currency=estate.currency) if view.general else None,
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
