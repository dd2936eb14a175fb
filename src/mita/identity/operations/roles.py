"""Writes of roles: given and taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from mita.identity import queries
from mita.identity.domain import Role, Scope, fits, lacking, may_grant
from mita.identity.models import RoleGrant
from mita.kit.errors import Conflict, Invalid, NotFound, PermissionMissing
from mita.kit.ids import new_id
from mita.kit.live import ACCESS_TOPIC, hint

from .audit import PLATFORM, record_change
from .keys import BeyondOwn

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.identity.domain import Principal, RolePlace

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('mita.platform_admins'))")


class RoleHeldAlready(Conflict):
    """The person has this role there already."""

    code = "role_held_already"
    title = "The person has this role already"


class RoleEnded(Conflict):
    """The role was taken back before, or its time is over."""

    code = "role_ended"
    title = "The role has ended"


class LastPlatformAdmin(Conflict):
    """Without this role nobody could run the installation from outside its console."""

    code = "last_platform_admin"
    title = "The last platform admin stays"


def check_may_give(caller: Principal, *, role: Role, place: RolePlace) -> None:
    """Refuse a caller who would give, or take, more than they have themselves.

    :raises Invalid: if the role cannot be given over such a place
    :raises PermissionMissing: if the caller may not give roles there
    :raises BeyondOwn: if the role may do something there that the caller may not
    """
    if not fits(role, place=place):
        message = f"{role} is no role over {_shown(place)}"
        raise Invalid(message, problems=[{"path": "body.role", "message": message}])
    if not may_grant(caller, place=place):
        raise PermissionMissing("this needs the permission roles.grant")
    if beyond := lacking(caller, role=role, place=place):
        raise BeyondOwn(f"the role {role} may do what you may not there: {', '.join(beyond)}")


async def grant_role(
    session: AsyncSession,
    *,
    person_id: int,
    role: Role,
    place: RolePlace,
    until: datetime | None,
    actor: str,
    now: datetime,
    sees_from: datetime | None = None,
) -> RoleGrant:
    """Give a person a role; whoever calls has checked that the actor may.

    One in a unit shows nothing of it from before ``sees_from``; None is no limit.

    :raises NotFound: if the person, the organisation or the unit does not exist
    :raises Invalid: if the role cannot be given there, or ``until`` is over
    :raises RoleHeldAlready: if the person has it there
    """
    if not fits(role, place=place):
        raise Invalid(f"{role} is no role over {_shown(place)}")
    if until is not None and until <= now:
        message = "is over already"
        raise Invalid(f"body.until: {message}", problems=[{"path": "body.until", "message": message}])
    await queries.person(session, person_id=person_id)
    row = RoleGrant(
        role_grant_id=new_id(),
        person_id=person_id,
        role=role,
        scope=place.scope,
        organisation_id=place.organisation_id,
        estate_id=place.estate_id,
        unit_id=place.unit_id,
        granted_by=actor,
        granted_at=now,
        until=until,
        sees_from=sees_from,
    )
    await _end_expired(session, like=row, now=now)
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as error:
        if "role_grant_live" in str(error.orig):
            raise RoleHeldAlready(f"person {person_id} is {role} there already") from error
        raise NotFound(f"{_shown(place)} does not exist") from error
    await _record(session, row=row, old=None, new=_facts(row), now=now)
    return row


async def revoke_role(session: AsyncSession, *, row: RoleGrant, actor: str, now: datetime) -> None:
    """Take a role back at once; whoever calls has checked that the actor may.

    :raises RoleEnded: if it was taken back before, or its time is over
    :raises LastPlatformAdmin: if the person would be taking the platform's last admin away
    """
    if row.revoked_at is not None or (row.until is not None and row.until <= now):
        raise RoleEnded(f"role {row.role_grant_id} has ended")
    if row.role == Role.PLATFORM_ADMIN:
        await _keep_one_admin(session, row=row, now=now)
    old = _facts(row)
    row.revoked_at, row.revoked_by = now, actor
    await session.flush()
    await _record(session, row=row, old=old, new=None, now=now)


async def _keep_one_admin(session: AsyncSession, *, row: RoleGrant, now: datetime) -> None:
    # one at a time: two admins who take each other's role would leave none
    await session.execute(_LOCK)
    admins = await queries.role_grants(
        session, scope=Scope.PLATFORM, role=Role.PLATFORM_ADMIN, is_live=True, now=now, limit=2
    )
    if all(each.role_grant_id == row.role_grant_id for each in admins):
        raise LastPlatformAdmin(f"person {row.person_id} is the last platform admin; name another one first")


async def _end_expired(session: AsyncSession, *, like: RoleGrant, now: datetime) -> None:
    """Close what ended by itself, so that the role can be given again."""
    same = (
        RoleGrant.person_id == like.person_id,
        RoleGrant.role == like.role,
        RoleGrant.scope == like.scope,
        RoleGrant.organisation_id.is_not_distinct_from(like.organisation_id),
        RoleGrant.estate_id.is_not_distinct_from(like.estate_id),
        RoleGrant.unit_id.is_not_distinct_from(like.unit_id),
    )
    over = select(RoleGrant.role_grant_id).where(
        *same, RoleGrant.revoked_at.is_(None), RoleGrant.until <= now
    )
    await session.execute(
        update(RoleGrant)
        .where(RoleGrant.role_grant_id.in_(over))
        .values(revoked_at=RoleGrant.until, revoked_by="system")
    )


async def end_roles_of_unit(
    session: AsyncSession,
    *,
    person_id: int,
    estate_id: int,
    unit_id: int,
    role: Role,
    actor: str,
    now: datetime,
) -> int:
    """Take back a person's role in one unit, if they have it; return how many were taken."""
    rows = await queries.role_grants(
        session,
        person_id=person_id,
        of_estate_id=estate_id,
        unit_id=unit_id,
        role=role,
        is_live=True,
        now=now,
    )
    for row in rows:
        await revoke_role(session, row=row, actor=actor, now=now)
    return len(rows)


def role_of(row: RoleGrant) -> Role:
    """Return which role was given."""
    return Role(row.role)


async def role_grant_for(session: AsyncSession, *, role_grant_id: UUID, estate_id: int | None) -> RoleGrant:
    """Return a role that was given in an estate or its units, or, with None, elsewhere.

    :raises NotFound: if there is no such role there
    """
    row = await session.get(RoleGrant, role_grant_id, populate_existing=True)
    if row is None or row.estate_id != estate_id:
        raise NotFound(f"role {role_grant_id} does not exist")
    return row


async def _record(
    session: AsyncSession,
    *,
    row: RoleGrant,
    old: dict[str, object] | None,
    new: dict[str, object] | None,
    now: datetime,
) -> None:
    await record_change(
        session,
        estate_id=row.estate_id or PLATFORM,
        subject=f"person:{row.person_id}",
        old=old,
        new=new,
        # a person may be forgotten by a transaction that sees no estate
        is_seen=False,
        now=now,
        action="identity.role.revoked" if new is None else "identity.role.granted",
    )
    # open streams look again at what the person may see
    await hint(session, estate_id=row.estate_id or PLATFORM, topic=ACCESS_TOPIC, ids=[row.person_id])


def _facts(row: RoleGrant) -> dict[str, object]:
    return {
        "role_grant_id": str(row.role_grant_id),
        "role": str(row.role),
        "scope": str(row.scope),
        "organisation_id": row.organisation_id,
        "unit_id": row.unit_id,
        "until": row.until,
    }


def _shown(place: RolePlace) -> str:
    if place.organisation_id is not None:
        return f"organisation {place.organisation_id}"
    if place.estate_id is None:
        return "the platform"
    estate = f"estate {place.estate_id}"
    return estate if place.unit_id is None else f"unit {place.unit_id} of {estate}"
