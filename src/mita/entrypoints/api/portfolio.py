"""All estates that somebody answers for, in one answer: a route that looks into several features at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    losses_above: int = Field(
        description="Bulk meters whose loss of the last whole month is above the estate's limit", examples=[1]
    )
    balances: Money = Field(description="What all wallets hold together; below zero they owe")
    revenue: Money = Field(description="Charged in the local month so far, before tax")
    revenue_before: Money = Field(description="Charged in the whole month before")
    costs: Money = Field(description="Booked on accounts of expense in the local month so far")
    costs_before: Money = Field(description="Booked on them in the whole month before")
    surplus: Money | None = Field(
        description="Revenue less costs of the local month so far; null where no costs are booked"
    )
    surplus_before: Money | None = Field(description="The same of the whole month before")


@dataclass(frozen=True, slots=True)
class Earned:
    """What an estate took in and spent, in micro-money: in the month so far, in the whole one before."""

    income_micro: int = 0
    costs_micro: int = 0
    income_before_micro: int = 0
    costs_before_micro: int = 0

    def shown(self, *, currency: str) -> dict[str, Money | None]:
        """Return revenue, costs and surplus as JSON shows them; of a month without costs nothing is left."""

        def left(income_micro: int, costs_micro: int) -> Money | None:
            # all that was taken in would look like profit
            return money(income_micro - costs_micro, currency=currency) if costs_micro > 0 else None

        return {
            "revenue": money(self.income_micro, currency=currency),
            "revenue_before": money(self.income_before_micro, currency=currency),
            "costs": money(self.costs_micro, currency=currency),
            "costs_before": money(self.costs_before_micro, currency=currency),
            "surplus": left(self.income_micro, self.costs_micro),
            "surplus_before": left(self.income_before_micro, self.costs_before_micro),
        }


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
        items = await _figures(session, rows, now=now)
    return Page(items=items, next=rows[-1].estate_id if len(found) > limit else None)


async def _earned(
    session: AsyncSession, rows: Sequence[Estate], *, months: Mapping[int, date]
) -> dict[int, Earned]:
    """Return what each estate took in and spent in its local month and in the one before."""
    # midnight comes at different times: at the end of a month estates are in two of them
    by_month: dict[date, list[int]] = {}
    for row in rows:
        by_month.setdefault(months[row.estate_id], []).append(row.estate_id)
    found = {row.estate_id: Earned() for row in rows}
    for month, estate_ids in by_month.items():
        borders = last_months(month, count=2)
        sums = await ledger_queries.revenue_and_costs(session, estate_ids=estate_ids, borders=borders)
        for estate_id, ((earlier, spent_earlier), (this, spent)) in sums.items():
            found[estate_id] = Earned(this, spent, earlier, spent_earlier)
    return found


async def _figures(session: AsyncSession, rows: Sequence[Estate], *, now: datetime) -> list[EstateFigures]:
    """Return the estates' figures: one statement for each kind of them, however many estates there are."""
    days = {row.estate_id: now.astimezone(zone(row.time_zone)).date() for row in rows}
    ids = list(days)
    earned = await _earned(session, rows, months={each: day.replace(day=1) for each, day in days.items()})
    states = await estate_queries.state_counts(session, days=days)
    meters = await metering_queries.meter_counts(session, estate_ids=ids, now=now)
    standings = await wallet_queries.standing_counts(session, estate_ids=ids)
    sums = await ledger_queries.wallet_sums(session, estate_ids=ids)
    alerts = await alert_queries.open_counts(session, estate_ids=ids)
    issues = await device_queries.open_by_estate(session, estate_ids=ids)
    held = await metering_queries.waiting_counts(session, estate_ids=ids)
    losses = await metering_queries.losses_above(session, estate_ids=ids)
    return [
        EstateFigures(
            estate=estate_out(row),
            units=sum(states[row.estate_id].values()),
            occupied=states[row.estate_id]["occupied"],
            vacant=states[row.estate_id]["vacant"],
            meters=meters[row.estate_id].meters,
            silent_meters=meters[row.estate_id].silent,
            accounts=sum(standings[row.estate_id].values()),
            accounts_low=standings[row.estate_id]["low"],
            accounts_out=standings[row.estate_id]["out"],
            open_alerts=alerts[row.estate_id],
            open_issues=issues[row.estate_id],
            held_readings=held[row.estate_id],
            losses_above=losses[row.estate_id],
            balances=money(sums[row.estate_id], currency=row.currency),
            **earned[row.estate_id].shown(currency=row.currency),
        )
        for row in rows
    ]
