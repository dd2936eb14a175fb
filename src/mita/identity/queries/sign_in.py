"""Reads of signing in: whose a name, a token or a session is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from mita.identity.domain.sessions import ACCESS_LIFE, KEY_SIGNS_FOR, key_named, read_access
from mita.identity.models import (
    BackupCode,
    Identifier,
    JoinCode,
    JoinRequest,
    Passkey,
    Password,
    Person,
    PersonSession,
    RoleGrant,
    SecondFactor,
    SigningKey,
)
from mita.identity.queries.people import principal_of_person
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.identity.domain import Principal
    from mita.identity.domain.identifiers import SignInName


async def principal_of_access(session: AsyncSession, *, token: str, now: datetime) -> Principal | None:
    """Return whose an access token is, or None if it is none, is over, or its session has ended."""
    kid = key_named(token)
    if kid is None:
        return None
    key = await session.get(SigningKey, kid, populate_existing=True)
    if key is None or key.created_at <= now - KEY_SIGNS_FOR - ACCESS_LIFE:
        return None
    claims = read_access(token, public_key=bytes(key.public_key), now=now)
    if claims is None:
        return None
    statement = (
        select(PersonSession, Person.name)
        .join(Person, Person.person_id == PersonSession.person_id)
        .where(
            PersonSession.person_session_id == claims.session_id,
            PersonSession.person_id == claims.person_id,
            PersonSession.ended_at.is_(None),
            PersonSession.expires_at > now,
        )
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    row, name = found
    person = await principal_of_person(
        session, person_id=row.person_id, name=name, with_second_factor=row.has_second_factor
    )
    return replace(person, session_id=row.person_session_id)


async def newest_signing_key(session: AsyncSession, *, now: datetime) -> SigningKey | None:
    """Return the newest signing key, or None if there is none that may sign still."""
    statement = select(SigningKey).where(SigningKey.created_at > now - KEY_SIGNS_FOR)
    newest = statement.order_by(SigningKey.created_at.desc(), SigningKey.kid).limit(1)
    return (await session.scalars(newest.execution_options(populate_existing=True))).one_or_none()


async def signing_keys(session: AsyncSession) -> Sequence[SigningKey]:
    """Return all signing keys, the newest first."""
    return (await session.scalars(select(SigningKey).order_by(SigningKey.created_at.desc()))).all()


async def identifier(session: AsyncSession, *, name: SignInName) -> Identifier | None:
    """Return whose a sign-in name is, or None."""
    return await session.get(Identifier, (name.kind.value, name.value), populate_existing=True)


async def identifiers(session: AsyncSession, *, person_id: int) -> Sequence[Identifier]:
    """Return what a person signs in with."""
    statement = select(Identifier).where(Identifier.person_id == person_id)
    return (await session.scalars(statement.order_by(Identifier.kind, Identifier.value))).all()


async def password(session: AsyncSession, *, person_id: int) -> Password | None:
    """Return a person's password, hashed, or None."""
    return await session.get(Password, person_id, populate_existing=True)


async def password_of(session: AsyncSession, *, name: SignInName) -> tuple[int | None, str | None]:
    """Return who has a sign-in name and their hashed password; None where there is no such thing."""
    statement = (
        select(Identifier.person_id, Password.hash)
        .join(Password, Password.person_id == Identifier.person_id, isouter=True)
        .where(Identifier.kind == name.kind.value, Identifier.value == name.value)
    )
    found = (await session.execute(statement)).one_or_none()
    return (None, None) if found is None else (found[0], found[1])


async def second_factor(session: AsyncSession, *, person_id: int, lock: bool = False) -> SecondFactor | None:
    """Return a person's authenticator app, confirmed or not, or None."""
    return await session.get(
        SecondFactor, person_id, populate_existing=True, with_for_update=True if lock else None
    )


async def has_second_factor(session: AsyncSession, *, person_id: int) -> bool:
    """Tell whether a person has a confirmed authenticator app."""
    row = await second_factor(session, person_id=person_id)
    return row is not None and row.confirmed_at is not None


async def backup_codes_left(session: AsyncSession, *, person_id: int) -> int:
    """Return how many backup codes a person has not used."""
    statement = (
        select(func.count())
        .select_from(BackupCode)
        .where(BackupCode.person_id == person_id, BackupCode.used_at.is_(None))
    )
    return await session.scalar(statement) or 0


async def passkeys(session: AsyncSession, *, person_id: int) -> Sequence[Passkey]:
    """Return a person's passkeys, oldest first."""
    statement = select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.passkey_id)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def passkey_of(session: AsyncSession, *, credential_id: bytes) -> Passkey | None:
    """Return the passkey with a credential's id, or None."""
    statement = select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()


async def live_sessions(session: AsyncSession, *, person_id: int, now: datetime) -> Sequence[PersonSession]:
    """Return the sessions of a person that are not over, the newest first."""
    statement = (
        select(PersonSession)
        .where(
            PersonSession.person_id == person_id,
            PersonSession.ended_at.is_(None),
            PersonSession.expires_at > now,
        )
        .order_by(PersonSession.person_session_id.desc())
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def live_session(session: AsyncSession, *, session_id: UUID, now: datetime) -> PersonSession | None:
    """Return a session that is not over, or None."""
    row = await session.get(PersonSession, session_id, populate_existing=True)
    return row if row is not None and row.ended_at is None and row.expires_at > now else None


async def roles_of_person(session: AsyncSession, *, person_id: int, now: datetime) -> Sequence[RoleGrant]:
    """Return the live roles of a person, oldest first."""
    statement = (
        select(RoleGrant)
        .where(
            RoleGrant.person_id == person_id,
            RoleGrant.revoked_at.is_(None),
            (RoleGrant.until.is_(None)) | (RoleGrant.until > now),
        )
        .order_by(RoleGrant.role_grant_id)
    )
    return (await session.scalars(statement)).all()


async def join_code(session: AsyncSession, *, estate_id: int) -> JoinCode | None:
    """Return the join code of an estate, on or off, or None if it never had one."""
    return await session.get(JoinCode, estate_id, populate_existing=True)


async def join_requests(
    session: AsyncSession, *, estate_id: int, before: UUID | None = None, limit: int = 100
) -> Sequence[JoinRequest]:
    """Return who waits to join an estate, newest first, ``limit`` at most, older than ``before``."""
    statement = select(JoinRequest).where(JoinRequest.estate_id == estate_id, JoinRequest.state == "waiting")
    if before is not None:
        statement = statement.where(JoinRequest.join_request_id < before)
    statement = statement.order_by(JoinRequest.join_request_id.desc()).limit(limit)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def join_request(session: AsyncSession, *, estate_id: int, join_request_id: UUID) -> JoinRequest:
    """Return one request to join an estate, locked.

    :raises NotFound: if there is no such request
    """
    found = await session.get(
        JoinRequest, (estate_id, join_request_id), populate_existing=True, with_for_update=True
    )
    if found is None:
        raise NotFound(f"join request {join_request_id} does not exist in estate {estate_id}")
    return found
