"""Shelly, first generation: one plain value for each topic under ``shellies/<id>``. Pure.

``relay/N/energy`` counts watt-minutes, a sixtieth of a watt-hour, which is no whole millionth of a kWh. The
whole counter is turned, rounded down, and never a difference of it: nothing is lost from reading to reading,
and the register is at most one millionth of a kWh behind. Fields see it in watt-hours. The counter falls to
zero when the device loses its power; that is told as it is.

Settings: ``relay`` (0 if not set, or false), ``relays`` by serial, ``channel`` (of the counters, 0 if not
set). Phases of a 3EM come in a topic each, so they are not added up: each is a meter, by fields.
"""

from __future__ import annotations

import re
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
)
from mita.drivers.mqtt.routes import SHELLIES
from mita.drivers.mqtt.setup import counts_energy, faults, meters_of, relay_of, relays, sent
from mita.drivers.mqtt.suggestion import Suggestion
from mita.drivers.mqtt.telling import Said, heard, tell
from mita.drivers.mqtt.times import Taken
from mita.drivers.wire import Abilities, Alarm, Decoded, Health, Outgoing, SwitchState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mita.drivers.wire import Arrival, Device, Order

_SETTINGS = ("relay", "relays", "channel")
_RELAY = re.compile(r"relay/(\d{1,2})", re.ASCII)
_WATT_MINUTES = re.compile(r"(relay|light|roller)/\d{1,2}/energy", re.ASCII)
_COUNTER = re.compile(r"(?:relay|emeter)/(\d{1,2})/(?:energy|total)", re.ASCII)
# one watt-minute is 50/3 millionths of a kWh
_MICRO, _MINUTES = 50, 3
_ADJUSTED_MAX = 15
_EXPONENT_MIN = -10
_RSSI_DBM_MIN = -130
_UPTIME_S_MAX = 10**10


class Shelly1:
    """The driver ``shelly1``."""

    name = "shelly1"
    settings: tuple[str, ...] = _SETTINGS

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do: switch, and say so, unless its relay is set to false."""
        has_switch = bool(relays(device, default="0"))
        # it repeats its state every thirty seconds
        return Abilities(cut="relay" if has_switch else "none", proves=has_switch, answer_s=40)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with settings and fields."""
        found = list(faults(device, known=_SETTINGS, has_defaults=True))
        found += [
            f"relay {relay!r} is not the number of a channel"
            for relay in relays(device, default="0").values()
            if _RELAY.fullmatch(f"relay/{relay}") is None
        ]
        channel = device.settings.get("channel", 0)
        if isinstance(channel, bool) or not isinstance(channel, int) or channel < 0:
            found.append("setting 'channel' is not the number of a channel")
        return found

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what a message holds."""
        try:
            return _decoded(arrival, device)
        except Unreadable as bad:
            return rejected(arrival, device, code=bad.code, detail=bad.detail)

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the command; the state comes back on ``relay/N``."""
        relay = relay_of(device, meter=order.meter, default="0")
        if relay is None:
            return []
        topic = f"{SHELLIES}/{device.address}/relay/{relay}/command"
        return sent(topic, b"on" if order.is_on else b"off")

    def suggest(self, address: str, *, channel: str, payload: bytes) -> list[Suggestion]:
        """Return what a message of an unknown device tells of it."""
        match = _COUNTER.fullmatch(channel)
        try:
            value = plain(payload)
        except Unreadable:
            return []
        if match is None or not isinstance(value, Decimal):
            return []
        has_switch = channel.startswith("relay")
        number = int(match[1])
        settings: dict[str, Any] = {} if has_switch else {"relay": False}
        if number:
            settings["channel"] = number
            settings.update({"relay": number} if has_switch else {})
        notes = ("Its counter falls to zero when it loses its power.",) if has_switch else ()
        model = address.partition("-")[0]
        return [Suggestion("shelly1", address, model, (), settings, has_switch, notes)]


def fields_of(device: Device) -> tuple[Field, ...]:
    """Return the counters that are registers where a device has no fields of its own."""
    known = {serial: relay for serial, relay in relays(device).items() if serial is not None}
    places: list[tuple[str, str | None]] = [(relay, serial) for serial, relay in known.items()]
    places = places or [(str(device.settings.get("channel", 0)), None)]
    return tuple(
        Field(path.format(channel), register, "Wh", meter=serial, places=3)
        for channel, serial in places
        for path, register in (
            ("relay.{}.energy", "import"),
            ("emeter.{}.total", "import"),
            ("emeter.{}.total_returned", "export"),
        )
    )


def watt_hours(watt_minutes: Decimal) -> Decimal:
    """Return a counter of watt-minutes in watt-hours, rounded down to a thousandth; NaN if it cannot be."""
    if not watt_minutes.is_finite() or watt_minutes.adjusted() > _ADJUSTED_MAX:
        return Decimal("NaN")
    exponent = watt_minutes.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < _EXPONENT_MIN:
        return Decimal("NaN")
    counted, one = watt_minutes.as_integer_ratio()
    return Decimal(counted * _MICRO // (one * _MINUTES)).scaleb(-3)


def _decoded(arrival: Arrival, device: Device) -> Decoded:
    decoded = Decoded()
    channel = arrival.channel
    if channel in {"announce", "info"}:
        decoded.reports.append(_health(object_of(arrival.payload)))
        return decoded
    value = plain(arrival.payload)
    if channel == "online":
        decoded.reports += heard(truth(value))
        return decoded
    match = _RELAY.fullmatch(channel)
    if match:
        is_on = truth(value)
        if value == "overpower":
            decoded.reports.append(Alarm("over_current", "it switched off: too much power"))
            is_on = False
        if is_on is None:
            raise Unreadable("bad_relay", "a relay that is neither on nor off")
        relay = str(int(match[1]))
        decoded.reports += [
            SwitchState(is_on, meter) for meter in meters_of(device, relay=relay, default="0")
        ]
        return decoded
    if _WATT_MINUTES.fullmatch(channel) and isinstance(value, Decimal):
        value = watt_hours(value)
    fields = device.fields or (fields_of(device) if counts_energy(device) else ())
    said = Said(nested(channel, value), Taken(arrival.received_s), fields)
    tell(decoded, said, arrival=arrival, device=device)
    return decoded


def _health(said: Mapping[str, Any]) -> Health:
    wifi = said.get("wifi_sta")
    wifi = wifi if isinstance(wifi, dict) else {}
    return Health(
        rssi_dbm=whole(wifi.get("rssi"), low=_RSSI_DBM_MIN, high=0),
        uptime_s=whole(said.get("uptime"), low=0, high=_UPTIME_S_MAX),
        model=short(said.get("model")),
        firmware=short(said.get("fw_ver")),
    )
