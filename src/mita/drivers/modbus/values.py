"""Words off a Modbus wire into exact decimals. Pure."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import TYPE_CHECKING, Literal, get_args

from mita.kit.quantity import BadValue

if TYPE_CHECKING:
    from collections.abc import Sequence

WordType = Literal[
    "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "bcd16", "bcd32"
]
ByteOrder = Literal["big", "little"]
Marker = Literal["nan", "all_ones", "max_positive", "min_negative"]

WORDS: dict[WordType, int] = {
    kind: int("".join(filter(str.isdigit, kind))) // 16 for kind in get_args(WordType)
}
_WORD_MAX = 0xFFFF
# 17 digits name every double, nine every single
_SINGLE_DIGITS_MAX = 9
_EXACT = Context(prec=400, Emax=MAX_EMAX, Emin=MIN_EMIN)


@dataclass(frozen=True, slots=True)
class Form:
    """How a value lies in its words: type, which word and which byte comes first, what means "none".

    ``missing`` holds markers and bit patterns; a pattern is one of values of its own size.
    """

    type: WordType
    word_order: ByteOrder = "big"
    byte_order: ByteOrder = "big"
    missing: Sequence[Marker | int] = ()


def number(words: Sequence[int], form: Form) -> Decimal | None:
    """Return the number that words mean, exactly; a float as the shortest decimal that means it.

    None: the device says that it has no value.

    :raises BadValue: ``bad_words`` if they are not as many as the type has, or no words;
        ``not_a_number`` for NaN, infinity and digits above nine
    """
    raw = _bits(words, form)
    size = 16 * len(words)
    if any(_is_missing(raw, size, form.type, marker) for marker in form.missing):
        return None
    if form.type.startswith("float"):
        return _float(raw, size)
    if form.type.startswith("bcd"):
        return _bcd(raw, size)
    if form.type.startswith("int") and raw >> (size - 1):
        raw -= 1 << size
    return Decimal(raw)


def _bits(words: Sequence[int], form: Form) -> int:
    if len(words) != WORDS[form.type]:
        raise BadValue("bad_words", f"{len(words)} words where {form.type} has {WORDS[form.type]}")
    raw = 0
    for word in words if form.word_order == "big" else reversed(words):
        if not 0 <= word <= _WORD_MAX:
            raise BadValue("bad_words", f"{word} is not a word of 16 bits")
        raw = raw << 16 | (word if form.byte_order == "big" else (word & 0xFF) << 8 | word >> 8)
    return raw


def _is_missing(raw: int, size: int, kind: WordType, marker: Marker | int) -> bool:
    if marker == "nan":
        return kind.startswith("float") and math.isnan(_unpacked(raw, size))
    if marker == "all_ones":
        return raw == (1 << size) - 1
    if marker == "max_positive":
        return kind.startswith("int") and raw == (1 << (size - 1)) - 1
    if marker == "min_negative":
        return kind.startswith("int") and raw == 1 << (size - 1)
    return raw == marker and size == max(16, 1 << (marker.bit_length() - 1).bit_length())


def _unpacked(raw: int, size: int) -> float:
    unpacked: float = struct.unpack(">f" if size == 32 else ">d", raw.to_bytes(size // 8, "big"))[0]  # noqa: PLR2004 - bits
    return unpacked


def _float(raw: int, size: int) -> Decimal:
    found = _unpacked(raw, size)
    if not math.isfinite(found):
        raise BadValue("not_a_number", f"{found} is not a number")
    if size == 64:  # noqa: PLR2004 - bits
        return Decimal(repr(found))
    packed = raw.to_bytes(4, "big")
    for digits in range(1, _SINGLE_DIGITS_MAX):
        text = f"{found:.{digits}g}"
        if _packed(text) == packed:
            return Decimal(text)
    return Decimal(f"{found:.{_SINGLE_DIGITS_MAX}g}")


def _packed(text: str) -> bytes | None:
    try:
        return struct.pack(">f", float(text))
    except OverflowError:  # rounded up beyond the largest single
        return None


def _bcd(raw: int, size: int) -> Decimal:
    digits = f"{raw:0{size // 4}x}"
    if not digits.isdecimal():
        raise BadValue("not_a_number", f"{digits!r} is not a number in decimal digits")
    return Decimal(digits)


def scaled(value: Decimal, *, scale: int, factor: int, resolution: Decimal | None) -> Decimal:
    """Return ``value * factor / scale``, rounded half up to ``resolution``, a power of ten; None: as it is.

    Beyond 28 digits a quotient that has no end is cut, which is finer than any register.
    """
    result = value * factor
    if scale != 1:
        result /= scale
    if resolution is not None:
        result = result.quantize(resolution, rounding="ROUND_HALF_UP", context=_EXACT)
    return result


def words_of(raw: int, *, count: int, word_order: ByteOrder) -> list[int]:
    """Return a whole number above zero as so many words."""
    words = [raw >> 16 * place & _WORD_MAX for place in reversed(range(count))]
    return words if word_order == "big" else words[::-1]
