"""What a file of a head-end brings: its meters as the estate knows them, its new readings in portions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mita.drivers.files import Channel, Fault, Gathered, Intervals
from mita.metering.domain import BASE_UNIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mita.drivers.files import Accumulated, Values, Waiting


@dataclass(slots=True)
class Brought:
    """What a file brings: new readings by channel, what waits, what is wrong, what is no money."""

    readings: list[tuple[Channel, Accumulated]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    waiting: list[Waiting] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    known_count: int = 0
    known_of: Counter[Channel] = field(default_factory=Counter)

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
        self.known_of[channel] += found.known_count
        if found.taken_s:
            self.readings.append((channel, found))


@dataclass(slots=True)
class Portion:
    """Some new readings in the order in which they are charged, in columns."""

    key: list[tuple[str, str, str]] = field(default_factory=list)
    taken_s: list[int] = field(default_factory=list)
    value_micro: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.key)


def portions_of(brought: Brought, *, readings_max: int) -> Iterator[Portion]:
    """Yield the new readings of a file register by register, ``readings_max`` at a time."""
    portion = Portion()
    for channel, found in brought.readings:
        key = (channel.meter, channel.register, channel.unit)
        for taken_s, value_micro in zip(found.taken_s, found.value_micro, strict=True):
            portion.key.append(key)
            portion.taken_s.append(taken_s)
            portion.value_micro.append(value_micro)
            if len(portion) >= readings_max:
                yield portion
                portion = Portion()
    if len(portion):
        yield portion


@dataclass(frozen=True, slots=True)
class Match:
    """A register of a file, what it is in the estate, and how many values the file has of it."""

    meter: str
    channel: Channel
    count: int
    is_known: bool


@dataclass(slots=True)
class Matched:
    """A file under the serials of the estate: what can be taken, and what is of no meter of it."""

    gathered: Gathered
    matches: list[Match] = field(default_factory=list)
    strangers: list[Fault] = field(default_factory=list)


def match_meters(
    gathered: Gathered, *, serials: Mapping[str, str], utilities: Mapping[tuple[str, str], str]
) -> Matched:
    """Return a file under the serials of the estate.

    ``serials`` say which meter of the file has which serial, where they differ; ``utilities`` are those of
    the registers (serial, register) that the estate has. A meter or register that it does not have, or of
    another utility, is a stranger: it is left out with its reason. Two registers of the file on one of ours
    are a fault.
    """
    matched = Matched(
        Gathered(
            faults=list(gathered.faults),
            fault_count=gathered.fault_count,
            left_out=gathered.left_out.copy(),
        )
    )
    metered = {serial for serial, _ in utilities}
    found: list[tuple[Channel, Intervals | Values]] = [*gathered.values.items(), *gathered.intervals.items()]
    for channel, columns in found:
        serial = serials.get(channel.meter, channel.meter)
        ours = Channel(serial, channel.register, channel.unit)
        why = _stranger(channel, ours, gathered, utilities=utilities, metered=metered)
        matched.matches.append(Match(channel.meter, ours, len(columns), why is None))
        if why is not None:
            code, detail = why
            matched.strangers.append(
                Fault(columns.line[0], code, f"{detail}; values left out: {len(columns):,}", channel.meter)
            )
        elif ours in matched.gathered.values or ours in matched.gathered.intervals:
            detail = f"two meters of the file are to be {serial} {channel.register}"
            matched.gathered.fault_count += 1
            matched.gathered.faults.append(Fault(columns.line[0], "meter_twice", detail, channel.meter))
        else:
            _put(matched.gathered, ours, columns)
    return matched


def _put(gathered: Gathered, channel: Channel, columns: Intervals | Values) -> None:
    if isinstance(columns, Intervals):
        gathered.intervals[channel] = columns
    else:
        gathered.values[channel] = columns


def _stranger(
    channel: Channel,
    ours: Channel,
    gathered: Gathered,
    *,
    utilities: Mapping[tuple[str, str], str],
    metered: set[str],
) -> tuple[str, str] | None:
    """Return code and reason if a register of a file is none of the estate."""
    if ours.meter not in metered:
        return "unknown_meter", f"the estate has no meter {ours.meter}"
    utility = utilities.get((ours.meter, ours.register))
    if utility is None:
        return "unknown_register", f"meter {ours.meter} has no register {ours.register}"
    if channel.unit != BASE_UNIT[utility]:
        return (
            "wrong_unit",
            f"meter {ours.meter} counts {utility} in {BASE_UNIT[utility]}, not {channel.unit}",
        )
    if not gathered.is_of(channel, utility):
        said = gathered.utility_of.get(channel.meter)
        return "other_utility", f"meter {ours.meter} counts {utility}, and this is {said}"
    return None
