from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.kit.money import BIGINT_MAX, NotExact, format_cents, format_micro, parse_micro


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("0", 0),
        ("-0", 0),
        ("12.50", 12_500_000),
        ("+12.5", 12_500_000),
        ("-0.000001", -1),
        ("0.123456", 123_456),
        ("0.1234560000", 123_456),
        ("  7 ", 7_000_000),
        ("007", 7_000_000),
        ("9223372036854.775807", 9_223_372_036_854_775_807),
        ("-9223372036854.775807", -9_223_372_036_854_775_807),
    ],
)
def test_a_decimal_is_taken_exactly(text: str, micro: int) -> None:
    assert parse_micro(text) == micro


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", ".", ".5", "5.", "1,5", "1 000", "1e3", "0x10", "NaN", "Infinity", "--1", "1_000",
        "0.1234567", "9223372036854.775808", "1" * 16, "1" * 5000, "٣", "½", "1\n2", "1.5\x00", "\ud800",
        None, 5, 1.5, b"1",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(NotExact, match=r"^price: "):
        parse_micro(text, what="price")


def test_the_message_is_short() -> None:
    with pytest.raises(NotExact) as raised:
        parse_micro("x" * 10_000)
    assert len(str(raised.value)) < 150


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (0, "0.000000"),
        (1, "0.000001"),
        (-1, "-0.000001"),
        (12_345_600, "12.345600"),
        (-500_000_000, "-500.000000"),
        (-BIGINT_MAX - 1, "-9223372036854.775808"),
    ],
)
def test_six_decimals_are_shown(micro: int, text: str) -> None:
    assert format_micro(micro) == text


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (0, "0.00"),
        (4_999, "0.00"),
        (5_000, "0.01"),
        (14_999, "0.01"),
        (15_000, "0.02"),
        (25_000, "0.03"),
        (12_345_000, "12.35"),
        (12_344_999, "12.34"),
        (999_995_000, "1000.00"),
        (-4_999, "0.00"),
        (-5_000, "-0.01"),
        (-15_000, "-0.02"),
    ],
)
def test_cents_are_rounded_half_up_away_from_zero(micro: int, text: str) -> None:
    assert format_cents(micro) == text


@given(st.integers(-BIGINT_MAX, BIGINT_MAX))
def test_what_is_shown_is_read_back(micro: int) -> None:
    assert parse_micro(format_micro(micro)) == micro
