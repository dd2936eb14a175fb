"""Top-ups by residents with pretend money, where the operator has switched that on: for demonstrations."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response, status
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Forbidden, Invalid, KeyReused, NotFound, Refusal
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import Id, Money, PositiveAmount, Shape, UtilityWord, micro, money
from mita.kit.web import (
    Asking,
    EstateId,
    IdempotencyKey,
    Now,
    Session,
    edge,
    needs,
    refusals,
    repeat_on_contention,
)
from mita.wallets import operations
from mita.wallets.domain import Right
from mita.wallets.operations import AboveTopUpLimit, RightMissing, TopUp, UtilityNotInWallet
from mita.wallets.schemas import TopUpOut, top_up_out
from mita.wallets.schemas.groups import GroupTopUpOut

router = APIRouter(tags=["wallets"])
# whether this process books pretend money
SANDBOX = "sandbox"
GroupId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The group", examples=[1])]


class NoSandbox(Forbidden):
    """This installation takes no pretend money."""

    code = "no_sandbox"
    title = "Pretend money is not taken here"


class PaymentDeclined(Refusal):
    """The pretend bank said no, as it was asked to."""

    code = "payment_declined"
    status = 402
    title = "The payment was declined"


class PaymentWays(Shape):
    """How somebody can pay money into a wallet, and how much at a time."""

    ways: list[Literal["sandbox"]] = Field(
        description="Empty where residents cannot pay here: then staff books what they receive"
    )
    may_top_up: bool
    limit: Money | None = Field(description="The most of a single top-up of the caller; null is no limit")


class SandboxTopUpIn(Shape):
    """Pretend money, and what the pretend bank is to say."""

    amount: PositiveAmount = Field(examples=["200.00"], description="Above zero, at most 1,000,000,000")
    utility: UtilityWord | None = Field(
        default=None,
        description="Where it goes whole; without it the wallet's allocation decides",
        examples=["electricity"],
    )
    outcome: Literal["paid", "declined"] = "paid"


class GroupSandboxTopUpIn(Shape):
    """Pretend money for a group, and what the pretend bank is to say."""

    amount: PositiveAmount = Field(examples=["500.00"], description="Above zero, at most 1,000,000,000")
    outcome: Literal["paid", "declined"] = "paid"


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/payment-ways",
    operation_id="list_payment_ways",
    summary="List how the caller can pay money into a wallet",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_payment_ways(
    request: Request, session: Session, asking: Asking, estate_id: EstateId, wallet_id: Id
) -> PaymentWays:
    """For whoever may view the wallet."""
    one = {"estate_id": estate_id, "wallet_id": wallet_id}
    await operations.require_right(session, **one, caller=asking, right=Right.VIEW)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    limit_micro, may = None, True
    try:
        access = await operations.require_right(session, **one, caller=asking, right=Right.TOP_UP)
        limit_micro = None if access is None else access.top_up_limit_micro
    except RightMissing:
        may = False
    return PaymentWays(
        ways=["sandbox"] if edge(request).parts[SANDBOX] else [],
        may_top_up=may,
        limit=None if limit_micro is None else money(limit_micro, currency=estate.currency),
    )


@router.post(
    "/estates/{estate_id}/wallets/{wallet_id}/sandbox-top-ups",
    operation_id="top_up_in_sandbox",
    summary="Top a wallet up with pretend money",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {
            "model": TopUpOut,
            "description": "The key was carried out before: the same journal",
        },
        **refusals(
            NotFound,
            NoSandbox,
            RightMissing,
            AboveTopUpLimit,
            PaymentDeclined,
            UtilityNotInWallet,
            KeyReused,
            Invalid,
        ),
    },
)
@needs(Permission.WALLETS_TOP_UP, or_own=True)
async def top_up_in_sandbox(
    request: Request,
    asking: Asking,
    response: Response,
    estate_id: EstateId,
    wallet_id: Id,
    body: SandboxTopUpIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> TopUpOut:
    """Only where `MITA_SANDBOX_TOP_UPS` is set. Booked once per key, on a clearing account of its own."""

    async def work(session: AsyncSession) -> TopUpOut:
        amount_micro = micro(body.amount)
        await operations.require_top_up(
            session, estate_id=estate_id, wallet_id=wallet_id, caller=asking, amount_micro=amount_micro
        )
        if not edge(request).parts[SANDBOX]:
            raise NoSandbox("no pretend money is taken here: pay as whoever runs the estate says")
        if body.outcome == "declined":
            raise PaymentDeclined("the pretend bank declined it, as it was asked to; nothing was booked")
        estate = await estate_queries.estate(session, estate_id=estate_id)
        done = await operations.receive_top_up(
            session,
            estate_id=estate_id,
            top_up=TopUp(wallet_id, amount_micro, "sandbox", "pretend money", body.utility),
            idempotency_key=idempotency_key,
            actor=asking.actor,
            now=now,
        )
        return top_up_out(done, currency=estate.currency)

    done = await repeat_on_contention(request, estate_id=estate_id, work=work, shared=True)
    if done.is_repeat:
        response.status_code = status.HTTP_200_OK
    return done


@router.get(
    "/estates/{estate_id}/wallet-groups/{group_id}/payment-ways",
    operation_id="list_group_payment_ways",
    summary="List how the caller can pay money into a group",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_group_payment_ways(
    request: Request, session: Session, asking: Asking, estate_id: EstateId, group_id: GroupId
) -> PaymentWays:
    """For whoever may see the group; its owner may pay as much as they like."""
    group = await operations.require_group(
        session,
        estate_id=estate_id,
        group_id=group_id,
        caller=asking,
        permission=Permission.WALLETS_READ,
    )
    is_own = asking.person_id is not None and group.owner_person_id == asking.person_id
    return PaymentWays(
        ways=["sandbox"] if edge(request).parts[SANDBOX] else [],
        may_top_up=is_own or asking.may(Permission.WALLETS_TOP_UP, estate_id=estate_id),
        limit=None,
    )


@router.post(
    "/estates/{estate_id}/wallet-groups/{group_id}/sandbox-top-ups",
    operation_id="top_up_group_in_sandbox",
    summary="Top a group up with pretend money",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {
            "model": GroupTopUpOut,
            "description": "The key was carried out before: the same journal",
        },
        **refusals(NotFound, NoSandbox, PaymentDeclined, KeyReused, Invalid),
    },
)
@needs(Permission.WALLETS_TOP_UP, or_own=True)
async def top_up_group_in_sandbox(
    request: Request,
    asking: Asking,
    response: Response,
    estate_id: EstateId,
    group_id: GroupId,
    body: GroupSandboxTopUpIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> GroupTopUpOut:
    """For its owner and staff, only where `MITA_SANDBOX_TOP_UPS` is set. Booked once per key."""

    async def work(session: AsyncSession) -> GroupTopUpOut:
        group = await operations.require_group(
            session,
            estate_id=estate_id,
            group_id=group_id,
            caller=asking,
            permission=Permission.WALLETS_TOP_UP,
        )
        if not edge(request).parts[SANDBOX]:
            raise NoSandbox("no pretend money is taken here: pay as whoever runs the estate says")
        if body.outcome == "declined":
            raise PaymentDeclined("the pretend bank declined it, as it was asked to; nothing was booked")
        estate = await estate_queries.estate(session, estate_id=estate_id)
        done = await operations.receive_group_top_up(
            session,
            group=group,
            amount_micro=micro(body.amount),
            method="sandbox",
            reference="pretend money",
            idempotency_key=idempotency_key,
            actor=asking.actor,
            now=now,
        )
        return GroupTopUpOut(
            journal_id=done.journal_id,
            account_id=group.account_id,
            balance=money(done.balances_micro[group.account_id], currency=estate.currency),
            is_repeat=done.is_repeat,
        )

    done = await repeat_on_contention(request, estate_id=estate_id, work=work)
    if done.is_repeat:
        response.status_code = status.HTTP_200_OK
    return done
