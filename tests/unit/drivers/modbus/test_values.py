"""Words into decimals: every type, order and marker, against figures worked out by hand and by struct."""

from __future__ import annotations

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.drivers.modbus.values import Form, number, scaled
from mita.kit.quantity import BadValue


@pytest.mark.parametrize(
    ("words", "form", "said"),
    [
        ([0xFFFE], Form("int16"), "-2"),
        ([0xFFFE], Form("uint16"), "65534"),
        ([0x0001, 0x0002], Form("uint32"), "65538"),
        ([0x0001, 0x0002], Form("uint32", word_order="little"), "131073"),
        ([0x0001, 0x0002], Form("uint32", byte_order="little"), str(0x01000200)),
        ([0xFFFF, 0xFFFE], Form("int32"), "-2"),
        ([0, 0, 0x0001, 0x0000], Form("int64"), "65536"),
        ([0x8000, 0, 0, 0], Form("int64"), "-9223372036854775808"),
        ([0xFFFF] * 4, Form("uint64"), "18446744073709551615"),
        ([0x449A, 0x5225], Form("float32"), "1234.567"),
        ([0x5225, 0x449A], Form("float32", word_order="little"), "1234.567"),
        # between 16,384 and 32,768 singles lie 1/512 apart
        ([0x469C, 0x4001], Form("float32"), "20000.002"),
        ([0x4A7F, 0xFFFC], Form("float32"), "4194303"),
        ([0x3DCC, 0xCCCD], Form("float32"), "0.1"),
        ([0x7F7F, 0xFFFF], Form("float32"), "3.4028235E+38"),
        ([0x0000, 0x0001], Form("float32"), "1E-45"),
        ([0x8000, 0x0000], Form("float32"), "0"),
        ([0x3FB9, 0x9999, 0x9999, 0x999A], Form("float64"), "0.1"),
        ([0x1234], Form("bcd16"), "1234"),
        ([0x0012, 0x3456], Form("bcd32"), "123456"),
        ([0x3456, 0x0012], Form("bcd32", word_order="little"), "123456"),
    ],
)
def test_words_mean_a_number(words: list[int], form: Form, said: str) -> None:
    assert number(words, form) == Decimal(said)


@pytest.mark.parametrize(
    ("words", "kind", "marker", "is_missing"),
    [
        ([0x7FC0, 0], "float32", "nan", True),
        ([0xFFC0, 0], "float32", "nan", True),
        ([0x7FF8, 0, 0, 0], "float64", "nan", True),
        ([0xFFFF, 0xFFFF], "uint32", "all_ones", True),
        ([0xFFFF], "uint16", "all_ones", True),
        ([0xFFFF, 0xFFFE], "uint32", "all_ones", False),
        ([0x7FFF, 0xFFFF], "int32", "max_positive", True),
        ([0x7FFF, 0xFFFF], "uint32", "max_positive", False),
        ([0x8000, 0, 0, 0], "int64", "min_negative", True),
        ([0x7FFF, 0xFFFF], "uint32", 0x7FFFFFFF, True),
        # a pattern is one of its own size: here the same number in 64 bits is a counter
        ([0, 0, 0x7FFF, 0xFFFF], "uint64", 0x7FFFFFFF, False),
        ([0x8000], "uint16", 0x8000, True),
        ([0, 0x8000], "uint32", 0x8000, False),
    ],
)
def test_markers_say_that_there_is_no_value(
    words: list[int], kind: str, marker: object, *, is_missing: bool
) -> None:
    found = number(words, Form(kind, missing=(marker,)))
    assert (found is None) is is_missing


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        ([0x7FC0, 0], "float32", "not_a_number"),
        ([0x7F80, 0], "float32", "not_a_number"),
        ([0x12A4], "bcd16", "not_a_number"),
        ([1], "uint32", "bad_words"),
        ([1, 70_000], "uint32", "bad_words"),
    ],
)
def test_what_is_no_number_is_refused(words: list[int], kind: str, code: str) -> None:
    with pytest.raises(BadValue) as refused:
        number(words, Form(kind))
    assert refused.value.code == code


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_single_becomes_the_shortest_decimal_that_means_it(value: float) -> None:
    octets = struct.pack(">f", value)
    found = number([int.from_bytes(octets[:2], "big"), int.from_bytes(octets[2:], "big")], Form("float32"))
    assert found is not None
    assert struct.pack(">f", float(found)) == octets or found == 0
    digits = len(found.normalize().as_tuple().digits)
    if digits > 1:
        with pytest.raises(AssertionError):
            assert struct.pack(">f", float(f"{value:.{digits - 1}g}")) == octets


@pytest.mark.parametrize(
    ("value", "scale", "factor", "resolution", "said"),
    [
        ("123456", 100, 1, None, "1234.56"),
        ("7", 1, 1000, None, "7000"),
        ("20000.002", 1, 1, "0.001", "20000.002"),
        ("8001.0156", 1, 1, "0.01", "8001.02"),
        ("0.125", 1, 1, "0.01", "0.13"),
        ("16777218", 1, 1, "1", "16777218"),
        ("3600000", 3600, 1, "0.001", "1000.000"),
        ("9223372036854775807", 1000, 1, None, "9223372036854775.807"),
    ],
)
def test_scales_are_exact(value: str, scale: int, factor: int, resolution: str | None, said: str) -> None:
    step = None if resolution is None else Decimal(resolution)
    assert scaled(Decimal(value), scale=scale, factor=factor, resolution=step) == Decimal(said)
