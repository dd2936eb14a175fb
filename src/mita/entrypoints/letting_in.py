"""Persons who may sign in from the start, made where nobody could ask the API for it yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.identity import operations as identity
from mita.identity import queries
from mita.identity.domain.passwords import hash_password

if TYPE_CHECKING:
    from datetime import datetime

    from mita.identity.domain.identifiers import SignInName
    from mita.identity.domain.permissions import Role
    from mita.identity.domain.roles import RolePlace
    from mita.kit.db import Database


async def let_in(
    database: Database,
    *,
    name: str,
    email: SignInName,
    role: Role,
    place: RolePlace,
    password: str,
    factor: str | None = None,
    actor: str,
    now: datetime,
) -> bool:
    """Make a person who signs in with a password and has a role; False, and nothing done, if they are known.

    ``factor`` is the secret of their authenticator app (base32); a role that needs one gives nothing without.
    """
    async with database.unit_of_work(estates=[] if place.estate_id is None else [place.estate_id]) as session:
        if await queries.identifier(session, name=email) is not None:
            return False
        row = await identity.create_person(session, name=name, email=email.value, phone=None, now=now)
        person_id = row.person_id
        await identity.grant_role(
            session, person_id=person_id, role=role, place=place, until=None, actor=actor, now=now
        )
        await identity.store_password(session, person_id=person_id, hashed=hash_password(password), now=now)
        if factor is not None:
            await identity.store_factor(session, person_id=person_id, secret=factor, now=now)
        return True
