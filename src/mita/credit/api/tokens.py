"""Routes of meter tokens: keyed in, listed, followed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from mita.credit import operations, queries
from mita.credit.operations import MeterTakesNoTokens, MeterTokensWait, Typed
from mita.credit.schemas import MeterTokenIn, MeterTokenOut, meter_token_out
from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound, PermissionMissing
from mita.kit.shapes import Id, Limit, Page, page_of
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.wallets.operations import RightMissing

router = APIRouter()
_TOKENS = "/estates/{estate_id}/meters/{meter_id}/tokens"


@router.post(
    _TOKENS,
    operation_id="key_in_token",
    summary="Key in a token that a prepayment meter is to take",
    status_code=status.HTTP_201_CREATED,
    responses={
        status.HTTP_200_OK: {
            "model": MeterTokenOut,
            "description": "It was keyed in for this meter before: that one, which is never sent twice",
        },
        **refusals(NotFound, PermissionMissing, RightMissing, MeterTakesNoTokens, MeterTokensWait, Invalid),
    },
)
@needs(Permission.SUPPLY_CONTROL, or_own=True)
async def key_in_token(
    session: Session,
    asking: Asking,
    response: Response,
    estate_id: EstateId,
    meter_id: Id,
    body: MeterTokenIn,
    now: Now,
) -> MeterTokenOut:
    """`mita poll` gives it to the meter, once at most, and looks whether the meter's balance rose.

    For staff, and for whoever may top up the wallet of the unit. It moves no money of a wallet.
    """
    await operations.require_token_sender(session, estate_id=estate_id, meter_id=meter_id, caller=asking)
    typed = Typed(meter_id, body.token, asking.actor)
    row, is_new = await operations.key_in_token(session, estate_id=estate_id, typed=typed, now=now)
    if not is_new:
        response.status_code = status.HTTP_200_OK
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    return meter_token_out(
        row,
        currency=currency,
        digits=None,
        shows_who=asking.may(Permission.SUPPLY_READ, estate_id=estate_id),
    )


@router.get(
    _TOKENS,
    operation_id="list_meter_tokens",
    summary="List the tokens that were keyed in for a meter",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ, or_own=True)
async def list_meter_tokens(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    meter_id: Id,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[MeterTokenOut]:
    """Newest first, masked; residents see those of their time in the unit."""
    await operations.require_token_sight(session, estate_id=estate_id, meter_id=meter_id, caller=asking)
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    rows = await queries.meter_tokens(
        session, estate_id=estate_id, meter_id=meter_id, before=before, limit=limit + 1
    )
    shows_who = asking.may(Permission.SUPPLY_READ, estate_id=estate_id)
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: meter_token_out(row, currency=currency, digits=None, shows_who=shows_who),
        cursor=lambda item: str(item.meter_token_id),
    )


@router.get(
    f"{_TOKENS}/{{meter_token_id}}",
    operation_id="get_meter_token",
    summary="Get what became of a token",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SUPPLY_READ, or_own=True)
async def get_meter_token(
    session: Session, asking: Asking, estate_id: EstateId, meter_id: Id, meter_token_id: UUID
) -> MeterTokenOut:
    """Show the digits of one that failed to the person who typed it, and to nobody else."""
    await operations.require_token_sight(session, estate_id=estate_id, meter_id=meter_id, caller=asking)
    row = await queries.meter_token(
        session, estate_id=estate_id, meter_id=meter_id, meter_token_id=meter_token_id
    )
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    return meter_token_out(
        row,
        currency=currency,
        digits=operations.digits_for(session, row=row, caller=asking),
        shows_who=asking.may(Permission.SUPPLY_READ, estate_id=estate_id),
    )
