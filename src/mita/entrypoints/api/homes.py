"""Homes: each wallet that somebody sees, at one glance. A route that looks into several features at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from mita.entrypoints.api.wallet_supplies import WalletSupply, supplies_of
from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import AfterId, Id, Limit, Money, Page, Shape, money
from mita.kit.web import Asking, Caller, EstateId, Now, Session, needs, refusals
from mita.kit.zones import zone
from mita.reports import queries as report_queries
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import GENERAL, Standing
from mita.wallets.schemas import StandingWord
from mita.wallets.schemas.spend import SpendLimitOut, spend_limit_out

router = APIRouter(tags=["wallets"])


class HomeOut(Shape):
    """A wallet with its unit: its money, how long it lasts, what is on, what the caller may do."""

    wallet_id: Id
    unit_id: Id
    name: str = Field(description="Of its unit", examples=["A101"])
    balance: Money = Field(description="Of all its accounts, now")
    standing: StandingWord = Field(description="The worst of its accounts")
    spent_per_day: Money = Field(
        description="The average of the last 28 whole local days, or since a younger home's first reading"
    )
    days_left: int | None = Field(
        description="Whole days, at that average; null where nothing was charged, or too little is known",
        examples=[6],
    )
    supplies: list[WalletSupply]
    spend_limit: SpendLimitOut | None = Field(description="null where it has none")
    group_id: Id | None = Field(description="The group that the wallet is in")
    right: Literal["view", "top_up", "manage"] | None = Field(
        description="Of the caller's grant; null where a role in the estate gives what they may do"
    )
    top_up_limit: Money | None = Field(description="The most of a single top-up of the caller's grant")


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose homes: an estate's wallets with their units."""

    estate_id: int
    currency: str
    units: dict[int, int]

    @property
    def wallet_ids(self) -> list[int]:
        return list(self.units)


@router.get(
    "/estates/{estate_id}/homes",
    operation_id="list_homes",
    summary="List homes: wallets with what they hold, how long it lasts and what is on",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_homes(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    now: Now,
    unit_id: Annotated[Id | None, Query(description="Of one unit")] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[HomeOut]:
    """By wallet, a person's own; continue with ``after_id`` = ``next``."""
    mine = None
    if not asking.may(Permission.WALLETS_READ, estate_id=estate_id):
        assert asking.person_id is not None, "admission let a person in"
        mine = await wallet_queries.wallets_of_person(
            session, estate_id=estate_id, person_id=asking.person_id
        )
    rows = await wallet_queries.wallets(
        session, estate_id=estate_id, wallet_ids=mine, unit_id=unit_id, after_id=after_id, limit=limit + 1
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    asked = _Asked(estate_id, estate.currency, {row.wallet_id: row.unit_id for row in rows[:limit]})
    items = await _homes(session, asked, asking=asking, now=now, time_zone=estate.time_zone)
    return Page(items=items, next=items[-1].wallet_id if len(rows) > limit else None)


async def _homes(
    session: AsyncSession, asked: _Asked, *, asking: Caller, now: datetime, time_zone: str
) -> list[HomeOut]:
    of_wallets: dict[str, Any] = {"estate_id": asked.estate_id, "wallet_ids": asked.wallet_ids}
    unit_ids = list(asked.units.values())
    named = await estate_queries.units(session, estate_id=asked.estate_id, unit_ids=unit_ids)
    names = {row.unit_id: row.name for row in named}
    lasts = await report_queries.how_long(session, **of_wallets, now=now, time_zone=time_zone)
    standings = await _standings(session, asked)
    supplies = await supplies_of(session, estate_id=asked.estate_id, unit_ids=unit_ids)
    limits = await _limits(session, asked, now=now, time_zone=time_zone)
    groups = await wallet_queries.groups_of_wallets(session, **of_wallets)
    grants = {}
    if asking.person_id is not None:
        grants = await wallet_queries.grants_of_person(session, **of_wallets, person_id=asking.person_id)
    homes = []
    for wallet_id, unit_id in asked.units.items():
        grant, last = grants.get(wallet_id), lasts[wallet_id]
        most = None if grant is None else grant.top_up_limit_micro
        homes.append(
            HomeOut(
                wallet_id=wallet_id,
                unit_id=unit_id,
                # an archived unit is in no list, and its wallet may still hold money
                name=names.get(unit_id, str(unit_id)),
                balance=money(last.balance_micro, currency=asked.currency),
                standing=standings[wallet_id].shown,
                spent_per_day=money(last.per_day_micro, currency=asked.currency),
                days_left=last.days,
                supplies=supplies[unit_id],
                spend_limit=limits.get(wallet_id),
                group_id=groups.get(wallet_id),
                right=None if grant is None else grant.right.shown,
                top_up_limit=None if most is None else money(most, currency=asked.currency),
            )
        )
    return homes


async def _standings(session: AsyncSession, asked: _Asked) -> dict[int, Standing]:
    """Return the worst standing of each wallet's accounts; the general one has none."""
    found = dict.fromkeys(asked.wallet_ids, Standing.IN_CREDIT)
    accounts = await wallet_queries.accounts(session, estate_id=asked.estate_id, wallet_ids=asked.wallet_ids)
    for account in accounts:
        if account.utility != GENERAL:
            found[account.wallet_id] = max(found[account.wallet_id], account.standing)
    return found


async def _limits(
    session: AsyncSession, asked: _Asked, *, now: datetime, time_zone: str
) -> dict[int, SpendLimitOut]:
    """Return the spending limits of those wallets that have one, with what is spent."""
    rows = await wallet_queries.spend_limit_rows(
        session, estate_id=asked.estate_id, wallet_ids=asked.wallet_ids
    )
    today = now.astimezone(zone(time_zone)).date()
    spent = await wallet_queries.spent(session, estate_id=asked.estate_id, wallet_ids=list(rows), day=today)
    return {
        wallet_id: spend_limit_out(
            row, limit=wallet_queries.limit_of(row), spent=spent[wallet_id], currency=asked.currency
        )
        for wallet_id, row in rows.items()
    }
