"""How a group's money is distributed: cases by hand, and the laws that every distribution keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.wallets.domain import (
    Distribution,
    MoreThanAvailable,
    StandingOrder,
    Way,
    fill,
    plan_distribution,
)

EQUAL = Distribution(Way.EQUAL)
THREE = {7: 0, 8: 50, 9: 400}


# ── by hand ──


@pytest.mark.parametrize(
    ("distribution", "balances", "available", "parts"),
    [
        (EQUAL, THREE, 300, {7: 100, 8: 100, 9: 100}),
        # what does not divide goes to the smallest ids
        (EQUAL, THREE, 101, {7: 34, 8: 34, 9: 33}),
        (EQUAL, THREE, 2, {7: 1, 8: 1}),
        (EQUAL, THREE, 0, {}),
        (EQUAL, THREE, -5, {}),
        (EQUAL, {}, 300, {}),
        (Distribution(Way.EQUAL, total_micro=90), THREE, 300, {7: 30, 8: 30, 9: 30}),
        (Distribution(Way.PERCENT, parts={7: 5_000, 9: 2_500}), THREE, 1_000, {7: 500, 9: 250}),
        # 99.99 percent of 100 is 99, rounded down
        (Distribution(Way.PERCENT, parts={7: 3_333, 8: 3_333, 9: 3_333}), THREE, 100, {7: 33, 8: 33, 9: 33}),
        (Distribution(Way.PERCENT, parts={8: 1, 9: 9_999}), THREE, 10_000, {8: 1, 9: 9_999}),
        # 25.25, 25.25 and 50.5: the largest remainder gets the one that is over
        (
            Distribution(Way.PERCENT, parts={7: 2_500, 8: 2_500, 9: 5_000}),
            THREE,
            101,
            {7: 25, 8: 25, 9: 51},
        ),
        (Distribution(Way.AMOUNTS, parts={9: 60, 7: 40}), THREE, 100, {7: 40, 9: 60}),
        (Distribution(Way.NEED, target_micro=100), THREE, 500, {7: 100, 8: 50}),
        # 90 for needs of 150: 7 is lifted to 50 first, the 40 that are left lift both to 70
        (Distribution(Way.NEED, target_micro=100), THREE, 90, {7: 70, 8: 20}),
        (Distribution(Way.NEED, target_micro=100), THREE, 91, {7: 71, 8: 20}),
        (Distribution(Way.NEED, target_micro=100), THREE, 30, {7: 30}),
        (Distribution(Way.NEED, target_micro=100, total_micro=30), THREE, 90, {7: 30}),
        (Distribution(Way.NEED, target_micro=-10), {7: -100, 8: -20}, 60, {7: 60}),
        (Distribution(Way.NEED, target_micro=-10), {7: -100, 8: -20}, 95, {7: 88, 8: 7}),
        (Distribution(Way.NEED, target_micro=0), THREE, 500, {}),
    ],
)
def test_who_gets_what(distribution, balances, available, parts):
    found = plan_distribution(distribution, balances_micro=balances, available_micro=available)
    assert found == parts


@pytest.mark.parametrize(
    "distribution",
    [
        Distribution(Way.EQUAL, total_micro=101),
        Distribution(Way.PERCENT, total_micro=202, parts={7: 5_000}),
        Distribution(Way.AMOUNTS, parts={7: 51, 8: 50}),
    ],
)
def test_more_than_available_is_refused(distribution):
    with pytest.raises(MoreThanAvailable) as caught:
        plan_distribution(distribution, balances_micro=THREE, available_micro=100)
    assert (caught.value.asked_micro, caught.value.available_micro) == (101, 100)


def test_half_of_what_is_not_there_is_fine():
    half = Distribution(Way.PERCENT, total_micro=200, parts={7: 5_000})
    assert plan_distribution(half, balances_micro=THREE, available_micro=100) == {7: 100}


@pytest.mark.parametrize(
    ("distribution", "fields"),
    [
        (EQUAL, set()),
        (Distribution(Way.EQUAL, total_micro=0), {"total"}),
        (Distribution(Way.EQUAL, target_micro=5), {"target"}),
        (Distribution(Way.EQUAL, parts={7: 1}), {"percents"}),
        (Distribution(Way.NEED), {"target"}),
        (Distribution(Way.PERCENT), {"percents"}),
        (Distribution(Way.PERCENT, parts={7: 10_000}), set()),
        (Distribution(Way.PERCENT, parts={7: 9_000, 8: 1_001}), {"percents"}),
        (Distribution(Way.PERCENT, parts={7: 0}), {"percents"}),
        (Distribution(Way.AMOUNTS), {"amounts"}),
        (Distribution(Way.AMOUNTS, parts={7: -1}), {"amounts"}),
        (Distribution(Way.AMOUNTS, total_micro=5, parts={7: 5}), {"total"}),
    ],
)
def test_what_contradicts_itself_is_named(distribution, fields):
    assert set(distribution.problems()) == fields


def test_a_rule_looks_below_its_threshold_only():
    rule = StandingOrder(is_on=True, threshold_micro=50, target_micro=100)
    assert rule.short({7: 49, 8: 50, 9: -3}) == {7: 49, 9: -3}


# ── laws ──

MONEY = st.integers(min_value=0, max_value=10**13)
BALANCES = st.dictionaries(
    st.integers(min_value=1, max_value=10**6),
    st.integers(min_value=-(10**12), max_value=10**12),
    min_size=1,
    max_size=12,
)


@given(BALANCES, MONEY)
def test_equal_parts_sum_to_the_whole_and_differ_by_one_at_most(balances, money):
    parts = plan_distribution(EQUAL, balances_micro=balances, available_micro=money)
    assert sum(parts.values()) == money
    each = [parts.get(wallet, 0) for wallet in balances]
    assert max(each) - min(each) <= 1


@given(BALANCES, MONEY, st.data())
def test_percent_gives_what_it_says_to_the_micro(balances, money, data):
    shares = data.draw(
        st.dictionaries(
            st.sampled_from(sorted(balances)), st.integers(1, 10_000 // len(balances)), min_size=1
        )
    )
    parts = plan_distribution(
        Distribution(Way.PERCENT, parts=shares), balances_micro=balances, available_micro=money
    )
    assert sum(parts.values()) == money * sum(shares.values()) // 10_000
    for wallet, share in shares.items():
        # never off by a micro or more from the exact share of the money
        assert abs(parts.get(wallet, 0) * 10_000 - money * share) < 2 * 10_000


@given(BALANCES, MONEY, st.integers(min_value=-(10**12), max_value=10**12))
def test_need_spends_all_it_can_and_no_more(balances, money, target):
    needs = {wallet: max(0, target - total) for wallet, total in balances.items()}
    parts = fill(balances, target_micro=target, money_micro=money)
    assert sum(parts.values()) == min(money, sum(needs.values()))
    assert all(0 < part <= needs[wallet] for wallet, part in parts.items())


@given(BALANCES, MONEY, st.integers(min_value=-(10**12), max_value=10**12))
def test_need_lifts_nobody_above_a_poorer_one(balances, money, target):
    parts = fill(balances, target_micro=target, money_micro=money)
    after = {wallet: total + parts.get(wallet, 0) for wallet, total in balances.items()}
    for wallet in parts:
        # one micro of what does not divide
        assert all(after[wallet] <= after[other] + 1 for other in balances)


@given(BALANCES, MONEY, st.randoms())
def test_the_order_of_the_wallets_does_not_matter(balances, money, random):
    shuffled = list(balances.items())
    random.shuffle(shuffled)
    for distribution in (EQUAL, Distribution(Way.NEED, target_micro=10**9)):
        found = [
            plan_distribution(distribution, balances_micro=each, available_micro=money)
            for each in (balances, dict(shuffled))
        ]
        assert found[0] == found[1]
        assert list(found[0]) == list(found[1])
