"""Zigbee2MQTT: ``<base>/<friendly name>`` with an object of all that a device said last. Pure.

Friendly names are the user's and change. A device is registered by its IEEE address, which the bridge takes
in topics too; ``<base>/bridge/devices``, which arrives for the address ``bridge``, tells which name is whose.
With a base other than ``zigbee2mqtt`` the base stands before address and name: ``east/0x00158d0001b79111``.

``last_seen``, if the bridge is set to send it, is the time of a reading. The bridge repeats what a device
told before, so a value may be older than its message. After a command the bridge tells the state that the
device acknowledged; we ask for the true one behind it.

Settings: ``relay`` (the property that switches, ``state`` if not set, or false), ``relays`` by serial.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.fields import Field
from mita.drivers.mqtt.payloads import (
    Unreadable,
    json_of,
    object_of,
    rejected,
    short,
    text_of,
    truth,
    whole,
    within,
)
from mita.drivers.mqtt.routes import ZIGBEE
from mita.drivers.mqtt.setup import counts_energy, faults, meters_of, relay_of, relays, sent
from mita.drivers.mqtt.suggestion import Suggestion
from mita.drivers.mqtt.telling import Said, heard, tell
from mita.drivers.mqtt.times import taken
from mita.drivers.wire import Abilities, Alarm, Decoded, Health, Outgoing, Renamed, SwitchState
from mita.kit.quantity import BadValue, base_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mita.drivers.wire import AlarmWord, Arrival, Device, Order

FIELDS = (
    Field("energy", "import", "kWh", places=6),
    Field("produced_energy", "export", "kWh", places=6),
)
_SETTINGS = ("relay", "relays")
_IEEE = re.compile(r"0x[0-9a-f]{16}")
# definitions of hundreds of devices, with all that each can do
DEVICES_BYTES_MAX = 4 * 1024 * 1024
_DEVICES_MAX = 2_000
_ALIAS_MAX = 200
_SILENT = ("last_seen", "update.state", "update.installed_version", "update.latest_version")
_COMPLAINTS: dict[str, AlarmWord] = {
    "tamper": "tamper",
    "water_leak": "leak",
    "battery_low": "low_battery",
}
_CUMULATIVE = re.compile(r"(energy|produced_energy|water_consumed|gas_consumed|volume)(_[a-z0-9]+)?")
_NO_REGISTER = re.compile(r"daily|today|hour|month|week|year")
_VOLTAGE_MV_MIN = 1_000


class Zigbee2mqtt:
    """The driver ``zigbee2mqtt``."""

    name = "zigbee2mqtt"
    settings: tuple[str, ...] = _SETTINGS

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do: switch, and say so, unless its relay is set to false."""
        has_switch = bool(relays(device, default="state"))
        return Abilities(cut="relay" if has_switch else "none", proves=has_switch, answer_s=20)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with settings and fields."""
        found = list(faults(device, known=_SETTINGS, has_defaults=True))
        if _IEEE.fullmatch(device.address.rpartition("/")[2]) is None:
            found.append(
                "the address is not the device's IEEE address, such as 0x00158d0001b79111: names change"
            )
        return found

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what a message holds; with channel ``devices`` the names of all devices of a bridge."""
        try:
            return _decoded(arrival, device)
        except Unreadable as bad:
            return rejected(arrival, device, code=bad.code, detail=bad.detail)

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the command, and the question after the state."""
        relay = relay_of(device, meter=order.meter, default="state")
        if relay is None:
            return []
        base, _, ieee = device.address.rpartition("/")
        topic = f"{base or ZIGBEE}/{ieee}"
        word = {relay: "ON" if order.is_on else "OFF"}
        return [
            *sent(f"{topic}/set", json.dumps(word, separators=(",", ":")).encode()),
            *sent(f"{topic}/get", json.dumps({relay: ""}, separators=(",", ":")).encode()),
        ]

    def suggest(self, address: str, *, channel: str, payload: bytes) -> list[Suggestion]:
        """Return the unknown devices of a bridge that count something; a device itself tells no address."""
        if channel != "devices":
            return []
        try:
            return [
                found
                for each in _devices(payload)
                if (found := _suggestion(each, before=address.removesuffix("bridge"))) is not None
            ]
        except Unreadable:
            return []


def _decoded(arrival: Arrival, device: Device) -> Decoded:
    decoded = Decoded()
    if arrival.channel == "devices":
        before = device.address.removesuffix("bridge")
        decoded.reports += _names(arrival.payload, before)
        return decoded
    if arrival.channel in {"availability", "state"}:
        decoded.reports += heard(_availability(arrival.payload))
        return decoded
    said = object_of(arrival.payload)
    when = taken(said.get("last_seen"), zone=device.zone, received_s=arrival.received_s)
    for meter, relay in relays(device, default="state").items():
        is_on = truth(said.get(relay))
        if is_on is not None:
            decoded.reports.append(SwitchState(is_on, meter, taken_s=when.clock_s))
    decoded.reports += _complaints(said, when.clock_s)
    health = _health(said)
    if health != Health():
        decoded.reports.append(health)
    fields = device.fields or (FIELDS if counts_energy(device) else ())
    silent = (*_SILENT, *(name for name in said if meters_of(device, relay=name, default="state")))
    tell(decoded, Said(said, when, fields, silent, is_clock=False), arrival=arrival, device=device)
    return decoded


def _availability(payload: bytes) -> bool | None:
    text = text_of(payload)
    if text.startswith("{"):
        return truth(object_of(payload).get("state"))
    # as bridges before 1.33 wrote it
    return truth(text)


def _complaints(said: Mapping[str, Any], taken_s: int | None) -> Iterator[Alarm]:
    for name, word in _COMPLAINTS.items():
        if isinstance(said.get(name), bool):
            yield Alarm(word, name, taken_s, is_over=not said[name])


def _health(said: Mapping[str, Any]) -> Health:
    # volts of the mains have the same name as millivolts of a battery
    is_on_battery = "battery" in said or "battery_low" in said
    voltage = whole(said.get("voltage"), low=_VOLTAGE_MV_MIN, high=20_000) if is_on_battery else None
    return Health(battery_percent=within(said.get("battery"), low=0, high=100), battery_mv=voltage)


def _devices(payload: bytes) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield IEEE address, friendly name and all that a bridge says of each of its devices.

    :raises Unreadable: if the list is none
    """
    found = json_of(payload, bytes_max=DEVICES_BYTES_MAX)
    if not isinstance(found, list):
        raise Unreadable("bad_shape", "the bridge's devices are no list")
    for each in found[:_DEVICES_MAX]:
        if not isinstance(each, dict) or each.get("type") == "Coordinator":
            continue
        ieee, alias = each.get("ieee_address"), short(each.get("friendly_name"), length_max=_ALIAS_MAX)
        if isinstance(ieee, str) and _IEEE.fullmatch(ieee) and alias is not None:
            yield ieee, alias, each


def _names(payload: bytes, before: str) -> Iterator[Renamed]:
    for ieee, alias, _ in _devices(payload):
        yield Renamed(before + ieee, before + alias)


def _suggestion(found: tuple[str, str, Mapping[str, Any]], *, before: str) -> Suggestion | None:
    ieee, alias, described = found
    definition = described.get("definition")
    definition = definition if isinstance(definition, dict) else {}
    exposed = list(_exposed(definition.get("exposes")))
    fields = tuple(field for each in exposed if (field := _field(each)) is not None)
    if not fields:
        return None
    switches = [
        name
        for each in exposed
        if (name := short(each.get("property"))) and (name == "state" or name.startswith("state_"))
    ]
    model = " ".join(filter(None, (short(definition.get("vendor")), short(definition.get("model")))))
    is_usual = {(each.path, each.register) for each in fields} <= {(f.path, f.register) for f in FIELDS}
    notes = [f"It is called {alias}."]
    if len(switches) > 1:
        notes.append(f"It has {len(switches)} switches; the first is taken.")
    settings = {} if switches[:1] == ["state"] else {"relay": switches[0] if switches else False}
    return Suggestion(
        "zigbee2mqtt",
        before + ieee,
        model or None,
        () if is_usual else fields,
        settings,
        bool(switches),
        tuple(notes),
    )


def _exposed(exposes: Any, *, depth: int = 2) -> Iterator[Mapping[str, Any]]:
    for each in exposes[:200] if isinstance(exposes, list) else []:
        if isinstance(each, dict):
            yield each
            if depth:
                yield from _exposed(each.get("features"), depth=depth - 1)


def _field(exposed: Mapping[str, Any]) -> Field | None:
    name, unit = short(exposed.get("property")), short(exposed.get("unit"))
    if name is None or unit is None or not _CUMULATIVE.fullmatch(name) or _NO_REGISTER.search(name):
        return None
    try:
        base_unit(unit)
    except BadValue:
        return None
    register = "export" if name.startswith("produced") else "import"
    return Field(name, register, unit, scale=Decimal(1), places=6)
