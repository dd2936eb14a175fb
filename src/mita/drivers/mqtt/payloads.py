"""What a message holds, whatever it is: JSON, a plain number, a word. Pure; never raises but `Unreadable`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.text import PAYLOAD_BYTES_MAX, JsonObject, parse_json
from mita.drivers.wire import Decoded
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.drivers.wire import Arrival, Device

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_NO_NUMBER = {"nan", "-nan", "inf", "-inf", "infinity"}
_DIGITS_MAX = 28
_DEPTH_MAX = 12
# lists and objects that are looked through for a key that stands there twice
_PARTS_MAX = 5_000
_ON = {"on", "true", "1", "online"}
_OFF = {"off", "false", "0", "offline"}


class Unreadable(Exception):
    """A message that cannot be understood, with a stable ``code``."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def rejected(arrival: Arrival, device: Device, *, code: str, detail: str) -> Decoded:
    """Return a message's rejection as all that it held."""
    return Decoded(rejections=[rejection(arrival, device, code=code, detail=detail)])


def rejection(arrival: Arrival, device: Device, *, code: str, detail: str) -> Rejection:
    """Return why something of a message is no reading."""
    return Rejection(device.name, None, None, truncated(arrival.payload[:2_000]), code, detail)


def json_of(payload: bytes, *, bytes_max: int = PAYLOAD_BYTES_MAX) -> Any:
    """Return a payload's JSON with exact numbers.

    :raises Unreadable: ``too_large``, ``not_utf8``, ``not_json`` or ``repeated_key``
    """
    if len(payload) > bytes_max:
        raise Unreadable("too_large", f"the message has {len(payload)} bytes, {bytes_max} are allowed")
    try:
        found = parse_json(payload)
    except UnicodeDecodeError as error:
        raise Unreadable("not_utf8", f"byte {error.start} is not UTF-8") from error
    except ValueError as error:
        raise Unreadable("not_json", f"not JSON: {str(error)[:200]}") from error
    repeated = _repeated(found)
    if repeated is not None:
        raise Unreadable("repeated_key", f"key {ascii(repeated)[:60]} stands there twice")
    return found


def object_of(payload: bytes) -> JsonObject:
    """Return a payload that is a JSON object.

    :raises Unreadable: also ``bad_shape``
    """
    found = json_of(payload)
    if not isinstance(found, JsonObject):
        raise Unreadable("bad_shape", "the message is no JSON object")
    return found


def _repeated(value: Any) -> str | None:
    level: list[Any] = [value]
    parts = 0
    for _ in range(_DEPTH_MAX):
        below: list[Any] = []
        for each in level:
            if isinstance(each, JsonObject):
                if each.repeated is not None:
                    return each.repeated
                below += [inner for inner in each.values() if isinstance(inner, dict | list)]
            elif isinstance(each, list):
                below += [inner for inner in each if isinstance(inner, dict | list)]
            parts += 1
            if parts > _PARTS_MAX:
                return None
        level = below
    return None


def text_of(payload: bytes) -> str:
    """Return a payload that is a short text, without the spaces around it.

    :raises Unreadable: ``too_large`` or ``not_utf8``
    """
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise Unreadable(
            "too_large", f"the message has {len(payload)} bytes, {PAYLOAD_BYTES_MAX} are allowed"
        )
    try:
        return payload.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise Unreadable("not_utf8", f"byte {error.start} is not UTF-8") from error


def plain(payload: bytes) -> Decimal | str:
    """Return a payload that is one value: a Decimal if it is a number (NaN if it says so), else the text.

    :raises Unreadable: ``too_large`` or ``not_utf8``
    """
    text = text_of(payload)
    if text.lower() in _NO_NUMBER or (len(text) > _DIGITS_MAX and _NUMBER.fullmatch(text)):
        return Decimal("NaN")
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def nested(channel: str, value: Any) -> Any:
    """Return a value under the levels of its channel: ``relay/0`` holds it at the path ``relay.0``."""
    for level in reversed([level for level in channel.split("/") if level]):
        value = JsonObject({level: value})
    return value


def truth(value: Any) -> bool | None:
    """Return what a word, a truth or a number of 0 or 1 says: on or off; None if it says neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return {Decimal(1): True, Decimal(0): False}.get(value) if value.is_finite() else None
    word = value.lower() if isinstance(value, str) else ""
    return True if word in _ON else False if word in _OFF else None


def whole(value: Any, *, low: int, high: int) -> int | None:
    """Return a number within limits without its fraction; None for anything else."""
    if isinstance(value, Decimal) and value.is_finite() and low <= value <= high:
        return int(value)
    return None


def within(value: Any, *, low: int, high: int) -> Decimal | None:
    """Return a number within limits; None for anything else."""
    return value if isinstance(value, Decimal) and value.is_finite() and low <= value <= high else None


def short(value: Any, *, length_max: int = 100) -> str | None:
    """Return a short printable text; None for anything else."""
    if isinstance(value, str) and 0 < len(value) <= length_max and value.isprintable():
        return value
    return None


def total(values: Sequence[Any]) -> Any:
    """Return the sum of a list of numbers, such as one for each phase; the list itself if it is none."""
    if not values or len(values) > 12 or any(not isinstance(each, Decimal) for each in values):  # noqa: PLR2004 - no device has so many phases
        return values
    if any(not each.is_finite() or abs(each.adjusted()) > 15 for each in values):  # noqa: PLR2004 - digits of a sum
        return Decimal("NaN")
    # at most 28 digits each, 15 places apart: integers of a common exponent stay exact and small
    least = min(int(each.as_tuple().exponent) for each in values)
    added = sum(int(each.scaleb(-least)) for each in values)
    return Decimal(added).scaleb(least)
