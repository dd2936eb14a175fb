"""ChirpStack's events off the wire: JSON, or protobuf made JSON of, so that one path reads both. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from mita.drivers.lorawan.times import AHEAD_S_MAX, CLOCK_MIN_S, instant_s
from mita.drivers.text import JsonObject, parse_json

if TYPE_CHECKING:
    from mita.drivers.wire import Arrival

_MESSAGES = {
    "up": "UplinkEvent",
    "join": "JoinEvent",
    "ack": "AckEvent",
    "txack": "TxAckEvent",
    "log": "LogEvent",
    "status": "StatusEvent",
    "location": "LocationEvent",
}


class NoEvent(ValueError):
    """A payload that is none of ChirpStack's events, with a stable ``code``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def event_of(arrival: Arrival) -> JsonObject:
    """Return an event as ChirpStack writes it in JSON; what is left out of it is zero, false or empty.

    :raises NoEvent: if it is neither JSON nor protobuf
    """
    if arrival.payload.lstrip()[:1] == b"{":
        try:
            event = parse_json(arrival.payload)
        except ValueError as error:
            raise NoEvent("not_json", f"not JSON: {str(error)[:200]}") from error
    else:
        event = _from_protobuf(arrival)
    if not isinstance(event, JsonObject):
        raise NoEvent("bad_shape", "the event is not an object")
    return event


def _from_protobuf(arrival: Arrival) -> Any:
    # a server that speaks JSON, as most do, costs none of this
    from chirpstack_api import integration  # type: ignore[import-untyped]  # it ships no types
    from google.protobuf import json_format  # type: ignore[import-untyped]  # likewise
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # likewise

    message = getattr(integration, _MESSAGES[arrival.channel])()
    try:
        message.ParseFromString(arrival.payload)
        text = json_format.MessageToJson(message)
    except (DecodeError, json_format.Error, ValueError, RecursionError) as error:
        raise NoEvent("not_json", f"neither JSON nor protobuf: {str(error)[:200]}") from error
    return parse_json(text.encode())


def is_event(channel: str) -> bool:
    """Tell whether a topic's last part is an event that is read."""
    return channel in _MESSAGES


def part(event: Any, key: str) -> JsonObject:
    """Return an object inside an event; an empty one if it is left out."""
    found = event.get(key)
    return found if isinstance(found, JsonObject) else JsonObject()


def command_id(text: Any) -> UUID | None:
    """Return a command's id; None for a text that cannot be one of ours."""
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def server_s(text: Any, *, received_s: int) -> int:
    """Return when the server had a message; when it came here, if the server does not say."""
    try:
        said_s = instant_s(text, zone=None, received_s=received_s)
    except ValueError:
        return received_s
    return said_s if CLOCK_MIN_S <= said_s <= received_s + AHEAD_S_MAX else received_s
