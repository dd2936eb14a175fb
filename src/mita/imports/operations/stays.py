"""Occupancies and ownerships from a file: new ones are added, a new end takes the place of the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.operations import Share, Stay
from mita.estates.queries import Of
from mita.estates.schemas.people import OccupancyIn, OwnershipIn
from mita.imports.domain import Fault, Outcome, RowState
from mita.imports.operations.cells import (
    attempt,
    people_of,
    person_of,
    read_cells,
    unit_of,
    units_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.domain import Kind, Row

_Key = tuple[int, int, "date"]


@dataclass(frozen=True, slots=True)
class _Known:
    """One that is there: ``worth`` is what the file cannot change."""

    number: int
    until_on: date | None
    worth: int


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row says."""

    unit_id: int
    shape: OccupancyIn | OwnershipIn
    worth: int

    @property
    def key(self) -> _Key:
        return (self.unit_id, self.shape.person_id, self.shape.from_on)


async def carry_occupancies(
    session: AsyncSession, *, kind: Kind, estate_id: int, rows: Sequence[Row], actor: str, now: datetime
) -> list[Outcome]:
    """Let people live in units; nothing is charged and no wallet opened to them, that is moving in."""
    known: dict[_Key, _Known] = {}
    said = await _read(session, OccupancyIn, rows, kind=kind, estate_id=estate_id)
    units = sorted({each.unit_id for each in said.values() if isinstance(each, _Said)})
    for row in await estate_queries.occupancies(session, estate_id=estate_id, of=Of(unit_ids=units)):
        key = (row.unit_id, row.person_id, row.from_on)
        known[key] = _Known(row.occupancy_id, row.until_on, int(row.is_main))
    by = _By(session, kind, estate_id, actor, now)
    return [await _carry(by, row, said[row.number], known=known) for row in rows]


async def carry_ownerships(
    session: AsyncSession, *, kind: Kind, estate_id: int, rows: Sequence[Row], actor: str, now: datetime
) -> list[Outcome]:
    """Let people own shares of units."""
    known: dict[_Key, _Known] = {}
    said = await _read(session, OwnershipIn, rows, kind=kind, estate_id=estate_id)
    units = sorted({each.unit_id for each in said.values() if isinstance(each, _Said)})
    for row in await estate_queries.ownerships(session, estate_id=estate_id, of=Of(unit_ids=units)):
        key = (row.unit_id, row.person_id, row.from_on)
        known[key] = _Known(row.ownership_id, row.until_on, row.share_micro)
    by = _By(session, kind, estate_id, actor, now)
    return [await _carry(by, row, said[row.number], known=known) for row in rows]


@dataclass(frozen=True, slots=True)
class _By:
    session: AsyncSession
    kind: Kind
    estate_id: int
    actor: str
    now: datetime


async def _read(
    session: AsyncSession,
    shape: type[OccupancyIn | OwnershipIn],
    rows: Sequence[Row],
    *,
    kind: Kind,
    estate_id: int,
) -> dict[int, _Said | Outcome]:
    units = await units_of(session, estate_id=estate_id, rows=rows)
    people = await people_of(session, estate_id=estate_id, said=[row.cells.get("person", "") for row in rows])
    return {row.number: _said(shape, row, kind=kind, units=units, people=people) for row in rows}


def _said(
    shape: type[OccupancyIn | OwnershipIn],
    row: Row,
    *,
    kind: Kind,
    units: Mapping[str, int],
    people: Mapping[str, list[tuple[int, str]]],
) -> _Said | Outcome:
    unit_id, of_unit = unit_of(row, units=units)
    person_id, of_person = person_of(row, people=people)
    more: dict[str, Any] = {"person_id": person_id}
    found, others = read_cells(shape, row=row, kind=kind, more=more, without=("unit", "person"), check=_worth)
    if found is None or of_unit or of_person:
        return Outcome.of_faults(row, (*of_unit, *of_person, *others))
    return _Said(unit_id, found, _worth(found))


def _worth(shape: OccupancyIn | OwnershipIn) -> int:
    return int(shape.is_main) if isinstance(shape, OccupancyIn) else shape.share_micro


async def _carry(by: _By, row: Row, said: _Said | Outcome, *, known: Mapping[_Key, _Known]) -> Outcome:
    if isinstance(said, Outcome):
        return said
    there = known.get(said.key)
    if there is None:
        return await attempt(by.session, row=row, kind=by.kind, work=lambda: _add(by, said))
    name = "is_main" if isinstance(said.shape, OccupancyIn) else "share"
    if name in row.cells and said.worth != there.worth:
        mend = "it is there with another one: end it and begin a new one"
        return Outcome.of_faults(row, (Fault(name, "differs", mend, row.cells[name]),))
    if said.shape.until_on in (None, there.until_on):
        return Outcome(row.number, RowState.UNCHANGED)
    return await attempt(by.session, row=row, kind=by.kind, work=lambda: _end(by, said, number=there.number))


async def _add(by: _By, said: _Said) -> RowState:
    shape = said.shape
    if isinstance(shape, OccupancyIn):
        stay = Stay(said.unit_id, shape.person_id, shape.days, is_main=shape.is_main)
        await estates.add_occupancy(by.session, estate_id=by.estate_id, stay=stay, actor=by.actor, now=by.now)
    else:
        share = Share(said.unit_id, shape.person_id, shape.days, shape.share_micro)
        await estates.add_ownership(
            by.session, estate_id=by.estate_id, share=share, actor=by.actor, now=by.now
        )
    return RowState.CREATED


async def _end(by: _By, said: _Said, *, number: int) -> RowState:
    row: Any
    if isinstance(said.shape, OccupancyIn):
        row = await estate_queries.occupancy(by.session, estate_id=by.estate_id, occupancy_id=number)
    else:
        row = await estate_queries.ownership(by.session, estate_id=by.estate_id, ownership_id=number)
    await estates.end_stay(by.session, row=row, until_on=said.shape.until_on, now=by.now)
    return RowState.UPDATED
