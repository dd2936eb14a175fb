"""What metering tells the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class MetersInstalled:
    """Units got meters; ``unit_utilities`` are the (unit, utility) pairs that can now be charged."""

    name: ClassVar[str] = "metering.meters.installed"
    estate_id: int
    unit_utilities: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class ReadingMonthsChecked:
    """Somebody looked for partitions of readings: the coming ``months`` without one, rows gone astray."""

    name: ClassVar[str] = "metering.months.checked"
    months: tuple[date, ...]
    has_strays: bool
