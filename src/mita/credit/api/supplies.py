"""Routes of credit control: rules, friendly hours, stops, supply commands, supplies."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.credit import operations, queries
from mita.credit.schemas import (
    CommandOut,
    CommandState,
    FriendlyHoursIn,
    FriendlyHoursOut,
    RuleIn,
    RuleOut,
    Rules,
    StopIn,
    StopOut,
    Stops,
    SupplyOut,
    command_out,
    friendly_hours_out,
    rule_out,
    stop_out,
    supply_out,
)
from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.pages import whole_units
from mita.kit.shapes import AfterId, Id, Limit, Page, UtilityWord, page_of
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals, repeat_on_contention, tag_of
from mita.metering.domain import UTILITIES

router = APIRouter()
# of a stop, what its device has no part in
_SAID_BY_STAFF = {"reason", "set_by", "since", "until"}


@router.get(
    "/estates/{estate_id}/credit-rules",
    operation_id="list_credit_rules",
    summary="List an estate's credit rules",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_READ)
async def list_credit_rules(session: Session, estate_id: EstateId) -> Rules:
    """List one for each utility; those that the estate has not set are the default, which cuts nothing."""
    return Rules(items=[await _rule(session, estate_id=estate_id, utility=utility) for utility in UTILITIES])


async def _rule(session: AsyncSession, *, estate_id: int, utility: str) -> RuleOut:
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rule = await queries.rule(session, estate_id=estate_id, utility=utility)
    is_set = await queries.has_rule(session, estate_id=estate_id, utility=utility)
    return rule_out(rule, currency=estate.currency, is_default=not is_set)


@router.get(
    "/estates/{estate_id}/credit-rules/{utility}",
    operation_id="get_credit_rule",
    summary="Get an estate's credit rule for a utility",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_READ)
async def get_credit_rule(session: Session, estate_id: EstateId, utility: UtilityWord) -> RuleOut:
    """Get what the estate has set, or the default, which cuts nothing."""
    return await _rule(session, estate_id=estate_id, utility=utility)


@router.put(
    "/estates/{estate_id}/credit-rules/{utility}",
    operation_id="set_credit_rule",
    summary="Set an estate's credit rule for a utility",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def set_credit_rule(
    request: Request, estate_id: EstateId, utility: UtilityWord, body: RuleIn, now: Now
) -> RuleOut:
    """Set the lines; balances that now stand elsewhere are acted on at once, supplies cut or restored."""

    async def work(session: AsyncSession) -> RuleOut:
        await operations.set_rule(session, estate_id=estate_id, rule=body.rule(utility), now=now)
        return await _rule(session, estate_id=estate_id, utility=utility)

    return await repeat_on_contention(request, estate_id=estate_id, work=work)


@router.get(
    "/estates/{estate_id}/supply-commands",
    operation_id="list_supply_commands",
    summary="List an estate's supply commands",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ)
async def list_supply_commands(
    session: Session,
    estate_id: EstateId,
    state: Annotated[CommandState | None, Query()] = None,
    unit_id: Annotated[Id | None, Query()] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[CommandOut]:
    """Newest first."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.commands(
        session,
        estate_id=estate_id,
        states=[state] if state else [],
        unit_id=unit_id,
        before=before,
        limit=limit + 1,
    )
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: command_out(row, currency=estate.currency),
        cursor=lambda item: str(item.command_id),
    )


@router.get(
    "/estates/{estate_id}/supplies",
    operation_id="list_supplies",
    summary="List the supplies that devices have spoken of",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ)
async def list_supplies(
    session: Session,
    estate_id: EstateId,
    is_on: Annotated[bool | None, Query()] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query(description="How many units")] = 100,
) -> Page[SupplyOut]:
    """On or off by the device's own word; a supply that is not listed was never switched and is on.

    By unit and utility; continue with ``after_id`` = ``next``.
    """
    rows = await queries.supply_page(
        session, estate_id=estate_id, is_on=is_on, after_id=after_id, limit=limit + 1
    )
    kept, last = whole_units(rows, limit=limit)
    return Page(items=[supply_out(row) for row in kept], next=last)


@router.get(
    "/estates/{estate_id}/supply-stops",
    operation_id="list_supply_stops",
    summary="List why supplies are off, or will be",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ)
async def list_supply_stops(
    session: Session,
    estate_id: EstateId,
    unit_id: Annotated[Id | None, Query()] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query(description="How many units")] = 100,
) -> Page[StopOut]:
    """By unit, utility and cause; a supply that is not listed is stopped by nothing.

    Continue with ``after_id`` = ``next``.
    """
    rows = await queries.stop_page(
        session, estate_id=estate_id, unit_id=unit_id, after_id=after_id, limit=limit + 1
    )
    kept, last = whole_units(rows, limit=limit)
    return Page(items=[stop_out(row) for row in kept], next=last)


async def _stops(session: AsyncSession, *, estate_id: int, unit_id: int, utility: str) -> Stops:
    rows = await queries.stops(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
    return Stops(items=[stop_out(row) for row in rows])


@router.post(
    "/estates/{estate_id}/units/{unit_id}/supply-stops",
    operation_id="stop_supply",
    summary="Stop a unit's supply by hand",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {"model": StopOut, "description": "Staff had stopped it before: that stop"},
        **refusals(NotFound, Invalid),
    },
)
@needs(Permission.SUPPLY_CONTROL)
async def stop_supply(
    session: Session,
    asking: Asking,
    response: Response,
    estate_id: EstateId,
    unit_id: Id,
    body: StopIn,
    now: Now,
) -> StopOut:
    """Cut it at once, in friendly hours too; no money brings it back, only staff."""
    is_new = await operations.stop_by_staff(
        session,
        estate_id=estate_id,
        unit_id=unit_id,
        utility=body.utility,
        reason=body.reason,
        actor=asking.actor,
        now=now,
    )
    if not is_new:
        response.status_code = status.HTTP_200_OK
    stops = await _stops(session, estate_id=estate_id, unit_id=unit_id, utility=body.utility)
    return next(each for each in stops.items if each.cause == "staff")


@router.get(
    "/estates/{estate_id}/units/{unit_id}/supply-stops/{utility}",
    operation_id="get_supply_stops",
    summary="Get why a supply is off, or will be",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ)
async def get_supply_stops(
    session: Session, response: Response, estate_id: EstateId, unit_id: Id, utility: UtilityWord
) -> Stops:
    """By cause; nothing where nothing stops it. The ETag is that of staff's own stop."""
    await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
    stops = await _stops(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
    # money comes and goes by itself: whoever lifts staff's stop is to have seen that one
    by_staff = [each.model_dump_json(include=_SAID_BY_STAFF) for each in stops.items if each.cause == "staff"]
    response.headers["etag"] = tag_of("".join(by_staff).encode())
    return stops


@router.delete(
    "/estates/{estate_id}/units/{unit_id}/supply-stops/{utility}",
    operation_id="lift_supply_stop",
    summary="Lift the stop that staff put on a supply",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_CONTROL)
async def lift_supply_stop(
    session: Session, estate_id: EstateId, unit_id: Id, utility: UtilityWord, now: Now
) -> Stops:
    """Answer what stops the supply still; with nothing left it is asked on."""
    await operations.lift_by_staff(session, estate_id=estate_id, unit_id=unit_id, utility=utility, now=now)
    return await _stops(session, estate_id=estate_id, unit_id=unit_id, utility=utility)


@router.get(
    "/estates/{estate_id}/friendly-hours",
    operation_id="get_friendly_hours",
    summary="Get when an estate cuts nothing",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_READ)
async def get_friendly_hours(
    session: Session, response: Response, estate_id: EstateId, now: Now
) -> FriendlyHoursOut:
    """Off, if the estate has not set them. The ETag is that of the hours alone."""
    told = await _friendly_hours(session, estate_id=estate_id, now=now)
    # while no hours last it is another instant each time, and no change on a condition would ever go through
    response.headers["etag"] = tag_of(told.model_dump_json(exclude={"next_cut_at"}).encode())
    return told


async def _friendly_hours(session: AsyncSession, *, estate_id: int, now: datetime) -> FriendlyHoursOut:
    hours = await queries.friendly_hours(session, estate_id=estate_id)
    next_cut_at = await queries.next_cut(session, estate_id=estate_id, instant=now)
    return friendly_hours_out(hours, next_cut_at=next_cut_at)


@router.put(
    "/estates/{estate_id}/friendly-hours",
    operation_id="set_friendly_hours",
    summary="Set when an estate cuts nothing",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def set_friendly_hours(
    session: Session, estate_id: EstateId, body: FriendlyHoursIn, now: Now
) -> FriendlyHoursOut:
    """Cuts that waited wait for the new hours; what is off stays off. Staff's own stops know no hours."""
    await operations.set_friendly_hours(session, estate_id=estate_id, hours=body.hours(), now=now)
    return await _friendly_hours(session, estate_id=estate_id, now=now)
