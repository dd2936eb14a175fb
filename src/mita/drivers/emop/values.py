"""What stands in EMOP payloads, both ways; low byte first. Pure.

Money is in hundred-thousandths of the currency; here it is whole millionths (``*_micro``). The layouts of
serial, voltage, balance, flag and token are those of an existing client; the others follow its description.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

EPOCH_S = 946_684_800  # 2000-01-01T00:00:00Z
_MICRO_PER_STEP = 10
_TIME_BYTES = 7
_TOKEN_DIGITS = 20
_SERIAL_BYTES = 16
_LOG_RECORDS = 5
_LOG_RECORD_BYTES = 14
_LOG_HEAD = 4
_U32_MAX = 0xFFFFFFFF
_I32_MAX = 0x7FFFFFFF
RATES_MAX = 8


class BadPayload(ValueError):
    """A payload that is not what its object holds."""


@dataclass(frozen=True, slots=True)
class Element:
    """The registers of one element: active and reactive energy, in Wh and varh."""

    import_wh: int
    export_wh: int
    import_varh: int
    export_varh: int


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A line of profile log 1: seconds since 1970 by the meter's clock, its status, registers in Wh."""

    taken_s: int
    status: int
    import_wh: int
    export_wh: int


def _whole(payload: bytes, size: int, *, is_signed: bool = False) -> int:
    if len(payload) != size:
        raise BadPayload(f"has {len(payload)} bytes where {size} are expected")
    return int.from_bytes(payload, "little", signed=is_signed)


def _put(value: int, *, bound: int, low: int = 0) -> bytes:
    if not low <= value <= bound:
        raise BadPayload(f"{value} does not fit into four bytes")
    return value.to_bytes(4, "little", signed=low < 0)


def balance_micro(payload: bytes) -> int:
    """Return a balance in millionths of the currency; below zero is owed."""
    return _whole(payload, 4, is_signed=True) * _MICRO_PER_STEP


def balance_payload(micro: int) -> bytes:
    """Return the payload of a balance.

    :raises BadPayload: if it is finer than the meter counts, or too large
    """
    return _put(_steps(micro), bound=_I32_MAX, low=-_I32_MAX - 1)


def price_micro(payload: bytes) -> int:
    """Return a price, standing charge or emergency credit in millionths of the currency."""
    return _whole(payload, 4) * _MICRO_PER_STEP


def price_payload(micro: int) -> bytes:
    """Return the payload of a price.

    :raises BadPayload: if it is negative, finer than the meter counts, or too large
    """
    return _put(_steps(micro), bound=_U32_MAX)


def _steps(micro: int) -> int:
    steps, rest = divmod(micro, _MICRO_PER_STEP)
    if rest:
        raise BadPayload("is finer than the meter counts, which is a hundred-thousandth")
    return steps


def energy_wh(payload: bytes) -> int:
    """Return a register in Wh."""
    return _whole(payload, 4)


def element(payload: bytes) -> Element:
    """Return the four registers of an element."""
    _whole(payload, 16)
    parts = (_whole(payload[at : at + 4], 4) for at in range(0, 16, 4))
    return Element(*parts)


def power_w(payload: bytes) -> int:
    """Return active power in W; below zero flows back."""
    return _whole(payload, 4, is_signed=True)


def voltage_v(payload: bytes) -> Decimal:
    """Return a voltage in V."""
    return Decimal(_whole(payload, 2)).scaleb(-1)


def clock_s(payload: bytes, *, zone: ZoneInfo | None = None) -> int:
    """Return the meter's clock in seconds since 1970; ``zone`` is that of its wall clock, else UTC."""
    if len(payload) != _TIME_BYTES:
        raise BadPayload(f"has {len(payload)} bytes where {_TIME_BYTES} are expected")
    year, month, day, hour, minute, second, _ = payload
    try:
        shown = datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone or UTC)
    except ValueError as error:
        raise BadPayload(f"is no time: {error}") from error
    return _seconds(shown)


def true_s(shown_s: int, *, zone: ZoneInfo | None) -> int:
    """Return the seconds since 1970 of a date that the meter counted on a clock of ``zone``; None: UTC."""
    shown = datetime.fromtimestamp(0, UTC) + timedelta(seconds=shown_s)
    return shown_s if zone is None else _seconds(shown.replace(tzinfo=zone))


def shown_s(taken_s: int, *, zone: ZoneInfo | None) -> int:
    """Return the date that a clock of ``zone`` shows at a time; the way back of :func:`true_s`."""
    taken = datetime.fromtimestamp(0, UTC) + timedelta(seconds=taken_s)
    return taken_s if zone is None else calendar.timegm(taken.astimezone(zone).timetuple())


def clock_payload(taken_s: int, *, zone: ZoneInfo | None = None) -> bytes:
    """Return the payload that sets the clock. The day of the week counts from Sunday, which is 0."""
    shown = datetime.fromtimestamp(0, UTC) + timedelta(seconds=shown_s(taken_s, zone=zone))
    days = (shown.year - 2000, shown.month, shown.day, shown.hour, shown.minute, shown.second)
    if not 0 <= days[0] < 100:  # noqa: PLR2004 - two digits of a year
        raise BadPayload("a year that the meter's clock cannot show")
    return bytes([*days, shown.isoweekday() % 7])


def date_s(payload: bytes) -> int:
    """Return a date in seconds since 1970; the meter counts from 2000."""
    return _whole(payload, 4) + EPOCH_S


def date_payload(taken_s: int) -> bytes:
    """Return the payload of a date.

    :raises BadPayload: if it lies before 2000 or after 2136
    """
    return _put(taken_s - EPOCH_S, bound=_U32_MAX)


def signal(payload: bytes) -> tuple[int, int]:
    """Return the operator (0 to 7) and the signal as modems tell it (CSQ, 0 to 31)."""
    byte = _whole(payload, 1)
    return byte >> 5, byte & 0x1F


def rssi_dbm(csq: int) -> int:
    """Return the dBm that modems mean by a CSQ."""
    return 2 * csq - 113


def rates_set(payload: bytes) -> list[int]:
    """Return the rates (from 1) that a threshold mask names."""
    mask = _whole(payload, 1)
    return [rate for rate in range(1, RATES_MAX + 1) if mask >> (rate - 1) & 1]


def rates_payload(rates: Iterable[int]) -> bytes:
    """Return the threshold mask that names rates.

    :raises BadPayload: for a rate that is not 1 to 8
    """
    mask = 0
    for rate in rates:
        if not 1 <= rate <= RATES_MAX:
            raise BadPayload(f"there is no rate {rate}; rates are 1 to {RATES_MAX}")
        mask |= 1 << (rate - 1)
    return bytes([mask])


def flag(payload: bytes) -> bool:
    """Return a byte that is yes or no."""
    found = _whole(payload, 1)
    if found > 1:
        raise BadPayload(f"is {found} where 0 or 1 is expected")
    return bool(found)


def text(payload: bytes) -> str:
    """Return ASCII text without the spaces that fill it up."""
    try:
        found = payload.rstrip(b" \x00").decode("ascii")
    except UnicodeDecodeError as error:
        raise BadPayload("is not ASCII") from error
    if not found.isprintable():
        raise BadPayload("holds what cannot be printed")
    return found


def serial_payload(serial: str) -> bytes:
    """Return the payload of a serial, filled up with spaces."""
    encoded = serial.encode("ascii", "replace")
    if len(encoded) > _SERIAL_BYTES:
        raise BadPayload(f"a serial has at most {_SERIAL_BYTES} characters")
    return encoded.ljust(_SERIAL_BYTES)


def token_payload(token: str) -> bytes:
    """Return the payload that gives the meter a token; spaces and dashes between the digits are left out.

    :raises BadPayload: if these are not 20 digits
    """
    digits = token.replace(" ", "").replace("-", "")
    if len(digits) != _TOKEN_DIGITS or not digits.isascii() or not digits.isdecimal():
        raise BadPayload(f"a token has {_TOKEN_DIGITS} digits")
    return digits.encode("ascii")


def log_request(since_s: int) -> bytes:
    """Return the body of a frame that asks for profile log 1 from a time on."""
    return date_payload(since_s)


def log_records(body: bytes) -> list[LogRecord]:
    """Return the five lines of an answer with profile log 1; the time that was asked for comes first.

    A line without a time was never written, and is left out. What the status means is not known.
    """
    end = _LOG_HEAD + _LOG_RECORDS * _LOG_RECORD_BYTES
    if len(body) < end:
        raise BadPayload(f"has {len(body)} bytes where {end} are expected")
    lines = (body[at : at + _LOG_RECORD_BYTES] for at in range(_LOG_HEAD, end, _LOG_RECORD_BYTES))
    return [
        LogRecord(date_s(line[:4]), _whole(line[4:6], 2), _whole(line[6:10], 4), _whole(line[10:], 4))
        for line in lines
        if any(line[:4])
    ]


def _seconds(shown: datetime) -> int:
    return calendar.timegm(shown.astimezone(UTC).timetuple())
