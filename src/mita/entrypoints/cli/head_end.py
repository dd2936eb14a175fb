"""What `mita replay` is asked of a file of a head-end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mita.drivers.files import (
    Options,
    Profile,
    ProfileInvalid,
    Rules,
    UnreadableFile,
    built_in_profiles,
    parse_profile,
)
from mita.kit.money import NotExact, parse_micro
from mita.kit.quantity import VALUE_MICRO_MAX
from mita.kit.zones import zone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

OLD_LAYOUTS = {"daiad", "readings"}
# a layout that is a profile
_PROFILES = {"smip": "smip"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were given."""

    profile: str | None = None
    file_zone: str | None = None
    meter: str | None = None
    opening: str = "0"
    takes_estimates: bool = False
    crosses_gaps: bool = False
    keeps_past: bool = False
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class HeadEnd:
    """How a file of a head-end is read and taken."""

    layout: str
    options: Options
    rules: Rules
    is_partial: bool


def head_end(layout: str, asked: Asked, *, local: ZoneInfo) -> HeadEnd | None:
    """Return how a file is read and taken; None for the layouts that are read row by row.

    :raises UnreadableFile: if options do not fit the layout, or the profile is none
    :raises NotExact: if the opening is no number
    :raises UnknownZone: if the file's zone is none
    """
    if layout in OLD_LAYOUTS:
        if asked != Asked():
            raise UnreadableFile(
                f"--format {layout} is read row by row: of --opening to --partial none applies to it"
            )
        return None
    profile = _profile(layout, asked.profile)
    opening_micro = parse_micro(asked.opening, what="--opening")
    if not 0 <= opening_micro <= VALUE_MICRO_MAX:
        raise NotExact("--opening must not be negative, nor larger than any register")
    return HeadEnd(
        layout="csv" if profile is not None else layout,
        options=Options(
            zone=local,
            file_zone=None if asked.file_zone is None else zone(asked.file_zone),
            meter=asked.meter,
            profile=profile,
        ),
        rules=Rules(
            opening_micro=opening_micro,
            takes_estimates=asked.takes_estimates,
            crosses_gaps=asked.crosses_gaps,
            keeps_known=asked.keeps_past,
        ),
        is_partial=asked.is_partial,
    )


def _profile(layout: str, named: str | None) -> Profile | None:
    if layout != "csv":
        if named is not None:
            raise UnreadableFile("--profile belongs to --format csv")
        return built_in_profiles()[_PROFILES[layout]] if layout in _PROFILES else None
    known = built_in_profiles()
    if named is None:
        raise UnreadableFile(f"--format csv needs --profile: a YAML file, or one of {', '.join(known)}")
    if named in known:
        return known[named]
    path = Path(named)
    if not path.is_file():
        raise UnreadableFile(f"profile {named!r} is no file, and not one of {', '.join(known)}")
    try:
        return parse_profile(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path}: {error}") from error
    except ProfileInvalid as error:
        raise UnreadableFile(f"{path}: {error}") from error
