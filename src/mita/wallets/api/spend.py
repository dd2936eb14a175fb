"""Routes of spending limits."""

from datetime import datetime

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id
from mita.kit.web import Asking, EstateId, Now, Session, caller, needs, refusals, repeat_on_contention
from mita.kit.zones import zone
from mita.wallets import operations, queries
from mita.wallets.domain import Right
from mita.wallets.operations import RightMissing
from mita.wallets.schemas.spend import SpendLimitIn, SpendLimitOut, spend_limit_out

router = APIRouter()
_PATH = "/estates/{estate_id}/wallets/{wallet_id}/spend-limit"


@router.get(
    _PATH,
    operation_id="get_spend_limit",
    summary="Get a wallet's spending limit and what is spent",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_spend_limit(
    session: Session, asking: Asking, estate_id: EstateId, wallet_id: Id, now: Now
) -> SpendLimitOut:
    """Of today and this month, in the estate's zone; a wallet without a limit has none to show."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=asking, right=Right.VIEW
    )
    return await _shown(session, estate_id=estate_id, wallet_id=wallet_id, now=now)


async def _shown(session: AsyncSession, *, estate_id: int, wallet_id: int, now: datetime) -> SpendLimitOut:
    estate = await estate_queries.estate(session, estate_id=estate_id)
    row = await queries.spend_limit(session, estate_id=estate_id, wallet_id=wallet_id)
    today = now.astimezone(zone(estate.time_zone)).date()
    spent = await queries.spent(session, estate_id=estate_id, wallet_ids=[wallet_id], day=today)
    return spend_limit_out(row, limit=queries.limit_of(row), spent=spent[wallet_id], currency=estate.currency)


@router.put(
    _PATH,
    operation_id="set_spend_limit",
    summary="Limit what a wallet may spend",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def set_spend_limit(
    request: Request, estate_id: EstateId, wallet_id: Id, body: SpendLimitIn, now: Now
) -> SpendLimitOut:
    """Count what was spent today and this month too; once it is reached, no money is sent elsewhere."""

    async def work(session: AsyncSession) -> SpendLimitOut:
        asking = caller(request)
        await operations.require_right(
            session, estate_id=estate_id, wallet_id=wallet_id, caller=asking, right=Right.MANAGE
        )
        await operations.set_spend_limit(
            session,
            estate_id=estate_id,
            wallet_id=wallet_id,
            limit=body.limit(),
            actor=asking.actor,
            now=now,
        )
        return await _shown(session, estate_id=estate_id, wallet_id=wallet_id, now=now)

    return await repeat_on_contention(request, estate_id=estate_id, work=work)


@router.delete(
    _PATH,
    operation_id="remove_spend_limit",
    summary="Remove a wallet's spending limit",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def remove_spend_limit(request: Request, estate_id: EstateId, wallet_id: Id, now: Now) -> SpendLimitOut:
    """Answer what it was; supplies that it stopped come back."""

    async def work(session: AsyncSession) -> SpendLimitOut:
        await operations.require_right(
            session, estate_id=estate_id, wallet_id=wallet_id, caller=caller(request), right=Right.MANAGE
        )
        shown = await _shown(session, estate_id=estate_id, wallet_id=wallet_id, now=now)
        await operations.remove_spend_limit(session, estate_id=estate_id, wallet_id=wallet_id, now=now)
        return shown

    return await repeat_on_contention(request, estate_id=estate_id, work=work)
