"""How a LoRaWAN device is set up: its settings, read once, with what is wrong with them. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from mita.drivers.lorawan.models import model
from mita.drivers.wire import AlarmWord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mita.drivers.fields import Field
    from mita.drivers.wire import Device

Encoder = Literal["server", "codec"]
BatteryUnit = Literal["percent", "V", "mV"]
DeviceClass = Literal["A", "C"]

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_TEXT_MAX = 500
F_PORT_MAX = 223
DOWNLINK_BYTES_MAX = 242
# a model brings most of them; who sets one up rarely says more than the first few
SETTINGS = (
    "model", "class", "uplink_s", "codec", "relay", "limit", "application_id", "webhook_id", "device_id",
    "server_url", "command_topic", "format", "queue", "answer_s", "attempts", "variables", "time_path",
    "temperature_path", "firmware_path", "model_path", "list_path", "list_time", "list_name", "list_value",
    "deltas", "switch", "battery", "alarms", "shown",
)  # fmt: skip
_DAY_S = 86_400
# a class A device is asked again after two uplinks that brought no answer
_UPLINK_S = 3_600
_MARGIN_S = 60
_REMEMBERED = 4_096
# stands in an object for an encoder where the power of a limit goes
WATTS = "%watts%"


@dataclass(frozen=True, slots=True)
class ListOf:
    """Where an uplink holds several readings: a list of objects with a time each."""

    path: str
    time: str = "ts"
    name: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Deltas:
    """Where an uplink holds a register value and what came on top of it, step by step.

    With a negative ``step_s`` the list leads back in time from the value.
    """

    base_path: str
    list_path: str
    step_s: int
    value: str | None = None
    time_path: str | None = None
    scale: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Switch:
    """Where a device says whether its switch is on, and the words it has for it."""

    path: str
    on: tuple[Any, ...]
    off: tuple[Any, ...]
    meter: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """Words at a path that raise an alarm, and those that end it; without any, whatever stands there does."""

    path: str
    alarm: AlarmWord
    words: tuple[Any, ...] = ()
    over: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Relay:
    """What switches a supply: bytes, or objects that ``encoder`` makes bytes of."""

    f_port: int
    on: bytes | Mapping[str, Any]
    off: bytes | Mapping[str, Any]
    is_confirmed: bool = True
    encoder: Encoder = "server"


@dataclass(frozen=True, slots=True)
class LimitRule:
    """What holds a supply to a power: an object for an encoder, with ``%watts%`` for the power in steps.

    ``path`` is where an uplink says what the device holds it to, in the same steps; ``none`` what it says
    there without a limit. With ``lift`` of bytes nothing has to be encoded to lift it.
    """

    f_port: int
    limit: Mapping[str, Any]
    lift: bytes | Mapping[str, Any]
    path: str
    none: tuple[Any, ...]
    scale_w: int = 1
    is_confirmed: bool = True
    encoder: Encoder = "server"


@dataclass(frozen=True, slots=True)
class Plan:
    """A device's settings, with those of its model; ``problems`` are what is wrong with them, in words."""

    fields: tuple[Field, ...] = ()
    time_path: str | None = None
    temperature_path: str | None = None
    firmware_path: str | None = None
    model_path: str | None = None
    items: ListOf | None = None
    deltas: Deltas | None = None
    switch: Switch | None = None
    battery: tuple[str, BatteryUnit] | None = None
    alarms: tuple[AlarmRule, ...] = ()
    shown: frozenset[str] = frozenset()
    relay: Relay | None = None
    limit: LimitRule | None = None
    codec: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    device_class: DeviceClass = "A"
    answer_s: int = 2 * _UPLINK_S + _MARGIN_S
    attempts: int = 3
    application_id: str | None = None
    webhook_id: str | None = None
    device_id: str | None = None
    server_url: str | None = None
    command_topic: str | None = None
    is_protobuf: bool = False
    is_appended: bool = False
    problems: tuple[str, ...] = ()


class _Reader:
    """Takes settings out of a mapping by kind; what is of another kind is a problem and counts as absent."""

    def __init__(self, raw: Mapping[str, Any], *, place: str, problems: list[str]) -> None:
        self._raw, self._place, self._problems = raw, place, problems
        self._known: set[str] = set()

    def problem(self, key: str, wish: str) -> None:
        self._problems.append(f"{self._place}{key} {wish}")

    def value(self, key: str) -> Any:
        self._known.add(key)
        return self._raw.get(key)

    def text(self, key: str, *, is_needed: bool = False) -> str | None:
        value = self.value(key)
        if value is None and not is_needed:
            return None
        if isinstance(value, str) and 1 <= len(value) <= _TEXT_MAX and value.isprintable():
            return value
        self.problem(key, f"must be a text of 1 to {_TEXT_MAX} characters")
        return None

    def whole(self, key: str, *, least: int, most: int) -> int | None:
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, bool) and isinstance(value, int) and least <= value <= most:
            return value
        self.problem(key, f"must be a whole number from {least} to {most}")
        return None

    def choice(self, key: str, *, of: tuple[str, ...], default: str) -> Any:
        value = self.value(key)
        if value is None or value in of:
            return default if value is None else value
        self.problem(key, f"must be one of {', '.join(of)}")
        return default

    def truth(self, key: str, *, default: bool) -> bool:
        value = self.value(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.problem(key, "must be true or false")
        return default

    def words(self, key: str) -> tuple[Any, ...]:
        value = self.value(key)
        found = value if isinstance(value, list | tuple) else [] if value is None else [value]
        if all(isinstance(word, str | int | Decimal) for word in found):
            return tuple(found)
        self.problem(key, "must be a word, a number, true or false, or a list of those")
        return ()

    def part(self, key: str) -> _Reader | None:
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return _Reader(value, place=f"{self._place}{key}.", problems=self._problems)
        self.problem(key, "must be an object")
        return None

    def parts(self, key: str) -> list[_Reader]:
        value = self.value(key)
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return [
                _Reader(each, place=f"{self._place}{key}.{place}.", problems=self._problems)
                for place, each in enumerate(value)
            ]
        self.problem(key, "must be a list of objects")
        return []

    def finish(self) -> None:
        for key in self._raw:
            if key not in self._known:
                self.problem(str(key)[:60], "is not a setting of this driver")


class _Same:
    """A device as a key: the same object, not an equal one, since settings cannot be hashed."""

    __slots__ = ("device",)

    def __init__(self, device: Device) -> None:
        self.device = device

    def __hash__(self) -> int:
        return id(self.device)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.device is self.device


def plan_of(device: Device) -> Plan:
    """Return a device's settings over those of its model; a broken part is left out and told of.

    Read once for each device object, whose settings must not be changed afterwards.
    """
    return _plan_of(_Same(device))


@lru_cache(maxsize=_REMEMBERED)
def _plan_of(same: _Same) -> Plan:
    device, problems = same.device, list[str]()
    fields, settings = tuple(device.fields), dict(device.settings)
    model_id = settings.pop("model", None)
    if model_id is not None:
        known = model(model_id) if isinstance(model_id, str) else None
        if known is None:
            problems.append(f"model {str(model_id)[:60]!r} is not one that is known")
        else:
            fields = fields or known.fields
            settings = {**known.settings, **settings}
    return _plan(_Reader(settings, place="", problems=problems), fields=fields, problems=problems)


def _plan(reader: _Reader, *, fields: tuple[Field, ...], problems: list[str]) -> Plan:
    codec = reader.text("codec")
    device_class: DeviceClass = reader.choice("class", of=get_args(DeviceClass), default="A")
    uplink_s = reader.whole("uplink_s", least=1, most=31 * _DAY_S) or _UPLINK_S
    default_s = 2 * uplink_s + _MARGIN_S if device_class == "A" else _MARGIN_S
    found = {
        "time_path": reader.text("time_path"),
        "temperature_path": reader.text("temperature_path"),
        "firmware_path": reader.text("firmware_path"),
        "model_path": reader.text("model_path"),
        "items": _items(reader),
        "deltas": _part(reader, "deltas", _deltas),
        "switch": _part(reader, "switch", _switch),
        "battery": _part(reader, "battery", _battery),
        "alarms": tuple(rule for each in reader.parts("alarms") if (rule := _alarm(each)) is not None),
        "shown": frozenset(str(path) for path in reader.words("shown")),
        "relay": _part(reader, "relay", lambda part: _relay(part, codec=codec)),
        "limit": _part(reader, "limit", lambda part: _limit(part, codec=codec)),
        "variables": _variables(reader),
        "answer_s": reader.whole("answer_s", least=1, most=31 * _DAY_S) or default_s,
        "attempts": reader.whole("attempts", least=1, most=20) or 3,
        "application_id": reader.text("application_id"),
        "webhook_id": reader.text("webhook_id"),
        "device_id": reader.text("device_id"),
        "server_url": _server_url(reader),
        "command_topic": reader.text("command_topic"),
        "is_protobuf": reader.choice("format", of=("json", "protobuf"), default="json") == "protobuf",
        "is_appended": reader.choice("queue", of=("replace", "push"), default="replace") == "push",
    }
    reader.finish()
    return Plan(fields=fields, codec=codec, device_class=device_class, problems=tuple(problems), **found)


def _part(reader: _Reader, key: str, read: Callable[[_Reader], Any]) -> Any:
    part = reader.part(key)
    if part is None:
        return None
    found = read(part)
    part.finish()
    return found


def _items(reader: _Reader) -> ListOf | None:
    path, time = reader.text("list_path"), reader.text("list_time") or "ts"
    name, value = reader.text("list_name"), reader.text("list_value")
    if (name is None) != (value is None):
        reader.problem("list_name", "and list_value belong together")
        return None
    return None if path is None else ListOf(path, time, name, value)


def _deltas(part: _Reader) -> Deltas | None:
    base, path = part.text("base_path", is_needed=True), part.text("list_path", is_needed=True)
    step_s = part.whole("step_s", least=-_DAY_S, most=_DAY_S)
    value, time_path = part.text("value"), part.text("time_path")
    scale = _scale(part)
    if not step_s:
        part.problem("step_s", "must tell the seconds between two values, and not be 0")
    if base is None or path is None or not step_s or scale is None:
        return None
    return Deltas(base, path, step_s, value, time_path, scale)


def _scale(part: _Reader) -> Decimal | None:
    text = part.text("scale")
    try:
        scale = Decimal(text or 1)
    except InvalidOperation:
        scale = Decimal(0)
    if scale.is_finite() and scale > 0:
        return scale
    part.problem("scale", "must be a number above 0, as a text")
    return None


def _switch(part: _Reader) -> Switch | None:
    path, on, off = part.text("path", is_needed=True), part.words("on"), part.words("off")
    meter = part.text("meter")
    if not on or not off or set(on) & set(off):
        part.problem("on", "and off must each name what the device says, and not the same")
        return None
    return None if path is None else Switch(path, on, off, meter)


def _battery(part: _Reader) -> tuple[str, BatteryUnit] | None:
    path = part.text("path", is_needed=True)
    unit: BatteryUnit = part.choice("unit", of=get_args(BatteryUnit), default="percent")
    return None if path is None else (path, unit)


def _alarm(part: _Reader) -> AlarmRule | None:
    path, alarm = part.text("path", is_needed=True), part.value("alarm")
    words, over = part.words("words"), part.words("over")
    part.finish()
    if alarm not in get_args(AlarmWord):
        part.problem("alarm", f"must be one of {', '.join(get_args(AlarmWord))}")
        return None
    return None if path is None else AlarmRule(path, alarm, words, over)


def _relay(part: _Reader, *, codec: str | None) -> Relay | None:
    f_port = part.whole("f_port", least=1, most=F_PORT_MAX)
    on, off = _order(part, "on"), _order(part, "off")
    is_confirmed = part.truth("confirmed", default=True)
    default: Encoder = "server" if codec is None else "codec"
    encoder: Encoder = part.choice("encoder", of=get_args(Encoder), default=default)
    if f_port is None:
        part.problem("f_port", "must tell the port that the device listens on")
    if f_port is None or on is None or off is None:
        return None
    if isinstance(on, bytes) != isinstance(off, bytes) or on == off:
        part.problem("on", "and off must be of one kind, and not the same")
        return None
    if encoder == "codec" and codec is None and not isinstance(on, bytes):
        part.problem("encoder", "is a codec, but none is named in codec")
        return None
    return Relay(f_port, on, off, is_confirmed, encoder)


def _limit(part: _Reader, *, codec: str | None) -> LimitRule | None:
    f_port = part.whole("f_port", least=1, most=F_PORT_MAX)
    limit, lift = _order(part, "limit"), _order(part, "lift")
    path, none = part.text("path", is_needed=True), part.words("none")
    scale_w = part.whole("scale_w", least=1, most=100_000) or 1
    is_confirmed = part.truth("confirmed", default=True)
    default: Encoder = "server" if codec is None else "codec"
    encoder: Encoder = part.choice("encoder", of=get_args(Encoder), default=default)
    if f_port is None:
        part.problem("f_port", "must tell the port that the device listens on")
    if not isinstance(limit, dict) or not has_watts(limit):
        part.problem("limit", 'must be an object for an encoder that has "%watts%" where the power stands')
        return None
    if encoder == "codec" and codec is None:
        part.problem("encoder", "is a codec, but none is named in codec")
        return None
    if not none:
        part.problem("none", "must name what the device says where it has no limit")
    if f_port is None or lift is None or path is None or not none:
        return None
    return LimitRule(f_port, limit, lift, path, none, scale_w, is_confirmed, encoder)


def has_watts(value: Any) -> bool:
    """Tell whether ``%watts%`` stands anywhere in an object."""
    if isinstance(value, dict):
        return any(has_watts(each) for each in value.values())
    if isinstance(value, list):
        return any(has_watts(each) for each in value)
    return bool(value == WATTS)


def _order(part: _Reader, key: str) -> bytes | Mapping[str, Any] | None:
    """Return what is sent: an object; else bytes from a list of numbers, hex digits or base64."""
    value = part.value(key)
    if isinstance(value, dict) and value:
        return value
    payload = b""
    if isinstance(value, list) and all(type(each) is int and each in range(256) for each in value):
        payload = bytes(value)
    elif isinstance(value, str) and _HEX.fullmatch(value):
        payload = bytes.fromhex(value)
    elif isinstance(value, str):
        try:
            payload = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            payload = b""
    if 1 <= len(payload) <= DOWNLINK_BYTES_MAX:
        return payload
    part.problem(
        key, "must be hex digits, base64, a list of numbers from 0 to 255, or an object for an encoder"
    )
    return None


def _server_url(reader: _Reader) -> str | None:
    url = reader.text("server_url")
    if url is None or url.startswith(("https://", "http://")):
        return url
    reader.problem("server_url", "must begin with https://")
    return None


def _variables(reader: _Reader) -> dict[str, str]:
    value = reader.value("variables")
    if value is None:
        return {}
    if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
        return dict(value)
    reader.problem("variables", "must be an object of texts")
    return {}
