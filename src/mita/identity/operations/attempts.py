"""Attempts to sign in are counted before they are looked at, so that many at once count too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from mita.identity.domain.attempts import FORGOTTEN_AFTER, lock_after
from mita.identity.models import SignInFailure
from mita.identity.operations.audit import PLATFORM, record_audit
from mita.kit.seal import seals_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.ext.asyncio import AsyncSession

_ABOUT = "sign_in_failure"


async def count_attempt(session: AsyncSession, *, of: str, now: datetime) -> timedelta | None:
    """Count an attempt at ``of`` (``email:t@example.com``, ``factor:7``) as failed, until it succeeds.

    Return None if it may go on, or how long ``of`` is closed yet, whether it exists or not. The transaction
    is to be committed before the attempt is looked at.
    """
    mark = seals_of(session).mark(of, about=_ABOUT)
    await session.execute(
        insert(SignInFailure).values(mark=mark, failures=0, last_at=now).on_conflict_do_nothing()
    )
    row = (
        await session.scalars(
            select(SignInFailure)
            .where(SignInFailure.mark == mark)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one()
    if row.locked_until is not None and row.locked_until > now:
        return row.locked_until - now
    row.failures = 1 if row.last_at < now - FORGOTTEN_AFTER else row.failures + 1
    row.last_at = now
    closed_for = lock_after(row.failures)
    row.locked_until = None if closed_for is None else now + closed_for
    await session.flush()
    return None


async def record_failure(session: AsyncSession, *, hint: str, way: str, now: datetime) -> None:
    """Write into the audit log that a sign-in failed; ``hint`` shows a little of the name typed."""
    await record_audit(
        session,
        estate_id=PLATFORM,
        actor="anonymous",
        action="identity.session.refused",
        subject=f"identifier:{hint}",
        new={"way": way},
        outcome="refused",
        now=now,
    )


async def forget_attempts(session: AsyncSession, *, of: str) -> None:
    """Let an attempt at ``of`` have succeeded: its failures are forgotten."""
    marks = seals_of(session).marks(of, about=_ABOUT)
    await session.execute(delete(SignInFailure).where(SignInFailure.mark.in_(marks)))
