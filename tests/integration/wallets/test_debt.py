"""Arrears set aside by staff come back as a percentage of each top-up, until they are paid."""

from __future__ import annotations

import pytest

from mita.credit.domain import Rule
from mita.kit.errors import Invalid, KeyReused
from mita.wallets import operations as wallets
from mita.wallets import queries
from mita.wallets.domain import Emergency
from mita.wallets.operations import NotInArrears, SetAside, UtilityNotInWallet
from tests.integration.wallets.homes import RAND, new_home
from tests.integration.world import NOW, at

CUTTING = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=0)


async def set_aside(home, percent, *, key="s", amount_micro=None, utility="electricity"):
    async with home.world.unit_of_work() as session:
        return await wallets.set_debt_aside(
            session,
            estate_id=home.world.estate_id,
            asked=SetAside(home.wallet_id, percent, utility, amount_micro),
            key=key,
            actor="staff:test",
            now=NOW,
        )


async def plans(home):
    async with home.world.unit_of_work() as session:
        rows = await queries.debt_plans(session, estate_id=home.world.estate_id, wallet_id=home.wallet_id)
    return [(row.percent_of_top_ups, row.ended_at is None) for row in rows]


async def home_in_arrears(database, kwh="100"):
    home = await new_home(database)
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), kwh)])
    return home


async def test_a_debt_is_recovered_part_by_part_and_ends(database):
    home = await home_in_arrears(database)  # 230.00
    journal_id, is_repeat = await set_aside(home, 25)
    assert not is_repeat
    assert await home.owed() == (0, 230 * RAND)
    assert (await home.balances())["electricity"] == 0
    assert await set_aside(home, 25) == (journal_id, True)

    done = await home.top_up("200.00", key="a", utility="electricity")
    assert (done.recovered_micro, done.parts_micro) == (50 * RAND, {"electricity": 150 * RAND})
    done = await home.top_up("0.000002", key="b", utility="electricity")
    assert (done.recovered_micro, done.parts_micro) == (1, {"electricity": 1})  # 0.5 micro, half up
    done = await home.top_up("700.00", key="c", utility="electricity")
    assert done.recovered_micro == 175 * RAND
    assert await home.owed() == (0, 5 * RAND - 1)
    assert await plans(home) == [(25, True)]
    done = await home.top_up("700.00", key="d", utility="electricity")
    assert (done.recovered_micro, done.parts_micro) == (5 * RAND - 1, {"electricity": 695 * RAND + 1})
    assert await home.owed() == (0, 0)
    assert await plans(home) == [(25, False)]
    done = await home.top_up("100.00", key="e", utility="electricity")
    assert done.recovered_micro == 0
    assert await home.world.verified()


async def test_more_can_be_set_aside_and_the_newest_percentage_counts(database):
    home = await home_in_arrears(database)
    await set_aside(home, 10, amount_micro=30 * RAND)
    await set_aside(home, 50, key="t", amount_micro=200 * RAND)
    assert await home.owed() == (0, 230 * RAND)
    assert sorted(await plans(home)) == [(10, False), (50, True)]
    assert (await home.top_up("10.00", key="a", utility="water")).recovered_micro == 5 * RAND


async def test_emergency_credit_comes_before_a_debt(database):
    home = await home_in_arrears(database)
    await home.world.set_rule(CUTTING)
    rule = Emergency(is_on=True, amount_micro=30 * RAND, who="staff")
    async with home.world.unit_of_work() as session:
        await wallets.set_emergency_rule(session, estate_id=home.world.estate_id, rule=rule, now=NOW)
    await set_aside(home, 50)
    # the arrears are gone, so it is at its cut line, and 30.00 lifts it
    assert await home.standings() == {"electricity": "out", "water": "in_credit"}
    async with home.world.unit_of_work() as session:
        await wallets.draw_emergency_credit(
            session,
            estate_id=home.world.estate_id,
            wallet_id=home.wallet_id,
            utility="electricity",
            key="d",
            actor="staff:test",
            now=NOW,
        )
    done = await home.top_up("100.00", key="a", utility="electricity")
    assert (done.repaid_micro, done.recovered_micro) == (30 * RAND, 35 * RAND)
    assert done.parts_micro == {"electricity": 35 * RAND}
    assert await home.owed() == (0, 195 * RAND)
    assert await home.world.verified()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"amount_micro": 230 * RAND + 1}, NotInArrears),
        ({"utility": "water"}, NotInArrears),
        ({"utility": None}, UtilityNotInWallet),
        ({"percent": 0}, Invalid),
        ({"percent": 101}, Invalid),
        ({"amount_micro": 0}, Invalid),
    ],
)
async def test_what_cannot_be_set_aside(database, change, refusal):
    home = await home_in_arrears(database)
    with pytest.raises(refusal):
        await set_aside(home, **{"percent": 10, **change})
    assert await plans(home) == []
    assert await home.owed() == (0, 0)


async def test_a_key_sets_aside_once(database):
    home = await home_in_arrears(database)
    await set_aside(home, 10)
    with pytest.raises(KeyReused):
        await set_aside(home, 11)
