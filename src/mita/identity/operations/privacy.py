"""Writes of data protection: consents, erasures, retention."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import delete, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from mita.identity import queries
from mita.identity.domain import RETENTION_DAYS, erased_name
from mita.identity.events import PersonErased
from mita.identity.models import ApiKey, ApiToken, Consent, Erasure, Impersonation, RetentionRule
from mita.kit.errors import Conflict, NotFound
from mita.kit.events import publish
from mita.kit.ids import new_id

from .audit import PLATFORM, record_change
from .roles import revoke_role
from .tidy import forget_proofs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import CursorResult
    from sqlalchemy.ext.asyncio import AsyncSession


class ErasureAsked(Conflict):
    """It was asked for before, and nobody has decided yet."""

    code = "erasure_asked"
    title = "The erasure was asked for before"


class PersonIsErased(Conflict):
    """The person was forgotten before."""

    code = "person_erased"
    title = "The person was erased before"


class ErasureBlocked(Conflict):
    """The person lives somewhere, or owes something; see ``problems``."""

    code = "erasure_blocked"
    title = "Something stands against the erasure"


async def record_consent(
    session: AsyncSession,
    *,
    person_id: int,
    purpose: str,
    text_version: str,
    is_given: bool,
    way: str,
    actor: str,
    now: datetime,
) -> Consent:
    """Write down that a person agreed to a text for a purpose, or took that back; never changed.

    :raises NotFound: if there is no such person
    """
    await queries.person(session, person_id=person_id)
    row = Consent(
        consent_id=new_id(),
        person_id=person_id,
        purpose=purpose,
        text_version=text_version,
        is_given=is_given,
        way=way,
        actor=actor,
        at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def ask_erasure(
    session: AsyncSession, *, person_id: int, reason: str, actor: str, now: datetime
) -> Erasure:
    """Ask for a person to be forgotten; staff decides.

    :raises PersonIsErased: if it was done before
    :raises ErasureAsked: if it was asked for before
    """
    await _check_not_erased(session, person_id=person_id)
    if await _open(session, person_id=person_id) is not None:
        raise ErasureAsked(f"the erasure of person {person_id} was asked for before")
    row = await _ask(session, person_id=person_id, reason=reason, actor=actor, now=now)
    # a reason may name the person, and the log is kept for good
    subject, new = f"person:{person_id}", {"asked_at": now}
    await record_change(session, estate_id=PLATFORM, subject=subject, old=None, new=new, now=now)
    return row


async def _ask(session: AsyncSession, *, person_id: int, reason: str, actor: str, now: datetime) -> Erasure:
    row = Erasure(
        erasure_id=new_id(), person_id=person_id, asked_by=actor, asked_at=now, reason=reason, is_forced=False
    )
    session.add(row)
    await session.flush()
    return row


async def erase_person(
    session: AsyncSession,
    *,
    person_id: int,
    reason: str,
    is_forced: bool,
    actor: str,
    now: datetime,
    estate_id: int,
) -> Erasure:
    """Forget a person: name, addresses, proofs, sessions and roles go, the id stays and with it the books.

    What others wrote of them in notes, names of documents, rows of imports and invitations goes at once too.
    Whoever calls has checked that nothing stands against it, or has forced it. ``estate_id`` is the estate in
    whose audit log it stands; 0 (``PLATFORM``) where no single estate decides.

    :raises NotFound: if there is no such person
    :raises PersonIsErased: if it was done before
    :raises mita.identity.operations.LastPlatformAdmin: if they are the last platform admin
    """
    await _check_not_erased(session, person_id=person_id)
    row = await _open(session, person_id=person_id) or await _ask(
        session, person_id=person_id, reason=reason, actor=actor, now=now
    )
    person = await queries.person(session, person_id=person_id)
    await session.flush()
    # while it is known what is to be looked for
    await session.execute(text("SELECT forget_words_of(:person_id)"), {"person_id": person_id})
    await session.refresh(row)
    person.name, person.email, person.phone = erased_name(person_id), None, None
    person.erased_at = now
    for grant in await queries.role_grants(session, person_id=person_id, is_live=True, now=now):
        await revoke_role(session, row=grant, actor=actor, now=now)
    await forget_proofs(session, person_id=person_id, now=now)
    await session.execute(delete(ApiToken).where(ApiToken.person_id == person_id))
    row.done_at, row.done_by, row.is_forced = now, actor, is_forced
    await session.flush()
    subject, new = f"person:{person_id}", {"is_forced": is_forced, "erased_at": now}
    await record_change(session, estate_id=estate_id, subject=subject, old=None, new=new, now=now)
    await publish(session, PersonErased(person_id=person_id, actor=actor), now=now)
    return row


async def _check_not_erased(session: AsyncSession, *, person_id: int) -> None:
    if (await queries.person(session, person_id=person_id)).erased_at is not None:
        raise PersonIsErased(f"person {person_id} was erased before")


async def _open(session: AsyncSession, *, person_id: int) -> Erasure | None:
    statement = select(Erasure).where(
        Erasure.person_id == person_id, Erasure.done_at.is_(None), Erasure.refused_at.is_(None)
    )
    return await session.scalar(statement.with_for_update())


async def refuse_erasure(session: AsyncSession, *, person_id: int, now: datetime) -> Erasure:
    """Refuse what was asked for.

    :raises NotFound: if nothing was
    """
    row = await _open(session, person_id=person_id)
    if row is None:
        raise NotFound(f"nobody asked for the erasure of person {person_id}")
    row.refused_at = now
    await session.flush()
    return row


async def set_retention(session: AsyncSession, *, kind: str, days: int, actor: str, now: datetime) -> None:
    """Set for how many days a kind of data is kept.

    :raises NotFound: if there is no such kind
    """
    if kind not in RETENTION_DAYS:
        raise NotFound(f"there is no kind of data called {kind!r}")
    old = (await queries.retention_days(session))[kind]
    row = {"kind": kind, "days": days, "updated_by": actor, "updated_at": now}
    statement = insert(RetentionRule).values(row)
    changed = {name: statement.excluded[name] for name in ("days", "updated_by", "updated_at")}
    await session.execute(statement.on_conflict_do_update(index_elements=["kind"], set_=changed))
    await record_change(
        session,
        estate_id=PLATFORM,
        subject=f"kind:{kind}",
        old={"days": old},
        new={"days": days},
        now=now,
    )


async def forget_old(session: AsyncSession, *, now: datetime) -> dict[str, int]:
    """Delete what is older than its kind is kept; return how many rows of each kind."""
    days = await queries.retention_days(session)
    successor = aliased(ApiKey)
    before = {kind: now - timedelta(days=count) for kind, count in days.items()}
    statements = {
        # a key that another one took the place of goes after that one
        "api_keys": delete(ApiKey).where(
            or_(ApiKey.revoked_at < before["api_keys"], ApiKey.expires_at < before["api_keys"]),
            ~select(successor.api_key_id).where(successor.replaces_id == ApiKey.api_key_id).exists(),
        ),
        "impersonations": delete(Impersonation).where(Impersonation.ends_at < before["impersonations"]),
    }
    gone = {}
    for kind, statement in statements.items():
        done = cast("CursorResult[Any]", await session.execute(statement))
        gone[kind] = done.rowcount
    return gone
