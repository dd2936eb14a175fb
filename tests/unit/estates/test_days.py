"""Spans of days, states of units, shares of owners."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.estates.domain import WHOLE_MICRO, Days, OccupancyState, is_oversold, occupancy_state

MARCH = date(2025, 3, 1)


def day(number: int) -> date:
    return MARCH + timedelta(days=number)


spans = st.builds(
    lambda start, length: Days(day(start), None if length is None else day(start + length)),
    st.integers(0, 20),
    st.none() | st.integers(0, 10),
)


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        ((0, 5), (5, 9), False),
        ((0, 6), (5, 9), True),
        ((0, None), (5, 9), True),
        ((9, None), (5, 9), False),
        ((3, 3), (0, None), False),
        ((0, None), (3, 3), False),
        ((0, None), (20, None), True),
    ],
)
def test_half_open_spans_meet(
    one: tuple[int, int | None], other: tuple[int, int | None], *, meets: bool
) -> None:
    first, second = (Days(day(begin), None if end is None else day(end)) for begin, end in (one, other))
    assert first.meets(second) is meets
    assert second.meets(first) is meets


@given(spans, spans)
def test_spans_meet_where_they_hold_a_day_in_common(one: Days, other: Days) -> None:
    common = any(one.holds(day(number)) and other.holds(day(number)) for number in range(40))
    assert one.meets(other) is common


def test_the_state_of_a_unit() -> None:
    lived = [Days(day(0), day(5)), Days(day(9), None)]
    words = [occupancy_state(lived, day=day(number), is_out_of_use=False) for number in (-1, 0, 4, 5, 8, 9)]
    assert words == ["reserved", "occupied", "occupied", "reserved", "reserved", "occupied"]
    assert occupancy_state([], day=MARCH, is_out_of_use=False) is OccupancyState.VACANT
    assert occupancy_state([], day=MARCH, is_out_of_use=True) is OccupancyState.OUT_OF_USE
    # whoever lives there lives there, whatever is said of the unit
    assert occupancy_state(lived, day=MARCH, is_out_of_use=True) is OccupancyState.OCCUPIED
    assert occupancy_state([Days(day(9), day(9))], day=MARCH, is_out_of_use=False) is OccupancyState.VACANT


@given(
    st.lists(st.tuples(spans, st.integers(1, WHOLE_MICRO)), max_size=5), spans, st.integers(1, WHOLE_MICRO)
)
def test_shares_are_at_most_the_whole_on_every_day(
    known: list[tuple[Days, int]], new: Days, share: int
) -> None:
    naive = any(
        share + sum(each for days, each in known if days.holds(day(number))) > WHOLE_MICRO
        for number in range(40)
        if new.holds(day(number))
    )
    assert is_oversold(known, new=new, share_micro=share) is naive
