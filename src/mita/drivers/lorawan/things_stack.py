"""The Things Stack by webhook: a body comes in, a downlink goes out as a path of its API with a body. Pure.

The server sends a confirmed downlink again by itself, up to eight times, so that a missing acknowledgement is
no failure of ours. It knows no time by which a downlink expires: what waits is replaced by the next order.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mita.drivers.lorawan import downlink
from mita.drivers.lorawan.events import command_id, part, server_s
from mita.drivers.lorawan.radio import best_signal, finite, percent
from mita.drivers.lorawan.settings import plan_of
from mita.drivers.lorawan.uplink import CodecInput, decode_object
from mita.drivers.text import PAYLOAD_BYTES_MAX, JsonObject, parse_json
from mita.drivers.wire import Decoded, Health, Outgoing, Step
from mita.kit.clock import from_us
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from mita.drivers.lorawan.settings import Plan
    from mita.drivers.wire import Abilities, Arrival, Device, Order, StepWord

_STEPS: dict[str, tuple[StepWord, str]] = {
    "downlink_queued": ("queued", ""),
    "downlink_sent": ("sent", ""),
    "downlink_ack": ("acknowledged", ""),
    "downlink_nack": ("sent", "the device did not acknowledge it; the server sends it again"),
}
_UNREAD = ("location_solved", "service_data", "uplink_normalized", "downlink_queue_invalidated")


class _NoBody(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Tts:
    """Speaks to devices behind a Things Stack; the address is the DevEUI, ``device_id`` its name there."""

    name = "tts"

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do, as it is set up."""
        return downlink.abilities(device)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with its settings and fields, in plain words."""
        plan = plan_of(device)
        found = list(downlink.problems(device, plan))
        if plan.relay is not None and _path(plan) is None:
            found.append("application_id, webhook_id and device_id are needed to send commands")
        return found

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what a webhook's body holds, by what the server's formatter made of it. Never raises."""
        return self.decode_with(arrival, device, decoded=None)

    def codec_input(self, arrival: Arrival, device: Device) -> CodecInput | None:
        """Return what the device's codec is to decode; None if it has none or there is nothing to decode."""
        plan = plan_of(device)
        try:
            body = _body(arrival, device)
        except _NoBody:
            return None
        message = part(body, "uplink_message")
        payload, f_port = _payload(message), _f_port(message)
        if plan.codec is None or not payload or not f_port:
            return None
        received_at = from_us(_received_s(body, message, arrival) * 1_000_000).isoformat()
        return CodecInput(
            plan.codec, payload, f_port, received_at.replace("+00:00", "Z"), dict(plan.variables)
        )

    def decode_with(self, arrival: Arrival, device: Device, *, decoded: Any | None) -> Decoded:
        """Return what a body holds; ``decoded`` is what the device's codec made of it. Never raises."""
        try:
            body = _body(arrival, device)
        except _NoBody as error:
            return _rejected(arrival, error.code, str(error))
        if "uplink_message" in body:
            return _up(body, arrival, device, decoded=decoded)
        if "join_accept" in body:
            return Decoded(reports=[Health(is_online=True)])
        if any(key in body for key in (*_STEPS, "downlink_failed", *_UNREAD)):
            return Decoded(reports=_downlink_reports(body))
        return _rejected(arrival, "unknown_event", "the body holds no event that is known")

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the request that carries out an order: its path at the server, and its body.

        None if the device has no relay, or if its codec has to encode: see ``downlink_object``.
        """
        plan = plan_of(device)
        payload = downlink.payload_of(order, plan)
        if plan.relay is None or payload is None:
            return []
        if plan.relay.encoder == "codec" and not isinstance(payload, bytes):
            return []
        return _outgoing(order, plan, payload=payload, f_port=plan.relay.f_port)

    def encode_with(
        self, order: Order, device: Device, *, payload: bytes, f_port: int | None = None
    ) -> list[Outgoing]:
        """Return the request with the bytes that the device's codec made; none if it has no relay."""
        plan = plan_of(device)
        if plan.relay is None:
            return []
        return _outgoing(order, plan, payload=payload, f_port=f_port or plan.relay.f_port)


def _rejected(arrival: Arrival, code: str, detail: str) -> Decoded:
    return Decoded(rejections=[Rejection("tts", None, None, truncated(arrival.payload), code, detail)])


def _body(arrival: Arrival, device: Device) -> JsonObject:
    if len(arrival.payload) > PAYLOAD_BYTES_MAX:
        raise _NoBody("too_large", f"the body has {len(arrival.payload)} bytes")
    try:
        body = parse_json(arrival.payload)
    except ValueError as error:
        raise _NoBody("not_json", f"not JSON: {str(error)[:200]}") from error
    if not isinstance(body, JsonObject):
        raise _NoBody("bad_shape", "the body is not an object")
    dev_eui = part(body, "end_device_ids").get("dev_eui")
    if not isinstance(dev_eui, str) or dev_eui.lower() != device.address.lower():
        raise _NoBody("wrong_device", f"the body is of another device than {device.address[:40]}")
    return body


def _payload(message: Any) -> bytes:
    data = message.get("frm_payload")
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _f_port(message: Any) -> int:
    number = finite(message.get("f_port"))
    return 0 if number is None else int(number)


def _received_s(body: Any, message: Any, arrival: Arrival) -> int:
    text = message.get("received_at", body.get("received_at"))
    return server_s(text, received_s=arrival.received_s)


def _up(body: Any, arrival: Arrival, device: Device, *, decoded: Any | None) -> Decoded:
    message = part(body, "uplink_message")
    battery = percent(part(message, "last_battery_percentage").get("value"))
    health = replace(best_signal(message.get("rx_metadata")), battery_percent=battery)
    obj = decoded if decoded is not None else message.get("decoded_payload")
    if obj is not None:
        received_s = _received_s(body, message, arrival)
        return decode_object(obj, device, received_s=received_s, source="tts", health=health)
    if _payload(message) and _f_port(message):
        detail = "no codec has read the uplink: neither the server's formatter nor the device has one"
        found = _rejected(arrival, "not_decoded", detail)
        found.reports.append(health)
        return found
    return Decoded(reports=[health])


def _downlink_reports(body: Any) -> list[Any]:
    if "downlink_failed" in body:
        failed = part(body, "downlink_failed")
        reason = truncated(part(failed, "error").get("message_format", "the server gave it up"))[:200]
        return _steps(part(failed, "downlink"), "failed", reason, may_retry=True)
    for key, (step, reason) in _STEPS.items():
        if key in body:
            return _steps(part(body, key), step, reason)
    return []


def _steps(message: Any, step: StepWord, reason: str, *, may_retry: bool = False) -> list[Any]:
    """Return a step for our id among a downlink's correlation ids; the others are the server's own."""
    ids = message.get("correlation_ids")
    ours = [found for each in ids if (found := command_id(each))] if isinstance(ids, list) else []
    return [Step(found, step, reason, may_retry=may_retry) for found in ours[:1]]


def _path(plan: Plan) -> str | None:
    if plan.application_id is None or plan.webhook_id is None or plan.device_id is None:
        return None
    application, hook, device = (
        quote(each, safe="") for each in (plan.application_id, plan.webhook_id, plan.device_id)
    )
    queue = "push" if plan.is_appended else "replace"
    return f"/api/v3/as/applications/{application}/webhooks/{hook}/devices/{device}/down/{queue}"


def _outgoing(order: Order, plan: Plan, *, payload: Any, f_port: int) -> list[Outgoing]:
    path = _path(plan)
    assert plan.relay is not None, "only a device with a relay comes here"
    if path is None:
        return []
    message: dict[str, Any] = {
        "f_port": f_port,
        "confirmed": plan.relay.is_confirmed,
        "correlation_ids": [str(order.command_id)],
    }
    if isinstance(payload, bytes):
        message["frm_payload"] = base64.b64encode(payload).decode()
    else:
        message["decoded_payload"] = payload
    return [Outgoing(path, json.dumps({"downlinks": [message]}).encode())]
