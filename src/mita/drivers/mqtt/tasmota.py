"""Tasmota: ``tele/<topic>/SENSOR`` and ``STATE``, answers on ``stat/<topic>/...``, last will ``LWT``. Pure.

``Time`` is local without a zone, which is the device's setting ``zone``. A list, one value for each phase or
tariff, is added up where a field names the list; ``ENERGY.Total.0`` names the first phase alone. Readers of
other meters (SML and the like) name their values as their owner likes, so they need fields.

Settings: ``full_topic`` and ``prefixes`` (Prefix1 to Prefix3) as on the device; ``relay`` (1, or false),
``relays`` by serial.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mita.drivers.fields import Field
from mita.drivers.mqtt.payloads import Unreadable, object_of, rejected, short, text_of, truth, whole
from mita.drivers.mqtt.routes import Prefixes, Table
from mita.drivers.mqtt.setup import counts_energy, faults, meters_of, relay_of, relays, sent
from mita.drivers.mqtt.suggestion import Suggestion
from mita.drivers.mqtt.telling import Said, heard, tell
from mita.drivers.mqtt.times import taken
from mita.drivers.wire import Abilities, Decoded, Health, Outgoing, SwitchState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mita.drivers.mqtt.times import Taken
    from mita.drivers.text import JsonObject
    from mita.drivers.wire import Arrival, Device, Order

FULL_TOPIC = "%prefix%/%topic%/"
PREFIXES = ("cmnd", "stat", "tele")
FIELDS = (
    Field("ENERGY.Total", "import", "kWh", places=6),
    Field("ENERGY.ExportActive", "export", "kWh", places=6),
)
_POWER = re.compile(r"POWER([1-9]|[12]\d|3[0-2])?", re.ASCII)
# they hold a time, and no time of the values
_SILENT = ("Time", "ENERGY.TotalStartTime", "Epoch")
_SETTINGS = ("full_topic", "prefixes", "relay", "relays")
_RSSI_DBM_MIN = -130
_UPTIME_S_MAX = 10**10


class Tasmota:
    """The driver ``tasmota``."""

    name = "tasmota"
    settings: tuple[str, ...] = _SETTINGS

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do: switch, and say so, unless its relay is set to false."""
        has_switch = bool(relays(device, default="1"))
        return Abilities(cut="relay" if has_switch else "none", proves=has_switch, answer_s=15)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with settings and fields."""
        found = list(faults(device, known=_SETTINGS, has_defaults=True))
        if device.zone is None:
            found.append("no time zone is set, so its local times are not used")
        found += [
            f"relay {relay!r} is not a number from 1 to 32"
            for relay in relays(device, default="1").values()
            if _POWER.fullmatch(f"POWER{relay}") is None
        ]
        full_topic, prefixes = _topics(device)
        try:
            Table(Prefixes(tasmota=(full_topic,)))
        except ValueError as error:
            found.append(f"setting 'full_topic': {error}")
        if len(prefixes) != len(PREFIXES):
            found.append("setting 'prefixes' is a list of three words, such as cmnd, stat, tele")
        return found

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what a message holds."""
        try:
            return _decoded(arrival, device)
        except Unreadable as bad:
            return rejected(arrival, device, code=bad.code, detail=bad.detail)

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the command ``POWER``; the device answers with the state on ``stat/<topic>/RESULT``."""
        relay = relay_of(device, meter=order.meter, default="1")
        full_topic, prefixes = _topics(device)
        if relay is None or not prefixes:
            return []
        topic = full_topic.strip("/").replace("%prefix%", prefixes[0]).replace("%topic%", device.address)
        name = "POWER" if relay == "1" else f"POWER{relay}"
        return sent(f"{topic}/{name}", b"ON" if order.is_on else b"OFF")

    def suggest(self, address: str, *, channel: str, payload: bytes) -> list[Suggestion]:
        """Return what a message of an unknown device tells of it."""
        if channel != "tele/SENSOR":
            return []
        try:
            said = object_of(payload)
        except Unreadable:
            return []
        if isinstance(said.get("ENERGY"), dict) and "Total" in said["ENERGY"]:
            notes = ["It tells local time: its time zone must be that of the device."]
            if isinstance(said["ENERGY"]["Total"], list):
                notes.append("It tells several phases; without fields they are added up.")
            return [Suggestion("tasmota", address, has_switch=True, notes=tuple(notes))]
        return [_reader(address, name, part) for name, part in said.items() if _is_reader(part)][:1]


def _topics(device: Device) -> tuple[str, tuple[str, ...]]:
    full_topic = device.settings.get("full_topic", FULL_TOPIC)
    prefixes = device.settings.get("prefixes", PREFIXES)
    words = prefixes if isinstance(prefixes, list | tuple) else ()
    return (
        full_topic if isinstance(full_topic, str) else FULL_TOPIC,
        tuple(word for word in words if isinstance(word, str)),
    )


def _decoded(arrival: Arrival, device: Device) -> Decoded:
    kind, _, leaf = arrival.channel.partition("/")
    decoded = Decoded()
    if leaf == "LWT":
        decoded.reports += heard(truth(text_of(arrival.payload)))
        return decoded
    if _POWER.fullmatch(leaf):
        decoded.reports += _states({leaf: text_of(arrival.payload)}, device, None)
        return decoded
    said = _unwrapped(object_of(arrival.payload))
    when = taken(said.get("Time"), zone=device.zone, received_s=arrival.received_s)
    decoded.reports += _states(said, device, when)
    health = _health(said)
    if health != Health():
        decoded.reports.append(health)
    fields = device.fields or (FIELDS if counts_energy(device) else ())
    silent = (*_SILENT, *(name for name in said if _POWER.fullmatch(name)))
    # RESULT answers commands, and repeats what it likes of the settings
    if kind == "tele" or leaf.startswith("STATUS"):
        tell(decoded, Said(said, when, fields, silent), arrival=arrival, device=device)
    return decoded


def _unwrapped(said: JsonObject) -> JsonObject:
    """Return what ``STATUS10`` and its like wrap: ``{"StatusSNS": {...}}``."""
    if len(said) == 1:
        ((name, inner),) = said.items()
        if name.startswith("Status") and isinstance(inner, dict):
            return inner  # type: ignore[return-value]  # of JSON
    return said


def _states(said: Any, device: Device, when: Taken | None) -> Iterator[SwitchState]:
    for name, value in said.items():
        match = _POWER.fullmatch(name)
        is_on = truth(value)
        if match and is_on is not None:
            for meter in meters_of(device, relay=match[1] or "1", default="1"):
                yield SwitchState(is_on, meter, taken_s=None if when is None else when.clock_s)


def _health(said: JsonObject) -> Health:
    wifi, info, firmware = said.get("Wifi"), said.get("Info1"), said.get("StatusFWR", said)
    signal = wifi.get("Signal") if isinstance(wifi, dict) else None
    info = info if isinstance(info, dict) else {}
    version = firmware.get("Version") if isinstance(firmware, dict) else None
    return Health(
        rssi_dbm=whole(signal, low=_RSSI_DBM_MIN, high=0),
        uptime_s=whole(said.get("UptimeSec"), low=0, high=_UPTIME_S_MAX),
        model=short(info.get("Module")),
        firmware=short(info.get("Version")) or short(version),
    )


_IMPORTS = ("total_in", "e_in", "1_8_0")
_EXPORTS = ("total_out", "e_out", "2_8_0")


def _is_reader(part: Any) -> bool:
    return isinstance(part, dict) and any(str(key).lower() in _IMPORTS for key in part)


def _reader(address: str, name: str, part: dict[str, Any]) -> Suggestion:
    fields = []
    for key in part:
        register = {**dict.fromkeys(_IMPORTS, "import"), **dict.fromkeys(_EXPORTS, "export")}.get(key.lower())
        if register is not None:
            path = ".".join(step.replace(".", "\\.") for step in (name, key))
            fields.append(Field(path, register, "kWh", places=6))
    note = "It reads a meter and tells no unit: compare with the meter's display."
    return Suggestion("tasmota", address, None, tuple(fields), {"relay": False}, notes=(note,))
