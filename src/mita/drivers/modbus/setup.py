"""A device's settings for Modbus, checked. Pure.

``{"url": "tcp://10.0.0.7:502", "unit": 1, "map": "eastron_sdm120", "every_s": 900}``; the url is also
``rtu:///dev/ttyUSB0?baud=9600&parity=N&stop=1`` or ``rtu+tcp://10.0.0.8:4196``. ``map`` is the id of one that
comes with Mita, or a whole map.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import parse_qsl, urlsplit

from mita.drivers.modbus import maps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Made = TypeVar("_Made")
_SETTINGS = {
    "url", "unit", "map", "every_s", "ct_ratio", "word_order", "byte_order", "relay", "limit", "timeout_ms",
    "retries"
}  # fmt: skip
SETTINGS = tuple(sorted(_SETTINGS))
_SERIAL_PORT = re.compile(r"/dev/[\w./-]{1,100}|COM\d{1,3}")
_SERIAL_KEYS = {"baud", "parity", "stop", "bits"}
_SERIAL_DEFAULTS = (("parity", "N"), ("stop", "1"), ("bits", "8"))
_URL_MAX = 200
_SERIAL_UNIT_MAX = 247
_BAUD_MAX = 1_000_000
_PORT_MODBUS = 502
_CT_RATIO_MAX = 100_000
_DIGITS_MAX = 9


class BadSettings(ValueError):
    """Settings that cannot work; ``problems`` say each what."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Address:
    """A bus: kind, then host and port or a serial port with its parameters."""

    kind: Literal["tcp", "rtu", "rtu+tcp"]
    host: str
    port: int = 0
    baud: int = 9600
    parity: str = "N"
    stop: int = 1
    bits: int = 8

    @property
    def key(self) -> str:
        """What all units of the bus share."""
        return f"rtu://{self.host}" if self.kind == "rtu" else f"{self.kind}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Setup:
    """How a device is asked: bus, unit, map, the ratio of its current transformers, patience."""

    address: Address
    unit: int
    map: maps.Map
    every_s: int
    ct_ratio: Decimal
    timeout_ms: int
    retries: int

    @property
    def relay(self) -> maps.Relay | None:
        """The relay, if it has one."""
        return self.map.relay

    @property
    def limit(self) -> maps.Limit | None:
        """The register that holds the supply to a power, if it has one."""
        return self.map.limit


def setup(settings: Mapping[str, Any]) -> Setup:
    """Return checked settings.

    :raises BadSettings: with everything that is wrong
    """
    problems = [f"unknown setting {key[:40]!r}" for key in sorted(set(settings) - _SETTINGS)]

    def kept(make: Callable[[Any], _Made], value: Any) -> _Made | None:
        try:
            return make(value)
        except (BadSettings, maps.BadMap) as bad:
            problems.extend(bad.problems)
            return None

    def whole(key: str, default: int, low: int, high: int) -> int:
        value = settings.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            problems.append(f"{key} must be a whole number from {low} to {high}")
            return default
        return value

    address = kept(address_of, settings.get("url"))
    chosen = kept(_map, settings)
    ratio = kept(_ct_ratio, settings.get("ct_ratio", 1))
    unit = whole("unit", 1, 0, 255)
    if address is not None and address.kind != "tcp" and not 1 <= unit <= _SERIAL_UNIT_MAX:
        problems.append(
            f"unit must be from 1 to {_SERIAL_UNIT_MAX} on a serial line; 0 calls all and none answers"
        )
    every_s = whole("every_s", 900, 10, 86_400)
    timeout_ms = whole("timeout_ms", 1_500, 50, 10_000)
    retries = whole("retries", 1, 0, 5)
    if problems or address is None or chosen is None or ratio is None:
        raise BadSettings(problems)
    return Setup(address, unit, chosen, every_s, ratio, timeout_ms, retries)


def address_of(url: Any) -> Address:
    """Return the bus that a url names.

    :raises BadSettings: if it is none of tcp, rtu and rtu+tcp
    """
    if not isinstance(url, str) or len(url) > _URL_MAX:
        raise BadSettings(["url must be a text such as tcp://10.0.0.7:502"])
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadSettings([f"url {url!r}: {error}"]) from error
    if parts.scheme == "rtu":
        return _serial(parts.netloc or parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))
    if parts.scheme not in {"tcp", "rtu+tcp"}:
        raise BadSettings([f"url {url!r} must begin with tcp://, rtu:// or rtu+tcp://"])
    if not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.username or port == 0:
        raise BadSettings([f"url {url!r} must be a host and a port, such as {parts.scheme}://10.0.0.7:502"])
    return Address("tcp" if parts.scheme == "tcp" else "rtu+tcp", parts.hostname, port or _PORT_MODBUS)


def _serial(port: str, parameters: dict[str, str]) -> Address:
    problems = [f"url: unknown parameter {key[:40]!r}" for key in sorted(set(parameters) - _SERIAL_KEYS)]
    if not _SERIAL_PORT.fullmatch(port) or ".." in port:
        problems.append("url: a serial port is such as rtu:///dev/ttyUSB0?baud=9600&parity=N&stop=1")
    baud = parameters.get("baud", "9600")
    if not (baud.isascii() and baud.isdecimal() and 0 < int(baud[:8]) <= _BAUD_MAX):
        problems.append(f"url: baud {baud[:20]!r} is no speed such as 9600")
    parity, stop, bits = (parameters.get(key, default) for key, default in _SERIAL_DEFAULTS)
    if parity not in {"N", "E", "O"}:
        problems.append("url: parity is N, E or O")
    if stop not in {"1", "2"}:
        problems.append("url: stop is 1 or 2")
    if bits not in {"7", "8"}:
        problems.append("url: bits is 7 or 8")
    if problems:
        raise BadSettings(problems)
    return Address("rtu", port, baud=int(baud), parity=parity, stop=int(stop), bits=int(bits))


def _map(settings: Mapping[str, Any]) -> maps.Map:
    wanted = settings.get("map")
    if isinstance(wanted, dict):
        chosen = maps.from_document(wanted, file="map")
    elif isinstance(wanted, str):
        if wanted not in maps.catalogue():
            near = difflib.get_close_matches(wanted[:60], maps.catalogue(), n=3)
            known = (
                f"did you mean {' or '.join(near)}?" if near else "the how-to lists those that come with Mita"
            )
            raise BadSettings([f"there is no map {wanted[:60]!r}: {known}"])
        chosen = maps.named(wanted)
    else:
        raise BadSettings(["map must be the id of a map, or a whole map"])
    changed: dict[str, Any] = {
        key: settings[key] for key in ("word_order", "byte_order", "relay", "limit") if key in settings
    }
    return maps.changed(chosen, changed) if changed else chosen


def _ct_ratio(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise BadSettings(["ct_ratio must be a whole number, or a decimal number in quotes"])
    try:
        ratio = Decimal(value)
    except ArithmeticError as error:
        raise BadSettings([f"ct_ratio {str(value)[:20]!r} is not a number"]) from error
    if not ratio.is_finite() or not 0 < ratio <= _CT_RATIO_MAX or len(ratio.as_tuple().digits) > _DIGITS_MAX:
        raise BadSettings([f"ct_ratio must be above 0 and at most {_CT_RATIO_MAX}"])
    return ratio
