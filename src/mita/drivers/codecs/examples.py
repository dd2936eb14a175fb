"""Examples of a codec: inputs with the output that its maker promises, read from the files of several makers.

Read are a list of ``{"input", "output"}`` (Actility's, with ``type``; also the older one with ``bytes`` and
``data`` beside each other), ChirpStack's ``{"name", "input", "expected"}``, either under ``examples`` or
``tests``, and The Things Network's document with ``uplinkDecoder``, ``downlinkEncoder``, ``downlinkDecoder``.
Bytes are a list or hexadecimal digits; numbers may be written ``0x2a``, and comments and last commas may
stand there as in JavaScript.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.codecs.runner import Call, CodecFailed, octets_of
from mita.drivers.text import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mita.drivers.codecs.runner import CodecRunner, Operation, Ran

_TEXT = r'"(?:\\.|[^"\\])*"'
_BEYOND_JSON = re.compile(_TEXT + r"|//[^\n]*|/\*.*?\*/|\b0[xX][0-9a-fA-F]{1,16}\b", re.DOTALL)
_LAST_COMMA = re.compile(_TEXT + r"|,(?=\s*[\]}])", re.DOTALL)
# what may stand before hexadecimal digits, or between pairs of them
_APART = re.compile(r"\b0[xX]|[:-]")
_TOLERANCE = Decimal("1e-9")
# a moment with its zone; without one it is only text
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)")
# what a codec's output never holds, because no table could: a text of the device filled up with zero bytes
_UNFIT = re.compile("[\0\ud800-\udfff]")
# what Actility's examples write where any moment, or any number, is right
_ANY_MOMENT, _ANY_NUMBER = "XXXX-XX-XXTXX:XX:XX.XXXZ", "SKIP_NUMBER"
_EXAMPLES_MAX = 5_000
_DEPTH_MAX = 40

_OPERATIONS: dict[str, Operation] = {
    "uplink": "decodeUplink",
    "decodeUplink": "decodeUplink",
    "uplinkDecoder": "decodeUplink",
    "downlink-encode": "encodeDownlink",
    "encodeDownlink": "encodeDownlink",
    "downlinkEncoder": "encodeDownlink",
    "downlink-decode": "decodeDownlink",
    "decodeDownlink": "decodeDownlink",
    "downlinkDecoder": "decodeDownlink",
}


class ExamplesInvalid(ValueError):
    """A file holds no examples that can be read; why, in words for who wrote it."""


@dataclass(frozen=True, slots=True)
class Example:
    """An input and the output that belongs to it; ``place`` is where it stands in its file."""

    place: str
    name: str
    operation: Operation
    given: Mapping[str, Any]
    expected: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that a codec gave otherwise than its example: path, both values, None for absent."""

    path: str
    expected: Any
    given: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """An example that a codec does not meet: why, and what differs if it gave anything."""

    example: Example
    reason: str
    differs: Sequence[Difference] = ()
    console: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """How many examples a codec meets, and those that it does not."""

    passed: int
    failed: Sequence[Failed]


def parse_examples(text: str) -> list[Example]:
    """Return the examples of a JSON document.

    :raises ExamplesInvalid: if it is none, or holds none
    """
    plain = _LAST_COMMA.sub(
        lambda found: found[0] if found[0][0] == '"' else "",
        _BEYOND_JSON.sub(_in_json, text.removeprefix("\ufeff")),
    )
    try:
        document = parse_json(plain.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise ExamplesInvalid(f"not JSON: {error}") from error
    examples = [
        _example(each, place=place, operation=operation)
        for place, operation, each in _entries(document, "", None, _DEPTH_MAX)
    ]
    if not examples:
        raise ExamplesInvalid("holds no examples: a list of objects with input and output is wanted")
    if len(examples) > _EXAMPLES_MAX:
        raise ExamplesInvalid(f"holds {len(examples)} examples, {_EXAMPLES_MAX} are allowed")
    return examples


def _in_json(found: re.Match[str]) -> str:
    """Return what JSON has for what JavaScript allows beyond it; texts stay as they are."""
    first = found[0][0]
    if first == "/":
        return " "
    return found[0] if first == '"' else str(int(found[0], 16))


def _entries(
    value: Any, place: str, operation: Operation | None, depth: int
) -> Iterator[tuple[str, Operation | None, Any]]:
    """Yield (place, operation, entry) of every example, however they are grouped."""
    if isinstance(value, list):
        for number, each in enumerate(value, start=1):
            yield f"{place}.{number}" if place else str(number), operation, each
    elif isinstance(value, dict) and depth:
        marked = {key: value[key] for key in ("examples", "tests") if key in value}
        for key, each in (marked or value).items():
            if isinstance(each, list | dict):
                under = f"{place}.{key}" if place else str(key)
                yield from _entries(each, under, _OPERATIONS.get(str(key), operation), depth - 1)


def _example(entry: Any, *, place: str, operation: Operation | None) -> Example:
    if not isinstance(entry, dict):
        raise ExamplesInvalid(f"example {place} is no object")
    kind = entry.get("type", entry.get("op"))
    if kind in _OPERATIONS:
        operation = _OPERATIONS[kind]
    given, expected = _sides(entry, operation, place=place)
    if operation is None:
        operation = "decodeUplink" if "bytes" in given else "encodeDownlink"
    if operation == "encodeDownlink" and "data" not in given:
        given = {"data": given}
    elif operation != "encodeDownlink":
        given = {**given, "bytes": _octets(given.get("bytes"), place=place)}
    name = entry.get("name", entry.get("description", ""))
    return Example(place, str(name), operation, given, expected)


def _sides(
    entry: Mapping[str, Any], operation: Operation | None, *, place: str
) -> tuple[dict[str, Any], Any]:
    if isinstance(entry.get("input"), dict):
        for key in ("output", "expected"):
            if key in entry:
                return entry["input"], entry[key]
    elif "bytes" in entry and "data" in entry:
        if operation == "encodeDownlink":
            return {"data": entry["data"]}, {key: entry[key] for key in ("bytes", "fPort") if key in entry}
        given = {key: entry[key] for key in ("bytes", "fPort", "thing", "context") if key in entry}
        if "time" in entry:
            given["recvTime"] = entry["time"]
        return given, {key: entry[key] for key in ("data", "errors", "warnings") if key in entry}
    raise ExamplesInvalid(f"example {place} has no input with its output")


def _octets(value: Any, *, place: str) -> list[int]:
    try:
        found = bytes.fromhex(_APART.sub(" ", value)) if isinstance(value, str) else octets_of(value)
    except ValueError as error:
        raise ExamplesInvalid(f"example {place}: its bytes are no hexadecimal digits") from error
    if found is None:
        raise ExamplesInvalid(f"example {place} has no bytes")
    return list(found)


def try_examples(runner: CodecRunner, *, codec: str, examples: Sequence[Example]) -> Tried:
    """Run a codec on its examples and tell where it gives something else.

    Numbers are equal to one part in 10**9, moments if they are the same however written; null and an empty
    list are the same as nothing.
    """
    calls = [Call(codec, example.operation, example.given) for example in examples]
    failed = []
    for example, ran in zip(examples, runner.run_many(calls), strict=True):
        if isinstance(ran, CodecFailed):
            missed = _threw(example, ran)
        else:
            differs = list(differences(_expected(example), _given(example, ran)))
            missed = Failed(example, "differs", differs, ran.console) if differs else None
        if missed is not None:
            failed.append(missed)
    return Tried(len(examples) - len(failed), failed)


def _threw(example: Example, failed: CodecFailed) -> Failed | None:
    """Judge a codec that threw: its maker may have written the text down as the error to come."""
    expected = _expected(example)
    told = {"errors": [failed.detail.removeprefix("Error: ")]}
    if failed.code == "codec_error" and not list(differences(expected, told)):
        return None
    line = f" (line {failed.line})" if failed.line else ""
    return Failed(example, f"{failed.code}: {failed.detail}{line}", (), failed.console)


def _expected(example: Example) -> Any:
    expected = example.expected
    if example.operation == "encodeDownlink":
        return _message(expected)
    wrapped = isinstance(expected, dict) and bool({"data", "errors", "warnings"} & expected.keys())
    return expected if wrapped else {"data": expected}


def _given(example: Example, ran: Ran) -> Any:
    if example.operation == "encodeDownlink":
        return _message(ran.output)
    return ran.output if ran.is_wrapped else {"data": ran.output}


def _message(value: Any) -> Any:
    """Return an encoded message in one shape, its bytes as numbers."""
    if not isinstance(value, dict) or "bytes" not in value:
        octets = octets_of(value)
        return value if octets is None else {"bytes": _numbers(octets)}
    octets = octets_of(value["bytes"])
    if isinstance(value["bytes"], str):
        try:
            octets = bytes.fromhex(value["bytes"])
        except ValueError:
            return value
    return value if octets is None else {**value, "bytes": _numbers(octets)}


def _numbers(octets: bytes) -> list[Decimal]:
    return [Decimal(each) for each in octets]


def differences(expected: Any, given: Any, *, path: str = "") -> Iterator[Difference]:
    """Yield what differs between two values of parsed JSON, by path."""
    if isinstance(expected, dict) and isinstance(given, dict):
        for key in [*expected, *(key for key in given if key not in expected)]:
            step = str(key).replace(".", "\\.")
            under = f"{path}.{step}" if path else step
            yield from differences(expected.get(key), given.get(key), path=under)
    elif isinstance(expected, list) and isinstance(given, list) and len(expected) == len(given):
        for place, (one, other) in enumerate(zip(expected, given, strict=True)):
            yield from differences(one, other, path=f"{path}.{place}" if path else str(place))
    elif not _equal(expected, given):
        yield Difference(path, expected, given)


def _equal(expected: Any, given: Any) -> bool:
    if _is_number(expected) and _is_number(given):
        one, other = Decimal(expected), Decimal(given)
        if one.is_nan() or other.is_nan():
            return one.is_nan() and other.is_nan()
        return abs(one - other) <= max(abs(one), abs(other)) * _TOLERANCE
    # JSON has no word for what is no number: an example in YAML has, a codec gives null
    if (_is_absent(expected) or _is_nan(expected)) and _is_absent(given):
        return True
    if isinstance(expected, str) and expected != given:
        return _is_meant(expected, given)
    return type(expected) is type(given) and bool(expected == given)


def _is_meant(expected: str, given: Any) -> bool:
    """Tell whether a value is what an example means, though it does not write it so."""
    if expected == _ANY_NUMBER:
        return _is_number(given)
    if _UNFIT.sub("\N{REPLACEMENT CHARACTER}", expected) == given:
        return True
    moment = _moment(given)
    return moment is not None and (expected == _ANY_MOMENT or moment == _moment(expected))


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _is_nan(value: Any) -> bool:
    return isinstance(value, Decimal) and value.is_nan()


def _is_number(value: Any) -> bool:
    return isinstance(value, Decimal | int) and not isinstance(value, bool)


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, list) and not value)
