"""What is over is taken away: codes, questions, counters, used tokens, old keys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from mita.identity.domain.attempts import FORGOTTEN_AFTER
from mita.identity.domain.sessions import ACCESS_LIFE, KEY_SIGNS_FOR
from mita.identity.models import (
    BackupCode,
    Challenge,
    Identifier,
    OneTimeCode,
    Passkey,
    Password,
    PersonSession,
    RefreshToken,
    SecondFactor,
    SignInFailure,
    SigningKey,
)
from mita.identity.operations.sessions import end_sessions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

# a session that is over can be looked at for so long
_ENDED_KEPT = timedelta(days=30)


async def forget_proofs(session: AsyncSession, *, person_id: int, now: datetime) -> None:
    """Take away all that a person signs in with, and end their sessions, as if they had never signed up."""
    await end_sessions(session, person_id=person_id, because="erased", kept=None, now=now)
    for table in (Identifier, Password, SecondFactor, BackupCode, Passkey, OneTimeCode, Challenge):
        await session.execute(delete(table).where(table.person_id == person_id))


async def tidy_sign_in(session: AsyncSession, *, now: datetime) -> None:
    """Delete what signing in needs no more; a used refresh token stays as long as it tells a theft."""
    await session.execute(delete(OneTimeCode).where(OneTimeCode.expires_at < now - timedelta(hours=1)))
    await session.execute(delete(Challenge).where(Challenge.expires_at < now - timedelta(hours=1)))
    await session.execute(delete(SignInFailure).where(SignInFailure.last_at < now - FORGOTTEN_AFTER))
    await session.execute(delete(RefreshToken).where(RefreshToken.expires_at < now))
    over = (PersonSession.ended_at < now - _ENDED_KEPT) | (PersonSession.expires_at < now - _ENDED_KEPT)
    await session.execute(delete(PersonSession).where(over))
    too_old = SigningKey.created_at <= now - KEY_SIGNS_FOR - ACCESS_LIFE
    await session.execute(delete(SigningKey).where(too_old))
