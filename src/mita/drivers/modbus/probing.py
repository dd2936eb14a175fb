"""Whether what a unit answers can be the meter that its map describes. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mita.drivers.modbus.values import ByteOrder, Form, number, scaled
from mita.kit.quantity import BadValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from mita.drivers.modbus.maps import Map, Probe


def probe_problem(found: Map, probe: Probe, words: Sequence[int]) -> str | None:
    """Return what is implausible about the words at a map's probe, and what mends it; None if nothing."""
    form = found.form(probe)
    value = _value(probe, words, form)
    if value is not None and probe.min <= value <= probe.max:
        return None
    name, unit = _named(found, probe)
    shown = "has no value" if value is None else f"is {value:f}{unit}"
    problem = (
        f"it answers, but {name} {shown}, which is not from {probe.min:f} to {probe.max:f}{unit}: "
        "wrong map or wrong unit?"
    )
    for setting, other in _others(form):
        mended = _value(probe, words, other)
        if mended is not None and probe.min <= mended <= probe.max:
            return f"{problem} With {setting} it would be {mended:f}{unit}."
    return problem


def _value(probe: Probe, words: Sequence[int], form: Form) -> Decimal | None:
    try:
        found = number(words, form)
    except BadValue:
        return None
    return None if found is None else scaled(found, scale=probe.scale, factor=1, resolution=None)


def _named(found: Map, probe: Probe) -> tuple[str, str]:
    for point in found.points:
        if (point.fn, point.address) == (probe.fn, probe.address):
            return point.name, f" {point.unit}" if point.unit else ""
    return f"the value at {probe.address:#06x}", ""


def _others(form: Form) -> Iterator[tuple[str, Form]]:
    words: ByteOrder = "little" if form.word_order == "big" else "big"
    octets: ByteOrder = "little" if form.byte_order == "big" else "big"
    yield f'"word_order": "{words}"', replace(form, word_order=words)
    yield f'"byte_order": "{octets}"', replace(form, byte_order=octets)
    both = replace(form, word_order=words, byte_order=octets)
    yield f'"word_order": "{words}" and "byte_order": "{octets}"', both
