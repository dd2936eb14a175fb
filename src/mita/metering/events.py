"""What metering tells the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from mita.metering.domain import SilentMeter


@dataclass(frozen=True, slots=True)
class MetersInstalled:
    """Units got meters; ``unit_utilities`` are the (unit, utility) pairs that can now be charged.

    ``meters`` are the new ones as (meter, unit, utility).
    """

    name: ClassVar[str] = "metering.meters.installed"
    estate_id: int
    unit_utilities: tuple[tuple[int, str], ...]
    meters: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RegistersDerived:
    """It was said anew how some registers come about: of pulses, by factors, of others.

    Told before it is looked at what these registers show, so that nobody charges them meanwhile.
    ``is_virtual``: some are made of others that may have readings already.
    """

    name: ClassVar[str] = "metering.registers.derived"
    estate_id: int
    is_virtual: bool = False


@dataclass(frozen=True, slots=True)
class CountersRead:
    """Pulse counters were read: ``fallen`` are (register, a sentence) of those below an earlier count.

    ``risen`` are the registers of those that are not.
    """

    name: ClassVar[str] = "metering.counters.read"
    estate_id: int
    fallen: tuple[tuple[int, str], ...]
    risen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MeterSwapped:
    """A meter took another's place."""

    name: ClassVar[str] = "metering.meter.swapped"
    estate_id: int
    swap_id: UUID
    unit_id: int
    utility: str
    old_meter_id: int
    new_meter_id: int
    swapped_at: datetime


@dataclass(frozen=True, slots=True)
class MeterRemoved:
    """A meter measures no more; readings that it took later are refused."""

    name: ClassVar[str] = "metering.meter.removed"
    estate_id: int
    meter_id: int


@dataclass(frozen=True, slots=True)
class MetersSilent:
    """Meters with a device have sent nothing for longer than the estate's rule lets them."""

    name: ClassVar[str] = "metering.meters.silent"
    estate_id: int
    meters: tuple[SilentMeter, ...]


@dataclass(frozen=True, slots=True)
class MetersHeard:
    """Meters that were silent are so no more."""

    name: ClassVar[str] = "metering.meters.heard"
    estate_id: int
    meters: tuple[SilentMeter, ...]


@dataclass(frozen=True, slots=True)
class ReadingMonthsChecked:
    """Somebody looked for partitions of readings: the coming ``months`` without one, rows gone astray."""

    name: ClassVar[str] = "metering.months.checked"
    months: tuple[date, ...]
    has_strays: bool
