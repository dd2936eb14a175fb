"""Values as COSEM attributes carry them (A-XDR), read exactly. Pure."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any

import numpy as np

_DEPTH_MAX = 8
_ITEMS_MAX = 100_000
_ARRAY, _STRUCTURE, _BITS = 1, 2, 4
_OCTETS, _TEXTS, _FLOAT32, _FLOAT64 = 9, {10, 12}, 23, 24
_NOTHING = {0, 255}
_BOOLEAN, _BCD = 3, 13
# tag: how many bytes, and whether below zero is possible
_WHOLE = {
    5: (4, True),
    6: (4, False),
    15: (1, True),
    16: (2, True),
    17: (1, False),
    18: (2, False),
    20: (8, True),
    21: (8, False),
    22: (1, False),
}
_TIMES = {25: 12, 26: 5, 27: 4}
_LONG = 0x80


class BadData(ValueError):
    """Bytes that are no value."""


def value(raw: bytes) -> Any:
    """Return what an attribute holds: ints, booleans, bytes, texts, Decimals (of floats), lists, None.

    A float is the shortest decimal that means it. Bit strings and times are bytes.

    :raises BadData: if the bytes are no value, or more than one
    """
    reader = _Reader(raw)
    try:
        found = reader.value(_DEPTH_MAX)
    except (IndexError, UnicodeDecodeError, struct.error) as error:
        raise BadData(f"is cut or garbled: {error}") from error
    if reader.at != len(raw):
        raise BadData(f"has {len(raw) - reader.at} bytes too many")
    return found


def whole(number: int, *, tag: int) -> bytes:
    """Return a whole number as an attribute of a type carries it.

    :raises BadData: if the type is none of whole numbers, or the number does not fit into it
    """
    if tag not in _WHOLE:
        raise BadData(f"has a type that is no whole number ({tag})")
    size, is_signed = _WHOLE[tag]
    try:
        return bytes([tag]) + number.to_bytes(size, "big", signed=is_signed)
    except OverflowError as error:
        raise BadData(f"{number} does not fit into {size} bytes") from error


def octets(raw: bytes) -> bytes:
    """Return a short string of bytes as an attribute carries it."""
    assert len(raw) < _LONG, "its length is one byte"
    return bytes([_OCTETS, len(raw)]) + raw


def structure(*parts: bytes) -> bytes:
    """Return a structure of parts that are encoded already."""
    return bytes([_STRUCTURE, len(parts)]) + b"".join(parts)


def array(*parts: bytes) -> bytes:
    """Return an array of parts that are encoded already."""
    return bytes([_ARRAY, len(parts)]) + b"".join(parts)


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw, self.at, self._items = raw, 0, 0

    def _take(self, count: int) -> bytes:
        found = self._raw[self.at : self.at + count]
        if len(found) < count:
            raise BadData("ends in the middle")
        self.at += count
        return found

    def _length(self) -> int:
        first = self._take(1)[0]
        return first if first < _LONG else int.from_bytes(self._take(first & 0x7F), "big")

    def value(self, depth: int) -> Any:
        """Return the value that begins here."""
        self._items += 1
        if depth == 0 or self._items > _ITEMS_MAX:
            raise BadData("is nested too deeply, or too long")
        tag = self._take(1)[0]
        if tag in {_ARRAY, _STRUCTURE}:
            return [self.value(depth - 1) for _ in range(self._count())]
        if tag in _WHOLE:
            size, is_signed = _WHOLE[tag]
            return int.from_bytes(self._take(size), "big", signed=is_signed)
        return self._other(tag)

    def _other(self, tag: int) -> Any:
        found: Any = None
        if tag == _BOOLEAN:
            found = self._take(1) != b"\x00"
        elif tag == _OCTETS:
            found = self._take(self._length())
        elif tag in _TEXTS:
            found = self._take(self._length()).decode("utf-8")
        elif tag == _BITS:
            found = self._take((self._length() + 7) // 8)
        elif tag == _BCD:
            found = self._take(1)
        elif tag == _FLOAT32:
            found = Decimal(str(np.float32(struct.unpack(">f", self._take(4))[0])))
        elif tag == _FLOAT64:
            found = Decimal(repr(struct.unpack(">d", self._take(8))[0]))
        elif tag in _TIMES:
            found = self._take(_TIMES[tag])
        elif tag not in _NOTHING:
            raise BadData(f"has a type that is not known here ({tag})")
        return found

    def _count(self) -> int:
        count = self._length()
        if count > len(self._raw) - self.at:
            raise BadData("says that it is longer than it is")
        return count
