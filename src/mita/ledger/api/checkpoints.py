"""Routes of proof: the verification of a wallet, checkpoints, inclusion proofs."""

import asyncio
from typing import Annotated, Protocol, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Instant, Limit, Page, show_instant
from mita.kit.web import Asking, Caller, EstateId, Session, edge, need_of, needs, refusals
from mita.ledger import queries
from mita.ledger.domain import (
    BadNote,
    Inclusion,
    Published,
    VerifierKey,
    prove_inclusion,
    read_leaves,
    read_note,
)
from mita.ledger.domain.chart import wallet_of_code
from mita.ledger.models import Checkpoint
from mita.ledger.schemas.checkpoints import (
    CheckpointOut,
    ProofOut,
    WalletVerificationOut,
    checkpoint_out,
    proof_out,
    wallet_verification_out,
)

router = APIRouter(tags=["ledger"])
# the parts of the edge that know the published checkpoints, and who may see a wallet
CHECKPOINTS = "checkpoints"
WALLET_SIGHT = "wallet_sight"


class PublishedCheckpoints(Protocol):
    """What lies outside the database, where its owner cannot write."""

    def keys(self) -> list[VerifierKey]:
        """Return the public keys that sign checkpoints."""

    def newest(self, *, estate_id: int) -> Published | None:
        """Return an estate's newest checkpoint, if one was published."""


class WalletSight(Protocol):
    """Lets in staff, and persons who may view a wallet."""

    async def __call__(
        self, session: AsyncSession, *, caller: Caller, estate_id: int, wallet_id: int
    ) -> None:
        """Return, or raise NotFound."""


async def _require_sight(
    request: Request, session: AsyncSession, *, caller: Caller, estate_id: int, wallet_id: int | None
) -> None:
    """Let a person see what belongs to a wallet of theirs; what belongs to none is staff's.

    :raises NotFound: if it is not for this person
    """
    if caller.may(Permission.LEDGER_READ, estate_id=estate_id):
        return
    if wallet_id is None:
        raise NotFound("the account does not exist")
    sight = cast("WalletSight", edge(request).parts[WALLET_SIGHT])
    await sight(session, caller=caller, estate_id=estate_id, wallet_id=wallet_id)


def _checkpoints(request: Request) -> PublishedCheckpoints:
    return cast("PublishedCheckpoints", edge(request).parts[CHECKPOINTS])


@router.get(
    "/ledger/verify",
    operation_id="verify_wallet",
    summary="Verify the accounts of one wallet",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ, or_own=True)
async def verify_wallet(
    request: Request, caller: Asking, wallet_id: Annotated[Id, Query()]
) -> WalletVerificationOut:
    """Re-derive each chain of the wallet from its first entry, and compare it with the newest checkpoint.

    The published one counts, if this process can read it; else the one that the database keeps.
    `mita verify` looks at all accounts together, and at every checkpoint.
    """
    lent, checkpoints = edge(request), _checkpoints(request)
    async with lent.database.unit_of_work(estates=[]) as session:
        estate_ids = await lent.estates_of(session, caller)
    async with lent.database.unit_of_work(estates=estate_ids) as session:
        found = await queries.wallet_accounts(session, estate_ids=estate_ids, wallet_id=wallet_id)
    if found is None:
        raise NotFound(f"there is no wallet {wallet_id}")
    estate_id, account_ids = found
    async with lent.database.snapshot(estates=[estate_id]) as session:
        await lent.admit(session, caller, estate_id, need=need_of(request))
        await _require_sight(request, session, caller=caller, estate_id=estate_id, wallet_id=wallet_id)
        newest = await queries.newest_checkpoint(session, estate_id=estate_id)
        published = await asyncio.to_thread(checkpoints.newest, estate_id=estate_id)
        verified = await queries.verify_accounts(
            session,
            estate_id=estate_id,
            account_ids=account_ids,
            newest=published or (None if newest is None else _published(newest)),
            keys=checkpoints.keys(),
        )
    return wallet_verification_out(verified, wallet_id=wallet_id, estate_id=estate_id, checkpoint=newest)


def _published(row: Checkpoint) -> Published:
    return Published(f"checkpoint {row.checkpoint_id}", row.note, bytes(row.leaves))


@router.get(
    "/estates/{estate_id}/ledger/checkpoints",
    operation_id="list_checkpoints",
    summary="List an estate's signed checkpoints",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def list_checkpoints(
    session: Session,
    estate_id: EstateId,
    before: Annotated[Instant | None, Query(description="Those taken before then")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[CheckpointOut]:
    """Newest first; continue with ``before`` = ``next``."""
    rows = await queries.checkpoints(session, estate_id=estate_id, before=before, limit=limit + 1)
    items = [checkpoint_out(row) for row in rows[:limit]]
    return Page(items=items, next=show_instant(items[-1].taken_at) if len(rows) > limit else None)


@router.get(
    "/estates/{estate_id}/ledger/accounts/{account_id}/inclusion-proof",
    operation_id="prove_account",
    summary="Prove that an account is part of a checkpoint",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ, or_own=True)
async def prove_account(
    request: Request,
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    account_id: Id,
    checkpoint_id: Annotated[UUID | None, Query(description="The newest unless given")] = None,
) -> ProofOut:
    """Everything that anybody needs to check it without Mita, but for a public key they trust."""
    account = await queries.account(session, estate_id=estate_id, account_id=account_id)
    wallet_id = wallet_of_code(account.code)
    await _require_sight(request, session, caller=caller, estate_id=estate_id, wallet_id=wallet_id)
    row: Checkpoint | None
    if checkpoint_id is None:
        row = await queries.newest_checkpoint(session, estate_id=estate_id)
    else:
        row = await queries.checkpoint(session, estate_id=estate_id, checkpoint_id=checkpoint_id)
    if row is None:
        raise NotFound(f"estate {estate_id} has no checkpoint yet")
    inclusion = prove_inclusion(bytes(row.leaves), account_id=account_id)
    if inclusion is None or not await _sees(session, inclusion, caller=caller, estate_id=estate_id):
        raise NotFound(f"account {account_id} is not in checkpoint {row.checkpoint_id}")
    key = _signed_by(row.note, _checkpoints(request).keys())
    return proof_out(row, inclusion=inclusion, key=key, currency=account.currency)


async def _sees(session: AsyncSession, inclusion: Inclusion, *, caller: Caller, estate_id: int) -> bool:
    """Tell whether a caller may see what a leaf says: not a balance from before their time."""
    if caller.may(Permission.LEDGER_READ, estate_id=estate_id):
        return True
    leaf = read_leaves(inclusion.leaf)[0]
    return await queries.is_seen(session, account_id=int(leaf["account_id"]), seq=int(leaf["head_seq"]))


def _signed_by(note: str, keys: list[VerifierKey]) -> VerifierKey | None:
    for key in keys:
        try:
            read_note(note, keys=[key])
        except BadNote:
            continue
        return key
    return None
