"""What metering tells the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class MetersInstalled:
    """Units got meters; ``unit_utilities`` are the (unit, utility) pairs that can now be charged."""

    name: ClassVar[str] = "metering.meters.installed"
    estate_id: int
    unit_utilities: tuple[tuple[int, str], ...]
