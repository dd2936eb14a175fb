"""Homie 3, 4 and 5: ``<base>/<device>/<node>/<property>``, in version 5 with ``5`` before the device.

Everything is retained and nothing has a time: what the broker kept gives no reading. ``$unit`` comes in a
message of its own, so a property becomes a register by a field with its unit, path ``<node>.<property>``;
``$unit`` and ``$description`` make suggestions. An address is the device, ``5/<device>`` in version 5, with
the base before it if that is not ``homie``. Pure.

Settings: ``relay`` (``<node>/<property>`` of a boolean), ``relays`` by serial.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.fields import Field
from mita.drivers.mqtt.payloads import (
    Unreadable,
    nested,
    object_of,
    plain,
    rejected,
    short,
    truth,
    whole,
    within,
)
from mita.drivers.mqtt.routes import HOMIE
from mita.drivers.mqtt.setup import faults, meters_of, relay_of, relays, sent
from mita.drivers.mqtt.suggestion import Suggestion
from mita.drivers.mqtt.telling import Said, tell
from mita.drivers.mqtt.times import Taken
from mita.drivers.wire import Abilities, Alarm, Decoded, Health, Outgoing, SwitchState
from mita.kit.quantity import BadValue, base_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mita.drivers.wire import Arrival, Device, Order

_SETTINGS = ("relay", "relays")
_ONLINE = {"ready": True, "sleeping": True, "alert": True, "lost": False, "disconnected": False}
_UPTIME_S_MAX = 10**10
_PARTS = 2


class Homie:
    """The driver ``homie``."""

    name = "homie"
    settings: tuple[str, ...] = _SETTINGS

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do: switch if its relay is named."""
        has_switch = bool(relays(device))
        return Abilities(cut="relay" if has_switch else "none", proves=has_switch, answer_s=15)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with settings and fields."""
        found = list(faults(device, known=_SETTINGS, has_defaults=False))
        found += [
            f"relay {relay!r} is not such as switch/power: a node and its property"
            for relay in relays(device).values()
            if len(relay.split("/")) != _PARTS
        ]
        return found

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what a message holds."""
        try:
            return _decoded(arrival, device)
        except Unreadable as bad:
            return rejected(arrival, device, code=bad.code, detail=bad.detail)

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the command; the device tells the property's new value."""
        relay = relay_of(device, meter=order.meter)
        if relay is None:
            return []
        levels = device.address.split("/")
        is_usual = len(levels) == 1 or (levels[0] == "5" and len(levels) == _PARTS)
        topic = f"{HOMIE}/{device.address}" if is_usual else device.address
        return sent(f"{topic}/{relay}/set", b"true" if order.is_on else b"false")

    def suggest(self, address: str, *, channel: str, payload: bytes) -> list[Suggestion]:
        """Return what a message of an unknown device tells of it: a property's unit, or its description."""
        try:
            if channel == "$description":
                return list(_described(address, object_of(payload)))
            if not channel.endswith("/$unit"):
                return []
            unit = plain(payload)
        except Unreadable:
            return []
        field = _field(channel.removesuffix("/$unit"), unit)
        return [] if field is None else [Suggestion("homie", address, None, (field,))]


def _decoded(arrival: Arrival, device: Device) -> Decoded:
    decoded = Decoded()
    channel = arrival.channel
    if channel == "$description":
        return decoded
    value = plain(arrival.payload)
    if channel == "$state":
        return Decoded(reports=list(_state(value)))
    if channel.startswith("$"):
        health = _health(channel, value)
        return Decoded(reports=[] if health == Health() else [health])
    if "$" in channel:
        return decoded
    meters = meters_of(device, relay=channel)
    if meters:
        is_on = truth(value)
        if is_on is None:
            raise Unreadable("bad_relay", "a switch that is neither true nor false")
        decoded.reports += [SwitchState(is_on, meter) for meter in meters]
        return decoded
    said = Said(nested(channel, value), Taken(arrival.received_s), device.fields)
    tell(decoded, said, arrival=arrival, device=device)
    return decoded


def _state(value: Any) -> Iterator[Health | Alarm]:
    if value in _ONLINE:
        yield Health(is_online=_ONLINE[value])
    if value == "alert":
        yield Alarm("device_fault", "it asks for a person")
    elif value == "ready":
        yield Alarm("device_fault", "it is ready", is_over=True)


def _health(channel: str, value: Any) -> Health:
    name = channel.removeprefix("$stats/")
    return Health(
        battery_percent=within(value, low=0, high=100) if name == "battery" else None,
        uptime_s=whole(value, low=0, high=_UPTIME_S_MAX) if name == "uptime" else None,
        firmware=short(str(value)) if name == "$fw/version" else None,
        model=short(str(value)) if name in {"$implementation", "$fw/name"} else None,
    )


def _field(place: str, unit: Any) -> Field | None:
    levels = place.split("/")
    if len(levels) != _PARTS or not isinstance(unit, str):
        return None
    try:
        base_unit(unit)
    except BadValue:
        return None
    path = ".".join(level.replace(".", "\\.") for level in levels)
    register = "export" if "export" in place or "return" in place else "import"
    return Field(path, register, unit, scale=Decimal(1), places=6)


def _described(address: str, said: Mapping[str, Any]) -> Iterator[Suggestion]:
    """Yield the suggestion of a device that describes itself, as those of version 5 do."""
    fields, switches = [], []
    for node, about in _parts(said.get("nodes")):
        for name, kind in _parts(about.get("properties")):
            field = _field(f"{node}/{name}", kind.get("unit"))
            if field is not None:
                fields.append(field)
            elif kind.get("datatype") == "boolean" and kind.get("settable") is True:
                switches.append(f"{node}/{name}")
    if fields:
        settings = {"relay": switches[0]} if switches else {}
        model = short(said.get("name"))
        yield Suggestion("homie", address, model, tuple(fields), settings, bool(switches))


def _parts(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, each in list(value.items())[:100] if isinstance(value, dict) else []:
        if isinstance(each, dict) and short(name) is not None and "/" not in name:
            yield name, each
