"""Emergency credit: drawn once when a utility is low or out, repaid before anything else."""

from __future__ import annotations

import asyncio

import pytest

from mita.credit.domain import Rule
from mita.kit.errors import Invalid, KeyReused
from mita.wallets import operations as wallets
from mita.wallets.domain import Emergency
from mita.wallets.operations import NoEmergencyCredit, NotLow, UtilityNotInWallet
from tests.integration.wallets.homes import RAND, new_home
from tests.integration.world import NOW, at

CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)


async def set_rule(home, **change):
    rule = Emergency(**{"is_on": True, "amount_micro": 30 * RAND, "who": "top_up", **change})
    async with home.world.unit_of_work() as session:
        await wallets.set_emergency_rule(session, estate_id=home.world.estate_id, rule=rule, now=NOW)


async def draw(home, *, key="d", utility="electricity"):
    async with home.world.unit_of_work() as session:
        return await wallets.draw_emergency_credit(
            session,
            estate_id=home.world.estate_id,
            wallet_id=home.wallet_id,
            utility=utility,
            key=key,
            actor="person:1",
            now=NOW,
        )


async def test_it_brings_the_supply_back_and_is_repaid_first(database):
    home = await new_home(database)
    await home.world.set_rule(CUTTING)
    await set_rule(home)
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "2")])  # 4.60
    journal_id, amount, is_repeat = await draw(home)
    assert (amount, is_repeat) == (30 * RAND, False)
    assert await home.standings() == {"electricity": "in_credit", "water": "in_credit"}
    assert await home.owed() == (30 * RAND, 0)
    assert await home.balances() == {"electricity": 25_400_000, "water": 0, "general": 0}
    # the key again, even if the rule changes meanwhile
    await set_rule(home, amount_micro=50 * RAND)
    assert await draw(home) == (journal_id, 30 * RAND, True)

    done = await home.top_up("20.00", key="a", utility="water")
    assert (done.parts_micro, done.repaid_micro) == ({}, 20 * RAND)
    assert await home.owed() == (10 * RAND, 0)
    done = await home.top_up("20.00", key="b", utility="water")
    assert (done.parts_micro, done.repaid_micro) == ({"water": 10 * RAND}, 10 * RAND)
    assert await home.owed() == (0, 0)
    again = await home.top_up("20.00", key="a", utility="water")
    assert (again.parts_micro, again.repaid_micro, again.is_repeat) == ({}, 20 * RAND, True)
    done = await home.top_up("20.00", key="c", utility="water")
    assert (done.parts_micro, done.repaid_micro) == ({"water": 20 * RAND}, 0)
    assert await home.world.verified()


async def test_one_at_a_time(database):
    home = await new_home(database)
    await home.world.set_rule(CUTTING)
    await set_rule(home, amount_micro=5 * RAND)
    results = await asyncio.gather(*(draw(home, key=f"d{n}") for n in range(4)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in results) == ["NoEmergencyCredit"] * 3 + ["tuple"]
    assert await home.owed() == (5 * RAND, 0)
    await home.top_up("5.00", key="a", utility="general")
    assert await home.standings() == {"electricity": "out", "water": "in_credit"}
    assert (await draw(home, key="again"))[1] == 5 * RAND


async def test_draws_that_are_refused(database):
    home = await new_home(database)
    with pytest.raises(NoEmergencyCredit, match="gives no emergency credit"):
        await draw(home)
    await set_rule(home)
    with pytest.raises(NotLow, match="electricity of wallet 1 is in credit"):
        await draw(home)
    await home.world.set_rule(CUTTING)
    with pytest.raises(UtilityNotInWallet):
        await draw(home, utility=None)
    await set_rule(home, is_on=False)
    with pytest.raises(NoEmergencyCredit):
        await draw(home)
    await set_rule(home)
    await draw(home)
    with pytest.raises(KeyReused):
        await draw(home, utility="water")
    assert await home.owed() == (30 * RAND, 0)


@pytest.mark.parametrize("change", [{"amount_micro": 0}, {"amount_micro": 10**12 + 1}, {"who": "everybody"}])
async def test_rules_that_cannot_be(database, change):
    home = await new_home(database, water=False)
    with pytest.raises(Invalid):
        await set_rule(home, **change)
