"""Files of head-ends read in a test."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mita.drivers.files import Options, read

if TYPE_CHECKING:
    from pathlib import Path

    from mita.drivers.files import Gathered

UTC = ZoneInfo("Etc/UTC")


def content(path: Path) -> bytes:
    """Return a file's bytes, or those of the one file in a zip."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        return archive.read(name)


def gathered(data: bytes | str, layout: str, **options: Any) -> Gathered:
    """Read bytes in small pieces, so that lines and telegrams are cut anywhere."""
    whole = data.encode() if isinstance(data, str) else data
    pieces = [whole[start : start + 997] for start in range(0, len(whole), 997)]
    return read(pieces, layout=layout, options=Options(options.pop("zone", UTC), **options), name="f")


def totals(found: Gathered) -> dict[tuple[str, str], int]:
    """Return the micro base units of all intervals by meter and register."""
    return {(c.meter, c.register): sum(each.quantity_micro) for c, each in found.intervals.items()}
