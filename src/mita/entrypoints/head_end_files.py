"""Files of head-ends on their way to be charged: read whole, held against what is known, then row by row."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

from mita.drivers.files import UnreadableFile, read
from mita.entrypoints.files import Rows, opened
from mita.metering.domain import BASE_UNIT, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mita.drivers.files import Fault, Gathered, Options
    from mita.imports.domain import Brought

_PIECE_BYTES = 1 << 18
_SHOWN_MAX = 20
_NAME_MAX = 100


class FileRefused(ValueError):
    """A file with faults, of which nothing was taken; the first ``faults`` of ``count``."""

    def __init__(self, name: str, faults: Sequence[Fault], *, count: int) -> None:
        super().__init__(f"{name}: nothing was taken, because of {count} fault{'' if count == 1 else 's'}")
        self.name = name
        self.faults = list(faults[:_SHOWN_MAX])
        self.count = count


def read_file(path: Path, *, layout: str, options: Options, progress: Callable[[int], None]) -> Gathered:
    """Return what a file, or the one file in a zip, holds; ``progress`` is told how many bytes were read.

    :raises UnreadableFile: if it cannot be read, or is of another layout
    """

    def pieces() -> Iterator[bytes]:
        with opened(path, suffix="") as (stream, _):
            while piece := stream.read(_PIECE_BYTES):
                progress(len(piece))
                yield piece

    try:
        return read(pieces(), layout=layout, options=options, name=path.name)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UnreadableFile(f"{path}: {error}") from error


def require_readings(gathered: Gathered, *, utility: str, name: str) -> None:
    """Look whether a file holds anything of a utility, or faults to tell.

    :raises UnreadableFile: if it does not
    """
    channels = (*gathered.intervals, *gathered.values)
    if gathered.fault_count or any(gathered.is_of(channel, utility) for channel in channels):
        return
    found = [f"{c.meter} {c.register} in {c.unit}" for c in channels]
    shown = ", ".join([*gathered.left_out, *found][:5])
    raise UnreadableFile(f"{name}: nothing in it is {utility} in {BASE_UNIT[utility]}; found were: {shown}")


def rows_of(plan: Brought, *, name: str, rows_a_piece: int) -> Iterator[Rows]:
    """Yield the new readings of a plan register by register, after what is rejected."""
    source = f"file:{name}"[:_NAME_MAX]
    rejected = [
        Rejection(source, fault.meter, None, f"line {fault.line}", fault.code, str(fault)[:500])
        for fault in plan.faults
    ]
    piece = Rows(rejected=rejected)
    for channel, found in plan.readings:
        key = (channel.meter, channel.register, channel.unit)
        for taken_s, value_micro in zip(found.taken_s, found.value_micro, strict=True):
            piece.key.append(key)
            piece.taken_s.append(taken_s)
            piece.value_micro.append(value_micro)
            piece.progress += 1
            if piece.progress >= rows_a_piece:
                yield piece
                piece = Rows()
    if len(piece):
        yield piece


def told(plan: Brought) -> dict[str, object]:
    """Return what a report says of a plan."""
    return {
        "new": plan.count,
        "known": plan.known_count,
        "left_out": dict(plan.left_out),
        "waiting": [str(each) for each in plan.waiting],
        "contradictions": [str(each) for each in plan.notes],
        "faults": {"count": plan.fault_count, "first": [str(each) for each in plan.faults[:_SHOWN_MAX]]},
    }
