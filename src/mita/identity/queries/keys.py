"""Reads of API keys, device tokens and impersonations, and who comes with one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, text

from mita.identity.domain import (
    DEVICE_PREFIX,
    IMPERSONATION_PREFIX,
    KEY_PREFIX,
    NOT_BY_SUPPORT,
    Grant,
    Permission,
    Principal,
    token_hash,
)
from mita.identity.models import ApiKey, DeviceToken, Impersonation
from mita.identity.models.keys import DEVICE_TOKEN
from mita.kit.errors import NotFound
from mita.kit.seal import KeyGone, seals_of

from . import people
from .people import organisation_estate_ids, person, principal_of_person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

_NOW = text("now()")
# a device is given another token while the one before still works, not many
_LIVE_MAX = 5


async def principal_of_token(session: AsyncSession, *, token: str) -> Principal | None:
    """Return who a bearer token belongs to, or None for one that nobody issued or that has ended."""
    found = await _principal_of_prefixed(session, token=token)
    return found or await people.principal_of_token(session, token=token)


async def _principal_of_prefixed(session: AsyncSession, *, token: str) -> Principal | None:
    if token.startswith(KEY_PREFIX):
        return await _principal_of_key(session, token=token)
    if token.startswith(DEVICE_PREFIX):
        return await principal_of_device_token(session, token=token)
    if token.startswith(IMPERSONATION_PREFIX):
        return await _principal_of_impersonation(session, token=token)
    return None


async def _principal_of_key(session: AsyncSession, *, token: str) -> Principal | None:
    found = await session.scalar(
        select(ApiKey).where(
            ApiKey.key_hash == token_hash(token),
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > _NOW),
        )
    )
    if found is None:
        return None
    estate_ids = found.estate_ids
    if found.organisation_id is not None:
        estate_ids = await organisation_estate_ids(session, organisation_id=found.organisation_id)
    grant = Grant(
        frozenset(found.permissions), frozenset(estate_ids or ()), organisation_id=found.organisation_id
    )
    return Principal(
        found.name, grants=(grant,), key_id=found.api_key_id, requests_per_minute=found.requests_per_minute
    )


async def principal_of_device_token(session: AsyncSession, *, token: str) -> Principal | None:
    """Return the device that a live token was issued to, or None."""
    asked = {"asked": token_hash(token)}
    found = (
        await session.execute(text("SELECT estate_id, device FROM device_of_token(:asked, now())"), asked)
    ).one_or_none()
    if found is None:
        return None
    return device_principal(estate_id=found.estate_id, device=found.device)


def device_principal(*, estate_id: int, device: str) -> Principal:
    """Return a device of an estate as a caller: it sends readings of its own meters."""
    grant = Grant(frozenset({Permission.READINGS_SEND}), frozenset({estate_id}))
    return Principal(device, grants=(grant,), device=device)


async def live_device_tokens(
    session: AsyncSession, *, estate_id: int, device: str, now: datetime
) -> list[str]:
    """Return a device's newest live tokens, as it shows them; none from before they were kept."""
    statement = (
        select(DeviceToken.token_sealed)
        .where(
            DeviceToken.estate_id == estate_id,
            DeviceToken.device == device,
            DeviceToken.token_sealed.is_not(None),
            DeviceToken.revoked_at.is_(None),
            or_(DeviceToken.expires_at.is_(None), DeviceToken.expires_at > now),
        )
        .order_by(DeviceToken.device_token_id.desc())
        .limit(_LIVE_MAX)
    )
    found = []
    for sealed in (await session.scalars(statement)).all():
        # one whose key is gone is worth nothing, and is no fault of who asks
        with suppress(KeyGone):
            found.append(seals_of(session).open(bytes(sealed or b""), about=DEVICE_TOKEN.about).decode())
    return found


async def device_token_shown(session: AsyncSession, *, estate_id: int, shown: bytes) -> DeviceToken:
    """Return the live device token of a text that was shown, and hold it; ``shown`` is the text's hash.

    :raises NotFound: if the estate has no such token, or it has ended meanwhile
    """
    statement = (
        select(DeviceToken)
        .where(
            DeviceToken.estate_id == estate_id,
            DeviceToken.token_hash == shown,
            DeviceToken.revoked_at.is_(None),
            or_(DeviceToken.expires_at.is_(None), DeviceToken.expires_at > _NOW),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound(f"estate {estate_id} has no such device token")
    return found


async def device_token_ends(session: AsyncSession, *, estate_id: int) -> dict[str, datetime | None]:
    """Return when the last token of each device ends that was not revoked; None is never."""
    statement = (
        select(
            DeviceToken.device,
            func.bool_or(DeviceToken.expires_at.is_(None)),
            func.max(DeviceToken.expires_at),
        )
        .where(DeviceToken.estate_id == estate_id, DeviceToken.revoked_at.is_(None))
        .group_by(DeviceToken.device)
    )
    return {row[0]: None if row[1] else row[2] for row in await session.execute(statement)}


async def has_device_tokens(session: AsyncSession, *, device: str) -> bool:
    """Tell whether a device was ever issued a token; then no other proof is taken."""
    return bool(await session.scalar(text("SELECT device_has_tokens(:asked)"), {"asked": device}))


async def _principal_of_impersonation(session: AsyncSession, *, token: str) -> Principal | None:
    found = await session.scalar(
        select(Impersonation).where(
            Impersonation.token_hash == token_hash(token),
            Impersonation.ended_at.is_(None),
            Impersonation.ends_at > _NOW,
        )
    )
    if found is None:
        return None
    if found.by_person_id is not None:
        # whoever has lost the permission meanwhile looks no longer
        by = await principal_of_person(session, person_id=found.by_person_id, name=found.by)
        if not by.may(Permission.SUPPORT_IMPERSONATE, estate_id=None):
            return None
    whose = await person(session, person_id=found.person_id)
    seen = await principal_of_person(session, person_id=found.person_id, name=whose.name)
    grants = seen.grants
    if found.may_write:
        grants = tuple(replace(each, permissions=each.permissions - NOT_BY_SUPPORT) for each in grants)
    return Principal(
        seen.name,
        seen.person_id,
        grants,
        impersonated_by=found.by,
        is_read_only=not found.may_write,
    )


async def api_keys(
    session: AsyncSession,
    *,
    estate_ids: frozenset[int] | None,
    organisation_ids: frozenset[int] | None,
    after_id: int = 0,
    limit: int = 100,
) -> Sequence[ApiKey]:
    """Return API keys by id, ``limit`` at most after ``after_id``.

    Only those all of whose estates are among ``estate_ids``, or whose organisation is among
    ``organisation_ids``; None is any.
    """
    statement = select(ApiKey).where(ApiKey.api_key_id > after_id).order_by(ApiKey.api_key_id).limit(limit)
    of_estates: ColumnElement[bool] = ApiKey.estate_ids.is_not(None)
    of_organisations: ColumnElement[bool] = ApiKey.organisation_id.is_not(None)
    if estate_ids is not None:
        of_estates = and_(of_estates, ApiKey.estate_ids.contained_by(sorted(estate_ids)))
    if organisation_ids is not None:
        of_organisations = and_(of_organisations, ApiKey.organisation_id.in_(sorted(organisation_ids)))
    return (await session.scalars(statement.where(or_(of_estates, of_organisations)))).all()


async def api_key(session: AsyncSession, *, api_key_id: int) -> ApiKey:
    """Return one API key.

    :raises NotFound: if there is no such key
    """
    found = await session.get(ApiKey, api_key_id, populate_existing=True)
    if found is None:
        raise NotFound(f"API key {api_key_id} does not exist")
    return found


async def who_is_behind(session: AsyncSession, *, actor: str) -> frozenset[str]:
    """Return the people behind an actor of a journal: support and whom it looked through, a key's maker.

    A key that a key has made is its maker's. Of one that is forgotten nobody is known but itself.
    """
    found, left = set(), set(actor.split(" by "))
    while left:
        one = left.pop()
        row = None
        if (number := one.removeprefix("key:")) != one and number.isdecimal():
            row = await session.get(ApiKey, int(number))
        # a key is younger than its maker, so this comes to an end
        if row is None:
            found.add(one)
        else:
            left |= set(row.made_by.split(" by "))
    return frozenset(found)


async def device_tokens(
    session: AsyncSession,
    *,
    estate_id: int,
    device: str | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[DeviceToken]:
    """Return an estate's device tokens, newest first; ``device`` of None is any."""
    statement = select(DeviceToken).where(DeviceToken.estate_id == estate_id)
    if device is not None:
        statement = statement.where(DeviceToken.device == device)
    if before is not None:
        statement = statement.where(DeviceToken.device_token_id < before)
    return (await session.scalars(statement.order_by(DeviceToken.device_token_id.desc()).limit(limit))).all()


async def device_token(session: AsyncSession, *, estate_id: int, device_token_id: UUID) -> DeviceToken:
    """Return one device token.

    :raises NotFound: if the estate has no such token
    """
    found = await session.get(DeviceToken, (estate_id, device_token_id), populate_existing=True)
    if found is None:
        raise NotFound(f"device token {device_token_id} does not exist in estate {estate_id}")
    return found


async def impersonations(
    session: AsyncSession, *, person_id: int, before: UUID | None = None, limit: int = 100
) -> Sequence[Impersonation]:
    """Return when support looked through a person's eyes, newest first."""
    statement = select(Impersonation).where(Impersonation.person_id == person_id)
    if before is not None:
        statement = statement.where(Impersonation.impersonation_id < before)
    return (
        await session.scalars(statement.order_by(Impersonation.impersonation_id.desc()).limit(limit))
    ).all()


async def impersonation(session: AsyncSession, *, impersonation_id: UUID) -> Impersonation:
    """Return one impersonation.

    :raises NotFound: if there is none
    """
    found = await session.get(Impersonation, impersonation_id, populate_existing=True)
    if found is None:
        raise NotFound(f"impersonation {impersonation_id} does not exist")
    return found
