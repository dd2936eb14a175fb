"""Solar credits: once when a month is over, also after downtime, and the difference when terms change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from mita.kit.errors import Invalid, NotFound
from mita.ledger.domain import EntryKind
from mita.ledger.operations import NotReversible, reverse_entry
from mita.solar import jobs, operations, queries
from mita.solar.domain import credit_sentences
from mita.solar.operations import InstallationEnded, NewInstallation
from tests.integration.charging.timed import entries, on_account
from tests.integration.world import NOW, new_world

if TYPE_CHECKING:
    from mita.kit.db import Database
    from tests.integration.world import World

POUND = 1_000_000
PENNY = 10_000
JANUARY, FEBRUARY, MARCH = (date(2025, month, 1) for month in (1, 2, 3))


def sast(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC) - timedelta(hours=2)


async def create(
    world: World, *, first_on: date = JANUARY, shares: dict[int, int], kw: int = 3_500_000
) -> int:
    async with world.unit_of_work() as session:
        new = NewInstallation("Roof A", kw, 36_500_000, first_on, shares)
        row = await operations.create_installation(
            session, estate_id=world.estate_id, new=new, actor="staff:ann", now=NOW
        )
        return row.solar_installation_id


async def run(world: World, now: datetime) -> int:
    async with world.unit_of_work() as session:
        return await operations.post_solar_credits(session, estate_id=world.estate_id, now=now)


async def share(world: World, installation_id: int, shares: dict[int, int], *, from_on: date) -> None:
    async with world.unit_of_work() as session:
        await operations.set_shares(
            session,
            estate_id=world.estate_id,
            solar_installation_id=installation_id,
            shares=shares,
            from_on=from_on,
            actor="staff:ann",
            now=NOW,
        )


async def end(world: World, installation_id: int, *, until_on: date) -> None:
    async with world.unit_of_work() as session:
        await operations.end_installation(
            session, estate_id=world.estate_id, solar_installation_id=installation_id, until_on=until_on
        )


async def test_a_month_is_credited_once_at_the_midnight_that_ends_it(database: Database):
    world = await new_world(database, meters=3)
    one, two, three = world.unit_ids
    await create(world, shares={one: 500_000, two: 300_000, three: 200_000})
    assert await run(world, sast(2025, 2, 1) - timedelta(seconds=1)) == 0
    assert await run(world, sast(2025, 2, 1)) == 3
    assert await world.balances() == [543 * PENNY, 325 * PENNY, 217 * PENNY]
    assert await run(world, sast(2025, 2, 1)) == 0
    assert await entries(world) == [(EntryKind.SOLAR_CREDIT, 543 * PENNY, sast(2025, 2, 1))]
    assert await on_account(world, "income:solar") == -1_085 * PENNY
    assert await world.verified()


async def test_months_of_downtime_are_entries_of_their_own(database: Database):
    world = await new_world(database, meters=1)
    (unit_id,) = world.unit_ids
    await create(world, shares={unit_id: 1_000_000})
    await create(world, shares={unit_id: 500_000}, first_on=FEBRUARY, kw=1_000_000)
    assert await run(world, sast(2025, 4, 2)) == 3
    # 1 kW in February: 280, in March: 310
    assert await entries(world) == [
        (EntryKind.SOLAR_CREDIT, 1_085 * PENNY, sast(2025, 2, 1)),
        (EntryKind.SOLAR_CREDIT, (980 + 140) * PENNY, sast(2025, 3, 1)),
        (EntryKind.SOLAR_CREDIT, (1_085 + 155) * PENNY, sast(2025, 4, 1)),
    ]


async def test_a_change_of_the_past_is_booked_as_the_difference(database: Database):
    world = await new_world(database, meters=2)
    one, two = world.unit_ids
    roof = await create(world, shares={one: 1_000_000})
    await run(world, sast(2025, 3, 1))
    assert await world.balances() == [(1_085 + 980) * PENNY, 0]
    await share(world, roof, {one: 250_000, two: 750_000}, from_on=FEBRUARY)
    assert await run(world, sast(2025, 3, 2)) == 2
    assert await world.balances() == [(1_085 + 245) * PENNY, 735 * PENNY]
    assert await on_account(world, "income:solar") == -(1_085 + 980) * PENNY
    # it ended in the middle of January
    await end(world, roof, until_on=date(2025, 1, 16))
    await run(world, sast(2025, 3, 2))
    # 15 of 365 days of 127.75 are 5.25
    assert await world.balances() == [525 * PENNY, 0]
    assert await run(world, sast(2025, 3, 2)) == 0
    assert await world.verified()


async def test_terms_end_once_and_shares_come_to_one_at_most(database: Database):
    world = await new_world(database, meters=2)
    one, two = world.unit_ids
    roof = await create(world, shares={one: 600_000})
    await share(world, roof, {one: 600_000, two: 400_000}, from_on=MARCH)
    with pytest.raises(Invalid, match="more than one on 2025-02-01"):
        await share(world, roof, {one: 600_000, two: 400_001}, from_on=FEBRUARY)
    with pytest.raises(Invalid, match="begins on 2025-01-01"):
        await share(world, roof, {one: 1}, from_on=date(2024, 12, 31))
    with pytest.raises(Invalid, match="has no account of electricity"):
        await share(world, roof, {10**6: 1}, from_on=MARCH)
    with pytest.raises(Invalid, match="begins on 2025-01-01"):
        await end(world, roof, until_on=JANUARY)
    with pytest.raises(NotFound):
        await end(world, 10**6, until_on=MARCH)
    await end(world, roof, until_on=MARCH)
    for refused in (
        end(world, roof, until_on=FEBRUARY),
        share(world, roof, {one: 1}, from_on=MARCH),
    ):
        with pytest.raises(InstallationEnded):
            await refused


async def test_a_credit_is_explained_and_its_correction_too(database: Database):
    world = await new_world(database, meters=1)
    (unit_id,) = world.unit_ids
    roof = await create(world, shares={unit_id: 500_000})
    await run(world, sast(2025, 2, 1))
    await share(world, roof, {unit_id: 200_000}, from_on=JANUARY)
    await run(world, sast(2025, 2, 3))
    async with world.unit_of_work() as session:
        (row,) = await queries.credits_of_month(session, estate_id=world.estate_id, month=JANUARY)
        key = {"estate_id": world.estate_id, "account_id": row.account_id}
        first = await operations.explain_credit(session, **key, seq=1)
        second = await operations.explain_credit(session, **key, seq=2)
        assert await operations.explain_credit(session, **key, seq=3) is None
        with pytest.raises(NotReversible):
            await reverse_entry(session, **key, seq=1, actor="staff:ann", reason="a slip", now=NOW)
    assert first is not None
    assert second is not None
    # half of 1,085 pence is 542.5: the half penny goes to the home, before nobody
    assert credit_sentences(first) == [
        "The solar credit of January 2025.",
        "Roof A: 3.5 kW at R36.50 a kW and year, 31 of 365 days; your share of 0.5 is R5.43.",
        "Together the month is worth R5.43 to you.",
        "R5.43 was given to the wallet by this entry.",
        "Later, on 3 February 2025, it became R2.17; the difference is entry 2.",
    ]
    assert credit_sentences(second)[-2:] == [
        "Booked before: R5.43.",
        "R3.26 was taken from the wallet by this entry.",
    ]


async def test_the_job_serves_every_estate_and_the_tables_keep_what_they_have(
    database: Database, admin: psycopg.Connection
):
    world = await new_world(database, meters=1)
    await create(world, shares={world.unit_ids[0]: 1_000_000})
    await jobs.post_solar_credits(SimpleNamespace(additional_context={"database": database}), 0)
    async with world.unit_of_work() as session:
        assert (await session.scalar(text("SELECT count(*) FROM solar_credit")) or 0) >= 12
    for change in (
        "UPDATE solar_credit SET new_micro = 1",
        "DELETE FROM solar_share",
        "DELETE FROM solar_installation",
        "TRUNCATE solar_credit",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation):
            admin.execute(change)
