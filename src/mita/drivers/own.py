"""Mita's own convention: ``m/<device>/up`` into readings, ``ack`` and ``state`` into reports. Pure.

An item is ``{"ts": 1795255200, "meter": "E-17", "r": {"kwh": 123.456, "w": 737.6}}``; a message holds one or
an array. ``ts`` is epoch seconds (left out by a device without a clock); ``meter`` is needed only where the
device reads several meters of a utility; ``temperature`` is the water's, in degrees Celsius, beside ``r``
and not in it: there it is the device's own and for display; ``relay`` is how the switch stands, ``limit`` to
how many watts the supply is held (``null``: to nothing); ``imp`` in ``r`` counts pulses, and ``reset: true``
beside ``r`` says that the counter began again at zero. Whatever is wrong in one item leaves the others
untouched.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mita.drivers.text import PAYLOAD_BYTES_MAX, JsonObject, parse_json
from mita.drivers.wire import (
    Abilities,
    Arrival,
    Decoded,
    Device,
    Health,
    LimitState,
    Order,
    Outgoing,
    SwitchState,
    Told,
)
from mita.kit.quantity import PULSE, BadValue, base_unit, value_micro
from mita.metering.domain import BASE_UNIT, Rejection, temperature_centi, truncated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

ITEMS_MAX = 1_000
# later than this in seconds is a time in milliseconds
_TAKEN_S_MAX = 10**11
_SERIAL_MAX = 100
_HASH = re.compile(r"[0-9a-f]{64}")
_GATEWAY_MAX = 200

# field of "r" -> (register, unit as in mita.kit.quantity)
FIELDS: dict[str, tuple[str, str]] = {
    "kwh": ("import", "kWh"),
    "wh": ("import", "Wh"),
    "kwh_export": ("export", "kWh"),
    "wh_export": ("export", "Wh"),
    "m3": ("import", "m3"),
    "l": ("import", "L"),
    # whole pulses of a counter; what they are worth is said at the register
    PULSE: ("import", PULSE),
}
# field -> (register, base unit, micro base units in one of the field's)
_REGISTERS = {name: (register, *base_unit(unit)) for name, (register, unit) in FIELDS.items()}
# for display only; per phase or channel as in v_l1
_DISPLAY = re.compile(
    r"(w|kw|va|var|v|a|hz|pf|temp|temperature|humidity|rssi|snr|battery|flow|pressure|uptime)(_[a-z0-9]{1,20})?"
)


_RELAY = {"on": True, "off": False, True: True, False: False, Decimal(1): True, Decimal(0): False}
_ONLINE = {b"online": True, b"offline": False}
_LIMIT_W_MAX = 10_000_000
_BAD_RELAY = '"relay" must be "on" or "off"'
_BAD_LIMIT = f'"limit" must be null or a whole number of watts up to {_LIMIT_W_MAX}'
_ABILITIES = Abilities(cut="relay", proves=True, answer_s=60, attempts=5)


# a wire that was used so long before the last word is not used any more
_USED_S = 7 * 86_400
_WIRES = {"mqtt": frozenset({"mqtt"}), "post": frozenset({"post"}), "both": frozenset({"mqtt", "post"})}


def wires(settings: Mapping[str, Any], *, mqtt_s: int | None, post_s: int | None) -> frozenset[str]:
    """Return over which wires commands go to a device: ``mqtt``, and ``post`` for answers to what it posts.

    What its setting ``wire`` says; else those that it spoke over lately, ``mqtt_s`` and ``post_s`` being when
    it last did (seconds since 1970); else both.
    """
    said = _WIRES.get(str(settings.get("wire", "")))
    if said is not None:
        return said
    heard = {name: at_s for name, at_s in (("mqtt", mqtt_s), ("post", post_s)) if at_s is not None}
    last_s = max(heard.values(), default=0)
    return frozenset(name for name, at_s in heard.items() if last_s - at_s <= _USED_S) or _WIRES["both"]


_SETTINGS = ("every_s", "gateway", "limit", "wire")


class Own:
    """The driver of devices that speak our own convention."""

    name = "mita"
    settings: tuple[str, ...] = _SETTINGS

    def abilities(self, device: Device) -> Abilities:
        """Return what such a device can do; that it can limit, its settings say."""
        return replace(_ABILITIES, limits=device.settings.get("limit") is True)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with the settings.

        ``gateway`` may name the device that posts for it, ``wire`` say how commands reach it; ``limit`` tells
        that it obeys limits.
        """
        if device.settings.keys() - set(_SETTINGS) or device.fields:
            return [
                "a device of our own convention needs no fields, and no settings but gateway, limit and wire"
            ]
        if not isinstance(device.settings.get("limit", False), bool):
            return ["limit is true or false: whether the device obeys limits"]
        if "wire" in device.settings and str(device.settings["wire"]) not in _WIRES:
            return ["wire is mqtt, post or both"]
        gateway = device.settings.get("gateway", "")
        if not isinstance(gateway, str) or len(gateway) > _GATEWAY_MAX or not gateway.isprintable():
            return [
                "gateway is the name of the device that posts for it, of at most 200 printable characters"
            ]
        return []

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what a message holds; its channel is ``up``, ``ack`` or ``state``."""
        source = truncated(f"{arrival.source}:m/{device.name}/{arrival.channel}")
        if arrival.channel == "up":
            return decode(
                arrival.payload,
                device=device.name,
                meters=device.meters,
                received_s=arrival.received_s,
                source=source,
            )
        decoded = Decoded()
        if arrival.channel == "ack":
            found = decode_ack(arrival.payload, source=source)
            (decoded.rejections if isinstance(found, Rejection) else decoded.reports).append(found)  # type: ignore[arg-type]  # each of its kind
        elif arrival.channel == "state":
            is_online = _ONLINE.get(arrival.payload.strip().lower()[:10])
            if is_online is not None:
                decoded.reports.append(Health(is_online=is_online))
        return decoded

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the message; the meter tells a gateway with several relays which one is meant."""
        asked: dict[str, Any] = {"relay": "on" if order.is_on else "off"}
        if order.limit is not None:
            asked = {"limit": order.limit.limit_w}
        message = {
            "id": str(order.command_id),
            **asked,
            "meter": order.meter,
            "exp": order.expires_s,
        }
        return [Outgoing(f"m/{device.name}/down", json.dumps(message).encode())]


def decode_ack(payload: bytes, *, source: str) -> SwitchState | LimitState | Rejection:
    """Return how a device says it stands after a command, or why that cannot be understood.

    What answers a command to limit says ``limit``, whatever it says of its relay beside that.
    """

    def bad(code: str, detail: str) -> Rejection:
        return Rejection(source, None, None, truncated(payload), code, detail)

    try:
        parsed: Any = parse_json(payload[: PAYLOAD_BYTES_MAX + 1])
    except ValueError as error:
        return bad("not_json", f"not JSON: {str(error)[:200]}")
    if not isinstance(parsed, dict):
        return bad("bad_shape", "an acknowledgement is an object")
    is_limit, is_on = "limit" in parsed, _relay(parsed.get("relay"))
    if not (_is_limit(parsed["limit"]) if is_limit else is_on is not None):
        code, detail = ("bad_limit", _BAD_LIMIT) if is_limit else ("bad_relay", _BAD_RELAY)
        return bad(code, detail)
    try:
        command_id = UUID(parsed.get("id"))
    except (TypeError, ValueError, AttributeError):
        return bad("unknown_command", '"id" is no command of ours')
    if is_on is None or is_limit:
        return LimitState(_limit(parsed["limit"]), command_id=command_id)
    return SwitchState(is_on, command_id=command_id)


class BadRenewal(ValueError):
    """What asks for a token cannot be understood."""


def decode_renewal(payload: bytes) -> bytes:
    """Return the SHA-256 of the token that a device shows to get its next one.

    The message is ``{"sha256": "…"}`` in lower-case hexadecimal digits: the token itself is in no message.

    :raises BadRenewal: if it is anything else
    """
    try:
        parsed: Any = parse_json(payload[: PAYLOAD_BYTES_MAX + 1])
    except ValueError as error:
        raise BadRenewal(f"not JSON: {str(error)[:200]}") from error
    shown = parsed.get("sha256") if isinstance(parsed, dict) else None
    if not isinstance(shown, str) or _HASH.fullmatch(shown) is None:
        raise BadRenewal('"sha256" must be the SHA-256 of the device\'s token, in 64 lower-case hex digits')
    return bytes.fromhex(shown)


def renewed(device: str, *, token: str, expires_at: datetime | None) -> Outgoing:
    """Return the message that gives a device its next token; the shape is the API's."""
    ends = None if expires_at is None else f"{expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    message = {"token": token, "device_token": {"expires_at": ends}}
    return Outgoing(f"m/{device}/token", json.dumps(message).encode())


def not_renewed(device: str, *, code: str, detail: str) -> Outgoing:
    """Return the message that tells a device why it gets no token."""
    return Outgoing(f"m/{device}/token", json.dumps({"code": code, "detail": detail[:300]}).encode())


def _is_limit(said: Any) -> bool:
    if said is None:
        return True
    # first its size: a short text may mean a number of a million digits
    if not isinstance(said, Decimal) or not said.is_finite() or not 0 <= said <= _LIMIT_W_MAX:
        return False
    return said == int(said)


def _limit(said: Any) -> int | None:
    return None if said is None else int(said)


def _relay(said: Any) -> bool | None:
    if not isinstance(said, str | bool | Decimal) or (isinstance(said, Decimal) and said.is_nan()):
        return None
    return _RELAY.get(said)


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
    behind = _by_serial(meters)
    for item in items:
        _decode_item(
            item, decoded, device=device, meters=meters, behind=behind, received_s=received_s, source=source
        )
    return decoded


def _by_serial(meters: Sequence[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Return a device's meters by their serials: a gateway's many items each name one."""
    behind: dict[str, list[tuple[str, str]]] = {}
    for each in meters:
        behind.setdefault(each[0], []).append(each)
    return behind


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
    behind: dict[str, list[tuple[str, str]]],
    received_s: int,
    source: str,
) -> None:
    def reject(bad: _Bad) -> None:
        rejection = Rejection(source, bad.meter, bad.register, _raw(item), bad.code, bad.detail)
        decoded.rejections.append(rejection)

    try:
        values = _registers(item)
        named = _named_meter(item, device=device, behind=behind)
        taken_s = _taken_s(item, received_s=received_s)
        warmth = _temperature(item)
    except _Bad as bad:
        reject(bad)
        return
    meters = meters if named is None else behind[named]
    is_on = _relay(item["relay"]) if "relay" in item else None
    if is_on is not None:
        decoded.reports.append(SwitchState(is_on, named, taken_s=taken_s if "ts" in item else None))
    if "limit" in item:
        if _is_limit(item["limit"]):
            said_s = taken_s if "ts" in item else None
            decoded.reports.append(LimitState(_limit(item["limit"]), named, taken_s=said_s))
        else:
            reject(_Bad("bad_limit", _BAD_LIMIT, meter=named))
    if strange := [name for name in values if name not in FIELDS and _DISPLAY.fullmatch(name) is None]:
        shown = ", ".join(ascii(name)[:30] for name in strange[:5])
        detail = f"no unit is known for {shown}; known are {', '.join(FIELDS)}"
        reject(_Bad("unknown_field", detail, meter=named))
    for name in FIELDS:
        if name in values:
            try:
                register, unit, scale = _REGISTERS[name]
                meter = _meter_of(name, unit, named=named, meters=meters)
                micro = _micro(name, values[name], meter=meter, register=register, scale=scale)
                is_reset = unit == PULSE and item.get("reset") is True
                decoded.readings.append(
                    Told(meter, register, unit, taken_s, micro, "ts" in item, warmth, is_reset)
                )
            except _Bad as bad:
                reject(bad)


def _registers(item: Any) -> JsonObject:
    if not isinstance(item, JsonObject):
        raise _Bad("bad_shape", 'an item must be an object such as {"r": {"kwh": 123.456}}')
    values = item.get("r")
    # a device may tell the state of its relay, or its limit, alone
    if values is None and ("relay" in item or "limit" in item) and "r" not in item:
        values = JsonObject()
    if not isinstance(values, JsonObject):
        raise _Bad("bad_shape", '"r" must be an object such as {"kwh": 123.456}')
    repeated = item.repeated or values.repeated
    if repeated is not None:
        raise _Bad("repeated_key", f"key {ascii(repeated)[:60]} stands there twice")
    return values


def _named_meter(item: JsonObject, *, device: str, behind: dict[str, list[tuple[str, str]]]) -> str | None:
    serial = item.get("meter")
    # what nearly all name is theirs, and need not be looked at
    if serial is None or (type(serial) is str and serial in behind):
        return serial
    if not isinstance(serial, str) or not 1 <= len(serial) <= _SERIAL_MAX or not serial.isprintable():
        raise _Bad("bad_meter", '"meter" must be a serial number of 1 to 100 printable characters')
    # also when it exists elsewhere: a device speaks for its own meters only
    raise _Bad("unknown_meter", f"device {device[:100]!r} has no meter {serial!r}", meter=serial)


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


def _micro(name: str, value: Any, *, meter: str, register: str, scale: int) -> int:
    """Return a field's value in millionths of its base unit."""
    if not isinstance(value, Decimal):
        raise _Bad("not_a_number", f"{name} must be a JSON number", meter=meter, register=register)
    try:
        return value_micro(value, scale=scale)
    except BadValue as bad:
        raise _Bad(bad.code, f"{name}: {bad}", meter=meter, register=register) from bad


def _meter_of(name: str, unit: str, *, named: str | None, meters: Sequence[tuple[str, str]]) -> str:
    """Return the serial that a field belongs to: the named meter, or the only one that counts its unit."""
    if len(meters) == 1 and unit in (BASE_UNIT[meters[0][1]], PULSE):
        return meters[0][0]
    fitting = [
        (serial, utility)
        for serial, utility in meters
        if unit in (BASE_UNIT[utility], PULSE) and (named is None or serial == named)
    ]
    # a solar meter behind the same device does not make kwh ambiguous
    electricity = [serial for serial, utility in fitting if utility == "electricity" and unit != PULSE]
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
