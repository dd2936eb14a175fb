"""One household of the demo that a visitor signs in as, with three months of it to look at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mita.entrypoints.demo.setup import DAYS
from mita.entrypoints.keys import DEMO_RESIDENT
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
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        one = Of(unit_ids=[unit_id])
        if await estate_queries.occupancies(session, estate_id=home.estate_id, of=one):
            return
        person_id, _ = await estates.add_person(
            session, estate_id=home.estate_id, name=name, email=DEMO_RESIDENT, phone=None, now=now
        )
        days = Days(moved_in.astimezone(ZoneInfo(home.estate.time_zone)).date(), None)
        stay = Stay(unit_id, person_id, days, from_at=moved_in)
        await estates.add_occupancy(session, estate_id=home.estate_id, stay=stay, actor=DEMO.actor, now=now)
        (account, *_) = await wallet_queries.accounts(session, estate_id=home.estate_id, unit_ids=[unit_id])
        await wallets.grant_access(
            session,
            estate_id=home.estate_id,
            wallet_id=account.wallet_id,
            person_id=person_id,
            access=Access(Right.MANAGE, hears=HEARS),
            caller=DEMO,
            sight=EVERYTHING,
            now=now,
        )
        await identity.store_password(session, person_id=person_id, hashed=hash_password(password), now=now)
