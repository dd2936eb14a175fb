"""How a file of a head-end is read and taken, as it is asked for and stored."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mita.drivers.files import (
    BEGINNING_BYTES,
    Fault,
    Options,
    ProfileInvalid,
    Rules,
    UnreadableFile,
    built_in_profiles,
    guess_layout,
    parse_profile,
    read,
    unpacked,
)
from mita.kit.errors import Invalid
from mita.kit.zones import UnknownZone, zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from mita.drivers.files import Gathered, Profile

FormatWord = Literal["auto", "nem12", "nem13", "greenbutton", "p1", "smip", "csv"]
LayoutWord = Literal["nem12", "nem13", "greenbutton", "p1", "csv"]
_LINE = re.compile(r"[:,] line (?P<line>[0-9]{1,9}): ")
UNPACKED_BYTES_MAX = 64 * 1024 * 1024


class ReadingFileRefused(Invalid):
    """The file as a whole cannot be read, or not as it is asked; ``problems`` says what to mend."""

    code = "reading_file_refused"
    title = "The file cannot be read"


@dataclass(frozen=True, slots=True)
class ReadingTerms:
    """How a file is read and taken.

    ``layout`` is one that drivers read, ``profile`` the name of a profile or its YAML, ``meter`` the one
    meter of a file that names none, ``serials`` the serials of meters that the file calls otherwise.
    """

    layout: str
    profile: str | None = None
    meter: str | None = None
    serials: Mapping[str, str] = field(default_factory=dict)
    file_zone: str | None = None
    opening_micro: int = 0
    takes_estimates: bool = False
    crosses_gaps: bool = False
    keeps_past: bool = False

    @property
    def stored(self) -> dict[str, Any]:
        """The terms as JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {
            "serials": dict(self.serials)
        }

    @property
    def rules(self) -> Rules:
        """What is asked of intervals."""
        return Rules(self.opening_micro, self.takes_estimates, self.crosses_gaps, self.keeps_past)

    def options(self, *, local: ZoneInfo) -> Options:
        """Return how drivers are to read it; ``local`` is the zone of the estate."""
        file_zone = None if self.file_zone is None else zone(self.file_zone)
        profile = _profile(self.profile) if self.layout == "csv" else None
        return Options(local, file_zone, self.meter, profile)


def chosen_layout(content: bytes, *, name: str, asked: str, profile: str | None) -> tuple[str, str | None]:
    """Return layout and profile of a file: as asked, or by how it begins.

    :raises ReadingFileRefused: if nobody can tell, the zip is broken, or the profile is none
    """
    if profile is not None and asked != "csv":
        raise _refused("query.profile", "a profile belongs to format csv")
    if asked == "auto":
        try:
            beginning = next(unpacked(content, name=name, bytes_max=UNPACKED_BYTES_MAX), b"")
        except UnreadableFile as error:
            raise _refused("body", str(error)) from error
        found = guess_layout(beginning[:BEGINNING_BYTES], profiles=built_in_profiles())
        if found is None:
            raise _refused("query.format", "nothing tells of which format the file is: name it")
        return found
    if asked == "smip":
        return "csv", "smip"
    if asked == "csv":
        if profile is None:
            names = ", ".join(built_in_profiles())
            raise _refused("query.profile", f"format csv needs a profile: YAML, or one of {names}")
        try:
            _profile(profile)
        except ProfileInvalid as error:
            problems: list[dict[str, object]] = [
                {"path": "query.profile", "message": each} for each in error.problems
            ]
            raise ReadingFileRefused(str(problems[0]["message"]), problems=problems) from error
    return asked, profile


def check_zone(name: str | None) -> None:
    """Look whether a zone of a file is one.

    :raises ReadingFileRefused: if it is none
    """
    try:
        if name is not None:
            zone(name)
    except UnknownZone as error:
        raise _refused("query.file_zone", str(error)) from error


def read_content(content: bytes, *, name: str, terms: ReadingTerms, local: ZoneInfo) -> Gathered:
    """Return what a file holds, with all faults.

    :raises UnreadableFile: if it is of another layout, holds nothing, or too much
    """
    pieces = unpacked(content, name=name, bytes_max=UNPACKED_BYTES_MAX)
    return read(pieces, layout=terms.layout, options=terms.options(local=local), name=name)


def fault_of(error: UnreadableFile, *, name: str) -> Fault:
    """Return why a file cannot be read as a fault, with the line that it names."""
    found = _LINE.match(said := str(error).removeprefix(name))
    line, rest = (int(found["line"]), said[found.end() :]) if found else (0, said.lstrip(": "))
    return Fault(line, "unreadable", rest)


def serials_of(said: list[str]) -> dict[str, str]:
    """Return serials by meters of the file, from ``meter=serial`` each.

    :raises ReadingFileRefused: if one is not of this form, or a meter is there twice
    """
    found: dict[str, str] = {}
    for each in said:
        meter, _, serial = each.rpartition("=")
        if not meter.strip() or not serial.strip():
            raise _refused("query.serials", f"{each[:100]!r} is not meter=serial, such as 6305000001=E-1001")
        if found.setdefault(meter.strip(), serial.strip()) != serial.strip():
            raise _refused("query.serials", f"meter {meter.strip()[:100]!r} has two serials")
    return found


def _profile(said: str | None) -> Profile:
    known = built_in_profiles()
    return known[said] if said in known else parse_profile(said or "")


def _refused(path: str, message: str) -> ReadingFileRefused:
    return ReadingFileRefused(message, problems=[{"path": path, "message": message}])
