"""CBOR (RFC 8949) into the JSON that it says, with every number as the sender meant it. Pure.

A library gives a float of four bytes as one of eight, and 123.456 as 123.45600128173828: here it is the
shortest decimal that means the same float of the size that was sent.
"""

from __future__ import annotations

import json
import struct
from decimal import Decimal

import numpy as np

DEPTH_MAX = 16
_BREAK = 0xFF
_ARGUMENT_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}
_INDEFINITE, _SMALL_MAX = 31, 24
_SIMPLE = {20: "false", 21: "true", 22: "null", 23: "null"}
_DECIMAL_FRACTION = 4
# what no meter means; a thousand zeroes would only be work
_EXPONENT_MAX = 40


class BadCbor(ValueError):
    """It is no CBOR, or none that JSON has words for."""


def json_of(payload: bytes) -> bytes:
    """Return the JSON of a payload; keys that stand there twice stay so.

    :raises BadCbor: if it is cut off, goes on, is nested too deeply, or holds bytes or keys that are no text
    """
    reader = _Reader(payload)
    text = reader.value(0)
    if reader.at != len(payload):
        raise BadCbor(f"something follows after byte {reader.at}")
    return text.encode("utf-8", "surrogatepass")


class _Reader:
    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.at = 0

    def value(self, depth: int) -> str:
        """Return the next item as JSON."""
        if depth > DEPTH_MAX:
            raise BadCbor("nested too deeply")
        kind, info = self._head()
        if kind in (0, 1):
            number = self._argument(info)
            return str(number if kind == 0 else -1 - number)
        if kind == 3:  # noqa: PLR2004 - major types are numbers in the standard
            return json.dumps(self._text(info))
        if kind == 4:  # noqa: PLR2004 - array
            return f"[{','.join(self._values(info, depth=depth, each=1))}]"
        if kind == 5:  # noqa: PLR2004 - map
            found = self._values(info, depth=depth, each=2)
            pairs = zip(found[::2], found[1::2], strict=True)
            return "{" + ",".join(f"{_key(key)}:{value}" for key, value in pairs) + "}"
        if kind == 6:  # noqa: PLR2004 - tag
            tag = self._argument(info)
            inner = self.value(depth + 1)
            return _decimal_fraction(inner) if tag == _DECIMAL_FRACTION else inner
        if kind == 7:  # noqa: PLR2004 - simple value or float
            return self._simple(info)
        raise BadCbor("bytes are no JSON")

    def _take(self, count: int) -> bytes:
        if count > len(self._payload) - self.at:
            raise BadCbor("it is cut off")
        self.at += count
        return self._payload[self.at - count : self.at]

    def _head(self) -> tuple[int, int]:
        (first,) = self._take(1)
        return first >> 5, first & 0x1F

    def _argument(self, info: int) -> int:
        if info < _SMALL_MAX:
            return info
        if info not in _ARGUMENT_BYTES:
            raise BadCbor(f"{info} is no length")
        return int.from_bytes(self._take(_ARGUMENT_BYTES[info]), "big")

    def _text(self, info: int) -> str:
        try:
            if info != _INDEFINITE:
                return self._take(self._argument(info)).decode()
            pieces = []
            while not self._is_over():
                kind, piece = self._head()
                if kind != 3 or piece == _INDEFINITE:  # noqa: PLR2004 - pieces of text
                    raise BadCbor("a text has other pieces than texts")
                pieces.append(self._take(self._argument(piece)).decode())
            return "".join(pieces)
        except UnicodeDecodeError as error:
            raise BadCbor("a text is not UTF-8") from error

    def _values(self, info: int, *, depth: int, each: int) -> list[str]:
        if info == _INDEFINITE:
            found = []
            while not self._is_over():
                found += [self.value(depth + 1) for _ in range(each)]
            return found
        count = self._argument(info) * each
        # each takes a byte at least: a length alone must not make work
        if count > len(self._payload) - self.at:
            raise BadCbor("it is cut off")
        return [self.value(depth + 1) for _ in range(count)]

    def _is_over(self) -> bool:
        if self._payload[self.at : self.at + 1] != bytes([_BREAK]):
            return False
        self.at += 1
        return True

    def _simple(self, info: int) -> str:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info == 25:  # noqa: PLR2004 - sizes of floats are numbers in the standard
            return _shortest(np.float16(struct.unpack(">e", self._take(2))[0]))
        if info == 26:  # noqa: PLR2004 - single precision
            return _shortest(np.float32(struct.unpack(">f", self._take(4))[0]))
        if info == 27:  # noqa: PLR2004 - double precision
            return _shortest(np.float64(struct.unpack(">d", self._take(8))[0]))
        raise BadCbor(f"simple value {info} is no JSON")


def _shortest(number: np.floating) -> str:
    return str(Decimal(str(number))) if np.isfinite(number) else "NaN"


def _key(text: str) -> str:
    if not text.startswith('"'):
        raise BadCbor("a key is no text")
    return text


def _decimal_fraction(text: str) -> str:
    """Return ``[exponent, mantissa]`` as a number."""
    parts = json.loads(text, parse_float=Decimal)
    if not isinstance(parts, list) or len(parts) != 2 or not all(type(each) is int for each in parts):  # noqa: PLR2004 - a pair
        raise BadCbor("a decimal fraction has an exponent and a mantissa")
    exponent, mantissa = parts
    if abs(exponent) > _EXPONENT_MAX:
        return "NaN"
    return f"{mantissa}E{exponent}"
