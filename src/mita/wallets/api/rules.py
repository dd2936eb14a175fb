"""Routes of a wallet's rules: allocation and cover, emergency credit, targets."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Limit, Page, page_of
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.wallets import operations, queries
from mita.wallets.domain import Right
from mita.wallets.operations import ChoiceNotOffered, RightMissing
from mita.wallets.schemas.rules import (
    AllocationIn,
    AllocationRuleIn,
    AllocationRuleOut,
    EmergencyRuleIn,
    EmergencyRuleOut,
    RequestState,
    TargetIn,
    TargetOut,
    TopUpRequestOut,
    WalletAllocationOut,
    allocation_rule_out,
    emergency_rule_out,
    target_out,
    top_up_request_out,
    wallet_allocation_out,
)

router = APIRouter()


@router.get(
    "/estates/{estate_id}/allocation-rule",
    operation_id="get_allocation_rule",
    summary="Get how an estate spreads top-ups",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_allocation_rule(session: Session, estate_id: EstateId) -> AllocationRuleOut:
    """Without a rule a wallet of one utility gets all there, any other pays its arrears first."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rules = await queries.allocation_rules(session, estate_id=estate_id)
    return allocation_rule_out(rules, currency=estate.currency)


@router.put(
    "/estates/{estate_id}/allocation-rule",
    operation_id="set_allocation_rule",
    summary="Set how an estate spreads top-ups, and how general accounts cover utilities",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def set_allocation_rule(
    session: Session, estate_id: EstateId, body: AllocationRuleIn, now: Now
) -> AllocationRuleOut:
    """Set it for money that comes in from now on."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    await operations.set_allocation_rules(session, estate_id=estate_id, rules=body.rules(), now=now)
    return allocation_rule_out(body.rules(), currency=estate.currency)


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/allocation",
    operation_id="get_wallet_allocation",
    summary="Get how a wallet's top-ups are spread",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_wallet_allocation(
    session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id
) -> WalletAllocationOut:
    """As its resident chose, where the estate allows that, or by the estate's rule."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )
    return await _allocation(session, estate_id=estate_id, wallet_id=wallet_id)


async def _allocation(session: AsyncSession, *, estate_id: int, wallet_id: int) -> WalletAllocationOut:
    rules = await queries.allocation_rules(session, estate_id=estate_id)
    chosen = await queries.wallet_allocation(session, estate_id=estate_id, wallet_id=wallet_id)
    in_force = await queries.allocation_in_force(session, estate_id=estate_id, wallet_id=wallet_id)
    return wallet_allocation_out(
        in_force,
        is_chosen=rules.residents_may_choose and chosen is not None,
        residents_may_choose=rules.residents_may_choose,
    )


@router.put(
    "/estates/{estate_id}/wallets/{wallet_id}/allocation",
    operation_id="choose_allocation",
    summary="Choose how a wallet's top-ups are spread",
    responses=refusals(NotFound, RightMissing, ChoiceNotOffered, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def choose_allocation(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    body: AllocationIn,
    now: Now,
) -> WalletAllocationOut:
    """Choose what counts while the estate lets residents choose; for staff and who manages the wallet."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE
    )
    await operations.choose_allocation(
        session,
        estate_id=estate_id,
        wallet_id=wallet_id,
        allocation=body.allocation(),
        actor=caller.actor,
        now=now,
    )
    return await _allocation(session, estate_id=estate_id, wallet_id=wallet_id)


@router.get(
    "/estates/{estate_id}/emergency-rule",
    operation_id="get_emergency_rule",
    summary="Get an estate's rule for emergency credit",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_emergency_rule(session: Session, estate_id: EstateId) -> EmergencyRuleOut:
    """Without a rule there is none to draw."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rule = await queries.emergency_rule(session, estate_id=estate_id)
    return emergency_rule_out(rule, currency=estate.currency)


@router.put(
    "/estates/{estate_id}/emergency-rule",
    operation_id="set_emergency_rule",
    summary="Set an estate's rule for emergency credit",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def set_emergency_rule(
    session: Session, estate_id: EstateId, body: EmergencyRuleIn, now: Now
) -> EmergencyRuleOut:
    """Set it for draws from now on; what was drawn before stays owed as it was."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    await operations.set_emergency_rule(session, estate_id=estate_id, rule=body.rule(), now=now)
    return emergency_rule_out(body.rule(), currency=estate.currency)


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/balance-target",
    operation_id="get_balance_target",
    summary="Get when a wallet asks for a top-up",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_balance_target(
    session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id
) -> TargetOut:
    """Tell it; it is off until somebody sets it."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    target = await queries.balance_target(session, estate_id=estate_id, wallet_id=wallet_id)
    return target_out(target, currency=estate.currency)


@router.put(
    "/estates/{estate_id}/wallets/{wallet_id}/balance-target",
    operation_id="set_balance_target",
    summary="Set when a wallet asks for a top-up",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def set_balance_target(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    body: TargetIn,
    now: Now,
) -> TargetOut:
    """Set it; an open request is withdrawn, and made again if still wanted. For staff and managers."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    target = body.balance_target()
    await operations.set_balance_target(
        session, estate_id=estate_id, wallet_id=wallet_id, target=target, now=now
    )
    return target_out(target, currency=estate.currency)


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/top-up-requests",
    operation_id="list_top_up_requests",
    summary="List what top-ups a wallet asked for",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_top_up_requests(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    state: Annotated[RequestState | None, Query()] = None,
    after_id: Annotated[UUID | None, Query()] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[TopUpRequestOut]:
    """Newest first; one at most is open. Continue with ``after_id`` = ``next``."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.top_up_requests(
        session,
        estate_id=estate_id,
        wallet_id=wallet_id,
        state=state,
        after_id=after_id,
        limit=limit + 1,
    )
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: top_up_request_out(row, currency=estate.currency),
        cursor=lambda item: str(item.request_id),
    )
