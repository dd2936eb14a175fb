"""Writes of the audit log; entries are never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text

from mita.identity.domain import masked, names_persons
from mita.identity.models import AuditEntry
from mita.kit import context
from mita.kit.db import act_of, see_estates
from mita.kit.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

PLATFORM = 0
_RECORDED = "mita.recorded"
_SUBJECT_MAX = 300


async def record_audit(
    session: AsyncSession,
    *,
    estate_id: int,
    actor: str,
    action: str,
    subject: str | None,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    outcome: str = "done",
    is_seen: bool = True,
    now: datetime,
) -> None:
    """Write one entry of the audit log, in the transaction of what it tells of.

    ``estate_id`` 0 (``PLATFORM``) is what belongs to no estate; any other is seen by the session, or
    ``is_seen`` is False. ``action`` is an operation of the API or ``feature.thing.verb``; ``subject`` names
    what it was done to: ``unit:7``. ``old`` and ``new`` are values as JSON; secrets and what only names a
    person are hidden. ``outcome`` is ``done`` or ``refused``. Address, correlation id and impersonator come
    from the request.
    """
    cause = context.current()
    with_names = not names_persons(f"{action} {(subject or '').partition(':')[0]}".replace(" ", "_"))
    row = {
        "estate_id": estate_id,
        "audit_entry_id": new_id(),
        "at": now,
        "actor": actor,
        "impersonator": cause.impersonator,
        "action": action,
        "subject": None if subject is None else subject[:_SUBJECT_MAX],
        "outcome": outcome,
        "old": None if old is None else masked(dict(old), with_names=with_names),
        "new": None if new is None else masked(dict(new), with_names=with_names),
        "address": cause.address,
        "correlation_id": cause.correlation_id or None,
        "act_id": act_of(session),
    }
    if is_seen and estate_id != PLATFORM:
        await session.execute(insert(AuditEntry).values(row))
        return
    # the platform's entries are seen by nobody who did not ask for them; the former sight comes back at once
    seen = await session.scalar(text("SELECT current_setting('mita.estates', true)")) or ""
    await see_estates(session, estates=[estate_id])
    await session.execute(insert(AuditEntry).values(row))
    await session.execute(text("SELECT set_config('mita.estates', :seen, true)"), {"seen": seen})


async def record_change(
    session: AsyncSession,
    *,
    estate_id: int,
    subject: str,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    is_seen: bool = True,
    now: datetime,
    action: str = "",
) -> None:
    """Write what an operation changed: values before and after; the request tells who asked.

    ``old`` of None is something new, ``new`` of None something gone. It takes the place of the entry that the
    edge would write of the same request. ``action`` is needed only where there may be no request: a job.
    """
    cause = context.current()
    done = cause.action or action or "changed"
    session.info[_RECORDED] = True
    await record_audit(
        session,
        estate_id=estate_id,
        actor=cause.actor,
        action=done,
        subject=subject,
        old=old,
        new=new,
        is_seen=is_seen,
        now=now,
    )


def is_recorded(session: AsyncSession) -> bool:
    """Tell whether an operation has recorded what it changed since this was last asked."""
    return bool(session.info.pop(_RECORDED, False))
