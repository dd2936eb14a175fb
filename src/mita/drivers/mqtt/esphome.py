"""ESPHome: one plain value for each topic, ``<prefix>/sensor/<name>/state``, all retained, none with a time.

A sensor's name is its owner's, so registers need fields, with paths such as ``sensor.total_energy``. A
retained value gives no reading: nobody knows how old it is. Pure.

A switch that is already as it is told to be says nothing; only its retained state tells, which the broker
gives to who subscribes anew.

Settings: ``relay`` (the switch's name in its topic), ``relays`` by serial.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from mita.drivers.fields import Field
from mita.drivers.mqtt.payloads import Unreadable, nested, plain, rejected, truth, whole
from mita.drivers.mqtt.setup import faults, meters_of, relay_of, relays, sent
from mita.drivers.mqtt.suggestion import Suggestion
from mita.drivers.mqtt.telling import Said, heard, tell
from mita.drivers.mqtt.times import Taken
from mita.drivers.wire import Abilities, Alarm, Decoded, Health, Outgoing, SwitchState

if TYPE_CHECKING:
    from mita.drivers.wire import Arrival, Device, Order

_SETTINGS = ("relay", "relays")
_CUMULATIVE = re.compile(r"energy|total|meter|consumption|import|export")
_NO_REGISTER = re.compile(r"daily|today|day|hour|month|week|year|power|voltage|current|cost|price")
_RETURNED = re.compile(r"export|return|feed|produc|out$")
_WATER = re.compile(r"water|gas|volume|m3")
_RSSI_DBM_MIN = -130
_UPTIME_S_MAX = 10**10


class Esphome:
    """The driver ``esphome``."""

    name = "esphome"
    settings: tuple[str, ...] = _SETTINGS

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do: switch if its relay is named."""
        has_switch = bool(relays(device))
        return Abilities(cut="relay" if has_switch else "none", proves=has_switch, answer_s=15)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with settings and fields."""
        found = list(faults(device, known=_SETTINGS, has_defaults=False))
        found += [
            f"field {each.path}: a path is such as sensor.total_energy"
            for each in device.fields
            if not each.path.startswith("sensor.")
        ]
        return found

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what a message holds."""
        try:
            return _decoded(arrival, device)
        except Unreadable as bad:
            return rejected(arrival, device, code=bad.code, detail=bad.detail)

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the command; the state comes back on the switch's state topic."""
        relay = relay_of(device, meter=order.meter)
        if relay is None:
            return []
        return sent(f"{device.address}/switch/{relay}/command", b"ON" if order.is_on else b"OFF")

    def suggest(self, address: str, *, channel: str, payload: bytes) -> list[Suggestion]:
        """Return what a message of an unknown device tells of it: one of its sensors, or its switch."""
        kind, _, name = channel.partition("/")
        try:
            value = plain(payload)
        except Unreadable:
            return []
        if kind == "switch" and truth(value) is not None:
            return [Suggestion("esphome", address, settings={"relay": name}, has_switch=True)]
        is_register = _CUMULATIVE.search(name) and not _NO_REGISTER.search(name)
        if kind != "sensor" or not isinstance(value, Decimal) or not is_register:
            return []
        register = "export" if _RETURNED.search(name) else "import"
        unit = "m3" if _WATER.search(name) else "kWh"
        field = Field("sensor." + name.replace(".", "\\."), register, unit, places=6)
        note = f"It tells no unit: {unit} is a guess from the name {name}."
        return [Suggestion("esphome", address, None, (field,), notes=(note,))]


def _decoded(arrival: Arrival, device: Device) -> Decoded:
    decoded = Decoded()
    kind, _, name = arrival.channel.partition("/")
    value = plain(arrival.payload)
    if kind == "status":
        decoded.reports += heard(truth(value))
        return decoded
    if kind == "switch" and (meters := meters_of(device, relay=name)):
        is_on = truth(value)
        if is_on is None:
            raise Unreadable("bad_relay", "a switch that is neither on nor off")
        decoded.reports += [SwitchState(is_on, meter) for meter in meters]
        return decoded
    if name.endswith("wifi_signal"):
        decoded.reports.append(Health(rssi_dbm=whole(value, low=_RSSI_DBM_MIN, high=0)))
    elif name.endswith("uptime"):
        decoded.reports.append(Health(uptime_s=whole(value, low=0, high=_UPTIME_S_MAX)))
    elif kind == "binary_sensor" and name.endswith("tamper") and (is_open := truth(value)) is not None:
        decoded.reports.append(Alarm("tamper", name, is_over=not is_open))
    said = Said(nested(arrival.channel, value), Taken(arrival.received_s), device.fields)
    tell(decoded, said, arrival=arrival, device=device)
    return decoded
