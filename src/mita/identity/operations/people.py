"""Writes of persons and their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from mita.identity import queries
from mita.identity.domain import new_token, token_hash
from mita.identity.domain.identifiers import read_identifier
from mita.identity.models import ApiToken, Person
from mita.identity.operations.passwords import add_identifier
from mita.kit.errors import Conflict, Forbidden

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


class EmailTaken(Conflict):
    """Another person has the same email address."""

    code = "email_taken"
    title = "The email address is taken"


class PersonsOnly(Forbidden):
    """Programs and staff cannot do this: it is about the person who asks."""

    code = "persons_only"
    title = "Only a person may do this"


async def replace_token(session: AsyncSession, *, name: str, token: str, now: datetime) -> None:
    """Make ``token`` the only one of the staff member called ``name``; only its hash is stored."""
    await session.execute(
        delete(ApiToken).where(
            ApiToken.name == name, ApiToken.person_id.is_(None), ApiToken.token_hash != token_hash(token)
        )
    )
    row = {"token_hash": token_hash(token), "name": name, "created_at": now}
    await session.execute(insert(ApiToken).values(row).on_conflict_do_nothing())


async def create_person(
    session: AsyncSession, *, name: str, email: str | None, phone: str | None, now: datetime
) -> Person:
    """Create a person, who may do nothing until somebody gives access.

    :raises EmailTaken: if another person has the email address, in small or capital letters
    """
    row = Person(name=name, email=email, phone=phone, created_at=now)
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as error:
        raise EmailTaken(f"a person with the email address {email!r} exists already") from error
    for typed in (email, phone):
        known = read_identifier(typed) if typed else None
        if known is not None:
            # not verified, until a code comes back from there
            await add_identifier(session, person_id=row.person_id, name=known, is_verified=False, now=now)
    return row


async def issue_person_token(session: AsyncSession, *, person_id: int, now: datetime) -> str:
    """Return a new token of a person, the only one from now on; only its hash is stored.

    :raises mita.kit.errors.NotFound: if there is no such person
    """
    person = await queries.person(session, person_id=person_id)
    token = new_token()
    await session.execute(delete(ApiToken).where(ApiToken.person_id == person_id))
    row = {"token_hash": token_hash(token), "name": person.name, "person_id": person_id, "created_at": now}
    await session.execute(insert(ApiToken).values(row))
    return token
