"""Cents of a statement add up, whatever the amounts are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.reports.domain import cents_of, shared_cents


@pytest.mark.parametrize(
    ("amount", "cents"), [(4_999, 0), (5_000, 1), (-4_999, 0), (-5_000, -1), (12_345_000, 1_235)]
)
def test_a_half_cent_goes_away_from_zero(amount: int, cents: int) -> None:
    assert cents_of(amount) == cents


def test_the_largest_remainders_get_what_is_left() -> None:
    # 0.333, 0.333 and 0.334 are one whole; 0.334 lacks the least
    assert shared_cents([333_000, 333_000, 334_000], total_cents=100) == [33, 33, 34]
    assert shared_cents([-13_804_500, 100_000_000, -3_000], total_cents=8_619) == [-1_381, 10_000, 0]


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=12),
)
def test_lines_add_up_to_closing_less_opening(opening: int, amounts: list[int]) -> None:
    total = cents_of(opening + sum(amounts)) - cents_of(opening)
    cents = shared_cents(amounts, total_cents=total)
    assert sum(cents) == total
    # a line is off by the rounding of one cent, where it is the only one by that of both ends too
    assert all(abs(part * 10_000 - amount) <= 20_000 for part, amount in zip(cents, amounts, strict=True))
