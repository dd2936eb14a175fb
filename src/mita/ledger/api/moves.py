"""Routes of what staff does to the books: holds, adjustments, banking, closed months, rules."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, KeyReused, NotFound
from mita.kit.shapes import Id, Limit, Page, micro, money, page_of
from mita.kit.web import Asking, EstateId, IdempotencyKey, Now, Session, needs, refusals
from mita.ledger import operations, queries
from mita.ledger.operations import (
    AdjustmentDecided,
    Authorisation,
    HoldResolved,
    MonthClosed,
    MonthNotOver,
    NotEnough,
    Order,
    SecondPersonNeeded,
    SpendLimitReached,
)
from mita.ledger.schemas.books import first_day
from mita.ledger.schemas.moves import (
    AdjustmentIn,
    AdjustmentOut,
    BankingIn,
    BankingOut,
    Clearings,
    CloseIn,
    DecisionIn,
    HoldIn,
    HoldOut,
    LedgerRuleIn,
    LedgerRuleOut,
    Method,
    PeriodOut,
    Periods,
    ResolveIn,
    adjustment_out,
    clearing_out,
    hold_out,
    period_out,
    periods_out,
    rule_out,
)

router = APIRouter(tags=["ledger"])


@router.post(
    "/estates/{estate_id}/ledger/holds",
    operation_id="place_hold",
    summary="Authorise money: place a hold",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {
            "model": HoldOut,
            "description": "The key was carried out before",
        },
        **refusals(NotFound, NotEnough, SpendLimitReached, KeyReused, Invalid),
    },
)
@needs(Permission.LEDGER_WRITE)
async def place_hold(
    session: Session,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    body: HoldIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> HoldOut:
    """Place it once per key. What is held cannot be spent otherwise; consumption is not refused for it."""
    asked = Authorisation(body.account_id, micro(body.amount), body.purpose, body.expires_at)
    hold_id, is_repeat = await operations.place_hold(
        session, estate_id=estate_id, asked=asked, key=idempotency_key, actor=caller.actor, now=now
    )
    if is_repeat:
        response.status_code = status.HTTP_200_OK
    return await _hold(session, estate_id, hold_id)


async def _hold(session: Session, estate_id: int, hold_id: UUID) -> HoldOut:
    estate = await estate_queries.estate(session, estate_id=estate_id)
    row = await queries.hold(session, estate_id=estate_id, hold_id=hold_id)
    resolution = await queries.hold_resolution(session, estate_id=estate_id, hold_id=hold_id)
    return hold_out(row, resolution=resolution, currency=estate.currency)


@router.get(
    "/estates/{estate_id}/ledger/holds/{hold_id}",
    operation_id="get_hold",
    summary="Get one hold",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def get_hold(session: Session, estate_id: EstateId, hold_id: UUID) -> HoldOut:
    """One hold and how it ended, if it has."""
    return await _hold(session, estate_id, hold_id)


@router.get(
    "/estates/{estate_id}/ledger/holds",
    operation_id="list_holds",
    summary="List the open holds of an account",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def list_holds(
    session: Session,
    estate_id: EstateId,
    account_id: Annotated[Id, Query()],
    after_id: Annotated[UUID | None, Query()] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[HoldOut]:
    """Oldest first; continue with ``after_id`` = ``next``."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.open_holds(
        session, estate_id=estate_id, account_id=account_id, after_id=after_id, limit=limit + 1
    )
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: hold_out(row, resolution=None, currency=estate.currency),
        cursor=lambda item: str(item.hold_id),
    )


@router.post(
    "/estates/{estate_id}/ledger/holds/{hold_id}/resolve",
    operation_id="resolve_hold",
    summary="Take a hold in whole or in part, or release it",
    responses=refusals(NotFound, HoldResolved, Invalid),
)
@needs(Permission.LEDGER_WRITE)
async def resolve_hold(
    session: Session, caller: Asking, estate_id: EstateId, hold_id: UUID, body: ResolveIn, now: Now
) -> HoldOut:
    """At most once: what is taken goes to the payee, the rest is released."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    to_account_id = None
    if body.payee is not None:
        code = f"payable:{body.payee}"
        opened = await operations.open_accounts(
            session, estate_id=estate_id, codes=[code], currency=estate.currency
        )
        to_account_id = opened[code]
    await operations.resolve_hold(
        session,
        estate_id=estate_id,
        hold_id=hold_id,
        taken_micro=micro(body.amount),
        to_account_id=to_account_id,
        actor=caller.actor,
        now=now,
    )
    return await _hold(session, estate_id, hold_id)


@router.post(
    "/estates/{estate_id}/ledger/adjustments",
    operation_id="ask_adjustment",
    summary="Ask for an adjustment of a balance",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {"model": AdjustmentOut, "description": "The key was carried out before"},
        **refusals(NotFound, KeyReused, Invalid),
    },
)
@needs(Permission.LEDGER_WRITE)
async def ask_adjustment(
    session: Session,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    body: AdjustmentIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> AdjustmentOut:
    """Ask once per key. Within the estate's limit it is booked at once, above it a second person decides."""
    asked = await operations.ask_adjustment(
        session,
        estate_id=estate_id,
        account_id=body.account_id,
        amount_micro=micro(body.amount),
        reason=body.reason,
        key=idempotency_key,
        actor=caller.actor,
        now=now,
    )
    if asked.is_repeat:
        response.status_code = status.HTTP_200_OK
    return await _adjustment(session, estate_id, asked.adjustment_id)


async def _adjustment(session: Session, estate_id: int, adjustment_id: UUID) -> AdjustmentOut:
    estate = await estate_queries.estate(session, estate_id=estate_id)
    row = await queries.adjustment(session, estate_id=estate_id, adjustment_id=adjustment_id)
    decision = await queries.adjustment_decision(session, estate_id=estate_id, adjustment_id=adjustment_id)
    return adjustment_out(row, decision=decision, currency=estate.currency)


@router.get(
    "/estates/{estate_id}/ledger/adjustments",
    operation_id="list_adjustments",
    summary="List the adjustments that wait for a second person",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def list_adjustments(
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[UUID | None, Query()] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[AdjustmentOut]:
    """Oldest first; continue with ``after_id`` = ``next``."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.adjustments_waiting(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: adjustment_out(row, decision=None, currency=estate.currency),
        cursor=lambda item: str(item.adjustment_id),
    )


@router.post(
    "/estates/{estate_id}/ledger/adjustments/{adjustment_id}/decision",
    operation_id="decide_adjustment",
    summary="Approve or refuse an adjustment",
    responses=refusals(NotFound, AdjustmentDecided, SecondPersonNeeded, Invalid),
)
@needs(Permission.LEDGER_APPROVE)
async def decide_adjustment(
    session: Session, caller: Asking, estate_id: EstateId, adjustment_id: UUID, body: DecisionIn, now: Now
) -> AdjustmentOut:
    """Decide once. Above the limit, who asked may refuse it and not approve it."""
    await operations.decide_adjustment(
        session,
        estate_id=estate_id,
        adjustment_id=adjustment_id,
        is_approved=body.approve,
        actor=caller.actor,
        now=now,
    )
    return await _adjustment(session, estate_id, adjustment_id)


@router.get(
    "/estates/{estate_id}/ledger/clearing",
    operation_id="list_clearing",
    summary="List the clearing accounts and what stands on them",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def list_clearing(session: Session, estate_id: EstateId, now: Now) -> Clearings:
    """By method; settled money counts against the oldest first."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.clearings(session, estate_id=estate_id)
    return Clearings(items=[clearing_out(row, now=now, currency=estate.currency) for row in rows])


@router.post(
    "/estates/{estate_id}/ledger/clearing/{method}/banking",
    operation_id="bank_clearing",
    summary="Book that money of a clearing account reached the bank, or left it",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {"model": BankingOut, "description": "The key was carried out before"},
        **refusals(NotFound, KeyReused, Invalid),
    },
)
@needs(Permission.LEDGER_WRITE)
async def bank_clearing(
    session: Session,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    method: Annotated[Method, Path(examples=["cash"])],
    body: BankingIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> BankingOut:
    """Book it once per key."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    order = Order(micro(body.amount), body.reference, idempotency_key, caller.actor)
    booked = await operations.bank_clearing(
        session,
        estate_id=estate_id,
        method=method,
        order=order,
        is_incoming=body.direction == "to_bank",
        now=now,
    )
    if booked.is_repeat:
        response.status_code = status.HTTP_200_OK
    accounts = await queries.account_codes(session, estate_id=estate_id, codes=[f"clearing:{method}"])
    balance = accounts[f"clearing:{method}"].posted_micro
    return BankingOut(
        journal_id=booked.journal_id,
        balance=money(balance, currency=estate.currency),
        is_repeat=booked.is_repeat,
    )


@router.get(
    "/estates/{estate_id}/ledger/rule",
    operation_id="get_ledger_rule",
    summary="Get an estate's rules for its books",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def get_ledger_rule(session: Session, estate_id: EstateId) -> LedgerRuleOut:
    """Without any, nobody adjusts alone, and money may stand on a clearing account for three days."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    return rule_out(await queries.ledger_rule(session, estate_id=estate_id), currency=estate.currency)


@router.put(
    "/estates/{estate_id}/ledger/rule",
    operation_id="set_ledger_rule",
    summary="Set an estate's rules for its books",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_APPROVE)
async def set_ledger_rule(
    session: Session, estate_id: EstateId, body: LedgerRuleIn, now: Now
) -> LedgerRuleOut:
    """Set both; adjustments asked before keep the limit of their day."""
    await operations.set_ledger_rule(
        session,
        estate_id=estate_id,
        adjustment_limit_micro=micro(body.adjustment_limit),
        clearing_due_hours=body.clearing_due_hours,
        now=now,
    )
    return await get_ledger_rule(session, estate_id)


@router.get(
    "/estates/{estate_id}/ledger/periods",
    operation_id="list_periods",
    summary="List the closed months",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def list_periods(session: Session, estate_id: EstateId) -> Periods:
    """Newest first; closing a month closes every month before it."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.periods(session, estate_id=estate_id)
    first = await queries.first_open_period(session, estate_id=estate_id)
    return periods_out(rows, first_open=None if first is None else f"{first:%Y-%m}", currency=estate.currency)


@router.post(
    "/estates/{estate_id}/ledger/periods",
    operation_id="close_month",
    summary="Close a month",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(NotFound, MonthNotOver, MonthClosed, Invalid),
)
@needs(Permission.LEDGER_APPROVE)
async def close_month(
    session: Session, caller: Asking, estate_id: EstateId, body: CloseIn, now: Now
) -> PeriodOut:
    """From this answer on the month takes no entry; a worker seals and locks it. No month opens again."""
    month = first_day(body.period)
    await operations.close_month(session, estate_id=estate_id, period=month, actor=caller.actor, now=now)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    row = await queries.period(session, estate_id=estate_id, period=month)
    return period_out(row, currency=estate.currency)
