"""Who lives in the demo's estates beside the household that a visitor signs in as, and what waits there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from mita.entrypoints.demo import supply
from mita.entrypoints.demo.setup import DAYS, MICRO
from mita.entrypoints.demo.tenant import DEMO, HEARS
from mita.entrypoints.keys import DEMO_PARENT
from mita.entrypoints.lane import Lane
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.domain import Days
from mita.estates.operations import Stay
from mita.estates.queries import Of
from mita.identity import operations as identity
from mita.identity import queries as identity_queries
from mita.identity.domain.identifiers import read_identifier
from mita.identity.domain.passwords import hash_password
from mita.imports import operations as imports
from mita.imports.domain import Mode
from mita.imports.operations import NewFile
from mita.kit.clock import to_us
from mita.metering.domain import BASE_UNIT, ReadingBatch
from mita.reports.jobs import measure_estate
from mita.tenancies import operations as tenancies
from mita.tenancies.domain import Newcomer, Onboarding
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import EVERYTHING, Access, Right, SpendLimit, StandingOrder

if TYPE_CHECKING:
    from datetime import datetime

    from mita.entrypoints.demo.setup import Home
    from mita.kit.db import Database

_PARENT = "Nomvula Mahlangu"
_HOMES = 3
# days between two beginnings of tenancies, so that they are spread over years
_APART_DAYS = 37
_YEARS_DAYS = 4 * 365
# by home of the family: what it may spend in a day and a month; None has no limit
_LIMITS = (SpendLimit(120 * MICRO, 1_800 * MICRO), SpendLimit(None, 1_200 * MICRO), None)
_RULE = StandingOrder(is_on=True, threshold_micro=150 * MICRO, target_micro=300 * MICRO)
_PAID_IN_MICRO = 2_500 * MICRO
_FILE = """name,email,phone
Tebogo Sithebe,tebogo.sithebe@demo.example,
Annelie Fourie,annelie.fourie@demo,
Sizwe Khoza,,
Grace Okafor,grace.okafor@demo.example,+27 82 555 0199
"""
# of the garden's tap: somebody read one figure too many
_TAP_VALUES = (1_204, 1_205, 12_065, 1_206, 21_075)


async def move_in(database: Database, home: Home, *, now: datetime) -> None:
    """Let the people live in their units, but for the last, who comes today; again changes nothing."""
    local = ZoneInfo(home.estate.time_zone)
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        known = await estate_queries.occupancies(session, estate_id=home.estate_id)
        taken = {row.unit_id for row in known}
        since = (home.created_at - timedelta(days=DAYS)).astimezone(local).date()
        for place, (unit_id, name) in enumerate(_lived_in(home)[:-1]):
            if unit_id in taken:
                continue
            person_id, _ = await estates.add_person(
                session, estate_id=home.estate_id, name=name, email=None, phone=None, now=now
            )
            days = Days(since - timedelta(days=place * _APART_DAYS % _YEARS_DAYS), None)
            stay = Stay(unit_id, person_id, days)
            await estates.add_occupancy(
                session, estate_id=home.estate_id, stay=stay, actor=DEMO.actor, now=now
            )


def _lived_in(home: Home) -> list[tuple[int, str]]:
    return [
        (unit_id, unit.resident_name)
        for unit_id, unit in zip(home.unit_ids, home.estate.units, strict=True)
        if unit.resident_name is not None
    ]


async def let_parent_in(database: Database, home: Home, *, password: str, now: datetime) -> None:
    """Let somebody sign in who pays for three homes from one group; again changes nothing."""
    estate_id = home.estate_id
    email = read_identifier(DEMO_PARENT)
    assert email is not None, "an email address"
    async with database.unit_of_work(estates=[estate_id]) as session:
        if await identity_queries.identifier(session, name=email) is not None:
            return
        person_id, _ = await estates.add_person(
            session, estate_id=estate_id, name=_PARENT, email=DEMO_PARENT, phone=None, now=now
        )
        await identity.store_password(session, person_id=person_id, hashed=hash_password(password), now=now)
        group = await wallets.create_group(
            session, estate_id=estate_id, name="The Mahlangus", owner_person_id=person_id, now=now
        )
        # the first one is the household that a visitor signs in as
        for (unit_id, _), limit in zip(_lived_in(home)[1 : _HOMES + 1], _LIMITS, strict=True):
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
            await wallets.add_member(session, group=group, wallet_id=account.wallet_id, caller=DEMO, now=now)
            if limit is not None:
                await wallets.set_spend_limit(
                    session,
                    estate_id=estate_id,
                    wallet_id=account.wallet_id,
                    limit=limit,
                    actor=DEMO.actor,
                    now=now,
                )
        await wallets.receive_group_top_up(
            session,
            group=group,
            amount_micro=_PAID_IN_MICRO,
            method="eft",
            reference="Month's money",
            idempotency_key="demo-parent",
            actor=DEMO.actor,
            now=now,
        )
        await wallets.set_distribution_rule(session, group=group, rule=_RULE, now=now)


async def leave_work(database: Database, home: Home, *, now: datetime) -> None:
    """Leave staff something to do: a file with faulty rows, a tenant who comes, readings to judge."""
    estate_id = home.estate_id
    comes, name = _lived_in(home)[-1]
    async with database.unit_of_work(estates=[estate_id]) as session:
        if await estate_queries.occupancies(session, estate_id=estate_id, of=Of(unit_ids=[comes])):
            return
        file = NewFile("people", "new-tenants.csv", _FILE.encode(), Mode.VALID_ROWS, False, "demo-people")
        await imports.receive_file(session, estate_id=estate_id, new=file, actor=DEMO.actor, now=now)
        asked = Onboarding(comes, Newcomer(name=name), is_told=False)
        await tenancies.hand_over(
            session, estate_id=estate_id, asked=asked, key="demo-handover", caller=DEMO, now=now
        )
        person_id, _ = await estates.add_person(
            session, estate_id=estate_id, name="Fikile Ncube", email=None, phone=None, now=now
        )
        waits = next(
            unit_id
            for unit_id, unit in zip(home.unit_ids, home.estate.units, strict=True)
            if unit.resident_name is None
        )
        stay = Stay(waits, person_id, Days(now.date() + timedelta(days=9), None))
        await estates.add_occupancy(session, estate_id=estate_id, stay=stay, actor=DEMO.actor, now=now)
    key = (supply.TAP_SERIAL, "import", BASE_UNIT["water"])
    # a day apart, the last one two hours ago
    hours = np.arange(len(_TAP_VALUES) - 1, -1, -1) * 24 * 3_600 + 2 * 3_600
    batch = ReadingBatch(
        [key] * len(_TAP_VALUES),
        int(now.timestamp()) - hours,
        np.array(_TAP_VALUES, dtype=np.int64) * MICRO,
        "demo:tap",
        to_us(now),
    )
    await Lane(database, estate_id=estate_id).charge(batch, now=now)
    async with database.unit_of_work(estates=[estate_id]) as session:
        # the worker looks each hour; a visitor need not wait
        await measure_estate(session, estate_id=estate_id, now=now)
