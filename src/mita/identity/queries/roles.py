"""Reads of roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, not_, or_, select

from mita.identity.models import RoleGrant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.identity.domain import Role, Scope


async def person_ids_of_roles(
    session: AsyncSession,
    *,
    of_estate_id: int,
    organisation_id: int | None,
    roles: Sequence[Role],
    now: datetime,
) -> list[int]:
    """Return who has one of ``roles`` at ``now`` in an estate, or in the organisation that runs it, by id.

    Those who have it on the whole platform are left out.
    """
    places = RoleGrant.estate_id == of_estate_id
    if organisation_id is not None:
        places = or_(places, RoleGrant.organisation_id == organisation_id)
    statement = select(RoleGrant.person_id).where(
        places,
        RoleGrant.unit_id.is_(None),
        RoleGrant.role.in_([each.value for each in roles]),
        RoleGrant.revoked_at.is_(None),
        or_(RoleGrant.until.is_(None), RoleGrant.until > now),
    )
    return sorted(set((await session.scalars(statement)).all()))


async def role_grants(
    session: AsyncSession,
    *,
    now: datetime,
    person_id: int | None = None,
    role: Role | None = None,
    scope: Scope | None = None,
    organisation_id: int | None = None,
    of_estate_id: int | None = None,
    unit_id: int | None = None,
    is_live: bool | None = None,
    before: UUID | None = None,
    limit: int = 1000,
) -> Sequence[RoleGrant]:
    """Return roles that were given, newest first, ``limit`` at most before ``before``; None is any.

    ``is_live`` asks for those that are in force at ``now``, or for those that are not.
    """
    statement = select(RoleGrant).order_by(RoleGrant.role_grant_id.desc()).limit(limit)
    for column, value in (
        (RoleGrant.person_id, person_id),
        (RoleGrant.role, role),
        (RoleGrant.scope, scope),
        (RoleGrant.organisation_id, organisation_id),
        (RoleGrant.estate_id, of_estate_id),
        (RoleGrant.unit_id, unit_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if is_live is not None:
        live = and_(RoleGrant.revoked_at.is_(None), or_(RoleGrant.until.is_(None), RoleGrant.until > now))
        statement = statement.where(live if is_live else not_(live))
    if before is not None:
        statement = statement.where(RoleGrant.role_grant_id < before)
    return (await session.scalars(statement)).all()
