"""JSON of no fixed shape is kept only as far as it can be stored."""

from __future__ import annotations

from typing import Any

import pytest

from mita.devices.schemas.free import storable


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def test_what_can_be_stored_stays_as_it_is() -> None:
    value = {"a": [1, "é", None, True, 2.5], "b": deep(10)}
    assert storable(value) is value


@pytest.mark.parametrize(
    "bad",
    [
        deep(13),
        {"a": "\x00"},
        {"\x00": 1},
        {"a": ["\ud800"]},
        {"a": float("nan")},
        {"a": float("-inf")},
        {"a": "x" * 33_000},
    ],
    ids=["deep", "NUL", "NUL in a key", "surrogate", "NaN", "infinity", "long"],
)
def test_what_cannot_be_stored_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"must be at most|cannot be stored|number that is none"):
        storable(bad)
