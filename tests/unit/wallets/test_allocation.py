"""How a top-up is spread: cases counted by hand, and what holds for all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.wallets.domain import Allocation, allocate, split

RAND = 1_000_000
ALL_TO_GENERAL = Allocation("general")
THIRDS = Allocation("percentages", {"electricity": 3_333, "gas": 3_333, "water": 3_333})
HALF_AND_FIFTH = Allocation("percentages", {"electricity": 5_000, "water": 2_000})
ARREARS = Allocation("arrears_first")

# amount, rule, balances by utility, parts
CASES = [
    # no rule: the only utility gets it, whatever it owes
    (100, None, {"electricity": 5, "general": 7}, {"electricity": 100}),
    (100, None, {"electricity": -900, "general": 0}, {"electricity": 100}),
    # no rule, several utilities: arrears first, the most negative one before the others
    (100, None, {"electricity": -30, "water": -90, "general": 0}, {"water": 90, "electricity": 10}),
    (
        200,
        None,
        {"electricity": -30, "water": -90, "general": 0},
        {"water": 90, "electricity": 30, "general": 80},
    ),
    (100, None, {"electricity": 30, "water": 0, "general": 0}, {"general": 100}),
    (100, None, {"general": 0}, {"general": 100}),
    # equal arrears: by name
    (50, ARREARS, {"water": -40, "gas": -40, "general": 0}, {"gas": 40, "water": 10}),
    # what the general account owes is arrears too
    (50, ARREARS, {"electricity": -10, "general": -20}, {"general": 40, "electricity": 10}),
    (50, ARREARS, {"electricity": -80, "general": -20}, {"electricity": 50}),
    (100, ARREARS, {"electricity": 5, "general": 0}, {"general": 100}),
    (100, ALL_TO_GENERAL, {"electricity": -50, "general": 0}, {"general": 100}),
    (
        100,
        HALF_AND_FIFTH,
        {"electricity": 0, "water": 0, "general": 0},
        {"electricity": 50, "water": 20, "general": 30},
    ),
    # a share of a utility that the wallet does not have goes to the general account
    (100, HALF_AND_FIFTH, {"electricity": 0, "general": 0}, {"electricity": 50, "general": 50}),
    # 99.99 percent in three parts: 3.333 each and 0.001; the largest remainders get the odd ones
    (
        10,
        THIRDS,
        {"electricity": 0, "gas": 0, "water": 0, "general": 0},
        {"electricity": 4, "gas": 3, "water": 3},
    ),
    (0, HALF_AND_FIFTH, {"electricity": 0, "water": 0, "general": 0}, {}),
    (0, None, {"electricity": -5, "general": 0}, {}),
]


@pytest.mark.parametrize(("amount", "rule", "balances", "parts"), CASES)
def test_cases(amount, rule, balances, parts):
    assert allocate(amount, allocation=rule, balances_micro=balances) == parts


WORDS = ("electricity", "gas", "hot_water", "solar", "water")
BALANCES = st.dictionaries(st.sampled_from(WORDS), st.integers(-(10**12), 10**12)).flatmap(
    lambda found: st.integers(-(10**12), 10**12).map(lambda general: {**found, "general": general})
)
SHARES = st.dictionaries(st.sampled_from(WORDS), st.integers(1, 2_000), min_size=1)
RULES = st.one_of(
    st.none(),
    st.sampled_from([ALL_TO_GENERAL, ARREARS]),
    SHARES.map(lambda shares: Allocation("percentages", shares)),
)


@given(amount=st.integers(0, 10**15), rule=RULES, balances=BALANCES, data=st.data())
def test_parts_sum_to_the_amount_and_the_order_does_not_matter(amount, rule, balances, data):
    parts = allocate(amount, allocation=rule, balances_micro=balances)

    assert sum(parts.values()) == amount
    assert all(part > 0 for part in parts.values())
    assert set(parts) <= set(balances)
    shuffled = dict(data.draw(st.permutations(list(balances.items()))))
    if rule is not None and rule.shares:
        rule = Allocation(rule.kind, dict(data.draw(st.permutations(list(rule.shares.items())))))
    assert allocate(amount, allocation=rule, balances_micro=shuffled) == parts


@given(amount=st.integers(0, 10**15), weights=st.dictionaries(st.text(), st.integers(1, 10_000), min_size=1))
def test_a_split_is_within_one_of_the_exact_share(amount, weights):
    parts = split(amount, weights=weights)
    total = sum(weights.values())

    assert sum(parts.values()) == amount
    for word, weight in weights.items():
        assert abs(parts.get(word, 0) * total - amount * weight) < total


@given(amount=st.integers(0, 10**15), balances=BALANCES)
def test_arrears_come_before_the_rest(amount, balances):
    parts = allocate(amount, allocation=ARREARS, balances_micro=balances)
    owing = [word for word in balances if balances[word] < 0]
    unpaid = [word for word in owing if parts.get(word, 0) < -balances[word]]

    if unpaid:
        assert set(parts) <= set(owing)
        # one at most is paid in part, and who owes more was paid before
        assert sum(1 for word in unpaid if parts.get(word)) <= 1
        paid = [balances[word] for word in owing if word not in unpaid]
        assert all(balances[word] >= most for word in unpaid for most in paid)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Allocation("wishes"), "kind must be one of general, percentages, arrears_first"),
        (Allocation("general", {"water": 100}), "shares belong to percentages, which need at least one"),
        (Allocation("percentages"), "shares belong to percentages, which need at least one"),
        (Allocation("percentages", {"water": 6_000, "gas": 4_001}), "at most 100 percent"),
        (Allocation("percentages", {"water": 0}), "each share must be above zero"),
    ],
)
def test_rules_that_contradict_themselves(rule, said):
    assert said in "; ".join(rule.problems())


@pytest.mark.parametrize(
    "rule", [ALL_TO_GENERAL, ARREARS, THIRDS, Allocation("percentages", {"gas": 10_000})]
)
def test_rules_that_are_good(rule):
    assert rule.problems() == []
