"""Passwords of persons: set, asked for, forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from mita.identity import queries
from mita.identity.domain.identifiers import IdentifierKind, SignInName
from mita.identity.domain.passwords import password_fault
from mita.identity.models import Identifier, Password
from mita.identity.operations.audit import PLATFORM, record_audit
from mita.identity.operations.sessions import end_sessions
from mita.kit.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.identity.models import OneTimeCode


class PasswordRefused(Invalid):
    """The password is too short, too easy, or known to everybody."""

    code = "password_refused"
    title = "The password is refused"


def check_new_password(password: str, *, about: Iterable[str | None]) -> None:
    """Return if a password may be taken; ``about`` are the name and addresses of its owner.

    :raises PasswordRefused: with the reason
    """
    fault = password_fault(password, about=about)
    if fault is not None:
        raise PasswordRefused(fault, problems=[{"path": "body.password", "message": fault}])


async def check_password_of(session: AsyncSession, *, person_id: int, password: str) -> None:
    """Return if a person may take a password.

    :raises PasswordRefused: with the reason
    """
    person = await queries.person(session, person_id=person_id)
    names = await queries.identifiers(session, person_id=person_id)
    check_new_password(password, about=[person.name, person.email, *(row.value for row in names)])


async def set_password(
    session: AsyncSession, *, person_id: int, hashed: str, kept: UUID | None, now: datetime
) -> None:
    """Let a hashed password be a person's; sessions end, but for the one that is ``kept``."""
    await store_password(session, person_id=person_id, hashed=hashed, now=now)
    await end_sessions(session, person_id=person_id, because="password_changed", kept=kept, now=now)
    await record_audit(
        session,
        estate_id=PLATFORM,
        actor=f"person:{person_id}",
        action="identity.password.changed",
        subject=f"person:{person_id}",
        now=now,
    )


async def store_password(session: AsyncSession, *, person_id: int, hashed: str, now: datetime) -> None:
    """Keep a hashed password: a first one, or the same one hashed with other parameters."""
    row = {"person_id": person_id, "hash": hashed, "set_at": now}
    statement = insert(Password).values(row)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id"], set_={"hash": statement.excluded.hash, "set_at": now}
        )
    )


async def verify_identifier(session: AsyncSession, *, row: OneTimeCode, now: datetime) -> None:
    """Note that whoever has a code's address has got the code."""
    await session.execute(
        update(Identifier)
        .where(Identifier.kind == row.kind, Identifier.value == row.value, Identifier.verified_at.is_(None))
        .values(verified_at=now)
    )


async def add_identifier(
    session: AsyncSession, *, person_id: int, name: SignInName, is_verified: bool, now: datetime
) -> bool:
    """Let a person sign in with a name; False, and nothing happens, if it is somebody else's."""
    row = {
        "kind": name.kind.value,
        "value": name.value,
        "person_id": person_id,
        "verified_at": now if is_verified else None,
        "created_at": now,
    }
    statement = insert(Identifier).values(row).on_conflict_do_nothing().returning(Identifier.person_id)
    return (await session.execute(statement)).one_or_none() is not None


def name_of(row: OneTimeCode) -> SignInName:
    """Return what a code was sent to."""
    return SignInName(IdentifierKind(row.kind), row.value)
