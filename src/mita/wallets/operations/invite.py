"""People are invited to a wallet by a one-time code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from mita.identity.domain import person_of_actor
from mita.kit.errors import Conflict, NotFound
from mita.kit.ids import new_id
from mita.wallets import queries
from mita.wallets.domain import Access, InvitationCode, Right, new_code
from mita.wallets.models import AccessGrant, Invitation
from mita.wallets.operations.access import RightMissing, record_event, record_grant, require_right
from mita.wallets.operations.sight import sight_of_new

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller


class InvitationOver(Conflict):
    """The invitation was accepted or withdrawn, or has expired."""

    code = "invitation_over"
    title = "The invitation is over"


async def invite(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    email: str,
    access: Access,
    expires_at: datetime,
    caller: Caller,
    now: datetime,
) -> tuple[Invitation, str]:
    """Invite somebody to a wallet; return the invitation and its code, of which only the hash is kept.

    :raises NotFound: if the wallet does not exist for the caller
    :raises RightMissing: if the caller may not give this
    """
    own = await require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE
    )
    if own is not None and not own.may_give(access):
        raise RightMissing("you may give at most what you have: mind the limit of a single top-up")
    assert expires_at > now, "an invitation lasts for a while"
    code = new_code(estate_id=estate_id, invitation_id=new_id())
    row = Invitation(
        estate_id=estate_id,
        invitation_id=code.invitation_id,
        wallet_id=wallet_id,
        rights=access.right.shown,
        top_up_limit_micro=access.top_up_limit_micro,
        email=email,
        code_hash=code.hash,
        invited_by=caller.actor,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    record_event(session, of=row, kind="invited", actor=caller.actor, new=access, now=now)
    await session.flush()
    return row, code.text


async def withdraw_invitation(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    invitation_id: UUID,
    caller: Caller,
    now: datetime,
) -> Invitation:
    """End an invitation that nobody has accepted; staff and managers may.

    :raises NotFound: if the wallet does not exist for the caller, or has no such invitation
    :raises RightMissing: if the caller is no manager
    :raises InvitationOver: if it was accepted or withdrawn
    """
    await require_right(session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE)
    found = await queries.invitation(session, estate_id=estate_id, invitation_id=invitation_id, lock=True)
    if found.wallet_id != wallet_id:
        raise NotFound(f"invitation {invitation_id} does not exist for wallet {wallet_id}")
    if found.accepted_at is not None or found.withdrawn_at is not None:
        raise InvitationOver(f"invitation {invitation_id} is over")
    found.withdrawn_at = now
    record_event(session, of=found, kind="withdrawn", actor=caller.actor, now=now)
    await session.flush()
    return found


async def accept_invitation(
    session: AsyncSession, *, code: InvitationCode, person_id: int, now: datetime
) -> AccessGrant:
    """Give a person what an invitation offers, once; the same person again gets the same grant.

    The session sees the estate of the code. The grant is its inviter's.

    :raises NotFound: if the code is not one that was made
    :raises InvitationOver: if it was accepted by another, withdrawn, or has expired
    :raises mita.wallets.operations.AccessExists: if the person has access already; the invitation stays
    """
    try:
        found = await queries.invitation(
            session, estate_id=code.estate_id, invitation_id=code.invitation_id, lock=True
        )
    except NotFound as error:
        # the same words as for a wrong secret: ids of invitations can be guessed
        raise NotFound("there is no such invitation") from error
    if not code.opens(bytes(found.code_hash)):
        raise NotFound("there is no such invitation")
    if found.accepted_by == person_id:
        live = await queries.live_grant(
            session, estate_id=code.estate_id, wallet_id=found.wallet_id, person_id=person_id
        )
        if live is not None:
            return live
    if found.accepted_at is not None or found.withdrawn_at is not None or found.expires_at <= now:
        raise InvitationOver("the invitation was accepted or withdrawn, or has expired")
    access = Access(Right.of(found.rights), found.top_up_limit_micro)
    sight = await sight_of_new(
        session,
        estate_id=code.estate_id,
        wallet_id=found.wallet_id,
        person_id=person_id,
        giver_id=person_of_actor(found.invited_by),
        now=now,
    )
    made = await record_grant(
        session,
        estate_id=code.estate_id,
        wallet_id=found.wallet_id,
        person_id=person_id,
        access=access,
        sight=sight,
        actor=found.invited_by,
        now=now,
    )
    await session.execute(
        update(Invitation)
        .where(Invitation.estate_id == code.estate_id, Invitation.invitation_id == code.invitation_id)
        .values(accepted_at=now, accepted_by=person_id)
    )
    return made
