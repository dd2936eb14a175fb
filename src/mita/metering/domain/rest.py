"""How registers moved over a long time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .readings import BASE_UNIT

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rest:
    """How a register of a meter that speaks by itself moved over a time.

    ``value_micro`` is its newest reading's, in millionths of ``unit``, and None where there is none, as are
    ``taken_at`` and ``class_``. ``has_risen`` tells whether it ever did. ``since`` is the first reading that
    shows this value, if one from before the time did, else None. ``reports`` are readings within the time,
    counted up to a few.
    """

    register_id: int
    register: str
    meter_id: int
    unit_id: int
    utility: str
    taken_at: datetime | None
    value_micro: int | None
    class_: int | None
    has_risen: bool
    since: datetime | None
    reports: int

    @property
    def unit(self) -> str:
        """The base unit that it counts in."""
        return BASE_UNIT[self.utility]
