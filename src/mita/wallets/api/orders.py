"""Routes by which somebody orders money: transfers, pay-outs, promotions, emergency credit, debts."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, KeyReused, NotFound, PermissionMissing
from mita.kit.shapes import Id, micro, money
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
from mita.ledger import queries as ledger_queries
from mita.ledger.operations import NotEnough, Order, SpendLimitReached
from mita.wallets import operations, queries
from mita.wallets.domain import Right
from mita.wallets.operations import (
    NoEmergencyCredit,
    NotInArrears,
    NotLow,
    Place,
    RightMissing,
    UtilityNotInWallet,
)
from mita.wallets.schemas.rules import (
    DebtPlanIn,
    DebtsOut,
    DrawIn,
    MovedOut,
    PayOutIn,
    PromotionIn,
    PromotionOut,
    Promotions,
    TransferIn,
    debt_plan_out,
    promotion_out,
)

router = APIRouter()
_Repeat = dict[int | str, dict[str, Any]]
_MOVED: _Repeat = {status.HTTP_200_OK: {"model": MovedOut, "description": "The key was carried out before"}}
_GRANTED: _Repeat = {
    status.HTTP_200_OK: {"model": PromotionOut, "description": "The key was carried out before"}
}
_SET_ASIDE: _Repeat = {
    status.HTTP_200_OK: {"model": DebtsOut, "description": "The key was carried out before"}
}


@router.post(
    "/estates/{estate_id}/wallets/{wallet_id}/transfers",
    operation_id="transfer_money",
    summary="Move money from one of a wallet's accounts to another, or to another wallet",
    status_code=status.HTTP_201_CREATED,
    responses={
        **_MOVED,
        **refusals(
            NotFound, RightMissing, UtilityNotInWallet, NotEnough, SpendLimitReached, KeyReused, Invalid
        ),
    },
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def transfer_money(
    request: Request,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    wallet_id: Id,
    body: TransferIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> MovedOut:
    """Move at most what the giving account has available; for staff and who manages the giving wallet."""

    async def work(session: AsyncSession) -> MovedOut:
        await operations.require_right(
            session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.MANAGE
        )
        booked = await operations.transfer_money(
            session,
            estate_id=estate_id,
            giving=Place(wallet_id, body.from_utility),
            taking=Place(body.to.wallet_id or wallet_id, body.to.utility),
            order=Order(micro(body.amount), body.memo, idempotency_key, caller.actor),
            now=now,
        )
        return await _moved(
            session,
            estate_id=estate_id,
            place=Place(wallet_id, body.from_utility),
            moved=(booked.journal_id, micro(body.amount), booked.is_repeat),
        )

    return _answered(
        response,
        await repeat_on_contention(request, estate_id=estate_id, work=work, shared=True),
    )


async def _moved(
    session: AsyncSession, *, estate_id: int, place: Place, moved: tuple[UUID, int, bool]
) -> MovedOut:
    """Return what an order did and what the account holds after everything that followed."""
    journal_id, amount_micro, is_repeat = moved
    estate = await estate_queries.estate(session, estate_id=estate_id)
    account = await operations.wallet_account(
        session, estate_id=estate_id, wallet_id=place.wallet_id, utility=place.utility
    )
    balances = await ledger_queries.balances(session, estate_id=estate_id, account_ids=[account.account_id])
    return MovedOut(
        journal_id=journal_id,
        amount=money(amount_micro, currency=estate.currency),
        balance=money(balances[account.account_id], currency=estate.currency),
        is_repeat=is_repeat,
    )


def _answered(response: Response, done: MovedOut) -> MovedOut:
    if done.is_repeat:
        response.status_code = status.HTTP_200_OK
    return done


@router.post(
    "/estates/{estate_id}/wallets/{wallet_id}/pay-outs",
    operation_id="pay_money_out",
    summary="Give money of a wallet back to a person",
    status_code=status.HTTP_201_CREATED,
    responses={
        **_MOVED,
        **refusals(NotFound, UtilityNotInWallet, NotEnough, SpendLimitReached, KeyReused, Invalid),
    },
)
@needs(Permission.WALLETS_MANAGE)
async def pay_money_out(
    request: Request,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    wallet_id: Id,
    body: PayOutIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> MovedOut:
    """Pay at most what the account has available; it stands on `clearing:transfers` until it is sent."""
    place = Place(wallet_id, body.utility)

    async def work(session: AsyncSession) -> MovedOut:
        booked = await operations.pay_money_out(
            session,
            estate_id=estate_id,
            giving=place,
            order=Order(micro(body.amount), body.memo, idempotency_key, caller.actor),
            now=now,
        )
        return await _moved(
            session,
            estate_id=estate_id,
            place=place,
            moved=(booked.journal_id, micro(body.amount), booked.is_repeat),
        )

    return _answered(response, await repeat_on_contention(request, estate_id=estate_id, work=work))


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/promotions",
    operation_id="list_promotions",
    summary="List a wallet's promotional credit and what is left of it",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_promotions(session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id) -> Promotions:
    """Newest first. Promotional credit is part of a balance, and spent before other money."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )
    return await _promotions(session, estate_id=estate_id, wallet_id=wallet_id)


async def _promotions(session: AsyncSession, *, estate_id: int, wallet_id: int) -> Promotions:
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.promotions(session, estate_id=estate_id, wallet_id=wallet_id)
    amounts = await queries.remaining_micro(session, estate_id=estate_id, promotions=rows)
    accounts = await queries.accounts(session, estate_id=estate_id, wallet_ids=[wallet_id])
    utility = {each.account_id: each.utility for each in accounts}
    return Promotions(
        items=[
            promotion_out(
                row,
                end=end,
                amounts=amounts[row.promotion_id],
                utility=utility[row.account_id],
                currency=estate.currency,
            )
            for row, end in rows
        ]
    )


@router.post(
    "/estates/{estate_id}/wallets/{wallet_id}/promotions",
    operation_id="grant_promotion",
    summary="Grant promotional credit to a wallet",
    status_code=status.HTTP_201_CREATED,
    responses={**_GRANTED, **refusals(NotFound, UtilityNotInWallet, KeyReused, Invalid)},
)
@needs(Permission.WALLETS_MANAGE)
async def grant_promotion(
    request: Request,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    wallet_id: Id,
    body: PromotionIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> PromotionOut:
    """Grant money that is spent before other money; what is left when its time is over is taken back."""

    async def work(session: AsyncSession) -> tuple[PromotionOut, bool]:
        promotion_id, is_repeat = await operations.grant_promotion(
            session,
            estate_id=estate_id,
            grant=body.grant(wallet_id),
            key=idempotency_key,
            actor=caller.actor,
            now=now,
        )
        shown = await _promotions(session, estate_id=estate_id, wallet_id=wallet_id)
        return next(each for each in shown.items if each.promotion_id == promotion_id), is_repeat

    granted, is_repeat = await repeat_on_contention(request, estate_id=estate_id, work=work)
    if is_repeat:
        response.status_code = status.HTTP_200_OK
    return granted


@router.post(
    "/estates/{estate_id}/wallets/{wallet_id}/emergency-draws",
    operation_id="draw_emergency_credit",
    summary="Draw emergency credit for a utility that is low or out",
    status_code=status.HTTP_201_CREATED,
    responses={
        **_MOVED,
        **refusals(
            NotFound,
            PermissionMissing,
            RightMissing,
            UtilityNotInWallet,
            NoEmergencyCredit,
            NotLow,
            KeyReused,
            Invalid,
        ),
    },
)
@needs(Permission.WALLETS_MANAGE, or_own=True)
async def draw_emergency_credit(
    request: Request,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    wallet_id: Id,
    body: DrawIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> MovedOut:
    """One at a time; the next top-up repays it first. The estate's rule says who may."""

    async def work(session: AsyncSession) -> MovedOut:
        await _require_drawing(session, estate_id=estate_id, wallet_id=wallet_id, caller=caller)
        account = await operations.wallet_account(
            session, estate_id=estate_id, wallet_id=wallet_id, utility=body.utility
        )
        moved = await operations.draw_emergency_credit(
            session,
            estate_id=estate_id,
            wallet_id=wallet_id,
            utility=body.utility,
            key=idempotency_key,
            actor=caller.actor,
            now=now,
        )
        place = Place(wallet_id, account.utility)
        return await _moved(session, estate_id=estate_id, place=place, moved=moved)

    return _answered(response, await repeat_on_contention(request, estate_id=estate_id, work=work))


async def _require_drawing(session: AsyncSession, *, estate_id: int, wallet_id: int, caller: Caller) -> None:
    """Let a caller draw emergency credit as the estate's rule says.

    :raises PermissionMissing: if only staff may
    :raises RightMissing: if the person's right to the wallet is less than it asks for
    """
    rule = await queries.emergency_rule(session, estate_id=estate_id)
    right = Right.VIEW if rule.who == "staff" else Right.of(rule.who)
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=right
    )
    if rule.who == "staff" and not caller.may(Permission.WALLETS_MANAGE, estate_id=estate_id):
        raise PermissionMissing("emergency credit is given by the estate's staff here")


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/debts",
    operation_id="list_debts",
    summary="List what a wallet owes",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_debts(session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id) -> DebtsOut:
    """Emergency credit, arrears that were set aside, and the plans by which these are recovered."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )
    return await _debts(session, estate_id=estate_id, wallet_id=wallet_id)


async def _debts(session: AsyncSession, *, estate_id: int, wallet_id: int) -> DebtsOut:
    estate = await estate_queries.estate(session, estate_id=estate_id)
    emergency, debt = await queries.owed(session, estate_id=estate_id, wallet_id=wallet_id)
    plans = await queries.debt_plans(session, estate_id=estate_id, wallet_id=wallet_id)
    return DebtsOut(
        emergency=money(emergency, currency=estate.currency),
        debt=money(debt, currency=estate.currency),
        plans=[debt_plan_out(row) for row in plans],
    )


@router.post(
    "/estates/{estate_id}/wallets/{wallet_id}/debt-plans",
    operation_id="set_debt_aside",
    summary="Set a wallet's arrears aside, to be recovered from top-ups",
    status_code=status.HTTP_201_CREATED,
    responses={**_SET_ASIDE, **refusals(NotFound, UtilityNotInWallet, NotInArrears, KeyReused, Invalid)},
)
@needs(Permission.WALLETS_MANAGE)
async def set_debt_aside(
    request: Request,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    wallet_id: Id,
    body: DebtPlanIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> DebtsOut:
    """Relieve the account of its arrears; each later top-up gives the percentage until they are paid."""

    async def work(session: AsyncSession) -> tuple[DebtsOut, bool]:
        _, is_repeat = await operations.set_debt_aside(
            session,
            estate_id=estate_id,
            asked=body.asked(wallet_id),
            key=idempotency_key,
            actor=caller.actor,
            now=now,
        )
        return await _debts(session, estate_id=estate_id, wallet_id=wallet_id), is_repeat

    owed, is_repeat = await repeat_on_contention(request, estate_id=estate_id, work=work)
    if is_repeat:
        response.status_code = status.HTTP_200_OK
    return owed
