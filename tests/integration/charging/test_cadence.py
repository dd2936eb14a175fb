"""Charges that are posted hourly or daily: live at once, one entry later, the same money in the end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.charging import operations as charging
from mita.charging.domain.cadence import Cadence
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.ledger import queries as ledger_queries
from tests.integration.world import BLOCKS_AND_HOURS, NOW, World, at, new_world

if TYPE_CHECKING:
    from mita.kit.db import Database


async def set_cadence(world: World, cadence: Cadence, *, now=NOW) -> None:
    async with world.unit_of_work() as session:
        await charging.set_cadence(session, estate_id=world.estate_id, cadence=cadence, now=now)


async def post_due(world: World, *, now) -> int:
    async with world.unit_of_work() as session:
        return await charging.post_due_accruals(session, estate_id=world.estate_id, now=now)


async def charge_entries(world: World) -> list[tuple[int, int, int]]:
    """Return (account, amount, quantity) of every charge in the books."""
    async with world.unit_of_work() as session:
        rows = await session.execute(
            text("SELECT account_id, amount_micro, quantity_micro FROM entry WHERE kind = 1 ORDER BY 1, seq")
        )
        return [tuple(row) for row in rows]


async def test_balances_are_live_and_entries_come_with_the_day(database: Database) -> None:
    world = await new_world(database, meters=2)
    await set_cadence(world, Cadence.DAILY)
    # 2.00 and 15 %: 10 kWh are 23.00, 5 kWh are 11.50
    await world.charge([("M1", at(0), "0"), ("M2", at(0), "0")])
    await world.charge([("M1", at(1), "10"), ("M2", at(1), "5")])
    await world.charge([("M1", at(2), "20")])
    assert await world.balances() == [-46_000_000, -11_500_000]
    assert await charge_entries(world) == []
    assert await world.verified()
    assert await post_due(world, now=NOW + timedelta(hours=1)) == 0, "the day is not over"

    tomorrow = NOW + timedelta(hours=11)  # 01:00 in Johannesburg
    assert await post_due(world, now=tomorrow) == 2
    assert [entry[1:] for entry in await charge_entries(world)] == [
        (-46_000_000, 20_000_000),
        (-11_500_000, 5_000_000),
    ]
    assert await world.balances() == [-46_000_000, -11_500_000]
    assert await world.verified()
    assert await post_due(world, now=tomorrow) == 0
    await world.charge([("M1", at(3), "30")], now=tomorrow)
    assert await world.balances() == [-69_000_000, -11_500_000]
    assert await world.verified()


async def test_a_supply_is_cut_and_returned_by_the_live_balance(database: Database) -> None:
    world = await new_world(database)
    await set_cadence(world, Cadence.DAILY)
    await world.top_up("30.00", key="k1")
    await world.set_rule(
        Rule("electricity", is_cutting=True, low_micro=5_000_000, cut_micro=0, restore_micro=1_000_000)
    )
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    assert await world.balances() == [7_000_000]
    await world.charge([("M1", at(2), "14")])
    assert await world.balances() == [-2_200_000]
    async with world.unit_of_work() as session:
        commands = await credit_queries.commands(session, estate_id=world.estate_id)
    assert [command.action for command in commands] == ["off"]
    # a top-up moves the account: the lane notices and loads it again
    assert await world.top_up("10.00", key="k2") == 7_800_000
    await world.charge([("M1", at(3), "15")])
    assert await world.balances() == [5_500_000]
    async with world.unit_of_work() as session:
        commands = await credit_queries.commands(session, estate_id=world.estate_id)
    assert [command.action for command in commands] == ["on", "off"]
    assert await world.verified()


async def test_the_same_readings_cost_the_same_at_any_cadence(database: Database) -> None:
    rows = [("M1", at(hour), str(hour * 3)) for hour in range(60)]
    late = rows[17]
    worlds = []
    for cadence in Cadence:
        world = await new_world(database, rates=BLOCKS_AND_HOURS, name=cadence.value)
        await set_cadence(world, cadence)
        for start in range(0, 60, 10):
            await world.charge([row for row in rows[start : start + 10] if row is not late])
            await post_due(world, now=NOW + timedelta(hours=start))
        await world.charge([late])
        worlds.append(world)
    balances = [await world.balances() for world in worlds]
    assert balances[0] == balances[1] == balances[2]
    assert balances[0][0] < 0
    for world in worlds:
        assert await world.verified()
        await set_cadence(world, Cadence.EACH)
        assert await world.verified()
    sums = [sum(entry[2] for entry in await charge_entries(world)) for world in worlds[1:]]
    assert sums == [177_000_000] * 2
    assert [await world.balances() for world in worlds] == balances


async def test_what_accrued_is_held_and_cannot_be_spent_otherwise(database: Database) -> None:
    world = await new_world(database)
    await set_cadence(world, Cadence.HOURLY)
    await world.top_up("30.00", key="k1")
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    async with world.unit_of_work() as session:
        (account,) = (
            account
            for account in await ledger_queries.chart(session, estate_id=world.estate_id, limit=50)
            if account.code.endswith("electricity") and account.code.startswith("wallet")
        )
        assert (account.posted_micro, account.held_micro) == (30_000_000, 23_000_000)
