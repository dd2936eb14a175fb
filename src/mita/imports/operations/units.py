"""Units from a file: new ones are created, those of the same name changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.schemas.units import UnitIn
from mita.imports.domain import Outcome, RowState
from mita.imports.operations.cells import attempt, read_cells
from mita.kit.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.domain import Kind, Row

_Values = dict[str, Any]


async def carry_units(
    session: AsyncSession, *, kind: Kind, estate_id: int, rows: Sequence[Row], actor: str, now: datetime
) -> list[Outcome]:
    """Create units, all that are new at once, and change those that say something else."""
    del actor
    names = [row.cells["name"] for row in rows if "name" in row.cells]
    known = {
        name: (unit.unit_id, {column: getattr(unit, column) for column in _COLUMNS})
        for name, unit in (
            await estate_queries.units_named(session, estate_id=estate_id, names=names)
        ).items()
    }
    outcomes: list[Outcome] = []
    new: list[tuple[Row, _Values]] = []
    for row in rows:
        values = _values(row, kind=kind)
        if isinstance(values, Outcome):
            outcomes.append(values)
        elif values["name"] in known:
            unit_id, facts = known[values["name"]]
            if facts | values == facts:
                outcomes.append(Outcome(row.number, RowState.UNCHANGED))
                continue
            done = await _update(session, row, kind=kind, place=(estate_id, unit_id), values=values, now=now)
            outcomes.append(done)
        else:
            new.append((row, values))
    return outcomes + await _create(session, kind=kind, estate_id=estate_id, new=new, now=now)


_COLUMNS = (
    "name",
    "kind",
    "door",
    "address",
    "floor_area_micro",
    "participation_micro",
    "notes",
    "is_out_of_use",
)


def _values(row: Row, *, kind: Kind) -> _Values | Outcome:
    shape, faults = read_cells(
        UnitIn, row=row, kind=kind, more={}, check=lambda unit: unit.columns(at="body")
    )
    return Outcome.of_faults(row, tuple(faults)) if shape is None else shape.columns(at="body")


async def _update(
    session: AsyncSession,
    row: Row,
    *,
    kind: Kind,
    place: tuple[int, int],
    values: Mapping[str, Any],
    now: datetime,
) -> Outcome:
    async def work() -> RowState:
        change = estates.Change(values)
        await estates.update_unit(session, estate_id=place[0], unit_id=place[1], change=change, now=now)
        return RowState.UPDATED

    return await attempt(session, row=row, kind=kind, work=work)


async def _create(
    session: AsyncSession,
    *,
    kind: Kind,
    estate_id: int,
    new: Sequence[tuple[Row, _Values]],
    now: datetime,
) -> list[Outcome]:
    units = [estates.NewUnit(**values) for _, values in new]
    try:
        async with session.begin_nested():
            await estates.add_units(session, estate_id=estate_id, units=units, now=now)
        return [Outcome(row.number, RowState.CREATED) for row, _ in new]
    except Refusal:
        # one of them was: each alone
        outcomes = []
        for (row, _), unit in zip(new, units, strict=True):

            async def work(unit: estates.NewUnit = unit) -> RowState:
                await estates.add_units(session, estate_id=estate_id, units=[unit], now=now)
                return RowState.CREATED

            outcomes.append(await attempt(session, row=row, kind=kind, work=work))
        return outcomes
