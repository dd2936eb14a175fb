"""The driver ``modbus``: blocks of words into readings, supply commands into writes. Pure.

An arrival is ``{"blocks": [[4, 72, [17562, 37879]]], "refused": [[4, 342, 2, 2]], "relay": 1}``: function,
first word, words; what the unit refused as function, first word, how many, Modbus exception; what the relay's
read-back said. ``"limit": [2000]`` are the words of the register that limits.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.fields import Field, told
from mita.drivers.modbus import maps
from mita.drivers.modbus.setup import SETTINGS, BadSettings, Setup, setup
from mita.drivers.modbus.values import number, scaled, words_of
from mita.drivers.text import parse_json
from mita.drivers.wire import Abilities, Decoded, LimitState, Outgoing, Shown, SwitchState
from mita.kit.quantity import BadValue, base_unit
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.drivers.wire import Arrival, Device, LimitOrder, Order

CHANNEL = "modbus"
_ANSWER_S = 20
_BLOCK = 3
_REFUSED = 4
_REFUSALS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not done yet",
    6: "device busy",
    10: "gateway has no path",
    11: "no answer behind the gateway",
}


def refusal(code: int) -> str:
    """Return a Modbus exception in words."""
    return _REFUSALS.get(code, f"exception {code}")


class Modbus:
    """Speaks Modbus by register maps."""

    name = "modbus"
    settings: tuple[str, ...] = SETTINGS

    def abilities(self, device: Device) -> Abilities:
        """Return that a device with a relay is switched, and proves it if the relay can be read back."""
        try:
            ready = setup(device.settings)
        except BadSettings:
            return Abilities(answer_s=_ANSWER_S)
        limits = ready.limit is not None
        if ready.relay is None:
            return Abilities(limits=limits, answer_s=_ANSWER_S)
        proves = ready.relay.readback is not None
        return Abilities(cut="relay", limits=limits, proves=proves, answer_s=_ANSWER_S)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with settings and fields, in plain words."""
        try:
            ready = setup(device.settings)
        except BadSettings as bad:
            return bad.problems
        return [problem for field in device.fields for problem in _field_problems(field, ready.map)]

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return readings of the map's registers, everything else to look at, and the relay's state."""
        decoded = Decoded()
        try:
            ready = setup(device.settings)
            read = _Read(parse_json(arrival.payload))
        except BadSettings as bad:
            decoded.rejections.append(_rejection(device, arrival, "bad_settings", str(bad)))
            return decoded
        except (ValueError, TypeError) as error:
            decoded.rejections.append(_rejection(device, arrival, "bad_shape", str(error)[:200]))
            return decoded
        fields = fields_of(device, ready)
        for point in ready.map.points:
            _take(point, decoded, read=read, ready=ready, fields=fields, device=device, arrival=arrival)
        if fields and not decoded.readings and not decoded.rejections:
            named = ", ".join(field.path for field in fields)[:200]
            detail = f"the device says that it has no value of {named}"
            decoded.rejections.append(_rejection(device, arrival, "missing_value", detail))
        _take_relay(decoded, read=read, ready=ready, arrival=arrival)
        if read.limit is not None and ready.limit is not None:
            decoded.reports.append(limit_state(read.limit, ready, taken_s=arrival.received_s))
        return decoded

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the one write that switches: ``{"fn": 5, "address": 0, "value": 1}``, perhaps a ``unit``.

        That of a limit has ``values``, its words.
        """
        try:
            ready = setup(device.settings)
        except BadSettings:
            return []
        if order.limit is not None:
            return _limiting(order.limit, ready)
        relay = ready.relay
        if relay is None:
            return []
        write: dict[str, int] = {
            "fn": relay.fn,
            "address": relay.address,
            "value": relay.on if order.is_on else relay.off,
        }
        if relay.unit is not None:
            write["unit"] = relay.unit
        return [Outgoing(CHANNEL, json.dumps(write).encode())]


def _limiting(order: LimitOrder, ready: Setup) -> list[Outgoing]:
    limit = ready.limit
    if limit is None:
        return []
    values = words_of(limit.raw_of(order.limit_w), count=limit.count, word_order=ready.map.word_order)
    write: dict[str, Any] = {"fn": limit.fn, "address": limit.address, "values": values}
    if limit.unit is not None:
        write["unit"] = limit.unit
    return [Outgoing(CHANNEL, json.dumps(write).encode())]


def fields_of(device: Device, ready: Setup) -> list[Field]:
    """Return which points are registers: what the device's fields say; without any, what the map says."""
    if device.fields:
        return list(device.fields)
    return [
        Field(point.name, point.register, point.unit)
        for point in ready.map.points
        if point.register is not None and point.unit is not None
    ]


def _field_problems(field: Field, found: maps.Map) -> list[str]:
    point = next((point for point in found.points if point.name == field.path), None)
    if point is None:
        return [f"field {field.path!r}: the map {found.id} has no point of that name"]
    try:
        base_unit(field.unit)
    except BadValue as bad:
        return [f"field {field.path!r}: {bad}"]
    if point.unit is not None and point.unit.lower() != field.unit.strip().lower().replace("m³", "m3"):
        return [f"field {field.path!r}: the map counts it in {point.unit}, not {field.unit}"]
    return []


class _Read:
    """What an arrival's JSON holds.

    :raises ValueError: if it is of another shape
    """

    def __init__(self, parsed: Any) -> None:
        if not isinstance(parsed, dict) or not isinstance(parsed.get("blocks"), list):
            raise ValueError('must be an object with "blocks"')  # noqa: TRY004 - of what a wire said
        self.blocks = [self._block(block) for block in parsed["blocks"]]
        refused = parsed.get("refused", [])
        self.refused = [_whole(item, _REFUSED) for item in refused] if isinstance(refused, list) else []
        relay = parsed.get("relay")
        self.relay = None if relay is None else _whole([relay], 1)[0]
        limit = parsed.get("limit")
        self.limit = None if limit is None else _whole(limit, len(limit) if isinstance(limit, list) else 0)

    @staticmethod
    def _block(block: Any) -> tuple[int, int, list[int]]:
        if not isinstance(block, list) or len(block) != _BLOCK or not isinstance(block[2], list):
            raise ValueError("a block is [function, first word, [words]]")
        fn, start = _whole(block[:2], 2)
        return fn, start, _whole(block[2], len(block[2]))

    def words(self, fn: int, start: int, count: int) -> list[int] | None:
        """Return words that were read; None if they were not."""
        for function, first, words in self.blocks:
            if function == fn and first <= start and start + count <= first + len(words):
                return words[start - first : start - first + count]
        return None

    def code(self, fn: int, start: int, count: int) -> int | None:
        """Return the exception with which words were refused; None if they were not."""
        for function, first, length, code in self.refused:
            if function == fn and first < start + count and start < first + length:
                return code
        return None


def _whole(values: Any, count: int) -> list[int]:
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"must be {count} whole numbers")
    for value in values:
        if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value <= 0xFFFF or value % 1:  # noqa: PLR2004 - a word
            raise ValueError(f"{str(value)[:40]} is not a word of 16 bits")
    return [int(value) for value in values]


def _take(
    point: maps.Point,
    decoded: Decoded,
    *,
    read: _Read,
    ready: Setup,
    fields: Sequence[Field],
    device: Device,
    arrival: Arrival,
) -> None:
    mine = [field for field in fields if field.path == point.name]
    words = read.words(point.fn, point.address, point.count)
    if words is None:
        code = read.code(point.fn, point.address, point.count)
        why = f"refused: {refusal(code)}" if code is not None else "it was not read"
        for field in mine:
            decoded.rejections.append(
                Rejection(device.name, field.meter, field.register, "", "not_read", f"{point.name}: {why}")
            )
        return
    try:
        value = value_of(point, words, ready)
    except BadValue as bad:
        for field in mine:
            detail = f"{point.name}: {bad}"
            decoded.rejections.append(
                Rejection(device.name, field.meter, field.register, json.dumps(words), bad.code, detail)
            )
        return
    if value is None:
        return
    for field in mine:
        reading = told(
            value,
            field,
            meters=device.meters,
            taken_s=arrival.received_s,
            is_timed=False,
            source=device.name,
            raw=json.dumps(words),
        )
        decoded.take(reading)
    if not mine:
        decoded.reports.append(Shown(point.name, value, point.unit, arrival.received_s))


def value_of(point: maps.Point, words: Sequence[int], ready: Setup) -> Decimal | None:
    """Return a point's value in its unit, on the primary side of its transformers; None if it has none.

    :raises BadValue: if the words mean no number
    """
    found = number(words, ready.map.form(point))
    if found is None:
        return None
    value = scaled(found, scale=point.scale, factor=point.factor, resolution=ready.map.resolution_of(point))
    return value * ready.ct_ratio if point.unit in maps.PRIMARY_UNITS else value


def _take_relay(decoded: Decoded, *, read: _Read, ready: Setup, arrival: Arrival) -> None:
    if read.relay is None or ready.relay is None or ready.relay.readback is None:
        return
    readback = ready.relay.readback
    if read.relay in {readback.on, readback.off}:
        is_on = read.relay == readback.on
        decoded.reports.append(SwitchState(is_on, taken_s=arrival.received_s))
    else:
        decoded.reports.append(Shown("relay", Decimal(read.relay), taken_s=arrival.received_s))


def limit_state(words: Sequence[int], ready: Setup, *, taken_s: int) -> LimitState:
    """Return to which power a unit's register holds the supply."""
    assert ready.limit is not None, "it was read"
    raw = 0
    for word in words if ready.map.word_order == "big" else reversed(words):
        raw = raw << 16 | word
    return LimitState(ready.limit.watts_of(raw), taken_s=taken_s, step_w=ready.limit.step_w)


def _rejection(device: Device, arrival: Arrival, code: str, detail: str) -> Rejection:
    return Rejection(device.name, None, None, truncated(arrival.payload), code, detail)
