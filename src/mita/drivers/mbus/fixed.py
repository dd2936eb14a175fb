"""The old fixed format (CI 73): two counters. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

_CI, _FIXED = 6, 0x73
_BYTES = 25
_BINARY, _STORED = 0x01, 0x02
_UNIT_MASK = 0x3F
_HISTORIC = 0x3E
_MEDIA = {
    0: "other",
    1: "oil",
    2: "electricity",
    3: "gas",
    4: "heat",
    5: "steam",
    6: "hot water",
    7: "water",
    8: "heat cost allocator",
}
# the code of the first unit of a row, its name, the power of ten that it starts with; each counts three steps
_ROWS = (
    (0x02, "W.h", 0),
    (0x05, "W.h", 3),
    (0x08, "W.h", 6),
    (0x0B, "J", 3),
    (0x0E, "J", 6),
    (0x11, "J", 9),
    (0x14, "W", 0),
    (0x17, "W", 3),
    (0x1A, "W", 6),
    (0x26, "m3", -6),
    (0x29, "m3", -3),
    (0x2C, "m3", 0),
    (0x2F, "m3.h-1", -6),
    (0x32, "m3.h-1", -3),
    (0x35, "m3.h-1", 0),
)
_QUANTITIES = {"W.h": "Energy", "J": "Energy", "W": "Power", "m3": "Volume", "m3.h-1": "Volume flow"}


@dataclass(frozen=True, slots=True)
class Counter:
    """One of the two counters: what it counts; None where the format does not say."""

    quantity: str | None
    unit: str | None
    value: Decimal | None
    is_now: bool


@dataclass(frozen=True, slots=True)
class Fixed:
    """A telegram of fixed format."""

    identification: str
    medium: int
    status: int
    counters: tuple[Counter, Counter]

    @property
    def medium_name(self) -> str:
        """The medium in words."""
        return _MEDIA.get(self.medium, f"medium {self.medium}")


def fixed(raw: bytes) -> Fixed | None:
    """Return what a long frame of fixed format says; None if it is another. The checksum was looked at."""
    if len(raw) != _BYTES or raw[_CI] != _FIXED:
        return None
    status, first, second = raw[12], raw[13], raw[14]
    # the medium is spread over the upper two bits of both units, low bits first
    medium = (first >> 6) | (second >> 6) << 2
    units = [first & _UNIT_MASK, second & _UNIT_MASK]
    is_now = not status & _STORED
    one = _counter(raw[15:19], units[0], is_binary=bool(status & _BINARY), is_now=is_now)
    if units[1] == _HISTORIC:
        # the second counts what the first does, at a day in the past
        units[1], is_now = units[0], False
    two = _counter(raw[19:23], units[1], is_binary=bool(status & _BINARY), is_now=is_now)
    # the lower bits of this status say how the counters are written; the others are as elsewhere
    return Fixed(raw[7:11][::-1].hex().upper(), medium, status & 0x1C, (one, two))


def _counter(data: bytes, code: int, *, is_binary: bool, is_now: bool) -> Counter:
    number: int | None
    if is_binary:
        number = int.from_bytes(data, "little", signed=True)
    else:
        digits = data[::-1].hex()
        number = int(digits) if digits.isdecimal() else None
    for begin, unit, power in _ROWS:
        if begin <= code < begin + 3:
            value = None if number is None else Decimal(number).scaleb(power + code - begin)
            return Counter(_QUANTITIES[unit], unit, value, is_now)
    return Counter(None, None, None if number is None else Decimal(number), is_now)
