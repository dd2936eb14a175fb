"""Writes of API keys: made, rotated, revoked; the secret is shown once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError

from mita.identity import queries
from mita.identity.domain import KEY_PREFIX, Permission, new_token, token_hash
from mita.identity.models import ApiKey
from mita.kit.errors import Conflict, Forbidden, Invalid, NotFound, PermissionMissing

from .audit import PLATFORM, record_change

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.identity.domain import Principal

_SHOWN_CHARS = len(KEY_PREFIX) + 6


class BeyondOwn(Forbidden):
    """Nobody gives away more than they have themselves, or over more."""

    code = "beyond_own"
    title = "More than you have yourself"


class KeyEnded(Conflict):
    """The API key is revoked or has expired."""

    code = "key_ended"
    title = "The API key has ended"


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is for: an organisation, or some estates."""

    name: str
    permissions: frozenset[str]
    organisation_id: int | None
    estate_ids: tuple[int, ...] | None
    expires_at: datetime | None
    requests_per_minute: int


async def create_api_key(
    session: AsyncSession, *, asked: NewKey, caller: Principal, now: datetime
) -> tuple[ApiKey, str]:
    """Make an API key; return it with its secret, of which only the SHA-256 is stored.

    :raises Invalid: if it names no estate and no organisation, or both, an unknown permission, or a time past
    :raises PermissionMissing: if the caller may not manage keys there
    :raises NotFound: if the organisation does not exist
    :raises BeyondOwn: if the caller lacks one of the permissions there, or is a key that ends before
    """
    _check(asked, now=now)
    if not _has(
        caller,
        Permission.KEYS_MANAGE,
        organisation_id=asked.organisation_id,
        estate_ids=asked.estate_ids or (),
    ):
        raise PermissionMissing(f"this needs the permission {Permission.KEYS_MANAGE}")
    await _check_own(session, asked=asked, caller=caller)
    return await _store(session, asked=asked, actor=caller.actor, replaces_id=None, now=now)


async def _check_own(session: AsyncSession, *, asked: NewKey, caller: Principal) -> None:
    """Return if a key can do nothing that its maker cannot do, and not for longer.

    :raises BeyondOwn: if it could
    """
    for permission in sorted(asked.permissions):
        if not _has(
            caller, permission, organisation_id=asked.organisation_id, estate_ids=asked.estate_ids or ()
        ):
            raise BeyondOwn(f"you do not have the permission {permission} there yourself")
    if caller.key_id is None:
        return
    own = (await queries.api_key(session, api_key_id=caller.key_id)).expires_at
    if own is not None and (asked.expires_at is None or asked.expires_at > own):
        raise BeyondOwn("a key makes no key that outlives it")


def may_manage_key(caller: Principal, *, row: ApiKey) -> bool:
    """Tell whether a caller may see, rotate and revoke a key: whoever may manage keys wherever it reaches."""
    return _has(
        caller,
        Permission.KEYS_MANAGE,
        organisation_id=row.organisation_id,
        estate_ids=row.estate_ids or (),
    )


def _has(
    caller: Principal, permission: str, *, organisation_id: int | None, estate_ids: Collection[int]
) -> bool:
    if organisation_id is not None:
        return caller.may_in_organisation(permission, organisation_id=organisation_id)
    return all(caller.may(permission, estate_id=each) for each in estate_ids)


def _check(asked: NewKey, *, now: datetime) -> None:
    faults = []
    if (asked.organisation_id is None) == (not asked.estate_ids):
        faults.append(("estate_ids", "name an organisation, or some estates, not both"))
    unknown = asked.permissions - {str(each) for each in Permission}
    if unknown or not asked.permissions:
        faults.append(("permissions", f"unknown: {', '.join(sorted(unknown))}" if unknown else "name one"))
    if asked.expires_at is not None and asked.expires_at <= now:
        faults.append(("expires_at", "is over already"))
    if faults:
        problems: list[dict[str, object]] = [
            {"path": f"body.{field}", "message": message} for field, message in faults
        ]
        raise Invalid(f"{problems[0]['path']}: {problems[0]['message']}", problems=problems)


async def _store(
    session: AsyncSession, *, asked: NewKey, actor: str, replaces_id: int | None, now: datetime
) -> tuple[ApiKey, str]:
    secret = new_token(KEY_PREFIX)
    row = ApiKey(
        name=asked.name,
        shown_prefix=secret[:_SHOWN_CHARS],
        key_hash=token_hash(secret),
        organisation_id=asked.organisation_id,
        estate_ids=None if asked.estate_ids is None else sorted(set(asked.estate_ids)),
        permissions=sorted(asked.permissions),
        requests_per_minute=asked.requests_per_minute,
        made_by=actor,
        created_at=now,
        expires_at=asked.expires_at,
        replaces_id=replaces_id,
    )
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as error:
        raise NotFound(f"organisation {asked.organisation_id} does not exist") from error
    await _record(session, row=row, old=None, new=_facts(row), now=now)
    return row, secret


async def rotate_api_key(
    session: AsyncSession, *, row: ApiKey, overlap_until: datetime, caller: Principal, now: datetime
) -> tuple[ApiKey, str]:
    """Make a key that takes another's place; the old one works until ``overlap_until``.

    :raises KeyEnded: if the old one is revoked or has expired
    :raises BeyondOwn: if it can do what the caller, who is shown the new secret, cannot
    """
    _check_live(row, now=now)
    asked = NewKey(
        row.name,
        frozenset(row.permissions),
        row.organisation_id,
        None if row.estate_ids is None else tuple(row.estate_ids),
        row.expires_at,
        row.requests_per_minute,
    )
    await _check_own(session, asked=asked, caller=caller)
    made = await _store(session, asked=asked, actor=caller.actor, replaces_id=row.api_key_id, now=now)
    old = _facts(row)
    row.expires_at = min(overlap_until, row.expires_at or overlap_until)
    await session.flush()
    await _record(session, row=row, old=old, new=_facts(row), now=now)
    return made


async def revoke_api_key(session: AsyncSession, *, row: ApiKey, actor: str, now: datetime) -> None:
    """End an API key at once.

    :raises KeyEnded: if it has ended before
    """
    _check_live(row, now=now)
    old = _facts(row)
    row.revoked_at, row.revoked_by = now, actor
    await session.flush()
    await _record(session, row=row, old=old, new=_facts(row), now=now)


def _check_live(row: ApiKey, *, now: datetime) -> None:
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise KeyEnded(f"API key {row.api_key_id} is revoked or has expired")


async def note_key_use(session: AsyncSession, *, api_key_id: int, now: datetime) -> None:
    """Remember that a key was used, to the minute; twice in a minute writes once."""
    minute = now.replace(second=0, microsecond=0)
    await session.execute(
        update(ApiKey)
        .where(
            ApiKey.api_key_id == api_key_id,
            or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < minute),
        )
        .values(last_used_at=minute)
    )


async def api_key_for(session: AsyncSession, *, api_key_id: int, caller: Principal) -> ApiKey:
    """Return a key that a caller may manage.

    :raises mita.kit.errors.NotFound: if there is no such key for the caller
    """
    row = await queries.api_key(session, api_key_id=api_key_id)
    if not may_manage_key(caller, row=row):
        raise NotFound(f"API key {api_key_id} does not exist")
    return row


async def _record(
    session: AsyncSession,
    *,
    row: ApiKey,
    old: dict[str, object] | None,
    new: dict[str, object],
    now: datetime,
) -> None:
    # a key of one estate is that estate's affair, any other the platform's
    is_of_one = row.estate_ids is not None and len(row.estate_ids) == 1
    estate_id = row.estate_ids[0] if is_of_one and row.estate_ids else PLATFORM
    subject = f"api_key:{row.api_key_id}"
    await record_change(
        session, estate_id=estate_id, subject=subject, old=old, new=new, is_seen=False, now=now
    )


def _facts(row: ApiKey) -> dict[str, object]:
    return {
        "name": row.name,
        "organisation_id": row.organisation_id,
        "estate_ids": row.estate_ids,
        "permissions": row.permissions,
        "requests_per_minute": row.requests_per_minute,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }
