"""Shelly, second generation and later: notifications, status topics, answers to our calls. Pure.

A ``NotifyStatus`` tells what changed and leaves out the rest: what is missing is unchanged, ``null`` is gone.
Counters are in watt-hours. Our calls carry ``src`` = ``mita/<prefix>/<command id>``, which is the topic that
the device answers on and comes back as ``dst``; after ``Switch.Set`` we ask for the state, because a switch
that was already there says nothing of itself.

Settings: ``relay`` (channel of the switch, 0 if not set, or false), ``relays`` by serial, ``channel`` (of the
counters, 0 if not set).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mita.drivers.fields import Field, at
from mita.drivers.mqtt.payloads import Unreadable, object_of, rejected, short, text_of, truth, whole, within
from mita.drivers.mqtt.routes import REPLIES
from mita.drivers.mqtt.setup import counts_energy, faults, meters_of, relay_of, relays, sent
from mita.drivers.mqtt.suggestion import Suggestion
from mita.drivers.mqtt.telling import Said, heard, tell
from mita.drivers.mqtt.times import Taken, taken
from mita.drivers.text import JsonObject
from mita.drivers.wire import Abilities, Alarm, Decoded, Health, Outgoing, Step, SwitchState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mita.drivers.wire import Arrival, Device, Order

_SETTINGS = ("relay", "relays", "channel")
_SET, _GET = 1, 2
_SWITCH = re.compile(r"switch:(\d{1,3})", re.ASCII)
_SILENT = ("ts",)
_RSSI_DBM_MIN = -130
_UPTIME_S_MAX = 10**10
# counters by the component they stand in: import, export
_COUNTERS = {
    "switch": ("aenergy.total", "ret_aenergy.total"),
    "pm1": ("aenergy.total", "ret_aenergy.total"),
    "emdata": ("total_act", "total_act_ret"),
    "em1data": ("total_act_energy", "total_act_ret_energy"),
}
# errors that the device gets over by itself
_MAY_RETRY = {-104, -108, -114}
_COMPLAINTS = {"overpower": "over_current", "overcurrent": "over_current"}


class Shelly:
    """The driver ``shelly``."""

    name = "shelly"
    settings: tuple[str, ...] = _SETTINGS

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do: switch, and say so, unless its relay is set to false."""
        has_switch = bool(relays(device, default="0"))
        return Abilities(cut="relay" if has_switch else "none", proves=has_switch, answer_s=15)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with settings and fields."""
        found = list(faults(device, known=_SETTINGS, has_defaults=True))
        found += [
            f"relay {relay!r} is not the number of a channel"
            for relay in relays(device, default="0").values()
            if _SWITCH.fullmatch(f"switch:{relay}") is None
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
        """Return the calls that switch and then ask for the state."""
        relay = relay_of(device, meter=order.meter, default="0")
        if relay is None or not relay.isdecimal():
            return []
        source = f"{REPLIES}/{device.address}/{order.command_id}"
        topic, channel = f"{device.address}/rpc", int(relay)
        calls = [
            {"id": _SET, "src": source, "method": "Switch.Set", "params": {"id": channel, "on": order.is_on}},
            {"id": _GET, "src": source, "method": "Switch.GetStatus", "params": {"id": channel}},
        ]
        return [
            message
            for call in calls
            for message in sent(topic, json.dumps(call, separators=(",", ":")).encode())
        ]

    def suggest(self, address: str, *, channel: str, payload: bytes) -> list[Suggestion]:
        """Return what a message of an unknown device tells of it."""
        try:
            said = object_of(payload)
        except Unreadable:
            return []
        source = short(said.get("src"))
        parts = said.get("params") if channel == "events/rpc" else None
        if channel.startswith("status/"):
            parts = {channel.removeprefix("status/"): said}
        if not isinstance(parts, dict):
            return []
        names = [name for name in parts if isinstance(parts[name], dict) and name.count(":") == 1]
        counting = sorted(
            name
            for name in names
            if any(at(parts[name], path) is not None for path in _COUNTERS.get(name.partition(":")[0], ()))
        )
        if not counting:
            return []
        switches = [name for name in names if _SWITCH.fullmatch(name)]
        settings: dict[str, Any] = {} if switches else {"relay": False}
        number = counting[0].partition(":")[2]
        if number.isascii() and number.isdecimal() and int(number) > 0:
            settings["channel"] = int(number)
            settings.update({"relay": int(number)} if switches else {})
        notes = ("It counts on several channels: each is a meter.",) if len(counting) > 1 else ()
        model = None if source is None else source.partition("-")[0]
        return [Suggestion("shelly", address, model, (), settings, bool(switches), notes)]


def fields_of(device: Device) -> tuple[Field, ...]:
    """Return the counters that are registers where a device has no fields of its own."""
    known = {serial: relay for serial, relay in relays(device).items() if serial is not None}
    # a relay for each meter: its counters are that meter's
    places: list[tuple[str, str | None]] = [(relay, serial) for serial, relay in known.items()]
    places = places or [(str(device.settings.get("channel", 0)), None)]
    return tuple(
        Field(f"{component}:{channel}.{path}", register, "Wh", meter=serial, places=3)
        for channel, serial in places
        for component, paths in _COUNTERS.items()
        for path, register in zip(paths, ("import", "export"), strict=True)
    )


def _decoded(arrival: Arrival, device: Device) -> Decoded:
    decoded = Decoded()
    channel = arrival.channel
    if channel == "online":
        decoded.reports += heard(truth(text_of(arrival.payload)))
        return decoded
    said = object_of(arrival.payload)
    name, _, leaf = channel.partition("/")
    if leaf == "rpc" and name != "events":
        _answer(decoded, said, command=name, arrival=arrival, device=device)
    elif channel == "events/rpc":
        parts = said.get("params")
        if not isinstance(parts, dict):
            raise Unreadable("bad_shape", "a notification without params")
        when = taken(parts.get("ts"), zone=None, received_s=arrival.received_s)
        if said.get("method") in {"NotifyStatus", "NotifyFullStatus"}:
            _status(decoded, parts, when, arrival=arrival, device=device)
    elif name == "status":
        part = JsonObject({leaf: said})
        _status(decoded, part, Taken(arrival.received_s), arrival=arrival, device=device)
    return decoded


def _status(
    decoded: Decoded, parts: Mapping[str, Any], when: Taken, *, arrival: Arrival, device: Device
) -> None:
    decoded.reports += _states(parts, device, when, None)
    decoded.reports += _complaints(parts, when)
    health = _health(parts)
    if health != Health():
        decoded.reports.append(health)
    fields = device.fields
    if not fields and counts_energy(device):
        fields = fields_of(device)
    tell(decoded, Said(parts, when, fields, _SILENT), arrival=arrival, device=device)


def _states(
    parts: Mapping[str, Any], device: Device, when: Taken, command_id: UUID | None
) -> Iterator[SwitchState]:
    for name, part in parts.items():
        match = _SWITCH.fullmatch(name)
        output = part.get("output") if isinstance(part, dict) else None
        if match and isinstance(output, bool):
            for meter in meters_of(device, relay=str(int(match[1])), default="0"):
                yield SwitchState(output, meter, command_id, when.clock_s)


def _complaints(parts: Mapping[str, Any], when: Taken) -> Iterator[Alarm]:
    for name, part in parts.items():
        errors = part.get("errors") if isinstance(part, dict) else None
        for error in (errors if isinstance(errors, list) else [])[:10]:
            word = short(error)
            if word is not None:
                is_current = word in _COMPLAINTS
                yield Alarm(
                    "over_current" if is_current else "device_fault", f"{name[:40]}: {word}", when.clock_s
                )


def _health(parts: Mapping[str, Any]) -> Health:
    def part(name: str) -> Mapping[str, Any]:
        found = parts.get(name)
        return found if isinstance(found, dict) else {}

    battery = part("devicepower:0").get("battery")
    battery = battery if isinstance(battery, dict) else {}
    return Health(
        rssi_dbm=whole(part("wifi").get("rssi"), low=_RSSI_DBM_MIN, high=0),
        uptime_s=whole(part("sys").get("uptime"), low=0, high=_UPTIME_S_MAX),
        battery_percent=within(battery.get("percent"), low=0, high=100),
    )


def _answer(decoded: Decoded, said: JsonObject, *, command: str, arrival: Arrival, device: Device) -> None:
    """Add what an answer says: to the switching that it was done or refused, to the question the state."""
    try:
        command_id = UUID(command)
    except ValueError as error:
        raise Unreadable("unknown_command", "an answer to no command of ours") from error
    failure, result = said.get("error"), said.get("result")
    if isinstance(failure, dict):
        reason = short(failure.get("message")) or "the device refuses"
        if said.get("id") == _GET:
            decoded.reports.append(Alarm("device_fault", f"it does not tell its state: {reason}"))
            return
        code = whole(failure.get("code"), low=-(10**6), high=10**6)
        decoded.reports.append(Step(command_id, "failed", reason, may_retry=code in _MAY_RETRY))
    elif not isinstance(result, dict):
        raise Unreadable("bad_shape", "an answer without a result")
    elif said.get("id") == _GET:
        number = whole(result.get("id"), low=0, high=999)
        if number is None:
            raise Unreadable("bad_shape", "a state without the number of its channel")
        # its counter is left alone: a notification of the same second may tell another value
        parts = {f"switch:{number}": result}
        decoded.reports += _states(parts, device, Taken(arrival.received_s), command_id)
    else:
        decoded.reports.append(Step(command_id, "acknowledged"))
