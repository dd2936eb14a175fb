"""Anything else that sends JSON, or a plain number for each topic: the driver ``json``. Pure.

Which topics are its, and which level is the device, is a setting of ingest. What is left of the topic stands
before the path: the number 12.5 on a topic that leaves ``energy/total`` has the path ``energy.total``; with
nothing left a plain number has the path ``value``.

Settings, all of them paths (with what is left of the topic) and words of the device: ``time_path``: its time
(seconds or milliseconds since 1970, ISO 8601). ``items_path``: a list of objects in the message, each with
values and a time of its own; a message that is a list needs no setting. ``switch``, ``online``: ``{"path",
"on", "off"}``. ``battery_path``: percent. ``relay``: ``{"topic", "on", "off"}``, texts to send, in which
``%id%`` is our id of the command and ``%expires%`` its end in seconds since 1970; ``%device%`` in the topic
is the address. ``limit``: ``{"topic", "text", "lift", "path", "none"}``, a text to send in which ``%watts%``
is the power, and one that lifts the limit; ``path`` is where the device says its limit in watts, ``none``
what it says without one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.fields import at
from mita.drivers.mqtt.payloads import (
    Unreadable,
    json_of,
    nested,
    plain,
    rejected,
    rejection,
    text_of,
    within,
)
from mita.drivers.mqtt.routes import is_sane
from mita.drivers.mqtt.setup import faults, sent
from mita.drivers.mqtt.suggestion import Suggestion
from mita.drivers.mqtt.telling import Said, tell
from mita.drivers.mqtt.times import taken
from mita.drivers.wire import Abilities, Decoded, Health, LimitState, Outgoing, SwitchState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mita.drivers.wire import Arrival, Device, Order

_SETTINGS = ("time_path", "items_path", "switch", "online", "battery_path", "relay", "limit")
ITEMS_MAX = 1_000
LIMIT_W_MAX = 10_000_000


class Generic:
    """The driver ``json``."""

    name = "json"
    settings: tuple[str, ...] = _SETTINGS

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do: switch if it is set how; prove it if it is set where it says so."""
        has_switch = _relay(device) is not None
        return Abilities(
            cut="relay" if has_switch else "none",
            limits=_limit(device) is not None,
            proves=has_switch and _words(device, "switch") is not None,
        )

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with settings and fields."""
        rest = {name: value for name, value in device.settings.items() if name not in ("relay", "limit")}
        found = [
            each
            for each in faults(device, known=_SETTINGS, has_defaults=False)
            if not each.startswith(("setting 'relay'", "setting 'limit'"))
        ]
        found += [
            f"setting {name!r} is not a path"
            for name in ("time_path", "items_path", "battery_path")
            if name in rest and not isinstance(rest[name], str)
        ]
        found += [
            f'setting {name!r} is not such as {{"path": "relay", "on": "ON", "off": "OFF"}}'
            for name in ("switch", "online")
            if name in rest and _words(device, name) is None
        ]
        if device.settings.get("relay", False) is not False and _relay(device) is None:
            found.append('setting \'relay\' is not such as {"topic": "plug/%device%", "on": "1", "off": "0"}')
        if device.settings.get("limit") is not None and _limit(device) is None:
            found.append(
                'setting \'limit\' is not such as {"topic": "plug/%device%/limit", "text": "%watts%", '
                '"lift": "0", "path": "limit", "none": 0}'
            )
        return found

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what a message holds."""
        try:
            said = _parsed(arrival.payload)
            items = _items(said, device)
        except Unreadable as bad:
            return rejected(arrival, device, code=bad.code, detail=bad.detail)
        decoded = Decoded()
        if len(items) > ITEMS_MAX:
            detail = f"the message has {len(items)} items, {ITEMS_MAX} are allowed"
            decoded.rejections.append(rejection(arrival, device, code="too_many_items", detail=detail))
        *earlier, last = items[:ITEMS_MAX]
        for item in earlier:
            tell(
                decoded, replace(_said(item, arrival, device), is_shown=False), arrival=arrival, device=device
            )
        # what is so, and not what was, is told of the last
        said = _said(last, arrival, device)
        decoded.reports += _reports(said, device)
        tell(decoded, replace(said, is_clock=not earlier), arrival=arrival, device=device)
        return decoded

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the text that switches, as it is set."""
        relay, limit = _relay(device), _limit(device)
        if order.limit is not None and limit is not None:
            topic, text = limit.topic, limit.lift if order.limit.limit_w is None else limit.text
            text = text.replace("%watts%", str(order.limit.limit_w))
        elif order.limit is None and relay is not None:
            topic, text = relay[0], relay[1] if order.is_on else relay[2]
        else:
            return []
        text = text.replace("%id%", str(order.command_id)).replace("%expires%", str(order.expires_s))
        topic = topic.replace("%device%", device.address)
        return sent(topic, text.encode("utf-8", "replace"))

    def suggest(self, address: str, *, channel: str, payload: bytes) -> list[Suggestion]:
        """Return that there is a device; which of its values are registers its owner must say."""
        try:
            _parsed(payload)
        except Unreadable:
            return []
        note = "Nothing tells which of its values are registers: add fields."
        return [Suggestion("json", address, notes=(note,) if not channel else (f"{note} ({channel})",))]


def _parsed(payload: bytes) -> Any:
    """Return JSON, or a plain value.

    :raises Unreadable: if it is neither
    """
    text = text_of(payload)
    if text[:1] in {"{", "[", '"'}:
        return json_of(payload)
    if "\x00" in text or len(text) > 100:  # noqa: PLR2004 - longer than any number or word
        raise Unreadable("not_json", "neither JSON nor a plain value")
    found = plain(payload)
    return {"true": True, "false": False}.get(found, found) if isinstance(found, str) else found


def _items(said: Any, device: Device) -> list[Any]:
    path = device.settings.get("items_path")
    if isinstance(path, str) and isinstance(said, dict):
        said = at(said, path) if path else said
    items = said if isinstance(said, list) else [said]
    if not items or items == [None]:
        raise Unreadable("bad_shape", "the message holds no values")
    return items


def _said(item: Any, arrival: Arrival, device: Device) -> Said:
    is_object = isinstance(item, dict)
    item = nested(arrival.channel or ("" if is_object else "value"), item)
    time_path = device.settings.get("time_path")
    time_path = time_path if isinstance(time_path, str) else ""
    clock = at(item, time_path) if time_path else None
    when = taken(clock, zone=device.zone, received_s=arrival.received_s)
    return Said(item, when, device.fields, (time_path,))


def _reports(said: Said, device: Device) -> Iterator[SwitchState | LimitState | Health]:
    limit = _limit(device)
    if limit is not None:
        value = at(said.values, limit.path)
        if _same(value, limit.none):
            yield LimitState(None, taken_s=said.taken.clock_s)
        elif isinstance(value, Decimal) and value.is_finite() and 0 <= value <= LIMIT_W_MAX:
            yield LimitState(int(value), taken_s=said.taken.clock_s)
    is_on = _truth(said.values, device, "switch")
    if is_on is not None:
        yield SwitchState(is_on, taken_s=said.taken.clock_s)
    is_online = _truth(said.values, device, "online")
    if is_online is not None:
        yield Health(is_online=is_online)
    path = device.settings.get("battery_path")
    battery = within(at(said.values, path), low=0, high=100) if isinstance(path, str) else None
    if battery is not None:
        yield Health(battery_percent=battery)


def _truth(values: Any, device: Device, name: str) -> bool | None:
    words = _words(device, name)
    if words is None:
        return None
    path, on, off = words
    value = at(values, path)
    return True if _same(value, on) else False if _same(value, off) else None


def _same(value: Any, word: Any) -> bool:
    if isinstance(value, bool) or isinstance(word, bool):
        return value is word
    if isinstance(value, Decimal) and isinstance(word, str):
        return str(value) == word
    return type(value) is type(word) and bool(value == word)


def _words(device: Device, name: str) -> tuple[str, Any, Any] | None:
    """Return where a device says on or off, and what it says for each; numbers as Decimals."""
    found = device.settings.get(name)
    if not isinstance(found, dict) or not isinstance(found.get("path"), str):
        return None
    on, off = (_word(found.get(key)) for key in ("on", "off"))
    return None if on is None or off is None or _same(on, off) else (found["path"], on, off)


def _word(value: Any) -> bool | str | Decimal | None:
    if isinstance(value, bool | str | Decimal):
        return value
    return Decimal(value) if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class _Limit:
    topic: str
    text: str
    lift: str
    path: str
    none: Any


def _limit(device: Device) -> _Limit | None:
    found = device.settings.get("limit")
    if not isinstance(found, dict) or set(found) != {"topic", "text", "lift", "path", "none"}:
        return None
    texts = [found[name] for name in ("topic", "text", "lift", "path")]
    none = _word(found["none"])
    if not all(isinstance(each, str) and each for each in texts) or none is None:
        return None
    topic, text, lift, path = texts
    if "%watts%" not in text or text == lift or not is_sane(topic.replace("%device%", "x")):
        return None
    return _Limit(topic, text, lift, path, none)


def _relay(device: Device) -> tuple[str, str, str] | None:
    found = device.settings.get("relay")
    if not isinstance(found, dict):
        return None
    topic, on, off = found.get("topic"), found.get("on"), found.get("off")
    if not isinstance(topic, str) or not isinstance(on, str) or not isinstance(off, str) or on == off:
        return None
    return (topic, on, off) if is_sane(topic.replace("%device%", "x")) else None
