"""Virtual meters: registers made of the rise of others, whole or in shares. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from .derived import BadDerivation, common_times, shares_micro, value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .derived import Timeline

MixKind = Literal["sum", "difference", "share"]

_SHARE = re.compile(r"\d{1,6}(?:/\d{1,6}|\.\d{1,6})?")
# what nobody gets of a whole that is not shared out in full
_NOBODY = ""


@dataclass(frozen=True, slots=True)
class MixPart:
    """A register that others are made of, added or taken away, and what it showed at the opening."""

    register_id: int
    is_less: bool = False
    opening_micro: int = 0


@dataclass(frozen=True, slots=True)
class MixResult:
    """A register that is made: its share of the whole, and where it stood at the opening."""

    register_id: int
    share: Fraction = Fraction(1)
    opening_micro: int = 0


@dataclass(frozen=True, slots=True)
class Mix:
    """What a virtual meter is made of from an instant until another, and who gets which share of it.

    ``opened_s`` is the first time at which all parts had a value, None as long as there was none. Without
    ``step_s`` times are those at which all parts have a reading, else its multiples since 1970.
    """

    from_s: int
    until_s: int | None
    step_s: int | None
    parts: tuple[MixPart, ...]
    results: tuple[MixResult, ...]
    opened_s: int | None = None

    @property
    def kind(self) -> MixKind:
        """What people call it."""
        if len(self.results) > 1 or self.results[0].share != 1:
            return "share"
        return "difference" if any(part.is_less for part in self.parts) else "sum"


@dataclass(frozen=True, slots=True)
class MixReading:
    """A value of a result; it may be below zero or below an earlier one, and is then not charged.

    ``is_estimated``: a part had no reading at that second, and its value lies on the line between two.
    """

    register_id: int
    taken_s: int
    value_micro: int
    is_estimated: bool


def share_of(text: str) -> Fraction:
    """Return a share of ``1``, ``1/3`` or ``0.25``: above zero, one at most.

    :raises BadDerivation: if it is none
    """
    try:
        share = Fraction(text.strip()) if _SHARE.fullmatch(text.strip()) else Fraction(0)
    except ZeroDivisionError:
        share = Fraction(0)
    if not 0 < share <= 1:
        raise BadDerivation(f"{text[:40]!r} is no share such as 1/3 or 0.25")
    return share


def mix_times(mix: Mix, *, timelines: Mapping[int, Timeline], since_s: int) -> list[int]:
    """Return the times, rising, at which a virtual meter has values: from the opening and ``since_s`` on.

    One that is not opened yet has all from its beginning on; the first of them is its opening.

    :raises BadDerivation: if a step gives more than a million times
    """
    begin_s = mix.from_s if mix.opened_s is None else max(mix.opened_s, since_s)
    end_s = (1 << 62) if mix.until_s is None else mix.until_s
    found = common_times([timelines[part.register_id] for part in mix.parts], step_s=mix.step_s)
    return [taken_s for taken_s in found if begin_s <= taken_s <= end_s]


def mix_values(mix: Mix, *, timelines: Mapping[int, Timeline], taken_s: int) -> tuple[dict[int, int], bool]:
    """Return what each part shows at one of these times, and whether any of that is estimated."""
    values, is_estimated = {}, False
    for part in mix.parts:
        found = value_at(timelines[part.register_id], taken_s)
        assert found is not None, "a common time lies within every part"
        values[part.register_id] = found[0]
        is_estimated |= found[1]
    return values, is_estimated


def mix_readings(mix: Mix, *, timelines: Mapping[int, Timeline], times: Iterable[int]) -> list[MixReading]:
    """Return the readings of an opened virtual meter at some of its times.

    Each depends on nothing but the opening and what the parts show at that instant. Shares add up to the
    millionth; where the parts have used less than nothing, each result is below where it stood.
    """
    readings = []
    for taken_s in times:
        values, is_estimated = mix_values(mix, timelines=timelines, taken_s=taken_s)
        rises = ((values[part.register_id] - part.opening_micro, part.is_less) for part in mix.parts)
        whole = sum(-rise if is_less else rise for rise, is_less in rises)
        for result, used in zip(mix.results, _split(mix, whole), strict=True):
            value = result.opening_micro + used
            readings.append(MixReading(result.register_id, taken_s, value, is_estimated))
    return readings


def _split(mix: Mix, whole_micro: int) -> list[int]:
    if whole_micro < 0:
        return [whole_micro * result.share // 1 for result in mix.results]
    weights = {str(result.register_id): result.share for result in mix.results}
    if rest := Fraction(1) - sum(weights.values()):
        weights[_NOBODY] = rest
    given = shares_micro(whole_micro, weights=weights)
    return [given[str(result.register_id)] for result in mix.results]


def has_ring(made_of: Mapping[int, Iterable[int]]) -> bool:
    """Tell whether a register is made of itself, given what each is made of, directly or over others."""
    done: set[int] = set()

    def is_on_ring(register_id: int, above: frozenset[int]) -> bool:
        if register_id in above:
            return True
        if register_id in done:
            return False
        below = made_of.get(register_id, ())
        found = any(is_on_ring(each, above | {register_id}) for each in below)
        done.add(register_id)
        return found

    return any(is_on_ring(each, frozenset()) for each in made_of)
