"""Writes of occupancies and ownerships, and of the roles in a unit that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.estates import queries
from mita.estates.domain import Days, is_oversold
from mita.estates.events import ResidentCame
from mita.estates.models import EstatePerson, Occupancy, Ownership
from mita.estates.operations.refusals import check_version
from mita.estates.queries import Of
from mita.identity import operations as identity
from mita.identity import queries as identity_queries
from mita.identity.domain import Permission, Role, RolePlace
from mita.kit.db import see_estates
from mita.kit.errors import Conflict, Invalid, NotFound
from mita.kit.events import publish

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller

# who gave a role that follows from an occupancy or an ownership, and may take it back
GIVER = "system:estates"
# an hourly job sees each day many times; this is for one that was down
_LOOK_BACK = timedelta(days=14)


class UnitOccupied(Conflict):
    """Somebody else lives there on some of these days as the main occupant."""

    code = "unit_occupied"
    title = "The unit is occupied on some of these days"


class SharesExceeded(Conflict):
    """The shares of a unit's owners would be more than the whole on some day."""

    code = "shares_exceeded"
    title = "The owners' shares are more than the whole"


class PersonElsewhere(Conflict):
    """The person is known elsewhere too: their name is not one estate's to change."""

    code = "person_elsewhere"
    title = "The person belongs to others as well"


@dataclass(frozen=True, slots=True)
class Stay:
    """Who is to live in a unit, on which local days, and whether as its main occupant.

    ``from_at`` says when on the first day, or after it, a handover let them in; else the day itself does.
    """

    unit_id: int
    person_id: int
    days: Days
    is_main: bool = True
    from_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Who is to own how much of a unit in millionths, on which local days."""

    unit_id: int
    person_id: int
    days: Days
    share_micro: int


async def know_person(session: AsyncSession, *, estate_id: int, person_id: int, now: datetime) -> None:
    """Let an estate know a person who has nothing in it yet; one that is known stays so.

    :raises NotFound: if there is no such person
    """
    await identity_queries.person(session, person_id=person_id)
    row = {"estate_id": estate_id, "person_id": person_id, "linked_at": now}
    await session.execute(pg_insert(EstatePerson).values(row).on_conflict_do_nothing())


async def require_known_person(
    session: AsyncSession, *, estate_id: int, person_id: int, caller: Caller
) -> None:
    """Let a caller name a person by id whom the estate knows, or another one whose people they may read.

    Without it any number would make somebody known, and tell their name and addresses.

    :raises NotFound: if neither knows the person
    """
    if caller.may(Permission.PEOPLE_READ, estate_id=None):
        return
    others = caller.estate_ids() or frozenset()
    seen = {estate_id, *(each for each in others if caller.may(Permission.PEOPLE_READ, estate_id=each))}
    await see_estates(session, estates=seen)
    is_known = await queries.is_known_to_any(session, estate_ids=seen, person_id=person_id)
    await see_estates(session, estates=[estate_id])
    if not is_known:
        raise NotFound(f"person {person_id} does not exist")


async def add_person(
    session: AsyncSession, *, estate_id: int, name: str, email: str | None, phone: str | None, now: datetime
) -> tuple[int, bool]:
    """Let an estate know a person; return their id, and whether they are new to the platform.

    Whoever has the email address already is that person, under the name that they have.
    """
    known = None
    if email is not None:
        by_email = text("SELECT person_id FROM person WHERE lower(email) = lower(:email)")
        known = await session.scalar(by_email, {"email": email})
    if known is None:
        row = await identity.create_person(session, name=name, email=email, phone=phone, now=now)
    person_id = int(known or row.person_id)
    await know_person(session, estate_id=estate_id, person_id=person_id, now=now)
    return person_id, known is None


async def rename_person(
    session: AsyncSession, *, estate_id: int, person_id: int, name: str, now: datetime
) -> None:
    """Change the name of a person whom nobody else knows.

    :raises NotFound: if the estate does not know the person
    :raises PersonElsewhere: if another estate, an organisation or the platform knows them too
    """
    if not await queries.is_known(session, estate_id=estate_id, person_id=person_id):
        raise NotFound(f"person {person_id} does not exist in estate {estate_id}")
    if await queries.is_known_elsewhere(session, estate_id=estate_id, person_id=person_id):
        raise PersonElsewhere("they are known elsewhere too, and change their name themselves")
    row = await identity_queries.person(session, person_id=person_id)
    old = {"name": row.name}
    row.name = name
    await session.flush()
    await identity.record_change(
        session, estate_id=estate_id, subject=f"person:{person_id}", old=old, new={"name": name}, now=now
    )


async def add_occupancy(
    session: AsyncSession, *, estate_id: int, stay: Stay, actor: str, now: datetime
) -> Occupancy:
    """Let a person live in a unit; from the first day to the last they are its resident.

    :raises NotFound: if the unit or the person does not exist
    :raises Invalid: if it ends before it begins
    :raises UnitOccupied: if another main occupant has a day of it
    """
    _check_days(stay.days)
    # whoever else changes who lives there waits here
    await queries.unit(session, estate_id=estate_id, unit_id=stay.unit_id, lock=True)
    await identity_queries.person(session, person_id=stay.person_id)
    others = await queries.occupancies(session, estate_id=estate_id, of=Of(unit_ids=[stay.unit_id]))
    for other in others:
        is_rival = stay.is_main and other.is_main
        if (is_rival or other.person_id == stay.person_id) and _days(other).meets(stay.days):
            raise UnitOccupied(f"occupancy {other.occupancy_id} has some of these days")
    row = Occupancy(
        estate_id=estate_id,
        unit_id=stay.unit_id,
        person_id=stay.person_id,
        is_main=stay.is_main,
        from_on=stay.days.from_on,
        until_on=stay.days.until_on,
        created_by=actor,
        created_at=now,
        from_at=stay.from_at,
    )
    session.add(row)
    await session.flush()
    await _record(session, row, old=None, new=_facts(row), now=now)
    await settle_roles(session, estate_id=estate_id, unit_id=stay.unit_id, now=now)
    return row


async def add_ownership(
    session: AsyncSession, *, estate_id: int, share: Share, actor: str, now: datetime
) -> Ownership:
    """Let a person own a share of a unit; from the first day to the last they are its owner.

    :raises NotFound: if the unit or the person does not exist
    :raises Invalid: if it ends before it begins, or the share is not 1 to 1,000,000 millionths
    :raises SharesExceeded: if the owners' shares would be more than the whole on some day
    """
    _check_days(share.days)
    await queries.unit(session, estate_id=estate_id, unit_id=share.unit_id, lock=True)
    await identity_queries.person(session, person_id=share.person_id)
    others = await queries.ownerships(session, estate_id=estate_id, of=Of(unit_ids=[share.unit_id]))
    known = [(_days(each), each.share_micro) for each in others]
    if is_oversold(known, new=share.days, share_micro=share.share_micro):
        raise SharesExceeded(f"unit {share.unit_id} has owners for some of this share already")
    row = Ownership(
        estate_id=estate_id,
        unit_id=share.unit_id,
        person_id=share.person_id,
        share_micro=share.share_micro,
        from_on=share.days.from_on,
        until_on=share.days.until_on,
        created_by=actor,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await _record(session, row, old=None, new=_facts(row), now=now)
    await settle_roles(session, estate_id=estate_id, unit_id=share.unit_id, now=now)
    return row


async def end_stay(
    session: AsyncSession,
    *,
    row: Occupancy | Ownership,
    until_on: date | None,
    now: datetime,
    expected_version: int | None = None,
) -> None:
    """Let an occupancy or an ownership end before a local day, or, with None, go on without an end.

    :raises Invalid: if that day comes before the first one
    :raises UnitOccupied: if it would go on into another main occupant's days
    :raises SharesExceeded: if it would go on and the owners' shares would be more than the whole
    :raises ChangedMeanwhile: if somebody else was first
    """
    await queries.unit(session, estate_id=row.estate_id, unit_id=row.unit_id, lock=True)
    await session.refresh(row)
    check_version(row.version, expected=expected_version)
    days = Days(row.from_on, until_on)
    _check_days(days)
    of = Of(unit_ids=[row.unit_id])
    if isinstance(row, Occupancy):
        for other in await queries.occupancies(session, estate_id=row.estate_id, of=of):
            is_rival = other.occupancy_id != row.occupancy_id and row.is_main and other.is_main
            if is_rival and _days(other).meets(days):
                raise UnitOccupied(f"occupancy {other.occupancy_id} has some of these days")
    else:
        others = await queries.ownerships(session, estate_id=row.estate_id, of=of)
        known = [(_days(each), each.share_micro) for each in others if each.ownership_id != row.ownership_id]
        if is_oversold(known, new=days, share_micro=row.share_micro):
            raise SharesExceeded(f"unit {row.unit_id} has owners for some of this share already")
    old = _facts(row)
    row.until_on = until_on
    row.version += 1
    await session.flush()
    await _record(session, row, old=old, new=_facts(row), now=now)
    await settle_roles(session, estate_id=row.estate_id, unit_id=row.unit_id, now=now)


async def take_stay_back(session: AsyncSession, *, row: Occupancy | Ownership, now: datetime) -> None:
    """Take an occupancy or an ownership back as if it had never been; its row stays, marked."""
    await queries.unit(session, estate_id=row.estate_id, unit_id=row.unit_id, lock=True)
    old = _facts(row)
    row.voided_at = now
    row.version += 1
    await session.flush()
    await _record(session, row, old=old, new=None, now=now)
    await settle_roles(session, estate_id=row.estate_id, unit_id=row.unit_id, now=now)


async def settle_roles(session: AsyncSession, *, estate_id: int, unit_id: int, now: datetime) -> int:
    """Give and take the roles in a unit that follow from who lives in it and owns it today.

    Return how many moved. Roles that somebody gave by hand are left alone.
    """
    zone = await queries.time_zone(session, estate_id=estate_id)
    day = now.astimezone(zone).date()
    of = Of(unit_ids=[unit_id])
    stays: dict[Role, Sequence[Occupancy | Ownership]] = {
        Role.RESIDENT: await queries.occupancies(session, estate_id=estate_id, of=of),
        Role.OWNER: await queries.ownerships(session, estate_id=estate_id, of=of),
    }
    wanted = {(row.person_id, role) for role, rows in stays.items() for row in rows if _days(row).holds(day)}
    rows = await identity_queries.role_grants(
        session, of_estate_id=estate_id, unit_id=unit_id, is_live=True, now=now
    )
    held = {(row.person_id, Role(row.role)): row for row in rows}
    ended = [key for key, row in held.items() if row.granted_by == GIVER and key not in wanted]
    for key in sorted(ended):
        await identity.revoke_role(session, row=held[key], actor=GIVER, now=now)
    given = sorted(wanted - set(held))
    for person_id, role in given:
        place = RolePlace(estate_id=estate_id, unit_id=unit_id)
        first = queries.unbroken([row for row in stays[role] if row.person_id == person_id], day=day)
        assert first is not None, "it holds the day"
        since = queries.began_at(first, zone=zone)
        await identity.grant_role(
            session, person_id=person_id, role=role, place=place, until=None, actor=GIVER, now=now,
            sees_from=since,
        )  # fmt: skip
        if role is Role.RESIDENT:
            await publish(session, ResidentCame(estate_id, unit_id, person_id, since), now=now)
    return len(ended) + len(given)


async def settle_all_roles(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Give and take roles in all units where days have begun or ended; return how many moved."""
    day = await queries.local_day(session, estate_id=estate_id, now=now)
    units = await queries.units_on_the_move(session, estate_id=estate_id, days=Days(day - _LOOK_BACK, day))
    return sum(
        [await settle_roles(session, estate_id=estate_id, unit_id=unit_id, now=now) for unit_id in units]
    )


def _days(row: Occupancy | Ownership) -> Days:
    return Days(row.from_on, row.until_on)


def _check_days(days: Days) -> None:
    if days.until_on is not None and days.until_on < days.from_on:
        message = "comes before the first day"
        raise Invalid(f"until_on {message}", problems=[{"path": "body.until_on", "message": message}])


async def _record(
    session: AsyncSession,
    row: Occupancy | Ownership,
    *,
    old: dict[str, Any] | None,
    new: dict[str, Any] | None,
    now: datetime,
) -> None:
    kind, number = (
        ("occupancy", row.occupancy_id) if isinstance(row, Occupancy) else ("ownership", row.ownership_id)
    )
    await identity.record_change(
        session, estate_id=row.estate_id, subject=f"{kind}:{number}", old=old, new=new, now=now
    )


def _facts(row: Occupancy | Ownership) -> dict[str, Any]:
    return {
        "unit_id": row.unit_id,
        "person_id": row.person_id,
        "from_on": row.from_on.isoformat(),
        "until_on": None if row.until_on is None else row.until_on.isoformat(),
    }
