"""Routes of what wallets spend, and of transactions."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Instant, Limit, Page, PositiveAmount, micro, money
from mita.kit.web import Asking, Caller, EstateId, Now, Session, needs, refusals
from mita.kit.zones import zone
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind
from mita.ledger.queries import EntryFilter
from mita.reports import queries
from mita.reports.schemas.asked import First, StepWord, Until, asked_steps
from mita.reports.schemas.spending import (
    AccountWord,
    SpendingSummary,
    TransactionOut,
    cursor_of,
    lasts_out,
    place_of,
    transactions_out,
    utilities_out,
    values_of,
)
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Right
from mita.wallets.operations import RightMissing, require_right

router = APIRouter()
_KINDS = {kind.shown: kind for kind in EntryKind}


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/spending-summary",
    operation_id="get_spending_summary",
    summary="Get what a wallet spends, and how long its money lasts",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_spending_summary(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    first: First,
    until: Until,
    now: Now,
    step: Annotated[StepWord, Query(description="What one label stands for")] = "day",
) -> SpendingSummary:
    """Charges, corrections, standing charges and what sharing gives back, by when they happened.

    Top-ups, transfers and reversals do not count.
    """
    await require_right(session, estate_id=estate_id, wallet_id=wallet_id, caller=asking, right=Right.VIEW)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    local = zone(estate.time_zone)
    steps = asked_steps(step, first=first, until=until, zone=local)
    found = await queries.charged(
        session, estate_id=estate_id, wallet_ids=[wallet_id], borders_s=steps.borders_s
    )
    today = now.astimezone(local).date()
    begun = max(1, (min(steps.until, today + timedelta(days=1)) - steps.first).days)
    lasts = await queries.how_long(
        session, estate_id=estate_id, wallet_ids=[wallet_id], now=now, time_zone=estate.time_zone
    )
    return SpendingSummary(
        wallet_id=wallet_id,
        step=step,
        first=steps.first,
        until=steps.until,
        total=money(found.total_micro, currency=estate.currency),
        average_per_day=money(found.total_micro // begun, currency=estate.currency),
        not_posted=money(found.accrued_micro, currency=estate.currency),
        utilities=utilities_out(found, steps=steps, currency=estate.currency),
        labels=list(steps.labels),
        values=values_of(found, steps=steps),
        lasts=lasts_out(lasts[wallet_id], currency=estate.currency),
    )


@router.get(
    "/estates/{estate_id}/transactions",
    operation_id="list_transactions",
    summary="List the entries of a wallet, or of all wallets of an estate",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_transactions(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    wallet_id: Annotated[Id | None, Query(description="Of one wallet")] = None,
    utility: Annotated[AccountWord | None, Query()] = None,
    kind: Annotated[list[str] | None, Query(max_length=30, examples=[["top_up"]])] = None,
    since: Annotated[Instant | None, Query(alias="from", description="Booked then or later")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Booked before then")] = None,
    amount_min: Annotated[PositiveAmount | None, Query(description="Without its sign")] = None,
    amount_max: Annotated[PositiveAmount | None, Query(description="Without its sign")] = None,
    q: Annotated[str | None, Query(max_length=100, description="A part of the memo")] = None,
    before: Annotated[
        str | None, Query(max_length=120, description="The `next` of an earlier answer")
    ] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[TransactionOut]:
    """Newest first by ``booked_at``; a person's own. Continue with ``before`` = ``next``.

    One is reversed by its account and seq (``reverse_entry``).
    """
    wallet_ids = await _seen_wallets(session, asking, estate_id=estate_id, wallet_id=wallet_id)
    accounts = await wallet_queries.accounts(
        session, estate_id=estate_id, wallet_ids=wallet_ids, utility=utility
    )
    asked = EntryFilter(
        account_ids=[each.account_id for each in accounts],
        kinds=None if kind is None else [_kind(word) for word in kind],
        since=since,
        until=until,
        amount_micro_min=None if amount_min is None else micro(amount_min),
        amount_micro_max=None if amount_max is None else micro(amount_max),
        memo=None if not q else q.replace("\x00", ""),
        before=None if before is None else place_of(before),
    )
    rows = await ledger_queries.newest_entries(session, estate_id=estate_id, asked=asked, limit=limit + 1)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    by_id = {each.account_id: each for each in accounts}
    items = transactions_out(rows[:limit], accounts=by_id, currency=estate.currency)
    return Page(items=items, next=cursor_of(items[-1]) if len(rows) > limit else None)


async def _seen_wallets(
    session: AsyncSession, asking: Caller, *, estate_id: int, wallet_id: int | None
) -> list[int] | None:
    """Return the wallets whose entries the caller asks for and may see; None is all of the estate."""
    if wallet_id is not None:
        await require_right(
            session, estate_id=estate_id, wallet_id=wallet_id, caller=asking, right=Right.VIEW
        )
        return [wallet_id]
    if asking.may(Permission.WALLETS_READ, estate_id=estate_id):
        return None
    assert asking.person_id is not None, "admission let a person in"
    return await wallet_queries.wallets_of_person(session, estate_id=estate_id, person_id=asking.person_id)


def _kind(word: str) -> EntryKind:
    if word not in _KINDS:
        message = f"must be one of {', '.join(_KINDS)}"
        raise Invalid(f"query.kind: {message}", problems=[{"path": "query.kind", "message": message}])
    return _KINDS[word]
