"""Pages of lists in which a unit has several rows: it is never torn in two."""

from __future__ import annotations

from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class OfUnit(Protocol):
    """A row of a unit."""

    @property
    def unit_id(self) -> int:
        """The unit whose row it is."""


R = TypeVar("R", bound=OfUnit)


def whole_units(rows: Iterable[R], *, limit: int) -> tuple[list[R], int | None]:
    """Return the rows of the first ``limit`` units, and the last unit if more follow; rows stand by unit."""
    units = groupby(rows, key=attrgetter("unit_id"))
    kept = [row for _, of_unit in islice(units, limit) for row in of_unit]
    return kept, kept[-1].unit_id if kept and next(units, None) is not None else None
