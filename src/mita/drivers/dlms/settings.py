"""How a DLMS meter is set up: association, addresses, what is read of it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mita.drivers.dlms.limiter import Limiter
from mita.drivers.urls import BadUrl, SerialPlace, TcpPlace, place
from mita.kit.quantity import BadValue, base_unit

if TYPE_CHECKING:
    from mita.drivers.wire import Device

Security = Literal["none", "lls", "hls_gmac"]
PORT = 4059
HOURS_MAX = 168
_OBIS = re.compile(r"\d{1,3}(\.\d{1,3}){5}")
_KEYS = re.compile(r"[0-9A-Fa-f]{32}:[0-9A-Fa-f]{32}")
_TITLE = re.compile(r"[0-9A-Fa-f]{16}")
_SAP_MAX, _BYTE_MAX = 0x3FFF, 255
_REGISTERS_MAX = 60
_OBJECTS = ("serial", "clock", "profile", "charge", "day_charge")
LIMIT_W_MAX, _VOLTS_MAX = 10_000_000, 100_000
_KNOWN = {
    "url",
    "framing",
    "client",
    "server",
    "server_physical",
    "security",
    "secret",
    "system_title",
    "registers",
    "serial",
    "clock",
    "profile",
    "profile_hours",
    "relay",
    "limiter",
    "charge",
    "day_charge",
    "deviation",
    "every_s",
}
SETTINGS = tuple(sorted(_KNOWN))
_REGISTERS = ("1.0.1.8.0.255", "1.0.2.8.0.255", "1.0.32.7.0.255")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, read. ``secret`` is the password, or both keys in hex with a colon between."""

    place: TcpPlace | SerialPlace | None
    is_hdlc: bool
    client: int
    server: int
    server_physical: int | None
    security: Security
    secret: str
    system_title: bytes
    registers: tuple[str, ...]
    serial: str
    clock: str
    profile: str
    profile_hours: int
    has_relay: bool
    is_reversed: bool
    limiter: Limiter | None = None
    charge: str | None = None
    day_charge: str | None = None

    @property
    def keys(self) -> tuple[bytes, bytes]:
        """The encryption key and the authentication key of HLS-GMAC."""
        encryption, _, authentication = self.secret.partition(":")
        return bytes.fromhex(encryption), bytes.fromhex(authentication)

    @property
    def counted_by(self) -> str:
        """Whose numbers are never to be used twice: our title and the encryption key, not the address."""
        return f"{self.system_title.hex()}:{self.keys[0].hex()}"


def settings(device: Device) -> Settings:
    """Return the settings of a device that was checked; without a url there is no place."""
    said = device.settings
    url = said.get("url")
    where = None if url is None else place(url, port=PORT, baud=9600, parity="N")
    return Settings(
        place=where,
        is_hdlc=said.get("framing", "hdlc" if isinstance(where, SerialPlace) else "wrapper") == "hdlc",
        client=said.get("client", 16),
        server=said.get("server", 1),
        server_physical=said.get("server_physical"),
        security=said.get("security", "none"),
        secret=said.get("secret", ""),
        system_title=bytes.fromhex(said.get("system_title", b"MITA0001".hex())),
        registers=tuple(said.get("registers", _REGISTERS)),
        serial=said.get("serial", "0.0.96.1.0.255"),
        clock=said.get("clock", "0.0.1.0.0.255"),
        profile=said.get("profile", "1.0.99.1.0.255"),
        profile_hours=said.get("profile_hours", 0),
        has_relay=said.get("relay", True) is not False,
        limiter=_limiter(said.get("limiter")),
        charge=said.get("charge"),
        day_charge=said.get("day_charge"),
        is_reversed=said.get("deviation") == "reversed",
    )


def problems(device: Device) -> list[str]:
    """Return what is wrong with a device's settings and fields, in plain words."""
    said = device.settings
    wrong = [f"there is no setting {name!r}" for name in sorted(set(said) - _KNOWN)]
    try:
        where = place(said.get("url"), port=PORT, baud=9600, parity="N")
        if isinstance(where, SerialPlace) and said.get("framing") == "wrapper":
            wrong.append("over a serial port the framing is hdlc")
    except BadUrl as bad:
        wrong.append(str(bad))
    if said.get("framing", "wrapper") not in ("wrapper", "hdlc"):
        wrong.append('the setting framing is "wrapper" or "hdlc"')
    if said.get("deviation", "standard") not in ("standard", "reversed"):
        wrong.append('the setting deviation is "standard" or "reversed"')
    wrong += [
        f"the setting {name} is a number from 1 to {most}"
        for name, most in (("client", _BYTE_MAX), ("server", _SAP_MAX), ("server_physical", _SAP_MAX))
        if said.get(name) is not None and not (type(said[name]) is int and 1 <= said[name] <= most)
    ]
    if said.get("limiter") is not None and _limiter(said["limiter"]) is None:
        wrong.append(
            'the setting limiter is such as {"obis": "0.0.17.0.0.255", "none_w": 13800}, '
            'and with "volts" where it watches a current'
        )
    hours = said.get("profile_hours", 0)
    if type(hours) is not int or not 0 <= hours <= HOURS_MAX:
        wrong.append(f"the setting profile_hours is a number from 0 to {HOURS_MAX}")
    wrong += _wrong_security(said.get("security", "none"), said.get("secret"), said.get("system_title"))
    wrong += _wrong_obis(said)
    for field in device.fields:
        try:
            base_unit(field.unit)
        except BadValue as bad:
            wrong.append(f"field {field.path}: {bad}")
    return wrong


def _limiter(said: Any) -> Limiter | None:
    """Return where a meter limits; None if that is not said, or cannot be."""
    if not isinstance(said, dict) or set(said) - {"obis", "none_w", "volts"}:
        return None
    obis, none_w, volts = said.get("obis"), said.get("none_w"), said.get("volts")
    if not (isinstance(obis, str) and _OBIS.fullmatch(obis) and _is_obis(obis)):
        return None
    if type(none_w) is not int or not 0 < none_w <= LIMIT_W_MAX:
        return None
    if volts is not None and (type(volts) is not int or not 0 < volts <= _VOLTS_MAX):
        return None
    return Limiter(obis, none_w, volts)


def _wrong_security(security: Any, secret: Any, title: Any) -> list[str]:
    wrong = []
    if security not in ("none", "lls", "hls_gmac"):
        wrong.append('the setting security is "none", "lls" or "hls_gmac"')
    if security == "lls" and not (isinstance(secret, str) and secret and secret.isascii()):
        wrong.append("with lls the secret is the meter's password")
    if security == "hls_gmac" and not (isinstance(secret, str) and _KEYS.fullmatch(secret)):
        wrong.append(
            "with hls_gmac the secret is the encryption key and the authentication key, "
            "32 hex digits each with a colon between"
        )
    if title is not None and not (isinstance(title, str) and _TITLE.fullmatch(title)):
        wrong.append("the setting system_title is 16 hex digits")
    return wrong


def _wrong_obis(said: Any) -> list[str]:
    registers = said.get("registers", [])
    if not isinstance(registers, list | tuple) or len(registers) > _REGISTERS_MAX:
        return [f"the setting registers is a list of at most {_REGISTERS_MAX} OBIS codes"]
    named = [("registers", each) for each in registers]
    named += [
        (name, said[name]) for name in ("serial", "clock", "profile", "charge", "day_charge") if name in said
    ]
    return [
        f"the setting {name} has {str(each)[:40]!r}, which is no OBIS code such as 1.0.1.8.0.255"
        for name, each in named
        if not (isinstance(each, str) and _is_obis(each))
    ]


def _is_obis(text: str) -> bool:
    return bool(_OBIS.fullmatch(text)) and all(int(each) <= _BYTE_MAX for each in text.split("."))
