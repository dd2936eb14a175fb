"""Writes of impersonations: support looks through a person's eyes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.identity import queries
from mita.identity.domain import IMPERSONATION_PREFIX, Permission, new_token, token_hash
from mita.identity.events import PersonImpersonated
from mita.identity.models import Impersonation
from mita.kit.errors import Conflict, Forbidden, Invalid
from mita.kit.events import publish
from mita.kit.ids import new_id

from .audit import PLATFORM, record_change

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.identity.domain import Principal

MINUTES_MAX = 60


class ImpersonationEnded(Conflict):
    """The impersonation is over."""

    code = "impersonation_ended"
    title = "The impersonation has ended"


class NotToBeImpersonated(Forbidden):
    """Whoever runs the platform, or may do more than the caller, is not; nor is it from an impersonation."""

    code = "not_to_be_impersonated"
    title = "This person may do more than you"


async def start_impersonation(
    session: AsyncSession,
    *,
    person_id: int,
    reason: str,
    minutes: int,
    may_write: bool,
    caller: Principal,
    now: datetime,
) -> tuple[Impersonation, str]:
    """Let support look through a person's eyes for ``minutes``; return it with its token, shown once.

    :raises mita.kit.errors.NotFound: if there is no such person
    :raises Invalid: if it would last longer than an hour
    :raises NotToBeImpersonated: if the person runs the platform, or may do something that the caller may not,
        or the caller is support in an impersonation, a program or a device
    """
    if not 1 <= minutes <= MINUTES_MAX:
        message = f"must be 1 to {MINUTES_MAX}"
        raise Invalid(f"body.minutes: {message}", problems=[{"path": "body.minutes", "message": message}])
    person = await queries.person(session, person_id=person_id)
    seen = await queries.principal_of_person(session, person_id=person_id, name=person.name)
    is_self = caller.person_id == person_id
    is_nobody = caller.person_id is None and not caller.is_console
    is_admin = seen.may(Permission.PLATFORM_MANAGE, estate_id=None)
    is_beyond = is_admin or not _covers(caller, other=seen)
    if caller.impersonated_by is not None or is_nobody or is_self or is_beyond:
        raise NotToBeImpersonated(f"person {person_id} cannot be impersonated by you")
    token = new_token(IMPERSONATION_PREFIX)
    row = Impersonation(
        impersonation_id=new_id(),
        person_id=person_id,
        by=caller.actor,
        by_person_id=caller.person_id,
        reason=reason,
        may_write=may_write,
        token_hash=token_hash(token),
        created_at=now,
        ends_at=now + timedelta(minutes=minutes),
    )
    session.add(row)
    await session.flush()
    new = {
        "impersonation_id": str(row.impersonation_id),
        "reason": reason,
        "minutes": minutes,
        "may_write": may_write,
    }
    await record_change(
        session, estate_id=PLATFORM, subject=f"person:{person_id}", old=None, new=new, now=now
    )
    event = PersonImpersonated(
        person_id=person_id, impersonation_id=row.impersonation_id, by=caller.actor, reason=reason
    )
    await publish(session, event, now=now)
    return row, token


def _covers(caller: Principal, *, other: Principal) -> bool:
    """Tell whether a caller may do everything that another's roles allow."""
    for grant in other.grants:
        estates = [None] if grant.estate_ids is None else sorted(grant.estate_ids)
        if not all(
            caller.may(permission, estate_id=each) for each in estates for permission in grant.permissions
        ):
            return False
    return True


async def end_impersonation(session: AsyncSession, *, row: Impersonation, now: datetime) -> None:
    """End one before its time.

    :raises ImpersonationEnded: if it is over
    """
    if row.ended_at is not None or row.ends_at <= now:
        raise ImpersonationEnded(f"impersonation {row.impersonation_id} is over")
    row.ended_at = now
    await session.flush()
    await record_change(
        session,
        estate_id=PLATFORM,
        subject=f"person:{row.person_id}",
        old={"impersonation_id": str(row.impersonation_id), "ended_at": None},
        new={"impersonation_id": str(row.impersonation_id), "ended_at": now},
        now=now,
    )
