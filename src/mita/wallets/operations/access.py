"""Access to wallets is granted, changed and revoked; each time the audit trail says who did it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.identity import queries as identity_queries
from mita.identity.domain import Permission, person_actor
from mita.kit.errors import Conflict, Forbidden, NotFound
from mita.kit.ids import new_id
from mita.kit.live import ACCESS_TOPIC, hint
from mita.wallets import queries
from mita.wallets.domain import EVERYTHING, Access, Right, Sight
from mita.wallets.models import AccessEvent, AccessGrant, Invitation
from mita.wallets.operations.sight import sight_of_new

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller


# what a role in the whole estate must include to have a right to each of its wallets
PERMISSION_OF_RIGHT = {
    Right.VIEW: Permission.WALLETS_READ,
    Right.TOP_UP: Permission.WALLETS_TOP_UP,
    Right.MANAGE: Permission.WALLETS_MANAGE,
}


class RightMissing(Forbidden):
    """The caller has access to the wallet, but not the right that this needs."""

    code = "right_missing"
    title = "Your right to the wallet does not include this"


class AboveTopUpLimit(Forbidden):
    """A single top-up is above what the grant allows."""

    code = "above_top_up_limit"
    title = "The top-up is above your limit"


class AccessExists(Conflict):
    """The person has access to the wallet already; change it instead."""

    code = "access_exists"
    title = "The person has access already"


async def require_right(
    session: AsyncSession, *, estate_id: int, wallet_id: int, caller: Caller, right: Right
) -> Access | None:
    """Return the access under which a caller has a right to a wallet; None if a role in the estate gives it.

    :raises NotFound: if the wallet does not exist, or not for this caller
    :raises RightMissing: if the caller may see it, and no more
    """
    await queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    if caller.may(PERMISSION_OF_RIGHT[right], estate_id=estate_id):
        return None
    found = None
    if caller.person_id is not None:
        found = await queries.live_grant(
            session, estate_id=estate_id, wallet_id=wallet_id, person_id=caller.person_id
        )
    if found is None:
        if caller.may(Permission.WALLETS_READ, estate_id=estate_id):
            raise RightMissing(f"this needs the permission {PERMISSION_OF_RIGHT[right]}")
        raise NotFound(f"wallet {wallet_id} does not exist in estate {estate_id}")
    access = queries.access_of(found)
    if not access.allows(right):
        raise RightMissing(f"this needs the right {right.shown}, and you have {access.right.shown}")
    return access


async def require_top_up(
    session: AsyncSession, *, estate_id: int, wallet_id: int, caller: Caller, amount_micro: int
) -> None:
    """Let a caller top a wallet up by positive micro-money in one go, or refuse.

    :raises NotFound: if the wallet does not exist, or not for this person
    :raises RightMissing: if the person may not top it up
    :raises AboveTopUpLimit: if the person may top it up by less at a time
    """
    access = await require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.TOP_UP
    )
    if access is not None and not access.allows_top_up(amount_micro):
        raise AboveTopUpLimit(f"a single top-up may be at most {access.top_up_limit_micro} micro")


async def grant_access(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    person_id: int,
    access: Access,
    caller: Caller,
    now: datetime,
    sees_from: datetime | None = None,
    sight: Sight | None = None,
) -> AccessGrant:
    """Give a person access to a wallet: staff gives any, a manager up to what the manager has.

    It shows from an instant on that is asked for (``sees_from``), or else that follows from who lives
    there and who owns it; or ``sight`` says it exactly.

    :raises NotFound: if the wallet does not exist for the caller, or the person does not exist
    :raises RightMissing: if the caller may not give this
    :raises AccessExists: if the person has access already
    """
    await _require_giving(session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, access=access)
    if sight is None:
        is_staff = caller.may(PERMISSION_OF_RIGHT[Right.MANAGE], estate_id=estate_id)
        sight = await sight_of_new(
            session,
            estate_id=estate_id,
            wallet_id=wallet_id,
            person_id=person_id,
            giver_id=None if is_staff else caller.person_id,
            asked=sees_from,
            now=now,
        )
    return await record_grant(
        session,
        estate_id=estate_id,
        wallet_id=wallet_id,
        person_id=person_id,
        access=access,
        sight=sight,
        actor=caller.actor,
        now=now,
    )


async def _require_giving(
    session: AsyncSession, *, estate_id: int, wallet_id: int, caller: Caller, access: Access
) -> None:
    own = await require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE
    )
    if own is not None and not own.may_give(access):
        raise RightMissing("you may give at most what you have: mind the limit of a single top-up")


async def record_grant(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    person_id: int,
    access: Access,
    actor: str,
    now: datetime,
    sight: Sight = EVERYTHING,
) -> AccessGrant:
    """Write a grant that somebody was allowed to give.

    :raises NotFound: if the person does not exist
    :raises AccessExists: if the person has access already
    """
    await identity_queries.person(session, person_id=person_id)
    row = {
        "estate_id": estate_id,
        "grant_id": new_id(),
        "wallet_id": wallet_id,
        "person_id": person_id,
        "rights": access.right.shown,
        "top_up_limit_micro": access.top_up_limit_micro,
        "hears": [kind.value for kind in access.hears],
        "granted_by": actor,
        "granted_at": now,
        "sees_from": sight.sees_from,
        "sees_after": dict(sight.after),
    }
    statement = pg_insert(AccessGrant).values(row).on_conflict_do_nothing().returning(AccessGrant)
    made = await session.scalar(statement)
    if made is None:
        raise AccessExists(f"person {person_id} has access to wallet {wallet_id} already")
    record_event(session, of=made, kind="granted", actor=actor, new=access, now=now)
    await session.flush()
    await hint(session, estate_id=estate_id, topic=ACCESS_TOPIC, ids=[person_id])
    return made


async def change_access(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    grant_id: UUID,
    access: Access,
    caller: Caller,
    now: datetime,
) -> AccessGrant:
    """Change what a live grant gives; the same again changes nothing.

    Everybody chooses what alerts to hear of; the rest is for staff and managers.

    :raises NotFound: if the wallet does not exist for the caller, or has no such live grant
    :raises RightMissing: if the caller may not give this
    """
    await require_right(session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW)
    found = await _live(session, estate_id=estate_id, wallet_id=wallet_id, grant_id=grant_id)
    before = queries.access_of(found)
    if before == access:
        return found
    if found.person_id != caller.person_id or replace(before, hears=access.hears) != access:
        await _require_giving(session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, access=access)
    found.rights = access.right.shown
    found.top_up_limit_micro = access.top_up_limit_micro
    found.hears = [kind.value for kind in access.hears]
    record_event(session, of=found, kind="changed", actor=caller.actor, old=before, new=access, now=now)
    await session.flush()
    if access.right < Right.MANAGE:
        await _withdraw_invitations(session, of=found, actor=caller.actor, now=now)
    return found


async def revoke_access(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    grant_id: UUID,
    caller: Caller,
    now: datetime,
) -> AccessGrant:
    """End a live grant: staff and managers any of the wallet's, everybody their own.

    Invitations that the person made and nobody has accepted end with it.

    :raises NotFound: if the wallet does not exist for the caller, or has no such live grant
    :raises RightMissing: if it is another's and the caller is no manager
    """
    await require_right(session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW)
    found = await _live(session, estate_id=estate_id, wallet_id=wallet_id, grant_id=grant_id)
    if found.person_id != caller.person_id:
        await require_right(
            session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE
        )
    found.revoked_at = now
    found.revoked_by = caller.actor
    old = queries.access_of(found)
    record_event(session, of=found, kind="revoked", actor=caller.actor, old=old, now=now)
    await session.flush()
    await hint(session, estate_id=estate_id, topic=ACCESS_TOPIC, ids=[found.person_id])
    await _withdraw_invitations(session, of=found, actor=caller.actor, now=now)
    return found


async def _live(session: AsyncSession, *, estate_id: int, wallet_id: int, grant_id: UUID) -> AccessGrant:
    found = await queries.grant(session, estate_id=estate_id, wallet_id=wallet_id, grant_id=grant_id)
    await session.refresh(found, with_for_update={"key_share": True})
    if found.revoked_at is not None:
        raise NotFound(f"grant {grant_id} is revoked")
    return found


def record_event(
    session: AsyncSession,
    *,
    of: AccessGrant | Invitation,
    kind: str,
    actor: str,
    now: datetime,
    old: Access | None = None,
    new: Access | None = None,
) -> None:
    """Add a line to a wallet's audit trail: what happened, who did it, what was and what is."""
    session.add(
        AccessEvent(
            estate_id=of.estate_id,
            access_event_id=new_id(),
            wallet_id=of.wallet_id,
            person_id=of.person_id if isinstance(of, AccessGrant) else None,
            kind=kind,
            actor=actor,
            old=None if old is None else old.recorded(),
            new=None if new is None else new.recorded(),
            created_at=now,
        )
    )


async def end_access_of_person(
    session: AsyncSession, *, estate_id: int, person_id: int, actor: str, now: datetime
) -> int:
    """End all live grants of a person in an estate, who is forgotten; return how many."""
    rows = await session.scalars(
        select(AccessGrant).where(
            AccessGrant.estate_id == estate_id,
            AccessGrant.person_id == person_id,
            AccessGrant.revoked_at.is_(None),
        )
    )
    found = rows.all()
    for row in found:
        old = queries.access_of(row)
        row.revoked_at, row.revoked_by = now, actor
        record_event(session, of=row, kind="revoked", actor=actor, old=old, now=now)
        await session.flush()
        await _withdraw_invitations(session, of=row, actor=actor, now=now)
    return len(found)


async def _withdraw_invitations(session: AsyncSession, *, of: AccessGrant, actor: str, now: datetime) -> None:
    """End what a person who is no manager any more has invited to: nobody may give what they do not have."""
    withdrawn = await session.scalars(
        update(Invitation)
        .where(
            Invitation.estate_id == of.estate_id,
            Invitation.wallet_id == of.wallet_id,
            Invitation.invited_by == person_actor(of.person_id),
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
        .returning(Invitation)
    )
    for row in withdrawn.all():
        record_event(session, of=row, kind="withdrawn", actor=actor, now=now)
    await session.flush()
