"""ChirpStack v4 over MQTT: ``application/<id>/device/<devEui>/``, ``event/<event>`` and ``command/down``."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.lorawan import downlink
from mita.drivers.lorawan.events import NoEvent, command_id, event_of, is_event, part, server_s
from mita.drivers.lorawan.radio import best_signal, finite, percent
from mita.drivers.lorawan.settings import plan_of
from mita.drivers.lorawan.uplink import CodecInput, decode_object
from mita.drivers.wire import Alarm, Decoded, Health, Outgoing, Shown, Step
from mita.kit.clock import from_us
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from uuid import UUID

    from mita.drivers.lorawan.settings import Plan, Relay
    from mita.drivers.wire import Abilities, Arrival, Device, Order

_COMMAND_TOPIC = "application/{application_id}/device/{dev_eui}/command/down"
_UNREAD = frozenset({"location", "integration"})
# what ChirpStack gives up on for good; for others of its errors another attempt may do
_FINAL = frozenset({"EXPIRED", "DOWNLINK_PAYLOAD_SIZE", "DOWNLINK_CODEC"})
_CLASSES = {"CLASS_B": "B", "CLASS_C": "C"}


@dataclass(frozen=True, slots=True)
class Flush:
    """That what waits for a device at its server has to go before a new order is queued."""

    dev_eui: str


class ChirpStack:
    """Speaks to devices behind a ChirpStack v4; the address is the DevEUI."""

    name = "chirpstack"

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do, as it is set up."""
        return downlink.abilities(device)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with its settings and fields, in plain words."""
        plan = plan_of(device)
        found = list(downlink.problems(device, plan))
        if plan.relay is not None and _topic(device, plan) is None:
            found.append("application_id is needed to send commands; or command_topic, a whole topic")
        return found

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what an event holds, by what ChirpStack's own codec made of it. Never raises."""
        return self.decode_with(arrival, device, decoded=None)

    def codec_input(self, arrival: Arrival, device: Device) -> CodecInput | None:
        """Return what the device's codec is to decode; None if it has none or there is nothing to decode."""
        plan = plan_of(device)
        if plan.codec is None or arrival.channel != "up":
            return None
        try:
            event = event_of(arrival)
        except NoEvent:
            return None
        payload, f_port = _payload(event), _f_port(event)
        if not payload or not f_port or not _is_of(event, device):
            return None
        received_s = server_s(event.get("time"), received_s=arrival.received_s)
        return CodecInput(plan.codec, payload, f_port, _iso(received_s), dict(plan.variables))

    def decode_with(self, arrival: Arrival, device: Device, *, decoded: Any | None) -> Decoded:
        """Return what an event holds; ``decoded`` is what the device's codec made of it. Never raises."""
        if arrival.channel in _UNREAD:
            return Decoded()
        if not is_event(arrival.channel):
            return _rejected(arrival, "unknown_event", f"{arrival.channel[:40]!r} is no event of ChirpStack")
        try:
            event = event_of(arrival)
        except NoEvent as error:
            return _rejected(arrival, error.code, str(error))
        if not _is_of(event, device):
            detail = f"the event is of another device than {device.address[:40]}"
            return _rejected(arrival, "wrong_device", detail)
        received_s = server_s(event.get("time"), received_s=arrival.received_s)
        if arrival.channel == "up":
            return _up(event, arrival, device, received_s=received_s, decoded=decoded)
        return Decoded(reports=_reports(arrival.channel, event, received_s=received_s))

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the downlink that carries out an order, with its id.

        None if the device has no relay, or if its codec has to encode: see ``downlink_object``.
        """
        plan = plan_of(device)
        payload = downlink.payload_of(order, plan)
        if plan.relay is None or payload is None:
            return []
        if plan.relay.encoder == "codec" and not isinstance(payload, bytes):
            return []
        return _outgoing(order, device, plan, payload=payload, f_port=plan.relay.f_port)

    def encode_with(
        self, order: Order, device: Device, *, payload: bytes, f_port: int | None = None
    ) -> list[Outgoing]:
        """Return the downlink with the bytes that the device's codec made; none if it has no relay."""
        plan = plan_of(device)
        if plan.relay is None:
            return []
        return _outgoing(order, device, plan, payload=payload, f_port=f_port or plan.relay.f_port)

    def flush(self, device: Device) -> Flush | None:
        """Return what has to leave the server's queue before an order is sent; None without a relay.

        An order that still waits there would be carried out too, and its id cannot be queued a second time.
        """
        return None if plan_of(device).relay is None else Flush(device.address.lower())


def _rejected(arrival: Arrival, code: str, detail: str) -> Decoded:
    rejection = Rejection("chirpstack", None, None, truncated(arrival.payload), code, detail)
    return Decoded(rejections=[rejection])


def _is_of(event: Any, device: Device) -> bool:
    dev_eui = part(event, "deviceInfo").get("devEui")
    return isinstance(dev_eui, str) and dev_eui.lower() == device.address.lower()


def _payload(event: Any) -> bytes:
    data = event.get("data")
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _f_port(event: Any) -> int:
    number = finite(event.get("fPort"))
    return 0 if number is None else int(number)


def _iso(seconds: int) -> str:
    return from_us(seconds * 1_000_000).isoformat().replace("+00:00", "Z")


def _up(event: Any, arrival: Arrival, device: Device, *, received_s: int, decoded: Any | None) -> Decoded:
    health = best_signal(event.get("rxInfo"))
    obj = decoded if decoded is not None else event.get("object")
    shown = Shown("deviceClassEnabled", _device_class(event), None, received_s)
    if obj is None:
        found = Decoded(reports=[health])
        # port 0 is the radio's own talk
        if _payload(event) and _f_port(event):
            detail = "no codec has read the uplink: neither the server's profile nor the device has one"
            found = _rejected(arrival, "not_decoded", detail)
            found.reports.append(health)
    else:
        found = decode_object(obj, device, received_s=received_s, source="chirpstack", health=health)
    found.reports.append(shown)
    return found


def _device_class(event: Any) -> str:
    """Return A, B or C; class A is zero and therefore left out."""
    return _CLASSES.get(str(part(event, "deviceInfo").get("deviceClassEnabled")), "A")


def _reports(channel: str, event: Any, *, received_s: int) -> list[Any]:
    if channel == "status":
        return _status(event, received_s=received_s)
    if channel == "log":
        return _log(event, received_s=received_s)
    if channel == "join":
        return [Health(is_online=True)]
    # the server's own downlinks have no id of ours
    queued = command_id(event.get("queueItemId"))
    return [] if queued is None else _steps(channel, event, queued)


def _steps(channel: str, event: Any, queued: UUID) -> list[Any]:
    if channel == "txack":
        return [Step(queued, "sent")]
    if event.get("acknowledged") is True:
        return [Step(queued, "acknowledged"), Health(is_online=True)]
    return [Step(queued, "failed", "the device did not acknowledge it", may_retry=True)]


def _status(event: Any, *, received_s: int) -> list[Any]:
    battery = None
    if event.get("externalPowerSource") is not True and event.get("batteryLevelUnavailable") is not True:
        battery = percent(event.get("batteryLevel", Decimal(0)))
    reports: list[Any] = [Health(is_online=True, battery_percent=battery)]
    margin = finite(event.get("margin", Decimal(0)))
    if margin is not None:
        reports.append(Shown("margin", margin, "dB", received_s))
    return reports


def _log(event: Any, *, received_s: int) -> list[Any]:
    code = truncated(event.get("code", "UNKNOWN"))[:60]
    detail = truncated(f"{code}: {event.get('description', '')}")[:200]
    queued = command_id(part(event, "context").get("queue_item_id"))
    is_error = event.get("level") == "ERROR"
    if queued is not None and (is_error or code in _FINAL):
        return [Step(queued, "failed", detail, may_retry=code not in _FINAL)]
    return [Alarm("device_fault", detail, taken_s=received_s)] if is_error else []


def _topic(device: Device, plan: Plan) -> str | None:
    template = plan.command_topic or (_COMMAND_TOPIC if plan.application_id is not None else None)
    if template is None:
        return None
    named = template.replace("{application_id}", plan.application_id or "")
    return named.replace("{dev_eui}", device.address.lower())


def _outgoing(order: Order, device: Device, plan: Plan, *, payload: Any, f_port: int) -> list[Outgoing]:
    topic = _topic(device, plan)
    assert plan.relay is not None, "only a device with a relay comes here"
    if topic is None:
        return []
    write = _protobuf if plan.is_protobuf else _json
    return [Outgoing(topic, write(order, device, plan.relay, payload=payload, f_port=f_port))]


def _json(order: Order, device: Device, relay: Relay, *, payload: Any, f_port: int) -> bytes:
    message = {
        "id": str(order.command_id),
        "devEui": device.address.lower(),
        "confirmed": relay.is_confirmed,
        "fPort": f_port,
        "expiresAt": _iso(order.expires_s),
    }
    if isinstance(payload, bytes):
        message["data"] = base64.b64encode(payload).decode()
    else:
        message["object"] = payload
    return json.dumps(message).encode()


def _protobuf(order: Order, device: Device, relay: Relay, *, payload: Any, f_port: int) -> bytes:
    from chirpstack_api import integration  # type: ignore[import-untyped]  # it ships no types
    from google.protobuf import json_format  # type: ignore[import-untyped]  # likewise

    text = _json(order, device, relay, payload=payload, f_port=f_port)
    written: bytes = json_format.Parse(text, integration.DownlinkCommand()).SerializeToString(
        deterministic=True
    )
    return written
