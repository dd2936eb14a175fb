"""Routes of wallets: balances, entries, top-ups."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, KeyReused, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.reads import Reads
from mita.kit.shapes import AfterId, Id, Limit, Page, micro, page_of
from mita.kit.web import (
    Asking,
    Caller,
    EstateId,
    IdempotencyKey,
    Need,
    Now,
    Session,
    needs,
    quick,
    refusals,
    repeat_on_contention,
)
from mita.ledger import queries as ledger_queries
from mita.wallets import operations, queries
from mita.wallets.domain import Right
from mita.wallets.models import Wallet
from mita.wallets.operations import TopUp, UtilityNotInWallet
from mita.wallets.queries import SeenWallet
from mita.wallets.schemas import (
    AccountWord,
    EntryOut,
    TopUpIn,
    TopUpOut,
    WalletOut,
    entry_out,
    top_up_out,
    wallet_json,
    wallet_out,
)

router = APIRouter()


@router.get(
    "/estates/{estate_id}/wallets",
    operation_id="list_wallets",
    summary="List an estate's wallets with their balances",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_wallets(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    unit_id: Annotated[Id | None, Query()] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[WalletOut]:
    """Wallets by id, a person's own; continue with ``after_id`` = ``next``."""
    mine = None
    if not caller.may(Permission.WALLETS_READ, estate_id=estate_id):
        assert caller.person_id is not None, "admission let a person in"
        mine = await queries.wallets_of_person(session, estate_id=estate_id, person_id=caller.person_id)
    rows = await queries.wallets(
        session, estate_id=estate_id, wallet_ids=mine, unit_id=unit_id, after_id=after_id, limit=limit + 1
    )
    items = await shown_wallets(session, estate_id=estate_id, rows=rows[:limit])
    return Page(items=items, next=items[-1].wallet_id if len(rows) > limit else None)


async def _wallet_quickly(reads: Reads, caller: Caller, need: Need, **ids: int) -> bytes | None:
    """Answer what :func:`get_wallet` would, to staff and to who has access, in one small read."""
    person_id = None
    if not caller.may(need.permission, estate_id=ids["estate_id"]):
        if caller.person_id is None:
            return None
        person_id = caller.person_id
    seen = await queries.seen_wallet(
        reads, estate_id=ids["estate_id"], wallet_id=ids["wallet_id"], person_id=person_id
    )
    return None if seen is None else wallet_json(seen)


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}",
    operation_id="get_wallet",
    summary="Get one wallet: its balance and standing per utility",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
@quick(_wallet_quickly)
async def get_wallet(session: Session, caller: Asking, estate_id: EstateId, wallet_id: Id) -> WalletOut:
    """One wallet; for staff and who has access to it."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )
    row = await queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    return (await shown_wallets(session, estate_id=estate_id, rows=[row]))[0]


async def shown_wallets(session: AsyncSession, *, estate_id: int, rows: Sequence[Wallet]) -> list[WalletOut]:
    """Return wallets of one estate as JSON shows them."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    accounts = await queries.accounts(
        session, estate_id=estate_id, wallet_ids=[row.wallet_id for row in rows]
    )
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in accounts]
    )
    return [
        wallet_out(SeenWallet.of(row, accounts=accounts, balances_micro=balances, currency=estate.currency))
        for row in rows
    ]


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/entries",
    operation_id="list_entries",
    summary="List the entries of a wallet's account",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_entries(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    utility: Annotated[AccountWord, Query()],
    before_seq: Annotated[int | None, Query(ge=1, le=BIGINT_MAX)] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[EntryOut]:
    """Newest first, each with the balance after it; continue with ``before_seq`` = ``next``."""
    await operations.require_right(
        session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW
    )
    accounts = await queries.accounts(session, estate_id=estate_id, wallet_ids=[wallet_id], utility=utility)
    if not accounts:
        raise NotFound(f"wallet {wallet_id} has no account for {utility}")
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await ledger_queries.entries(
        session,
        estate_id=estate_id,
        account_id=accounts[0].account_id,
        before_seq=before_seq,
        limit=limit + 1,
    )
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: entry_out(row, utility=utility, currency=estate.currency),
        cursor=lambda item: item.seq,
    )


@router.post(
    "/estates/{estate_id}/wallets/{wallet_id}/top-ups",
    operation_id="receive_top_up",
    summary="Book a cash or EFT receipt to a wallet",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {
            "model": TopUpOut,
            "description": "The key was carried out before: the same journal",
        },
        **refusals(NotFound, UtilityNotInWallet, KeyReused, Invalid),
    },
)
@needs(Permission.WALLETS_TOP_UP)
async def receive_top_up(
    request: Request,
    caller: Asking,
    response: Response,
    estate_id: EstateId,
    wallet_id: Id,
    body: TopUpIn,
    idempotency_key: IdempotencyKey,
    now: Now,
) -> TopUpOut:
    """Book it once per key: a repeat answers 200 with the same journal, another body is refused."""

    async def work(session: AsyncSession) -> TopUpOut:
        estate = await estate_queries.estate(session, estate_id=estate_id)
        if body.currency not in (None, estate.currency):
            message = f"the estate's currency is {estate.currency}"
            raise Invalid(message, problems=[{"path": "body.currency", "message": message}])
        done = await operations.receive_top_up(
            session,
            estate_id=estate_id,
            top_up=TopUp(wallet_id, micro(body.amount), body.method, body.reference, body.utility),
            idempotency_key=idempotency_key,
            actor=caller.actor,
            now=now,
        )
        return top_up_out(done, currency=estate.currency)

    done = await repeat_on_contention(request, estate_id=estate_id, work=work, shared=True)
    if done.is_repeat:
        response.status_code = status.HTTP_200_OK
    return done
