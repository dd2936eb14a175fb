"""Files of head-ends on their way to be charged: read whole, held against what is known, then row by row."""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mita.drivers.files import Known, Rules, UnreadableFile, accumulate, read, settled, span_s
from mita.entrypoints.files import Rows, opened
from mita.kit.clock import from_us
from mita.metering import queries as metering
from mita.metering.domain import BASE_UNIT, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.drivers.files import Accumulated, Channel, Fault, Gathered, Options, Waiting

_PIECE_BYTES = 1 << 18
_CHANNELS_AT_ONCE = 50
_SHOWN_MAX = 20
_NAME_MAX = 100


class FileRefused(ValueError):
    """A file with faults, of which nothing was taken; the first ``faults`` of ``count``."""

    def __init__(self, name: str, faults: Sequence[Fault], *, count: int) -> None:
        super().__init__(f"{name}: nothing was taken, because of {count} fault{'' if count == 1 else 's'}")
        self.name = name
        self.faults = list(faults[:_SHOWN_MAX])
        self.count = count


@dataclass(slots=True)
class Plan:
    """What a file brings: new readings by channel, what waits, what is wrong, what is no money."""

    readings: list[tuple[Channel, Accumulated]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    waiting: list[Waiting] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    known_count: int = 0

    @property
    def count(self) -> int:
        """How many readings are new."""
        return sum(len(found.taken_s) for _, found in self.readings)

    def add(self, channel: Channel, found: Accumulated) -> None:
        """Add what came of a channel."""
        if found.fault is not None:
            self.fault_count += 1
            self.faults.append(found.fault)
            return
        if found.waiting is not None:
            self.waiting.append(found.waiting)
        self.notes += found.notes
        self.known_count += found.known_count
        if found.taken_s:
            self.readings.append((channel, found))


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


async def plan_file(
    session: AsyncSession, *, estate_id: int, gathered: Gathered, utility: str, rules: Rules
) -> Plan:
    """Return what a file brings to an estate, of one utility.

    Intervals are held against the readings that are known of their registers. Nothing is written.
    """
    plan = Plan(
        faults=list(gathered.faults), fault_count=gathered.fault_count, left_out=gathered.left_out.copy()
    )
    for channel, values in gathered.values.items():
        if gathered.is_of(channel, utility):
            plan.add(channel, settled(values, channel, rules=rules))
        else:
            plan.left_out[_words(channel, gathered)] += len(values)
    wanted = []
    for channel, intervals in gathered.intervals.items():
        if gathered.is_of(channel, utility) and channel not in gathered.values:
            wanted.append(channel)
        else:
            plan.left_out[_words(channel, gathered)] += len(intervals)
    for first in range(0, len(wanted), _CHANNELS_AT_ONCE):
        some = wanted[first : first + _CHANNELS_AT_ONCE]
        known = await _known(session, some, estate_id=estate_id, gathered=gathered)
        for channel in some:
            found = accumulate(
                gathered.intervals[channel], channel, known=known.get(channel, Known()), rules=rules
            )
            plan.add(channel, found)
    return plan


def _words(channel: Channel, gathered: Gathered) -> str:
    said = gathered.utility_of.get(channel.meter)
    return f"{channel.register} in {channel.unit}" if said is None else f"{said} {channel.register}"


async def _known(
    session: AsyncSession, channels: list[Channel], *, estate_id: int, gathered: Gathered
) -> dict[Channel, Known]:
    """Return what is known of channels around the times of their intervals."""
    serials = list({channel.meter for channel in channels})
    registers = await metering.registers_of_meters(session, estate_id=estate_id, serials=serials)
    ids = {(info.meter, info.register): info.register_id for info in registers}
    of = {ids[c.meter, c.register]: c for c in channels if (c.meter, c.register) in ids}
    if not of:
        return {}
    spans = [span_s(gathered.intervals[channel]) for channel in of.values()]
    lines = await metering.timelines_between(
        session,
        estate_id=estate_id,
        register_ids=list(of),
        since=from_us(min(start_s for start_s, _ in spans) * 1_000_000),
        until=from_us(max(end_s for _, end_s in spans) * 1_000_000),
    )
    return {of[register_id]: Known(*line) for register_id, line in lines.items()}


def rows_of(plan: Plan, *, name: str, rows_a_piece: int) -> Iterator[Rows]:
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


def told(plan: Plan) -> dict[str, object]:
    """Return what a report says of a plan."""
    return {
        "new": plan.count,
        "known": plan.known_count,
        "left_out": dict(plan.left_out),
        "waiting": [str(each) for each in plan.waiting],
        "contradictions": [str(each) for each in plan.notes],
        "faults": {"count": plan.fault_count, "first": [str(each) for each in plan.faults[:_SHOWN_MAX]]},
    }
