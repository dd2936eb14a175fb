"""The driver ``mbus``: telegrams of wired and wireless M-Bus into readings and reports. Pure.

An arrival is one telegram, as bytes or as hex. Its values are called by what they count, with what qualifies
it: ``energy``, ``energy_import``, ``volume_tariff_1``, ``volume_subunit_2``, ``power.ff01``. A register
is an instantaneous value of storage 0 only; what was on a billing day is history.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mita.drivers.fields import Field, told
from mita.drivers.mbus.clock import taken_s
from mita.drivers.mbus.telegram import BadTelegram, Record, Telegram, telegram
from mita.drivers.text import PAYLOAD_BYTES_MAX
from mita.drivers.urls import BadUrl, place
from mita.drivers.wire import Abilities, Alarm, Arrival, Decoded, Device, Health, Outgoing, Shown
from mita.kit.quantity import BadValue, base_unit
from mita.metering.domain import FUTURE_SECONDS_MAX, Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from mita.drivers.wire import Order

PORT = 10_001
_SETTINGS = {"url", "address", "secondary", "secret", "clock", "every_s", "telegrams"}
_HEX = re.compile(rb"[0-9A-Fa-f\s]+")
_KEY = re.compile(r"[0-9A-Fa-f]{32}")
_SECONDARY = re.compile(r"[0-9A-F]{8}([0-9A-F]{8})?")
# one that answers to any address must be alone on its bus
_ADDRESS_MAX = 250
_CLOCK_DAYS_MAX = 400
_DAY_S = 86_400

_ELECTRICITY = 2
# the utilities that a medium may be, the likely one first: many meters of hot water say that it is water
_UTILITIES: dict[int, tuple[str, ...]] = {
    _ELECTRICITY: ("electricity", "solar"),
    3: ("gas",),
    6: ("hot_water", "water"),
    7: ("water", "hot_water"),
    0x15: ("hot_water", "water"),
    0x16: ("water", "hot_water"),
}
# what a meter counts by default, by its medium; the energy of heat has no utility, and neither has its water
_ENERGY = (
    Field("energy", "import", "Wh", places=3),
    Field("energy_import", "import", "Wh", places=3),
    Field("energy_export", "export", "Wh", places=3),
)
_VOLUME = (Field("volume", "import", "m3", places=6),)
_SIGNS = {
    "Accumulation only if value is positive": "_import",
    "Accumulation only if value is negative": "_export",
}
_FUNCTIONS = {"Maximum value": "_max", "Minimum value": "_min", "Value during error state": "_error"}
_UNITS = {"W.h": "Wh", "m3.h-1": "m3/h", "Cel": "°C"}
_CLOCK = "Time point (date and time)"
_POWER_LOW, _PERMANENT, _TEMPORARY = 0x04, 0x08, 0x10
_APPLICATION_ERROR, _ABNORMAL, _APPLICATION_MASK = 2, 3, 3


class MbusDriver:
    """Meters on a wired bus, or heard by radio."""

    name = "mbus"
    settings: tuple[str, ...] = tuple(sorted(_SETTINGS))

    def abilities(self, device: Device) -> Abilities:  # noqa: ARG002 - all the same
        """Return that no supply is switched over M-Bus here."""
        return Abilities()

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with the settings and the fields."""
        settings = device.settings
        wrong = [f"there is no setting {name!r}" for name in sorted(set(settings) - _SETTINGS)]
        if "url" in settings:
            try:
                place(settings["url"], port=PORT, baud=2400, parity="E")
            except BadUrl as bad:
                wrong.append(str(bad))
            wrong += _wrong_address(settings.get("address"), settings.get("secondary"))
        key = settings.get("secret")
        if key is not None and not (isinstance(key, str) and _KEY.fullmatch(key)):
            wrong.append("the secret is the 32 hex digits of the AES key")
        if settings.get("clock", "local") not in ("local", "utc", "ours"):
            wrong.append('the setting clock is "local", "utc" or "ours": whose time a reading bears')
        most = settings.get("telegrams", 1)
        if type(most) is not int or most < 1:
            wrong.append("the setting telegrams is how many telegrams are asked for at most")
        for field in device.fields:
            try:
                base_unit(field.unit)
            except BadValue as bad:
                wrong.append(f"field {field.path}: {bad}")
        return wrong

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return the readings of a telegram, and all else that it says."""
        decoded = Decoded()
        raw = arrival.payload
        if len(raw) > PAYLOAD_BYTES_MAX:
            decoded.rejections.append(_bad(raw, "too_large", f"the telegram has {len(raw)} bytes"))
            return decoded
        key = device.settings.get("secret")
        try:
            if _HEX.fullmatch(raw):
                raw = bytes.fromhex(raw.decode("ascii"))
            found = telegram(raw, key=bytes.fromhex(key) if key else None)
        except BadTelegram as bad:
            decoded.rejections.append(_bad(raw, bad.code, str(bad)))
            return decoded
        except ValueError as error:
            decoded.rejections.append(_bad(raw, "no_telegram", f"is no hex: {error}"))
            return decoded
        wanted = wanted_identification(device)
        if wanted is not None and found.identification != wanted:
            detail = f"meter {found.identification} speaks, and the device is {wanted}"
            decoded.rejections.append(_bad(raw, "unknown_meter", detail))
            return decoded
        _decode(found, decoded, device=device, received_s=arrival.received_s, raw=raw)
        return decoded

    def encode(self, order: Order, device: Device) -> list[Outgoing]:  # noqa: ARG002 - there is no switch
        """Return nothing: there is no switch."""
        return []


def wanted_identification(device: Device) -> str | None:
    """Return the eight digits that a device's telegrams must bear; None if any may come."""
    secondary = device.settings.get("secondary")
    return secondary[:8].upper() if isinstance(secondary, str) and "F" not in secondary[:8].upper() else None


def _wrong_address(address: Any, secondary: Any) -> list[str]:
    if secondary is not None:
        if isinstance(secondary, str) and _SECONDARY.fullmatch(secondary.upper()):
            return []
        return ["the setting secondary is the meter's number of 8 digits, or all 16 of its secondary address"]
    if type(address) is not int or not 0 <= address <= _ADDRESS_MAX:
        return [
            f"the setting address is a number from 0 to {_ADDRESS_MAX}, else the setting secondary is needed"
        ]
    return []


def _decode(found: Telegram, decoded: Decoded, *, device: Device, received_s: int, raw: bytes) -> None:
    clock_s = _clock(found, device=device, received_s=received_s)
    when_s, is_timed = received_s, False
    if clock_s is not None and device.settings.get("clock") != "ours":
        if received_s - _CLOCK_DAYS_MAX * _DAY_S <= clock_s <= received_s + FUTURE_SECONDS_MAX:
            when_s, is_timed = clock_s, True
        else:
            detail = f"the meter's clock is off by {abs(clock_s - received_s)} seconds"
            decoded.reports.append(Alarm("clock_invalid", detail, received_s))
    model = f"{found.manufacturer or '?'} {found.identification or '?'}"
    if found.version is not None:
        model += f" version {found.version}"
    if found.medium_name:
        model += f", {found.medium_name}"
    low = bool(found.status & _POWER_LOW)
    decoded.reports.append(Health(is_online=True, clock_s=clock_s, model=model[:200]))
    if low:
        decoded.reports.append(Alarm("low_battery", "the meter says that its power is low", when_s))
    decoded.reports += [Alarm("device_fault", detail, when_s) for detail in _faults(found.status)]
    values, doubles = _values(found.records)
    _tell(values, doubles, decoded, device=device, medium=found.medium, when_s=when_s, is_timed=is_timed)
    for path, value, unit in _to_show(found.records):
        decoded.reports.append(Shown(path, value, unit, when_s))
    for each in found.unread:
        decoded.reports.append(Shown("unread", each[:200], None, when_s))
    if found.is_partial and not found.unread:
        decoded.rejections.append(_bad(raw, "partial", "a part of the telegram could not be read"))


def _faults(status: int) -> list[str]:
    found = []
    if status & _APPLICATION_MASK == _APPLICATION_ERROR:
        found.append("the meter reports an error of its application")
    if status & _APPLICATION_MASK == _ABNORMAL:
        found.append("the meter reports an abnormal condition")
    if status & _PERMANENT:
        found.append("the meter reports a permanent error")
    if status & _TEMPORARY:
        found.append("the meter reports a temporary error")
    return found


def _clock(found: Telegram, *, device: Device, received_s: int) -> int | None:
    zone = None if device.settings.get("clock") == "utc" else device.zone
    for record in found.records:
        if record.quantity == _CLOCK and record.is_now and not (record.qualifiers or record.subunit):
            clock_s = taken_s(record.data, zone=zone, near_s=received_s)
            if clock_s is not None:
                return clock_s
    return None


def path_of(record: Record) -> str:
    """Return what a record's value is called."""
    name = re.sub(r"[^a-z0-9]+", "_", record.quantity.lower()).strip("_") or "value"
    if record.unit == "J":
        name += "_j"
    signs = [_SIGNS[each] for each in record.qualifiers if each in _SIGNS]
    if signs and len(record.qualifiers) == 1:
        name += signs[0]
    elif record.qualifiers or (record.unit is not None and not record.unit.isascii()):
        # what is qualified by more than its sign, or counted per something, is another quantity
        name += f".{record.extras or 'other'}"
    if record.rate:
        name += f"_tariff_{record.rate}"
    if record.subunit:
        name += f"_subunit_{record.subunit}"
    if record.storage:
        name += f"_storage_{record.storage}"
    return name + _FUNCTIONS.get(record.function, "")


def _values(records: Sequence[Record]) -> tuple[dict[str, Decimal], set[str]]:
    """Return what may be registers, by path, and the paths that stand there twice with other values."""
    values: dict[str, Decimal] = {}
    doubles = set()
    for record in records:
        if record.is_now and record.value is not None and not isinstance(record.value, str):
            path = path_of(record)
            if values.setdefault(path, record.value) != record.value:
                doubles.add(path)
    return values, doubles


def _fields(device: Device, medium: int | None) -> list[Field]:
    """Return the fields of the device; else those of its medium, for the meter that counts it."""
    if device.fields:
        return list(device.fields)
    utilities = _UTILITIES.get(medium, ()) if medium is not None else ()
    serials: list[str] = []
    for utility in utilities:
        serials = serials or [serial for serial, each in device.meters if each == utility]
    if not serials:
        return []
    named = serials[0] if len(serials) == 1 else None
    return [replace(each, meter=named) for each in (_ENERGY if medium == _ELECTRICITY else _VOLUME)]


def _tell(
    values: dict[str, Decimal],
    doubles: set[str],
    decoded: Decoded,
    *,
    device: Device,
    medium: int | None,
    when_s: int,
    is_timed: bool,
) -> None:
    for field in _fields(device, medium):
        value = values.get(field.path)
        if value is None:
            continue
        raw = f"{field.path} {value}"
        if field.path in doubles:
            detail = f"{field.path} stands there twice with different values"
            rejection = Rejection(
                MbusDriver.name, field.meter, field.register, raw, "ambiguous_value", detail
            )
            decoded.rejections.append(rejection)
            continue
        reading = told(
            value,
            field,
            meters=device.meters,
            taken_s=when_s,
            is_timed=is_timed,
            source=MbusDriver.name,
            raw=raw,
        )
        decoded.take(reading)


def _to_show(records: Sequence[Record]) -> list[tuple[str, Decimal | str, str | None]]:
    return [
        (path_of(record), record.value, _UNITS.get(record.unit or "", record.unit))
        for record in records
        if record.value is not None
    ]


def _bad(raw: bytes, code: str, detail: str) -> Rejection:
    return Rejection(MbusDriver.name, None, None, raw.hex()[:500], code, detail)
