"""The driver ``dlms``: what was read of a DLMS/COSEM meter, as our own JSON, into readings. Pure.

An arrival is::

    {
        "registers": {"1.0.1.8.0.255": ["12345678", 0, 30]},
        "texts": {"0.0.96.1.0.255": "50594430"},
        "clock": "07e805...",
        "output": true,
        "control": 1,
        "limiter": [2000, 0, 27],
        "profile": {"columns": [["1.0.1.8.0.255", 0, 30]], "period_s": 900, "rows": [["07e8...", ["1000"]]]},
    }

``limiter`` is its threshold with the power of ten and the unit of what it watches. A register is its value
as digits, its power of ten and the number of its unit; a time is 12 bytes in hex. Registers bear the time of
the conversation; a row of the load profile bears its own, and where it has none the one before plus the
period. A value that is null in a row is that of the row before.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.dlms.charge import PRICE_MAX, shortest
from mita.drivers.dlms.clock import clock_s
from mita.drivers.dlms.limiter import held_w, threshold_of
from mita.drivers.dlms.settings import SETTINGS, Settings, problems
from mita.drivers.dlms.settings import settings as settings_of
from mita.drivers.fields import Field, told
from mita.drivers.text import PAYLOAD_BYTES_MAX, parse_json
from mita.drivers.wire import (
    Abilities,
    Arrival,
    Decoded,
    Device,
    Health,
    LimitState,
    Outgoing,
    Shown,
    SwitchState,
)
from mita.kit.money import format_micro
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from mita.drivers.dlms.limiter import Limiter
    from mita.drivers.wire import FlatPrices, Order

ROWS_MAX = 3_000
_PAYLOAD_BYTES_MAX = 16 * PAYLOAD_BYTES_MAX
_POWER_MAX = 18
_DIGITS_MAX = 24

# number of the unit: how it is called
_UNITS = {
    8: "°C",
    9: "°C",
    13: "m3",
    14: "m3",
    15: "m3/h",
    25: "J",
    27: "W",
    28: "VA",
    29: "var",
    30: "Wh",
    31: "VAh",
    32: "varh",
    33: "A",
    35: "V",
    44: "Hz",
}
_NO_UNIT = 255
# the edges of a load profile's half hours and hours are edges of quarter hours
_QUARTER_S = 900
DEFAULT_FIELDS = (
    Field("1.0.1.8.0.255", "import", "Wh"),
    Field("1.0.2.8.0.255", "export", "Wh"),
)


class _Bad(ValueError):
    pass


class DlmsDriver:
    """DLMS/COSEM meters that are reachable over IP or a serial port."""

    name = "dlms"
    settings: tuple[str, ...] = SETTINGS

    def abilities(self, device: Device) -> Abilities:
        """Return that it has a relay and a clock, unless the settings say that there is no relay."""
        has_relay = device.settings.get("relay", True) is not False
        return Abilities(
            cut="relay" if has_relay else "none",
            limits=device.settings.get("limiter") is not None,
            proves=has_relay,
            sets_clock=True,
            interval_s=_QUARTER_S if device.settings.get("profile_hours", 0) else 0,
            answer_s=120,
            attempts=3,
        )

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with the settings and the fields."""
        return problems(device)

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return the readings, and all else that was read."""
        decoded = Decoded()
        try:
            said = _said(arrival.payload)
            found = settings_of(device)
            _decode(said, decoded, device=device, found=found, received_s=arrival.received_s)
        except ValueError as error:
            raw = truncated(arrival.payload)
            decoded.rejections.append(Rejection(self.name, None, None, raw, "bad_shape", str(error)))
        return decoded

    def encode(self, order: Order, device: Device) -> list[Outgoing]:  # noqa: ARG002 - the line carries it out
        """Return nothing: it is told and read back in a conversation of the polling line."""
        return []

    def price_problems(self, prices: FlatPrices) -> list[str]:
        """Return why a Charge object cannot hold these prices: 16 bits with a power of ten."""
        return [
            f"the meter holds up to {PRICE_MAX} steps of a power of ten, {format_micro(price)} is more"
            for price in (prices.kwh_micro, prices.day_micro)
            if shortest(price)[0] > PRICE_MAX
        ]


def _said(payload: bytes) -> dict[str, Any]:
    if len(payload) > _PAYLOAD_BYTES_MAX:
        raise _Bad(f"has {len(payload)} bytes, {_PAYLOAD_BYTES_MAX} are allowed")
    said: dict[str, Any] = parse_json(payload)
    if not isinstance(said, dict):
        raise _Bad("is no object")
    for name in ("registers", "texts", "profile"):
        if not isinstance(said.get(name, {}), dict):
            raise _Bad(f"{name} is no object")
    return said


def _decode(
    said: Mapping[str, Any], decoded: Decoded, *, device: Device, found: Settings, received_s: int
) -> None:
    registers = said.get("registers", {})
    for obis, each in registers.items():
        try:
            value, unit = _register(each)
        except _Bad as bad:
            decoded.rejections.append(_rejection(obis, each, "bad_value", f"{obis} {bad}"))
            continue
        decoded.reports.append(Shown(obis, value, unit))
        _tell(obis, value, unit, decoded, device=device, taken_s=received_s, is_timed=False)
    for obis, each in said.get("texts", {}).items():
        decoded.reports.append(Shown(obis, _text(each)))
    clock = said.get("clock")
    shown_s = None if clock is None else _time(clock, zone=device.zone, found=found)
    decoded.reports.append(Health(is_online=True, clock_s=shown_s))
    if isinstance(said.get("output"), bool):
        decoded.reports.append(SwitchState(said["output"]))
    if isinstance(said.get("control"), Decimal):
        decoded.reports.append(Shown("control_state", said["control"]))
    if "limiter" in said and found.limiter is not None:
        _decode_limiter(said["limiter"], decoded, limiter=found.limiter)
    if "profile" in said:
        _decode_profile(said["profile"], decoded, device=device, found=found)


def _decode_limiter(said: Any, decoded: Decoded, *, limiter: Limiter) -> None:
    try:
        raw, power, unit = (int(each) for each in said)
        threshold = threshold_of(power, unit, limiter=limiter)
    except (TypeError, ValueError) as error:
        decoded.rejections.append(_rejection(limiter.obis, said, "bad_limit", f"{limiter.obis} {error}"))
        return
    state = LimitState(held_w(raw, threshold, limiter=limiter), step_w=threshold.step_w)
    decoded.reports.append(state)


def _register(each: Any) -> tuple[Decimal, str | None]:
    """Return a register's value, its power of ten applied, and its unit; None if the meter names none."""
    if not isinstance(each, list) or len(each) != 3 or not isinstance(each[0], str):  # noqa: PLR2004 - its three parts
        raise _Bad("is not a value, a power of ten and a unit")
    value, power, unit = each
    if not (isinstance(power, Decimal) and isinstance(unit, Decimal)) or not abs(power) <= _POWER_MAX:
        raise _Bad("has no power of ten or no unit")
    try:
        number = Decimal(value)
    except ArithmeticError as error:
        raise _Bad("is not a number") from error
    if not number.is_finite() or len(number.as_tuple().digits) > _DIGITS_MAX:
        raise _Bad("is not a number of a register")
    code = int(unit)
    return number.scaleb(int(power)), None if code == _NO_UNIT else _UNITS.get(code, f"unit {code}")


def _tell(
    obis: str,
    value: Decimal,
    unit: str | None,
    decoded: Decoded,
    *,
    device: Device,
    taken_s: int,
    is_timed: bool,
) -> None:
    for field in device.fields or DEFAULT_FIELDS:
        if field.path != obis:
            continue
        if unit is not None and unit != field.unit:
            # a field must not turn varh, or a scale of its own, into kWh
            detail = f"{obis} is in {unit}, and the field says {field.unit}"
            decoded.rejections.append(_rejection(obis, value, "wrong_unit", detail))
            continue
        reading = told(
            value,
            field,
            meters=device.meters,
            taken_s=taken_s,
            is_timed=is_timed,
            source=DlmsDriver.name,
            raw=f"{obis} {value}",
        )
        decoded.take(reading)


def _decode_profile(said: Mapping[str, Any], decoded: Decoded, *, device: Device, found: Settings) -> None:
    columns, rows, period = said.get("columns"), said.get("rows"), said.get("period_s")
    if not isinstance(columns, list) or not isinstance(rows, list) or len(rows) > ROWS_MAX:
        raise _Bad(f"the profile has no columns, or not up to {ROWS_MAX} rows")
    period_s = int(period) if isinstance(period, Decimal) and period > 0 else None
    before_s: int | None = None
    values: list[Any] = [None] * len(columns)
    for row in rows:
        if not isinstance(row, list) or len(row) != 2 or not isinstance(row[1], list):  # noqa: PLR2004 - time and values
            raise _Bad("a row of the profile is not a time and values")
        values = [old if new is None else new for old, new in zip(values, row[1], strict=False)]
        taken_s = _row_time(row[0], before_s, period_s=period_s, device=device, found=found)
        before_s = taken_s
        if taken_s is None:
            decoded.rejections.append(_rejection("profile", row, "bad_time", "a row has no valid time"))
            continue
        _decode_row(values, columns, decoded, device=device, taken_s=taken_s)


def _row_time(
    raw: Any, before_s: int | None, *, period_s: int | None, device: Device, found: Settings
) -> int | None:
    if raw is not None:
        return _time(raw, zone=device.zone, found=found)
    return None if before_s is None or period_s is None else before_s + period_s


def _decode_row(
    values: Sequence[Any], columns: Sequence[Any], decoded: Decoded, *, device: Device, taken_s: int
) -> None:
    for column, value in zip(columns, values, strict=False):
        if value is None:
            continue
        try:
            obis, power, unit_code = column
            number, unit = _register([value, power, unit_code])
        except (TypeError, ValueError) as error:
            detail = f"{truncated(column)[:60]} {error}"
            decoded.rejections.append(_rejection("profile", value, "bad_value", detail))
            continue
        _tell(obis, number, unit, decoded, device=device, taken_s=taken_s, is_timed=True)


def _time(raw: Any, *, zone: ZoneInfo | None, found: Settings) -> int | None:
    try:
        return clock_s(bytes.fromhex(raw), zone=zone, is_reversed=found.is_reversed)
    except (TypeError, ValueError):
        return None


def _text(raw: Any) -> str:
    try:
        found = bytes.fromhex(raw)
        text = found.decode("ascii")
    except (TypeError, ValueError):
        return truncated(raw)[:200]
    return text[:200] if text.isprintable() else found.hex()[:200]


def _rejection(obis: str, raw: Any, code: str, detail: str) -> Rejection:
    return Rejection(DlmsDriver.name, None, None, truncated(f"{obis} {raw}"), code, detail[:500])
