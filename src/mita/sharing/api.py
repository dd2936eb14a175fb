"""Routes of sharing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, status
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.clock import month_named
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Limit, Page
from mita.kit.web import Asking, Caller, EstateId, Now, Session, edge, needs, refusals, repeat_on_contention
from mita.kit.zones import next_month
from mita.sharing import operations, queries
from mita.sharing.domain import KeysMissing, Shares
from mita.sharing.models import SharingGroup
from mita.sharing.operations import AlreadyShared, KeysTooLate, Looked, SharingRefused
from mita.sharing.schemas import (
    AllocationsOut,
    Day,
    KeysIn,
    MemberAllocations,
    MembersIn,
    PricesIn,
    ResettleIn,
    SettledOut,
    SharedDayOut,
    SharingGroupIn,
    SharingGroupOut,
    SourcesIn,
    booked_out,
    days_out,
    group_out,
    intervals_out,
    member_days_out,
    member_terms,
    source_terms,
    waiting_out,
)
from mita.wallets import queries as wallet_queries

router = APIRouter(tags=["sharing"])
GroupId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The sharing group", examples=[1])]
Month = Annotated[
    str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$"), Query(examples=["2026-03"])
]
_DAY = timedelta(days=1)


async def _units_of(session: AsyncSession, caller: Caller, *, estate_id: int) -> dict[int, date] | None:
    """Return the units whose wallets a person may see, each with the first whole day that they may see.

    None for staff, who see all.
    """
    if caller.may(Permission.SHARING_READ, estate_id=estate_id):
        return None
    assert caller.person_id is not None, "admission let a person in"
    seen = await wallet_queries.units_seen_from(session, estate_id=estate_id, person_id=caller.person_id)
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    return {unit_id: _first_day(since, zone=zone) for unit_id, since in seen.items()}


def _first_day(since: datetime | None, *, zone: ZoneInfo) -> date:
    if since is None:
        return date.min
    local = since.astimezone(zone)
    return local.date() if local.time() == time() else local.date() + _DAY


@asynccontextmanager
async def _whole(
    request: Request, session: AsyncSession, caller: Caller, *, estate_id: int
) -> AsyncIterator[AsyncSession]:
    """Yield a session that sees all of an estate: what a member got follows from everybody's readings.

    The route then shows a person their own members only.
    """
    if caller.may(Permission.SHARING_READ, estate_id=estate_id):
        yield session
    else:
        async with edge(request).database.unit_of_work(estates=[estate_id]) as whole:
            yield whole


async def _shown(
    session: AsyncSession, row: SharingGroup, *, unit_ids: dict[int, date] | None
) -> SharingGroupOut | None:
    """Return a group as a caller sees it; None if nothing in it is theirs."""
    key = {"estate_id": row.estate_id, "sharing_group_id": row.sharing_group_id}
    members = await queries.member_rows(session, **key)
    mine = [each for each in members if unit_ids is None or each.unit_id in unit_ids]
    if unit_ids is not None and not mine:
        return None
    return group_out(
        row,
        prices=await queries.price_terms(session, **key),
        members=mine,
        sources=list(await queries.source_rows(session, **key)),
    )


async def _group(
    session: AsyncSession, caller: Caller, *, estate_id: int, sharing_group_id: int
) -> tuple[SharingGroup, SharingGroupOut, dict[int, date] | None]:
    row = await queries.group(session, estate_id=estate_id, sharing_group_id=sharing_group_id)
    unit_ids = await _units_of(session, caller, estate_id=estate_id)
    shown = await _shown(session, row, unit_ids=unit_ids)
    if shown is None:
        raise NotFound(f"sharing group {sharing_group_id} does not exist in estate {estate_id}")
    return row, shown, unit_ids


@router.post(
    "/estates/{estate_id}/sharing-groups",
    operation_id="create_sharing_group",
    summary="Create a community that shares generation",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, KeysTooLate, AlreadyShared, SharingRefused, Invalid),
)
@needs(Permission.SHARING_WRITE)
async def create_sharing_group(
    session: Session, caller: Asking, estate_id: EstateId, body: SharingGroupIn, now: Now
) -> SharingGroupOut:
    """Create it with its sources and members, or without them."""
    row = await operations.create_sharing_group(
        session, estate_id=estate_id, new=body.new(), actor=caller.actor, now=now
    )
    key = {"estate_id": estate_id, "sharing_group_id": row.sharing_group_id}
    if body.sources:
        terms = source_terms(body.sources, first_on=row.first_on)
        await operations.add_sources(session, **key, terms=terms, actor=caller.actor, now=now)
    if body.members:
        terms = member_terms(body.members, first_on=row.first_on)
        await operations.add_members(session, **key, terms=terms, actor=caller.actor, now=now)
    return (await _group(session, caller, **key))[1]


@router.get(
    "/estates/{estate_id}/sharing-groups",
    operation_id="list_sharing_groups",
    summary="List the communities that share generation",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SHARING_READ, or_own=True)
async def list_sharing_groups(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[SharingGroupOut]:
    """List groups by id, a person's own; continue with ``after_id`` = ``next``."""
    unit_ids = await _units_of(session, caller, estate_id=estate_id)
    rows = await queries.groups(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    shown = [await _shown(session, row, unit_ids=unit_ids) for row in rows[:limit]]
    more = rows[limit - 1].sharing_group_id if len(rows) > limit else None
    return Page(items=[each for each in shown if each is not None], next=more)


@router.get(
    "/estates/{estate_id}/sharing-groups/{sharing_group_id}",
    operation_id="get_sharing_group",
    summary="Get one community: its terms, and how far it is settled",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SHARING_READ, or_own=True)
async def get_sharing_group(
    session: Session, caller: Asking, estate_id: EstateId, sharing_group_id: GroupId
) -> SharingGroupOut:
    """All terms that ever held; a person sees their own members only."""
    return (await _group(session, caller, estate_id=estate_id, sharing_group_id=sharing_group_id))[1]


@router.post(
    "/estates/{estate_id}/sharing-groups/{sharing_group_id}/sources",
    operation_id="add_sharing_sources",
    summary="Add sources of generation, or end them",
    responses=refusals(NotFound, AlreadyShared, SharingRefused, Invalid),
)
@needs(Permission.SHARING_WRITE)
async def add_sharing_sources(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    sharing_group_id: GroupId,
    body: SourcesIn,
    now: Now,
) -> SharingGroupOut:
    """From a date on, in the place of what was said of these registers; a past date is settled again."""
    key = {"estate_id": estate_id, "sharing_group_id": sharing_group_id}
    row = await queries.group(session, estate_id=estate_id, sharing_group_id=sharing_group_id)
    terms = source_terms(body.sources, first_on=row.first_on)
    await operations.add_sources(session, **key, terms=terms, actor=caller.actor, now=now)
    return (await _group(session, caller, **key))[1]


@router.post(
    "/estates/{estate_id}/sharing-groups/{sharing_group_id}/members",
    operation_id="add_sharing_members",
    summary="Add members or change their keys from a date on, or end them",
    responses=refusals(NotFound, KeysTooLate, AlreadyShared, SharingRefused, Invalid),
)
@needs(Permission.SHARING_WRITE)
async def add_sharing_members(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    sharing_group_id: GroupId,
    body: MembersIn,
    now: Now,
) -> SharingGroupOut:
    """From a date on, in the place of what was said of these units; a past date is settled again."""
    key = {"estate_id": estate_id, "sharing_group_id": sharing_group_id}
    row = await queries.group(session, estate_id=estate_id, sharing_group_id=sharing_group_id)
    terms = member_terms(body.members, first_on=row.first_on)
    await operations.add_members(session, **key, terms=terms, actor=caller.actor, now=now)
    return (await _group(session, caller, **key))[1]


@router.post(
    "/estates/{estate_id}/sharing-groups/{sharing_group_id}/prices",
    operation_id="add_sharing_prices",
    summary="Price a community by other rate tables from a date on",
    responses=refusals(NotFound, SharingRefused, Invalid),
)
@needs(Permission.SHARING_WRITE)
async def add_sharing_prices(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    sharing_group_id: GroupId,
    body: PricesIn,
    now: Now,
) -> SharingGroupOut:
    """All prices of a date, in the place of what was said of it; a past date is settled again."""
    key = {"estate_id": estate_id, "sharing_group_id": sharing_group_id}
    await operations.add_prices(session, **key, terms=body.terms(), actor=caller.actor, now=now)
    return (await _group(session, caller, **key))[1]


@router.post(
    "/estates/{estate_id}/sharing-groups/{sharing_group_id}/keys",
    operation_id="add_sharing_keys",
    summary="Set the keys of single intervals",
    responses=refusals(NotFound, KeysTooLate, SharingRefused, Invalid),
)
@needs(Permission.SHARING_WRITE)
async def add_sharing_keys(
    session: Session, caller: Asking, estate_id: EstateId, sharing_group_id: GroupId, body: KeysIn, now: Now
) -> SharingGroupOut:
    """All members' keys of each interval, in the place of what was sent for it before."""
    key = {"estate_id": estate_id, "sharing_group_id": sharing_group_id}
    await operations.add_keys(session, **key, keys=body.by_interval(), actor=caller.actor, now=now)
    return (await _group(session, caller, **key))[1]


@router.post(
    "/estates/{estate_id}/sharing-groups/{sharing_group_id}/settle",
    operation_id="settle_sharing_group",
    summary="Settle a community again, from the month of a date on",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SHARING_WRITE)
async def settle_sharing_group(
    request: Request, estate_id: EstateId, sharing_group_id: GroupId, body: ResettleIn, now: Now
) -> SettledOut:
    """Do at once what is done every hour, from further back; only differences are booked."""

    async def work(session: AsyncSession) -> SettledOut:
        key = {"estate_id": estate_id, "sharing_group_id": sharing_group_id}
        await operations.resettle(session, **key, day=body.from_on)
        done = await operations.settle_group(session, **key, now=now)
        return SettledOut(settled_until=done.until, changed=done.changed)

    return await repeat_on_contention(request, estate_id=estate_id, work=work)


@router.get(
    "/estates/{estate_id}/sharing-groups/{sharing_group_id}/allocations",
    operation_id="list_allocations",
    summary="List a month's allocations by day and member, and who is waited for",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SHARING_READ, or_own=True)
async def list_allocations(
    request: Request,
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    sharing_group_id: GroupId,
    now: Now,
    month: Month,
) -> AllocationsOut:
    """As the readings stand now, with what is booked beside; a person sees their own members only."""
    key = {"estate_id": estate_id, "sharing_group_id": sharing_group_id}
    row, _, unit_ids = await _group(session, caller, **key)
    first = month_named(month)
    async with _whole(request, session, caller, estate_id=estate_id) as whole:
        looked = await operations.look(whole, row=row, now=now)
        shares = await _shares(whole, looked, first=max(first, row.first_on), until=next_month(first))
    booked = await queries.shared_months(session, **key, month=first)
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    ids = set(shares.unit_ids if shares else ()) | booked.keys()
    return AllocationsOut(
        month=month,
        until_on=looked.until,
        waiting_for=waiting_out(looked.waiting),
        days=days_out(shares, first=first) if shares else [],
        members=[
            MemberAllocations(
                unit_id=unit_id,
                days=member_days_out(
                    shares, unit_id=unit_id, first=max(first, unit_ids[unit_id] if unit_ids else first)
                )
                if shares
                else [],
                booked=booked_out(booked[unit_id], queries.month_of(booked[unit_id]), currency=currency)
                if unit_id in booked
                else None,
            )
            for unit_id in sorted(ids)
            if unit_ids is None or unit_id in unit_ids
        ],
    )


@router.get(
    "/estates/{estate_id}/sharing-groups/{sharing_group_id}/intervals",
    operation_id="list_shared_intervals",
    summary="List the intervals of a local date",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SHARING_READ, or_own=True)
async def list_shared_intervals(
    request: Request,
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    sharing_group_id: GroupId,
    now: Now,
    day: Annotated[Day, Query()],
) -> SharedDayOut:
    """None if some meter is not read until its end; a person sees their own members only."""
    row, _, unit_ids = await _group(session, caller, estate_id=estate_id, sharing_group_id=sharing_group_id)
    async with _whole(request, session, caller, estate_id=estate_id) as whole:
        looked = await operations.look(whole, row=row, now=now)
        shares = await _shares(whole, looked, first=max(day, row.first_on), until=day + _DAY)
    seen = None if unit_ids is None else {unit_id for unit_id, since in unit_ids.items() if since <= day}
    shown = await asyncio.to_thread(intervals_out, shares, unit_ids=seen) if shares else []
    return SharedDayOut(day=day, waiting_for=waiting_out(looked.waiting), intervals=shown)


async def _shares(session: AsyncSession, looked: Looked, *, first: date, until: date) -> Shares | None:
    """Return what is known of the local dates [first, until); missing keys end it."""
    until = min(until, looked.until)
    while first < until:
        try:
            return (await operations.span_of(session, looked=looked, first=first, until=until)).shares
        except KeysMissing as missing:
            looked.until = until = missing.day
    return None
