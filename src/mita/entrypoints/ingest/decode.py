"""Mita's own convention on MQTT: bytes of ``m/<device>/up`` into readings and rejections. Pure.

An item is ``{"ts": 1795255200, "meter": "E-17", "r": {"kwh": 123.456, "w": 737.6}}``; a message holds one or
an array. ``ts`` is epoch seconds (left out by a device without a clock); ``meter`` is needed only where the
device reads several meters of a utility; ``temperature`` is the water's, in degrees Celsius, beside ``r``
and not in it: there it is the device's own and for display. Whatever is wrong in one item leaves the others
untouched.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.text import PAYLOAD_BYTES_MAX, JsonObject, parse_json
from mita.kit.quantity import BadValue, base_unit, value_micro
from mita.metering.domain import BASE_UNIT, Rejection, temperature_centi, truncated

if TYPE_CHECKING:
    from collections.abc import Sequence

ITEMS_MAX = 1_000
# later than this in seconds is a time in milliseconds
_TAKEN_S_MAX = 10**11
_SERIAL_MAX = 100

# field of "r" -> (register, unit as in mita.kit.quantity)
FIELDS: dict[str, tuple[str, str]] = {
    "kwh": ("import", "kWh"),
    "wh": ("import", "Wh"),
    "kwh_export": ("export", "kWh"),
    "wh_export": ("export", "Wh"),
    "m3": ("import", "m3"),
    "l": ("import", "L"),
}
# for display only; per phase or channel as in v_l1
_DISPLAY = re.compile(
    r"(w|kw|va|var|v|a|hz|pf|temp|temperature|humidity|rssi|snr|battery|flow|pressure|uptime)(_[a-z0-9]{1,20})?"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A reading off the wire: serial, register, base unit, whole seconds since 1970, micro base units.

    ``temperature_centi`` is hundredths of a degree Celsius; None: it came without.
    """

    meter: str
    register: str
    unit: str
    taken_s: int
    value_micro: int
    temperature_centi: int | None = None


@dataclass(slots=True)
class Decoded:
    """What a message held."""

    samples: list[Sample] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


class _Bad(Exception):
    def __init__(
        self, code: str, detail: str, *, meter: str | None = None, register: str | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.meter, self.register = code, detail, meter, register


def decode(
    payload: bytes, *, device: str, meters: Sequence[tuple[str, str]], received_s: int, source: str
) -> Decoded:
    """Return the readings and the rejections of one message of ``device``.

    ``meters`` are the (serial, utility) of the meters behind the device; ``received_s`` is taken for an item
    without a time. Never raises: what cannot be understood is a rejection.
    """
    decoded = Decoded()
    try:
        items = _items(payload)
    except _Bad as bad:
        decoded.rejections.append(Rejection(source, None, None, truncated(payload), bad.code, bad.detail))
        return decoded
    for item in items:
        _decode_item(item, decoded, device=device, meters=meters, received_s=received_s, source=source)
    return decoded


def _items(payload: bytes) -> list[Any]:
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise _Bad("too_large", f"the message has {len(payload)} bytes, {PAYLOAD_BYTES_MAX} are allowed")
    try:
        parsed = parse_json(payload)
    except UnicodeDecodeError as error:
        raise _Bad("not_utf8", f"byte {error.start} is not UTF-8") from error
    except ValueError as error:
        raise _Bad("not_json", f"not JSON: {str(error)[:200]}") from error
    items = parsed if isinstance(parsed, list) else [parsed]
    if not items:
        raise _Bad("bad_shape", "the array is empty")
    if len(items) > ITEMS_MAX:
        raise _Bad("too_many_items", f"the message has {len(items)} items, {ITEMS_MAX} are allowed")
    return items


def _decode_item(
    item: Any,
    decoded: Decoded,
    *,
    device: str,
    meters: Sequence[tuple[str, str]],
    received_s: int,
    source: str,
) -> None:
    def reject(bad: _Bad) -> None:
        rejection = Rejection(source, bad.meter, bad.register, _raw(item), bad.code, bad.detail)
        decoded.rejections.append(rejection)

    try:
        values = _registers(item)
        named = _named_meter(item, device=device, meters=meters)
        taken_s = _taken_s(item, received_s=received_s)
        warmth = _temperature(item)
    except _Bad as bad:
        reject(bad)
        return
    strange = [name for name in values if name not in FIELDS and _DISPLAY.fullmatch(name) is None]
    if strange:
        shown = ", ".join(ascii(name)[:30] for name in strange[:5])
        detail = f"no unit is known for {shown}; known are {', '.join(FIELDS)}"
        reject(_Bad("unknown_field", detail, meter=named))
    for name in FIELDS:
        if name in values:
            try:
                sample = _sample(name, values[name], named=named, meters=meters, taken_s=taken_s)
                decoded.samples.append(
                    sample if warmth is None else replace(sample, temperature_centi=warmth)
                )
            except _Bad as bad:
                reject(bad)


def _registers(item: Any) -> JsonObject:
    if not isinstance(item, JsonObject):
        raise _Bad("bad_shape", 'an item must be an object such as {"r": {"kwh": 123.456}}')
    values = item.get("r")
    # a device may tell the state of its relay alone
    if values is None and "relay" in item and "r" not in item:
        values = JsonObject()
    if not isinstance(values, JsonObject):
        raise _Bad("bad_shape", '"r" must be an object such as {"kwh": 123.456}')
    repeated = item.repeated or values.repeated
    if repeated is not None:
        raise _Bad("repeated_key", f"key {ascii(repeated)[:60]} stands there twice")
    return values


def _named_meter(item: JsonObject, *, device: str, meters: Sequence[tuple[str, str]]) -> str | None:
    serial = item.get("meter")
    if serial is None:
        return None
    if not isinstance(serial, str) or not 1 <= len(serial) <= _SERIAL_MAX or not serial.isprintable():
        raise _Bad("bad_meter", '"meter" must be a serial number of 1 to 100 printable characters')
    if all(known != serial for known, _ in meters):
        # also when it exists elsewhere: a device speaks for its own meters only
        raise _Bad("unknown_meter", f"device {device[:100]!r} has no meter {serial!r}", meter=serial)
    return serial


def _taken_s(item: JsonObject, *, received_s: int) -> int:
    if "ts" not in item:
        return received_s
    ts = item["ts"]
    if not isinstance(ts, Decimal) or not ts.is_finite():
        raise _Bad("bad_time", '"ts" must be a number of seconds since 1970')
    if ts < 0:
        raise _Bad("time_out_of_range", '"ts" is negative')
    if ts >= _TAKEN_S_MAX:
        raise _Bad("time_out_of_range", '"ts" is not in seconds: it looks like milliseconds')
    return int(ts)


def _temperature(item: JsonObject) -> int | None:
    degrees = item.get("temperature")
    if degrees is None:
        return None
    found = temperature_centi(degrees) if isinstance(degrees, Decimal) else None
    if found is None:
        raise _Bad("bad_temperature", '"temperature" must be a number from -50 to 150 (degrees Celsius)')
    return found


def _sample(
    name: str, value: Any, *, named: str | None, meters: Sequence[tuple[str, str]], taken_s: int
) -> Sample:
    register, unit_name = FIELDS[name]
    unit, scale = base_unit(unit_name)
    meter = _meter_of(name, unit, named=named, meters=meters)
    if not isinstance(value, Decimal):
        raise _Bad("not_a_number", f"{name} must be a JSON number", meter=meter, register=register)
    try:
        return Sample(meter, register, unit, taken_s, value_micro(value, scale=scale))
    except BadValue as bad:
        raise _Bad(bad.code, f"{name}: {bad}", meter=meter, register=register) from bad


def _meter_of(name: str, unit: str, *, named: str | None, meters: Sequence[tuple[str, str]]) -> str:
    """Return the serial that a field belongs to: the named meter, or the only one that counts its unit."""
    fitting = [
        (serial, utility)
        for serial, utility in meters
        if BASE_UNIT[utility] == unit and (named is None or serial == named)
    ]
    # a solar meter behind the same device does not make kwh ambiguous
    electricity = [serial for serial, utility in fitting if utility == "electricity"]
    serials = electricity or [serial for serial, _ in fitting]
    if not serials:
        whose = "the device has no meter that" if named is None else f"meter {named!r} is not one that"
        raise _Bad("wrong_unit", f"{name}: {whose} counts {unit}", meter=named)
    if len(serials) > 1:
        detail = f'{name}: {len(serials)} meters of the device count {unit}; name one as "meter"'
        raise _Bad("ambiguous_meter", detail)
    return serials[0]


def _raw(item: Any) -> str:
    """Return an item as it came, near enough; escaped, so that nothing in it can trouble the database."""
    try:
        return truncated(json.dumps(item, default=str))
    except (RecursionError, ValueError):
        return "(nested too deeply)"
