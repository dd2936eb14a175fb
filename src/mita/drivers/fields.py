r"""Field maps: which of a device's values are registers. Pure.

A path names a value in what a device said: keys and places joined by dots, ``ENERGY.Total``,
``emdata:0.total_act``, ``readings.0.kwh``. A key that holds a dot is written with ``\.``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.wire import Told
from mita.kit.quantity import PULSE, BadValue, base_unit, value_micro
from mita.metering.domain import BASE_UNIT, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DOT = re.compile(r"(?<!\\)\.")
_DEPTH_MAX = 12
_VALUES_MAX = 2_000
# as many as Decimal arithmetic keeps exactly
_DIGITS_MAX = 28


@dataclass(frozen=True, slots=True)
class Field:
    """A value that is a register: ``value * scale`` in ``unit`` (kWh, Wh, MWh, m3, kL, L), or pulses (imp).

    ``meter`` is the serial where the device has several meters that count the unit. ``places`` says to how
    many decimals of ``unit`` the device knows the value; more than that is the noise of its arithmetic.
    """

    path: str
    register: str
    unit: str
    scale: Decimal = Decimal(1)
    meter: str | None = None
    places: int | None = None


def flat(value: Any, *, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every number, text and truth of parsed JSON with its path; nothing for null.

    At most 2,000 values, twelve levels deep; what lies beyond is left out.
    """
    left = _VALUES_MAX
    for path, found in _flat(value, prefix, _DEPTH_MAX):
        if left == 0:
            return
        left -= 1
        yield path, found


def _flat(value: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    if value is None:
        return
    if isinstance(value, dict):
        pairs = [(str(key).replace(".", "\\."), each) for key, each in value.items()]
    elif isinstance(value, list):
        pairs = [(str(place), each) for place, each in enumerate(value)]
    else:
        yield prefix, value
        return
    if depth:
        for key, each in pairs:
            yield from _flat(each, f"{prefix}.{key}" if prefix else key, depth - 1)


def at(value: Any, path: str) -> Any:
    """Return what stands at a path of parsed JSON; None if nothing does."""
    for step in _DOT.split(path):
        key = step.replace("\\.", ".")
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isascii() and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def meter_of(
    unit: str, meters: Sequence[tuple[str, str]], *, named: str | None = None
) -> str | tuple[str, str]:
    """Return the serial that a value of a base unit belongs to; else (code, sentence) why none does.

    ``meters`` are (serial, utility). A solar meter behind the same device does not make kWh ambiguous.
    """
    fitting = [
        (serial, utility)
        for serial, utility in meters
        if unit in (BASE_UNIT[utility], PULSE) and (named is None or serial == named)
    ]
    electricity = [serial for serial, utility in fitting if utility == "electricity" and unit != PULSE]
    serials = electricity or [serial for serial, _ in fitting]
    if not serials:
        whose = "the device has no meter that" if named is None else f"meter {named!r} is not one that"
        return "wrong_unit", f"{whose} counts {unit}"
    if len(serials) > 1:
        return "ambiguous_meter", f"{len(serials)} meters of the device count {unit}; name one in the field"
    return serials[0]


def told(
    value: Any,
    field: Field,
    *,
    meters: Sequence[tuple[str, str]],
    taken_s: int,
    is_timed: bool,
    source: str,
    raw: str,
) -> Told | Rejection:
    """Return a field's value as a reading, or why it is none.

    ``value`` is a Decimal, an int or digits in a text.
    """
    try:
        unit, micro_per_unit = base_unit(field.unit)
    except BadValue as bad:
        return Rejection(source, field.meter, field.register, raw, bad.code, f"{field.path}: {bad}")
    serial = meter_of(unit, meters, named=field.meter)
    if isinstance(serial, tuple):
        return Rejection(source, field.meter, field.register, raw, serial[0], f"{field.path}: {serial[1]}")
    try:
        micro = value_micro(_scaled(value, field), scale=micro_per_unit)
    except BadValue as bad:
        return Rejection(source, serial, field.register, raw, bad.code, f"{field.path}: {bad}")
    return Told(serial, field.register, unit, taken_s, micro, is_timed=is_timed)


def _scaled(value: Any, field: Field) -> Decimal:
    number = _number(value)
    if not number.is_finite():
        raise BadValue("not_a_number", f"{number} is not a number")
    try:
        number *= field.scale
        return number if field.places is None else number.quantize(Decimal(1).scaleb(-field.places))
    except ArithmeticError as error:
        # such as 1e400, which cannot be written to so many places
        raise BadValue("value_out_of_range", "is larger than any register") from error


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise BadValue("not_a_number", "is not a number")
    # what Python takes for digits and no meter writes: 1_000, other scripts
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        raise BadValue("not_a_number", f"{value[:40]!r} is not a number")
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except ArithmeticError as error:
        raise BadValue("not_a_number", f"{str(value)[:40]!r} is not a number") from error
    if number.is_finite() and len(number.as_tuple().digits) > _DIGITS_MAX:
        raise BadValue("value_out_of_range", "has more digits than any register")
    return number
