"""A posted body into items of our own convention, each as it came: numbers are read by the driver alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.drivers.own import ITEMS_MAX

from .answers import BadPost

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY_BYTES_MAX = 1024 * 1024
_NAME_MAX = 200
_SPACE = " \t\n\r"


def _number(_: str) -> int:
    """Stand for any number: only names are looked at here."""
    return 0


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_number)


@dataclass(frozen=True, slots=True)
class Item:
    """One item; ``device`` is the name that it says, None if it says none.

    ``channel`` is ``ack`` for the answer to a command, ``up`` for everything else. ``fault`` says what makes
    it no device's.
    """

    raw: bytes
    device: str | None
    channel: str
    fault: str | None = None


def split(body: bytes) -> list[Item]:
    """Return the items of a body.

    :raises BadPost: if it is no JSON object and no array of at most 1,000
    """
    try:
        text = body.decode("utf-8")
        found = list(_values(text))
    except UnicodeDecodeError as error:
        raise BadPost(f"byte {error.start} of the body is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise BadPost(f"the body is not JSON: {str(error)[:200]}") from error
    if not 1 <= len(found) <= ITEMS_MAX:
        raise BadPost(f"the body has {len(found)} items; 1 to {ITEMS_MAX} are allowed")
    return [_item(raw, value) for raw, value in found]


def _values(text: str) -> Iterator[tuple[str, Any]]:
    """Yield each item's own text and what it says.

    :raises ValueError: if it is not JSON
    """
    at = _after_space(text, 0)
    is_array = text[at : at + 1] == "["
    if not is_array:
        value, end = _DECODER.raw_decode(text, at)
        yield text[at:end], value
        _end(text, end)
        return
    at = _after_space(text, at + 1)
    if text[at : at + 1] == "]":
        _end(text, at + 1)
        return
    while True:
        value, end = _DECODER.raw_decode(text, at)
        yield text[at:end], value
        end = _after_space(text, end)
        if text[end : end + 1] == "]":
            _end(text, end + 1)
            return
        if text[end : end + 1] != ",":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, end)
        at = _after_space(text, end + 1)


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _end(text: str, at: int) -> None:
    if _after_space(text, at) != len(text):
        raise json.JSONDecodeError("Extra data", text, at)


def _item(raw: str, value: Any) -> Item:
    said = value if isinstance(value, dict) else {}
    device = said.get("device")
    is_name = isinstance(device, str) and 1 <= len(device) <= _NAME_MAX and device.isprintable()
    return Item(
        raw.encode("utf-8", "surrogatepass"),
        device if is_name else None,
        "ack" if "id" in said and "r" not in said else "up",
        None if is_name or device is None else '"device" must be a name of 1 to 200 printable characters',
    )
