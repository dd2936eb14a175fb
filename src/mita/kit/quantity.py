"""Quantities in millionths of a base unit (kWh, m³) from the units that meters speak."""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

# base unit, micro base units per one of this unit; litres and watt-hours are exact thousandths
UNITS: dict[str, tuple[str, int]] = {
    "kwh": ("kWh", 1_000_000),
    "wh": ("kWh", 1_000),
    "mwh": ("kWh", 1_000_000_000),
    "m3": ("m3", 1_000_000),
    "m³": ("m3", 1_000_000),
    "kl": ("m3", 1_000_000),
    "l": ("m3", 1_000),
    # of what a pulse is worth only its register's counter knows; pulses are whole
    "imp": ("imp", 1),
}
PULSE = "imp"

# a register that says more than this is broken; keeps every sum of a batch inside bigint
VALUE_MICRO_MAX = 10**15
_EXPONENT_MAX = 15
_DECIMALS_MAX = 40
# the default context would round a long number away before it is judged
_EXACT = Context(prec=10_000, Emax=MAX_EMAX, Emin=MIN_EMIN)


class BadValue(ValueError):
    """A register value that cannot be taken, with a stable ``code``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def base_unit(unit: str) -> tuple[str, int]:
    """Return the base unit and the micro base units in one ``unit``.

    :raises BadValue: ``unknown_unit``
    """
    found = UNITS.get(unit.strip().lower())
    if found is None:
        raise BadValue("unknown_unit", f"unit {unit[:20]!r} is not one of kWh, Wh, MWh, m3, kL, L, imp")
    return found


def value_micro(value: Decimal, *, scale: int) -> int:
    """Return a register value in micro base units, ``scale`` of them per unit of ``value``.

    :raises BadValue: ``not_a_number``, ``negative_value``, ``value_out_of_range`` or ``too_many_decimals``
    """
    if not value.is_finite():
        raise BadValue("not_a_number", f"value {value} is not a number")
    if value < 0:
        raise BadValue("negative_value", f"value {str(value)[:40]} is negative")
    # adjusted() first: 1e999999 must not be expanded
    magnitude = value.adjusted()
    if magnitude > _EXPONENT_MAX:
        raise BadValue("value_out_of_range", "value is larger than any register")
    if magnitude >= -_DECIMALS_MAX:
        # what nearly all values are: whole millionths
        scaled = _EXACT.multiply(value, scale)
        found = int(scaled)
        if found == scaled and found <= VALUE_MICRO_MAX:
            return found
    _, digits, exponent = value.normalize(_EXACT).as_tuple()
    assert isinstance(exponent, int), "a finite number has an exponent"
    if exponent < -_DECIMALS_MAX:
        raise BadValue(
            "too_many_decimals", f"value {str(value)[:40]} is finer than a millionth of the base unit"
        )
    whole = int("".join(map(str, digits)) or "0") * scale
    rest = 0
    power: int = 10 ** abs(exponent)
    if exponent >= 0:
        whole *= power
    else:
        whole, rest = divmod(whole, power)
    if whole + (rest > 0) > VALUE_MICRO_MAX:
        raise BadValue("value_out_of_range", "value is larger than any register")
    if rest:
        raise BadValue(
            "too_many_decimals", f"value {str(value)[:40]} is finer than a millionth of the base unit"
        )
    return whole
