"""Routes of access: grants, invitations, the audit trail."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, status

from mita.estates import operations as estate_operations
from mita.estates import queries as estate_queries
from mita.identity import queries as identity_queries
from mita.identity.domain import Permission
from mita.identity.operations import PersonsOnly
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Limit, Page, page_of
from mita.kit.web import Asking, EstateId, Now, Session, edge, needs, refusals
from mita.wallets import operations, queries
from mita.wallets.domain import Right, read_code
from mita.wallets.operations import AccessExists, InvitationOver, RightMissing
from mita.wallets.schemas.access import (
    AccessEventOut,
    AccessIn,
    CodeIn,
    GrantIn,
    GrantOut,
    Grants,
    InvitationIn,
    InvitationMade,
    InvitationOut,
    Invitations,
    access_event_out,
    grant_out,
    invitation_out,
)

router = APIRouter()
_WALLET = "/estates/{estate_id}/wallets/{wallet_id}"


@router.get(
    _WALLET + "/grants",
    operation_id="list_grants",
    summary="List who has access to a wallet",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_grants(
    request: Request, session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id
) -> Grants:
    """Live grants, oldest first, whole; who is neither staff nor manager sees one's own."""
    access = await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )
    sees_all = access is None or access.allows(Right.MANAGE)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.live_grants(session, estate_id=estate_id, wallet_id=wallet_id)
    mine = [row for row in rows if sees_all or row.person_id == caller.person_id]
    # a person's own session reads no names: these are of people whose grants the caller was shown
    async with edge(request).database.unit_of_work(estates=[]) as whole:
        persons = await identity_queries.persons(whole, person_ids=[row.person_id for row in mine])
        names = {each.person_id: each.name for each in persons}
    return Grants(
        items=[grant_out(row, currency=estate.currency, person_name=names.get(row.person_id)) for row in mine]
    )


@router.post(
    _WALLET + "/grants",
    operation_id="grant_access",
    summary="Give a person access to a wallet",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, RightMissing, AccessExists, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def grant_access(
    session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id, body: GrantIn, now: Now
) -> GrantOut:
    """Staff gives any access, a manager of the wallet up to what the manager has.

    To somebody whom the estate knows; whom it does not know is invited.
    """
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )
    await estate_operations.require_known_person(
        session, estate_id=estate_id, person_id=body.person_id, caller=caller
    )
    row = await operations.grant_access(
        session,
        estate_id=estate_id,
        wallet_id=wallet_id,
        person_id=body.person_id,
        access=body.access(),
        caller=caller,
        now=now,
        sees_from=body.sees_from,
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    return grant_out(row, currency=estate.currency)


@router.get(
    _WALLET + "/grants/{grant_id}",
    operation_id="get_grant",
    summary="Get what a grant gives",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_grant(
    session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id, grant_id: UUID
) -> GrantOut:
    """One that is live; who is neither staff nor manager sees one's own."""
    access = await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )
    row = await queries.grant(session, estate_id=estate_id, wallet_id=wallet_id, grant_id=grant_id)
    sees_all = access is None or access.allows(Right.MANAGE)
    if row.revoked_at is not None or not (sees_all or row.person_id == caller.person_id):
        raise NotFound(f"grant {grant_id} does not exist for wallet {wallet_id}")
    estate = await estate_queries.estate(session, estate_id=estate_id)
    return grant_out(row, currency=estate.currency)


@router.put(
    _WALLET + "/grants/{grant_id}",
    operation_id="change_access",
    summary="Change what a grant gives",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def change_access(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    grant_id: UUID,
    body: AccessIn,
    now: Now,
) -> GrantOut:
    """Everybody chooses the alerts to hear of; the rest is for staff and managers of the wallet."""
    row = await operations.change_access(
        session,
        estate_id=estate_id,
        wallet_id=wallet_id,
        grant_id=grant_id,
        access=body.access(),
        caller=caller,
        now=now,
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    return grant_out(row, currency=estate.currency)


@router.delete(
    _WALLET + "/grants/{grant_id}",
    operation_id="revoke_access",
    summary="Revoke a grant",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def revoke_access(
    session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id, grant_id: UUID, now: Now
) -> GrantOut:
    """Staff and managers revoke any of the wallet's, everybody gives up their own."""
    row = await operations.revoke_access(
        session, estate_id=estate_id, wallet_id=wallet_id, grant_id=grant_id, caller=caller, now=now
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    return grant_out(row, currency=estate.currency)


@router.get(
    _WALLET + "/access-events",
    operation_id="list_access_events",
    summary="List what happened to the access to a wallet",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_access_events(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[AccessEventOut]:
    """Newest first; for staff and managers of the wallet."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.access_events(
        session, estate_id=estate_id, wallet_id=wallet_id, before=before, limit=limit + 1
    )
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: access_event_out(row, currency=estate.currency),
        cursor=lambda item: str(item.access_event_id),
    )


@router.get(
    _WALLET + "/invitations",
    operation_id="list_invitations",
    summary="List a wallet's open invitations",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_invitations(
    session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id
) -> Invitations:
    """Those neither accepted nor withdrawn, oldest first, whole; for staff and managers of the wallet."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.invitations(session, estate_id=estate_id, wallet_id=wallet_id)
    return Invitations(items=[invitation_out(row, currency=estate.currency) for row in rows])


@router.post(
    _WALLET + "/invitations",
    operation_id="invite_person",
    summary="Invite somebody to a wallet",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def invite_person(
    session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id, body: InvitationIn, now: Now
) -> InvitationMade:
    """Answer the code once; who sends it to the person is you."""
    row, code = await operations.invite(
        session,
        estate_id=estate_id,
        wallet_id=wallet_id,
        email=body.email,
        access=body.access(),
        expires_at=now + timedelta(days=body.valid_days),
        caller=caller,
        now=now,
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    shown = invitation_out(row, currency=estate.currency)
    return InvitationMade(**dict(shown), code=code)


@router.delete(
    _WALLET + "/invitations/{invitation_id}",
    operation_id="withdraw_invitation",
    summary="Withdraw an invitation",
    responses=refusals(NotFound, RightMissing, InvitationOver, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def withdraw_invitation(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    invitation_id: UUID,
    now: Now,
) -> InvitationOut:
    """Its code opens nothing from now on; for staff and managers of the wallet."""
    row = await operations.withdraw_invitation(
        session, estate_id=estate_id, wallet_id=wallet_id, invitation_id=invitation_id, caller=caller, now=now
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    return invitation_out(row, currency=estate.currency)


@router.post(
    "/invitations/accept",
    operation_id="accept_invitation",
    summary="Accept an invitation with its code",
    responses=refusals(NotFound, PersonsOnly, InvitationOver, AccessExists, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def accept_invitation(request: Request, caller: Asking, body: CodeIn, now: Now) -> GrantOut:
    """Give the person who asks what the invitation offers; the same person again gets the same grant."""
    if caller.person_id is None:
        raise PersonsOnly("an invitation is accepted with the token of a person")
    code = read_code(body.code)
    if code is None:
        raise NotFound("there is no such invitation")
    async with edge(request).database.unit_of_work(estates=[code.estate_id]) as session:
        row = await operations.accept_invitation(session, code=code, person_id=caller.person_id, now=now)
        estate = await estate_queries.estate(session, estate_id=code.estate_id)
        await edge(request).record(session, request, estate_id=code.estate_id)
        return grant_out(row, currency=estate.currency)
