"""What virtual meters are made of."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.metering.domain import (
    BadDerivation,
    Mix,
    MixPart,
    MixReading,
    MixResult,
    has_ring,
    mix_readings,
    mix_times,
    share_of,
)


def mix(**more):
    fields = {"from_s": 0, "until_s": None, "step_s": None, "parts": (MixPart(1, opening_micro=10),)}
    return Mix(**{**fields, "results": (MixResult(9),), "opened_s": 0, **more})


@given(
    whole=st.integers(0, 10**12),
    shares=st.lists(st.integers(1, 50), min_size=1, max_size=6),
    rest=st.integers(0, 50),
)
def test_shares_add_up_and_none_is_more_than_a_millionth_off(whole, shares, rest):
    total = sum(shares) + rest
    results = tuple(MixResult(place, Fraction(each, total), 5) for place, each in enumerate(shares))
    made = mix(results=results)
    readings = mix_readings(made, timelines={1: [(0, 10), (60, 10 + whole)]}, times=[60])
    given_out = [each.value_micro - 5 for each in readings]
    assert all(
        abs(got - Fraction(whole * each, total)) < len(shares) + 1
        for got, each in zip(given_out, shares, strict=True)
    )
    if rest == 0:
        assert sum(given_out) == whole


def test_a_difference_may_fall_below_nothing():
    made = mix(parts=(MixPart(1, opening_micro=10), MixPart(2, is_less=True, opening_micro=0)))
    lines = {1: [(0, 10), (60, 15), (120, 16)], 2: [(0, 0), (60, 3), (120, 20)]}
    times = mix_times(made, timelines=lines, since_s=1)
    assert times == [60, 120]
    assert mix_readings(made, timelines=lines, times=times) == [
        MixReading(9, 60, 2, is_estimated=False),
        MixReading(9, 120, -14, is_estimated=False),
    ]
    assert made.kind == "difference"


def test_times_lie_within_all_parts_and_its_own_span():
    lines = {1: [(50, 0), (400, 350)], 2: [(110, 0), (500, 39)]}
    made = mix(parts=(MixPart(1), MixPart(2)), step_s=60, from_s=100, until_s=300, opened_s=None)
    assert mix_times(made, timelines=lines, since_s=250) == [120, 180, 240, 300]
    assert mix_readings(made, timelines=lines, times=[120]) == [MixReading(9, 120, 71, is_estimated=True)]
    assert mix_times(mix(parts=(MixPart(1), MixPart(2))), timelines={1: lines[1], 2: []}, since_s=0) == []


def test_rings():
    assert not has_ring({3: [1, 2], 4: [3, 1], 5: [4, 3]})
    assert has_ring({3: [1], 1: [2], 2: [3]})
    assert has_ring({7: [7]})


@pytest.mark.parametrize("text", ["0", "1/0", "4/3", "1.5", "-1/2", "a third", "", "1/3/4"])
def test_what_is_no_share(text):
    with pytest.raises(BadDerivation):
        share_of(text)


def test_shares():
    assert [share_of(each) for each in ("1", "1/3", "0.25")] == [1, Fraction(1, 3), Fraction(1, 4)]


def test_what_people_call_it():
    less = (MixPart(1), MixPart(2, is_less=True))
    halves = (MixResult(9, share_of("1/2")), MixResult(8, share_of("1/2")))
    found = [mix().kind, mix(parts=less).kind, mix(results=halves).kind, mix(results=halves[:1]).kind]
    assert found == ["sum", "difference", "share", "share"]
