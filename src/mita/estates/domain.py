"""Kinds of estates and units, spans of days, and what follows from them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

EstateKind = Literal["sectional_title", "building", "energy_community", "shared_household"]
UnitKind = Literal["flat", "house", "shop", "office", "parking", "storage", "common", "other"]
StateWord = Literal["occupied", "reserved", "vacant", "out_of_use"]
WHOLE_MICRO = 1_000_000


class OccupancyState(StrEnum):
    """Whether somebody lives in a unit; it follows from its occupancies and is nowhere stored."""

    OCCUPIED = "occupied"
    RESERVED = "reserved"
    VACANT = "vacant"
    OUT_OF_USE = "out_of_use"


@dataclass(frozen=True, slots=True)
class Days:
    """Local days from one until before another; None has no end."""

    from_on: date
    until_on: date | None = None

    def holds(self, day: date) -> bool:
        """Tell whether a day lies inside."""
        return self.from_on <= day and (self.until_on is None or day < self.until_on)

    def meets(self, other: Days) -> bool:
        """Tell whether both have a day in common; a span without days meets nothing."""
        if self.is_empty or other.is_empty:
            return False
        return (other.until_on is None or self.from_on < other.until_on) and (
            self.until_on is None or other.from_on < self.until_on
        )

    @property
    def is_empty(self) -> bool:
        """Whether it has no day at all."""
        return self.until_on is not None and self.until_on <= self.from_on


def occupancy_state(main: Iterable[Days], *, day: date, is_out_of_use: bool) -> OccupancyState:
    """Return a unit's state on a local day, by the days of its main occupants."""
    spans = [each for each in main if not each.is_empty]
    if any(each.holds(day) for each in spans):
        return OccupancyState.OCCUPIED
    if is_out_of_use:
        return OccupancyState.OUT_OF_USE
    if any(each.from_on > day for each in spans):
        return OccupancyState.RESERVED
    return OccupancyState.VACANT


def is_oversold(shares: Iterable[tuple[Days, int]], *, new: Days, share_micro: int) -> bool:
    """Tell whether a new share would make more than the whole on some day; shares in millionths."""
    known = [(days, share) for days, share in shares if days.meets(new)]
    # a sum only grows on the first day of a share
    begins = {max(new.from_on, days.from_on) for days, _ in known} | {new.from_on}
    return any(
        share_micro + sum(share for days, share in known if days.holds(day)) > WHOLE_MICRO for day in begins
    )


@dataclass(frozen=True, slots=True)
class Names:
    """How units and persons are called, by number; who may not be seen is left out."""

    units: Mapping[int, str]
    persons: Mapping[int, str]


NO_NAMES = Names(units={}, persons={})
