"""Rows of a kind are carried into the estate, in the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mita.imports.domain import KINDS, Fault, Outcome, rows_of
from mita.imports.operations.meters import carry_meters
from mita.imports.operations.people import carry_people
from mita.imports.operations.stays import carry_occupancies, carry_ownerships
from mita.imports.operations.top_ups import carry_top_ups
from mita.imports.operations.units import carry_units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.domain import Kind, Row
    from mita.imports.models import ImportFile, ImportRow


class Carrier(Protocol):
    """Carries some rows of one kind; one outcome per row, in any order."""

    async def __call__(
        self,
        session: AsyncSession,
        *,
        kind: Kind,
        estate_id: int,
        rows: Sequence[Row],
        actor: str,
        now: datetime,
    ) -> list[Outcome]:
        """Carry them; what a row is refused with is its outcome."""


CARRIERS: Mapping[str, Carrier] = {
    "units": carry_units,
    "people": carry_people,
    "meters": carry_meters,
    "occupancies": carry_occupancies,
    "ownerships": carry_ownerships,
    "top_ups": carry_top_ups,
}


async def carry_rows(
    session: AsyncSession, *, file: ImportFile, rows: Sequence[ImportRow], now: datetime
) -> list[Outcome]:
    """Carry rows of an import by the operations of single things; return what became of each, in order."""
    kind = KINDS[file.kind]
    estate_id, columns, actor = file.estate_id, list(file.columns), file.actor
    plain = rows_of(columns, [(row.row_number, row.cells) for row in rows])
    wide = {row.row_number for row in rows if len(row.cells) > len(columns)}
    outcomes = [_too_wide(row) for row in plain if row.number in wide]
    narrow = [row for row in plain if row.number not in wide]
    outcomes += await CARRIERS[file.kind](
        session, kind=kind, estate_id=estate_id, rows=narrow, actor=actor, now=now
    )
    assert len(outcomes) == len(rows), "every row has one outcome"
    # what one portion has read is stale for the next
    await session.flush()
    session.expunge_all()
    places = {name: place for place, name in enumerate(kind.by_name)}
    return [
        Outcome(each.number, each.state, tuple(sorted(each.faults, key=lambda f: places.get(f.column, -1))))
        for each in sorted(outcomes, key=lambda each: each.number)
    ]


def _too_wide(row: Row) -> Outcome:
    mend = "more cells than columns: put quotes around a cell with a separator in it"
    return Outcome.of_faults(row, (Fault("", "too_many_cells", mend),))
