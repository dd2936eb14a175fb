"""Pulse counters and factors over time, against a count that never rolls over and fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.metering.domain import (
    BadDerivation,
    Factor,
    FactorSpan,
    Limits,
    PulseSpan,
    count_reading,
    factor_of,
    factored,
    following,
)

ANY = Limits(None, 0)
WEIGHTS = {
    "3 imp/kWh": Fraction(10**6, 3),
    "10 L/imp": Fraction(10_000),
    "999983 imp/kWh": Fraction(10**6, 999_983),
}


def read(spans, messages, *, before=None, limits=ANY, resets=()):
    """Read (taken_s, count) one after the other; return the values, and what fell."""
    values, fallen = [], []
    for taken_s, count in messages:
        found = count_reading(
            spans, taken_s=taken_s, count=count, before=before, limits=limits, is_reset=taken_s in resets
        )
        if found.span is not None:
            spans.append(found.span)
        values.append(found.value_micro)
        if found.has_fallen:
            fallen.append(taken_s)
        else:
            before = (taken_s, found.value_micro)
    return values, fallen


@given(
    weight=st.sampled_from(sorted(WEIGHTS)),
    width=st.sampled_from([16, 32]),
    start=st.integers(0, 2**16 - 1),
    rises=st.lists(st.integers(0, 2**14), min_size=1, max_size=40),
)
def test_a_counter_of_few_bits_reads_like_one_that_never_ends(weight, width, start, rises):
    start += 2**width - 2**16
    spans = [PulseSpan(0, weight, width, start, 7)]
    total, totals = start, [start]
    for rise in rises:
        total += rise
        totals.append(total)
    messages = [(place + 1, each % 2**width) for place, each in enumerate(totals)]
    values, fallen = read(spans, messages)
    assert fallen == []
    assert values == [7 + int((each - start) * WEIGHTS[weight]) for each in totals]
    # all of it again, in any order, finds the spans that are kept: the same values, and no span more
    kept = list(spans)
    for (taken_s, count), value in reversed(list(zip(messages, values, strict=True))):
        assert (
            count_reading(spans, taken_s=taken_s, count=count, before=None, limits=ANY).value_micro == value
        )
    assert spans == kept
    # the count of a value is the one that made it
    assert [span.count_at(values[-1]) for span in spans[-1:]] == [totals[-1] % 2**width]


def test_a_reset_goes_on_from_the_last_count_and_a_fall_does_not():
    spans = [PulseSpan(0, "1000 imp/kWh", None, 0, 0)]
    values, fallen = read(spans, [(1, 500), (2, 20), (3, 30), (4, 10), (5, 600)], resets={2})
    assert values == [500_000, 520_000, 530_000, 510_000, 1_100_000]
    assert fallen == [4]
    spans.append(following(spans[-1], value_micro=1_100_000, from_s=6, cause="reset"))
    assert read(spans, [(7, 9)], before=(5, 1_100_000))[0] == [1_109_000]


def test_a_late_count_after_a_rollover_that_a_later_one_told():
    spans = [PulseSpan(0, "10 L/imp", 16, 0, 0)]
    assert read(spans, [(10, 65_500), (30, 40)])[0] == [655_000_000, 655_760_000]
    found = count_reading(spans, taken_s=20, count=4, before=(10, 655_000_000), limits=ANY, is_newest=False)
    assert (found.value_micro, found.has_fallen) == (655_400_000, False)
    assert found.span is not None
    assert found.span.from_s == 20
    # one that is above what the later one showed was none of its kind
    found = count_reading(spans, taken_s=20, count=41, before=(10, 655_000_000), limits=ANY, is_newest=False)
    assert (found.span, found.has_fallen) == (None, True)


@pytest.mark.parametrize(
    ("count", "limits"),
    # a quarter of the range and one; a glitch to 30 of a register that may rise by 50 L in the time
    [(65_000 + 16_385 - 65_536, ANY), (30, Limits(180_000, 0))],
)
def test_what_is_no_rollover_falls(count, limits):
    spans = [PulseSpan(0, "10 L/imp", 16, 0, 0)]
    assert read(spans, [(1, 65_000), (1001, count)], limits=limits)[1] == [1001]
    assert len(spans) == 1


def test_counts_that_cannot_be():
    spans = [PulseSpan(100, "10 L/imp", 16, 0, 0)]
    for taken_s, count in [(99, 1), (100, 65_536), (100, -1)]:
        with pytest.raises(BadDerivation):
            count_reading(spans, taken_s=taken_s, count=count, before=None, limits=ANY)


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("40", Fraction(40)),
        ("1.0025", Fraction(10_025, 10_000)),
        ("200/5", Fraction(40)),
        (" 200/5 x 11000/110 ", Fraction(4000)),
        ("100 / 3", Fraction(100, 3)),
    ],
)
def test_factors_as_people_write_them(text, factor):
    assert factor_of(text) == factor


@pytest.mark.parametrize("text", ["", "0", "200/0", "-1", "1e3", "2/1 x 2/1 x 2/1", "1000001", "200:5", "x"])
def test_what_is_no_factor(text):
    with pytest.raises(BadDerivation):
        factor_of(text)


def test_a_factor_holds_from_its_time_on():
    spans = [
        FactorSpan(10, "40", Factor(Fraction(40))),
        FactorSpan(20, "1/3", Factor(Fraction(1, 3), 100, 4000)),
    ]
    assert [factored(spans, taken_s=taken_s, value_micro=101) for taken_s in (9, 10, 19, 20)] == [
        101,
        4040,
        4040,
        4000,
    ]
    assert factored(spans, taken_s=20, value_micro=103) == 4001
    with pytest.raises(BadDerivation):
        factored(spans, taken_s=10, value_micro=10**15)
