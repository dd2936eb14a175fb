"""Reads of units: one, some by filter and order, how many in which state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Date,
    and_,
    case,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    values,
)

from mita.estates.domain import OccupancyState
from mita.estates.models import Occupancy, Unit
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class UnitFilter:
    """Which units to list, in which order; None filters nothing.

    ``text`` is a part of the name, door or address. ``order`` is ``id``, ``name``, ``-name``, ``floor_area``
    or ``-floor_area``; ``after`` is the place of the page before's last one: its value in that order, its id.
    """

    day: date
    state: str | None = None
    kind: str | None = None
    text: str | None = None
    unit_ids: Sequence[int] | None = None
    order: str = "id"
    after: tuple[str | int | None, int] | None = None


async def units(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_ids: Sequence[int] | None = None,
    after_id: int = 0,
    limit: int = 1000,
) -> Sequence[Unit]:
    """Return an estate's units by id, ``limit`` at most after ``after_id``; ``unit_ids`` of None is any."""
    statement = _units(estate_id).where(Unit.unit_id > after_id)
    if unit_ids is not None:
        statement = statement.where(Unit.unit_id.in_(list(unit_ids)))
    return (await session.scalars(statement.order_by(Unit.unit_id).limit(limit))).all()


async def unit_names(
    session: AsyncSession, *, estate_id: int, after_id: int, limit: int
) -> list[tuple[int, str]]:
    """Return units that are not archived with their names, by id, ``limit`` at most after ``after_id``."""
    statement = _units(estate_id).with_only_columns(Unit.unit_id, Unit.name).where(Unit.unit_id > after_id)
    rows = await session.execute(statement.order_by(Unit.unit_id).limit(limit))
    return [(row[0], row[1]) for row in rows]


def _units(estate_id: int) -> Any:
    return select(Unit).where(Unit.estate_id == estate_id, Unit.archived_at.is_(None))


def _main_of_unit() -> ColumnElement[bool]:
    return and_(
        Occupancy.estate_id == Unit.estate_id,
        Occupancy.unit_id == Unit.unit_id,
        Occupancy.is_main,
        Occupancy.voided_at.is_(None),
        or_(Occupancy.until_on.is_(None), Occupancy.until_on > Occupancy.from_on),
    )


def _state(day: date | ColumnElement[date]) -> ColumnElement[str]:
    """Return the state of a unit as SQL has it; :func:`mita.estates.domain.occupancy_state` says the same."""
    lived_in = exists().where(
        _main_of_unit(),
        Occupancy.from_on <= day,
        or_(Occupancy.until_on.is_(None), Occupancy.until_on > day),
    )
    awaited = exists().where(_main_of_unit(), Occupancy.from_on > day)
    return case(
        (lived_in, literal(OccupancyState.OCCUPIED.value)),
        (Unit.is_out_of_use, literal(OccupancyState.OUT_OF_USE.value)),
        (awaited, literal(OccupancyState.RESERVED.value)),
        else_=literal(OccupancyState.VACANT.value),
    )


async def listed_units(
    session: AsyncSession, *, estate_id: int, asked: UnitFilter, limit: int
) -> list[tuple[Unit, str]]:
    """Return units with their states on the filter's day, in the filter's order, ``limit`` at most."""
    state = _state(asked.day)
    statement = select(Unit, state).where(Unit.estate_id == estate_id, Unit.archived_at.is_(None))
    if asked.state is not None:
        statement = statement.where(state == asked.state)
    if asked.kind is not None:
        statement = statement.where(Unit.kind == asked.kind)
    if asked.text is not None:
        said = func.lower(Unit.name + " " + Unit.door + " " + Unit.address)
        statement = statement.where(said.contains(asked.text.lower(), autoescape=True))
    if asked.unit_ids is not None:
        statement = statement.where(Unit.unit_id.in_(list(asked.unit_ids)))
    column: Any = {
        "name": Unit.name.collate("C"),
        "floor_area": func.coalesce(Unit.floor_area_micro, 0),
    }.get(asked.order.removeprefix("-"))
    is_down = asked.order.startswith("-")
    keys = [Unit.unit_id] if column is None else [column, Unit.unit_id]
    if asked.after is not None:
        values = [asked.after[1]] if column is None else list(asked.after)
        place, mark = tuple_(*keys), tuple_(*(literal(value) for value in values))
        statement = statement.where(place < mark if is_down else place > mark)
    ordered = statement.order_by(*(key.desc() if is_down else key for key in keys)).limit(limit)
    return [(row[0], row[1]) for row in await session.execute(ordered)]


async def states(
    session: AsyncSession, *, estate_id: int, day: date, unit_ids: Sequence[int] | None = None
) -> dict[int, str]:
    """Return the state of each unit on a local day, by unit id."""
    statement = select(Unit.unit_id, _state(day)).where(
        Unit.estate_id == estate_id, Unit.archived_at.is_(None)
    )
    if unit_ids is not None:
        statement = statement.where(Unit.unit_id.in_(list(unit_ids)))
    return {row[0]: row[1] for row in await session.execute(statement)}


async def state_counts(session: AsyncSession, *, days: Mapping[int, date]) -> dict[int, dict[str, int]]:
    """Return how many units are in each state, by estate id; a state without units is there with zero.

    ``days`` is the local day of each estate, by its id.
    """
    if not days:
        return {}
    asked = values(column("estate_id", BigInteger), column("day", Date), name="asked").data(
        list(days.items())
    )
    inner = (
        select(Unit.estate_id, _state(asked.c.day).label("state"))
        .join(asked, asked.c.estate_id == Unit.estate_id)
        .where(Unit.archived_at.is_(None))
        .subquery()
    )
    counted = select(inner.c.estate_id, inner.c.state, func.count()).group_by(
        inner.c.estate_id, inner.c.state
    )
    found = {estate_id: dict.fromkeys((each.value for each in OccupancyState), 0) for estate_id in days}
    for estate_id, state, count in await session.execute(counted):
        found[estate_id][state] = count
    return found


async def participation(session: AsyncSession, *, estate_id: int) -> int:
    """Return the sum of the units' parts in the scheme, in millionths of the whole."""
    statement = select(func.sum(Unit.participation_micro)).where(
        Unit.estate_id == estate_id, Unit.archived_at.is_(None)
    )
    return int(await session.scalar(statement) or 0)


async def unit_count(session: AsyncSession, *, estate_id: int) -> int:
    """Return how many units an estate has."""
    statement = (
        select(func.count()).select_from(Unit).where(Unit.estate_id == estate_id, Unit.archived_at.is_(None))
    )
    return int(await session.scalar(statement) or 0)


async def unit(session: AsyncSession, *, estate_id: int, unit_id: int, lock: bool = False) -> Unit:
    """Return one unit that is not archived; ``lock`` holds its row: who changes who lives there waits.

    :raises NotFound: if the estate has no such unit
    """
    found = await session.get(
        Unit,
        (estate_id, unit_id),
        with_for_update={"key_share": True} if lock else None,
        populate_existing=lock,
    )
    if found is None or found.archived_at is not None:
        raise NotFound(f"unit {unit_id} does not exist in estate {estate_id}")
    return found


async def units_named(session: AsyncSession, *, estate_id: int, names: Sequence[str]) -> dict[str, Unit]:
    """Return the units that have these names, by name; unknown names are left out."""
    statement = _units(estate_id).where(Unit.name.in_(list(names)))
    rows = await session.scalars(statement.execution_options(populate_existing=True))
    return {row.name: row for row in rows}
