"""The general account pays what a utility lacks, so that nobody is cut who has money."""

from __future__ import annotations

from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.ledger import operations as ledger
from mita.ledger.operations import Authorisation, Order
from mita.wallets import operations as wallets
from mita.wallets.domain import Allocation, AllocationRules
from mita.wallets.operations import Place
from tests.integration.wallets.homes import RAND, new_home
from tests.integration.world import NOW, at

CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)
WATER = Rule("water", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)


async def commands(home):
    async with home.world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=home.world.estate_id)
    return [(row.utility, row.action, row.state) for row in rows]


async def set_cover(home, cover_micro):
    rules = AllocationRules(Allocation("arrears_first"), cover_micro=cover_micro)
    async with home.world.unit_of_work() as session:
        await wallets.set_allocation_rules(session, estate_id=home.world.estate_id, rules=rules, now=NOW)


async def transfer(home, giving, taking, amount_micro, *, key="t"):
    async with home.world.unit_of_work() as session:
        return await wallets.transfer_money(
            session,
            estate_id=home.world.estate_id,
            giving=giving,
            taking=taking,
            order=Order(amount_micro, "test", key, "staff:test"),
            now=NOW,
        )


async def test_money_that_comes_into_general_covers_who_is_out(database, admin):
    home = await new_home(database)
    await home.world.set_rule(CUTTING)
    await home.world.set_rule(WATER)
    assert await home.standings() == {"electricity": "out", "water": "out"}
    before = len(await commands(home))
    assert before == 2

    await home.top_up("500.00", key="a", utility="general")
    # each is lifted just above its low line and 100.00 on top
    lifted = 120 * RAND + 1
    assert await home.balances() == {
        "electricity": lifted,
        "water": lifted,
        "general": 500 * RAND - 2 * lifted,
    }
    assert await home.standings() == {"electricity": "in_credit", "water": "in_credit"}
    assert sorted(command for command in await commands(home) if command[2] == "asked") == [
        ("electricity", "on", "asked"),
        ("water", "on", "asked"),
    ]
    # one journal for both
    assert admin.execute("SELECT count(*) FROM journal WHERE kind = 10").fetchone() == (1,)
    assert await home.world.verified()


async def test_what_is_not_enough_goes_to_who_is_out_first(database):
    home = await new_home(database)
    await home.world.set_rule(CUTTING)
    await home.top_up("5.00", key="a", utility="electricity")
    await home.world.set_rule(WATER)
    assert await home.standings() == {"electricity": "out", "water": "out"}
    await home.top_up("12.00", key="b", utility="electricity")
    assert await home.standings() == {"electricity": "low", "water": "out"}

    await home.top_up("22.00", key="c", utility="general")
    # 20.000001 for water, which is out; what is left, 1.999999, for electricity, which is low at 17.00
    assert await home.balances() == {
        "electricity": 19 * RAND - 1,
        "water": 20 * RAND + 1,
        "general": 0,
    }
    assert await home.standings() == {"electricity": "low", "water": "in_credit"}
    assert await home.world.verified()


async def test_a_rule_that_is_set_covers_before_it_cuts(database):
    home = await new_home(database)
    await home.top_up("300.00", key="a", utility="general")
    await set_cover(home, 5 * RAND)
    await home.world.set_rule(CUTTING)
    assert await commands(home) == []
    assert await home.balances() == {
        "electricity": 25 * RAND + 1,
        "water": 0,
        "general": 275 * RAND - 1,
    }
    assert await home.standings() == {"electricity": "in_credit", "water": "in_credit"}


async def test_a_transfer_out_of_a_utility_is_covered_too(database):
    home = await new_home(database, units=2)
    await home.top_up("100.00", key="a", utility="electricity")
    await home.top_up("100.00", key="b", utility="general")
    await set_cover(home, 0)
    await home.world.set_rule(CUTTING)
    cut = len(await commands(home))  # the other unit's
    await transfer(
        home, Place(home.wallet_ids[0], "electricity"), Place(home.wallet_ids[1], "water"), 90 * RAND
    )
    # 10.00 is low: it gets 10.000001
    assert await home.balances() == {"electricity": 20 * RAND + 1, "water": 0, "general": 90 * RAND - 1}
    assert await home.balances(1) == {"electricity": 0, "water": 90 * RAND, "general": 0}
    assert len(await commands(home)) == cut
    assert await home.world.verified()


async def test_money_on_hold_covers_nothing(database):
    home = await new_home(database)
    await home.top_up("100.00", key="a", utility="general")
    async with home.world.unit_of_work() as session:
        await ledger.place_hold(
            session,
            estate_id=home.world.estate_id,
            asked=Authorisation(await home.account_id("general"), 95 * RAND, "a purchase", at(24 * 365)),
            key="h",
            actor="staff:test",
            now=NOW,
        )
    await home.world.set_rule(CUTTING)
    assert await home.balances() == {"electricity": 5 * RAND, "water": 0, "general": 95 * RAND}
    assert await home.standings() == {"electricity": "low", "water": "in_credit"}
    assert await home.world.verified()


async def test_accounts_without_lines_are_not_covered(database):
    home = await new_home(database)
    await home.top_up("100.00", key="a", utility="general")
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    assert await home.balances() == {"electricity": -23 * RAND, "water": 0, "general": 100 * RAND}
