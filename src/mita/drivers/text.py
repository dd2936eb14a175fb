"""JSON off a wire, with every number exact. Pure."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

PAYLOAD_BYTES_MAX = 64 * 1024
# as many as Decimal arithmetic keeps exactly
_DIGITS_MAX = 28
# 1e-400000000 must not reach arithmetic, which would make it zero
_EXPONENT_MIN = -40


class JsonObject(dict[str, Any]):
    """A JSON object that remembers that one of its keys stood there twice."""

    repeated: str | None = None


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    made = JsonObject(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                made.repeated = key
            seen.add(key)
    return made


def _number(text: str) -> Decimal:
    """Return a JSON number exactly; one that no meter can mean is NaN, so that only its field is rejected."""
    try:
        number = Decimal(text) if len(text) <= _DIGITS_MAX else Decimal("NaN")
    except InvalidOperation:
        return Decimal("NaN")
    # without an exponent so few characters cannot be too small
    if "e" not in text and "E" not in text:
        return number
    return Decimal("NaN") if number and number.is_finite() and number.adjusted() < _EXPONENT_MIN else number


def _not_a_number(_: str) -> Decimal:
    return Decimal("NaN")


_DECODER = json.JSONDecoder(
    parse_float=_number,
    parse_int=_number,
    parse_constant=_not_a_number,
    object_pairs_hook=_object,
)


def parse_json(payload: bytes) -> Any:
    """Return a payload's JSON with every number a Decimal.

    :raises ValueError: if it is not UTF-8, not JSON, or nested beyond all reason
    """
    try:
        return _DECODER.decode(payload.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
