"""The order in which one walks: A2 before A10. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
_PART = re.compile(r"([0-9]+)")


def natural_key(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Return what names are sorted by: numbers in them count as numbers, and come before words."""
    parts = (part for part in _PART.split(name.strip().casefold()) if part)
    return tuple((False, int(part), "") if part.isdecimal() else (True, 0, part) for part in parts)


def in_walking_order(places: Iterable[T], *, name: Callable[[T], str], number: Callable[[T], int]) -> list[T]:
    """Return places by the natural order of their names; ``number`` decides between equal ones."""
    return sorted(places, key=lambda each: (natural_key(name(each)), number(each)))
