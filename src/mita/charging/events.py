"""What charging tells the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ReadingsCharged:
    """A batch or timed charges were booked; ``unit_ids`` are the units whose balance moved.

    ``spent_micro`` is what wallets with a spending limit paid, by wallet id; minus is given back.
    """

    name: ClassVar[str] = "charging.readings.charged"
    estate_id: int
    unit_ids: tuple[int, ...]
    spent_micro: dict[int, int]
