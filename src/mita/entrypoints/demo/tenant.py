"""Households of the demo that a visitor signs in as: one with three months, one whose meter takes tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mita.entrypoints.demo.setup import DAYS
from mita.entrypoints.keys import DEMO_PREPAID, DEMO_RESIDENT
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.domain import Days
from mita.estates.operations import Stay
from mita.estates.queries import Of
from mita.identity import operations as identity
from mita.identity.domain import Principal
from mita.identity.domain.passwords import hash_password
from mita.notifications.domain import AlertKind
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import EVERYTHING, Access, Right

if TYPE_CHECKING:
    from datetime import datetime

    from mita.entrypoints.demo.setup import Home
    from mita.kit.db import Database

DEMO = Principal("demo")
HEARS = (AlertKind.LOW_BALANCE, AlertKind.BALANCE_OUT, AlertKind.BALANCE_BACK)


async def let_in(database: Database, home: Home, *, password: str, now: datetime) -> None:
    """Let the household of the estate's first occupied unit sign in; again changes nothing."""
    place = next(place for place, unit in enumerate(home.estate.units) if unit.resident_name)
    unit_id, name = home.unit_ids[place], home.estate.units[place].resident_name
    assert name is not None, "chosen so"
    moved_in = home.created_at - timedelta(days=DAYS)
    await _move_in(
        database,
        _Household(home.estate_id, unit_id, home.estate.time_zone, name, DEMO_RESIDENT, moved_in),
        password=password,
        now=now,
    )


async def let_in_flat(database: Database, *, estate_id: int, password: str, now: datetime) -> None:
    """Let somebody sign in who lives in the first unit of an estate since today; again changes nothing."""
    async with database.unit_of_work(estates=[estate_id]) as session:
        estate = await estate_queries.estate(session, estate_id=estate_id)
        units = await estate_queries.units(session, estate_id=estate_id)
    unit_id = min(units, key=lambda each: each.name).unit_id
    household = _Household(estate_id, unit_id, estate.time_zone, "Grace Whitfield", DEMO_PREPAID, now)
    await _move_in(database, household, password=password, now=now)


@dataclass(frozen=True, slots=True)
class _Household:
    estate_id: int
    unit_id: int
    time_zone: str
    name: str
    email: str
    moved_in: datetime


async def _move_in(database: Database, household: _Household, *, password: str, now: datetime) -> None:
    estate_id, unit_id = household.estate_id, household.unit_id
    async with database.unit_of_work(estates=[estate_id]) as session:
        if await estate_queries.occupancies(session, estate_id=estate_id, of=Of(unit_ids=[unit_id])):
            return
        person_id, _ = await estates.add_person(
            session, estate_id=estate_id, name=household.name, email=household.email, phone=None, now=now
        )
        days = Days(household.moved_in.astimezone(ZoneInfo(household.time_zone)).date(), None)
        stay = Stay(unit_id, person_id, days, from_at=household.moved_in)
        await estates.add_occupancy(session, estate_id=estate_id, stay=stay, actor=DEMO.actor, now=now)
        (account, *_) = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
        await wallets.grant_access(
            session,
            estate_id=estate_id,
            wallet_id=account.wallet_id,
            person_id=person_id,
            access=Access(Right.MANAGE, hears=HEARS),
            caller=DEMO,
            sight=EVERYTHING,
            now=now,
        )
        await identity.store_password(session, person_id=person_id, hashed=hash_password(password), now=now)
