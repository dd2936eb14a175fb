"""Writes of device tokens: issued for one device of one estate, renewed by it, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from mita.identity.domain import DEVICE_PREFIX, new_token, token_hash
from mita.identity.models import DeviceToken
from mita.identity.models.keys import DEVICE_TOKEN
from mita.kit.errors import Conflict, Invalid, RateLimited
from mita.kit.ids import new_id
from mita.kit.seal import seals_of

from .audit import record_change

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


# for so long a device may show the token that it has renewed
RENEWED_FOR = timedelta(days=7)
RENEWALS_MAX = 10
_RENEWALS_IN = timedelta(days=1)


class DeviceTokenEnded(Conflict):
    """The device token is revoked or has expired."""

    code = "device_token_ended"
    title = "The device token has ended"


async def issue_device_token(
    session: AsyncSession,
    *,
    estate_id: int,
    device: str,
    expires_at: datetime | None,
    actor: str,
    now: datetime,
) -> tuple[DeviceToken, str]:
    """Issue a token for a device; return it with its text, which is stored as its SHA-256 and sealed.

    Tokens issued before go on working until they are revoked, so that a device can be given a new one while
    it runs. From the first one on, nothing but an issued token opens the broker for this device.

    :raises Invalid: if it would be over at once
    """
    if expires_at is not None and expires_at <= now:
        message = "is over already"
        raise Invalid(
            f"body.expires_at: {message}", problems=[{"path": "body.expires_at", "message": message}]
        )
    return await _new(
        session, estate_id=estate_id, device=device, expires_at=expires_at, actor=actor, now=now
    )


async def renew_device_token(
    session: AsyncSession, *, row: DeviceToken, actor: str, now: datetime
) -> tuple[DeviceToken, str]:
    """Give a device another token for the one that it shows; return it with its text.

    The new one lasts as long as the one before was to last, the one before for seven more days at most: its
    device tries the new one first, and has the old one if the answer was lost.

    :raises RateLimited: if the device has renewed ten times in a day
    """
    since = now - _RENEWALS_IN
    renewals = await session.scalar(
        select(func.count()).where(
            DeviceToken.estate_id == row.estate_id,
            DeviceToken.device == row.device,
            DeviceToken.renews_id.is_not(None),
            DeviceToken.issued_at > since,
        )
    )
    if (renewals or 0) >= RENEWALS_MAX:
        raise RateLimited("this device has renewed its token too often today", retry_after_s=3_600)
    lasts_s = _lasts_s(row)
    made = await _new(
        session,
        estate_id=row.estate_id,
        device=row.device,
        expires_at=now + timedelta(seconds=lasts_s) if lasts_s else None,
        renews_id=row.device_token_id,
        actor=actor,
        now=now,
    )
    ends_at = now + RENEWED_FOR
    if row.expires_at is None or row.expires_at > ends_at:
        old = _facts(row)
        row.expires_at, row.lasts_s = ends_at, lasts_s
        await session.flush()
        await _record(session, row=row, old=old, new=_facts(row), now=now)
    return made


def _lasts_s(row: DeviceToken) -> int:
    """Return for how many seconds a token was issued, whatever it was shortened to since; 0 is for ever."""
    if row.lasts_s is not None:
        return row.lasts_s
    return 0 if row.expires_at is None else int((row.expires_at - row.issued_at).total_seconds())


async def _new(
    session: AsyncSession,
    *,
    estate_id: int,
    device: str,
    expires_at: datetime | None,
    actor: str,
    now: datetime,
    renews_id: UUID | None = None,
) -> tuple[DeviceToken, str]:
    secret = new_token(DEVICE_PREFIX)
    row = DeviceToken(
        estate_id=estate_id,
        device_token_id=new_id(),
        device=device,
        token_hash=token_hash(secret),
        token_sealed=seals_of(session).seal(secret.encode(), about=DEVICE_TOKEN.about),
        issued_by=actor,
        issued_at=now,
        expires_at=expires_at,
        renews_id=renews_id,
    )
    session.add(row)
    await session.flush()
    await _record(session, row=row, old=None, new=_facts(row), now=now)
    return row, secret


async def revoke_device_token(session: AsyncSession, *, row: DeviceToken, actor: str, now: datetime) -> None:
    """End a device token; a connected device is put out within seconds.

    :raises DeviceTokenEnded: if it has ended before
    """
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise DeviceTokenEnded(f"device token {row.device_token_id} is revoked or has expired")
    old = _facts(row)
    row.revoked_at, row.revoked_by, row.token_sealed = now, actor, None
    await session.flush()
    await _record(session, row=row, old=old, new=_facts(row), now=now)


async def _record(
    session: AsyncSession,
    *,
    row: DeviceToken,
    old: dict[str, object] | None,
    new: dict[str, object],
    now: datetime,
) -> None:
    await record_change(
        session,
        estate_id=row.estate_id,
        subject=f"device:{row.device}",
        old=old,
        new=new,
        now=now,
        action="identity.device_token.changed",
    )


def _facts(row: DeviceToken) -> dict[str, object]:
    return {
        "device_token_id": str(row.device_token_id),
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }
