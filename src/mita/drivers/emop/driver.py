"""The driver ``emop``: what was read of an Emlite meter, as our own JSON, into readings and reports. Pure.

An arrival is ``{"objects": {"010800": "40e20100"}, "log": ["..."]}``: payloads by object, and bodies of
answers with profile log 1, in hex. Its readings bear the time of the conversation: each object is a
conversation of its own, and the clock is another; how far that is off is in the ``Health``. The lines of a
log bear their own time.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.emop import objects, values
from mita.drivers.emop.prices import flat, to_write
from mita.drivers.fields import Field, at, told
from mita.drivers.text import PAYLOAD_BYTES_MAX, parse_json
from mita.drivers.urls import BadUrl, tcp_place
from mita.drivers.wire import Abilities, Arrival, Decoded, Device, Health, Outgoing, Shown, SwitchState
from mita.kit.quantity import BadValue, base_unit
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from mita.drivers.wire import FlatPrices, Order

PORT = 8080
# an answer holds five half hours, and each takes seconds
HOURS_MAX = 48
LOGS_MAX = 200
_OBJECTS_MAX = 200
# profile log 1 counts by it
_HALF_HOUR_S = 1_800
_OBJECT_DIGITS = 6
_SETTINGS = {"url", "meter_address", "objects", "clock", "restore", "log_hours", "every_s"}

DEFAULT_FIELDS = (
    Field("import", "import", "Wh"),
    Field("export", "export", "Wh"),
    Field("element_a.import", "import_a", "Wh"),
    Field("element_a.export", "export_a", "Wh"),
    Field("element_b.import", "import_b", "Wh"),
    Field("element_b.export", "export_b", "Wh"),
)
# what an object is called, and how its payload reads
_READ: dict[int, tuple[str, Callable[[bytes], Any]]] = {
    objects.IMPORT: ("import", values.energy_wh),
    objects.EXPORT: ("export", values.energy_wh),
    objects.ELEMENT_A: ("element_a", values.element),
    objects.ELEMENT_B: ("element_b", values.element),
    objects.BALANCE: ("balance", values.balance_micro),
    objects.PREPAY: ("prepay", values.flag),
    objects.SIGNAL: ("signal", values.signal),
    objects.THRESHOLD_MASK: ("threshold_rates", values.rates_set),
    objects.FUTURE_THRESHOLD_MASK: ("future.threshold_rates", values.rates_set),
    objects.POWER: ("power", values.power_w),
    objects.VOLTAGE: ("voltage", values.voltage_v),
    objects.SERIAL: ("serial", values.text),
    objects.THREE_PHASE_SERIAL: ("serial", values.text),
    objects.FIRMWARE: ("firmware", values.text),
    objects.PRICE_NOW: ("price_now", values.price_micro),
    objects.STANDING_CHARGE: ("standing_charge", values.price_micro),
    objects.EMERGENCY_CREDIT: ("emergency_credit", values.price_micro),
    objects.FUTURE_STANDING_CHARGE: ("future.standing_charge", values.price_micro),
    objects.FUTURE_EMERGENCY_CREDIT: ("future.emergency_credit", values.price_micro),
}
_MONEY = {objects.BALANCE} | {key for key, (_, read) in _READ.items() if read is values.price_micro}
_UNITS = {objects.POWER: "W", objects.VOLTAGE: "V"}
# these are told otherwise than by being shown
_TOLD = {objects.IMPORT, objects.EXPORT, objects.CLOCK, objects.FIRMWARE, objects.SIGNAL}


class EmopDriver:
    """Emlite meters over TCP."""

    name = "emop"
    settings: tuple[str, ...] = tuple(sorted(_SETTINGS))

    def abilities(self, device: Device) -> Abilities:  # noqa: ARG002 - all of these meters can the same
        """Return the same for each: prepay mode and balance cut, no relay does."""
        return Abilities(
            cut="token", proves=True, sets_clock=True, interval_s=_HALF_HOUR_S, answer_s=300, attempts=2
        )

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with the settings and the fields."""
        settings, wrong = device.settings, []
        try:
            tcp_place(settings.get("url"), port=PORT)
        except BadUrl as bad:
            wrong.append(str(bad))
        wrong += [f"there is no setting {name!r}" for name in sorted(set(settings) - _SETTINGS)]
        wrong += _wrong_objects(settings.get("objects", ()))
        address = settings.get("meter_address", 0)
        if type(address) is not int or not 0 <= address <= 0xFFFFFF:  # noqa: PLR2004 - 24 bits
            wrong.append("the setting meter_address is a whole number of 24 bits")
        if settings.get("clock", "utc") not in ("utc", "local"):
            wrong.append('the setting clock is "utc" or "local": what the meter\'s clock shows')
        elif settings.get("clock") == "local" and device.zone is None:
            wrong.append("the meter's clock is local, and the device has no time zone")
        if settings.get("restore", "token") not in ("token", "credit_mode"):
            wrong.append('the setting restore is "token" or "credit_mode": what switches a supply on again')
        hours = settings.get("log_hours", 0)
        if type(hours) is not int or not 0 <= hours <= HOURS_MAX:
            wrong.append(f"the setting log_hours is a number from 0 to {HOURS_MAX}")
        for field in device.fields:
            try:
                base_unit(field.unit)
            except BadValue as bad:
                wrong.append(f"field {field.path}: {bad}")
        return wrong

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return the readings, and all else that the objects say."""
        decoded = Decoded()
        try:
            said = _said(arrival.payload)
        except ValueError as error:
            decoded.rejections.append(_bad(truncated(arrival.payload), "bad_shape", str(error)))
            return decoded
        payloads = _payloads(said.get("objects", {}), decoded)
        found = _found(payloads, decoded, zone=clock_zone(device))
        _tell(_registers(found), decoded, device=device, taken_s=arrival.received_s, is_timed=False)
        _report(found, decoded)
        for body in said.get("log", ()):
            _decode_log(body, decoded, device=device)
        return decoded

    def encode(self, order: Order, device: Device) -> list[Outgoing]:  # noqa: ARG002 - the line carries it out
        """Return nothing: these meters are written to and read back in conversations of the polling line."""
        return []

    def price_problems(self, prices: FlatPrices) -> list[str]:
        """Return why a meter cannot hold these prices: too fine or too large."""
        try:
            to_write(flat(prices, from_s=values.EPOCH_S))
        except values.BadPayload as bad:
            return [f"a price {bad}"]
        return []


def clock_zone(device: Device) -> ZoneInfo | None:
    """Return the zone of the meter's own clock; None: it runs in UTC."""
    return device.zone if device.settings.get("clock") == "local" else None


def is_supply_on(
    *, is_prepay: bool | None, balance_micro: int | None, emergency_micro: int | None
) -> bool | None:
    """Return whether prepay mode and balance let a supply be on; None if they do not tell.

    Between nothing and the end of the emergency credit it depends on whether somebody took that at the meter.
    """
    if is_prepay is None:
        return None
    if not is_prepay:
        return True
    if balance_micro is None:
        return None
    if balance_micro > 0:
        return True
    return False if emergency_micro is not None and balance_micro <= -emergency_micro else None


def _wrong_objects(asked: Any) -> list[str]:
    if not isinstance(asked, list | tuple) or not all(isinstance(each, str) for each in asked):
        return ['the setting objects is a list of object numbers such as "010800"']
    if len(asked) > _OBJECTS_MAX:
        return [f"the setting objects names more than {_OBJECTS_MAX} objects"]
    return [f"{each[:20]!r} is no object number of six hex digits" for each in asked if not _is_object(each)]


def _is_object(key: str) -> bool:
    return len(key) == _OBJECT_DIGITS and all(digit in "0123456789abcdefABCDEF" for digit in key)


def _said(payload: bytes) -> dict[str, Any]:
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"has {len(payload)} bytes, {PAYLOAD_BYTES_MAX} are allowed")
    said: dict[str, Any] = parse_json(payload)
    is_whole = isinstance(said, dict) and isinstance(said.get("objects", {}), dict)
    log = said.get("log", []) if is_whole else None
    if not isinstance(log, list) or len(log) > LOGS_MAX:
        raise ValueError('is not such as {"objects": {"010800": "40e20100"}, "log": []}')
    return said


def _payloads(said: Mapping[str, Any], decoded: Decoded) -> dict[int, bytes]:
    payloads = {}
    for key, value in list(said.items())[:_OBJECTS_MAX]:
        try:
            payloads[_object_id(key)] = bytes.fromhex(value)
        except (TypeError, ValueError) as error:
            decoded.rejections.append(_bad(truncated({key: value}), "bad_shape", f"{key[:20]}: {error}"))
    return payloads


def _object_id(key: str) -> int:
    if not _is_object(key):
        raise ValueError("is no object number")
    return int(key, 16)


def _found(payloads: Mapping[int, bytes], decoded: Decoded, *, zone: ZoneInfo | None) -> dict[int, Any]:
    """Return what the objects hold; a payload that is not what its object holds is a rejection."""
    found: dict[int, Any] = {}
    for object_id, payload in payloads.items():
        try:
            if object_id == objects.CLOCK:
                found[object_id] = values.clock_s(payload, zone=zone)
            elif objects.block_and_rate(object_id):
                found[object_id] = values.price_micro(payload)
            elif object_id in _READ:
                found[object_id] = _READ[object_id][1](payload)
            else:
                # what nobody described is shown as it came
                found[object_id] = payload.hex()[:500]
        except values.BadPayload as bad:
            detail = f"object {objects.name(object_id)} {bad}"
            decoded.rejections.append(_bad(payload.hex()[:500], "bad_payload", detail))
    return found


def _registers(found: Mapping[int, Any]) -> dict[str, Any]:
    """Return what may be registers, by path."""
    registers = {_READ[key][0]: found[key] for key in (objects.IMPORT, objects.EXPORT) if key in found}
    for key in (objects.ELEMENT_A, objects.ELEMENT_B):
        if key in found:
            registers[_READ[key][0]] = {"import": found[key].import_wh, "export": found[key].export_wh}
    return registers


def _tell(
    registers: Mapping[str, Any], decoded: Decoded, *, device: Device, taken_s: int, is_timed: bool
) -> None:
    for field in device.fields or DEFAULT_FIELDS:
        value = at(registers, field.path)
        if value is None:
            continue
        reading = told(
            value,
            field,
            meters=device.meters,
            taken_s=taken_s,
            is_timed=is_timed,
            source=EmopDriver.name,
            raw=f"{field.path} {value}",
        )
        decoded.take(reading)


def _report(found: Mapping[int, Any], decoded: Decoded) -> None:
    signal = found.get(objects.SIGNAL)
    decoded.reports.append(
        Health(
            is_online=True if found else None,
            rssi_dbm=None if signal is None else values.rssi_dbm(signal[1]),
            clock_s=found.get(objects.CLOCK),
            firmware=found.get(objects.FIRMWARE),
        )
    )
    is_on = is_supply_on(
        is_prepay=found.get(objects.PREPAY),
        balance_micro=found.get(objects.BALANCE),
        emergency_micro=found.get(objects.EMERGENCY_CREDIT),
    )
    if is_on is not None:
        decoded.reports.append(SwitchState(is_on))
    for object_id, value in found.items():
        decoded.reports.extend(_shown(object_id, value))


def _shown(object_id: int, value: Any) -> list[Shown]:
    if object_id in _TOLD:
        return []
    path = _READ[object_id][0] if object_id in _READ else f"object.{objects.name(object_id)}"
    place = objects.block_and_rate(object_id)
    if place is not None:
        path = f"price.block_{place[0]}.rate_{place[1]}"
    if isinstance(value, values.Element):
        return [
            Shown(f"{path}.import_reactive", Decimal(value.import_varh).scaleb(-3), "kvarh"),
            Shown(f"{path}.export_reactive", Decimal(value.export_varh).scaleb(-3), "kvarh"),
        ]
    if place is not None or object_id in _MONEY:
        value = Decimal(value).scaleb(-6)
    elif object_id == objects.POWER:
        value = Decimal(value)
    elif isinstance(value, list):
        value = ", ".join(map(str, value))
    return [Shown(path, value, _UNITS.get(object_id))]


def _decode_log(body: Any, decoded: Decoded, *, device: Device) -> None:
    try:
        records = values.log_records(bytes.fromhex(body))
    except (TypeError, ValueError) as error:
        decoded.rejections.append(_bad(truncated(body), "bad_payload", f"the answer with the log: {error}"))
        return
    for record in records:
        registers = {"import": record.import_wh, "export": record.export_wh}
        taken_s = values.true_s(record.taken_s, zone=clock_zone(device))
        _tell(registers, decoded, device=device, taken_s=taken_s, is_timed=True)


def _bad(raw: str, code: str, detail: str) -> Rejection:
    return Rejection(EmopDriver.name, None, None, raw, code, detail)
