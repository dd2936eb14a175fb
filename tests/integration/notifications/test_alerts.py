"""Alerts are raised once while they last, heard by those they are for, seen and resolved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mita.kit import events
from mita.kit.errors import NotFound
from mita.kit.events import subscribe
from mita.notifications import operations, queries
from mita.notifications.events import AlertRaised
from tests.integration.world import NOW, new_world

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def told(monkeypatch):
    """The alerts that listeners heard of."""
    heard = []

    async def hear(session, event, now):
        heard.append((str(event.kind), event.subject, event.person_id))

    monkeypatch.setitem(events._handlers, AlertRaised, [])
    subscribe(AlertRaised, hear)
    return heard


async def raised(world, kind="low_balance", subject="wallet:7", person_ids=(None,), now=NOW, **detail):
    async with world.unit_of_work() as session:
        await operations.raise_alert(
            session,
            estate_id=world.estate_id,
            kind=kind,
            subject=subject,
            person_ids=list(person_ids),
            detail=detail,
            now=now,
        )


async def resolved(world, kind="low_balance", subject="wallet:7", now=LATER):
    async with world.unit_of_work() as session:
        await operations.resolve_alerts(
            session, estate_id=world.estate_id, kind=kind, subject=subject, now=now
        )


async def listed(world, person_id=None, **filters):
    async with world.unit_of_work() as session:
        rows = await queries.alerts(session, estate_id=world.estate_id, person_id=person_id, **filters)
        return [(row.kind, row.subject, row.person_id) for row in rows]


async def test_a_repeat_while_it_lasts_tells_nobody(database, told):
    world = await new_world(database, rates=None)
    await raised(world)
    await raised(world)
    await raised(world, person_ids=[None, 5, 5])
    await raised(world, subject="wallet:8")
    await raised(world, person_ids=[])
    expected = [
        ("low_balance", "wallet:7", None),
        ("low_balance", "wallet:7", 5),
        ("low_balance", "wallet:8", None),
    ]
    assert told == expected
    assert await listed(world) == expected[::-1]


async def test_what_was_resolved_is_raised_again(database, told):
    world = await new_world(database, rates=None)
    await raised(world, person_ids=[None, 5])
    await raised(world, subject="wallet:8")
    await resolved(world)
    assert await listed(world, is_open=True) == [("low_balance", "wallet:8", None)]
    assert len(await listed(world, is_open=False)) == 2
    await raised(world, person_ids=[5])
    assert told[-1] == ("low_balance", "wallet:7", 5)
    assert len(told) == 4


async def test_a_moment_takes_the_place_of_the_one_before(database, told):
    world = await new_world(database, rates=None)
    await raised(world, kind="balance_back")
    await raised(world, kind="balance_back")
    assert len(told) == 2
    assert await listed(world, is_open=True) == [("balance_back", "wallet:7", None)]


async def test_a_person_sees_only_their_own(database):
    world = await new_world(database, rates=None)
    await raised(world, person_ids=[None, 5, 6])
    assert await listed(world, person_id=5) == [("low_balance", "wallet:7", 5)]
    assert await listed(world, person_id=9) == []
    assert len(await listed(world)) == 3


async def test_the_first_look_is_noted(database):
    world = await new_world(database, rates=None)
    await raised(world, person_ids=[5])
    async with world.unit_of_work() as session:
        (row,) = await queries.alerts(session, estate_id=world.estate_id, person_id=5)
    for now in (LATER, LATER + timedelta(hours=1)):
        async with world.unit_of_work() as session:
            seen = await operations.mark_seen(
                session, estate_id=world.estate_id, alert_id=row.alert_id, person_id=5, now=now
            )
            assert (seen.seen_at, seen.resolved_at) == (LATER, None)
    async with world.unit_of_work() as session:
        with pytest.raises(NotFound):
            await operations.mark_seen(
                session, estate_id=world.estate_id, alert_id=row.alert_id, person_id=6, now=LATER
            )


async def test_pages_go_on_where_they_ended(database):
    world = await new_world(database, rates=None)
    for number in range(5):
        await raised(world, subject=f"wallet:{number}")
    async with world.unit_of_work() as session:
        first = await queries.alerts(session, estate_id=world.estate_id, person_id=None, limit=2)
        rest = await queries.alerts(
            session, estate_id=world.estate_id, person_id=None, before=first[-1].alert_id
        )
    assert [row.subject for row in [*first, *rest]] == [f"wallet:{number}" for number in (4, 3, 2, 1, 0)]


async def test_a_kind_that_is_none_is_refused(database):
    world = await new_world(database, rates=None)
    with pytest.raises(ValueError, match="gossip"):
        await raised(world, kind="gossip")


async def test_who_hears_twice_at_once_hears_once(database, told):
    """Two transactions raise the same alert: the second waits for the first and finds it there."""
    world = await new_world(database, rates=None)
    import asyncio

    await asyncio.gather(*(raised(world, person_ids=[5]) for _ in range(4)))
    assert told == [("low_balance", "wallet:7", 5)]
