"""The Things Stack by webhook: a body comes in, a downlink goes out as a path of its API with a body. Pure.

The server sends a confirmed downlink again by itself, up to eight times, so that a missing acknowledgement is
no failure of ours. It knows no time by which a downlink expires: what waits is replaced by the next order.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mita.drivers.known import TTS
from mita.drivers.lorawan.downlink import means_of
from mita.drivers.lorawan.events import command_id, part, server_s
from mita.drivers.lorawan.radio import best_signal, percent
from mita.drivers.lorawan.served import Served, Uplink, f_port_in, payload_in
from mita.drivers.lorawan.settings import SETTINGS, plan_of
from mita.drivers.lorawan.uplink import decode_object
from mita.drivers.text import PAYLOAD_BYTES_MAX, JsonObject, parse_json
from mita.drivers.wire import Decoded, Health, Outgoing, Step
from mita.metering.domain import truncated

if TYPE_CHECKING:
    from mita.drivers.lorawan.settings import Plan
    from mita.drivers.wire import Arrival, Device, Order, StepWord

_STEPS: dict[str, tuple[StepWord, str]] = {
    "downlink_queued": ("queued", ""),
    "downlink_sent": ("sent", ""),
    "downlink_ack": ("acknowledged", ""),
    "downlink_nack": ("sent", "the device did not acknowledge it; the server sends it again"),
}
# the server's own rule for names; nothing in one can lead to another path
_ID = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,35}")
_EUI = re.compile(r"[0-9a-fA-F]{16}")
_UNREAD = ("location_solved", "service_data", "uplink_normalized", "downlink_queue_invalidated")
_EVENTS = ("uplink_message", "join_accept", *_STEPS, "downlink_failed", *_UNREAD)


class NoBody(ValueError):
    """A payload that is no message of The Things Stack, with a stable ``code``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Head:
    """Of which device a body is, the DevEUI as it stands there, and which event it tells of."""

    dev_eui: str
    event: str


class Tts(Served):
    """Speaks to devices behind a Things Stack; the address is the DevEUI, ``device_id`` its name there."""

    name = TTS
    settings: tuple[str, ...] = SETTINGS
    _wants = (
        "application_id, webhook_id and device_id are needed to send commands:"
        " small letters, digits and single dashes"
    )

    def decode_with(self, arrival: Arrival, device: Device, *, decoded: Any | None) -> Decoded:
        """Return what a body holds; ``decoded`` is what the device's codec made of it. Never raises."""
        try:
            body = _body(arrival, device)
        except NoBody as error:
            return self._rejected(arrival, error.code, str(error))
        if body.get("simulated") is True:
            return self._rejected(arrival, "simulated", "somebody made it up at the server's console")
        if "uplink_message" in body:
            return self._up(body, arrival, device, decoded=decoded)
        if "join_accept" in body:
            return Decoded(reports=[Health(is_online=True)])
        if any(key in body for key in (*_STEPS, "downlink_failed", *_UNREAD)):
            return Decoded(reports=_downlink_reports(body))
        return self._rejected(arrival, "unknown_event", "the body holds no event that is known")

    def taking_back(self, device: Device) -> Outgoing | None:
        """Return the request that takes back what waits for a device at its server.

        None without a relay, or where a queue that others use as well is only added to.
        """
        plan = plan_of(device)
        path = self._where_to(device, plan)
        if (plan.relay is None and plan.limit is None) or path is None or plan.is_appended:
            return None
        return Outgoing(path, json.dumps({"downlinks": []}).encode())

    def _uplink(self, arrival: Arrival, device: Device) -> Uplink | None:
        try:
            body = _body(arrival, device)
        except NoBody:
            return None
        return _uplink_in(body, arrival)

    def _up(self, body: Any, arrival: Arrival, device: Device, *, decoded: Any | None) -> Decoded:
        message = part(body, "uplink_message")
        battery = percent(part(message, "last_battery_percentage").get("value"))
        health = replace(best_signal(message.get("rx_metadata")), battery_percent=battery)
        obj = decoded if decoded is not None else message.get("decoded_payload")
        uplink = _uplink_in(body, arrival)
        if obj is not None:
            return decode_object(obj, device, received_s=uplink.received_s, source=self.name, health=health)
        if not uplink.is_for_codec:
            return Decoded(reports=[health])
        detail = "no codec has read the uplink: neither the server's formatter nor the device has one"
        found = self._rejected(arrival, "not_decoded", detail)
        found.reports.append(health)
        return found

    def _where_to(self, device: Device, plan: Plan) -> str | None:  # noqa: ARG002 - the server has names of its own
        names = [each or "" for each in (plan.application_id, plan.webhook_id, plan.device_id)]
        if not all(map(_ID.fullmatch, names)):
            return None
        application, hook, name = names
        queue = "push" if plan.is_appended else "replace"
        return f"/api/v3/as/applications/{application}/webhooks/{hook}/devices/{name}/down/{queue}"

    def _outgoing(
        self, order: Order, device: Device, plan: Plan, *, payload: Any, f_port: int
    ) -> list[Outgoing]:
        path = self._where_to(device, plan)
        means = means_of(order, plan)
        assert means is not None, "only a device that can comes here"
        if path is None:
            return []
        message: dict[str, Any] = {
            "f_port": f_port,
            "confirmed": means.is_confirmed,
            "correlation_ids": [str(order.command_id)],
        }
        if isinstance(payload, bytes):
            message["frm_payload"] = base64.b64encode(payload).decode()
        else:
            message["decoded_payload"] = payload
        return [Outgoing(path, json.dumps({"downlinks": [message]}).encode())]


def head_of(payload: bytes) -> Head:
    """Return what a body is of.

    :raises NoBody: if it is no message of the server's, or of no device
    """
    body = _parsed(payload)
    dev_eui = part(body, "end_device_ids").get("dev_eui")
    if not isinstance(dev_eui, str) or _EUI.fullmatch(dev_eui) is None:
        raise NoBody("bad_shape", "end_device_ids.dev_eui is no DevEUI")
    return Head(dev_eui, next((each for each in _EVENTS if each in body), "unknown"))


def _parsed(payload: bytes) -> JsonObject:
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise NoBody("too_large", f"the body has {len(payload)} bytes, {PAYLOAD_BYTES_MAX} are allowed")
    try:
        body = parse_json(payload)
    except ValueError as error:
        raise NoBody("not_json", f"not JSON: {str(error)[:200]}") from error
    if not isinstance(body, JsonObject):
        raise NoBody("bad_shape", "the body is not an object")
    return body


def _body(arrival: Arrival, device: Device) -> JsonObject:
    body = _parsed(arrival.payload)
    dev_eui = part(body, "end_device_ids").get("dev_eui")
    if not isinstance(dev_eui, str) or dev_eui.lower() != device.address.lower():
        raise NoBody("wrong_device", f"the body is of another device than {device.address[:40]}")
    return body


def _uplink_in(body: Any, arrival: Arrival) -> Uplink:
    message = part(body, "uplink_message")
    text = message.get("received_at", body.get("received_at"))
    received_s = server_s(text, received_s=arrival.received_s)
    return Uplink(payload_in(message, "frm_payload"), f_port_in(message, "f_port"), received_s)


def _downlink_reports(body: Any) -> list[Any]:
    if "downlink_failed" in body:
        failed = part(body, "downlink_failed")
        reason = truncated(part(failed, "error").get("message_format", "the server gave it up"))[:200]
        return _steps(part(failed, "downlink"), body, "failed", reason, may_retry=True)
    for key, (step, reason) in _STEPS.items():
        if key in body:
            return _steps(part(body, key), body, step, reason)
    return []


def _steps(message: Any, body: Any, step: StepWord, reason: str, *, may_retry: bool = False) -> list[Any]:
    """Return a step for our id among a downlink's correlation ids; the others are the server's own."""
    ids = [each for one in (message, body) for each in _listed(one.get("correlation_ids"))]
    ours = [found for each in ids if (found := command_id(each))]
    return [Step(found, step, reason, may_retry=may_retry) for found in ours[:1]]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
