from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.tariffs.domain.remainder import share_out
from mita.tariffs.domain.sharing import (
    COUNTRIES,
    DYNAMIC,
    EQUAL,
    KINDS,
    PRIORITY,
    STATIC,
    SharingInvalid,
    SharingRule,
    allocate,
)
from mita.tariffs.domain.sharing_arrays import (
    QUANTITY_MAX,
    _dynamic,
    allocate_many,
    shared_energy_many,
    split_many,
)

AT = COUNTRIES["AT"].rules
ES = COUNTRIES["ES"].rules
MEMBERS = ["A", "B", "C", "D", "E"]


def micro(value):
    exact = Fraction(str(value)) * 1_000_000
    assert exact.denominator == 1
    return int(exact)


def micros(values):
    return {member: micro(value) for member, value in values.items()}


@pytest.fixture(scope="module")
def cases(fixtures_path):
    rows = json.loads((fixtures_path / "energy" / "allocation_cases.json").read_text(encoding="utf-8"))
    assert len(rows) == 7, "a new row wants a test here or in test_solar"
    return {row["id"]: row for row in rows}


# ── worked by hand ──


@pytest.mark.parametrize(
    ("case", "rule"),
    [
        ("static-all-keys-consumed", SharingRule(STATIC)),
        ("dynamic-gen-below-consumption", SharingRule(DYNAMIC)),
        ("priority-order", SharingRule(PRIORITY)),
    ],
)
def test_rows_of_the_file(cases, case, rule):
    row = cases[case]
    shared = allocate(
        rule,
        generation=micro(row["gen"]),
        consumption=micros(row["cons"]),
        keys=micros(row["keys"]) if "keys" in row else None,
        order=row.get("order"),
    )
    assert shared.allocated == micros(row["alloc"])
    assert shared.surplus == micro(row["surplus"])


def test_italy_counts_each_hour_by_itself(cases):
    row = cases["italy-shared-one-hour"]
    injected, withdrawn = (
        np.array([[micro(each)] for each in row[side]]) for side in ("injected", "withdrawn")
    )
    one_hour = shared_energy_many(injected=injected, withdrawn=withdrawn)
    assert one_hour.tolist() == [micro(row["shared"])] == [3_500_000]
    # two hours 3/1 and 2/2.5: 1 + 2
    each = shared_energy_many(
        injected=np.array([[3_000_000, 2_000_000]]), withdrawn=np.array([[1_000_000, 2_500_000]])
    )
    assert each.tolist() == [1_000_000, 2_000_000]


def test_an_unused_static_share_is_the_communitys_in_austria_and_the_members_in_spain():
    given_ = {
        "generation": 12_000,
        "consumption": {"A": 1_000, "B": 5_000, "C": 9_000},
        "keys": {"A": 250_000, "B": 250_000, "C": 500_000},
    }
    austria, spain = allocate(AT["static"], **given_), allocate(ES["static"], **given_)
    assert austria.allocated == spain.allocated == {"A": 1_000, "B": 3_000, "C": 6_000}
    assert (austria.surplus, austria.surplus_of) == (2_000, {})
    assert (spain.surplus, spain.surplus_of) == (2_000, {"A": 2_000})


@pytest.mark.parametrize(
    ("rule", "generation", "consumption", "allocated", "surplus"),
    [
        (AT["dynamic"], 15, {"A": 3, "B": 4, "C": 5}, {"A": 3, "B": 4, "C": 5}, 3),
        (SharingRule(EQUAL), 9, {"A": 1, "B": 5, "C": 5}, {"A": 1, "B": 4, "C": 4}, 0),
        # 10 = 1 + 4 + 4 and one left: to the first member by id
        (SharingRule(EQUAL), 10, {"C": 5, "A": 1, "B": 5}, {"A": 1, "B": 5, "C": 4}, 0),
        (SharingRule(EQUAL), 2, {"C": 5, "A": 1, "B": 5}, {"A": 1, "B": 1, "C": 0}, 0),
        (SharingRule(EQUAL), 12, {"A": 1, "B": 5, "C": 5}, {"A": 1, "B": 5, "C": 5}, 1),
        # 10 * 1/3 each: 3.33, the first one gets the rest
        (AT["dynamic"], 10, {"B": 7, "A": 7, "C": 7}, {"A": 4, "B": 3, "C": 3}, 0),
        (AT["dynamic"], 0, {"A": 7}, {"A": 0}, 0),
        (AT["dynamic"], 5, {"A": 0}, {"A": 0}, 5),
        (AT["dynamic"], 5, {}, {}, 5),
        (SharingRule(EQUAL), 5, {}, {}, 5),
        (AT["dynamic"], 5, {"A": 9}, {"A": 5}, 0),
    ],
)
def test_small_cases(rule, generation, consumption, allocated, surplus):
    shared = allocate(rule, generation=generation, consumption=consumption)
    assert (shared.allocated, shared.surplus) == (allocated, surplus)
    assert list(shared.allocated) == sorted(consumption)


def test_keys_below_one_leave_the_rest_to_the_community_also_in_spain():
    shared = allocate(
        ES["hourly"], generation=100, consumption={"A": 10, "B": 90}, keys={"A": 400_000, "B": 500_000}
    )
    assert shared.allocated == {"A": 10, "B": 50}
    assert shared.surplus_of == {"A": 30}
    assert shared.surplus == 40


def test_nobody_loses_a_tie_and_wins_a_larger_remainder():
    assert share_out(1, weights={"A": 1}, rest=1) == {"A": 1}
    assert share_out(1, weights={"A": 1}, rest=2) == {"A": 0}
    assert share_out(5, weights={"B": 1, "A": 1}, rest=0) == {"A": 3, "B": 2}
    assert share_out(5, weights={}) == {}


# ── refusals ──


@pytest.mark.parametrize(
    ("rule", "changes", "says"),
    [
        (AT["static"], {"keys": {"A": 600_000, "B": 400_001}}, "1000001 millionths, more than one"),
        (AT["static"], {"keys": {"A": 600_000}}, "'B' has no key"),
        (AT["static"], {}, "'A' has no key"),
        (AT["static"], {"keys": {"A": 0, "B": 0, "X": 1}}, "'X' has a key and is no member"),
        (AT["static"], {"keys": {"A": -1, "B": 0}}, "below zero"),
        (AT["dynamic"], {"generation": -1}, "below zero"),
        (AT["dynamic"], {"consumption": {"A": -1}}, "below zero"),
        (SharingRule(PRIORITY), {"order": ["A"]}, "exactly once"),
        (SharingRule(PRIORITY), {"order": ["A", "A"]}, "exactly once"),
        (SharingRule(PRIORITY), {"order": ["A", "B", "A"]}, "exactly once"),
        (SharingRule(PRIORITY), {}, "exactly once"),
    ],
)
def test_what_cannot_be_shared(rule, changes, says):
    with pytest.raises(SharingInvalid, match=says):
        allocate(rule, **({"generation": 5, "consumption": {"A": 1, "B": 2}} | changes))


def test_a_rule_that_is_none():
    with pytest.raises(SharingInvalid, match="'fair' is not one of static"):
        SharingRule("fair")


def test_countries():
    assert {code: each.interval_minutes for code, each in COUNTRIES.items()} == {
        "AT": 15, "FR": 30, "ES": 60, "IT": 60,
    }  # fmt: skip
    assert next(iter(COUNTRIES["FR"].rules)) == "dynamic"
    assert COUNTRIES["IT"].is_virtual
    assert not COUNTRIES["IT"].rules
    assert [rule.is_own_surplus for rule in AT.values()] == [False, False]


# ── laws ──

quantities = st.integers(0, 12) | st.integers(0, 10**7) | st.integers(0, QUANTITY_MAX)


@st.composite
def communities(draw):
    members = draw(st.permutations(MEMBERS[: draw(st.integers(0, 5))]))
    consumption = {member: draw(quantities) for member in members}
    cuts = sorted(draw(st.lists(st.integers(0, 1_000_000), min_size=5, max_size=5)))
    keys = {member: high - low for member, low, high in zip(members, [0, *cuts], cuts, strict=False)}
    return consumption, keys, list(draw(st.permutations(members)))


@pytest.mark.parametrize("kind", KINDS)
@given(community=communities(), generation=quantities, is_own=st.booleans(), data=st.data())
@settings(max_examples=200)
def test_every_allocation_adds_up(kind, community, generation, is_own, data):
    consumption, keys, order = community
    rule = SharingRule(kind, is_own_surplus=is_own)
    given_ = {
        "generation": generation,
        "keys": keys if kind == STATIC else None,
        "order": order if kind == PRIORITY else None,
    }
    shared = allocate(rule, consumption=consumption, **given_)
    assert sum(shared.allocated.values()) + shared.surplus == generation
    assert all(0 <= shared.allocated[member] <= used for member, used in consumption.items())
    assert shared.surplus >= sum(shared.surplus_of.values()) >= 0
    if kind != STATIC:
        assert shared.surplus == max(0, generation - sum(consumption.values()))
    again = data.draw(st.permutations(list(consumption.items())))
    assert allocate(rule, consumption=dict(again), **given_) == shared


@given(community=communities(), generation=quantities)
def test_shares_are_within_one_of_the_exact_ones(community, generation):
    consumption, keys, _ = community
    static = allocate(SharingRule(STATIC), generation=generation, consumption=consumption, keys=keys)
    for member, used in consumption.items():
        exact = min(Fraction(used), Fraction(generation * keys[member], 1_000_000))
        assert abs(static.allocated[member] - exact) < 1
    dynamic = allocate(SharingRule(DYNAMIC), generation=generation, consumption=consumption)
    total = max(1, generation, sum(consumption.values()))
    for member, used in consumption.items():
        exact = Fraction(used * generation, total) if total > generation else used
        assert abs(dynamic.allocated[member] - exact) < 1


@given(community=communities(), generation=quantities)
def test_equal_shares_differ_only_where_somebody_is_satisfied(community, generation):
    consumption, _, _ = community
    got = allocate(SharingRule(EQUAL), generation=generation, consumption=consumption).allocated
    wanting = [member for member in got if got[member] < consumption[member]]
    for member in wanting:
        assert got[member] + 1 >= max(got.values())


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), is_own=st.booleans(), is_each=st.booleans())
@settings(max_examples=150)
def test_arrays_agree_with_one_interval_at_a_time(kind, data, is_own, is_each):
    count, intervals = data.draw(st.integers(0, 5)), data.draw(st.integers(1, 4))
    members = data.draw(st.permutations(MEMBERS))[:count]
    columns = [({m: data.draw(quantities) for m in members}, data.draw(quantities)) for _ in range(intervals)]
    keys = [
        {m: data.draw(st.integers(0, 1_000_000 // max(1, count))) for m in members} for _ in range(intervals)
    ]
    if not is_each:
        keys = [keys[0]] * intervals
    order = data.draw(st.permutations(members))
    rule = SharingRule(kind, is_own_surplus=is_own)
    key_rows = np.array([[each[m] for each in keys] for m in members], dtype=np.int64)
    many = allocate_many(
        rule,
        members=members,
        generation=np.array([generation for _, generation in columns], dtype=np.int64),
        consumption=np.array([[used[m] for used, _ in columns] for m in members], dtype=np.int64).reshape(
            count, intervals
        ),
        keys=(key_rows if is_each or not count else key_rows[:, 0]).reshape(
            (count, intervals) if is_each or not count else (count,)
        ),
        order=order,
    )
    for at, (consumption, generation) in enumerate(columns):
        one = allocate(
            rule,
            generation=generation,
            consumption=consumption,
            keys=keys[at] if kind == STATIC else None,
            order=order if kind == PRIORITY else None,
        )
        assert dict(zip(members, many.allocated[:, at].tolist(), strict=True)) == one.allocated
        assert int(many.surplus[at]) == one.surplus
        own = {m: q for m, q in zip(members, many.surplus_of[:, at].tolist(), strict=True) if q}
        assert own == one.surplus_of


@pytest.mark.parametrize("kind", [STATIC, DYNAMIC, EQUAL])
def test_ties_among_many_members_go_by_id(kind):
    members = [f"m{number:03d}" for number in range(100)][::-1]
    many = allocate_many(
        SharingRule(kind),
        members=members,
        generation=np.array([350]),
        consumption=np.full((100, 1), 7),
        keys=np.full(100, 10_000),
    )
    # 3.5 each: the first fifty get one more
    assert many.allocated[:, 0].tolist() == [3] * 50 + [4] * 50


def test_ties_among_unequal_members_go_by_id_too():
    members = list(range(400))
    used = {member: 3 + 4 * (member * 7 % 3) for member in members}
    generation = sum(used.values()) // 2 + 1
    many = allocate_many(
        SharingRule(DYNAMIC),
        members=members,
        generation=np.array([generation]),
        consumption=np.array(list(used.values()))[:, None],
    )
    one = allocate(SharingRule(DYNAMIC), generation=generation, consumption=used)
    assert many.allocated[:, 0].tolist() == list(one.allocated.values())


def test_without_members_all_of_it_is_surplus():
    nobody = np.zeros((0, 2), dtype=np.int64)
    shared = allocate_many(ES["static"], members=[], generation=np.array([5, 7]), consumption=nobody)
    assert shared.surplus.tolist() == [5, 7]
    assert shared.allocated.shape == shared.surplus_of.shape == (0, 2)


def test_products_beyond_64_bits_are_exact():
    used = np.array([[10**15, 3], [10**15 - 1, 4], [10**15 - 2, 5]], dtype=np.int64)
    got = _dynamic(np.array([10**15, 7], dtype=np.int64), used)
    # 10**30 // (3 * 10**15 - 3) = 333333333333333 and a rest: the largest remainder is the first member's
    assert got[:, 0].tolist() == [333333333333334, 333333333333333, 333333333333333]
    assert got[:, 0].sum() == 10**15
    assert got[:, 1].tolist() == [2, 2, 3]


@given(
    columns=st.lists(
        st.tuples(st.integers(-(10**15), 10**15), st.lists(quantities, min_size=3, max_size=3)),
        min_size=1,
        max_size=4,
    )
)
def test_amounts_are_split_to_the_last_one(columns):
    amounts = np.array([amount for amount, _ in columns], dtype=np.int64)
    weights = np.array([each for _, each in columns], dtype=np.int64).T
    parts = split_many(amounts, weights=weights)
    for at, (amount, by_member) in enumerate(columns):
        one = share_out(abs(amount), weights=dict(enumerate(by_member)))
        assert [abs(part) for part in parts[:, at].tolist()] == list(one.values())
        assert parts[:, at].sum() == (amount if any(by_member) else 0)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"consumption": np.array([[1], [10**15 + 1]])}, "outside 0 to"),
        ({"consumption": np.array([[1], [-1]])}, "outside 0 to"),
        ({"consumption": np.array([[1.0], [2.0]])}, "int64"),
        ({"consumption": np.array([[1]])}, "do not fit"),
        ({"members": ["A", "A"]}, "must differ"),
        ({"keys": None}, "has no key"),
        ({"keys": np.array([1])}, "do not fit"),
        ({"keys": np.array([[1, 2, 3], [1, 2, 3]])}, "do not fit"),
        ({"keys": np.array([700_000, 300_001])}, "more than one"),
        ({"keys": np.array([-1, 1])}, "outside 0 to one"),
    ],
)
def test_arrays_that_do_not_fit(changes, says):
    fitting = {
        "members": ["A", "B"],
        "generation": np.array([5]),
        "consumption": np.array([[1], [2]]),
        "keys": np.array([500_000, 500_000]),
    }
    with pytest.raises(SharingInvalid, match=says):
        allocate_many(SharingRule(STATIC), **(fitting | changes))
