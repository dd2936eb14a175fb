"""What a file of a head-end brings to an estate: its intervals are held against what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.drivers.files import Accumulated, Known, accumulate, settled, span_s
from mita.imports.domain import Brought, Matched, match_meters
from mita.kit.clock import from_us
from mita.metering import queries as metering

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.drivers.files import Channel, Gathered, Rules

_CHANNELS_AT_ONCE = 50
_READINGS_AT_ONCE = 10_000


async def match_file(
    session: AsyncSession, *, estate_id: int, gathered: Gathered, serials: Mapping[str, str]
) -> Matched:
    """Return a file under the serials of the estate's meters; what is of none of them is told."""
    channels = (*gathered.intervals, *gathered.values)
    wanted = {serials.get(channel.meter, channel.meter) for channel in channels}
    registers = await metering.registers_of_meters(session, estate_id=estate_id, serials=sorted(wanted))
    utilities = {(info.meter, info.register): info.utility for info in registers}
    return match_meters(gathered, serials=serials, utilities=utilities)


async def plan_file(
    session: AsyncSession, *, estate_id: int, gathered: Gathered, rules: Rules, utility: str | None
) -> Brought:
    """Return what a file brings to an estate, of one utility, or of all where it is None. Nothing is written.

    Intervals are held against the readings that are known of their registers.
    """
    brought = Brought(
        faults=list(gathered.faults), fault_count=gathered.fault_count, left_out=gathered.left_out.copy()
    )
    for channel, values in gathered.values.items():
        if utility is None or gathered.is_of(channel, utility):
            brought.add(channel, settled(values, channel, rules=rules))
        else:
            brought.left_out[_words(channel, gathered)] += len(values)
    wanted = []
    for channel, intervals in gathered.intervals.items():
        if (utility is None or gathered.is_of(channel, utility)) and channel not in gathered.values:
            wanted.append(channel)
        else:
            brought.left_out[_words(channel, gathered)] += len(intervals)
    for first in range(0, len(wanted), _CHANNELS_AT_ONCE):
        some = wanted[first : first + _CHANNELS_AT_ONCE]
        known = await _known(session, some, estate_id=estate_id, gathered=gathered)
        for channel in some:
            brought.add(
                channel,
                accumulate(
                    gathered.intervals[channel], channel, known=known.get(channel, Known()), rules=rules
                ),
            )
    return brought


def _words(channel: Channel, gathered: Gathered) -> str:
    said = gathered.utility_of.get(channel.meter)
    return f"{channel.register} in {channel.unit}" if said is None else f"{said} {channel.register}"


async def _ids(session: AsyncSession, channels: Sequence[Channel], *, estate_id: int) -> dict[Channel, int]:
    serials = list({channel.meter for channel in channels})
    registers = await metering.registers_of_meters(session, estate_id=estate_id, serials=serials)
    ids = {(info.meter, info.register): info.register_id for info in registers}
    return {c: ids[c.meter, c.register] for c in channels if (c.meter, c.register) in ids}


async def leave_known(session: AsyncSession, *, estate_id: int, brought: Brought) -> None:
    """Take out of what a file brings the readings that are stored as they are; they are counted as known."""
    ids = await _ids(session, [channel for channel, _ in brought.readings], estate_id=estate_id)
    left = []
    for channel, found in brought.readings:
        new = Accumulated(known_count=found.known_count, notes=found.notes, waiting=found.waiting)
        for first in range(0, len(found.taken_s), _READINGS_AT_ONCE):
            taken_s = found.taken_s[first : first + _READINGS_AT_ONCE]
            register_ids = [ids.get(channel, 0)] * len(taken_s)
            stored = await metering.stored_values(
                session, estate_id=estate_id, register_ids=register_ids, taken_s=taken_s.tolist()
            )
            for at, value in zip(taken_s, found.value_micro[first:], strict=False):
                if stored.get((register_ids[0], at)) != value:
                    new.taken_s.append(at)
                    new.value_micro.append(value)
        known = len(found.taken_s) - len(new.taken_s)
        brought.known_count += known
        brought.known_of[channel] += known
        if new.taken_s:
            left.append((channel, new))
    brought.readings = left


async def _known(
    session: AsyncSession, channels: Sequence[Channel], *, estate_id: int, gathered: Gathered
) -> dict[Channel, Known]:
    """Return what is known of channels around the times of their intervals."""
    of = {register_id: c for c, register_id in (await _ids(session, channels, estate_id=estate_id)).items()}
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
