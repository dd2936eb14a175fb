"""References of a batch: what an earlier operation was answered, in the path or the body of a later one."""

import re
from collections.abc import Mapping
from typing import Any

from mita.kit.errors import Invalid

_NAMED = r"[a-z][a-z0-9_]{0,39}(?:\.[A-Za-z0-9_]{1,60}){1,20}"
_REFERENCE = re.compile(_NAMED, re.ASCII)
_IN_PATH = re.compile(r"\{([^{}]*)\}")
# what may take its place in a path: an id, or a word; nothing that would make it another path
_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_DEPTH_MAX = 20


def filled_path(path: str, *, answers: Mapping[str, Any], at: str) -> str:
    """Return a path with what its references name.

    :raises Invalid: if one names nothing, or what cannot stand in a path
    """

    def fill(match: re.Match[str]) -> str:
        value = str(_named(match[1], answers=answers, at=at))
        if not _SEGMENT.fullmatch(value):
            raise _invalid(at, f"{match[1]} is nothing that can stand in a path")
        return value

    return _IN_PATH.sub(fill, path)


def filled(value: Any, *, answers: Mapping[str, Any], at: str, depth: int = 0) -> Any:
    """Return JSON with what its references ``{"$ref": "…"}`` name.

    :raises Invalid: if one names nothing, or the JSON is nested too deeply
    """
    if depth > _DEPTH_MAX:
        raise _invalid(at, "is nested too deeply")
    if isinstance(value, dict):
        if set(value) == {"$ref"}:
            return _named(value["$ref"], answers=answers, at=at)
        return {
            name: filled(each, answers=answers, at=f"{at}.{name}", depth=depth + 1)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [
            filled(each, answers=answers, at=f"{at}.{place}", depth=depth + 1)
            for place, each in enumerate(value)
        ]
    return value


def _named(reference: Any, *, answers: Mapping[str, Any], at: str) -> Any:
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        raise _invalid(at, "a reference is the id of an earlier operation and a path into its answer")
    first, *rest = reference.split(".")
    if first not in answers:
        raise _invalid(at, f"there is no earlier operation {first!r}")
    found = answers[first]
    for step in rest:
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            raise _invalid(at, f"{reference}: there is no {step!r}")
    return found


def _invalid(path: str, message: str) -> Invalid:
    return Invalid(f"{path}: {message}", problems=[{"path": path, "message": message}])
