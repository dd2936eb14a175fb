"""What an uplink says once a codec has read it: readings, switch, health, alarms, things to show. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.fields import at, flat, told
from mita.drivers.lorawan.settings import plan_of
from mita.drivers.lorawan.times import AHEAD_S_MAX, CLOCK_MIN_S, instant_s
from mita.drivers.text import JsonObject
from mita.drivers.wire import Alarm, Decoded, Health, LimitState, Shown, SwitchState
from mita.metering.domain import Rejection, temperature_centi, truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mita.drivers.fields import Field
    from mita.drivers.lorawan.settings import LimitRule, Plan
    from mita.drivers.wire import Device

ITEMS_MAX = 1_000
_SHOWN_MAX = 200
_TEXT_MAX = 200
_PERCENT_MAX = 100
# ten to the power of this overflows no sum
_MAGNITUDE_MAX = 30
_PARENT = re.compile(r"(?P<parent>.+)(?<!\\)\.(?:data|value)")


@dataclass(frozen=True, slots=True)
class CodecInput:
    """What a codec is asked to decode; ``codec`` is the id in the device's settings."""

    codec: str
    payload: bytes
    f_port: int
    received_at: str
    variables: dict[str, str]

    def as_document(self) -> dict[str, Any]:
        """Return it as ``decodeUplink`` takes it."""
        return {
            "bytes": list(self.payload),
            "fPort": self.f_port,
            "recvTime": self.received_at,
            "variables": self.variables,
        }


@dataclass(frozen=True, slots=True)
class _Clock:
    """When an uplink's values were taken; ``shift_s`` is what the device's own times are to be moved by."""

    taken_s: int
    is_timed: bool
    told_s: int | None = None
    shift_s: int = 0


@dataclass(frozen=True, slots=True)
class _Reading:
    """What all of an uplink's readings have in common."""

    obj: Any
    plan: Plan
    device: Device
    received_s: int
    source: str
    decoded: Decoded

    def reject(self, code: str, detail: str) -> None:
        self.decoded.rejections.append(Rejection(self.source, None, None, raw_text(self.obj), code, detail))

    def take(self, value: Any, field: Field, *, taken_s: int, is_timed: bool) -> None:
        reading = told(
            value,
            field,
            meters=self.device.meters,
            taken_s=taken_s,
            is_timed=is_timed,
            source=self.source,
            raw="",
        )
        if isinstance(reading, Rejection):
            # only then: the text of a whole object costs more than the reading
            reading = replace(reading, raw=raw_text(self.obj))
        self.decoded.take(reading)


def decode_object(
    obj: Any, device: Device, *, received_s: int, source: str, health: Health | None = None
) -> Decoded:
    """Return what a decoded uplink holds; numbers of ``obj`` are Decimals. Never raises.

    ``received_s`` is when the server had it; ``health`` is what the radio told.
    """
    decoded = Decoded()
    health = health or Health(is_online=True)
    uplink = _Reading(obj, plan_of(device), device, received_s, source, decoded)
    if not isinstance(obj, dict):
        uplink.reject("bad_shape", "what the codec made of the uplink is not an object")
    elif isinstance(obj, JsonObject) and obj.repeated is not None:
        uplink.reject("repeated_key", f"key {ascii(obj.repeated)[:60]} stands there twice")
    else:
        clock = _read(uplink)
        decoded.reports += _reports(uplink, clock, health)
        return decoded
    decoded.reports.append(health)
    return decoded


def raw_text(value: Any) -> str:
    """Return parsed JSON as text, near enough to what came."""
    try:
        return truncated(json.dumps(value, default=str))
    except (RecursionError, ValueError, TypeError):
        return "(cannot be shown)"


def _read(uplink: _Reading) -> _Clock:
    plan, before = uplink.plan, len(uplink.decoded.readings)
    try:
        clock = _clock(uplink, plan.time_path)
    except ValueError as error:
        uplink.reject("bad_time", f"{plan.time_path}: {error}")
        return _Clock(uplink.received_s, is_timed=False)
    for field in plan.fields:
        value = at(uplink.obj, field.path)
        if value is not None and (plan.deltas is None or field.path != plan.deltas.base_path):
            uplink.take(value, field, taken_s=clock.taken_s, is_timed=clock.is_timed)
    _warm(uplink, before)
    if plan.items is not None:
        _read_list(uplink, clock)
    if plan.deltas is not None:
        _read_deltas(uplink, clock)
    return clock


def _clock(uplink: _Reading, path: str | None) -> _Clock:
    """Return when the values at a time path were taken; a clock that was never set counts as none."""
    value = None if path is None else at(uplink.obj, path)
    if value is None:
        return _Clock(uplink.received_s, is_timed=False)
    told_s = instant_s(value, zone=uplink.device.zone, received_s=uplink.received_s)
    if CLOCK_MIN_S <= told_s <= uplink.received_s + AHEAD_S_MAX:
        return _Clock(told_s, is_timed=True, told_s=told_s)
    return _Clock(uplink.received_s, is_timed=False, told_s=told_s, shift_s=uplink.received_s - told_s)


def _warm(uplink: _Reading, before: int) -> None:
    path = uplink.plan.temperature_path
    degrees = None if path is None else _number(at(uplink.obj, path))
    centi = None if degrees is None else temperature_centi(degrees)
    if centi is not None:
        readings = uplink.decoded.readings
        readings[before:] = [replace(reading, temperature_centi=centi) for reading in readings[before:]]


def _read_list(uplink: _Reading, clock: _Clock) -> None:
    items = uplink.plan.items
    assert items is not None, "only a device with a list comes here"
    found = at(uplink.obj, items.path)
    if found is None:
        return
    if not isinstance(found, list) or len(found) > ITEMS_MAX:
        uplink.reject("bad_shape", f"{items.path} is not a list of at most {ITEMS_MAX} values with a time")
        return
    for place, item in enumerate(found):
        name = None if items.name is None else at(item, items.name)
        values = {str(name): at(item, items.value or "")} if items.name is not None else item
        taken = [(field, at(values, field.path)) for field in uplink.plan.fields]
        if isinstance(item, dict) and all(value is None for _, value in taken):
            # what no field asks for needs no time
            continue
        try:
            taken_s = instant_s(at(item, items.time), zone=uplink.device.zone, received_s=uplink.received_s)
        except ValueError as error:
            uplink.reject("bad_time", f"{items.path}.{place}.{items.time}: {error}")
            continue
        is_timed = not clock.shift_s and CLOCK_MIN_S <= taken_s <= uplink.received_s + AHEAD_S_MAX
        if not is_timed and not clock.shift_s:
            uplink.reject("bad_time", f"{items.path}.{place}.{items.time}: the clock was never set")
            continue
        for field, value in taken:
            if value is not None:
                uplink.take(value, field, taken_s=taken_s + clock.shift_s, is_timed=is_timed)


def _read_deltas(uplink: _Reading, clock: _Clock) -> None:
    deltas = uplink.plan.deltas
    assert deltas is not None, "only a device with deltas comes here"
    field = next((each for each in uplink.plan.fields if each.path == deltas.base_path), None)
    value = _number(at(uplink.obj, deltas.base_path))
    if field is None or value is None:
        return
    try:
        start = clock if deltas.time_path is None else _clock(uplink, deltas.time_path)
    except ValueError as error:
        uplink.reject("bad_time", f"{deltas.time_path}: {error}")
        return
    shifted_s = start.taken_s
    if clock.shift_s and start.told_s is not None:
        # both times are by the same wrong clock: how far they lie apart still holds
        shifted_s = start.told_s + clock.shift_s
    uplink.take(value, field, taken_s=shifted_s, is_timed=start.is_timed)
    for place, rise in enumerate(_rises(uplink)):
        if rise is None:
            where = f"{deltas.list_path}.{place}"
            uplink.reject("not_a_number", f"{where} is not a number, and all after it hang on it")
            return
        value += rise * deltas.scale if deltas.step_s > 0 else -rise * deltas.scale
        uplink.take(value, field, taken_s=shifted_s + (place + 1) * deltas.step_s, is_timed=start.is_timed)


def _rises(uplink: _Reading) -> Iterator[Decimal | None]:
    deltas = uplink.plan.deltas
    assert deltas is not None, "only a device with deltas comes here"
    found = at(uplink.obj, deltas.list_path)
    for each in found[:ITEMS_MAX] if isinstance(found, list) else []:
        yield _number(each if deltas.value is None else at(each, deltas.value))


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        return None
    number = Decimal(value)
    return number if number.is_finite() and number.adjusted() < _MAGNITUDE_MAX else None


def _reports(uplink: _Reading, clock: _Clock, health: Health) -> list[Any]:
    reports: list[Any] = [_health(uplink, clock, health)]
    if clock.shift_s:
        detail = f"the device's clock says {clock.told_s} seconds since 1970"
        reports.append(Alarm("clock_invalid", detail, taken_s=uplink.received_s))
    switch = uplink.plan.switch
    if switch is not None:
        word = at(uplink.obj, switch.path)
        if word is not None and (word in switch.on or word in switch.off):
            reports.append(SwitchState(word in switch.on, switch.meter, taken_s=clock.taken_s))
    limit = None if uplink.plan.limit is None else _limit(uplink, uplink.plan.limit, clock)
    if limit is not None:
        reports.append(limit)
    reports += _alarms(uplink, clock)
    reports += _shown(uplink, clock)
    return reports


def _limit(uplink: _Reading, rule: LimitRule, clock: _Clock) -> LimitState | None:
    word = at(uplink.obj, rule.path)
    if word is None or isinstance(word, dict | list):
        return None
    if word in rule.none:
        return LimitState(None, taken_s=clock.taken_s, step_w=rule.scale_w)
    number = _number(word)
    if number is None or number < 0:
        return None
    return LimitState(int(number * rule.scale_w), taken_s=clock.taken_s, step_w=rule.scale_w)


def _health(uplink: _Reading, clock: _Clock, health: Health) -> Health:
    plan = uplink.plan
    found: dict[str, Any] = {} if clock.told_s is None else {"clock_s": clock.told_s}
    for name, path in (("firmware", plan.firmware_path), ("model", plan.model_path)):
        text = None if path is None else at(uplink.obj, path)
        if isinstance(text, str) and 1 <= len(text) <= _TEXT_MAX and text.isprintable():
            found[name] = text
    if plan.battery is not None:
        path, unit = plan.battery
        level = _number(at(uplink.obj, path))
        if level is not None and unit == "percent" and 0 <= level <= _PERCENT_MAX:
            found["battery_percent"] = level
        elif level is not None and unit != "percent" and 0 <= level < 10**6:
            found["battery_mv"] = int(level * 1_000 if unit == "V" else level)
    return replace(health, **found)


def _alarms(uplink: _Reading, clock: _Clock) -> Iterator[Alarm]:
    """Yield what the rules make of an uplink; the first rule that fits a path decides."""
    done: set[str] = set()
    for rule in uplink.plan.alarms:
        word = at(uplink.obj, rule.path)
        if word is None or rule.path in done or isinstance(word, dict | list):
            continue
        is_over = word in rule.over
        if is_over or not rule.words or word in rule.words:
            done.add(rule.path)
            detail = f"{rule.path}: {str(word)[:_TEXT_MAX]}"
            yield Alarm(rule.alarm, truncated(detail), taken_s=clock.taken_s, is_over=is_over)


def _shown(uplink: _Reading, clock: _Clock) -> list[Shown]:
    """Return the numbers and truths that are nothing else, and the texts that are asked for."""
    plan = uplink.plan
    taken = {field.path for field in plan.fields} | {plan.time_path}
    texts = plan.shown | ({plan.switch.path} if plan.switch is not None else set())
    lists = [each.path for each in (plan.items,) if each is not None]
    lists += [each.list_path for each in (plan.deltas,) if each is not None]
    shown: list[Shown] = []
    for path, value in flat(uplink.obj):
        if path in taken or any(path.startswith(f"{each}.") for each in lists):
            continue
        if isinstance(value, str):
            if path in texts:
                shown.append(Shown(path, truncated(value[:_TEXT_MAX]), None, clock.taken_s))
        elif isinstance(value, bool) or _number(value) is not None:
            shown.append(Shown(path, value, _unit(uplink.obj, path), clock.taken_s))
        if len(shown) == _SHOWN_MAX:
            break
    return shown


def _unit(obj: Any, path: str) -> str | None:
    """Return the unit that stands beside a value, as in ``{"data": 230, "unit": "V"}``."""
    parent = _PARENT.fullmatch(path)
    unit = None if parent is None else at(obj, f"{parent['parent']}.unit")
    return unit[:20] if isinstance(unit, str) else None
