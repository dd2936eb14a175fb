"""Sessions of persons: begun, continued, ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import text, update

from mita.identity import queries
from mita.identity.domain import token_hash
from mita.identity.domain.sessions import (
    ACCESS_LIFE,
    REFRESH_GRACE,
    REFRESH_LIFE,
    SESSION_LIFE,
    AccessClaims,
    has_two_factors,
    new_refresh_token,
    new_signing_key,
    refresh_text,
    sign_access,
)
from mita.identity.models import PersonSession, RefreshToken, SigningKey
from mita.identity.models.sign_in import SIGNING_SECRET
from mita.identity.operations.audit import PLATFORM, record_audit
from mita.identity.operations.new_devices import tell_of_new_device
from mita.kit.errors import NotFound
from mita.kit.ids import new_id
from mita.kit.seal import seals_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_ABOUT = "refresh_token"


@dataclass(frozen=True, slots=True)
class Where:
    """The device and the address that somebody signs in from.

    ``is_told``: the person is written to, in ``language``, if the device is new to them.
    """

    device: str
    address: str
    language: str = ""
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has begun or goes on, and what to show for it."""

    person_id: int
    session_id: UUID
    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime


async def begin_session(
    session: AsyncSession, *, person_id: int, amr: tuple[str, ...], where: Where, now: datetime
) -> SignedIn:
    """Sign a person in, who has proved themself in the ways of ``amr``."""
    row = PersonSession(
        person_session_id=new_id(),
        person_id=person_id,
        device=where.device[:200],
        address=where.address[:100],
        amr=list(amr),
        has_second_factor=has_two_factors(amr),
        created_at=now,
        last_used_at=now,
        expires_at=now + SESSION_LIFE,
    )
    session.add(row)
    await session.flush()
    token = new_refresh_token()
    expires_at = _add_refresh(session, row, token=token, now=now)
    await session.flush()
    await record_audit(
        session,
        estate_id=PLATFORM,
        actor=f"person:{person_id}",
        action="identity.session.begun",
        subject=f"session:{row.person_session_id}",
        new={"ways": list(amr), "device": row.device},
        now=now,
    )
    if where.is_told:
        await tell_of_new_device(session, begun=row, language=where.language, now=now)
    return await _signed_in(session, row, refresh=(token, expires_at), now=now)


def _add_refresh(session: AsyncSession, row: PersonSession, *, token: str, now: datetime) -> datetime:
    expires_at = min(now + REFRESH_LIFE, row.expires_at)
    session.add(
        RefreshToken(
            token_hash=token_hash(token),
            person_session_id=row.person_session_id,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return expires_at


async def _signed_in(
    session: AsyncSession, row: PersonSession, *, refresh: tuple[str, datetime], now: datetime
) -> SignedIn:
    key = await signing_key(session, now=now)
    secret = seals_of(session).open(bytes(key.secret_sealed), about=SIGNING_SECRET.about)
    expires_at = min(now + ACCESS_LIFE, row.expires_at)
    claims = AccessClaims(row.person_id, row.person_session_id, tuple(row.amr), expires_at)
    return SignedIn(
        row.person_id,
        row.person_session_id,
        sign_access(claims, kid=key.kid, secret=secret, now=now),
        expires_at,
        *refresh,
    )


async def refresh_session(
    session: AsyncSession, *, token: str, where: Where, now: datetime
) -> SignedIn | None:
    """Continue a session with its refresh token, which is used up; None if it is none or the session is over.

    A token that was used before asks for the successor that never arrived. For ``REFRESH_GRACE`` that is the
    same one; later on it is passed over for another one, as long as nobody has used it. Whoever comes with a
    token that was passed over, or whose successor was used, shows that two hold the session: it ends.
    """
    found = await session.get(RefreshToken, token_hash(token))
    # the session's lock comes first: whoever continues it waits here, and changes any of its tokens then
    row = None if found is None else await _live_session(session, session_id=found.person_session_id, now=now)
    old = None if row is None else await _token(session, token)
    if row is None or old is None or old.expires_at <= now:
        return None
    if old.used_at is None and old.passed_over_at is None:
        old.used_at = now
        refresh = _follow(session, row, token=token, now=now)
    else:
        again = None if old.passed_over_at is not None else await _again(session, row, token=token, now=now)
        if again is None:
            await _end(session, row, because="token_reused", now=now)
            return None
        refresh = again
    row.last_used_at = now
    row.device, row.address = where.device[:200], where.address[:100]
    await session.flush()
    return await _signed_in(session, row, refresh=refresh, now=now)


def _follow(session: AsyncSession, row: PersonSession, *, token: str, now: datetime) -> tuple[str, datetime]:
    """Add the token that follows ``token``, and return it with its end."""
    successor = refresh_text(seals_of(session).mark(token, about=_ABOUT))
    return successor, _add_refresh(session, row, token=successor, now=now)


async def _again(
    session: AsyncSession, row: PersonSession, *, token: str, now: datetime
) -> tuple[str, datetime] | None:
    """Return what a token that was used before is answered with; None where its successor was used."""
    found = await _successor(session, token=token)
    while found is not None and found[1].passed_over_at is not None:
        found = await _successor(session, token=found[0])
    if found is None or found[1].used_at is not None:
        return None
    successor, newest = found
    if now - newest.created_at <= REFRESH_GRACE:
        return successor, newest.expires_at
    newest.passed_over_at = now
    return _follow(session, row, token=successor, now=now)


async def _successor(session: AsyncSession, *, token: str) -> tuple[str, RefreshToken] | None:
    """Return the token that was made to follow ``token``, whichever key it was derived with."""
    for mark in seals_of(session).marks(token, about=_ABOUT):
        row = await _token(session, refresh_text(mark))
        if row is not None:
            return refresh_text(mark), row
    return None


async def _token(session: AsyncSession, token: str) -> RefreshToken | None:
    return await session.get(RefreshToken, token_hash(token), populate_existing=True)


async def _live_session(session: AsyncSession, *, session_id: UUID, now: datetime) -> PersonSession | None:
    row = await session.get(PersonSession, session_id, with_for_update=True, populate_existing=True)
    return row if row is not None and row.ended_at is None and row.expires_at > now else None


async def _end(session: AsyncSession, row: PersonSession, *, because: str, now: datetime) -> None:
    row.ended_at, row.ended_because = now, because
    await session.flush()
    await record_audit(
        session,
        estate_id=PLATFORM,
        actor=f"person:{row.person_id}",
        action="identity.session.ended",
        subject=f"session:{row.person_session_id}",
        new={"because": because},
        now=now,
    )


async def sign_out(session: AsyncSession, *, token: str, now: datetime) -> None:
    """End the session of a refresh token; one that is over, or a token of nobody, changes nothing."""
    old = await session.get(RefreshToken, token_hash(token), populate_existing=True)
    row = None if old is None else await _live_session(session, session_id=old.person_session_id, now=now)
    if row is not None:
        await _end(session, row, because="signed_out", now=now)


async def end_session(session: AsyncSession, *, person_id: int, session_id: UUID, now: datetime) -> None:
    """End one session of a person; one that is over stays so.

    :raises mita.kit.errors.NotFound: if the person has no such session
    """
    row = await session.get(PersonSession, session_id, with_for_update=True, populate_existing=True)
    if row is None or row.person_id != person_id:
        raise NotFound(f"session {session_id} does not exist")
    if row.ended_at is None:
        await _end(session, row, because="revoked", now=now)


async def end_sessions(
    session: AsyncSession, *, person_id: int, because: str, kept: UUID | None, now: datetime
) -> int:
    """End all sessions of a person but one that is ``kept``; return how many."""
    statement = (
        update(PersonSession)
        .where(PersonSession.person_id == person_id, PersonSession.ended_at.is_(None))
        .values(ended_at=now, ended_because=because)
        .returning(PersonSession.person_session_id)
    )
    if kept is not None:
        statement = statement.where(PersonSession.person_session_id != kept)
    ended = (await session.execute(statement)).all()
    if ended:
        await record_audit(
            session,
            estate_id=PLATFORM,
            actor=f"person:{person_id}",
            action="identity.session.ended",
            subject=f"person:{person_id}",
            new={"because": because, "sessions": len(ended)},
            now=now,
        )
    return len(ended)


async def signing_key(session: AsyncSession, *, now: datetime) -> SigningKey:
    """Return the key that signs access tokens now; one that is too old is followed by a new one."""
    found = await queries.newest_signing_key(session, now=now)
    if found is not None:
        return found
    # one of several processes makes it, the others find it
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('mita.signing_key'))"))
    return await queries.newest_signing_key(session, now=now) or await rotate_signing_key(session, now=now)


async def rotate_signing_key(session: AsyncSession, *, now: datetime) -> SigningKey:
    """Make a new key that signs from now on; tokens of the one before stay good until they are over."""
    kid, public, secret = new_signing_key()
    sealed = seals_of(session).seal(secret, about=SIGNING_SECRET.about)
    row = SigningKey(kid=kid, public_key=public, secret_sealed=sealed, created_at=now)
    session.add(row)
    await session.flush()
    return row
