"""Routes of groups: wallets that one person pays for."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, KeyReused, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Id, Limit, Page, micro, money
from mita.kit.web import (
    Asking,
    Caller,
    EstateId,
    IdempotencyKey,
    Now,
    Session,
    needs,
    refusals,
    repeat_on_contention,
)
from mita.ledger.operations import NotEnough
from mita.wallets import operations, queries
from mita.wallets.models import WalletGroup
from mita.wallets.operations import GroupFull, NothingToDistribute, RightMissing, WalletInGroup
from mita.wallets.schemas.groups import (
    DistributionIn,
    DistributionOut,
    DistributionRuleIn,
    DistributionRuleOut,
    GroupIn,
    GroupLeft,
    GroupOut,
    GroupTopUpIn,
    GroupTopUpOut,
    MemberIn,
    distribution_out,
    group_out,
    rule_out,
)

router = APIRouter()
GroupId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The group", examples=[1])]


async def _shown(session: AsyncSession, *, estate_id: int, rows: Sequence[WalletGroup]) -> list[GroupOut]:
    estate = await estate_queries.estate(session, estate_id=estate_id)
    balances = await queries.group_balances(session, estate_id=estate_id, groups=rows)
    rules = await queries.standing_orders(
        session, estate_id=estate_id, group_ids=[row.group_id for row in rows]
    )
    return [
        group_out(
            row,
            balance=balances[row.group_id],
            rule=rules.get(row.group_id),
            currency=estate.currency,
        )
        for row in rows
    ]


def _owner(body: GroupIn, caller: Caller, *, estate_id: int) -> int | None:
    if caller.may(Permission.WALLETS_MANAGE, estate_id=estate_id):
        return body.owner_person_id
    if body.owner_person_id not in (None, caller.person_id):
        message = "a person owns what it makes"
        raise Invalid(message, problems=[{"path": "body.owner_person_id", "message": message}])
    return caller.person_id


@router.post(
    "/estates/{estate_id}/wallet-groups",
    operation_id="create_group",
    summary="Create a group of wallets",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def create_group(
    session: Session, caller: Asking, estate_id: EstateId, body: GroupIn, now: Now
) -> GroupOut:
    """Create one with an account of its own and no wallets yet; a person who makes it owns it."""
    row = await operations.create_group(
        session,
        estate_id=estate_id,
        name=body.name,
        owner_person_id=_owner(body, caller, estate_id=estate_id),
        now=now,
    )
    return (await _shown(session, estate_id=estate_id, rows=[row]))[0]


@router.get(
    "/estates/{estate_id}/wallet-groups",
    operation_id="list_groups",
    summary="List an estate's groups",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_groups(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[GroupOut]:
    """List groups by id, a person's own; continue with ``after_id`` = ``next``."""
    sees_all = caller.may(Permission.WALLETS_READ, estate_id=estate_id)
    rows = await queries.groups(
        session,
        estate_id=estate_id,
        owner_person_id=None if sees_all else caller.person_id,
        after_id=after_id,
        limit=limit + 1,
    )
    items = await _shown(session, estate_id=estate_id, rows=rows[:limit])
    return Page(items=items, next=items[-1].group_id if len(rows) > limit else None)


@router.get(
    "/estates/{estate_id}/wallet-groups/{group_id}",
    operation_id="get_group",
    summary="Get a group: its money and each wallet's",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_group(session: Session, caller: Asking, estate_id: EstateId, group_id: GroupId) -> GroupOut:
    """One group; for staff and its owner."""
    row = await operations.require_group(
        session,
        estate_id=estate_id,
        group_id=group_id,
        caller=caller,
        permission=Permission.WALLETS_READ,
    )
    return (await _shown(session, estate_id=estate_id, rows=[row]))[0]


@router.post(
    "/estates/{estate_id}/wallet-groups/{group_id}/members",
    operation_id="add_group_member",
    summary="Let a wallet join a group",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, RightMissing, WalletInGroup, GroupFull, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def add_group_member(
    session: Session, caller: Asking, estate_id: EstateId, group_id: GroupId, body: MemberIn, now: Now
) -> GroupOut:
    """Let it join; the owner needs the right to manage the wallet, which is in one group at a time."""
    row = await operations.require_group(session, estate_id=estate_id, group_id=group_id, caller=caller)
    await operations.add_member(session, group=row, wallet_id=body.wallet_id, caller=caller, now=now)
    return (await _shown(session, estate_id=estate_id, rows=[row]))[0]


@router.delete(
    "/estates/{estate_id}/wallet-groups/{group_id}/members/{wallet_id}",
    operation_id="remove_group_member",
    summary="Let a wallet leave a group",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def remove_group_member(
    session: Session, caller: Asking, estate_id: EstateId, group_id: GroupId, wallet_id: Id, now: Now
) -> GroupLeft:
    """For staff, the group's owner and the wallet's managers; the wallet keeps its money."""
    row = await operations.require_leaving(
        session, estate_id=estate_id, group_id=group_id, wallet_id=wallet_id, caller=caller
    )
    await operations.remove_member(session, group=row, wallet_id=wallet_id, now=now)
    return GroupLeft(group_id=group_id, wallet_id=wallet_id, left_at=now)


@router.post(
    "/estates/{estate_id}/wallet-groups/{group_id}/top-ups",
    operation_id="receive_group_top_up",
    summary="Book a cash or EFT receipt to a group",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {
            "model": GroupTopUpOut,
            "description": "The key was carried out before: the same journal",
        },
        **refusals(NotFound, KeyReused, Invalid),
    },
)
@needs(Permission.WALLETS_TOP_UP)
async def receive_group_top_up(
    request: Request,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    group_id: GroupId,
    body: GroupTopUpIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> GroupTopUpOut:
    """Book it once per key: a repeat answers 200 with the same journal, another body is refused."""

    async def work(session: AsyncSession) -> GroupTopUpOut:
        estate = await estate_queries.estate(session, estate_id=estate_id)
        if body.currency not in (None, estate.currency):
            message = f"the estate's currency is {estate.currency}"
            raise Invalid(message, problems=[{"path": "body.currency", "message": message}])
        row = await queries.group(session, estate_id=estate_id, group_id=group_id)
        done = await operations.receive_group_top_up(
            session,
            group=row,
            amount_micro=micro(body.amount),
            method=body.method,
            reference=body.reference,
            idempotency_key=idempotency_key,
            actor=caller.actor,
            now=now,
        )
        return GroupTopUpOut(
            journal_id=done.journal_id,
            account_id=row.account_id,
            balance=money(done.balances_micro[row.account_id], currency=estate.currency),
            is_repeat=done.is_repeat,
        )

    done = await repeat_on_contention(request, estate_id=estate_id, work=work)
    if done.is_repeat:
        response.status_code = status.HTTP_200_OK
    return done


@router.post(
    "/estates/{estate_id}/wallet-groups/{group_id}/distributions",
    operation_id="distribute_group",
    summary="Distribute a group's money over its wallets",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {
            "model": DistributionOut,
            "description": "A preview, or the key was carried out before: nothing moved",
        },
        **refusals(NotFound, NotEnough, NothingToDistribute, KeyReused, Invalid),
    },
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def distribute_group(
    request: Request,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    group_id: GroupId,
    body: DistributionIn,
    idempotency_key: IdempotencyKey,
    now: Now,
    is_preview: Annotated[bool, Query(alias="preview", description="Only show what it would do")] = False,  # noqa: FBT002 - a query
) -> DistributionOut:
    """One journal, once per key; for staff and the group's owner. A preview does not use its key up."""
    wanted = body.distribution()

    async def work(session: AsyncSession) -> DistributionOut:
        estate = await estate_queries.estate(session, estate_id=estate_id)
        row = await operations.require_group(session, estate_id=estate_id, group_id=group_id, caller=caller)
        if is_preview:
            done = await operations.preview_distribution(session, group=row, distribution=wanted)
        else:
            done = await operations.distribute(
                session,
                group=row,
                distribution=wanted,
                idempotency_key=idempotency_key,
                actor=caller.actor,
                now=now,
            )
        return distribution_out(done, group_id=group_id, is_preview=is_preview, currency=estate.currency)

    done = await repeat_on_contention(request, estate_id=estate_id, work=work)
    if done.is_preview or done.is_repeat:
        response.status_code = status.HTTP_200_OK
    return done


@router.get(
    "/estates/{estate_id}/wallet-groups/{group_id}/distribution-rule",
    operation_id="get_distribution_rule",
    summary="Get a group's distribution rule",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_distribution_rule(
    session: Session, caller: Asking, estate_id: EstateId, group_id: GroupId
) -> DistributionRuleOut:
    """Not found until somebody has set one; for staff and the group's owner."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    await operations.require_group(
        session,
        estate_id=estate_id,
        group_id=group_id,
        caller=caller,
        permission=Permission.WALLETS_READ,
    )
    rule = await queries.standing_order(session, estate_id=estate_id, group_id=group_id)
    if rule is None:
        raise NotFound(f"group {group_id} has no distribution rule")
    return rule_out(rule, currency=estate.currency)


@router.put(
    "/estates/{estate_id}/wallet-groups/{group_id}/distribution-rule",
    operation_id="set_distribution_rule",
    summary="Set a group's distribution rule",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def set_distribution_rule(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    group_id: GroupId,
    body: DistributionRuleIn,
    now: Now,
) -> DistributionRuleOut:
    """Keep the group's wallets filled from now on, or stop; for staff and the group's owner."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    row = await operations.require_group(session, estate_id=estate_id, group_id=group_id, caller=caller)
    await operations.set_distribution_rule(session, group=row, rule=body.order(), now=now)
    return rule_out(body.order(), currency=estate.currency)
