"""Writes of units."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from mita.estates import queries
from mita.estates.models import Unit
from mita.estates.operations.refusals import NameTaken, StillInUse, check_version
from mita.estates.queries import Of
from mita.identity.operations import record_change

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.estates.operations.estates import Change

_SHOWN = (
    "name",
    "kind",
    "door",
    "address",
    "floor_area_micro",
    "participation_micro",
    "notes",
    "is_out_of_use",
)


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit to create; the floor area in millionths of a square metre, the participation of the scheme."""

    name: str
    kind: str = "flat"
    door: str = ""
    address: str = ""
    floor_area_micro: int | None = None
    participation_micro: int | None = None
    notes: str = ""
    is_out_of_use: bool = False


async def create_units(
    session: AsyncSession, *, estate_id: int, names: Sequence[str], now: datetime
) -> list[int]:
    """Create units by name and return their ids in the order of ``names``.

    :raises NameTaken: if the estate has a unit of one of the names
    """
    return await add_units(session, estate_id=estate_id, units=[NewUnit(name) for name in names], now=now)


async def add_units(
    session: AsyncSession, *, estate_id: int, units: Sequence[NewUnit], now: datetime
) -> list[int]:
    """Create units, all of them or none, and return their ids in order.

    :raises NameTaken: if the estate has a unit of one of the names
    """
    if not units:
        return []
    rows = [{"estate_id": estate_id, "created_at": now, **asdict(unit)} for unit in units]
    statement = insert(Unit).returning(Unit.unit_id, sort_by_parameter_order=True)
    try:
        async with session.begin_nested():
            return list((await session.scalars(statement, rows)).all())
    except IntegrityError as error:
        raise NameTaken(f"estate {estate_id} already has a unit of one of these names") from error


async def update_unit(
    session: AsyncSession, *, estate_id: int, unit_id: int, change: Change, now: datetime
) -> Unit:
    """Change what a unit says of itself.

    :raises mita.kit.errors.NotFound: if the estate has no such unit
    :raises NameTaken: if the estate has a unit of the new name
    :raises ChangedMeanwhile: if somebody else was first
    """
    row = await queries.unit(session, estate_id=estate_id, unit_id=unit_id, lock=True)
    check_version(row.version, expected=change.expected_version)
    assert set(change.values) <= set(_SHOWN), "other columns are not for everybody"
    old = _facts(row)
    try:
        async with session.begin_nested():
            for column, value in change.values.items():
                setattr(row, column, value)
            if _facts(row) == old:
                return row
            row.version += 1
            await session.flush()
    except IntegrityError as error:
        raise NameTaken(f"estate {estate_id} already has a unit of that name") from error
    await _record(session, row, old=old, new=_facts(row), now=now)
    return row


async def archive_unit(session: AsyncSession, *, estate_id: int, unit_id: int, now: datetime) -> Unit:
    """Archive a unit that nobody lives in or owns; whoever calls has looked at its meters and its money.

    :raises mita.kit.errors.NotFound: if the estate has no such unit
    :raises StillInUse: if an occupancy or an ownership lasts or is to begin
    """
    row = await queries.unit(session, estate_id=estate_id, unit_id=unit_id, lock=True)
    day = await queries.local_day(session, estate_id=estate_id, now=now)
    of = Of(unit_ids=[unit_id])
    for what, rows in (
        ("occupancies", await queries.occupancies(session, estate_id=estate_id, of=of)),
        ("ownerships", await queries.ownerships(session, estate_id=estate_id, of=of)),
    ):
        if any(each.until_on is None or each.until_on > day for each in rows):
            raise StillInUse(f"{what} of unit {unit_id} last or are to begin", problems=[{"path": what}])
    row.archived_at = now
    row.version += 1
    await session.flush()
    await _record(session, row, old=_facts(row), new=None, now=now)
    return row


async def _record(
    session: AsyncSession, row: Unit, *, old: dict[str, Any], new: dict[str, Any] | None, now: datetime
) -> None:
    subject = f"unit:{row.unit_id}"
    await record_change(session, estate_id=row.estate_id, subject=subject, old=old, new=new, now=now)


def _facts(row: Unit) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SHOWN}
