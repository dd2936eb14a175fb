"""Reads of whom an estate knows, who lives where, and who owns what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import and_, func, or_, select, text

from mita.estates.domain import Names
from mita.estates.models import EstatePerson, Occupancy, Ownership, Unit
from mita.identity import queries as identity_queries
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import InstrumentedAttribute

    from mita.estates.domain import Days


_Stay = TypeVar("_Stay", Occupancy, Ownership)


async def is_known(session: AsyncSession, *, estate_id: int, person_id: int) -> bool:
    """Tell whether an estate knows a person."""
    return await session.get(EstatePerson, (estate_id, person_id)) is not None


async def is_known_to_any(session: AsyncSession, *, estate_ids: Collection[int], person_id: int) -> bool:
    """Tell whether one of some estates, which the session sees, knows a person."""
    statement = select(EstatePerson.person_id).where(
        EstatePerson.estate_id.in_(sorted(estate_ids)), EstatePerson.person_id == person_id
    )
    return await session.scalar(statement.limit(1)) is not None


async def is_known_elsewhere(session: AsyncSession, *, estate_id: int, person_id: int) -> bool:
    """Tell whether a person is also another estate's, an organisation's or the platform's."""
    return bool(await session.scalar(select(func.is_known_elsewhere(person_id, estate_id))))


_KNOWN = """
    SELECT k.person_id FROM estate_person AS k JOIN person AS p USING (person_id)
    WHERE k.estate_id = :estate_id
        AND (:said = '' OR position(lower(:said) IN
            lower(p.name || ' ' || coalesce(p.email, '') || ' ' || coalesce(p.phone, ''))) > 0)
"""
_KNOWN_BY_ID = _KNOWN + " AND k.person_id > :after_id ORDER BY k.person_id LIMIT :limit"
_AFTER_NAME = """
        AND (:after_id = 0 OR (lower(p.name), k.person_id)
            > (SELECT lower(name), person_id FROM person WHERE person_id = :after_id))
    ORDER BY lower(p.name), k.person_id LIMIT :limit
"""
_KNOWN_BY_NAME = _KNOWN + _AFTER_NAME


async def known_person_ids(
    session: AsyncSession,
    *,
    estate_id: int,
    said: str = "",
    by_name: bool = False,
    after_id: int = 0,
    limit: int = 100,
) -> list[int]:
    """Return whom an estate knows, by id or by name, from after one of them on.

    ``said`` is a part of the name, email address or phone number.
    """
    values = {"estate_id": estate_id, "said": said, "after_id": after_id, "limit": limit}
    return list((await session.scalars(text(_KNOWN_BY_NAME if by_name else _KNOWN_BY_ID), values)).all())


@dataclass(frozen=True, slots=True)
class Of:
    """Whose occupancies or ownerships to read: of units, of a person, of both; None is any."""

    unit_ids: Sequence[int] | None = None
    person_id: int | None = None


ANYBODY = Of()


async def occupancies(
    session: AsyncSession, *, estate_id: int, of: Of = ANYBODY, after_id: int = 0, limit: int = 10_000
) -> Sequence[Occupancy]:
    """Return occupancies that were not voided, by unit, the newest first, from after one of them on."""
    return await _stays(session, Occupancy, estate_id=estate_id, of=of, after_id=after_id, limit=limit)


async def ownerships(
    session: AsyncSession, *, estate_id: int, of: Of = ANYBODY, after_id: int = 0, limit: int = 10_000
) -> Sequence[Ownership]:
    """Return ownerships that were not voided, by unit, the newest first, from after one of them on."""
    return await _stays(session, Ownership, estate_id=estate_id, of=of, after_id=after_id, limit=limit)


async def _stays(
    session: AsyncSession, kind: type[_Stay], *, estate_id: int, of: Of, after_id: int, limit: int
) -> Sequence[_Stay]:
    number: InstrumentedAttribute[int] = (
        kind.occupancy_id if issubclass(kind, Occupancy) else kind.ownership_id
    )
    statement = select(kind).where(kind.estate_id == estate_id, kind.voided_at.is_(None))
    if of.unit_ids is not None:
        statement = statement.where(kind.unit_id.in_(list(of.unit_ids)))
    if of.person_id is not None:
        statement = statement.where(kind.person_id == of.person_id)
    if after_id:
        last = await session.get(kind, (estate_id, after_id))
        if last is None:
            return []
        older = or_(kind.from_on < last.from_on, and_(kind.from_on == last.from_on, number < after_id))
        statement = statement.where(
            or_(kind.unit_id > last.unit_id, and_(kind.unit_id == last.unit_id, older))
        )
    statement = statement.order_by(kind.unit_id, kind.from_on.desc(), number.desc()).limit(limit)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def names_of(
    session: AsyncSession, *, estate_id: int, unit_ids: Collection[int], person_ids: Collection[int]
) -> Names:
    """Return how units and persons are called; persons only where staff asks: own sessions read no names."""
    units = await session.execute(
        select(Unit.unit_id, Unit.name).where(
            Unit.estate_id == estate_id, Unit.unit_id.in_(sorted(set(unit_ids)))
        )
    )
    wanted = sorted(set(person_ids))
    persons = await identity_queries.persons(session, person_ids=wanted, limit=len(wanted)) if wanted else []
    return Names(
        units={row[0]: row[1] for row in units}, persons={each.person_id: each.name for each in persons}
    )


async def main_occupants(
    session: AsyncSession, *, estate_id: int, unit_ids: Collection[int], day: date
) -> dict[int, int]:
    """Return who mainly lives in each of some units on a local day; vacant ones are left out."""
    rows = await session.execute(
        select(Occupancy.unit_id, Occupancy.person_id).where(
            Occupancy.estate_id == estate_id,
            Occupancy.unit_id.in_(list(unit_ids)),
            Occupancy.is_main,
            Occupancy.voided_at.is_(None),
            Occupancy.from_on <= day,
            or_(Occupancy.until_on.is_(None), Occupancy.until_on > day),
        )
    )
    return {row[0]: row[1] for row in rows}


async def occupancy(session: AsyncSession, *, estate_id: int, occupancy_id: int) -> Occupancy:
    """Return one occupancy that was not voided.

    :raises NotFound: if the estate has no such occupancy
    """
    found = await session.get(Occupancy, (estate_id, occupancy_id), populate_existing=True)
    if found is None or found.voided_at is not None:
        raise NotFound(f"occupancy {occupancy_id} does not exist in estate {estate_id}")
    return found


async def ownership(session: AsyncSession, *, estate_id: int, ownership_id: int) -> Ownership:
    """Return one ownership that was not voided.

    :raises NotFound: if the estate has no such ownership
    """
    found = await session.get(Ownership, (estate_id, ownership_id), populate_existing=True)
    if found is None or found.voided_at is not None:
        raise NotFound(f"ownership {ownership_id} does not exist in estate {estate_id}")
    return found


async def main_occupant(
    session: AsyncSession, *, estate_id: int, unit_id: int, day: date
) -> Occupancy | None:
    """Return the main occupancy of a unit on a local day, None of a vacant one."""
    statement = select(Occupancy).where(
        Occupancy.estate_id == estate_id,
        Occupancy.unit_id == unit_id,
        Occupancy.is_main,
        Occupancy.voided_at.is_(None),
        Occupancy.from_on <= day,
        or_(Occupancy.until_on.is_(None), Occupancy.until_on > day),
    )
    return await session.scalar(statement.execution_options(populate_existing=True))


async def live_occupancy_count(session: AsyncSession, *, estate_id: int, day: date) -> int:
    """Return how many occupancies last on a local day, or begin after it."""
    statement = select(func.count()).where(
        Occupancy.estate_id == estate_id,
        Occupancy.voided_at.is_(None),
        or_(Occupancy.until_on.is_(None), Occupancy.until_on > day),
    )
    return int(await session.scalar(statement) or 0)


async def units_on_the_move(session: AsyncSession, *, estate_id: int, days: Days) -> list[int]:
    """Return the units in which an occupancy or ownership begins or ends on one of some days."""
    statement = text(
        "SELECT DISTINCT unit_id FROM ("
        "SELECT unit_id, from_on, until_on FROM occupancy WHERE estate_id = :estate_id"
        " UNION ALL SELECT unit_id, from_on, until_on FROM ownership WHERE estate_id = :estate_id) AS stays"
        " WHERE from_on BETWEEN :first AND :last OR until_on BETWEEN :first AND :last ORDER BY unit_id"
    )
    values = {"estate_id": estate_id, "first": days.from_on, "last": days.until_on}
    return list((await session.scalars(statement, values)).all())


async def vacant_since(session: AsyncSession, *, estate_id: int, day: date) -> dict[int, date | None]:
    """Return since which local day each vacant unit is vacant, by unit id; None: nobody ever lived there."""
    statement = text(
        "SELECT u.unit_id, max(o.until_on) FROM unit AS u"
        " LEFT JOIN occupancy AS o ON o.estate_id = u.estate_id AND o.unit_id = u.unit_id"
        " AND o.is_main AND o.voided_at IS NULL"
        " WHERE u.estate_id = :estate_id AND u.archived_at IS NULL AND NOT u.is_out_of_use"
        " GROUP BY u.unit_id HAVING NOT coalesce(bool_or(o.from_on <= :day"
        " AND (o.until_on IS NULL OR o.until_on > :day)), false) ORDER BY u.unit_id"
    )
    rows = await session.execute(statement, {"estate_id": estate_id, "day": day})
    return {row[0]: row[1] for row in rows}


_REACHED = """
    SELECT p.person_id, p.name, lower(p.email) AS email,
        regexp_replace(coalesce(p.phone, ''), '\\D', '', 'g') AS digits
    FROM person AS p
    WHERE p.person_id IN (SELECT person_id FROM estate_person WHERE estate_id = :estate_id)
        AND (lower(p.email) = ANY (:emails)
            OR regexp_replace(coalesce(p.phone, ''), '\\D', '', 'g') = ANY (:digits))
    ORDER BY p.person_id
"""


async def people_reached(
    session: AsyncSession, *, estate_id: int, emails: Sequence[str], digits: Sequence[str]
) -> dict[str, list[tuple[int, str]]]:
    """Return people (id, name) whom an estate knows, by email address and by the digits of the phone.

    Addresses are in small letters. Several people may share a telephone.
    """
    asked = {"estate_id": estate_id, "emails": list(emails), "digits": list(digits)}
    found: dict[str, list[tuple[int, str]]] = {}
    for row in await session.execute(text(_REACHED), asked):
        for key in {row.email, row.digits} - {None, ""}:
            found.setdefault(key, []).append((row.person_id, row.name))
    return found
