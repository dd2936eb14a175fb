"""Writes of device tokens: issued for one device of one estate, revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.identity.domain import DEVICE_PREFIX, new_token, token_hash
from mita.identity.models import DeviceToken
from mita.identity.models.keys import DEVICE_TOKEN
from mita.kit.errors import Conflict, Invalid
from mita.kit.ids import new_id
from mita.kit.seal import seals_of

from .audit import record_change

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


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
