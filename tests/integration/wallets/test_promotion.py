"""Promotional credit: spent first, and what is left of it goes once, right after its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.kit.errors import Invalid, KeyReused
from mita.wallets import jobs, queries
from mita.wallets import operations as wallets
from mita.wallets.operations import Grant, UtilityNotInWallet
from tests.integration.wallets.homes import KWH, RAND, new_home
from tests.integration.world import NOW, at

END = NOW + timedelta(days=10)
AFTER = END + timedelta(minutes=1)


async def grant(home, amount_micro, *, key="p", until=END, utility="electricity", now=NOW, reason="Welcome"):
    async with home.world.unit_of_work() as session:
        return await wallets.grant_promotion(
            session,
            estate_id=home.world.estate_id,
            grant=Grant(home.wallet_id, amount_micro, until, reason, utility),
            key=key,
            actor="staff:test",
            now=now,
        )


async def shown(home):
    """Return (spent, left, is over) of each promotion, oldest first."""
    async with home.world.unit_of_work() as session:
        rows = await queries.promotions(session, estate_id=home.world.estate_id, wallet_id=home.wallet_id)
        amounts = await queries.remaining_micro(session, estate_id=home.world.estate_id, promotions=rows)
    return [(*amounts[row.promotion_id], end is not None) for row, end in reversed(rows)]


async def expire(home, *, now):
    """Do what the job does; return how many promotions ended."""
    async with home.world.unit_of_work() as session:
        due = await queries.expired_promotions(session, estate_id=home.world.estate_id, now=now)
    ended = 0
    for each in due:
        async with home.world.unit_of_work() as session:
            ended += await wallets.expire_promotion(
                session, estate_id=home.world.estate_id, promotion_id=each.promotion_id, now=now
            )
    return ended


async def test_it_is_spent_first_and_the_rest_is_taken_back_once(database, admin):
    home = await new_home(database, water=False)
    await home.top_up("100.00", key="a")
    await grant(home, 50 * RAND)
    assert (await home.balances())["electricity"] == 150 * RAND
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])  # 23.00
    assert await shown(home) == [(23 * RAND, 27 * RAND, False)]

    assert await expire(home, now=END - timedelta(microseconds=1)) == 0
    assert await expire(home, now=END) == 1
    assert (await home.balances())["electricity"] == 100 * RAND
    assert await shown(home) == [(23 * RAND, 0, True)]
    assert await expire(home, now=AFTER) == 0
    kinds = admin.execute("SELECT kind FROM journal ORDER BY booked_at, journal_id").fetchall()
    assert [kind for (kind,) in kinds if kind in (11, 12)] == [11, 12]
    assert admin.execute("SELECT posted_micro FROM account WHERE code = 'promotion'").fetchone() == (
        -23 * RAND,
    )
    assert await home.world.verified()


async def test_what_is_spent_whole_leaves_nothing_to_take_back(database, admin):
    home = await new_home(database, water=False)
    await grant(home, 20 * RAND)
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "10")])
    assert await expire(home, now=AFTER) == 1
    assert (await home.balances())["electricity"] == -3 * RAND
    assert await shown(home) == [(20 * RAND, 0, True)]
    assert admin.execute("SELECT count(*) FROM journal WHERE kind = 12").fetchone() == (0,)


async def test_after_a_downtime_what_happened_in_time_still_counts(database):
    home = await new_home(database, water=False)
    start = END - timedelta(hours=3)
    await grant(home, 50 * RAND)
    # read before and after the end, charged long after it
    late = END + timedelta(days=2)
    rows = [
        ("M1", start, "0"),
        ("M1", start + timedelta(hours=2), "10"),
        ("M1", END, "13"),
        ("M1", late, "20"),
    ]
    await home.world.charge(rows, now=late + timedelta(hours=1))
    assert await shown(home) == [(10 * KWH, 50 * RAND - 10 * KWH, False)]
    assert await expire(home, now=late + timedelta(hours=2)) == 1
    assert (await home.balances())["electricity"] == 10 * KWH - 20 * KWH
    assert await shown(home) == [(10 * KWH, 0, True)]


async def test_two_at_once_the_earlier_end_pays_first(database):
    home = await new_home(database, water=False)
    await grant(home, 50 * RAND, key="long")
    await home.world.charge([("M1", at(0), "0"), ("M1", at(1), "5")])  # 11.50 of the first
    await grant(home, 30 * RAND, key="short", until=NOW + timedelta(days=2))
    await home.world.charge([("M1", at(2), "10")])  # 11.50 of the second
    assert await shown(home) == [(11_500_000, 38_500_000, False), (11_500_000, 18_500_000, False)]

    assert await expire(home, now=NOW + timedelta(days=3)) == 1
    assert (await home.balances())["electricity"] == 38_500_000
    await home.world.charge([("M1", at(3), "15")])
    # what the one that is over paid stays its own
    assert await shown(home) == [(23 * RAND, 27 * RAND, False), (11_500_000, 0, True)]
    assert await expire(home, now=AFTER) == 1
    assert (await home.balances())["electricity"] == 0
    assert await home.world.verified()


async def test_the_end_cuts_who_had_nothing_else(database):
    home = await new_home(database, water=False)
    await grant(home, 50 * RAND)
    rule = Rule("electricity", is_cutting=True, low_micro=20 * RAND, cut_micro=0, restore_micro=10 * RAND)
    await home.world.set_rule(rule)
    assert await home.standings() == {"electricity": "in_credit"}
    await expire(home, now=AFTER)
    assert await home.standings() == {"electricity": "out"}
    async with home.world.unit_of_work() as session:
        rows = await credit_queries.commands(session, estate_id=home.world.estate_id)
    assert [row.action for row in rows] == ["off"]


async def test_a_key_grants_once(database):
    home = await new_home(database, water=False)
    first, is_repeat = await grant(home, 50 * RAND)
    assert not is_repeat
    assert await grant(home, 50 * RAND) == (first, True)
    # also when its time is over by now
    assert await grant(home, 50 * RAND, now=AFTER) == (first, True)
    with pytest.raises(KeyReused):
        await grant(home, 51 * RAND)
    assert (await home.balances())["electricity"] == 50 * RAND


@pytest.mark.parametrize(
    ("change", "refusal", "said"),
    [
        ({"amount_micro": 0}, Invalid, "above zero"),
        ({"until": NOW}, Invalid, "in the future"),
        ({"reason": "  "}, Invalid, "reason"),
        ({"utility": None}, UtilityNotInWallet, "name one account"),
        ({"utility": "gas"}, UtilityNotInWallet, "electricity, general, water"),
        ({"utility": "general"}, UtilityNotInWallet, "nothing is charged"),
    ],
)
async def test_grants_that_cannot_be(database, change, refusal, said):
    home = await new_home(database)
    asked = {"amount_micro": 5 * RAND, **change}
    with pytest.raises(refusal, match=said):
        await grant(home, asked.pop("amount_micro"), **asked)
    assert await shown(home) == []


async def test_the_job_ends_what_is_over_in_every_estate(database):
    home = await new_home(database, water=False)
    await grant(home, 50 * RAND)
    await grant(home, 20 * RAND, key="lasts", until=datetime(2199, 1, 1, tzinfo=UTC))
    context = SimpleNamespace(additional_context={"database": database})
    for _ in range(2):
        await jobs.expire_promotions(context, 0)
    assert (await home.balances())["electricity"] == 20 * RAND
    assert await shown(home) == [(0, 0, True), (0, 20 * RAND, False)]
