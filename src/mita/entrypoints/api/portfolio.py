"""All estates that somebody answers for, in one answer: a route that looks into several features at once."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from mita.devices import queries as device_queries
from mita.estates import queries as estate_queries
from mita.estates.models import Estate
from mita.estates.schemas.estates import EstateOut, estate_out
from mita.identity.domain import Permission
from mita.kit.db import see_estates
from mita.kit.errors import Invalid
from mita.kit.shapes import AfterId, Limit, Money, Page, Shape, money
from mita.kit.web import Now, caller, edge, needs, refusals
from mita.kit.zones import last_months, zone
from mita.ledger import queries as ledger_queries
from mita.metering import queries as metering_queries
from mita.notifications import queries as alert_queries
from mita.wallets import queries as wallet_queries

router = APIRouter(tags=["estates"])


class EstateFigures(Shape):
    """How an estate does, in totals: of no single household anything shows."""

    estate: EstateOut
    units: int = Field(examples=[200])
    occupied: int = Field(examples=[181])
    vacant: int = Field(examples=[12])
    meters: int = Field(examples=[400])
    silent_meters: int = Field(description="No reading for 24 hours", examples=[3])
    accounts: int = Field(description="Accounts of wallets, one for each utility", examples=[400])
    accounts_low: int = Field(examples=[14])
    accounts_out: int = Field(examples=[6])
    open_alerts: int = Field(description="Alerts to the estate's staff that are not over", examples=[2])
    open_issues: int = Field(description="Issues of devices and meters that are open", examples=[4])
    held_readings: int = Field(description="Readings that wait for a person", examples=[1])
    balances: Money = Field(description="What all wallets hold together; below zero they owe")
    revenue: Money = Field(description="Charged in the local month so far, before tax")
    revenue_before: Money = Field(description="Charged in the whole month before")


@router.get(
    "/portfolio",
    operation_id="list_estate_figures",
    summary="List how all your estates do",
    responses=refusals(Invalid),
)
@needs(Permission.REPORTS_READ, or_own=True)
async def list_estate_figures(
    request: Request,
    now: Now,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[EstateFigures]:
    """Estates whose reports you may read, by id; continue with ``after_id`` = ``next``."""
    asking = caller(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        seen = [
            each
            for each in await edge(request).estates_of(session, asking)
            if asking.may(Permission.REPORTS_READ, estate_id=each)
        ]
        await see_estates(session, estates=seen)
        found = await estate_queries.estates(session, after_id=after_id, limit=limit + 1)
        rows = found[:limit]
        took_in = await _revenue(session, rows, now=now)
        items = [
            await _figures(session, row, took_in=took_in.get(row.estate_id, (0, 0)), now=now) for row in rows
        ]
    return Page(items=items, next=rows[-1].estate_id if len(found) > limit else None)


async def _revenue(
    session: AsyncSession, rows: Sequence[Estate], *, now: datetime
) -> dict[int, tuple[int, int]]:
    """Return what each estate charged in its local month and in the one before, in micro-money."""
    # midnight comes at different times: at the end of a month estates are in two of them
    by_month: dict[date, list[int]] = {}
    for row in rows:
        by_month.setdefault(now.astimezone(zone(row.time_zone)).date().replace(day=1), []).append(
            row.estate_id
        )
    sums: dict[int, tuple[int, int]] = {}
    for month, estate_ids in by_month.items():
        borders = last_months(month, count=2)
        found = await ledger_queries.revenue(session, estate_ids=estate_ids, borders=borders)
        for (estate_id, _), (earlier, this) in found.items():
            before = sums.get(estate_id, (0, 0))
            sums[estate_id] = (before[0] + this, before[1] + earlier)
    return sums


async def _figures(
    session: AsyncSession, row: Estate, *, took_in: tuple[int, int], now: datetime
) -> EstateFigures:
    estate_id, day = row.estate_id, now.astimezone(zone(row.time_zone)).date()
    states = await estate_queries.state_counts(session, estate_id=estate_id, day=day)
    meters = await metering_queries.meter_counts(session, estate_id=estate_id, now=now)
    standings = await wallet_queries.standing_counts(session, estate_id=estate_id)
    sums = await ledger_queries.balance_sums(session, estate_id=estate_id, first_words=["wallet"])
    this_micro, before_micro = took_in
    return EstateFigures(
        estate=estate_out(row),
        units=sum(states.values()),
        occupied=states["occupied"],
        vacant=states["vacant"],
        meters=meters.meters,
        silent_meters=meters.silent,
        accounts=sum(standings.values()),
        accounts_low=standings["low"],
        accounts_out=standings["out"],
        open_alerts=await alert_queries.open_count(session, estate_id=estate_id),
        open_issues=await device_queries.open_count(session, estate_id=estate_id),
        held_readings=await metering_queries.waiting_count(session, estate_id=estate_id),
        balances=money(sum(each.balance_micro for each in sums), currency=row.currency),
        revenue=money(this_micro, currency=row.currency),
        revenue_before=money(before_micro, currency=row.currency),
    )
