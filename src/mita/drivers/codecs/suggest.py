"""Which values of a codec's output look like cumulative registers: a field map to begin with, and why. Pure.

A suggestion is for a person to look at: names and units are read, nothing is known of the device. Values in
lists are left out, for they are a device's history, and so are differences, powers, voltages and flows.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.drivers.fields import Field, flat
from mita.kit.quantity import PULSE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DIGITS = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_DOT = re.compile(r"(?<!\\)\.")
_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")
# a register by its OBIS code: 1-0:1.8.1 is what the first tariff took in, 2.8.0 all that was given out
_OBIS = re.compile(r"(?<![A-Za-z\d])(?<!\d_)(?:\d-\d[:_])?([12])_8_(\d)(?!\d)(?:\*255)?")
# kWh is one word; mWh, a billionth of MWh, is one too, and no unit of a register
_JOINED_UNIT = re.compile(r"([kK]W[hH]|[kK]wh|MW[hH]|Mwh|mwh|mWh)(?![a-z])")

# as codecs write units -> (unit of a field, what one of theirs is in it, decimals to keep)
_UNITS: dict[str, tuple[str, str, int]] = {
    "kwh": ("kWh", "1", 6),
    "wh": ("Wh", "1", 3),
    "mwh": ("MWh", "1", 9),
    "m3": ("m3", "1", 6),
    "cbm": ("m3", "1", 6),
    "kl": ("kL", "1", 6),
    "l": ("L", "1", 3),
    "litre": ("L", "1", 3),
    "litres": ("L", "1", 3),
    "liter": ("L", "1", 3),
    "liters": ("L", "1", 3),
    "ltr": ("L", "1", 3),
    "dm3": ("L", "1", 3),
    "hl": ("L", "100", 3),
}
_ENERGY_UNITS = {"kWh", "Wh", "MWh"}
# where makers agreed on words, they agreed on units: the last keys of a path -> (unit, how it is known)
_AGREED: dict[tuple[str, ...], str] = {
    ("metering", "water", "total"): "L",
    ("metering", "energy", "total"): "Wh",
    ("pulse", "total"): PULSE,
}
_UNIT_KEYS = ("unit", "units", "unitId", "unit_id", "uom")
_VALUE_KEYS = {"data", "value", "reading", "val"}

_ENERGY = {"energy", "electricity"}
_VOLUME = {"volume", "vol", "totaliser", "totalizer", "totalizator", "water", "gas"}
_TOTAL = {"total", "totals", "sum", "cumulative", "cumulated", "accumulated", "counter", "totalized"}
_EXPORT = {
    "export", "exported", "returned", "return", "injected", "injection", "feedin", "negative", "produced",
    "production", "reverse",
}  # fmt: skip
_PULSES = {"pulse", "pulses", "impulse", "impulses"}
_COUNT = {"count", "counts", "counter", "abs", "absolute", "total", "cumulative", "accumulated"}
# what is no register whatever its unit
_NEVER = {
    "power", "voltage", "flow", "flowrate", "rate", "demand", "max", "maximum", "min", "minimum", "limit",
    "threshold", "delta", "deltas", "increment", "diff", "difference", "history", "historical", "average",
    "avg", "mean", "today", "yesterday", "daily", "day", "hourly", "hour", "weekly", "week", "monthly",
    "month", "yearly", "year", "last24h", "interval", "period", "since", "previous", "prev", "reactive",
    "apparent", "cost", "price", "temperature", "temp", "fallback", "overflow", "leak", "leakage", "burst",
    "alarm", "status", "ratio", "factor", "weight", "scale", "pulse", "credit", "remaining", "milli",
}  # fmt: skip
_POWERLIKE = {"w", "kw", "mw", "va", "kva", "var", "kvar", "v", "a", "ma", "hz"}
_PART = re.compile(r"(?:t|tariff|rate|l|phase|ph|channel|ch)\d{1,3}")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A field for a value, what stood there, and why; ``is_unit_told`` is False where the unit is a guess."""

    field: Field
    value: Decimal
    reason: str
    is_unit_told: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    path: str
    value: Decimal
    words: tuple[str, ...]
    unit: str
    scale: Decimal
    places: int
    how: str

    @property
    def is_unit_told(self) -> bool:
        return bool(self.how)

    @property
    def base(self) -> str:
        if self.unit == PULSE:
            return PULSE
        return "kWh" if self.unit in _ENERGY_UNITS else "m3"

    @property
    def direction(self) -> str:
        words = set(self.words)
        gives = bool(words & _EXPORT) or {"delivered", "by"} <= words or {"feed", "in"} <= words
        return "export" if gives else "import"

    @property
    def parts(self) -> tuple[str, ...]:
        """The tariff and the phases that a value is for alone, as in a register's name."""
        return tuple(
            word.replace("tariff", "t").replace("phase", "l") for word in self.words if _PART.fullmatch(word)
        )

    @property
    def rank(self) -> tuple[bool, bool, bool, int, str]:
        return (
            bool(self.parts),
            not self.is_unit_told,
            not set(self.words) & (_TOTAL | {"current"}),
            len(self.path),
            self.path,
        )


def suggested(data: Any) -> list[Suggestion]:
    """Return a field for each register that a codec's output seems to hold, the likeliest value for each.

    ``data`` is ``Ran.data`` of an uplink with a reading in it; numbers are Decimals.
    """
    groups: dict[tuple[str, str], list[_Candidate]] = {}
    for candidate in _candidates(data):
        groups.setdefault((candidate.base, candidate.direction), []).append(candidate)
    if any(base != PULSE for base, _ in groups):
        # who tells both has counted already
        groups = {key: group for key, group in groups.items() if key[0] != PULSE}
    return [
        suggestion
        for (base, direction), candidates in groups.items()
        # water that flows back is no export
        if base == "kWh" or direction == "import"
        for suggestion in _chosen(direction, sorted(candidates, key=lambda each: each.rank))
    ]


def _chosen(direction: str, candidates: Sequence[_Candidate]) -> Iterator[Suggestion]:
    best = candidates[0]
    if not best.parts:
        yield _suggestion(best, direction, others=candidates[1:])
        return
    # no total: each tariff or phase is a register of its own, but for what all have in common
    shared = set.intersection(*(set(each.parts) for each in candidates))
    by_part: dict[str, list[_Candidate]] = {}
    for each in candidates:
        by_part.setdefault("".join(f"_{part}" for part in each.parts if part not in shared), []).append(each)
    for part, mine in sorted(by_part.items()):
        yield _suggestion(mine[0], direction + part, others=mine[1:])


def _suggestion(candidate: _Candidate, register: str, *, others: Sequence[_Candidate]) -> Suggestion:
    what = {
        ("kWh", True): "energy given out",
        ("kWh", False): "energy taken in",
        ("m3", False): "a volume",
        (PULSE, False): "pulses, whose worth is said at the register",
    }[candidate.base, candidate.direction == "export"]
    told = candidate.how or (
        f"its unit is told nowhere: {candidate.unit} is a guess, compare it with the meter's display"
    )
    reason = f"the name says {what}; {told}"
    if others:
        reason += f"; also there: {', '.join(each.path for each in others[:5])}"
    field = Field(candidate.path, register, candidate.unit, scale=candidate.scale, places=candidate.places)
    return Suggestion(field, candidate.value, reason, candidate.is_unit_told)


def _candidates(data: Any) -> Iterator[_Candidate]:
    values = dict(flat(data))
    numbers = Counter(path.rpartition(".")[0] for path, value in values.items() if _number(value) is not None)
    for path, value in values.items():
        steps = _DOT.split(path)
        number = _number(value)
        if number is None or any(step.isdecimal() for step in steps):
            continue
        beside = _beside(values, path, is_alone=numbers[path.rpartition(".")[0]] == 1)
        if steps[-1] in _VALUE_KEYS and len(steps) > 1:
            steps = steps[:-1]
        agreed = next((unit for keys, unit in _AGREED.items() if tuple(steps[-len(keys) :]) == keys), None)
        if agreed is not None:
            how = f"its unit is agreed among makers: {agreed}"
            yield _Candidate(path, number, ("total",), agreed, Decimal(1), _places(agreed), how)
            continue
        candidate = _candidate(path, number, _words(steps), beside)
        if candidate is not None:
            yield candidate


def _places(unit: str) -> int:
    return 0 if unit == PULSE else next(places for known, _, places in _UNITS.values() if known == unit)


def _candidate(path: str, number: Decimal, words: tuple[str, ...], beside: str | None) -> _Candidate | None:
    never = set(words) & _NEVER
    if beside is None and never <= {"pulse"} and set(words) & _PULSES and set(words) & _COUNT:
        return _Candidate(path, number, words, PULSE, Decimal(1), 0, "the name has its unit: pulses")
    is_energy, is_volume = bool(set(words) & _ENERGY), bool(set(words) & _VOLUME)
    if never == {"flow"} and set(words) & _TOTAL:
        # all that ever flowed
        never, is_volume = set(), True
    if beside is not None:
        known, how = _UNITS.get(_plain(beside)), f"its unit is told beside it: {beside}"
    else:
        # a lone l may be a phase
        is_litres = is_volume or "consumption" in words
        named = next((word for word in reversed(words) if word in _UNITS and (word != "l" or is_litres)), "")
        known, how = _UNITS.get(named), f"the name has its unit: {named}"
    if never or (beside is not None and known is None):
        return None
    if known is None:
        # a lone a is a phase where a unit is told, else amperes
        if set(words) & _POWERLIKE or not (is_energy or is_volume) or not _sounds_cumulative(words):
            return None
        known, how = ("kWh", "1", 6) if is_energy else ("m3", "1", 6), ""
    unit, scale, places = known
    if (unit in _ENERGY_UNITS and is_volume and not is_energy) or (unit not in _ENERGY_UNITS and is_energy):
        return None
    return _Candidate(path, number, words, unit, Decimal(scale), places, how)


def _sounds_cumulative(words: Sequence[str]) -> bool:
    """Tell whether a name without a unit speaks of a register: that of a gas sensor does not."""
    wanted = _TOTAL | _EXPORT | {"import", "imported", "active", "energy", "volume", "vol", "delivered"}
    return bool(set(words) & wanted)


def _words(steps: Sequence[str]) -> tuple[str, ...]:
    name = "_".join(step.replace("\\.", "_") for step in steps).replace("³", "3")
    named = _JOINED_UNIT.sub(_apart, _OBIS.sub(_meant, name))
    words = [word.lower() for word in _WORD.findall(named)]
    # what is consumed is energy, whatever it is called
    return tuple("energy" if word == "power" and "consumption" in words else word for word in words)


def _meant(code: re.Match[str]) -> str:
    direction = "import" if code[1] == "1" else "export"
    return f"_energy_{direction}_" + ("total_" if code[2] == "0" else f"tariff{code[2]}_")


def _apart(found: re.Match[str]) -> str:
    return "_milli_" if found[1] == "mWh" else f"_{found[1].lower()}_"


def _beside(values: dict[str, Any], path: str, *, is_alone: bool) -> str | None:
    """Return the unit that is told for a value: under a key like its own, or for its whole object."""
    *above, last = _DOT.split(path)
    own = [last + end for end in ("Unit", "_unit", "Units", "_units", "UnitId", "_unit_id")]
    objects: list[list[str]] = []
    # the unit that stands by one number of several is that of another
    if last in _VALUE_KEYS or is_alone:
        objects.append(above)
    # {"unitId", "record": {"value"}} as well as {"unit", "value"}
    if last in _VALUE_KEYS and above:
        objects.append(above[:-1])
    for keys in [[*above, key] for key in own] + [[*each, key] for each in objects for key in _UNIT_KEYS]:
        unit = values.get(".".join(keys))
        if isinstance(unit, str):
            return unit
    return None


def _plain(unit: str) -> str:
    return "" if "mWh" in unit else re.sub(r"[\s·*^.]", "", unit.lower()).replace("³", "3")


def _number(value: Any) -> Decimal | None:
    # what toFixed gives is a text, and a field takes it
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        return None
    number = Decimal(value)
    return number if number.is_finite() and number >= 0 else None
