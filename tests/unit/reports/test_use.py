"""What registers used in steps: hand-made readings."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.reports.domain import Known, Place, covered_place, percent_text, total_use, use_of, values_at

HOUR = 3_600
ALWAYS = Place(0)


def used(readings, borders, *, place=ALWAYS, longest=HOUR):
    taken, values = (np.array(column, dtype=np.int64) for column in zip(*readings, strict=True))
    low, high = covered_place(place, first_taken_s=int(taken[0]), last_taken_s=int(taken[-1]))
    edges = np.array(borders, dtype=np.int64)
    at = np.clip(edges, low, high)
    value, distance = values_at(taken, values, at_s=at)
    return use_of(edges, values=value, distance_s=distance, at_s=at, place=place, longest_s=longest), edges


def shown(readings, borders, **more):
    use, edges = used(readings, borders, **more)
    amounts, known = total_use([use], borders_s=edges)
    return list(zip(amounts, [each.value for each in known], strict=True))


def test_readings_at_the_borders_are_measured() -> None:
    assert shown([(0, 10), (HOUR, 13), (2 * HOUR, 13)], [0, HOUR, 2 * HOUR]) == [
        (3, "measured"),
        (0, "measured"),
    ]


def test_a_reading_between_borders_is_shared_out_by_time() -> None:
    half = HOUR // 2
    # 0 at half past, 60 at half past one: 30 in each half hour
    found = shown([(half, 0), (half + HOUR, 60), (3 * HOUR, 60)], [0, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR])
    assert found == [(30, "partial"), (30, "spread"), (0, "spread"), (None, "missing")]


def test_a_long_gap_is_spread_and_said_so() -> None:
    found = shown([(0, 0), (HOUR, 5), (4 * HOUR, 35), (5 * HOUR, 36)], [n * HOUR for n in range(6)])
    assert found == [(5, "measured"), (10, "spread"), (10, "spread"), (10, "spread"), (1, "measured")]


def test_what_no_reading_tells_is_missing_not_zero() -> None:
    found = shown([(2 * HOUR, 7), (3 * HOUR, 8)], [n * HOUR for n in range(6)])
    assert found == [
        (None, "missing"),
        (None, "missing"),
        (1, "measured"),
        (None, "missing"),
        (None, "missing"),
    ]
    assert shown([(HOUR, 7)], [0, HOUR, 2 * HOUR]) == [(None, "missing"), (None, "missing")]


def test_a_meter_counts_while_it_is_there() -> None:
    readings = [(n * HOUR, 10 * n) for n in range(6)]
    found = shown(readings, [0, 2 * HOUR, 4 * HOUR], place=Place(HOUR, 3 * HOUR), longest=2 * HOUR)
    assert found == [(10, "partial"), (10, "partial")]


def test_a_swap_in_the_middle_of_a_step_leaves_no_hole() -> None:
    borders = [0, 2 * HOUR, 4 * HOUR]
    old, edges = used([(0, 100), (3 * HOUR, 130)], borders, place=Place(0, 3 * HOUR), longest=3 * HOUR)
    new, _ = used([(3 * HOUR, 0), (5 * HOUR, 40)], borders, place=Place(3 * HOUR), longest=3 * HOUR)
    amounts, known = total_use([old, new], borders_s=edges)
    assert amounts == [20, 10 + 20]
    assert known == [Known.MEASURED, Known.MEASURED]


@given(
    st.lists(st.tuples(st.integers(1, 10**8), st.integers(0, 10**13)), min_size=1, max_size=8),
    st.lists(st.integers(0, 10**9), min_size=2, max_size=8, unique=True),
)
def test_steps_add_up_and_values_are_those_of_exact_fractions(rises, borders) -> None:
    readings = [(0, 0)]
    for seconds, rise in rises:
        readings.append((readings[-1][0] + seconds, readings[-1][1] + rise))
    use, _ = used(readings, sorted(borders))
    for at in borders:
        if at >= readings[-1][0]:
            continue
        index = max(n for n, (taken, _) in enumerate(readings) if taken <= at)
        (t0, v0), (t1, v1) = readings[index], readings[index + 1]
        exact = v0 + Fraction((v1 - v0) * (at - t0), t1 - t0)
        columns = [np.array(column, dtype=np.int64) for column in zip(*readings, strict=True)]
        ((value,), _) = values_at(*columns, at_s=np.array([at]))
        assert value == exact.__floor__()
    ends = [min(each, readings[-1][0]) for each in (min(borders), max(borders))]
    columns = [np.array(column, dtype=np.int64) for column in zip(*readings, strict=True)]
    (low, high), _ = values_at(*columns, at_s=np.array(ends))
    assert use.used_micro.sum() == high - low


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(-45, 1000, "-4.5"), (1, 3, "33.3"), (2, 3, "66.7"), (0, 5, "0.0"), (5, 0, None), (-1, 10_000, "0.0")],
)
def test_percent(part: int, whole: int, text: str | None) -> None:
    assert percent_text(part, of_micro=whole) == text
