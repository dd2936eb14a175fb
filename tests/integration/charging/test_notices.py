"""Residents hear of other prices before they hold, once, and of corrections of the past."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mita.charging import operations as charging
from mita.notifications import queries as alert_queries
from mita.notifications.domain import AlertKind, sentence
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import Scope, parse_document
from mita.tariffs.operations import Order
from tests.integration.people import give, new_person, wallet_ids
from tests.integration.world import FLAT, NOW, World, new_world

if TYPE_CHECKING:
    import psycopg

    from mita.identity.domain import Principal
    from mita.kit.db import Database

JULY = date(2026, 7, 1)
# 30 days before 1 July begin at local midnight of 1 June
FIRST_DAY = datetime(2026, 5, 31, 22, 0, tzinfo=UTC)


def priced(price: str, *, since: str, name: str | None = None) -> str:
    return (
        FLAT.replace("2026-01-01", since)
        .replace('"2.00"', f'"{price}"')
        .replace("Flat", name or f"Domestic {price}")
    )


async def assign(world: World, rates: str, *, now: datetime = NOW, **order: Any) -> None:
    table = parse_document(rates)
    async with world.unit_of_work() as session:
        row = await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency=table.currency, table=table, now=now
        )
        await tariffs.assign_rate_table(
            session, estate_id=world.estate_id, order=Order(row.rate_table_id, "staff:ann", **order), now=now
        )


async def set_rule(world: World, *, days: int | None) -> None:
    async with world.unit_of_work() as session:
        await tariffs.set_rate_rule(
            session, estate_id=world.estate_id, notice_days=days, benchmarks={}, now=NOW
        )


async def run_job(world: World, *, now: datetime) -> None:
    """Do what the job does for one estate."""
    for _ in range(20):
        async with world.unit_of_work() as session:
            if not await charging.tell_of_rates(session, estate_id=world.estate_id, now=now):
                return
    raise AssertionError("the job does not come to an end")


async def told(world: World, *, is_open: bool | None = None) -> list[tuple[int | None, str]]:
    """Return (person, sentence) of each notice, the oldest first."""
    async with world.unit_of_work() as session:
        rows = await alert_queries.alerts(session, estate_id=world.estate_id, person_id=None, is_open=is_open)
        return [
            (row.person_id, sentence(AlertKind(row.kind), detail=row.detail))
            for row in reversed(rows)
            if row.kind == "rate_change"
        ]


@pytest.fixture
async def world(database: Database) -> World:
    return await new_world(database, meters=2)


@pytest.fixture
async def ann(world: World, database: Database) -> Principal:
    """Looks at the first unit's wallet; nobody looks at the second one's."""
    person = await new_person(database, "Ann")
    await give(world, person, wallet_id=(await wallet_ids(world))[0])
    return person


async def test_residents_hear_thirty_days_before_and_once(world: World, ann: Principal):
    await assign(world, priced("2.2548", since="2026-07-01"))
    await run_job(world, now=FIRST_DAY - timedelta(seconds=1))
    assert await told(world) == []
    for _ in range(3):
        await run_job(world, now=FIRST_DAY)
    said = "U1: from 2026-07-01 electricity is charged by Domestic 2.2548 instead of Flat: Energy +12.74 %."
    assert await told(world) == [(ann.person_id, said)]


async def test_a_notice_ends_a_month_after_the_change(world: World, ann: Principal):
    await assign(world, priced("2.50", since="2026-07-01"))
    await run_job(world, now=FIRST_DAY)
    await run_job(world, now=datetime(2026, 7, 30, 12, 0, tzinfo=UTC))
    assert len(await told(world, is_open=True)) == 1
    await run_job(world, now=datetime(2026, 7, 31, 12, 0, tzinfo=UTC))
    assert await told(world, is_open=True) == []
    assert len(await told(world)) == 1


async def test_days_of_downtime_delay_it_and_nothing_else(world: World, ann: Principal):
    await assign(world, priced("2.50", since="2026-07-01"))
    await run_job(world, now=datetime(2026, 7, 9, 12, 0, tzinfo=UTC))
    ((_, said),) = await told(world, is_open=True)
    assert said.startswith("U1: from 2026-07-01 electricity is charged by Domestic 2.50 instead of Flat")


async def test_a_nearer_change_is_told_at_once(world: World, ann: Principal):
    await assign(world, priced("1.50", since="2026-03-21"))
    await run_job(world, now=NOW)
    ((_, said),) = await told(world)
    assert "from 2026-03-21" in said
    assert said.endswith(": Energy -25.00 %.")


async def test_the_past_is_told_as_a_correction(world: World, ann: Principal):
    await assign(world, priced("2.10", since="2026-03-01"))
    await assign(
        world,
        priced("2.20", since="2026-03-01", name="Mended"),
        effective_until=date(2026, 3, 11),
        reason="a slip",
        is_correction=True,
    )
    await run_job(world, now=NOW)
    # nobody had heard of the one that was corrected: it is not told any more
    ((_, said),) = await told(world)
    assert said == (
        "U1: by a correction from 2026-03-01 to 2026-03-10 electricity is charged by Mended instead of"
        " Domestic 2.10: Energy +4.76 %."
    )


async def test_the_estate_says_how_many_days_or_that_nobody_is_told(world: World, ann: Principal):
    await set_rule(world, days=10)
    await assign(world, priced("2.50", since="2026-07-01"))
    await run_job(world, now=datetime(2026, 6, 20, 12, 0, tzinfo=UTC))
    assert await told(world) == []
    await run_job(world, now=datetime(2026, 6, 21, 12, 0, tzinfo=UTC))
    assert len(await told(world)) == 1
    await set_rule(world, days=None)
    await assign(world, priced("2.60", since="2026-08-01"))
    await run_job(world, now=datetime(2026, 8, 1, 12, 0, tzinfo=UTC))
    await set_rule(world, days=30)
    await run_job(world, now=datetime(2026, 8, 1, 12, 0, tzinfo=UTC))
    assert len(await told(world)) == 1, "what came while nobody was to be told is no news later"


async def test_only_the_wallets_that_pay_other_prices_hear(world: World, ann: Principal, database: Database):
    ben = await new_person(database, "Ben")
    await give(world, ben, wallet_id=(await wallet_ids(world))[1])
    own = {"scope": Scope.UNIT, "target_id": world.unit_ids[1]}
    await assign(world, priced("1.00", since="2026-01-01", name="Own"), **own)
    await run_job(world, now=NOW)
    assert [person for person, _ in await told(world)] == [ben.person_id]
    await assign(world, priced("2.50", since="2026-04-01"))
    await run_job(world, now=NOW)
    assert [person for person, _ in await told(world)] == [ben.person_id, ann.person_id]


async def test_the_end_of_an_assignment_is_told_too(world: World, ann: Principal):
    own = {"scope": Scope.UNIT, "target_id": world.unit_ids[0], "effective_until": JULY}
    await assign(world, priced("1.00", since="2026-04-01", name="Own"), **own)
    await run_job(world, now=NOW)
    await run_job(world, now=FIRST_DAY)
    assert [said for _, said in await told(world)] == [
        "U1: from 2026-04-01 to 2026-06-30 electricity is charged by Own instead of Flat: Energy -50.00 %.",
        "U1: from 2026-07-01 electricity is charged by Flat instead of Own: Energy +100.00 %.",
    ]


async def test_the_first_price_and_equal_prices_are_no_news(world: World, ann: Principal):
    await run_job(world, now=NOW)
    await assign(world, priced("2.00", since="2026-04-01", name="Renamed"))
    await run_job(world, now=NOW)
    assert await told(world) == []


async def test_who_does_not_want_to_hear_does_not(world: World, ann: Principal, admin: psycopg.Connection):
    admin.execute("UPDATE access_grant SET hears = '{low_balance}'")
    await assign(world, priced("2.50", since="2026-04-01"))
    await run_job(world, now=NOW)
    assert await told(world) == []


async def test_many_wallets_are_told_some_at_a_time(
    world: World, ann: Principal, database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mita.charging.operations.notice.WALLETS_AT_ONCE", 1)
    ben = await new_person(database, "Ben")
    await give(world, ben, wallet_id=(await wallet_ids(world))[1])
    await assign(world, priced("2.50", since="2026-07-01"))
    for people in ([], [ann.person_id], [ann.person_id, ben.person_id], [ann.person_id, ben.person_id]):
        assert [person for person, _ in await told(world)] == people
        async with world.unit_of_work() as session:
            await charging.tell_of_rates(session, estate_id=world.estate_id, now=FIRST_DAY)
            if not people:  # the first table's turn comes first, and is no news
                await charging.tell_of_rates(session, estate_id=world.estate_id, now=FIRST_DAY)


async def test_two_workers_at_once_tell_once(world: World, ann: Principal):
    await run_job(world, now=NOW)
    await assign(world, priced("2.50", since="2026-07-01"))

    async def work() -> None:
        async with world.unit_of_work() as session:
            await charging.tell_of_rates(session, estate_id=world.estate_id, now=FIRST_DAY)

    async with world.unit_of_work() as session:
        await charging.tell_of_rates(session, estate_id=world.estate_id, now=FIRST_DAY)
        other = asyncio.create_task(work())
        await asyncio.sleep(0.3)
        assert not other.done(), "it waits for the worker who came first"
    await other
    assert len(await told(world)) == 1


async def test_two_coming_changes_stay_open_beside_each_other(world: World, ann: Principal):
    await assign(world, priced("2.50", since="2026-06-15"))
    await assign(world, priced("2.60", since="2026-07-01"))
    await run_job(world, now=FIRST_DAY)
    assert len(await told(world, is_open=True)) == 2


async def test_a_correction_of_what_was_announced_takes_its_place(world: World, ann: Principal):
    await assign(world, priced("2.50", since="2026-07-01"))
    await run_job(world, now=FIRST_DAY)
    await assign(world, priced("2.40", since="2026-07-01"), reason="a slip", is_correction=True)
    await run_job(world, now=FIRST_DAY)
    assert len(await told(world)) == 2
    ((_, said),) = await told(world, is_open=True)
    assert said.endswith("by Domestic 2.40 instead of Flat: Energy +20.00 %.")
