"""Residents are reminded of meters that nobody has read: early, on the last day, once each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mita.estates import operations as estates
from mita.identity import operations as identity
from mita.identity.domain import Principal, Role, RolePlace
from mita.metering import operations as metering
from mita.metering.operations import MeterNotes, NewMeter
from mita.notifications import queries as alert_queries
from mita.notifications.domain import AlertKind, sentence
from mita.rounds import operations as rounds
from mita.rounds.domain import WindowRule
from mita.rounds.operations import HandReading
from mita.wallets import operations as wallets
from mita.wallets.domain import Access, Right
from tests.integration.people import STAFF, give, new_person, wallet_ids
from tests.integration.world import NOW, World, new_world

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database

# the window is from 25 March to 31 March, in a zone whose clocks go forward on the 29th
EARLY = datetime(2026, 3, 28, 7, 0, tzinfo=UTC)  # eight o'clock, three days before the last one
LAST = datetime(2026, 3, 31, 6, 0, tzinfo=UTC)  # eight o'clock in summer time


@pytest.fixture
async def world(database: Database) -> World:
    """Three units; the meters of the first two are read by hand."""
    world = await new_world(database, meters=3, time_zone="Europe/Vienna")
    async with world.unit_of_work() as session:
        for meter_id in world.meter_ids[:2]:
            said = MeterNotes(is_read_by_hand=True)
            await metering.update_meter(
                session, estate_id=world.estate_id, meter_id=meter_id, said=said, now=NOW
            )
    await set_rule(world, WindowRule(NOW.date(), 25, 31, "view"))
    return world


async def set_rule(world: World, rule: WindowRule, *, now: datetime = NOW) -> None:
    async with world.unit_of_work() as session:
        await rounds.set_window_rule(
            session, estate_id=world.estate_id, rule=rule, actor="staff:test", now=now
        )


async def resident(world: World, name: str, *, email: str | None = None, phone: str | None = None) -> int:
    """Return somebody who lives in the first unit."""
    async with world.unit_of_work() as session:
        row = await identity.create_person(session, name=name, email=email, phone=phone, now=NOW)
        await identity.grant_role(
            session,
            person_id=row.person_id,
            role=Role.RESIDENT,
            place=RolePlace(estate_id=world.estate_id, unit_id=world.unit_ids[0]),
            until=None,
            actor="staff:test",
            now=NOW,
        )
    return row.person_id


async def run(world: World, *, now: datetime) -> None:
    """Do what the job does for one estate."""
    is_more = True
    while is_more:
        async with world.unit_of_work() as session:
            is_more = await rounds.remind_residents(session, estate_id=world.estate_id, now=now)


async def told(world: World, *, is_open: bool | None = None) -> list[tuple[int | None, str]]:
    """Return (person, sentence) of each reminder, the oldest first."""
    async with world.unit_of_work() as session:
        rows = await alert_queries.alerts(session, estate_id=world.estate_id, person_id=None, is_open=is_open)
    found = [row for row in reversed(rows) if row.kind == AlertKind.READING_DUE]
    return [(row.person_id, sentence(AlertKind.READING_DUE, detail=row.detail)) for row in found]


async def read(world: World, meter_id: int, *, now: datetime) -> None:
    async with world.unit_of_work() as session:
        asked = HandReading(meter_id, None, 1_000_000, "kWh", now)
        await rounds.take_reading(
            session, estate_id=world.estate_id, asked=asked, caller=Principal("test"), now=now
        )


async def test_each_reminder_is_told_once_in_its_time(world: World, database: Database) -> None:
    first, second, third = await wallet_ids(world)
    ann, ben, cat = [await new_person(database, name) for name in ("Ann", "Ben", "Cat")]
    await give(world, ann, wallet_id=first)
    await give(world, ben, wallet_id=second)
    await give(world, cat, wallet_id=third)
    for early in (EARLY - timedelta(seconds=1), datetime(2026, 3, 27, 20, 0, tzinfo=UTC)):
        await run(world, now=early)
    assert await told(world) == []
    in_u1 = (ann.person_id, "Please read M1 in U1 by 2026-03-31.")
    in_u2 = (ben.person_id, "Please read M2 in U2 by 2026-03-31.")
    for hours in range(3):
        await run(world, now=EARLY + timedelta(hours=hours))
    assert sorted(await told(world)) == [in_u1, in_u2]
    # who has read is left alone, and what was open ends with the reading
    await read(world, world.meter_ids[0], now=EARLY + timedelta(hours=4))
    assert await told(world, is_open=True) == [in_u2]
    await run(world, now=EARLY + timedelta(days=1))
    assert len(await told(world)) == 2
    await run(world, now=LAST - timedelta(seconds=1))
    assert len(await told(world)) == 2
    for _ in range(2):
        await run(world, now=LAST)
    assert (await told(world))[2:] == [in_u2]
    assert await told(world, is_open=True) == [in_u2]
    # a reading that came over a wire ends it as well, and so does the end of the window
    await world.charge([("M2", LAST, "7")], now=LAST + timedelta(hours=1))
    await run(world, now=LAST + timedelta(hours=2))
    assert await told(world, is_open=True) == []
    await run(world, now=LAST + timedelta(days=1))
    assert len(await told(world)) == 3


async def test_a_missed_run_is_made_up_once_and_two_are_one(world: World, database: Database) -> None:
    ann = await new_person(database, "Ann")
    await give(world, ann, wallet_id=(await wallet_ids(world))[0])
    said = (ann.person_id, "Please read M1 in U1 by 2026-03-31.")
    # down on the 28th: told on the 30th, and on the last day as always
    for day in (2, 2, 3):
        await run(world, now=EARLY + timedelta(days=day, hours=1))
    assert await told(world) == [said, said]
    # down for all of April's but the last day: once
    april = datetime(2026, 4, 30, 12, 0, tzinfo=UTC)
    for _ in range(2):
        await run(world, now=april)
    assert len(await told(world)) == 3
    # down over all of it: nothing to remind of any more
    await run(world, now=datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
    assert len(await told(world)) == 3
    assert await told(world, is_open=True) == []


async def test_who_hears_and_where(world: World, database: Database, admin: psycopg.Connection) -> None:
    """Residents, and who has enough right and wants to hear; by mail, else by text message."""
    wallet_id = (await wallet_ids(world))[0]
    await set_rule(world, WindowRule(NOW.date(), 25, 31, "manage"))
    lives = await resident(world, "Lives", email="lives@example.com", phone="+27820000001")
    silenced = await resident(world, "Silenced", phone="+27820000002")
    manages, views = [await new_person(database, name) for name in ("Manages", "Views")]
    await give(world, manages, wallet_id=wallet_id, right=Right.MANAGE)
    await give(world, views, wallet_id=wallet_id)
    admin.execute("UPDATE person SET phone = '+27820000003' WHERE person_id = %s", (manages.person_id,))
    async with world.unit_of_work() as session:
        await wallets.grant_access(
            session,
            estate_id=world.estate_id,
            wallet_id=wallet_id,
            person_id=silenced,
            access=Access(Right.MANAGE, hears=()),
            caller=STAFF,
            now=NOW,
        )
    await run(world, now=LAST)
    assert {person for person, _ in await told(world)} == {lives, manages.person_id}
    sent = admin.execute("SELECT person_id, channel, template, expires_at FROM message").fetchall()
    end = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
    assert sorted(sent) == sorted(
        [(lives, "email", "reading_due", end), (manages.person_id, "sms", "reading_due", end)]
    )
    # U2 has nobody to remind: it is not asked for again either
    kept = admin.execute("SELECT unit_id, window_on, stage, persons FROM reading_reminder").fetchall()
    assert sorted(kept) == [
        (world.unit_ids[0], date(2026, 3, 25), "last", 2),
        (world.unit_ids[1], date(2026, 3, 25), "last", 0),
    ]


async def test_where_residents_do_not_read_nobody_is_reminded(world: World, database: Database) -> None:
    ann = await new_person(database, "Ann")
    await give(world, ann, wallet_id=(await wallet_ids(world))[0])
    await set_rule(world, WindowRule(NOW.date(), 25, 31, "none"))
    await run(world, now=LAST)
    assert await told(world) == []
    # many units: some in each transaction, all in the end
    async with world.unit_of_work() as session:
        names = [f"V{i}" for i in range(201)]
        units = await estates.create_units(session, estate_id=world.estate_id, names=names, now=NOW)
        new = [NewMeter(unit, f"V{unit}", "electricity", is_read_by_hand=True) for unit in units]
        await metering.install_meters(session, estate_id=world.estate_id, meters=new, now=NOW)
    await set_rule(world, WindowRule(NOW.date(), 25, 31, "view"))
    async with world.unit_of_work() as session:
        assert await rounds.remind_residents(session, estate_id=world.estate_id, now=LAST)
    await run(world, now=LAST)
    assert [person for person, _ in await told(world)] == [ann.person_id]
