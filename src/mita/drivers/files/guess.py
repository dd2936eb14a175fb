"""Of which layout a file is, by how it begins. Pure."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mita.drivers.files.profile import Profile

# so much of a file tells its layout
BEGINNING_BYTES = 16_384
_NEM = re.compile(r"\s*\"?100\"?\s*,\s*\"?(NEM1[23])\b", re.IGNORECASE)
_TELEGRAM = re.compile(r"^/[A-Za-z0-9]{3}[0-9\\]", re.MULTILINE)


def guess_layout(beginning: bytes, *, profiles: Mapping[str, Profile]) -> tuple[str, str | None] | None:
    """Return the layout of a file, and of CSV the one profile whose columns it has; None: nobody can tell."""
    text = beginning.decode("utf-8-sig", errors="replace")
    if found := _NEM.match(text):
        return found.group(1).lower(), None
    if text.lstrip().startswith("<"):
        return "greenbutton", None
    if _TELEGRAM.search(text):
        return "p1", None
    first = text.partition("\n")[0].strip("\r")
    fitting = [profile.name for profile in profiles.values() if _fits(first, profile)]
    return ("csv", fitting[0]) if len(fitting) == 1 else None


def _fits(first: str, profile: Profile) -> bool:
    try:
        row = next(csv.reader([first], delimiter=profile.delimiter), [])
    except csv.Error:
        return False
    header = {cell.strip().lower() for cell in row}
    needed: Iterable[list[str]] = [profile.time.columns, *(value.columns for value in profile.values)]
    if profile.register:
        needed = [*needed, profile.meter, profile.register, profile.unit]
    return all(any(column.strip().lower() in header for column in columns) for columns in needed)
