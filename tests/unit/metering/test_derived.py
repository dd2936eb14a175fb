"""Pulses, factors and virtual meters: exact, and nothing is lost or made."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.metering.domain import (
    BadDerivation,
    Factor,
    PulseRegister,
    common_times,
    pulse_weight,
    shares_micro,
    transformer_ratio,
    value_at,
)


@pytest.mark.parametrize(
    ("text", "unit", "weight"),
    [
        ("1000 imp/kWh", "kWh", Fraction(1_000)),
        ("3 imp/kWh", "kWh", Fraction(1_000_000, 3)),
        ("0.5 imp/Wh", "kWh", Fraction(2_000)),
        ("10 L/imp", "m3", Fraction(10_000)),
        ("0.1 m3/imp", "m3", Fraction(100_000)),
        ("2.5 l / imp", "m3", Fraction(2_500)),
    ],
)
def test_weights_as_they_stand_on_meters(text: str, unit: str, weight: Fraction):
    assert pulse_weight(text) == (unit, weight)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1000",
        "imp/kWh",
        "0 imp/kWh",
        "0.0 L/imp",
        "5 imp/imp",
        "5 L/kWh",
        "1000 imp/kg",
        "-1 imp/L",
        "1e3 imp/L",
    ],
)
def test_what_is_no_weight(text: str):
    with pytest.raises(BadDerivation):
        pulse_weight(text)


def test_the_register_stands_where_the_meter_does():
    _, weight = pulse_weight("1000 imp/kWh")
    register = PulseRegister(weight, base_micro=1_234_567_000, since_count=40)
    assert [register.value_micro(count) for count in (40, 41, 1_040, 39)] == [
        1_234_567_000,
        1_234_568_000,
        1_235_567_000,
        1_234_566_000,
    ]
    # a third of a kWh is no whole number of millionths, and yet three pulses are one kWh
    third = PulseRegister(pulse_weight("3 imp/kWh")[1])
    assert [third.value_micro(count) for count in range(4)] == [0, 333_333, 666_666, 1_000_000]
    assert third.value_micro(3_000_000) == 10**12


@given(st.lists(st.integers(0, 10_000), max_size=30), st.integers(1, 10**6), st.integers(1, 10**6))
def test_any_split_of_pulses_adds_up_to_the_same(rises: list[int], number: int, per: int):
    register = PulseRegister(Fraction(number, per))
    total, seen = 0, [0]
    for rise in rises:
        total += rise
        seen.append(register.value_micro(total))
    assert seen == sorted(seen)
    used = sum(after - before for before, after in pairwise(seen))
    assert used == sum(rises) * number // per


def test_factors_are_exact_and_change_without_a_jump():
    assert transformer_ratio(primary=Fraction(200), secondary=Fraction(5)) == 40
    assert transformer_ratio(
        primary=Fraction(100), secondary=Fraction(5), volts=(Fraction(11_000), Fraction(110))
    ) == 2_000  # fmt: skip
    with pytest.raises(BadDerivation):
        transformer_ratio(primary=Fraction(200), secondary=Fraction(0))
    calibrated = Factor(Fraction(1003, 1000))
    assert calibrated.value_micro(1_000_001) == 1_003_001
    other = calibrated.changed(factor=Fraction(40), at_micro=1_000_001)
    assert other == Factor(Fraction(40), 1_000_001, 1_003_001)
    assert [other.value_micro(value) for value in (1_000_001, 1_000_002)] == [1_003_001, 1_003_041]
    with pytest.raises(BadDerivation):
        Factor(Fraction(40)).value_micro(10**15)


def test_values_between_readings_lie_on_the_line():
    timeline = [(100, 1_000), (110, 1_007), (200, 1_007)]
    assert value_at(timeline, 99) is None
    assert value_at(timeline, 100) == (1_000, False)
    # 1000 + 7 * 5 / 10 = 1003.5
    assert value_at(timeline, 105) == (1_003, True)
    assert value_at(timeline, 150) == (1_007, True)
    assert value_at(timeline, 200) == (1_007, False)
    assert value_at(timeline, 201) is None
    assert value_at([], 5) is None


def test_common_times_are_exact_or_on_a_grid():
    one, two = [(0, 0), (60, 1), (120, 2), (3_700, 3)], [(60, 0), (119, 1), (120, 2), (7_300, 3)]
    assert common_times([one, two]) == [60, 120]
    assert common_times([one, two], step_s=900) == [900, 1_800, 2_700, 3_600]
    assert common_times([one, []], step_s=900) == []
    assert common_times([], step_s=900) == []
    for step_s in (0, -5):
        with pytest.raises(BadDerivation):
            common_times([one], step_s=step_s)
    with pytest.raises(BadDerivation):
        common_times([[(0, 0), (2_000_000, 1)]], step_s=1)


rises = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=20)


def one_by_one(total: int, weights: dict[str, Fraction]) -> dict[str, int]:
    """Give one after the other: what Sainte-Laguë is, without a short cut."""
    given_ = dict.fromkeys(weights, 0)
    for _ in range(total):
        best = min(given_, key=lambda name: (-(weights[name] / Fraction(2 * given_[name] + 1)), name))
        given_[best] += 1
    return given_


parts = st.lists(st.integers(1, 1_000), min_size=1, max_size=6).map(
    lambda parts: {f"unit-{place}": Fraction(part, sum(parts)) for place, part in enumerate(parts)}
)


@given(parts, st.integers(0, 300))
def test_shares_are_those_of_the_slow_way(weights: dict[str, Fraction], total: int):
    assert shares_micro(total, weights=weights) == one_by_one(total, weights)


@given(parts, st.integers(0, 10**15), st.integers(0, 10))
def test_shares_add_up_and_never_fall(weights: dict[str, Fraction], total: int, rise: int):
    before, after = shares_micro(total, weights=weights), shares_micro(total + rise, weights=weights)
    assert (sum(before.values()), sum(after.values())) == (total, total + rise)
    assert all(after[name] >= before[name] for name in weights)
    assert all(abs(before[name] - total * weights[name]) < len(weights) for name in weights)


def test_shares_are_exact_where_they_can_be():
    halves = {"b": Fraction(1, 2), "a": Fraction(1, 2)}
    assert shares_micro(10**12 + 1, weights=halves) == {"a": 500_000_000_001, "b": 500_000_000_000}
    assert shares_micro(1, weights=halves) == {"a": 1, "b": 0}
    for wrong in ({}, {"a": Fraction(1, 2)}, {"a": Fraction(3, 2), "b": Fraction(-1, 2)}):
        with pytest.raises(BadDerivation):
            shares_micro(1, weights=wrong)
    with pytest.raises(BadDerivation):
        shares_micro(-1, weights=halves)
