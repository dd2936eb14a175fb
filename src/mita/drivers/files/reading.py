"""A file of a head-end, whatever its layout, into what it holds. Pure."""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.drivers.files.gathered import Gathered, UnreadableFile
from mita.drivers.files.greenbutton import read_greenbutton
from mita.drivers.files.nem12 import read_nem12
from mita.drivers.files.nem13 import read_nem13
from mita.drivers.files.profile import zone_of
from mita.drivers.files.rows import read_csv
from mita.drivers.files.telegrams import read_p1
from mita.kit.zones import zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

    from mita.drivers.files.profile import Profile

LAYOUTS = ("nem12", "nem13", "greenbutton", "p1", "csv")
# the market's time, which knows no summer; POSIX names count westwards
NEM_ZONE = "Etc/GMT-10"
_LINE_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """How to read a file.

    ``zone`` is that of local times; ``file_zone`` overrides what the layout or the profile says of them.
    ``meter`` names the one meter of a file that names none; ``profile`` is wanted for the layout ``csv``.
    """

    zone: ZoneInfo
    file_zone: ZoneInfo | None = None
    meter: str | None = None
    profile: Profile | None = None


def read(pieces: Iterable[bytes], *, layout: str, options: Options, name: str) -> Gathered:
    """Return what a file holds, with all faults; ``pieces`` are its bytes, ``name`` is for messages.

    :raises UnreadableFile: if it is of another layout, holds nothing, or too much
    """
    gathered = Gathered()
    if layout == "greenbutton":
        read_greenbutton(pieces, gathered, name=name, meter=options.meter)
    elif layout == "p1":
        read_p1(pieces, gathered, name=name, meter=options.meter)
    elif layout in {"nem12", "nem13"}:
        reader = read_nem12 if layout == "nem12" else read_nem13
        reader(_lines(pieces, "utf-8"), gathered, zone=options.file_zone or zone(NEM_ZONE), name=name)
    else:
        profile = options.profile
        assert profile is not None, "the layout csv comes with a profile"
        read_csv(
            _lines(pieces, profile.encoding),
            gathered,
            profile=profile,
            zone=options.file_zone or zone_of(profile, otherwise=options.zone),
            name=name,
            meter=options.meter,
        )
    return gathered


def _lines(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Yield the lines of a text with their ends; bytes that are no text become U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    is_first = True
    rest = ""
    for piece in _and_end(pieces):
        text = rest + (decoder.decode(b"", final=True) if piece is None else decoder.decode(piece))
        if is_first and text:
            text, is_first = text.removeprefix("\ufeff"), False
        lines = io.StringIO(text, newline="").readlines()
        rest = "" if piece is None else (lines.pop() if lines and not lines[-1].endswith("\n") else "")
        if len(rest) > _LINE_MAX:
            raise UnreadableFile("a line has more than a million characters")
        yield from lines


def _and_end(pieces: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from pieces
    yield None
