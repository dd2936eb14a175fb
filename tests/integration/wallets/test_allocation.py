"""Top-ups are spread by the estate's rule, the resident's choice, or where they are told to go."""

from __future__ import annotations

import pytest

from mita.kit.errors import Invalid, KeyReused
from mita.ledger.domain import EntryKind
from mita.wallets import operations as wallets
from mita.wallets.domain import Allocation, AllocationRules
from mita.wallets.operations import ChoiceNotOffered, UtilityNotInWallet
from tests.integration.wallets.homes import KWH, RAND, new_home
from tests.integration.world import NOW, at

HALF_AND_FIFTH = Allocation("percentages", {"electricity": 5_000, "water": 2_000})


async def set_rules(home, rules):
    async with home.world.unit_of_work() as session:
        await wallets.set_allocation_rules(session, estate_id=home.world.estate_id, rules=rules, now=NOW)


async def choose(home, allocation, *, unit=0):
    async with home.world.unit_of_work() as session:
        await wallets.choose_allocation(
            session,
            estate_id=home.world.estate_id,
            wallet_id=home.wallet_ids[unit],
            allocation=allocation,
            actor="person:1",
            now=NOW,
        )


async def test_a_wallet_of_one_utility_gets_it_there(database):
    home = await new_home(database, water=False)
    done = await home.top_up("100.00", key="a")
    assert await home.balances() == {"electricity": 100 * RAND, "general": 0}
    assert (done.parts_micro, done.balance_micro) == ({"electricity": 100 * RAND}, 100 * RAND)


async def test_without_a_rule_arrears_come_first_and_the_rest_is_general(database, admin):
    home = await new_home(database)
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])  # 23.00
    await home.world.charge([("W1", at(0), "0"), ("W1", at(1), "20")], utility="water")  # 46.00

    done = await home.top_up("50.00", key="a")
    assert done.parts_micro == {"water": 46 * RAND, "electricity": 4 * RAND}
    assert done.account_id == await home.account_id("water")
    assert await home.balances() == {"electricity": -19 * RAND, "water": 0, "general": 0}
    done = await home.top_up("100.00", key="b")
    assert done.parts_micro == {"electricity": 19 * RAND, "general": 81 * RAND}
    assert await home.balances() == {"electricity": 0, "water": 0, "general": 81 * RAND}
    # one journal each, whatever the number of its lines
    assert admin.execute("SELECT count(*) FROM journal WHERE kind = 2").fetchone() == (2,)
    assert await home.world.verified()


async def test_a_named_utility_gets_it_whole(database):
    home = await new_home(database)
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    await home.top_up("50.00", key="a", utility="water")
    await home.top_up("7.00", key="b", utility="general")
    assert await home.balances() == {"electricity": -10 * KWH, "water": 50 * RAND, "general": 7 * RAND}
    with pytest.raises(UtilityNotInWallet, match="no account for gas: it has electricity, general, water"):
        await home.top_up("50.00", key="c", utility="gas")


async def test_a_repeat_tells_what_the_first_one_did(database):
    home = await new_home(database)
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    first = await home.top_up("50.00", key="a")
    # by now the same money would go elsewhere
    again = await home.top_up("50.00", key="a")
    assert (again.journal_id, again.is_repeat) == (first.journal_id, True)
    assert again.parts_micro == first.parts_micro == {"electricity": 23 * RAND, "general": 27 * RAND}
    assert await home.balances() == {"electricity": 0, "water": 0, "general": 27 * RAND}
    with pytest.raises(KeyReused):
        await home.top_up("50.01", key="a")


async def test_percentages_of_the_estate_and_the_choice_of_a_resident(database):
    home = await new_home(database, units=2)
    await set_rules(home, AllocationRules(HALF_AND_FIFTH))
    with pytest.raises(ChoiceNotOffered):
        await choose(home, Allocation("general"))
    await home.top_up("0.000003", key="a")
    # 1.5, 0.6 and 0.9 micro: the whole parts leave two, for the largest remainders
    assert await home.balances() == {"electricity": 1, "water": 1, "general": 1}

    await set_rules(home, AllocationRules(HALF_AND_FIFTH, residents_may_choose=True))
    await choose(home, Allocation("general"))
    await home.top_up("10.00", key="b")
    await home.top_up("10.00", key="c", unit=1)
    assert await home.balances() == {"electricity": 1, "water": 1, "general": 10 * RAND + 1}
    assert await home.balances(1) == {"electricity": 5 * RAND, "water": 2 * RAND, "general": 3 * RAND}

    # a choice counts only while the estate allows it
    await set_rules(home, AllocationRules(HALF_AND_FIFTH))
    await home.top_up("10.00", key="d")
    assert await home.balances() == {
        "electricity": 5 * RAND + 1,
        "water": 2 * RAND + 1,
        "general": 13 * RAND + 1,
    }
    assert await home.world.verified()


async def test_rules_that_cannot_be(database):
    home = await new_home(database)
    with pytest.raises(Invalid, match="at most 100 percent"):
        await set_rules(home, AllocationRules(Allocation("percentages", {"water": 10_001})))
    with pytest.raises(Invalid, match="steam: no utility"):
        await set_rules(home, AllocationRules(Allocation("percentages", {"steam": 1})))


async def test_money_of_others_is_spread_alike(database):
    home = await new_home(database)
    await set_rules(home, AllocationRules(HALF_AND_FIFTH))
    async with home.world.unit_of_work() as session:
        lines = await wallets.credit_lines(
            session,
            estate_id=home.world.estate_id,
            wallet_id=home.wallet_id,
            amount_micro=1_000,
            kind=EntryKind.DISTRIBUTION,
        )
    word_of = {await home.account_id(word): word for word in ("electricity", "water", "general")}
    assert {word_of[line.account_id]: line.amount_micro for line in lines} == {
        "electricity": 500,
        "water": 200,
        "general": 300,
    }
    assert {line.kind for line in lines} == {EntryKind.DISTRIBUTION}
