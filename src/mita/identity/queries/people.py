"""Reads of persons and callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select, text

from mita.identity.domain import ROLES, Grant, Principal, Role, Scope, token_hash
from mita.identity.models import ApiToken, Person, RoleGrant
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


async def principal_of_token(session: AsyncSession, *, token: str) -> Principal | None:
    """Return who a bearer token belongs to, or None for a token nobody issued."""
    statement = select(ApiToken.name, ApiToken.person_id).where(ApiToken.token_hash == token_hash(token))
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    if found.person_id is None:
        return Principal(found.name)
    return await principal_of_person(session, person_id=found.person_id, name=found.name)


async def principal_of_person(
    session: AsyncSession, *, person_id: int, name: str, with_second_factor: bool = True
) -> Principal:
    """Return a person as a caller, with what their live roles give them.

    Who came without a second factor has nothing of the roles that need one.
    """
    now = text("now()")
    rows = await session.scalars(
        select(RoleGrant).where(
            RoleGrant.person_id == person_id,
            RoleGrant.revoked_at.is_(None),
            or_(RoleGrant.until.is_(None), RoleGrant.until > now),
        )
    )
    held = [row for row in rows.all() if with_second_factor or not ROLES[Role(row.role)].needs_second_factor]
    return Principal(name, person_id, tuple([await _grant_of(session, row) for row in held]))


async def _grant_of(session: AsyncSession, row: RoleGrant) -> Grant:
    role = Role(row.role)
    if row.scope == Scope.PLATFORM:
        return Grant.of_role(role, estate_ids=None)
    if row.scope == Scope.ORGANISATION:
        assert row.organisation_id is not None, "a check of the table"
        estate_ids = await organisation_estate_ids(session, organisation_id=row.organisation_id)
        return Grant.of_role(role, estate_ids=estate_ids, organisation_id=row.organisation_id)
    assert row.estate_id is not None, "a check of the table"
    return Grant.of_role(role, estate_ids=[row.estate_id], unit_id=row.unit_id)


async def organisation_estate_ids(session: AsyncSession, *, organisation_id: int) -> list[int]:
    """Return the ids of an organisation's estates."""
    theirs = text("SELECT * FROM organisation_estate_ids(:organisation_id)")
    return list((await session.scalars(theirs, {"organisation_id": organisation_id})).all())


async def person(session: AsyncSession, *, person_id: int) -> Person:
    """Return one person.

    :raises NotFound: if there is no such person
    """
    found = await session.get(Person, person_id, populate_existing=True)
    if found is None:
        raise NotFound(f"person {person_id} does not exist")
    return found


async def persons(
    session: AsyncSession,
    *,
    person_ids: Sequence[int] | None = None,
    part: str = "",
    after_id: int = 0,
    limit: int = 100,
) -> Sequence[Person]:
    """Return persons by id, ``limit`` at most after ``after_id``; ``person_ids`` of None is any.

    ``part`` is of the name, the email address or the phone number.
    """
    statement = select(Person).where(Person.person_id > after_id).order_by(Person.person_id).limit(limit)
    if part:
        places = (Person.name, Person.email, Person.phone)
        statement = statement.where(or_(*(each.icontains(part, autoescape=True) for each in places)))
    if person_ids is not None:
        statement = statement.where(Person.person_id.in_(list(person_ids)))
    return (await session.scalars(statement)).all()
