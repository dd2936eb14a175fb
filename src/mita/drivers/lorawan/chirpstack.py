"""ChirpStack v4 over MQTT: ``application/<id>/device/<devEui>/``, ``event/<event>`` and ``command/down``."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.lorawan.downlink import means_of
from mita.drivers.lorawan.events import NoEvent, command_id, event_of, is_event, part, server_s
from mita.drivers.lorawan.radio import best_signal, finite, percent
from mita.drivers.lorawan.served import Served, Uplink, f_port_in, iso, payload_in
from mita.drivers.lorawan.settings import SETTINGS, plan_of
from mita.drivers.lorawan.uplink import decode_object
from mita.drivers.wire import Alarm, Decoded, Health, Outgoing, Shown, Step
from mita.metering.domain import truncated

if TYPE_CHECKING:
    from uuid import UUID

    from mita.drivers.lorawan.settings import LimitRule, Plan, Relay
    from mita.drivers.wire import Arrival, Device, Order

_COMMAND_TOPIC = "application/{application_id}/device/{dev_eui}/command/down"
_UNREAD = frozenset({"location", "integration"})
# what ChirpStack gives up on for good; for others of its errors another attempt may do
_FINAL = frozenset({"EXPIRED", "DOWNLINK_PAYLOAD_SIZE", "DOWNLINK_CODEC"})
_CLASSES = {"CLASS_B": "B", "CLASS_C": "C"}


@dataclass(frozen=True, slots=True)
class Flush:
    """That what waits for a device at its server has to go before a new order is queued."""

    dev_eui: str


class ChirpStack(Served):
    """Speaks to devices behind a ChirpStack v4; the address is the DevEUI."""

    name = "chirpstack"
    settings: tuple[str, ...] = SETTINGS
    _wants = "application_id is needed to send commands; or command_topic, a whole topic"

    def decode_with(self, arrival: Arrival, device: Device, *, decoded: Any | None) -> Decoded:
        """Return what an event holds; ``decoded`` is what the device's codec made of it. Never raises."""
        if arrival.channel in _UNREAD:
            return Decoded()
        if not is_event(arrival.channel):
            return self._rejected(
                arrival, "unknown_event", f"{arrival.channel[:40]!r} is no event of ChirpStack"
            )
        try:
            event = event_of(arrival)
        except NoEvent as error:
            return self._rejected(arrival, error.code, str(error))
        if not _is_of(event, device):
            detail = f"the event is of another device than {device.address[:40]}"
            return self._rejected(arrival, "wrong_device", detail)
        received_s = server_s(event.get("time"), received_s=arrival.received_s)
        if arrival.channel == "up":
            return self._up(event, arrival, device, received_s=received_s, decoded=decoded)
        return Decoded(reports=_reports(arrival.channel, event, received_s=received_s))

    def flush(self, device: Device) -> Flush | None:
        """Return what has to leave the server's queue before an order is sent; None without a relay.

        An order that still waits there would be carried out too, and its id cannot be queued a second time.
        """
        plan = plan_of(device)
        return None if plan.relay is None and plan.limit is None else Flush(device.address.lower())

    def _uplink(self, arrival: Arrival, device: Device) -> Uplink | None:
        if arrival.channel != "up":
            return None
        try:
            event = event_of(arrival)
        except NoEvent:
            return None
        return _uplink_in(event, arrival) if _is_of(event, device) else None

    def _up(
        self, event: Any, arrival: Arrival, device: Device, *, received_s: int, decoded: Any | None
    ) -> Decoded:
        health = best_signal(event.get("rxInfo"))
        obj = decoded if decoded is not None else event.get("object")
        if obj is not None:
            found = decode_object(obj, device, received_s=received_s, source=self.name, health=health)
        else:
            found = Decoded(reports=[health])
            if _uplink_in(event, arrival).is_for_codec:
                detail = "no codec has read the uplink: neither the server's profile nor the device has one"
                found = self._rejected(arrival, "not_decoded", detail)
                found.reports.append(health)
        found.reports.append(Shown("deviceClassEnabled", _device_class(event), None, received_s))
        return found

    def _where_to(self, device: Device, plan: Plan) -> str | None:
        template = plan.command_topic or (_COMMAND_TOPIC if plan.application_id is not None else None)
        if template is None:
            return None
        named = template.replace("{application_id}", plan.application_id or "")
        return named.replace("{dev_eui}", device.address.lower())

    def _outgoing(
        self, order: Order, device: Device, plan: Plan, *, payload: Any, f_port: int
    ) -> list[Outgoing]:
        topic = self._where_to(device, plan)
        means = means_of(order, plan)
        assert means is not None, "only a device that can comes here"
        if topic is None:
            return []
        write = _protobuf if plan.is_protobuf else _json
        return [Outgoing(topic, write(order, device, means, payload=payload, f_port=f_port))]


def _uplink_in(event: Any, arrival: Arrival) -> Uplink:
    received_s = server_s(event.get("time"), received_s=arrival.received_s)
    return Uplink(payload_in(event, "data"), f_port_in(event, "fPort"), received_s)


def _is_of(event: Any, device: Device) -> bool:
    dev_eui = part(event, "deviceInfo").get("devEui")
    return isinstance(dev_eui, str) and dev_eui.lower() == device.address.lower()


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


def _json(order: Order, device: Device, means: Relay | LimitRule, *, payload: Any, f_port: int) -> bytes:
    message = {
        "id": str(order.command_id),
        "devEui": device.address.lower(),
        "confirmed": means.is_confirmed,
        "fPort": f_port,
        "expiresAt": iso(order.expires_s),
    }
    if isinstance(payload, bytes):
        message["data"] = base64.b64encode(payload).decode()
    else:
        message["object"] = payload
    return json.dumps(message).encode()


def _protobuf(order: Order, device: Device, means: Relay | LimitRule, *, payload: Any, f_port: int) -> bytes:
    from chirpstack_api import integration  # type: ignore[import-untyped]  # it ships no types
    from google.protobuf import json_format  # type: ignore[import-untyped]  # likewise

    text = _json(order, device, means, payload=payload, f_port=f_port)
    written: bytes = json_format.Parse(text, integration.DownlinkCommand()).SerializeToString(
        deterministic=True
    )
    return written
