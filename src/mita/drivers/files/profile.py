"""Profiles of CSV files: which columns are times, meters and values. Pure.

A profile is a small YAML document, such as those in ``profiles``; its keys are the fields of ``Profile``. A
column is named as in the first line of the file, in whatever case; of several names the first counts that is
there. ``*`` among the values is every column that is named nowhere else: each is a meter of that name.
"""

from __future__ import annotations

import codecs
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import yaml

from mita.kit.quantity import BadValue, base_unit
from mita.kit.zones import UnknownZone, zone
from mita.metering.domain import is_register_name

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DOCUMENT_CHARACTERS_MAX = 100_000
POWERS = {"kw": 1_000_000, "w": 1_000}
_DAY_MINUTES = 1_440
_PLACES_MAX = 9
_Names = list[str]


class ProfileInvalid(ValueError):
    """A profile that cannot be worked with, with all that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Time(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the time stands and what it means.

    ``format`` is ``iso`` or one of strptime; ``means`` the start or the end of an interval, or for register
    values the instant; ``end`` the column of the interval's end, if it has one; ``zone`` that of times
    without an offset.
    """

    columns: _Names
    format: str = "iso"
    means: Literal["start", "end", "instant"] = "start"
    end: _Names = []
    zone: str | None = None


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column of values. ``places`` is to how many decimals they are meant; the rest is noise."""

    columns: _Names
    register: str = "import"
    unit: str | None = None
    places: int | None = None


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which words in a column say that a value will be replaced."""

    columns: _Names
    estimates: _Names


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to read a CSV file. ``minutes`` is the length of an interval where no column says its end."""

    profile: Literal[1]
    name: str
    kind: Literal["interval", "register"]
    time: Time
    values: list[Value]
    source: str = ""
    licence: str = ""
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    minutes: int | None = None
    meter: _Names = []
    register: _Names = []
    unit: _Names = []
    quality: Quality | None = None


def parse_profile(text: str) -> Profile:
    """Return a profile.

    :raises ProfileInvalid: with everything that is wrong
    """
    if len(text) > DOCUMENT_CHARACTERS_MAX:
        raise ProfileInvalid([f"the document has more than {DOCUMENT_CHARACTERS_MAX:,} characters"])
    try:
        # every scalar as it is written: numbers are made by who wants them
        document: Any = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts, lists and mappings
        found = msgspec.convert(document, Profile, strict=False)
    except (yaml.YAMLError, msgspec.ValidationError, RecursionError) as error:
        raise ProfileInvalid([" ".join(str(error).split())[:300]]) from error
    if problems := _problems(found):
        raise ProfileInvalid(problems)
    return found


def built_in_profiles() -> dict[str, Profile]:
    """Return the profiles that come with Mita, by name."""
    folder = resources.files("mita.drivers.files") / "profiles"
    texts = [each.read_text(encoding="utf-8") for each in folder.iterdir() if each.name.endswith(".yaml")]
    return {
        profile.name: profile for profile in sorted(map(parse_profile, texts), key=lambda each: each.name)
    }


def _problems(profile: Profile) -> list[str]:
    problems = []
    if len(profile.delimiter) != 1:
        problems.append("delimiter must be one character")
    elif profile.delimiter == profile.decimal:
        problems.append("delimiter and decimal must be different")
    if not _is_encoding(profile.encoding):
        problems.append(f"encoding {profile.encoding[:30]!r} is not known")
    if profile.time.zone is not None and not _is_zone(profile.time.zone):
        problems.append(f"time.zone {profile.time.zone[:40]!r} is no zone such as Europe/Madrid")
    if not profile.time.columns or not profile.values:
        problems.append("time.columns and values must name a column each")
    if (profile.kind == "register") != (profile.time.means == "instant"):
        problems.append("time.means is instant for kind register, and start or end for kind interval")
    if profile.kind == "interval" and not profile.time.end and profile.minutes is None:
        problems.append("an interval needs minutes, or the column of its end (time.end)")
    if profile.minutes is not None and not 1 <= profile.minutes <= _DAY_MINUTES:
        problems.append(f"minutes must be 1 to {_DAY_MINUTES}")
    if profile.time.end and profile.time.means != "start":
        problems.append("with time.end, time.columns are the start")
    for place, value in enumerate(profile.values):
        problems += [f"values[{place}]: {problem}" for problem in _value_problems(value, profile)]
    return problems


def _value_problems(value: Value, profile: Profile) -> list[str]:
    problems = []
    if not value.columns:
        problems.append("columns must name one")
    if not is_register_name(value.register):
        problems.append(f"register {value.register[:40]!r} is no name such as import")
    if value.places is not None and not 0 <= value.places <= _PLACES_MAX:
        problems.append(f"places must be 0 to {_PLACES_MAX}")
    if value.unit is None and not profile.unit:
        problems.append("unit is missing, and no column says it")
    if value.unit is not None and not _is_unit(value.unit, kind=profile.kind):
        problems.append(
            f"unit {value.unit[:20]!r} is not one of kWh, Wh, MWh, m3, kL, L; intervals also kW, W"
        )
    if "*" in value.columns and profile.meter:
        problems.append("where each column is a meter, no column names it")
    return problems


def _is_unit(unit: str, *, kind: str) -> bool:
    if kind == "interval" and unit.strip().lower() in POWERS:
        return True
    try:
        base_unit(unit)
    except BadValue:
        return False
    return True


def _is_encoding(name: str) -> bool:
    try:
        return bool(codecs.lookup(name)._is_text_encoding)  # noqa: SLF001 - else hex and zip are encodings too
    except (LookupError, ValueError):
        return False


def _is_zone(name: str) -> bool:
    try:
        zone(name)
    except UnknownZone:
        return False
    return True


def zone_of(profile: Profile, *, otherwise: ZoneInfo) -> ZoneInfo:
    """Return the zone of a profile's times."""
    return otherwise if profile.time.zone is None else zone(profile.time.zone)
