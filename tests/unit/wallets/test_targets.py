"""When a wallet asks for a top-up and for how much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.wallets.domain import Target

TARGET = Target(50, 200)


@pytest.mark.parametrize(
    ("total", "wanted"), [(51, 0), (50, 0), (49, 151), (0, 200), (-30, 230), (200, 0), (1_000, 0)]
)
def test_what_is_asked_for(total, wanted):
    assert TARGET.wanted_micro(total) == wanted


def test_a_target_that_is_off_asks_for_nothing():
    assert Target(50, 200, is_on=False).wanted_micro(-1_000) == 0


def test_a_target_below_its_minimum_is_none():
    assert Target(50, 49).problems() == ["target must be at least minimum"]
    assert Target(50, 50).problems() == []


@given(
    minimum=st.integers(-(10**12), 10**12), more=st.integers(0, 10**12), total=st.integers(-(10**13), 10**13)
)
def test_what_is_asked_for_meets_it(minimum, more, total):
    target = Target(minimum, minimum + more)
    wanted = target.wanted_micro(total)
    assert wanted >= 0
    assert target.is_met(total + wanted)
    assert (wanted == 0) is target.is_met(total)
