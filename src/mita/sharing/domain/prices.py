"""The prices of a community by local date, and what shared energy saves of the grid's. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mita.tariffs.domain import SUPPLY, Segment, in_force

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    import numpy.typing as npt

    from mita.tariffs.domain import RateTable

    from .energy import Grid

    Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """The rate tables of a group from a local date on, and the roles whose charges shared energy saves.

    ``rate_table_id`` prices what is allocated, ``surplus_rate_table_id`` a member's own surplus,
    ``incentive_rate_table_id`` the shared energy of a group that gives nothing to its members.
    """

    from_on: date
    rate_table_id: int | None = None
    surplus_rate_table_id: int | None = None
    incentive_rate_table_id: int | None = None
    roles: tuple[str, ...] = (SUPPLY,)

    @property
    def table_ids(self) -> list[int]:
        """The rate tables that are named."""
        named = (self.rate_table_id, self.surplus_rate_table_id, self.incentive_rate_table_id)
        return [each for each in named if each is not None]


def prices_by_date(written: Iterable[PriceTerms]) -> list[PriceTerms]:
    """Return the terms that hold, in ascending order of date: of one date the last one written."""
    newest = {each.from_on: each for each in written}
    return [newest[day] for day in sorted(newest)]


def versions_of(
    listed: Iterable[tuple[date, int | None]], *, tables: Mapping[int, RateTable]
) -> tuple[RateTable, ...]:
    """Return tables from dates on as versions of one another; None is no table from there on."""
    found: list[Segment] = []
    for day, table_id in listed:
        if table_id != (found[-1].rate_table_id if found else None):
            found.append(Segment(day, table_id))
    return in_force(found, tables=tables)


def saved_in(terms: Sequence[PriceTerms], *, role: str, grid: Grid) -> Marks:
    """Say of each interval of a grid whether shared energy saves the charges of a role in it."""
    return _marks(grid, [(each.from_on, role in each.roles) for each in terms])


def charged_in(versions: Sequence[RateTable], *, grid: Grid) -> Marks:
    """Say of each interval of a grid whether a table with charges is in force in it."""
    return _marks(grid, [(each.effective_from, bool(each.charges)) for each in versions])


def _marks(grid: Grid, listed: Sequence[tuple[date, bool]]) -> Marks:
    found = np.zeros(len(grid), dtype=np.bool_)
    begins = [grid.before(day) for day, _ in listed]
    for (begin, end), (_, is_on) in zip(pairwise([*begins, len(grid)]), listed, strict=True):
        found[begin:end] = is_on
    return found
