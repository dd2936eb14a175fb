"""Reads of identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.identity.domain import Principal, token_hash
from mita.identity.models import ApiToken, Person
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


async def principal_of_token(session: AsyncSession, *, token: str) -> Principal | None:
    """Return who a bearer token belongs to, or None for a token nobody issued."""
    statement = select(ApiToken.name, ApiToken.person_id).where(ApiToken.token_hash == token_hash(token))
    found = (await session.execute(statement)).one_or_none()
    return None if found is None else Principal(found.name, found.person_id)


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
    after_id: int = 0,
    limit: int = 100,
) -> Sequence[Person]:
    """Return persons by id, ``limit`` at most after ``after_id``; ``person_ids`` of None is any."""
    statement = select(Person).where(Person.person_id > after_id).order_by(Person.person_id).limit(limit)
    if person_ids is not None:
        statement = statement.where(Person.person_id.in_(list(person_ids)))
    return (await session.scalars(statement)).all()
