"""The general account pays in the transaction that charges; the lane goes on with what it then holds."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mita.charging import operations as charging
from mita.charging.domain.cadence import Cadence
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.entrypoints.lane import charge_in_order
from mita.wallets import operations as wallets
from mita.wallets.domain import Allocation, AllocationRules
from tests.integration.wallets.homes import KWH, RAND, new_home
from tests.integration.world import NOW, at, batch

CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)


async def covered_home(database, *, electricity: str, general: str, cover: int = 30, units: int = 1):
    """Make an estate that cuts, each unit with money in both accounts."""
    home = await new_home(database, units=units, water=False)
    rules = AllocationRules(Allocation("arrears_first"), cover_micro=cover * RAND)
    async with home.world.unit_of_work() as session:
        await wallets.set_allocation_rules(session, estate_id=home.world.estate_id, rules=rules, now=NOW)
    for unit in range(units):
        await home.top_up(electricity, key=f"e{unit}", utility="electricity", unit=unit)
        await home.top_up(general, key=f"g{unit}", utility="general", unit=unit)
    await home.world.set_rule(CUTTING)
    return home


async def commands(home):
    async with home.world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=home.world.estate_id)
    return [(row.unit_id, row.action) for row in rows]


async def test_a_wallet_with_money_never_crosses_and_the_lane_remembers(database, admin):
    home = await covered_home(database, electricity="50.00", general="100.00")
    world = home.world
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])  # 27.00
    memory = world.lane._memory
    outcome = await world.charge([("M1", at(2), "14")])  # 17.80 is low: 2.200001 and 30.00 come
    assert outcome.crossings == 0
    assert await home.balances() == {"electricity": 50 * RAND + 1, "general": 67_800_000 - 1}

    # the next batches need no second attempt: the memory knows the heads that the cover moved
    for hour, value in ((3, "15"), (4, "16"), (5, "29")):  # the last: 15.50, covered again
        outcome = await world.charge([("M1", at(hour), value)])
        assert outcome.crossings == 0
    assert world.lane._memory is memory
    assert await home.balances() == {"electricity": 50 * RAND + 1, "general": 67_800_000 - 1 - 34_500_000}
    assert await home.standings() == {"electricity": "in_credit"}
    assert await commands(home) == []
    assert admin.execute("SELECT count(*) FROM journal WHERE kind = 10").fetchone() == (2,)
    assert await world.verified()


async def test_what_covers_in_part_is_told_as_it_is(database):
    home = await covered_home(database, electricity="50.00", general="5.00")
    world = home.world
    outcome = await world.charge([("M1", at(0), "0"), ("M1", at(1), "15")])  # 15.50, and 5.00 comes: 20.50
    assert (outcome.crossings, await home.standings()) == (0, {"electricity": "in_credit"})
    assert await home.balances() == {"electricity": 20_500_000, "general": 0}
    memory = world.lane._memory
    outcome = await world.charge([("M1", at(2), "30")])
    assert (outcome.crossings, await home.standings()) == (1, {"electricity": "out"})
    assert await home.balances() == {"electricity": 50 * RAND + 5 * RAND - 30 * KWH, "general": 0}
    assert await commands(home) == [(world.unit_ids[0], "off")]
    await world.charge([("M1", at(3), "31")])
    assert world.lane._memory is memory
    assert await world.verified()


async def test_a_part_that_does_not_help_is_paid_and_the_supply_is_cut(database):
    home = await covered_home(database, electricity="30.00", general="10.00")
    outcome = await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "20")])  # -16.00, and 10.00 comes
    assert outcome.crossings == 1
    assert await home.balances() == {"electricity": -6 * RAND, "general": 0}
    assert await commands(home) == [(home.world.unit_ids[0], "off")]
    # money that comes in later, to general, brings the supply back
    await home.top_up("50.00", key="more", utility="general")
    assert await home.balances() == {"electricity": 44 * RAND, "general": 0}
    assert (await commands(home))[0] == (home.world.unit_ids[0], "on")
    # the lane reads again what the top-up moved
    await home.world.charge([("M1", at(2), "21")])
    assert await home.balances() == {"electricity": 44 * RAND - KWH, "general": 0}
    assert await home.world.verified()


async def test_a_late_reading_that_costs_more_is_covered(database):
    home = await covered_home(database, electricity="30.00", general="100.00", cover=0)
    world = home.world
    await world.charge([("M1", at(0), "0"), ("M1", at(2), "3")])  # 23.10
    # a correction of nothing: the late one lies between; then the next reading needs cover
    await world.charge([("M1", at(1), "2")])
    memory = world.lane._memory
    outcome = await world.charge([("M1", at(3), "5"), ("M1", at(4), "6")])
    assert outcome.crossings == 0
    assert await home.balances() == {
        "electricity": 20 * RAND + 1,
        "general": 130 * RAND - 6 * KWH - 20 * RAND - 1,
    }
    await world.charge([("M1", at(5), "7")])
    assert world.lane._memory is memory
    assert await world.verified()


async def test_batches_under_way_meet_covers(database):
    home = await covered_home(database, electricity="25.00", general="500.00", cover=1, units=3)
    world = home.world

    async def batches():
        for hour in range(30):
            yield batch([(f"M{unit}", at(hour), str(hour * unit)) for unit in (1, 2, 3)])

    outcomes = [outcome async for outcome in charge_in_order(world.lane, batches())]
    assert [outcome.crossings for outcome in outcomes] == [0] * 30
    for unit in range(3):
        balances = await home.balances(unit)
        assert sum(balances.values()) == 525 * RAND - 29 * (unit + 1) * KWH
        assert balances["electricity"] > 20 * RAND
    assert await commands(home) == []
    assert await world.verified()


async def test_covers_race_money_that_comes_and_goes(database):
    home = await covered_home(database, electricity="25.00", general="60.00", cover=1, units=2)
    world = home.world

    async def reads():
        for hour in range(12):
            await world.charge([("M1", at(hour), str(hour)), ("M2", at(hour), str(hour))])

    async def pays(unit):
        for number in range(6):
            utility = "general" if number % 2 else None
            await home.top_up("3.00", key=f"p{unit}-{number}", utility=utility, unit=unit)

    await asyncio.gather(reads(), pays(0), pays(1))
    for unit in range(2):
        balances = await home.balances(unit)
        assert sum(balances.values()) == (85 + 18) * RAND - 11 * KWH
    assert await home.standings(0) == await home.standings(1) == {"electricity": "in_credit"}
    assert await commands(home) == []
    assert await world.verified()


async def test_an_estate_that_posts_daily_is_covered_as_it_uses(database):
    home = await covered_home(database, electricity="50.00", general="100.00")
    world = home.world
    async with world.unit_of_work() as session:
        await charging.set_cadence(session, estate_id=world.estate_id, cadence=Cadence.DAILY, now=NOW)
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    memory = world.lane._memory
    outcome = await world.charge([("M1", at(2), "14")])
    assert outcome.crossings == 0
    assert await home.balances() == {"electricity": 50 * RAND + 1, "general": 67_800_000 - 1}
    await world.charge([("M1", at(3), "15")])
    assert world.lane._memory is memory
    async with world.unit_of_work() as session:
        await charging.post_accruals(session, estate_id=world.estate_id, now=NOW)
    assert await home.balances() == {"electricity": 50 * RAND + 1 - KWH, "general": 67_800_000 - 1}
    assert await world.verified()


async def test_who_waits_in_a_ring_begins_again(database, admin):
    """A transfer holds the general account and waits for the utility that the batch holds: one goes first."""
    admin.execute(f"ALTER DATABASE {admin.info.dbname} SET deadlock_timeout = '3s'")
    admin.execute("SET deadlock_timeout = '60s'")  # so it is the batch that the server stops
    home = await new_home(database)
    world = home.world
    general, water = await home.account_id("general"), await home.account_id("water")
    assert general < water
    await home.top_up("100.00", key="g", utility="general")
    await home.top_up("25.00", key="w", utility="water")
    await world.set_rule(replace(CUTTING, utility="water"))
    await world.charge([("W1", at(0), "0")], utility="water")
    held = "SELECT FROM account WHERE account_id = %s FOR NO KEY UPDATE"
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with admin.transaction():
        admin.execute(held, (general,))
        charging_task = asyncio.create_task(world.charge([("W1", at(1), "5")], utility="water"))
        async with asyncio.timeout(30):
            while admin.execute(waiting).fetchone() == (0,):  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
        await asyncio.to_thread(admin.execute, held, (water,))
    outcome = await charging_task
    assert outcome.crossings == 0
    # 13.50 is low: 6.500001 and the default of 100.00, of which 93.499999 is left
    assert await home.balances() == {"electricity": 0, "general": 0, "water": 113_500_000}
    assert await world.verified()
