"""The register rules: what one register's readings become, in time order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.kit.quantity import VALUE_MICRO_MAX
from mita.metering.domain import (
    RATE_MICRO_MAX,
    Limits,
    ReadingClass,
    Reason,
    RegisterState,
    allowed_rise_micro,
    judge,
    truncated,
)

UNIT = 1_000_000
HOUR = 3_600


def judged(*readings: tuple[int, int], limits: Limits, state: RegisterState | None = None, accepted=()):
    found = judge(
        taken_s=[taken for taken, _ in readings],
        value_micro=[value for _, value in readings],
        is_accepted_by_person=[taken in accepted for taken, _ in readings],
        state=state or RegisterState(),
        limits=limits,
    )
    return [ReadingClass(number).name for number in found.class_], [Reason(n).name for n in found.reason]


ANY = Limits(None, 0)
FIVE_AN_HOUR = Limits(5 * UNIT, UNIT // 4)


def test_the_first_opens_and_equal_and_lower_values_cost_nothing():
    classes, reasons = judged(
        (0, 10 * UNIT), (10, 12 * UNIT), (20, 12 * UNIT), (30, 11 * UNIT), (40, 13 * UNIT), limits=ANY
    )
    assert classes == ["FIRST", "CHARGED", "UNCHANGED", "BACKWARDS", "CHARGED"]
    assert reasons == ["NONE", "NONE", "NONE", "BELOW_HIGHEST", "NONE"]


@pytest.mark.parametrize(("rise", "class_"), [(5_250_000, "CHARGED"), (5_250_001, "HELD")])
def test_a_rise_is_held_above_rate_and_burst(rise, class_):
    assert judged((0, 0), (HOUR, rise), limits=FIVE_AN_HOUR)[0] == ["FIRST", class_]


def test_a_held_reading_is_no_point_to_measure_from():
    # the jump and back of a real meter: 248,541 litres up, then on from where it was
    readings = [(0, UNIT), (HOUR, 249 * UNIT), (2 * HOUR, 250 * UNIT), (3 * HOUR, 2 * UNIT)]
    assert judged(*readings, limits=FIVE_AN_HOUR)[0] == ["FIRST", "HELD", "HELD", "CHARGED"]


def test_what_a_person_accepted_is_charged_and_says_so():
    classes, reasons = judged((0, 0), (HOUR, 100 * UNIT), limits=FIVE_AN_HOUR, accepted={HOUR})
    assert (classes, reasons) == (["FIRST", "CHARGED"], ["NONE", "ACCEPTED_BY_PERSON"])


def test_judging_goes_on_from_a_state():
    state = RegisterState(newest_s=50, anchor_s=50, value_micro=7 * UNIT)
    assert judged((60, 7 * UNIT), (70, 6 * UNIT), limits=ANY, state=state)[0] == ["UNCHANGED", "BACKWARDS"]


@given(
    rate=st.integers(1, 10 * RATE_MICRO_MAX),
    burst=st.integers(0, RATE_MICRO_MAX),
    cap=st.integers(0, VALUE_MICRO_MAX),
    elapsed_s=st.integers(0, 40 * 366 * 86_400),
)
def test_the_columns_allow_what_the_rule_allows(rate, burst, cap, elapsed_s):
    def one(number):
        return np.array([number], dtype=np.int64)

    allowed = allowed_rise_micro(
        max_rate_micro=one(rate), burst_micro=one(burst), cap_micro=one(cap), elapsed_s=one(elapsed_s)
    )
    assert int(allowed[0]) == Limits(rate, burst, cap).allowed_micro(elapsed_s)


def test_raw_text_can_always_be_stored():
    assert truncated(b"\xffa\x00b") == "\N{REPLACEMENT CHARACTER}a\N{REPLACEMENT CHARACTER}b"
    assert truncated("\ud800x") == "\N{REPLACEMENT CHARACTER}x"
    assert truncated("x" * 501) == "x" * 500
