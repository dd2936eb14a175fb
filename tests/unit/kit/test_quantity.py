from __future__ import annotations

from decimal import Decimal

import pytest

from mita.kit.quantity import VALUE_MICRO_MAX, BadValue, base_unit, value_micro


@pytest.mark.parametrize(
    ("unit", "base", "scale"),
    [
        ("kWh", "kWh", 1_000_000),
        (" KWH ", "kWh", 1_000_000),
        ("Wh", "kWh", 1_000),
        ("MWh", "kWh", 1_000_000_000),
        ("m3", "m3", 1_000_000),
        ("m³", "m3", 1_000_000),
        ("kL", "m3", 1_000_000),
        ("L", "m3", 1_000),
    ],
)
def test_units_have_exact_scales(unit: str, base: str, scale: int) -> None:
    assert base_unit(unit) == (base, scale)


@pytest.mark.parametrize("unit", ["", "kW", "gal", "kWh/m3", "k" * 1000])
def test_an_unknown_unit_is_named(unit: str) -> None:
    with pytest.raises(BadValue) as raised:
        base_unit(unit)
    assert raised.value.code == "unknown_unit"
    assert len(str(raised.value)) < 120


@pytest.mark.parametrize(
    ("text", "scale", "micro"),
    [
        ("0", 1_000, 0),
        ("-0", 1_000, 0),
        ("123.456", 1_000_000, 123_456_000),
        ("4e+05", 1_000, 400_000_000),
        ("0.001", 1_000, 1),
        ("1E-6", 1_000_000, 1),
        ("1.2340000000", 1_000, 1_234),
        ("1000000000", 1_000_000, VALUE_MICRO_MAX),
    ],
)
def test_a_value_is_taken_exactly(text: str, scale: int, micro: int) -> None:
    assert value_micro(Decimal(text), scale=scale) == micro


@pytest.mark.parametrize(
    ("text", "scale", "code"),
    [
        ("NaN", 1_000, "not_a_number"),
        ("sNaN", 1_000, "not_a_number"),
        ("Infinity", 1_000, "not_a_number"),
        ("-Infinity", 1_000, "not_a_number"),
        ("-0.001", 1_000, "negative_value"),
        ("1000000000.000001", 1_000_000, "value_out_of_range"),
        ("1000001", 1_000_000_000, "value_out_of_range"),
        ("1e999999", 1_000, "value_out_of_range"),
        ("0.0001", 1_000, "too_many_decimals"),
        ("1e-999999", 1_000_000, "too_many_decimals"),
        ("0.12345678901234567890123456789", 1_000, "too_many_decimals"),
        ("1.0000000000000000000000000000001", 1_000, "too_many_decimals"),
        ("1e-9999999", 1_000, "too_many_decimals"),
        ("-" + "1" * 5_000, 1_000, "negative_value"),
        ("1" * 5_000, 1_000, "value_out_of_range"),
    ],
)
def test_anything_else_is_refused_with_its_code(text: str, scale: int, code: str) -> None:
    with pytest.raises(BadValue) as raised:
        value_micro(Decimal(text), scale=scale)
    assert raised.value.code == code
    assert len(str(raised.value)) < 150
