"""Second factors: the authenticator app, backup codes, and the question for them while somebody signs in."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, update

from mita.identity import queries
from mita.identity.domain.codes import (
    CODE_TRIES_MAX,
    backup_hash,
    fitting_step,
    new_backup_codes,
    new_secret,
)
from mita.identity.domain.sessions import has_two_factors
from mita.identity.models import BackupCode, Challenge, PersonSession, SecondFactor
from mita.identity.models.sign_in import SECOND_FACTOR_SECRET
from mita.identity.operations.audit import PLATFORM, record_audit
from mita.identity.operations.sessions import SignedIn, Where, begin_session
from mita.kit.errors import Conflict
from mita.kit.ids import new_id
from mita.kit.seal import seals_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

CHALLENGE_LIFE = timedelta(minutes=5)


class SecondFactorExists(Conflict):
    """The person has an authenticator app already; it is removed first."""

    code = "second_factor_exists"
    title = "There is a second factor already"


@dataclass(frozen=True, slots=True)
class FactorNeeded:
    """The first factor was right, the second one is missing; ``ticket`` continues."""

    ticket: str = field(repr=False)
    expires_at: datetime


async def finish_sign_in(
    session: AsyncSession, *, person_id: int, amr: tuple[str, ...], where: Where, now: datetime
) -> SignedIn | FactorNeeded:
    """Begin the session of who has proved themself, or ask for the second factor where the person has one."""
    if has_two_factors(amr) or not await queries.has_second_factor(session, person_id=person_id):
        return await begin_session(session, person_id=person_id, amr=amr, where=where, now=now)
    secret = secrets.token_bytes(32)
    row = Challenge(
        challenge_id=new_id(),
        purpose="second_factor",
        person_id=person_id,
        secret=hashlib.sha256(secret).digest(),
        amr=list(amr),
        tries=0,
        created_at=now,
        expires_at=now + CHALLENGE_LIFE,
    )
    session.add(row)
    await session.flush()
    return FactorNeeded(f"{row.challenge_id.hex}.{secret.hex()}", row.expires_at)


async def ticket_person(session: AsyncSession, *, ticket: str, now: datetime) -> int | None:
    """Return who a ticket continues the sign-in of, or None if it is none or over."""
    row = await _challenge(session, ticket=ticket, now=now)
    return None if row is None else row.person_id


async def _challenge(session: AsyncSession, *, ticket: str, now: datetime) -> Challenge | None:
    name, _, secret = ticket.partition(".")
    try:
        challenge_id, shown = UUID(hex=name), bytes.fromhex(secret)
    except ValueError:
        return None
    row = await session.get(Challenge, challenge_id, populate_existing=True, with_for_update=True)
    if row is None or row.purpose != "second_factor" or row.used_at is not None or row.expires_at <= now:
        return None
    fits = secrets.compare_digest(hashlib.sha256(shown).digest(), bytes(row.secret))
    return row if fits and row.tries < CODE_TRIES_MAX else None


async def pass_second_factor(
    session: AsyncSession, *, ticket: str, code: str, where: Where, now: datetime
) -> SignedIn | None:
    """Begin the session that a ticket continues, with a code of the app or a backup code; None if wrong.

    The caller commits what was counted, also when it answers that the code is wrong.
    """
    row = await _challenge(session, ticket=ticket, now=now)
    if row is None or row.person_id is None:
        return None
    way = await use_factor(session, person_id=row.person_id, code=code, now=now)
    if way is None:
        row.tries += 1
        await session.flush()
        return None
    row.used_at = now
    amr = (*row.amr, way)
    return await begin_session(session, person_id=row.person_id, amr=amr, where=where, now=now)


async def use_factor(session: AsyncSession, *, person_id: int, code: str, now: datetime) -> str | None:
    """Use up a code of a person's app (``otp``) or a backup code (``backup``); None if it is neither."""
    row = await queries.second_factor(session, person_id=person_id, lock=True)
    if row is None or row.confirmed_at is None:
        return None
    secret = seals_of(session).open(bytes(row.secret_sealed), about=SECOND_FACTOR_SECRET.about).decode()
    step = fitting_step(secret, code=code.strip(), after_step=row.last_step, now=now)
    if step is not None:
        row.last_step = step
        await session.flush()
        return "otp"
    used = await session.execute(
        update(BackupCode)
        .where(
            BackupCode.person_id == person_id,
            BackupCode.code_hash == backup_hash(code),
            BackupCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(BackupCode.code_hash)
    )
    if used.one_or_none() is None:
        return None
    await _record(session, person_id=person_id, action="identity.backup_code.used", now=now)
    return "backup"


async def enrol_factor(session: AsyncSession, *, person_id: int, now: datetime) -> str:
    """Return the secret of a new authenticator app, which counts once it is confirmed.

    :raises SecondFactorExists: if there is a confirmed one
    """
    if await queries.has_second_factor(session, person_id=person_id):
        raise SecondFactorExists("remove the authenticator app that you have first")
    await session.execute(delete(SecondFactor).where(SecondFactor.person_id == person_id))
    secret = new_secret()
    sealed = seals_of(session).seal(secret.encode(), about=SECOND_FACTOR_SECRET.about)
    session.add(SecondFactor(person_id=person_id, secret_sealed=sealed, last_step=0, created_at=now))
    await session.flush()
    return secret


async def store_factor(session: AsyncSession, *, person_id: int, secret: str, now: datetime) -> None:
    """Let an app with a known secret (base32) be a person's at once: where nobody can type its first code.

    :raises SecondFactorExists: if there is a confirmed one
    """
    if await queries.has_second_factor(session, person_id=person_id):
        raise SecondFactorExists("remove the authenticator app that there is first")
    await session.execute(delete(SecondFactor).where(SecondFactor.person_id == person_id))
    sealed = seals_of(session).seal(secret.encode(), about=SECOND_FACTOR_SECRET.about)
    row = SecondFactor(
        person_id=person_id, secret_sealed=sealed, confirmed_at=now, last_step=0, created_at=now
    )
    session.add(row)
    await session.flush()
    await _record(session, person_id=person_id, action="identity.second_factor.confirmed", now=now)


async def confirm_factor(
    session: AsyncSession, *, person_id: int, session_id: UUID, code: str, now: datetime
) -> list[str] | None:
    """Let a person's app count, with a code of it; return backup codes, shown once, or None if it is wrong.

    The session it was done in has its second factor from now on.

    :raises SecondFactorExists: if it is confirmed already
    """
    row = await queries.second_factor(session, person_id=person_id, lock=True)
    if row is None:
        return None
    if row.confirmed_at is not None:
        raise SecondFactorExists("the authenticator app is confirmed already")
    secret = seals_of(session).open(bytes(row.secret_sealed), about=SECOND_FACTOR_SECRET.about).decode()
    step = fitting_step(secret, code=code.strip(), after_step=row.last_step, now=now)
    if step is None:
        return None
    row.confirmed_at, row.last_step = now, step
    own = await session.get(PersonSession, session_id, populate_existing=True, with_for_update=True)
    assert own is not None, "the caller's own"
    own.amr, own.has_second_factor = [*own.amr, "otp"], True
    await session.flush()
    await _record(session, person_id=person_id, action="identity.second_factor.confirmed", now=now)
    return await renew_backup_codes(session, person_id=person_id, now=now)


async def renew_backup_codes(session: AsyncSession, *, person_id: int, now: datetime) -> list[str]:
    """Return new backup codes, shown once; those from before open nothing any more."""
    await session.execute(delete(BackupCode).where(BackupCode.person_id == person_id))
    codes = new_backup_codes()
    session.add_all(
        [BackupCode(person_id=person_id, code_hash=backup_hash(code), created_at=now) for code in codes]
    )
    await session.flush()
    return codes


async def remove_factor(session: AsyncSession, *, person_id: int, actor: str, now: datetime) -> None:
    """Take a person's app and backup codes away; their sessions have one factor from now on."""
    await session.execute(delete(BackupCode).where(BackupCode.person_id == person_id))
    await session.execute(delete(SecondFactor).where(SecondFactor.person_id == person_id))
    await session.execute(
        update(PersonSession)
        .where(PersonSession.person_id == person_id, ~PersonSession.amr.contains(["passkey"]))
        .values(has_second_factor=False)
    )
    await record_audit(
        session,
        estate_id=PLATFORM,
        actor=actor,
        action="identity.second_factor.removed",
        subject=f"person:{person_id}",
        now=now,
    )


async def _record(session: AsyncSession, *, person_id: int, action: str, now: datetime) -> None:
    await record_audit(
        session,
        estate_id=PLATFORM,
        actor=f"person:{person_id}",
        action=action,
        subject=f"person:{person_id}",
        now=now,
    )
